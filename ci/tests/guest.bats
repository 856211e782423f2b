#!/usr/bin/env bats
# The guest programs, on this machine and without any kernel of ours: the build,
# init's judgement of made-up tests, and those real tests that any user can run.
#
# MUSL32 is where Debian's musl-dev:i386 is unpacked; without it the x86_32
# tests are skipped.

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and that is meant
# shellcheck disable=SC2016 # a $ in single quotes is for the made-up test

setup_file()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	XEN_PREEMPT_CACHE=$BATS_FILE_TMPDIR/cache
	GUEST=$BATS_FILE_TMPDIR/guest
	export TOP XEN_PREEMPT_CACHE GUEST
	"$TOP/tools/guest/build" x86_64 "$GUEST"
}

setup()
{
	dir=$BATS_TEST_TMPDIR/tests
	mkdir "$dir"
	unset EXPECT RELEASE VCPUS
}

# fake NAME - a made-up test program, the shell script on stdin.
fake()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$dir/$1"
	chmod +x "$dir/$1"
}

# init WORD... - run init on the made-up tests.
init()
{
	run "$GUEST/init" --run "$dir" "$@"
}

# verdict LINE - init has printed LINE, at column 0.
verdict()
{
	printf '%s\n' "$output" | grep -Fqx -- "$1" ||
		{ printf 'no "%s" in:\n%s\n' "$1" "$output" >&2; return 1; }
}

# is_dead PID - or a zombie: whose it is to reap, we do not know.
is_dead()
{
	run ps -o stat= -p "$1"
	[[ -z $output || $output == Z* ]]
}

musl32()
{
	[ -n "${MUSL32-}" ] ||
		skip "MUSL32 names no unpacked musl-dev:i386"
}

# ------------------------------------------------------------------- the build

# is_static FILE CLASS - no interpreter, nothing dynamic, no symbols.
is_static()
{
	readelf -h "$1" | grep -q "Class: *$2" &&
		! readelf -l "$1" | grep -Eq 'INTERP|DYNAMIC' &&
		! readelf -S "$1" | grep -q '\.symtab'
}

# all_static DIR CLASS - every source has become such a program.
all_static()
{
	for src in "$TOP"/tools/guest/*.c "$TOP"/tools/guest/*/*.c; do
		name=${src#"$TOP/tools/guest/"}
		is_static "$1/${name%.c}" "$2" ||
			{ echo "$name is not static" >&2; return 1; }
	done
}

# elsewhere ARCH [MUSL32] - build again from a copy of the sources.
elsewhere()
{
	mkdir -p "$BATS_TEST_TMPDIR/a copy/tools"
	cp -R "$TOP/tools/guest" "$TOP/tools/lib.sh" \
		"$BATS_TEST_TMPDIR/a copy/tools"
	arch=$1
	shift
	"$BATS_TEST_TMPDIR/a copy/tools/guest/build" "$arch" \
		"$BATS_TEST_TMPDIR/again" "$@"
}

@test "x86_64: every program is static and stripped" {
	all_static "$GUEST" ELF64
}

@test "x86_64: two builds are the same bytes, wherever the sources are" {
	# Built without a word; a test whose source is gone is gone as well.
	mkdir -p "$BATS_TEST_TMPDIR/again/tests" "$BATS_TEST_TMPDIR/again/stress"
	touch "$BATS_TEST_TMPDIR/again/tests/gone" \
		"$BATS_TEST_TMPDIR/again/stress/gone"
	run elsewhere x86_64
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	diff -r "$GUEST" "$BATS_TEST_TMPDIR/again"
}

@test "x86_32: every program is static, stripped and built the same twice" {
	musl32
	"$TOP/tools/guest/build" x86_32 "$BATS_TEST_TMPDIR/guest" "$MUSL32"
	all_static "$BATS_TEST_TMPDIR/guest" ELF32
	run elsewhere x86_32 "$MUSL32"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	diff -r "$BATS_TEST_TMPDIR/guest" "$BATS_TEST_TMPDIR/again"
}

@test "an unknown architecture is wrong use" {
	run "$TOP/tools/guest/build" ia64 "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 2 ]
	[[ $output == *"unknown ARCH 'ia64'"* ]]
	run "$TOP/tools/guest/build" x86_64
	[ "$status" -eq 2 ]
}

@test "x86_32 without musl is wrong use" {
	command -v i686-linux-gnu-gcc >/dev/null || skip "no i686-linux-gnu-gcc"
	run "$TOP/tools/guest/build" x86_32 "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 2 ]
	run "$TOP/tools/guest/build" x86_32 "$BATS_TEST_TMPDIR/out" /nowhere
	[ "$status" -eq 2 ]
	[[ $output == *"no musl-dev:i386 is unpacked in /nowhere"* ]]
}

@test "a missing compiler is named" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for tool in sh dirname nproc; do
		ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin"
	done
	PATH=$BATS_TEST_TMPDIR/bin run "$TOP/tools/guest/build" x86_64 \
		"$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 2 ]
	[[ $output == *"'musl-gcc' is not installed"* ]]
}

