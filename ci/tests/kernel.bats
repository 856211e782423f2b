#!/usr/bin/env bats
# The kernel stages: the table of kernels, defconfigs, toolchains, builds.

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	unset CROSS_COMPILE TOOLCHAIN CPUS PROGRAMS HYPERVISOR
}

# What helper() has begun, unless it is ended already.
teardown()
{
	[ ! -e helpers ] || while read -r group; do
		kill -9 -- "-$group" || :
	done <helpers 2>/dev/null
}

need_base()
{
	"$TOP/tools/base/get" --status || skip "no base tree in the cache"
}

# export_tree - the series in ./tree, of links, for it is pushed once for all tests
export_tree()
{
	need_base
	[ -d "$BATS_FILE_TMPDIR/tree" ] ||
		"$TOP/tools/tree/export" "$BATS_FILE_TMPDIR/tree"
	cp -al "$BATS_FILE_TMPDIR/tree" tree
}

@test "every kernel's configs exist, and every config belongs to a kernel" {
	for k in $("$TOP/tools/job" list | awk '{ print $1 }'); do
		case $k in
		*-release) continue ;;
		esac
		"$TOP/tools/kernel/configure" --print "$k" >/dev/null
	done
	for file in "$TOP"/configs/*; do
		name=${file##*/}
		[ "$name" = kernels ] ||
			grep -qrwF -e "$name" "$TOP/configs" || {
			echo "configs/$name is of no use to anybody"
			return 1
		}
	done
}

@test "kernels that differ in preempt alone differ in its symbols alone" {
	for k in {xen0,xenU}-{x86_32,x86_64}{,-smp}; do
		for other in preempt preempt-nobkl; do
			[[ $k-$other != *-smp-*-nobkl ]] || continue
			diff <("$TOP/tools/kernel/configure" --print "$k-$other") \
				<("$TOP/tools/kernel/configure" --print "$k-nopreempt") >d || :
			grep '^[<>]' d >differ
			run grep -v PREEMPT differ
			[ "$status" -eq 1 ]
		done
	done
}

@test "an x86_64 kernel asks for nothing that only i386 has" {
	for k in $("$TOP/tools/job" list | awk '$1 ~ /x86_64/ && !/release/ { print $1 }'); do
		"$TOP/tools/kernel/configure" --print "$k" >config
		case $k in
		native-*) ! grep XEN config ;;
		*) grep -qx CONFIG_XEN_X86_64=y config ;;
		esac
		run grep -e M686 -e HIGHMEM -e FRAME_POINTER -e ALTERNATIVES -e X86_UP config
		[ "$status" -eq 1 ]
	done
}

