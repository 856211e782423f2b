#!/usr/bin/env bats
# make bisect-check without a compiler or a machine: what there is to do, that it is
# done once, and that a failure is one.
# shellcheck disable=SC2016,SC2030,SC2031 # $ of fakes; each test is a subshell

# A checkout with a series of six patches on a tree of one file, the stages of which
# are fakes.  Building fails if the file has "broken" in it, booting if "dead".
setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	export OUT=$PWD/out
	export KERNELS='xen0-x86_32-nopreempt xenU-x86_32-smp-preempt-debug'
	unset TESTS JOBS
	mkdir -p checkout/ci checkout/patches out/bisect/vanilla
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	cp "$TOP/ci/bisect" "$TOP/ci/patched.sh" "$TOP/ci/prefixes.sh" checkout/ci/
	cd checkout || return
	echo base >"$OUT/bisect/vanilla/.xen-preempt"
	seq 9 >file
	cp file "$OUT/bisect/vanilla/file"
	: >series
	part build/one compiler
	part build/two flags
	part host/three memory
	part preempt/four fix
	part kconfig/five 'config PREEMPT'
	part debug/six 'config PREEMPT_TORTURE'
	printf '#!/bin/sh\n' >tools/tree/export
	# What the real one says is of this machine.
	printf '#!/bin/sh\necho prefix-\necho "$1"\n' >tools/kernel/toolchain
	cat >tools/kernel/build <<-'EOF'
	#!/bin/sh
	echo "$1 $2 $(wc -l <"$3/file") $5 ABSENT=$ABSENT" >>"$OUT/builds"
	[ ! -e "$OUT/stop" ] || exit 130
	! grep -q broken "$3/file" || { echo "it does not build"; exit 1; }
	EOF
	cat >tools/job <<-'EOF'
	#!/bin/sh
	echo "$* $(wc -l <"$TREE/file") $TOOLCHAIN $TESTS" >>"${0%/*}/boots"
	! grep -q dead "$TREE/file"
	EOF
	cd ..
}

# part NAME TEXT - patches/NAME.patch, which adds TEXT at the end of file
part()
{
	mkdir -p "patches/${1%/*}"
	cp file old
	echo "$2" >>file
	{
		printf 'Subject: x\n\n'
		diff -u --label a/file --label b/file old file || :
	} >"patches/$1.patch"
	echo "$1.patch" >>series
	rm old
}