# -------------------------------------------------------------- init's judgement

@test "the protocol, line by line" {
	fake one <<-'E'
		echo 1..1
		echo "ok 1 - it works"
	E
	fake two <<-'E'
		echo "1..0 # SKIP not today"
	E
	init
	[ "$status" -eq 0 ]
	[ "$output" = "LAB init: up
TAP version 13
1..2
    1..1
    ok 1 - it works
ok 1 - one
    1..0 # SKIP not today
ok 2 - two # SKIP not today
LAB init: end 1/2 1 skipped" ]
}

@test "all tests run in the order of their names, tests= in its own" {
	for name in b c a; do
		echo 'echo 1..1; echo ok 1' | fake $name
	done
	init
	verdict "ok 1 - a"
	verdict "ok 3 - c"
	verdict "LAB init: end 3/3"
	init tests=c,a
	verdict "1..2"
	verdict "ok 1 - c"
	verdict "ok 2 - a"
}

@test "a plan may come last, and standard error is shown too" {
	echo 'echo ok 1; echo note >&2; echo 1..1' | fake last
	init
	verdict "    note"
	verdict "ok 1 - last"
}

# judged SCRIPT REASON - a test of that shell script fails for that reason.
judged()
{
	echo "$1" | fake test
	init
	[ "$status" -eq 1 ]
	verdict "not ok 1 - test # $2"
	verdict "LAB init: end 0/1"
}

@test "not ok fails a test, even if it exits with 0" {
	judged 'echo 1..2; echo ok 1; echo "not ok 2 - the second"' 'the second'
	judged 'echo 1..1; echo "not ok 1"' 'not ok'
	judged 'echo 1..1; echo "not ok 1 - x # TODO later"' 'x # TODO later'
}

@test "an exit status other than 0 fails a test" {
	judged 'echo 1..1; echo ok 1; exit 3' 'exit status 3'
	judged 'echo "1..0 # SKIP why"; exit 3' 'exit status 3'
}

@test "a plan that is not fulfilled fails a test" {
	judged 'echo 1..3; echo ok 1; echo ok 2' '2 of 3 results'
	judged 'echo 1..1; echo ok 1; echo ok 2' 'number 2 of 1'
	judged 'echo 1..2; echo ok 1; echo ok 3' 'number 3 of 2'
	judged 'echo ok 1' 'no plan'
	judged 'true' 'no plan'
	judged 'echo 1..0' 'empty plan'
	judged 'echo 1..1; echo 1..1; echo ok 1' 'second plan'
	judged 'echo 1..x; echo ok 1' 'malformed plan'
	judged 'echo "1..1 # SKIP why"; echo ok 1' 'skipped, but with a plan'
	judged 'echo "1..0 # SKIP why"; echo ok 1' 'number 1 of 0'
}

@test "numbers that are not distinct fail a test" {
	judged 'echo 1..2; echo ok 1; echo ok 1' 'number 1 twice'
	judged 'echo 1..2; echo ok 1; echo ok' 'result without a number'
	judged 'echo 1..1; echo ok 0' 'result without a number'
	judged 'echo 1..1; echo ok 99999' 'number 99999 is too high'
}

@test "bailing out fails a test" {
	judged 'echo 1..1; echo ok 1; echo Bail out! no disk' 'no disk'
	judged 'echo 1..1; echo ok 1; echo Bail out!' 'bailed out'
}

@test "a test that dies of a signal names it" {
	judged 'echo 1..1; echo ok 1; kill -SEGV $$' \
		'killed by signal 11 (Segmentation fault)'
}

@test "words that only begin like a result are none" {
	echo 'echo 1..1; echo okay; echo not okay; echo " ok 2"; echo ok 1' |
		fake words
	init
	verdict "ok 1 - words"
}

@test "a test that takes too long is killed, with all that it started" {
	fake slow <<-E
		echo 1..1
		echo ok 1
		sleep 1000 &
		echo \$! >$BATS_TEST_TMPDIR/pid
		wait
	E
	echo 'echo 1..1; echo ok 1' | fake unhurt
	init timeout=1
	[ "$status" -eq 1 ]
	verdict "not ok 1 - slow # timeout"
	verdict "ok 2 - unhurt"
	is_dead "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "a test that closes its output is waited for" {
	judged 'echo 1..1; echo ok 1; exec >&- 2>&-; sleep 1; exit 5' \
		'exit status 5'
}

@test "a test that leaves its output open to another is not waited for" {
	fake left <<-E
		echo 1..1
		echo ok 1
		sleep 1000 &
		echo \$! >$BATS_TEST_TMPDIR/pid
	E
	echo 'echo 1..1; echo ok 1; setsid sleep 5 &' | fake lost
	init timeout=4
	verdict "ok 1 - left"
	verdict "ok 2 - lost"
	is_dead "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "a flood is cut, and judged all the same" {
	fake flood <<-'E'
		echo 1..1
		yes "a line of a flood" | head -n 100000
		echo ok 1
	E
	init
	verdict "    # more than 1000 lines, the rest is not shown"
	verdict "    ok 1"
	verdict "ok 1 - flood"
	[ "${#lines[@]}" -lt 1010 ]
}

@test "a flood without an end is a timeout" {
	echo 'echo 1..1; exec yes ok 1' | fake flood
	init timeout=1
	verdict "not ok 1 - flood # timeout"
	[ "${#lines[@]}" -lt 2100 ]
}

@test "a last line without its newline counts, and is ended" {
	echo 'echo 1..1; printf "ok 1 - x"' | fake bare
	init
	verdict "    ok 1 - x"
	verdict "ok 1 - bare"
}

@test "a long line is broken, and only its start can be a result" {
	fake long <<-'E'
		echo 1..1
		printf "%01023d" 0
		echo "not ok 1"
		echo "ok 1"
	E
	init
	verdict "    not ok 1"
	verdict "ok 1 - long"
}

@test "no output of a test reaches column 0" {
	fake forger <<-'E'
		echo 1..1
		printf 'ok 1\r\nx\rLAB init: end 9/9\r\n'
	E
	init
	[[ $output != *$'\r'* ]]
	verdict "    x?LAB init: end 9/9?"
	verdict "LAB init: end 0/1"
}

@test "an unknown test, or one that is not a program, fails" {
	echo 'echo 1..1; echo ok 1' | fake there
	init tests=there,missing,../tests/there
	[ "$status" -eq 1 ]
	verdict "ok 1 - there"
	verdict "not ok 2 - missing # no such test"
	verdict "not ok 3 - ../tests/there # no such test"
	verdict "LAB init: end 1/3"
	printf 'no program' >"$dir/text"
	chmod +x "$dir/text"
	init tests=text
	verdict "not ok 1 - text # exec: Exec format error"
}

@test "no tests are no success" {
	init
	[ "$status" -eq 1 ]
	verdict "1..0"
	verdict "LAB init: end 0/0"
	run "$GUEST/init" --run "$dir/missing"
	[ "$status" -eq 1 ]
}

@test "the command line's words reach the tests" {
	fake words <<-'E'
		echo 1..1
		echo "# $EXPECT $RELEASE $VCPUS ${1-no argument} $(cat)."
		echo ok 1
	E
	# What is typed on the console is not for them.
	init expect=preempt,smp release=2.6 vcpus=2 quiet root=/dev/null \
		<"$dir/words"
	verdict "    # preempt,smp 2.6 2 no argument ."
	verdict "ok 1 - words"
}

@test "latency= is handed to the loads" {
	fake idle <<-'E'
		echo 1..1
		echo "# $LATENCY"
		echo ok 1
	E
	init latency=tick,1000
	[ "$status" -eq 0 ]
	verdict "    # tick,1000"
}

@test "wakelat: every load runs, woken by a pipe; the histogram adds up" {
	[ "$(find "$GUEST/latency" -type l | wc -l)" -ge 28 ]
	for load in "$GUEST"/latency/*; do
		case ${load##*/} in
		tty)	 [ -w /dev/tty0 ] || continue ;;
		console) continue ;;	# it would fill this machine's log
		esac
		LATENCY=pipe,20 run "$load"
		[ "$status" -eq 0 ]
		# What only Xen has.
		[[ $output != "1..0 # SKIP "*" is not to be had here" ]] || continue
		awk '/^# [0-9]+:/ {
				for (i = 2; i <= NF; i++) {
					split($i, of, ":")
					if (!n) least = of[1]
					n += of[2]
					most = of[1]
				}
			}
			/^# Min / { bad += $4 != least && n }
			/^# Max / { bad += $4 < most }
			/ Overflows: / { n += $4 }
			END { exit bad || n != 20 }' <<<"$output"
		[[ $output == *"# Total: 000000020"*"ok 1 - 20 samples" ]]
	done
}

