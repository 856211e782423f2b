#!/usr/bin/env bats
# The broken kernels without a machine: their headers, who has its turn, and that a
# verdict other than the expected one is a failure.  The boots are in boots.t.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load runs

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP
	cd "$BATS_TEST_TMPDIR" || exit
	unset OUT
}

# field NAME KEY - what the header of a mutant says
field()
{
	sed -n "/^--- /q; s/^$2: //p" "$TOP/ci/mutants/$1.patch"
}

# goes_onto TREE NAME [-R] - as ci/mutants/run does it
goes_onto()
{
	bash -eu -c '. "$TOP/tools/lib.sh"; . "$TOP/ci/patched.sh"; apply "$@"' - \
		"$1" "$TOP/ci/mutants/$2.patch" ${3+"$3"}
}

@test "series and files agree, and no name is there twice" {
	grep -v '^#' "$TOP/ci/mutants/series" >named
	[ "$(wc -l <named)" -ge 19 ]
	sort named >sorted
	sort -u named | diff sorted -
	(cd "$TOP/ci/mutants" && LC_ALL=C ls -- *.patch) | LC_ALL=C sort |
		diff <(LC_ALL=C sort named) -
	"$TOP/ci/mutants/run" --list | sed 's/$/.patch/' | diff named -
}