# bisect CODE WORD...
bisect()
{
	want=$1
	shift
	run checkout/ci/bisect "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

# table - the last words of the run, a blank between columns
table()
{
	sed -n '/^patch /,$p' <<<"$output" | tr -s ' ' | sed 's/ $//'
}

@test "each prefix once for each kernel that can be, boots at the ends of sections" {
	bisect 0
	[ "$(table)" = "patch xen0-x86_32-nopreempt xenU-x86_32-smp-preempt-debug
build/one.patch PASS -
build/two.patch PASS -
host/three.patch PASS,PASS -
preempt/four.patch PASS,PASS -
kconfig/five.patch PASS,PASS PASS,PASS
debug/six.patch PASS,PASS PASS,PASS" ]
	[ "$(tr -s ' ' <out/bisect/table | sed 's/ $//')" = "$(table)" ]
	grep xen0 out/builds | uniq >builds
	diff builds - <<-EOF
	xen0-x86_32-nopreempt gcc34 10 --in-place ABSENT=PREEMPT PREEMPT_TORTURE
	xen0-x86_32-nopreempt gcc12 11 --in-place ABSENT=PREEMPT PREEMPT_TORTURE
	xen0-x86_32-nopreempt gcc12 12 --in-place ABSENT=PREEMPT PREEMPT_TORTURE
	xen0-x86_32-nopreempt gcc12 13 --in-place ABSENT=PREEMPT PREEMPT_TORTURE
	xen0-x86_32-nopreempt gcc12 14 --in-place ABSENT=PREEMPT_TORTURE
	xen0-x86_32-nopreempt gcc12 15 --in-place ABSENT=
	EOF
	[ "$(grep -c "^boot xenU.* gcc12 all$" checkout/tools/boots)" -eq 2 ]
	[ "$(wc -l <out/bisect/vanilla/file)" -eq 9 ]
}

@test "a test that the base fails runs from the patch on that mends it" {
	mv checkout/patches/preempt/{four,xen-debug-step-beside-watchpoint}.patch
	sed -i 's,preempt/four,preempt/xen-debug-step-beside-watchpoint,' checkout/series
	export KERNELS='xen0-x86_32-nopreempt xenU-x86_32-smp-nopreempt'
	TESTS=version,signals,proc bisect 0
	sort checkout/tools/boots | cut -d' ' -f2,3,5 | diff - <(sort <<-EOF
	xen0-x86_32-nopreempt 12 version,proc
	xen0-x86_32-nopreempt 13 version,signals,proc
	xen0-x86_32-nopreempt 14 version,signals,proc
	xen0-x86_32-nopreempt 15 version,signals,proc
	xenU-x86_32-smp-nopreempt 11 version
	xenU-x86_32-smp-nopreempt 12 version
	xenU-x86_32-smp-nopreempt 13 version,signals
	xenU-x86_32-smp-nopreempt 14 version,signals
	xenU-x86_32-smp-nopreempt 15 version,signals
	EOF
	)
	rm -r out/bisect/*/done
	TESTS=signals bisect 0
	grep -qx "boot xen0-x86_32-nopreempt 12 gcc12 version" checkout/tools/boots
}

@test "a second run does nothing; after a change only what it has changed" {
	bisect 0
	rm out/builds checkout/tools/boots
	bisect 0
	[ ! -e out/builds ]
	[ ! -e checkout/tools/boots ]
	[ "$(table | grep -c PASS)" -eq 6 ]
	sed -i '1s/.*/Subject: reworded/' checkout/patches/build/one.patch
	bisect 0
	[ ! -e out/builds ]
	sed -i 's/^+config PREEMPT$/&\n+	bool/; s/^@@.*/@@ -11,3 +11,5 @@/' \
		checkout/patches/kconfig/five.patch
	sed -i 's/^ config PREEMPT$/&\n 	bool/; s/^ memory$//; s/^ fix$/ fix/; /^$/{3,$d}' \
		checkout/patches/debug/six.patch
	sed -i 's/^@@.*/@@ -13,3 +13,4 @@/' checkout/patches/debug/six.patch
	bisect 0
	[ "$(cut -d' ' -f3 out/builds | sort -u | xargs)" = "15 16" ]
}

@test "what does not build, or does not boot: 1, and the others go on" {
	sed -i 's/fix/broken/' checkout/patches/*/*.patch
	bisect 1
	[ "$(table | sed 1d)" = "build/one.patch PASS -
build/two.patch PASS -
host/three.patch PASS,PASS -
preempt/four.patch FAIL,NONE -
kconfig/five.patch FAIL,NONE FAIL,NONE
debug/six.patch FAIL,NONE FAIL,NONE" ]
	grep -q "it does not build" out/bisect/xen0-x86_32-nopreempt/4.log
	sed -i 's/broken/fix/; s/memory/dead/' checkout/patches/*/*.patch
	bisect 1
	[ "$(table | grep -c PASS,FAIL)" -eq 4 ]
	# A failure is tried again, and may be gone.
	printf '#!/bin/sh\n' >checkout/tools/job
	bisect 0
	[ "$(table | grep -c PASS,PASS)" -eq 4 ]
}

@test "a symbol of one architecture's Kconfig is absent only there" {
	export KERNELS='xenU-x86_32-preempt xenU-x86_64-preempt'
	cd checkout || return
	for arch in i386 x86_64; do
		mkdir -p "$OUT/bisect/vanilla/arch/xen/$arch"
		printf 'menu\n' >"$OUT/bisect/vanilla/arch/xen/$arch/Kconfig"
		cat >patches/kconfig/$arch.patch <<-EOF
		Subject: x

		--- a/arch/xen/$arch/Kconfig
		+++ b/arch/xen/$arch/Kconfig
		@@ -1 +1,2 @@
		 menu
		+config PREEMPT
		EOF
	done
	sed -i 's,^kconfig/five.*,kconfig/i386.patch\nkconfig/x86_64.patch,; /debug/d' series
	# The compiler follows from it, too.
	printf '#!/bin/sh\necho prefix-\necho "$1 $2" | tee -a "$OUT/compilers"\n' \
		>tools/kernel/toolchain
	cd ..
	bisect 0 --list
	[[ $output == *"4 preempt/four.patch gcc12 boot i386:PREEMPT x86_64:PREEMPT"* ||
		$output == *"4 preempt/four.patch gcc12 boot x86_64:PREEMPT i386:PREEMPT"* ]]
	bisect 0
	[ "$(table | tail -n 2)" = "kconfig/i386.patch PASS -
kconfig/x86_64.patch PASS,PASS PASS,PASS" ]
	[ "$(sort -u out/compilers | xargs)" = "gcc12 x86_32 gcc12 x86_64" ]
	[ "$(grep -c "ABSENT=$" out/builds)" -eq "$(wc -l <out/builds)" ]
}

@test "files of x86_64 alone: an i386 kernel passed with the prefix before" {
	export KERNELS='xen0-x86_32-nopreempt xen0-x86_64-nopreempt'
	mkdir -p out/bisect/vanilla/arch/x86_64/kernel
	sed '/TORTURE/d' checkout/file >out/bisect/vanilla/arch/x86_64/kernel/file
	sed -i 's,/file$,/arch/x86_64/kernel/file,' checkout/patches/debug/six.patch
	bisect 0
	[ "$(table | tail -n 1)" = "debug/six.patch PASS,PASS PASS,PASS" ]
	[ "$(grep -c x86_32 out/builds) $(grep -c x86_64 out/builds)" = "8 10" ]
	# Any kernel reads all Kconfigs.
	mv out/bisect/vanilla/arch/x86_64/kernel/{file,Kconfig}
	rm -r out/bisect/*/tree
	sed -i 's,/file$,/Kconfig,' checkout/patches/debug/six.patch
	bisect 0
	[ "$(grep -c x86_32 out/builds)" -eq 10 ]
}

@test "a patch that does not apply: 1" {
	sed -i 's/^ 9$/ nine/' checkout/patches/host/three.patch
	bisect 1
	table | grep -qx "host/three.patch FAIL,NONE -"
}

@test "stopped: the table is shown, and what was done is not done again" {
	KERNELS=xen0-x86_32-nopreempt
	sed -i 's/^\[ ! -e/[ "$(wc -l <"$3\/file")" -lt 13 ] || &/' checkout/tools/kernel/build
	touch out/stop
	run checkout/ci/bisect
	[ "$status" -ne 0 ]
	[ "$(table | sed 1d)" = "build/one.patch PASS
build/two.patch PASS
host/three.patch PASS,PASS
preempt/four.patch NONE,NONE
kconfig/five.patch NONE,NONE
debug/six.patch NONE,NONE" ]
	rm out/stop out/builds
	bisect 0
	[ "$(cut -d' ' -f3 out/builds | sort -u | xargs)" = "13 14 15" ]
}

@test "the newest commits' patches, at most so many, the rest is named" {
	bisect 2 --list --newest 3
	[[ $output == *"--newest looks at the history of a git checkout" ]]
	git init -q checkout
	g() { git -C checkout -c user.name=x -c user.email=x "$@"; }
	g add -A
	g commit -qm all
	for name in build/one preempt/four debug/six; do
		sed -i '1s/x$/y/' checkout/patches/$name.patch
		g commit -qam $name
	done
	bisect 0 --list --newest 3
	[ "$(awk '{ print $2 }' <<<"$output" | xargs)" = \
		"build/one.patch preempt/four.patch debug/six.patch" ]
	bisect 0 --newest 3 --at-most 2
	[[ $output == *"left out: 1 build/one.patch"* ]]
	[ "$(table | sed 1d)" = "preempt/four.patch PASS -
debug/six.patch PASS PASS" ]
	[ ! -e checkout/tools/boots ]
}

@test "wrong use is 2" {
	for bad in "--what" "--newest" "--newest x" "--newest 3x" "--at-most 3" "3"; do
		# shellcheck disable=SC2086 # words
		bisect 2 $bad
	done
	KERNELS=xen0-x86_32-preempted bisect 2
	KERNELS=xen0-x86_32-release bisect 2
}