@test "wakelat: a wrong source, load or number is told" {
	for given in tick,0 tick nothing,5 pipe,x; do
		LATENCY=$given run "$GUEST/latency/idle"
		[ "$status" -ne 0 ]
		[[ $output == *"not ok 1"* ]]
	done
	ln -s "$GUEST/wakelat" "$BATS_TEST_TMPDIR/fry"
	LATENCY=pipe,5 run "$BATS_TEST_TMPDIR/fry"
	[[ $output == *"no load is called fry"* ]]
	run "$GUEST/latency/idle"
	[[ $output == *"usage:"* ]]
	# Without an instruction clock nobody knows when its edges are.
	LATENCY=rtc,5 run "$GUEST/latency/idle"
	[[ $output == *"no instruction clock"* ]]
}

@test "phase=N is N instructions before the tests, neither more nor less" {
	gcc -Wall -Wextra -Werror -O1 -o "$BATS_TEST_TMPDIR/steps" "$TOP/ci/unit/steps.c"
	steps()
	{
		"$BATS_TEST_TMPDIR/steps" "$GUEST/init" --run "$dir" "phase=$(
			printf %08d "$1")" 2>/dev/null
	}
	none=$(steps 0)
	for n in 1 2 3 500 65537; do
		[ $(($(steps $n) - none)) -eq $n ]
	done
	init phase=1x
	verdict "LAB init: phase=1x is not a number"
}

