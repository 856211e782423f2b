#!/usr/bin/env bats
# What tools/job makes of REPLAY, PHASE and a sweep, with a lab that only pretends.
# What the phases do to a kernel is shown by ci/tests/boots.t.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir top
	cp -r "$BATS_TEST_DIRNAME/../../"{configs,patches,series,tools,Makefile} top
	OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache
	export OUT XEN_PREEMPT_CACHE
	unset PHASE REPLAY FROM TO STEP TESTS TOOLCHAIN PROGRAMS HYPERVISOR CPUS EVENTS
	for tool in base/get tree/export guest/build lab/busybox lab/ramdisk \
		lab/hypervisor lab/dom0 debian/fetch; do
		printf '#!/bin/sh\necho somewhere\n' >top/tools/$tool
	done
	# Its DIR gets what a boot needs of a kernel.
	cat >top/tools/kernel/build <<-'EOF'
	#!/bin/sh
	mkdir -p "$4" out/guest-x86_32/tests out/guest-x86_32/stress
	mkdir -p out/guest-x86_64/tests out/guest-x86_64/stress
	echo 32 | gzip >out/guest-x86_32.cpio.gz
	echo 64 | gzip >out/guest-x86_64.cpio.gz
	echo "tree base-series" >"$4/stamp"
	echo CONFIG_X86_PAE=y >"$4/config"
	EOF
	# All pass but the phases of ./bad, which end with the code in it.
	cat >top/tools/lab/boot <<-'EOF'
	#!/bin/sh
	echo "$*" >>boots
	while [ "$1" != --out ]; do shift; done
	mkdir -p "$2"
	echo domain >"$2/ramdisk"
	phase=${2##*/} verdict=PASS code=0
	if [ "$phase" = "$(cat bad 2>/dev/null)" ]; then
		read -r verdict code <code
	fi
	echo "{ \"verdict\": \"$verdict\", \"reason\": \"why\" }" >"$2/result.json"
	cat hits >"$2/interrupts" 2>/dev/null
	[ "$verdict" != WAIT ] || { trap 'exit 130' INT; echo >waiting; sleep 20 & wait; }
	exit $code
	EOF
	mkdir -p cache
}

# job CODE VERB
job()
{
	want=$1
	shift
	run top/tools/job "$@" xen0-x86_32-preempt
	echo "$output"
	[ "$status" -eq "$want" ]
}

# phases - those that were booted
phases()
{
	sed -n 's/.* phase=\([0-9]*\).*/\1/p' boots | tr '\n' ' '
}

@test "a plain boot knows nothing of phases; REPLAY, PHASE count instructions" {
	REPLAY=0 job 0 boot
	[[ $(cat boots) != *phase=* && $(cat boots) != *--icount* ]]
	rm boots
	REPLAY=1 job 0 boot
	PHASE=123 job 0 boot
	[ "$(phases)" = "00000000 00000123 " ]
	[ "$(grep -c -e '--icount' boots)" -eq 2 ]
	grep -q -e "--meta base=base --meta series=series" boots
	grep -q -e "--meta config=$(sha256sum <out/*/config | cut -c1-64)" boots
	for bad in x -1 1x 010 123456789; do
		PHASE=$bad job 2 boot
	done
	STEP=0 job 2 sweep
}

@test "an x86_64 kernel boots with its programs, or with PROGRAMS=x86_32" {
	# ramdisk VARIABLE=VALUE... - which programs xenU-x86_64-preempt got
	ramdisk()
	{
		rm -f boots
		env "$@" top/tools/job boot xenU-x86_64-preempt >&2
		zcat out/xenU-x86_64-preempt/ramdisk.cpio.gz | head -n 1
	}
	[ "$(ramdisk OUT="$OUT")" = 64 ]
	[[ $(cat boots) != *programs* ]]
	[ "$(ramdisk PROGRAMS=x86_64)" = 64 ]
	[ "$(ramdisk PROGRAMS=x86_32)" = 32 ]
	[[ $(cat boots) == *"--role xenU "*"--meta programs=x86_32"* ]]
	PROGRAMS=x86_64 job 2 boot
	# It needs no PAE, which is i386's.
	sed -i /PAE/d top/tools/kernel/build
	[ "$(ramdisk OUT="$OUT")" = 64 ]
	job 2 boot
	[[ $output == *"is not PAE"* ]]
}

@test "HYPERVISOR=debian: Debian's own binary, for x86_64 alone" {
	for which in built debian; do
		mkdir -p somewhere/$which
		echo $which >somewhere/$which/version
	done
	cat >top/tools/lab/hypervisor <<-'EOF'
	#!/bin/sh
	[ "$1" = --debian ] && echo "$PWD/somewhere/debian" || echo "$PWD/somewhere/built"
	EOF
	env HYPERVISOR=debian top/tools/job boot xenU-x86_64-preempt
	[[ $(cat boots) == *"--hypervisor $PWD/somewhere/debian/xen "* ]]
	grep -q "Xen debian, Debian's own binary" out/table.rows
	job 0 boot
	[[ $(tail -n 1 boots) == *"--hypervisor $PWD/somewhere/built/xen "* ]]
	rm out/*/stamp
	HYPERVISOR=debian job 2 boot
	[[ $output == *"HYPERVISOR=debian takes no 32-bit kernels, and xen0-x86_32-preempt is one" ]]
	[ ! -e out/xen0-x86_32-preempt/stamp ]
	HYPERVISOR=other job 2 boot
}

@test "a driver domain is of its guest's architecture" {
	cp top/tools/lab/boot top/tools/lab/driver-domain
	run top/tools/job driver xenU-x86_64-preempt
	[ "$status" -eq 0 ]
	grep -q -e "--driver .*/xen0-x86_64-preempt/vmlinuz" boots
	DRIVER=xen0-x86_32-preempt run top/tools/job driver xenU-x86_64-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"DRIVER=xen0-x86_64-..., not K=xenU-x86_64-preempt DRIVER=xen0-x86_32-preempt" ]]
}