@test "a later config wins over an earlier one" {
	mkdir -p top/configs
	cp -r "$TOP/tools" top/
	printf 'CONFIG_A=y\nCONFIG_B=1\n' >top/configs/one
	printf '# CONFIG_A is not set\ninclude three\n' >top/configs/two
	echo CONFIG_C=m >top/configs/three
	printf 'xen0-x86_32-x\tone two\tx\n' >top/configs/kernels
	run top/tools/kernel/configure --print xen0-x86_32-x
	[ "$output" = "# CONFIG_A is not set
CONFIG_B=1
CONFIG_C=m" ]
}

@test "an unknown kernel is exit 2, with the nearest names" {
	for verb in kernel boot shell stress; do
		OUT=$BATS_TEST_TMPDIR/out run "$TOP/tools/job" $verb xenu-x86_32-prempt
		[ "$status" -eq 2 ]
		[[ "$output" == *"xenU-x86_32-preempt"* ]]
	done
}

@test "no kernel at all is exit 2 and says what to pass" {
	OUT=$BATS_TEST_TMPDIR/out run "$TOP/tools/job" boot
	[ "$status" -eq 2 ]
	[[ "$output" == *"K="* ]]
}

@test "stress without a sensible time and seed is exit 2, before any work" {
	for given in "T=0" "T=-5" "T=x" "T=1s" "T=10000" "SEED=-1" "SEED=x" \
		"SEED=1x" "SEED=1234567890"; do
		OUT=$BATS_TEST_TMPDIR/out run env "$given" "$TOP/tools/job" \
			stress xenU-x86_32-preempt
		echo "$given: $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"job: "*"${given}"*"digits" ]]
		[ ! -e "$BATS_TEST_TMPDIR/out/table.rows" ]
	done
}

@test "stress with events is for guests: domain 0 is exit 2, before any work" {
	EVENTS=all OUT=$BATS_TEST_TMPDIR/out run "$TOP/tools/job" \
		stress xen0-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ "$output" == *"EVENTS=all"*"not for xen0"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/out/table.rows" ]
}

@test "CPUS is for SMP kernels, 1 to 8: anything else is exit 2, before any work" {
	for given in 0 9 12 -1 x 2x; do
		CPUS=$given OUT=$BATS_TEST_TMPDIR/out run "$TOP/tools/job" \
			boot xen0-x86_32-smp-preempt
		echo "$given: $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"CPUS=$given"*"1 to 8" ]]
	done
	CPUS=4 OUT=$BATS_TEST_TMPDIR/out run "$TOP/tools/job" \
		stress xen0-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ "$output" == *"CPUS=4: only -smp kernels"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/out/table.rows" ]
}

@test "CPUS reaches the boot and the guest's tests; the kernel is SMP with one, too" {
	attrs()
	{
		# shellcheck disable=SC2030,SC2031 # each run has its own
		(export CPUS=$1 && . "$TOP/tools/lib.sh" && kernel_attrs "$2" &&
			echo "$K_CPUS $(boot_words)")
	}
	[ "$(attrs '' xen0-x86_32-smp-preempt)" = \
		"2 expect=preempt,preempt_bkl,smp vcpus=2 release=2.6.12.6" ]
	[ "$(attrs 4 xen0-x86_32-smp-preempt)" = \
		"4 expect=preempt,preempt_bkl,smp vcpus=4 release=2.6.12.6" ]
	[ "$(attrs 1 xenU-x86_32-smp-nopreempt)" = \
		"1 expect=smp vcpus=1 release=2.6.12.6" ]
	[ "$(attrs 4 xen0-x86_32-nopreempt)" = \
		"1 expect= vcpus=1 release=2.6.12.6" ]
}

@test "an x86_64 kernel runs programs of either kind, an x86_32 one only its own" {
	attrs()
	{
		# shellcheck disable=SC2030,SC2031 # each run has its own
		(export PROGRAMS=$1 && . "$TOP/tools/lib.sh" && kernel_attrs "$2" &&
			echo "$K_ARCH $K_SUBARCH $K_GUEST")
	}
	[ "$(attrs '' xenU-x86_64-smp-preempt)" = "x86_64 x86_64 x86_64" ]
	[ "$(attrs x86_32 xenU-x86_64-smp-preempt)" = "x86_64 x86_64 x86_32" ]
	[ "$(attrs '' xen0-x86_32-nopreempt)" = "x86_32 i386 x86_32" ]
	[ "$(attrs x86_32 xen0-x86_32-nopreempt)" = "x86_32 i386 x86_32" ]
	run attrs x86_64 xen0-x86_32-nopreempt
	[ "$status" -eq 2 ]
	[[ "$output" == *"PROGRAMS=x86_64: xen0-x86_32-nopreempt runs those of x86_32" ]]
	run attrs i386 xen0-x86_64-nopreempt
	[ "$status" -eq 2 ]
	[[ "$output" == *"PROGRAMS=i386: "*" runs those of x86_64 and x86_32" ]]
}

@test "an unknown toolchain is exit 2, with the known ones" {
	run "$TOP/tools/kernel/toolchain" gcc21 x86_32
	[ "$status" -eq 2 ]
	[[ "$output" == *"gcc12"* ]]
	run "$TOP/tools/kernel/toolchain" gcc12 sparc
	[ "$status" -eq 2 ]
	[[ "$output" == *"x86_32, x86_64"* ]]
}

@test "CROSS_COMPILE that names no compiler is exit 2" {
	CROSS_COMPILE=none- run "$TOP/tools/kernel/toolchain" custom x86_32
	[ "$status" -eq 2 ]
	[[ "$output" == *"none-gcc"* ]]
}

@test "a symbol that the tree does not grant stops the build, with both values" {
	export_tree
	mkdir top
	cp -r "$TOP/tools" "$TOP/configs" "$TOP/patches" "$TOP/series" top/
	printf 'CONFIG_DEBUG_PREEMPT=y\nCONFIG_NR_CPUS=1000\n' >>top/configs/smp
	run top/tools/kernel/build xenU-x86_32-smp-nopreempt gcc12 tree k
	[ "$status" -eq 1 ]
	[[ "$output" == *"CONFIG_DEBUG_PREEMPT: asked for y, got n"* ]]
	[[ "$output" == *"CONFIG_NR_CPUS: asked for 1000, got "* ]]
	[ ! -e k/stamp ]
	# Nor does one that is said to be absent and is not.
	run env ABSENT=SMP top/tools/kernel/build xenU-x86_32-smp-nopreempt gcc12 tree k
	[ "$status" -eq 1 ]
	[[ "$output" == *"ABSENT names SMP, which "* ]]
}

# objects CODE LAST FUNCTION... - what objects.pl says of functions, each an instruction a word
objects()
{
	local code=$1 last=$2 function
	for function in "${@:3}"; do
		printf 'c0100000 <f>:\n'
		printf 'c0100000:\t%s\n' $function | tr _ ' '
	done >dis
	run "$TOP/ci/objects.pl" <dis
	[ "$status" -eq "$code" ]
	[ "${lines[-1]}" = "$last" ]
}

@test "code that looks whether to reschedule before it lowers the count is found" {
	right='decl_0x14(%eax) mov_0x8(%eax),%eax test_$0x8,%al'
	objects 0 "1 places are right, 0 are not" "$right"
	objects 0 "2 places are right, 0 are not" "$right" 'decl_0x14(%ebx) testb_$0x8,0x8(%ebx)'
	objects 2 "0 places are right, 0 are not" 'decl_0x18(%eax) mov_0x8(%eax),%eax'
	wrong='mov_0x8(%edx),%eax decl_0x14(%edx) test_$0x8,%al'
	objects 1 "1 places are right, 1 are not" "$right" "$wrong"
	[ "${lines[0]}" = "f: the flags are read before the count is lowered, 1 times" ]
	objects 1 "0 places are right, 1 are not" \
		'mov_0x8(%ebx),%esi xor_%eax,%eax subl_$0x10000000,0x14(%ebx) test_$0x8,%esi'
	# Another structure by then, and another value.
	objects 2 "0 places are right, 0 are not" \
		'mov_0x8(%edx),%eax mov_%ecx,%edx decl_0x14(%edx) test_$0x8,%al'
	objects 2 "0 places are right, 0 are not" \
		'mov_0x8(%edx),%eax decl_0x14(%edx) mov_%ecx,%eax test_$0x8,%al'
}

@test "a patch that does not apply is named, and the tree is put back" {
	need_base
	mkdir top
	cp -r "$TOP/tools" "$TOP/configs" "$TOP/patches" top/
	# Those before it that it does not need would only take time.
	sed '/^host\//d; /^preempt\//d' "$TOP/series" >top/series
	top/tools/tree/export vanilla --vanilla
	cp -al vanilla tree
	sed -i 's/^ config PREEMPT_BKL/ config PREEMPT_BLK/' \
		top/patches/kconfig/xen-i386-preempt.patch
	run top/tools/tree/push tree
	[ "$status" -eq 1 ]
	[[ "$output" == *"kconfig/xen-i386-preempt.patch"* ]]
	[[ "$output" == *"arch/xen/i386/Kconfig"* ]]
	diff -r vanilla tree
}

@test "the series goes onto a tree that Xen's own build laid out, once unlinked" {
	need_base
	base=$("$TOP/tools/base/get")
	mkdir -p release/linux
	git --git-dir="$base" archive refs/tags/xen-3.0.0 | tar -x -C release
	git --git-dir="$base" archive refs/tags/linux-2.6.12 |
		tar -x -C release/linux
	for p in release/patches/linux-2.6.12/*.patch; do
		patch -s -p1 --no-backup-if-mismatch -d release/linux <"$p"
	done
	# The release's own script, from the release.
	(cd release/linux-2.6-xen-sparse && bash ./mkbuildtree ../linux)
	run "$TOP/tools/tree/push" release/linux
	[ "$status" -eq 2 ]
	[[ "$output" == *"tools/tree/unlink"* ]]
	"$TOP/tools/tree/unlink" release/linux
	"$TOP/tools/tree/push" release/linux
	# Nothing was written through a link.
	"$TOP/tools/tree/export" vanilla --vanilla
	diff -r release/xen/include/public vanilla/include/asm-xen/xen-public
	grep -q '^config PREEMPT$' release/linux/arch/xen/i386/Kconfig
}

@test "by hand, as the README says: two links and quilt push" {
	need_base
	"$TOP/tools/tree/export" vanilla --vanilla
	cd vanilla
	ln -s "$TOP/patches" patches
	ln -s "$TOP/series" series
	quilt --quiltrc - push -a --fuzz=0
	[ "$(quilt --quiltrc - unapplied 2>/dev/null)" = "" ]
}

# helper PORT - a distccd on this machine, $! its process group; says in log.PORT what
# it compiles
helper()
{
	setsid distccd --daemon --no-detach --listen 127.0.0.1 --port "$1" \
		--allow 127.0.0.1 --jobs 2 --log-stderr >/dev/null 2>"log.$1" 3>&- &
	echo $! >>helpers
}

# compiled_by PORT - so many files that helper has compiled
compiled_by()
{
	grep -c COMPILE_OK "log.$1" || :
}

@test "two builds of one kernel are the same bytes, by two machines, of which one dies" {
	export_tree
	k=xenU-x86_32-nopreempt
	export CCACHE_DISABLE=1
	"$TOP/tools/kernel/build" $k gcc12 tree one
	port1=$((20000 + $$ % 10000)) port2=$((30000 + $$ % 10000))
	helper $port1
	helper $port2
	second=$!
	mkdir distcc
	DISTCC_DIR=$PWD/distcc DISTCC_HOSTS="127.0.0.1:$port1/2 127.0.0.1:$port2/2" \
		"$TOP/tools/kernel/build" $k gcc12 tree somewhere/else/two 3>&- &
	build=$!
	while [ "$(compiled_by $port2)" -lt 20 ] && kill -0 $build; do
		sleep 0.1
	done
	kill -9 -- -$second
	then=$(compiled_by $port1)
	wait $build
	echo "$(compiled_by $port1) by the first, $(compiled_by $port2) by the second"
	[ "$(compiled_by $port2)" -ge 20 ]
	[ "$(compiled_by $port1)" -gt $((then + 100)) ]
	cmp one/vmlinuz somewhere/else/two/vmlinuz
	cmp one/vmlinux somewhere/else/two/vmlinux
	diff -r one/modules somewhere/else/two/modules
	cmp one/config somewhere/else/two/config
}

@test "a second make compiles what has changed, and no more" {
	export_tree
	# An outer make -s would have nothing to count.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	names=$("$TOP/tools/kernel/toolchain" gcc12 x86_32)
	prefix=${names%%$'\n'*}
	"$TOP/tools/kernel/configure" xenU-x86_32-nopreempt tree "$prefix"
	# compiled NUMBER - so many files of lib/ are, this time
	compiled()
	{
		make -C tree ARCH=xen SUBARCH=i386 CROSS_COMPILE="$prefix" lib/ >log 2>&1
		[ "$(grep -c '^  CC .*lib/' log)" -eq "$1" ]
	}
	make -C tree ARCH=xen SUBARCH=i386 CROSS_COMPILE="$prefix" prepare >log 2>&1
	make -C tree ARCH=xen SUBARCH=i386 CROSS_COMPILE="$prefix" lib/ >log 2>&1
	grep -q '^  CC  *lib/radix-tree.o' log
	compiled 0
	# Of its own: the other tests' tree is linked to it.
	cp tree/lib/radix-tree.c changed
	mv changed tree/lib/radix-tree.c
	compiled 1
}