@test "every header is complete, and there is one fault" {
	for name in $("$TOP/ci/mutants/run" --list); do
		echo "$name"
		patch=$TOP/ci/mutants/$name.patch
		[[ $(head -n 1 "$patch") =~ ^Subject:\ .{5,70}$ ]]
		[ -n "$(sed -n '3,/^Kernel:/{/^Kernel:/d; p}' "$patch")" ]
		grep -q "^$(field "$name" Kernel)[[:space:]]" "$TOP/configs/kernels"
		verdict=$(field "$name" Verdict)
		[[ $verdict =~ ^(FAIL\ in\ test|CRASH\ in\ [a-z0-9]+|TIMEOUT\ in\ [a-z0-9]+):\ .{5} ]]
		# 1: no match; 2 would be: no expression
		[ "$(: | grep -Eq -e "${verdict#*: }"; echo $?)" -eq 1 ]
		[[ $(field "$name" Words) =~ ^([a-z]+=[a-z0-9,]+ ?)*$ ]]
		[[ $(field "$name" Silence) =~ ^[0-9]*$ ]]
		[ "$(sed '/^--- /,$d' "$patch" | grep -E '^[A-Z][A-Za-z-]*: ' |
			grep -cEv '^(Subject|Kernel|Verdict|Words|Silence): ')" -eq 0 ]
		[ "$(grep -c '^--- a/' "$patch")" -eq 1 ]
		# A header file would have all be built again.
		grep -qE '^\+\+\+ b/.*\.[cS]$' "$patch"
	done
}

@test "those of tools/guest apply to it, and it still compiles" {
	found=0
	for name in $("$TOP/ci/mutants/run" --list); do
		grep -q '^--- a/tools/guest/' "$TOP/ci/mutants/$name.patch" || continue
		found=$((found + 1))
		rm -rf copy
		mkdir copy
		cp -R "$TOP/tools" copy/
		goes_onto copy "$name"
		[ "$(diff -rq "$TOP/tools/guest" copy/tools/guest | wc -l)" -eq 1 ]
		gcc -std=gnu11 -D_GNU_SOURCE -fsyntax-only \
			"copy/$(sed -n 's|^--- a/||p' "$TOP/ci/mutants/$name.patch")"
	done
	[ "$found" -ge 3 ]
}

@test "all others apply to the base with the series" {
	"$TOP/tools/base/get" --status || skip "no base tree in the cache"
	"$TOP/tools/tree/export" tree
	for name in $("$TOP/ci/mutants/run" --list); do
		! grep -q '^--- a/tools/' "$TOP/ci/mutants/$name.patch" || continue
		goes_onto tree "$name"
		goes_onto tree "$name" -R
	done
}

# ------------------------------------------------------------------ whose turn

checkout()
{
	mkdir -p checkout/ci
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	cp -R "$TOP/ci/mutants" "$TOP/ci/patched.sh" checkout/ci/
}

# commit DAY - the newest commit of checkout/ is of that day since 1970
commit()
{
	[ -e checkout/.git ] || git init -q checkout
	GIT_COMMITTER_DATE="@$(($1 * 86400 + 4000)) +0000" git -C checkout \
		-c user.name=x -c user.email=x commit -q --allow-empty -m x
}

@test "in the days that N a day need, all have their turn" {
	checkout
	count=$("$TOP/ci/mutants/run" --list | wc -l)
	for first in 13000 20001; do
		: >seen
		for day in $(seq $first $((first + (count + 2) / 3 - 1))); do
			commit "$day"
			checkout/ci/mutants/run --list --sample 3 >today
			[ "$(sort -u today | wc -l)" -eq 3 ]
			checkout/ci/mutants/run --list --sample 3 | cmp - today
			cat today >>seen
		done
		diff <(sort -u seen) <("$TOP/ci/mutants/run" --list | sort)
	done
}

@test "without git it is today, whatever repository is around" {
	checkout
	mkdir path
	printf '#!/bin/sh\necho %d\n' $((20001 * 86400)) >path/date
	chmod +x path/date
	commit 20001
	checkout/ci/mutants/run --list --sample 3 >expected
	rm -rf checkout/.git
	git init -q .
	GIT_COMMITTER_DATE="@1000000 +0000" git -c user.name=x -c user.email=x \
		commit -q --allow-empty -m x
	PATH="$PWD/path:$PATH" checkout/ci/mutants/run --list --sample 3 | cmp - expected
}

@test "more than there are is all" {
	"$TOP/ci/mutants/run" --list --sample 1000 | sort |
		diff - <("$TOP/ci/mutants/run" --list | sort)
}

# ----------------------------------------------------------------------- a run

# fakes - a checkout whose stages are fakes, with one mutant of a kernel of one file
# and one of the guest.  The fake boot's verdict on NAME is in NAME.json, else it
# passes.
fakes()
{
	checkout
	export OUT=$PWD/out
	mkdir -p out/tree/init
	echo id >out/tree/.xen-preempt
	printf 'one\ntwo\nthree\n' >out/tree/init/main.c
	touch -d @1000000 out/tree/init/main.c
	cd checkout || return
	cat >tools/job <<-'XX'
	#!/bin/sh
	[ "$1" = lab ] || exit 0
	cp "${0%/*}/guest/init.c" "$OUT/guest-$2.cpio.gz"
	XX
	cat >tools/kernel/build <<-'XX'
	#!/bin/sh
	[ ! -e "$OUT/nobuild" ] || { echo "it does not build"; exit 1; }
	cat "$3/init/main.c" "$3/.xen-preempt" >"$4/vmlinuz"
	XX
	cat >tools/lab/boot <<-'XX'
	#!/bin/sh
	echo "$@" >>"$OUT/boots"
	while [ $# -gt 1 ]; do
		case $1 in
		--name) name=$2 ;;
		--out) out=$2 ;;
		esac
		shift
	done
	pass='{"verdict": "PASS", "layer": null, "reason": "3 of 3 tests passed"}'
	cat "$OUT/$name.json" 2>/dev/null >"$out/result.json" ||
		echo "$pass" >"$out/result.json"
	XX
	for tool in hypervisor dom0; do
		printf '#!/bin/sh\necho lab\n' >tools/lab/$tool
	done
	printf '#!/bin/sh\n' >tools/tree/export
	rm ci/mutants/*.patch
	printf 'kern.patch\nguest.patch\n' >ci/mutants/series
	cat >ci/mutants/kern.patch <<-'XX'
	Subject: x

	y

	Kernel: xen0-x86_32-preempt
	Verdict: CRASH in kernel: panic - [a-z]+$
	Words: tests=version
	Silence: 7

	--- a/init/main.c
	+++ b/init/main.c
	@@ -1,3 +1,3 @@
	 one
	-two
	+planted
	 three
	XX
	cat >ci/mutants/guest.patch <<-'XX'
	Subject: x

	y

	Kernel: xenU-x86_32-preempt
	Verdict: FAIL in test: not ok 1

	--- a/tools/guest/init.c
	+++ b/tools/guest/init.c
	@@ -1 +1 @@
	-init
	+planted
	XX
	echo init >tools/guest/init.c
	cd ..
	says kern CRASH kernel "a panic - x"
	says guest FAIL test "not ok 1 - y"
}

# says NAME VERDICT LAYER REASON - the runner's words on a mutant
says()
{
	result "$2" "$3" "$4" >"out/$1.json"
}

# mutants CODE WORD... - the fake checkout's run must end with CODE
mutants()
{
	ends_with "$1" checkout/ci/mutants/run "${@:2}"
}

@test "all as expected: 0, the controls first, a row each" {
	fakes
	mutants 0
	[ "$(sed -n '/^mutant /,$p' <<<"$output" | awk '{ print $1, $NF }')" = "mutant result
xen0-x86_32-preempt PASS
xenU-x86_32-preempt PASS
kern PASS
guest PASS" ]
	grep -q -e "--name kern --role xen0 .* tests=version --silence 7 " out/boots
	grep -q -e "--name guest --role xenU --kernel $OUT/xenU-x86_32-preempt/vmlinuz " out/boots
	# Each was built with its fault, the controls without; the tree is unharmed.
	grep -q planted out/mutants/kern/vmlinuz
	grep -q "\.kern$" out/mutants/kern/vmlinuz
	[ "$(cat out/mutants/xen0-x86_32-preempt/vmlinuz)" = "one
two
three
id" ]
	[ "$(cat out/guest-x86_32.cpio.gz)" = init ]
	[ "$(cat out/mutants/guest/guest-x86_32.cpio.gz)" = planted ]
	[ "$(cat out/tree/init/main.c)" = "one
two
three" ]
	[ "$(stat -c %Y out/tree/init/main.c)" = 1000000 ]
	[ "$(cat out/tree/.xen-preempt)" = id ]
	[ "$(cat checkout/tools/guest/init.c)" = init ]
}

@test "another verdict, layer or reason, or a pass: 1, and what was said instead" {
	fakes
	for words in "TIMEOUT kernel a panic - x" "CRASH init a panic - x" \
		"CRASH kernel a panic - 1" "PASS null a panic - x"; do
		read -r verdict layer reason <<<"$words"
		says kern "$verdict" "$layer" "$reason"
		mutants 1 kern
		[[ $output == *"$reason"*"FAIL"*"expected CRASH in kernel: panic - [a-z]+\$"* ]]
	done
	rm out/kern.json
	mutants 1 kern guest
	[[ $output == *"kern "*"CRASH in kernel"*" PASS "*" FAIL"*"guest "*"PASS" ]]
}

@test "a fault that is not built, or a boot that leaves nothing: 1" {
	fakes
	touch out/nobuild
	mutants 1 kern
	[[ $output == *"no verdict: it does not build"* ]]
	rm out/nobuild
	mutants 0 kern
	printf '#!/bin/sh\necho "no machine"; exit 4\n' >checkout/tools/lab/boot
	mutants 1 kern
	[[ $output == *"no verdict: no machine"* ]]
}

@test "a control that does not pass: 1" {
	fakes
	says xen0-x86_32-preempt CRASH kernel "a panic - x"
	mutants 1
	[[ $output == *"xen0-x86_32-preempt "*"FAIL"*"kern "*"PASS"* ]]
}

@test "no base: 3, and nothing is booted" {
	fakes
	printf '#!/bin/sh\nexit 3\n' >checkout/tools/job
	mutants 3
	[ ! -e out/boots ]
}

@test "wrong use: 2; for an unknown name the nearest" {
	run "$TOP/ci/mutants/run" hang-event-on
	[ "$status" -eq 2 ]
	[[ $output == *"nearest: hang-events-on"* ]]
	for bad in "--sample" "--sample x" "--sample 0" "--what" "--sample 3 panic-in-init" \
		"panic-in-init --sample 3"; do
		# shellcheck disable=SC2086 # words
		run "$TOP/ci/mutants/run" --list $bad
		echo "$bad: $output"
		[ "$status" -eq 2 ]
	done
}