@test "a clean sweep: every phase is booted, and it says so" {
	FROM=400 TO=1000 STEP=200 job 0 sweep
	[ "$(phases)" = "00000400 00000600 00000800 00001000 " ]
	[[ $output == *"no phase from 400 to 1000 by 200 fails"* ]]
	[ "$(grep -c '^phase .* PASS, why  *PASS' <<<"$output")" -eq 4 ]
	[ "$(echo out/*/sweep/*/result.json | wc -w)" -eq 4 ]
	# The big file of a boot that passed is not kept.
	[ "$(find out -name ramdisk | wc -l)" -eq 0 ]
}

@test "a sweep stops at the first phase that fails, and says how to repeat it" {
	echo 600 >bad
	for verdict in "FAIL 1" "CRASH 4" "TIMEOUT 5"; do
		rm -f boots
		echo "$verdict" >code
		FROM=400 TO=1000 STEP=200 TESTS=a,b TOOLCHAIN=gcc34 job 1 sweep
		[ "$(phases)" = "00000400 00000600 " ]
		[[ $output == *"phase 600 is the first that fails; to repeat it:
  make boot K=xen0-x86_32-preempt PHASE=600 TESTS=a,b TOOLCHAIN=gcc34"* ]]
		grep "^phase 400 .* PASS, why" <<<"$output"
		grep "^phase 600 .* ${verdict% *}, why  *${verdict% *}" <<<"$output"
		[ -f out/xen0-x86_32-preempt.gcc34/sweep/600/ramdisk ]
	done
}

@test "a sweep that cannot be, or tests nothing: ERROR, SKIP, and not a phase" {
	echo 0 >bad
	echo "ERROR 2" >code
	job 2 sweep
	[[ $output != *"first that fails"* && $output != *"no phase"* ]]
	echo "SKIP 3" >code
	job 3 sweep
	[[ $output != *"first that fails"* && $output != *"no phase"* ]]
}

@test "Ctrl-C in a sweep: the phases so far are kept, and in a table" {
	echo 600 >bad
	echo "WAIT 0" >code
	FROM=400 TO=1000 STEP=200 setsid env --default-signal=INT \
		top/tools/job sweep xen0-x86_32-preempt >log 2>&1 3>&- &
	timeout 60 sh -c 'until [ -e waiting ]; do sleep 0.1; done' || cat log
	# As a terminal does: to the whole group.
	kill -INT -- -$!
	code=0
	wait $! || code=$?
	cat log
	[ "$code" -eq 130 ]
	grep "^phase 400 .* PASS, why" log
	[ -f out/xen0-x86_32-preempt/sweep/400/result.json ]
}

# ------------------------------------------------------------ over code, by symbols

# code - a kernel of a few instructions; ./hits is what the boot counts at them
code()
{
	cat >>top/tools/kernel/build <<-'EOF'
	printf '.globl _start\n_start: ret\nfirst: inc %%eax\njne _start\ndec %%eax\nlast: ret\n' |
		gcc -nostdlib -static -Wl,--build-id=none,-Ttext=0x100000 -o "$4/vmlinux" \
			-x assembler -
	nm "$4/vmlinux" >"$4/System.map"
	EOF
	echo 0000000000100001 7 >hits
	echo 0000000000100003 "$1" >>hits
}

@test "a sweep over code: every instruction that is executed met an interrupt" {
	code 1
	FROM=first TO=last SEED=3 T=9 TESTS=a job 0 sweep
	[[ $(cat boots) == *"stress=9 seed=3"*"--icount"*"--total 1080"*"--interrupts 0000000000100001-0000000000100007"* ]]
	[[ $output == *"
<first>:
      7  0000000000100001  inc    %eax
      1  0000000000100003  jne "*"
      -  0000000000100005  dec    %eax
"* ]]
	[[ $output == *"an interrupt at 2 of 2 instructions, 1 were not executed"* ]]
}

@test "a sweep over code: one that met none, or nothing executed: FAIL" {
	code 0
	FROM=first TO=last job 1 sweep
	[[ $output == *"an interrupt at 1 of 2 instructions, 1 were not executed"* ]]
	: >hits
	FROM=first TO=last job 1 sweep
	[[ $output == *"an interrupt at 0 of 0 instructions, 3 were not executed"* ]]
}

@test "a sweep over code: a kernel that fails is a failure, a wrong symbol is told" {
	code 1
	echo "CRASH 4" >code
	echo sweep >bad
	FROM=first TO=last job 4 sweep
	FROM=frist TO=last job 2 sweep
	[[ $output == *"no symbol 'frist', or more than one, in xen0-x86_32-preempt; nearest: first"* ]]
	FROM=last TO=first job 2 sweep
	[[ $output == *"last is not before first in"* ]]
	T=0 FROM=first TO=last job 2 sweep
}