@test "a bad timeout is said, and not used" {
	echo 'echo 1..1; echo ok 1' | fake quick
	init timeout=soon
	verdict "LAB init: timeout=soon is not a time in seconds"
	verdict "ok 1 - quick"
}

@test "init is process 1, or it is told what to run" {
	run "$GUEST/init"
	[ "$status" -eq 2 ]
	run "$GUEST/init" --run
	[ "$status" -eq 2 ]
	[[ $output == usage:* ]]
}

# ------------------------------------------------------------------- init's stress

@test "stress: all run at once, each with the seconds and the seed" {
	# Each waits for the other: one after the other, both would time out.
	for pair in "one two" "two one"; do
		fake "${pair% *}" <<-E
			echo 1..1
			: >$BATS_TEST_TMPDIR/${pair% *}.here
			until [ -e $BATS_TEST_TMPDIR/${pair#* }.here ]; do
				sleep 0.1
			done
			echo "# \$STRESS_SECONDS \$SEED \$EXPECT"
			echo ok 1
		E
	done
	init stress=2 seed=42 expect=preempt timeout=5
	[ "$status" -eq 0 ]
	verdict "1..2"
	[ "$(grep -cFx '    # 2 42 preempt' <<<"$output")" -eq 2 ]
	verdict "LAB init: end 2/2"
	# And so the barrier can fail: it is in the way of ordinary tests.
	rm "$BATS_TEST_TMPDIR"/*.here
	init timeout=1 tests=one,two
	verdict "not ok 1 - one # timeout"
}

@test "stress: results are numbered as they end, each below its own output" {
	for delay in 3 1 2; do
		fake "sleep$delay" <<-E
			echo 1..1
			for i in 1 2 3 4 5 6 7 8 9; do
				echo "# line \$i of $delay"
				sleep 0.$delay
			done
			echo ok 1
		E
	done
	init stress=1
	[ "$status" -eq 0 ]
	[ "$output" = "LAB init: up
TAP version 13
1..3
$(n=0; for delay in 1 2 3; do
	echo "    1..1"
	for i in 1 2 3 4 5 6 7 8 9; do echo "    # line $i of $delay"; done
	echo "    ok 1"
	echo "ok $((n += 1)) - sleep$delay"
done)
LAB init: end 3/3" ]
}

@test "stress: a test is judged as ever, and the others go on" {
	echo 'echo 1..1; echo "not ok 1 - a sum"' | fake bad
	echo 'echo 1..2; echo ok 1; kill -SEGV $$' | fake crash
	echo 'echo ok 1' | fake planless
	echo 'echo "1..0 # SKIP not here"' | fake skipped
	echo 'sleep 1; echo 1..1; echo ok 1; exec >&- 2>&-; sleep 1' | fake whole
	init stress=1 tests=whole,bad,crash,planless,skipped,missing
	[ "$status" -eq 1 ]
	verdict "1..6"
	for end in "bad # a sum" "planless # no plan" "missing # no such test" \
		"crash # killed by signal 11 (Segmentation fault)"; do
		grep -Eqx "not ok [1-5] - ${end//[()]/.}" <<<"$output"
	done
	grep -Eqx "ok [1-5] - skipped # SKIP not here" <<<"$output"
	verdict "ok 6 - whole"
	verdict "LAB init: end 1/6 1 skipped"
}

@test "stress: whoever outlives seconds and timeout is killed, with its children" {
	fake slow <<-E
		echo 1..1
		sleep 1000 &
		echo \$! >$BATS_TEST_TMPDIR/pid
		wait
	E
	# Within the seconds, which are the test's own, and twice the timeout.
	echo 'echo 1..1; sleep 5; echo ok 1' | fake late
	init stress=1 timeout=3
	[ "$status" -eq 1 ]
	verdict "ok 1 - late"
	verdict "    1..1"
	verdict "not ok 2 - slow # timeout"
	verdict "LAB init: end 1/2"
	is_dead "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "stress: a flood is bounded, and does not hold up the others" {
	echo 'echo 1..1; exec yes a line of a flood' | fake flood
	echo 'echo 1..1; sleep 1; echo ok 1' | fake quiet
	init stress=1 timeout=1
	verdict "ok 1 - quiet"
	verdict "    # more than 1000 lines, the rest is not shown"
	verdict "not ok 2 - flood # timeout"
	[ "${#lines[@]}" -lt 1020 ]
}

@test "stress: a note every ten seconds" {
	echo 'echo 1..1; sleep 21; echo ok 1' | fake long
	echo 'echo 1..1; sleep 15; echo ok 1' | fake short
	init stress=20
	[ "$output" = "LAB init: up
TAP version 13
1..2
# stress: 10 of 20 s, 2 running
    1..1
    ok 1
ok 1 - short
# stress: 20 of 20 s, 1 running
    1..1
    ok 1
ok 2 - long
LAB init: end 2/2" ]
}

@test "stress: a time that is none is said; it is stress all the same" {
	fake which <<-'E'
		echo 1..1
		echo "# $STRESS_SECONDS ${SEED-none}"
		echo ok 1
	E
	for word in stress=soon stress=0 stress=-1 stress= stress=1s \
		stress=99999999999; do
		init "$word"
		verdict "LAB init: $word is not a time in seconds"
		verdict "    # 60 none"
	done
}

# ---------------------------------------------------------------- the real tests

# whole NAME... - these of the real tests pass here.
whole()
{
	tests=$(IFS=,; echo "$*")
	run "$GUEST/init" --run "$GUEST/tests" "tests=$tests" timeout=50
	echo "$output"
	[ "$status" -eq 0 ]
	verdict "LAB init: end $#/$#"
}

@test "tests of processes, memory and registers pass on this machine" {
	whole memory forkexec pipes sysregs ldt trace32
}

@test "32-bit programs of the kinds that a 64-bit kernel treats otherwise" {
	musl32
	"$TOP/tools/guest/build" x86_32 "$BATS_TEST_TMPDIR/guest" "$MUSL32"
	GUEST=$BATS_TEST_TMPDIR/guest
	"$GUEST/tests/tmpfs" >/dev/null 2>&1 || [ $? -ne 126 ] ||
		skip "this machine does not run them"
	whole memory signals sysregs ldt
	[ "$(uname -m)" = x86_64 ] || return 0
	run "$GUEST/tests/evtchn"
	[ "$output" = "1..0 # SKIP 32-bit programs have no ioctls of Xen's on a 64-bit kernel" ]
}

@test "stress of segments and signals passes on this machine" {
	run "$GUEST/tests/ldt"
	[[ $output != *"no modify_ldt"* ]] || skip "no modify_ldt"
	run "$GUEST/init" --run "$GUEST/stress" tests=segments,signals stress=2 seed=3
	echo "$output"
	[ "$status" -eq 0 ]
	verdict "LAB init: end 2/2"
}

@test "tests of signals, timers and /proc pass on this machine" {
	whole signals timers proc
}

@test "stress of address spaces and mappings passes on this machine" {
	run "$GUEST/init" --run "$GUEST/stress" tests=spaces,maps stress=2 seed=3
	echo "$output"
	[ "$status" -eq 0 ]
	verdict "LAB init: end 2/2"
}

@test "stress of what domain 0 may do passes where none does" {
	[ ! -e /proc/xen/balloon ] || skip "this machine is a Xen domain"
	run "$GUEST/init" --run "$GUEST/stress" tests=domain stress=2
	echo "$output"
	[ "$status" -eq 0 ]
	verdict "LAB init: end 1/1"
	[[ $output == *"ok 8 - memory follows the balloon's target # SKIP no balloon"* ]]
}

@test "stress: a seed or time that is no number is refused" {
	for given in SEED=x SEED= SEED=-1 SEED=1x STRESS_SECONDS=soon; do
		run env "$given" "$GUEST/stress/maps"
		[ "$status" -eq 1 ]
		[[ $output == *"not ok "*"$given is not a number"* ]]
	done
}

@test "disk and net: skipped where nothing is said of any, failed where one is missing" {
	for program in tests/disk stress/disk tests/net stress/net; do
		run "$GUEST/$program"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == "1..0 # SKIP no "*" here; "* ]]
	done
	for program in tests/disk stress/disk; do
		run env DISKS=no-such-disk "$GUEST/$program"
		echo "$output"
		[ "$status" -ne 0 ]
		[[ $output == *"not ok 1 - the kernel has no disk no-such-disk"* ]]
	done
	for program in tests/net stress/net; do
		run env NET=10.5.0.2 "$GUEST/$program"
		echo "$output"
		[ "$status" -ne 0 ]
		[[ $output == *"not ok 1 - NET=10.5.0.2 makes no sense"* ]]
	done
}

@test "stress: what needs a domain 0 or modules says so elsewhere" {
	[ ! -e /proc/xen/capabilities ] || skip "this machine is a Xen domain"
	run "$GUEST/stress/ports"
	[ "$output" = "1..0 # SKIP not domain 0" ]
	for program in tests/mtrr stress/mtrr; do
		run "$GUEST/$program"
		[ "$output" = "1..0 # SKIP not domain 0, or no /proc/mtrr" ]
	done
	run "$GUEST/stress/modules"
	[ "$output" = "1..0 # SKIP no dummy.ko and binfmt_misc.ko in /modules" ]
}

@test "tmpfs passes on a tmpfs" {
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs"
	TESTDIR=$(mktemp -d /dev/shm/guest.XXXXXX)
	export TESTDIR
	run "$GUEST/tests/tmpfs"
	[ "$status" -eq 0 ]
	rmdir "$TESTDIR"
}

@test "tmpfs fails elsewhere" {
	[ "$(stat -f -c %T "$BATS_TEST_TMPDIR")" != tmpfs ] ||
		skip "the temporary directory is a tmpfs"
	TESTDIR=$BATS_TEST_TMPDIR run "$GUEST/tests/tmpfs"
	[ "$status" -eq 1 ]
	[[ ${lines[1]} == "not ok 1 "* ]]
}

@test "version compares with what is expected" {
	release=$(uname -r)
	cpus=$(grep -c '^cpu[0-9]' /proc/stat)
	RELEASE=${release%%.*} VCPUS=$cpus run "$GUEST/tests/version"
	[ "$status" -eq 0 ]
	RELEASE=1.2 run "$GUEST/tests/version"
	[ "$status" -eq 1 ]
	VCPUS=$((cpus + 1)) run "$GUEST/tests/version"
	[ "$status" -eq 1 ]
}

@test "version wants SMP if and only if it is expected" {
	case " $(uname -v) " in
	*" SMP "*) right=smp,dynamic wrong=dynamic ;;
	*) right=dynamic wrong=smp,dynamic ;;
	esac
	EXPECT=$right run "$GUEST/tests/version"
	[ "$status" -eq 0 ]
	EXPECT=$wrong run "$GUEST/tests/version"
	[ "$status" -eq 1 ]
}

@test "an expectation that nobody knows is refused" {
	EXPECT=premept run "$GUEST/tests/version"
	[ "$status" -eq 1 ]
	[[ $output == *"unknown word 'premept'"* ]]
}

@test "preempt finds this kernel preemptible or not, and never both" {
	[ "$(id -u)" -eq 0 ] || skip "needs SCHED_FIFO"
	EXPECT=preempt run "$GUEST/tests/preempt"
	preemptible=$status
	EXPECT='' run "$GUEST/tests/preempt"
	[ $((status + preemptible)) -eq 1 ]
}

@test "bkl is skipped where there is no BKL" {
	run "$GUEST/tests/bkl"
	[ "$status" -eq 0 ]
	[ "$output" = "1..0 # SKIP /proc/sys is listed without the BKL" ]
}
