#!/usr/bin/env bats
# The reproducers of ci/hazards without a machine: their headers, that they go onto
# the kernel with the fix and without, and that a run says what was seen.  Two of them
# are booted each day in boots.t.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load runs

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP
	cd "$BATS_TEST_TMPDIR" || exit
	unset OUT
}

# field NAME KEY - what the header of a file says
field()
{
	sed -n "/^--- /q; s/^$2: //p" "$TOP/ci/hazards/$1.patch"
}

@test "every header is complete" {
	for name in $("$TOP/ci/hazards/run" --list); do
		echo "$name"
		file=$TOP/ci/hazards/$name.patch
		[[ $name =~ ^H[0-9]+[a-z]?(-[a-z0-9_-]+)?$ ]]
		[ "$(field "$name" Hazard)" = "${name%%-*}" ]
		grep -q "^| ${name%%-*} |" "$TOP/docs/hazards.md"
		[[ $(head -n 1 "$file") =~ ^Subject:\ .{5,75}$ ]]
		[ -n "$(sed -n '3,/^Hazard:/{/^Hazard:/d; p}' "$file")" ]
		grep -q "^$(field "$name" Kernel)[[:space:]]" "$TOP/configs/kernels"
		[[ $(field "$name" Run) =~ ^(boot|stress)(\ [A-Z0-9_]+=[A-Za-z0-9,._:-]+)*$ ]]
		[[ $(field "$name" Tries) =~ ^([1-9][0-9]?)?$ ]]
		[[ $(field "$name" Shown) =~ ^('not yet')?$ ]]
		of=$(field "$name" Diff)
		[ -z "$of" ] || {
			grep -q '^--- a/' "$TOP/ci/hazards/$of.patch"
			[ "$(grep -c '^--- a/' "$file")" -eq 0 ]
		}
		verdict=$(field "$name" Verdict)
		[[ $verdict =~ ^(FAIL\ in\ test|CRASH\ in\ [a-z0-9]+|TIMEOUT\ in\ [a-z0-9]+):\ .{3} ]]
		# 1: no match; 2 would be: no expression
		[ "$(: | grep -Eq -e "${verdict#*: }"; echo $?)" -eq 1 ]
		for key in Subject Hazard Fix Kernel Run Verdict; do
			[ "$(field "$name" $key | wc -l)" -eq 1 ]
		done
		[ "$(sed '/^--- /,$d' "$file" | grep -E '^[A-Z][A-Za-z-]*: ' |
			grep -cEv '^(Subject|Hazard|Fix|Diff|Kernel|Run|Shown|Verdict|Tries): ')" -eq 0 ]
	done
}

@test "the diffs go onto the series and onto the series without the fix" {
	"$TOP/tools/base/get" --status || skip "no base tree in the cache"
	export OUT=$PWD/out
	"$TOP/ci/hazards/run" --trees
}

# ----------------------------------------------------------------------- a run

# fakes - a checkout with a series of two patches, the stages of which are fakes.  The
# kernel is its tree's one file; one with a "race" in it and no "fix" has the verdict
# in $OUT/says from its boot number $OUT/luck on.
fakes()
{
	mkdir -p checkout/ci/hazards checkout/patches/preempt
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	cp "$TOP/ci/patched.sh" checkout/ci/
	cp "$TOP/ci/hazards/run" checkout/ci/hazards/
	export OUT=$PWD/out
	mkdir -p out/tree
	cd checkout || return
	seq 12 >file
	printf 'preempt/one.patch\npreempt/two.patch\n' >series
	part one 2 fix
	part two 10 later
	mv file "$OUT/tree/file"
	touch -d @1000000 "$OUT/tree/file"
	echo base-key >"$OUT/tree/.xen-preempt"
	printf '#!/bin/sh\n' >tools/tree/export
	cat >tools/job <<-'EOF'
	#!/bin/sh
	echo "$1 ${2-} ${TREE:+in TREE }T=$T TESTS=$TESTS TORTURE=$TORTURE" >>"${0%/*}/jobs"
	echo "ABSENT=$ABSENT" >>"${0%/*}/absent"
	tree=${TREE:-$OUT/tree} dir=$OUT/${2-}
	mkdir -p "$dir"
	case $1 in
	tree) [ ! -e "$OUT/nobase" ] || exit 3
		exit ;;
	esac
	id=$(cat "$tree/.xen-preempt")
	[ "$id" = "$(cat "$dir/stamp" 2>/dev/null)" ] || echo "built $id" >>"${0%/*}/builds"
	cp "$tree/file" "$dir/vmlinuz"
	echo "$id" >"$dir/stamp"
	[ "$1" != kernel ] || exit 0
	[ ! -e "${0%/*}/noboot" ] || { echo "no machine"; exit 2; }
	mkdir -p "$dir/$1"
	echo x >>"$dir/count"
	pass='{"verdict": "PASS", "layer": null, "reason": "3 of 3 tests passed"}'
	if ! grep -q fix "$dir/vmlinuz" &&
	   [ "$(wc -l <"$dir/count")" -ge "$(cat "${0%/*}/luck" 2>/dev/null || echo 1)" ]; then
		cat "${0%/*}/says"
	elif grep -q fix "$dir/vmlinuz" && [ -e "${0%/*}/with" ]; then
		cat "${0%/*}/with"
	else
		echo "$pass"
	fi >"$dir/$1/result.json"
	EOF
	cd ..
	says says CRASH kernel "a panic - x"
	hazard H8-wide "
--- a/file
+++ b/file
@@ -5,6 +5,7 @@
 5
 6
 7
+race
 8
 9
 later"
	hazard H8 ''
	hazard H9 ''
	sed -i 's/^Run:.*/Run: stress T=5 TORTURE=1/; s/^Hazard:.*/Hazard: H9/' \
		checkout/ci/hazards/H9.patch
}

# part NAME LINE TEXT - patches/preempt/NAME.patch, which adds TEXT after LINE
part()
{
	cp file old
	sed -i "$2a $3" file
	diff -u --label a/file --label b/file old file >"patches/preempt/$1.patch" || :
	sed -i '1i Subject: x\n' "patches/preempt/$1.patch"
	rm old
}

# hazard NAME DIFF - its file, whose fix is patch one
hazard()
{
	cat >"checkout/ci/hazards/$1.patch" <<-EOF
	Subject: x

	y

	Hazard: H8
	Fix: preempt/one.patch
	Kernel: xen0-x86_32-preempt
	Run: boot TESTS=a
	Verdict: CRASH in kernel: panic - [a-z]+\$
	$2
	EOF
}

# says FILE VERDICT LAYER REASON - what the fake boots say
says()
{
	result "$2" "$3" "$4" >"checkout/tools/$1"
}

# hazards CODE WORD... - the fake checkout's run must end with CODE
hazards()
{
	ends_with "$1" checkout/ci/hazards/run "${@:2}"
}

@test "all as expected: 0, a row each, and the tree is unharmed" {
	fakes
	TESTS=z T=9 hazards 0
	[ "$(sed -n '/^hazard /,$p' <<<"$output" | awk '{ print $1, $NF }')" = "hazard result
H8 PASS
H8-wide PASS
H9 PASS" ]
	wide=out/hazards/H8-wide
	[ "$(tr '\n' ' ' <$wide/with/xen0-x86_32-preempt/vmlinuz)" = \
		"1 2 fix 3 4 5 6 7 race 8 9 later 10 11 12 " ]
	[ "$(tr '\n' ' ' <$wide/without/xen0-x86_32-preempt/vmlinuz)" = \
		"1 2 3 4 5 6 7 race 8 9 later 10 11 12 " ]
	[ "$(jq -r .verdict $wide/without/xen0-x86_32-preempt/boot/result.json)" = CRASH ]
	grep -qx "boot xen0-x86_32-preempt in TREE T= TESTS=a TORTURE=" checkout/tools/jobs
	grep -qx "stress xen0-x86_32-preempt in TREE T=5 TESTS= TORTURE=1" checkout/tools/jobs
	[ "$(tr '\n' ' ' <out/tree/file)" = "1 2 fix 3 4 5 6 7 8 9 later 10 11 12 " ]
	[ "$(stat -c %Y out/tree/file)" = 1000000 ]
	[ "$(cat out/tree/.xen-preempt)" = base-key ]
	[ -z "$(find out/hazards -name tree)" ]
	# The kernel that has no diff and the fix is that of the series, built once.
	[ "$(grep -cx "built base-key" checkout/tools/builds)" -eq 1 ]
	[ "$(sort -u checkout/tools/builds | wc -l)" -eq 4 ]
}

@test "a second run builds no kernel, after a change of the diff it does" {
	fakes
	hazards 0 H8-wide
	rm checkout/tools/builds
	hazards 0 H8-wide
	[ ! -e checkout/tools/builds ]
	sed -i 's/^+race/+racy/' checkout/ci/hazards/H8-wide.patch
	hazards 0 H8-wide
	[ "$(wc -l <checkout/tools/builds)" -eq 2 ]
}

@test "a file may have another's diff" {
	fakes
	sed -i 's/^Fix:/Diff: H8-wide\n&/' checkout/ci/hazards/H9.patch
	hazards 0 H9
	for side in with without; do
		grep -qx race out/hazards/H9/$side/xen0-x86_32-preempt/vmlinuz
	done
	rm checkout/tools/builds
	sed -i 's/^+race/+racy/' checkout/ci/hazards/H8-wide.patch
	hazards 0 H9
	[ "$(wc -l <checkout/tools/builds)" -eq 2 ]
}

@test "a symbol that the fix adds to a Kconfig is not asked of the kernel without it" {
	fakes
	hazards 0 H9
	[ "$(sort -u checkout/tools/absent)" = ABSENT= ]
	rm checkout/tools/absent
	sed -i 's/^+fix$/&\n+config FIX/; s/^@@ -1,\(.*\) +1,6 @@/@@ -1,\1 +1,7 @@/' \
		checkout/patches/preempt/one.patch
	sed -i 's/^fix$/&\nconfig FIX/' out/tree/file
	ABSENT=ours hazards 0 H9
	[ "$(uniq checkout/tools/absent | tr '\n' ' ')" = "ABSENT= ABSENT=FIX ABSENT= " ]
}

@test "a row is all of its files, a name is one" {
	fakes
	[ "$(checkout/ci/hazards/run --list H8 | xargs)" = H8 ]
	mv checkout/ci/hazards/H8.patch checkout/ci/hazards/H8-b.patch
	[ "$(checkout/ci/hazards/run --list H8 | xargs)" = "H8-b H8-wide" ]
	[ "$(checkout/ci/hazards/run --list H8-b | xargs)" = H8-b ]
	[ "$(checkout/ci/hazards/run --list --sample 2 | sort -u | wc -l)" -eq 2 ]
}

@test "without the fix another verdict, layer, reason or a pass: 1, the other is not run" {
	fakes
	for words in "TIMEOUT kernel a panic - x" "CRASH init a panic - x" \
		"CRASH kernel a panic - 1" "PASS null a panic - x"; do
		read -r verdict layer reason <<<"$words"
		says says "$verdict" "$layer" "$reason"
		hazards 1 H8-wide
		[[ $output == *"without, boot 1: $verdict"*"expected CRASH in kernel: panic - [a-z]+\$"*"FAIL"* ]]
		[[ $output == *"H8-wide "*" not run "*" FAIL" ]]
	done
	hazards 1 H8-wide H9
}

@test "with the fix no pass: 1" {
	fakes
	says with FAIL test "not ok 1 - y"
	hazards 1 H8-wide
	[[ $output == *"with, boot 1: FAIL in test: not ok 1 - y"* ]]
	[[ $output == *"H8-wide "*" CRASH in kernel "*" FAIL in test "*" FAIL" ]]
	# The same crash is none either.
	says with CRASH kernel "a panic - x"
	hazards 1 H8-wide
}

@test "luck: as many boots as allowed, and the same number with the fix" {
	fakes
	echo 3 >checkout/tools/luck
	hazards 1 H8-wide
	rm -rf out/hazards
	sed -i 's/^Verdict/Tries: 3\n&/' checkout/ci/hazards/H8-wide.patch
	hazards 0 H8-wide
	[[ $output == *"without, boot 3: CRASH"*"with, boot 3: PASS"* ]]
	[ "$(wc -l <out/hazards/H8-wide/with/xen0-x86_32-preempt/count)" -eq 3 ]
	[[ $output == *"H8-wide "*" 3 "*PASS ]]
}

@test "a patch that is not there or does not come off, no boot: 1" {
	fakes
	touch checkout/tools/noboot
	hazards 1 H9
	[[ $output == *"no verdict: no machine"* ]]
	rm checkout/tools/noboot
	sed -i 's/one/none/' checkout/ci/hazards/H8.patch
	hazards 1 H8
	[[ $output == *"no verdict: "*"preempt/none.patch is not in the series"* ]]
	sed -i 's/none/one/; s/^Fix: .*/& preempt\/two.patch/' checkout/ci/hazards/H8.patch
	hazards 0 H8
	hazards 0 --trees H8
	sed -i 's/^fix/FIX/' out/tree/file
	hazards 1 --trees H8
	hazards 1 H8
	[[ $output == *"no verdict: "*"FAILED"* ]]
}

@test "another run of the same waits, of another does not" {
	fakes
	mkdir -p out/hazards/H8
	touch hold
	flock out/hazards/H8/.lock sh -c 'while [ -e hold ]; do sleep 0.2; done' &
	holder=$!
	hazards 0 H9
	[[ $output != *"another run"* ]]
	(sleep 2; rm hold) &
	hazards 0 H8
	[[ $output == *"another run is at work on H8"* ]]
	# Not all there are: one is bats' own and waits for the time limit.
	wait $holder
}

@test "no base: 3, and nothing is booted" {
	fakes
	touch out/nobase
	hazards 3
	[ ! -e out/hazards ]
}

@test "wrong use: 2; for an unknown name the nearest" {
	fakes
	hazards 2 H8-wode
	[[ $output == *"nearest: H8-wide"* ]]
	for bad in "--sample" "--sample x" "--sample 0" "--what" "--sample 3 H8"; do
		# shellcheck disable=SC2086 # words
		hazards 2 --list $bad
	done
}
