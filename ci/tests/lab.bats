#!/usr/bin/env bats
# The lab without a kernel: the runner against a QEMU that is a shell script, the
# ramdisks, and the command line that tools/lab/boot makes.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

setup_file()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	SANITIZE="-g -O1 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all"
	RUNNER=$BATS_FILE_TMPDIR/runner
	# A runner that does not end is a failure too.
	BATS_TEST_TIMEOUT=120
	export TOP SANITIZE RUNNER BATS_TEST_TIMEOUT
	CFLAGS=$SANITIZE "$TOP/tools/lab/build-runner" "$RUNNER"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
	# What a healthy boot prints, for the fakes to use.
	cat >pieces <<-'EOF'
	exec >console.log
	xen()     { echo "(XEN) Xen version 4.17.7 (Debian)"; }
	kernel()  { xen; echo "Linux version 2.6.12.6-xen0"; }
	init()    { kernel; echo "LAB init: up"; }
	plan()    { init; printf 'TAP version 13\n1..%s\n' "$1"; }
	end()     { echo "LAB init: end $1"; echo "LAB init: power off"; }
	good()    { plan 2; echo "ok 1 - a"; echo "ok 2 - b"; end 2/2; }
	EOF
}

teardown()
{
	# Nothing may be left of any fake.
	if [ -f pid ]; then
		gone "$(cat pid)"
	fi
}

# gone PID - has it ended?  Reaping an orphan is init's business and may take it
# a while.
gone()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) in
		'' | Z*) return 0 ;;
		esac
		sleep 0.1
	done
	return 1
}

# fake - standard input becomes ./qemu, after the pieces.
fake()
{
	{ echo '#!/bin/sh' && cat pieces - ; } >qemu
	chmod +x qemu
}

# lab CODE OPTION... - the runner must end with CODE; xen0, no limit is near.
lab()
{
	want=$1
	shift
	run timeout -k 5 60 "$RUNNER" --out out --role xen0 --log console.log --name fake \
		--silence 20 --total 40 "$@" -- ./qemu
	echo "$output"
	[ "$status" -eq "$want" ]
}

# result FILTER VALUE - out/result.json must say so.
result()
{
	said=$(jq -r "$1" out/result.json)
	echo "$1: $said"
	[ "$said" = "$2" ]
}

@test "the log reader alone, on written and recorded logs, with sanitizers" {
	# shellcheck disable=SC2046,SC2086 # words
	gcc -std=gnu11 -Wall -Wextra -D_GNU_SOURCE $SANITIZE -o unit \
		"$TOP/ci/unit/verdict.c" $(pkg-config --cflags --libs cmocka)
	./unit "$TOP/ci/data"
}

@test "a good boot passes, and result.json has it all" {
	fake <<-'EOF'
	cp out/result.json before.json
	good
	EOF
	lab 0 --echo --meta vcpus=2 --meta 'append=a,b "c"'
	[[ $output == *"init up"*" s"*"power off"*"machine off"* ]]
	[[ $output == *"fake: PASS after "*": 2 of 2 tests passed"* ]]
	[ "$(jq -r '.verdict, .name, .meta.vcpus, .command[0], .seconds' before.json)" = \
		"$(printf '%s\n' RUNNING fake 2 ./qemu null)" ]
	jq -e '.start | test("^20..-..-..T..:..:..Z$")' before.json
	result .verdict PASS
	result .name fake
	result .role xen0
	result .layer null
	result '.meta.append' 'a,b "c"'
	result '.command | join(" ")' ./qemu
	result '[.tests[] | .name + " " + .result] | join(", ")' "a ok, b ok"
	result '.stages | keys_unsorted | join(" ")' \
		"hypervisor kernel init plan end poweroff off"
	result '.last["console.log"][-1]' "LAB init: power off"
	result '.seconds >= .stages.off and .end >= .start' true
	printf 'TAP version 13\n1..2\nok 1 - a\nok 2 - b\n' | cmp - out/guest.tap
	[ ! -e out/result.json.new ]
}

@test "a test that fails: FAIL" {
	fake <<-'EOF'
	plan 2; echo "# of a"; echo "ok 1 - a"
	echo "    # says why"; echo "not ok 2 - b # it broke"; echo "# later"; end 1/2
	EOF
	lab 1
	[[ $output == *"FAIL in test"*"not ok 2 - b: it broke"$'\n'"  # says why" ]]
	result .verdict FAIL
	result '.tests[1].result' "not ok"
}

@test "all tests skipped: SKIP" {
	fake <<-'EOF'
	plan 1; echo "ok 1 - a # SKIP no such thing"; end "0/1 1 skipped"
	EOF
	lab 3
	result .reason "all was skipped: no such thing"
}

@test "a panic that hangs: CRASH, soon, with the rest of the oops" {
	fake <<-'EOF'
	init; echo "Kernel panic - not syncing: x"; sleep 1; echo "EIP is at y"
	echo $$ >pid; exec sleep 100
	EOF
	lab 4
	[[ $output == *"CRASH in kernel"*"Kernel panic - not syncing: x" ]]
	result '.seconds < 15' true
	result '.last["console.log"][-1]' "EIP is at y"
	result .layer kernel
}

@test "a kernel that warns without end: CRASH, not for ever" {
	fake <<-'EOF'
	init; echo $$ >pid
	while :; do echo "scheduling while atomic: x/0x1/1"; sleep 0.5; done
	EOF
	lab 4 --total 2
}

@test "trouble after a complete pass: CRASH" {
	fake <<-'EOF'
	good; echo "(XEN) Panic on CPU 0:"
	EOF
	lab 4
	result .layer hypervisor
}

@test "silence: TIMEOUT, and the stage is named" {
	fake <<-'EOF'
	kernel; echo $$ >pid; exec sleep 100
	EOF
	lab 5 --stage-silence init=1
	[[ $output == *"TIMEOUT in kernel"*"silent for 1 s, waiting for: init up" ]]
	result .stage init
}

@test "never silent, never done: TIMEOUT" {
	fake <<-'EOF'
	plan 2; echo $$ >pid; while :; do echo "# still here"; sleep 0.2; done
	EOF
	lab 5 --silence 2 --total 4
	[[ $output == *"not done after 4 s"*"(0 of 2 tests reported)" ]]
	result .layer test
}

@test "power off in the middle of the tests: CRASH" {
	fake <<-'EOF'
	plan 2; echo "ok 1 - a"
	EOF
	lab 4
	[[ $output == *"went off before: TAP end (1 of 2 tests reported)" ]]
}

@test "power off without a word: CRASH" {
	fake </dev/null
	lab 4
	result .layer hypervisor
}

@test "TAP broken half-way: CRASH" {
	fake <<-'EOF'
	plan 2; echo "ok 1 - a"; printf 'ok'; echo "some driver says"; end 2/2
	EOF
	lab 4
	[[ $output == *"no valid result: 1 of 2 tests reported" ]]
}

@test "one name twice: CRASH" {
	fake <<-'EOF'
	plan 2; echo "ok 1 - a"; echo "ok 2 - a"; end 2/2
	EOF
	lab 4
	[[ $output == *"tests 1 and 2 have the same name" ]]
}

@test "a flood: CRASH, soon, with what it was, and QEMU is ended" {
	fake <<-'EOF'
	init; echo $$ >pid; exec yes "printk: $(printf %0100d 0)"
	EOF
	lab 4
	[[ $output == *"more than "*" MB of log, waiting for: TAP plan; in it: printk: 00"* ]]
	result '.last["console.log"] | length' 20
	rm console.log
}

@test "a log of 100 MB at once: CRASH, in seconds and little memory" {
	fake <<-'EOF'
	plan 2; echo "ok 1 - a"; yes "$(printf %01000d 0)" | head -c 100000000
	echo; echo "ok 2 - b"; end 2/2
	EOF
	CFLAGS=-O2 "$TOP/tools/lab/build-runner" fast
	RUNNER="$PWD/limited"
	# The sanitizers reserve more than any limit.
	printf '#!/bin/sh\nulimit -v 20000\nexec ./fast "$@"\n' >limited
	chmod +x limited
	lab 4
	[[ $output == *"more than "*" MB of log, waiting for: TAP end (1 of 2"* ]]
	result '.seconds < 20' true
	rm console.log
}

@test "more than a slow line can say in time, and nothing done: CRASH, not TIMEOUT" {
	fake <<-'EOF'
	kernel; echo $$ >pid; sleep 0.3; yes planted | head -c 1200000; exec sleep 100
	EOF
	lab 4
	[[ $output == *"CRASH in kernel"*"more than 1 MB of log, waiting for: init up"* ]]
}

@test "as much while the stress says that time goes by is no flood" {
	fake <<-'EOF'
	plan 1
	for n in 1 2 3; do
		yes planted | head -c 600000; sleep 0.3
		echo "# stress: ${n}0 of 30 s, 1 running"
	done
	echo "ok 1 - a"; end 1/1
	EOF
	lab 0
	rm console.log
}

@test "as much from tests that get done is no flood" {
	fake <<-'EOF'
	noise() { yes "# noise" | head -n 100000; sleep 0.3; }
	plan 3; noise; echo "ok 1 - a"; sleep 0.3; noise; echo "ok 2 - b"; sleep 0.3
	noise; echo "ok 3 - c"; end 3/3
	EOF
	lab 0
}

@test "binary noise and a line without end do not hide a pass, or make one" {
	fake <<-'EOF'
	gzip -c "$RUNNER" | head -c 100000; echo
	good
	EOF
	lab 0
	fake <<-'EOF'
	init; gzip -c "$RUNNER" | head -c 100000; head -c 1000000 /dev/zero
	EOF
	lab 4
	jq -e . out/result.json >/dev/null
}

@test "QEMU is asked to end before it is made to" {
	fake <<-'EOF'
	trap 'echo asked >asked; exit' TERM; init; while :; do sleep 0.1; done
	EOF
	lab 5 --stage-silence plan=1
	[ -f asked ]
}

@test "a QEMU that ignores SIGTERM is ended all the same, its children too" {
	fake <<-'EOF'
	trap '' TERM; init; sleep 100 & echo $! >pid; while :; do sleep 1; done
	EOF
	lab 5 --stage-silence plan=1
}

@test "a QEMU that dies: ERROR with its last words" {
	fake <<-'EOF'
	init; echo "qemu: could not do it" >&2; exit 3
	EOF
	lab 2
	[[ $output == *"ERROR in lab"*"ended with status 3: qemu: could not do it" ]]
	fake <<-'EOF'
	init; kill -SEGV $$
	EOF
	lab 2
	[[ $output == *"killed by signal 11"* ]]
}

@test "a panic is a panic even if QEMU then fails" {
	fake <<-'EOF'
	init; echo "Kernel panic - not syncing: x"; exit 1
	EOF
	lab 4
}

@test "a triple fault, in QEMU itself: CRASH" {
	# A machine that does nothing else; and one that had said all was well.
	for said in '' good; do
		cat >fault.S <<-'EOF'
		.long 0x1badb002, 0, -0x1badb002
		.globl _start
		_start: lidt empty
		int3
		empty: .quad 0
		EOF
		i686-linux-gnu-gcc -nostdlib -static -Wl,--build-id=none,-Ttext=0x100000 \
			-o fault fault.S
		fake <<-EOF
		$said
		exec qemu-system-x86_64 -accel tcg -cpu qemu64 -nodefaults -no-reboot \
			-d cpu_reset -display none -kernel fault >&2
		EOF
		lab 4
		[[ $output == *"CRASH in hypervisor"*"triple fault, waiting for: "* ]]
	done
}

@test "Xen halts the machine, QEMU stays: it counts as off" {
	fake <<-'EOF'
	good; echo "(XEN) Hardware Dom0 halted: halting machine"; echo $$ >pid
	exec sleep 100
	EOF
	lab 0
	result '.stages | has("off")' true
}

@test "no QEMU: ERROR, one clear line" {
	rm -f qemu
	lab 2
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"cannot start ./qemu: No such file"* ]]
	result .verdict ERROR
	result .layer lab
}

@test "an earlier boot's log does not count" {
	fake <<<good
	lab 0
	fake <<-'EOF'
	exec >/dev/null; echo $$ >pid; exec sleep 100
	EOF
	lab 5 --silence 1
	result .stage hypervisor
}

@test "Ctrl-C: INTERRUPTED, and nothing is left behind" {
	fake <<-'EOF'
	init; sleep 100 & echo $! >pid; wait
	EOF
	for signal in INT TERM HUP; do
		rm -f pid
		# A job in the background would ignore SIGINT from birth.
		env --default-signal=INT "$RUNNER" --out out --role xen0 \
			--log console.log --silence 20 --total 40 -- ./qemu 3>&- &
		until [ -s pid ]; do sleep 0.1; done
		kill -$signal $!
		code=0
		wait $! || code=$?
		[ "$code" -eq 130 ]
		gone "$(cat pid)"
		result .verdict INTERRUPTED
	done
}

@test "the runner killed: QEMU goes with it, and result.json says RUNNING" {
	fake <<-'EOF'
	init; echo $$ >pid; exec sleep 100
	EOF
	"$RUNNER" --out out --role xen0 --log console.log --silence 20 --total 40 \
		--meta kernel=1a -- ./qemu 3>&- &
	until [ -s pid ]; do sleep 0.1; done
	kill -KILL $!
	wait $! || :
	gone "$(cat pid)"
	result .verdict RUNNING
	result .meta.kernel 1a
}

@test "a full disk: ERROR, never a verdict on the guest" {
	fake <<<good
	mkdir out
	ln -s /dev/full out/guest.tap
	lab 2
	result .layer lab
	rm -r out
	mkdir -p out/result.json.new
	lab 2
	[[ $output == "runner: out/result.json: "* ]]
}

# run_on_disk SIZE - ./qemu's verdict with all that is written on a disk of SIZE;
# what was in its out is then in kept.
run_on_disk()
{
	mkdir -p disk
	rm -rf kept
	# The disk is gone with the namespace.
	# shellcheck disable=SC2016 # the inner shell's
	run unshare --mount --map-root-user sh -c 'mount -t tmpfs -o size=$1 none disk
		code=0
		timeout -k 5 60 "$2" --out disk/out --role xen0 --log disk/console.log \
			--name fake --silence 20 --total 40 -- ./qemu || code=$?
		[ ! -d disk/out ] || cp -r disk/out kept
		exit $code' - "$1" "$RUNNER"
	echo "$output"
}

@test "a disk that is full: ERROR and the reason, and result.json says RUNNING" {
	# It is full at once while QEMU runs: nothing can be written, result.json neither.
	fake <<-'EOF'
	exec >disk/console.log
	plan 2; echo "ok 1 - a"
	until fallocate -l "$(($(stat -f -c "%a * %S" disk)))" disk/other; do :; done
	cat /dev/zero >disk/rest 2>/dev/null
	echo "ok 2 - b"; end 2/2
	EOF
	run_on_disk 4m
	[ "$status" -eq 2 ]
	[[ $output == *"fake: ERROR in lab"*"No space left on device" ]]
	[ "$(jq -r .verdict kept/result.json)" = RUNNING ]
	[ ! -e kept/result.json.new ]
	# Almost full: the reason can be written, too.
	sed -i 's/^until.*/fallocate -l 3500000 disk\/other/; /^cat/d' qemu
	run_on_disk 4m
	[ "$status" -eq 2 ]
	[[ $output == *"fake: ERROR in lab"*": no space left on the disk of "* ]]
	[ "$(jq -r '.verdict + " " + .layer' kept/result.json)" = "ERROR lab" ]
	# Full from the start.
	run_on_disk 4m,nr_inodes=2
	[ "$status" -eq 2 ]
	[[ $output == "runner: disk/out/result.json: No space left on device" ]]
	[ -z "$(ls kept)" ]
	# And with room enough it passes, so it was the room.
	run_on_disk 8m
	[ "$status" -eq 0 ]
}

@test "wrong use: 2, and a usage line" {
	fake <<<good
	for bad in "--role dom1" "--silence 0" "--silence 1x" "--total -1" \
		"--stage-silence here=1" "--stage-silence init" "--meta novalue" \
		"--log2 domU.log" "--events all" "--what"; do
		# shellcheck disable=SC2086 # words
		lab 2 $bad
		[[ $output == *usage:* ]]
	done
	run "$RUNNER"
	[ "$status" -eq 2 ]
	[ ! -e out ]
}

@test "xenU: the guest's port is the second" {
	fake <<-'EOF'
	exec 4>domU.log
	xen; echo "LAB dom0: up"; echo "LAB dom0: domain created"
	good >&4; sed -i /XEN/d domU.log
	echo "LAB dom0: domain ended: ${ENDED-poweroff}"; echo "LAB dom0: power off"
	EOF
	set -- --role xenU --log2 domU.log
	lab 0 "$@"
	result '.stages | keys_unsorted | join(" ")' \
		"hypervisor dom0 domain kernel init plan end poweroff ended off"
	result '.last | keys | join(" ")' "console.log domU.log"
	ENDED=crash lab 4 "$@"
	[[ $output == *"CRASH in kernel"*"domain ended: crash" ]]
}

@test "xenU: a domain 0 that fails is the lab's fault" {
	fake <<-'EOF'
	: >domU.log; xen; echo "LAB dom0: up"; echo "LAB dom0: failed: xl: no memory"
	EOF
	lab 2 --role xenU --log2 domU.log
	[[ $output == *"ERROR in dom0"*"xl: no memory" ]]
}

@test "xenU: events are counted, and none of a kind ordered is an ERROR" {
	fake <<-'EOF'
	exec 4>domU.log
	xen; echo "LAB dom0: up"; echo "LAB dom0: domain created"
	good >&4; sed -i /XEN/d domU.log
	echo "LAB dom0: event 1: save"; echo "LAB dom0: event 1: save done"
	echo "LAB dom0: domain ended: poweroff"; echo "LAB dom0: power off"
	EOF
	set -- --role xenU --log2 domU.log
	lab 0 "$@" --events save
	[[ $output == *"2 of 2 tests passed, 0 skipped; events: 1 save" ]]
	result '.events | tostring' '{"save":1}'
	lab 2 "$@" --events save,vcpu
	[[ $output == *"ERROR in dom0"*"not one vcpu was done" ]]
	result '.events | tostring' '{"save":1,"vcpu":0}'
	lab 2 "$@" --events save:2
	[[ $output == *"ERROR in dom0"*"1 save were done, not 2" ]]
	lab 0 "$@"
	result '.events | tostring' '{}'
}

@test "xenU: a disk that is damaged is a FAIL, one that nobody looked at an ERROR" {
	fake <<-'EOF'
	exec 4>domU.log
	xen; echo "LAB dom0: up"; echo "LAB dom0: domain created"
	good >&4; sed -i /XEN/d domU.log
	echo "LAB dom0: domain ended: poweroff"
	cat disks
	echo "LAB dom0: power off"
	EOF
	set -- --role xenU --log2 domU.log --disks 2
	printf 'LAB disk %s: clean\n' xvda xvdb >disks
	lab 0 "$@"
	echo "LAB disk xvda: clean" >disks
	lab 2 "$@"
	[[ $output == *"ERROR in lab"*"1 of 2 disks were checked" ]]
	echo "LAB disk xvdb: damaged: Inode 12: wrong" >>disks
	lab 1 "$@"
	[[ $output == *"FAIL in kernel"*"disk xvdb: damaged: Inode 12: wrong" ]]
	# What the guest itself says against it goes first.
	sed -i 's/good >&4/{ plan 1; echo "not ok 1 - a"; end 0\/1; } >\&4/' qemu
	lab 1 "$@"
	[[ $output == *"FAIL in test"* ]]
	lab 2 "$@" --disks 0
}

@test "--after: told once the machine is off, and counted" {
	echo good | fake
	lab 0 --disks 1 --after 'echo "LAB disk a: clean"'
	result '.last["console.log"][-1]' 'LAB disk a: clean'
	lab 2 --disks 1 --after 'echo LAB disk a'
	lab 1 --disks 1 --after 'echo "LAB disk a: damaged: by x"'
	[[ $output == *"FAIL in kernel"*"disk a: damaged: by x" ]]
	# What was wrong before stays so.
	echo 'init; echo "Kernel panic - not syncing: x"' | fake
	lab 4 --after 'echo "LAB disk a: damaged: by x"'
	result .layer kernel
}

@test "check_disks: clean with a journal to be replayed, damaged without an inode table" {
	. "$TOP/tools/lab/disks.sh"
	make_disks root other
	[ "$(check_disks root other)" = "$(printf 'LAB disk %s: clean\n' root other)" ]
	/sbin/debugfs -w -R "feature needs_recovery" root
	[ "$(check_disks root)" = "LAB disk root: clean" ]
	dd if=/dev/zero of=other bs=4k seek=3 count=100 conv=notrunc
	[[ $(check_disks other | tail -n 1) == "LAB disk other: damaged: "?* ]]
	[[ $(check_disks nowhere | tail -n 1) == "LAB disk nowhere: damaged: "?* ]]
}

# ----------------------------------------------------------------- ramdisks

guest_files()
{
	mkdir -p guest/tests guest/stress guest/latency guest/costs
	ln -s ../wakelat guest/latency/idle
	ln -s ../cost guest/costs/idle
	for program in init wakelat cost; do
		echo "$program" >"guest/$program"
	done
	echo one >guest/tests/one
	echo hard >guest/stress/hard
	mkdir bb
	echo busybox >bb/busybox
	printf '/bin/%s\n' ash busybox sh zcat >bb/busybox.links
}

@test "the ramdisk: what it holds, no root needed, the same bytes twice" {
	guest_files
	"$TOP/tools/lab/ramdisk" guest bb one.gz
	touch -d @1 guest/init
	(umask 077 && "$TOP/tools/lab/ramdisk" guest bb two.gz)
	cmp one.gz two.gz
	zcat one.gz | cpio --quiet -tv | awk '{
		print $1, $3, $4, ($5 ~ /,$/ ? $5 $6 : "-"), $(NF - 2 * ($(NF - 1) == "->")) }' >list
	diff list - <<-'EOF'
	drwxr-xr-x root root - bin
	drwxr-xr-x root root - costs
	drwxr-xr-x root root - dev
	drwxr-xr-x root root - latency
	drwxr-xr-x root root - proc
	drwxr-xr-x root root - stress
	drwxr-xr-x root root - sys
	drwxr-xr-x root root - tests
	drwxr-xr-x root root - tmp
	crw------- root root 5,1 dev/console
	crw-rw-rw- root root 1,3 dev/null
	-rwxr-xr-x root root - bin/busybox
	lrwxrwxrwx root root - bin/ash
	lrwxrwxrwx root root - bin/sh
	lrwxrwxrwx root root - bin/zcat
	-rwxr-xr-x root root - tests/one
	-rwxr-xr-x root root - stress/hard
	lrwxrwxrwx root root - latency/idle
	lrwxrwxrwx root root - costs/idle
	-rwxr-xr-x root root - init
	-rwxr-xr-x root root - wakelat
	-rwxr-xr-x root root - cost
	EOF
	mkdir x
	(cd x && zcat ../one.gz | cpio --quiet -idu init tests/one bin/sh)
	cmp x/init guest/init
	cmp x/tests/one guest/tests/one
	[ "$(readlink x/bin/sh)" = busybox ]
}

@test "the ramdisk: something missing is 2 and leaves nothing" {
	guest_files
	run "$TOP/tools/lab/ramdisk" guest nobusybox out.gz
	[ "$status" -eq 2 ]
	rm bb/busybox.links
	run "$TOP/tools/lab/ramdisk" guest bb out.gz
	[ "$status" -eq 2 ]
	touch bb/busybox.links
	mv guest/stress elsewhere
	run "$TOP/tools/lab/ramdisk" guest bb out.gz
	[ "$status" -eq 2 ]
	[ "$output" = "ramdisk: no directory guest/stress" ]
	mv elsewhere guest/stress
	rm guest/init
	run "$TOP/tools/lab/ramdisk" guest bb out.gz
	[ "$status" -eq 2 ]
	[ -z "$(ls -- *.gz* 2>/dev/null)" ]
}

# --------------------------------------------------------------------- boot

# boot CODE OPTION... - tools/lab/boot with a fake qemu-system-x86_64 on PATH.
boot()
{
	want=$1
	shift
	run env PATH="$PWD/path:$PATH" XEN_PREEMPT_CACHE="$PWD/cache" \
		"$TOP/tools/lab/boot" --name K --kernel vm/linux --ramdisk rd \
		--hypervisor xen-image --dom0 dom0 --out 'out dir' \
		--silence 20 --total 40 "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

boot_files()
{
	mkdir -p vm path dom0
	echo kernel >vm/linux
	echo ramdisk >rd
	echo xen >xen-image
	echo vmlinux >dom0/vmlinux
	printf 'four' >dom0/dom0.cpio
	{
		cat <<-'EOF'
		#!/bin/sh
		[ "$1" != --version ] || { echo "QEMU emulator version 7.2.0"; exit; }
		printf '%s\n' "$@" >args
		EOF
		cat pieces
		echo good
	} >path/qemu-system-x86_64
	chmod +x path/qemu-system-x86_64
}

@test "boot xen0: QEMU's words; reproduce.sh gives the same, from anywhere" {
	boot_files
	boot 0 --role xen0 --vcpus 2 --append "expect=preempt,smp it's" --meta config=1a
	cd 'out dir'
	grep -qx "kernel console=tty0 console=ttyS0 .*pci=off .* expect=preempt,,smp it's,ramdisk" args
	[ "$(sed -n '/^-smp$/{n;p}' args)" = 2 ]
	[ "$(cat kernel ramdisk xen)" = "$(printf 'kernel\nramdisk\nxen')" ]
	[ "$(jq -r .meta.append result.json)" = "expect=preempt,smp it's" ]
	[ "$(jq -r .meta.qemu result.json)" = 7.2.0 ]
	[ "$(jq -r .meta.kernel result.json)" = "$(sha256sum <kernel | cut -c1-64)" ]
	[ "$(jq -r .meta.ramdisk result.json)" = "$(sha256sum <ramdisk | cut -c1-64)" ]
	[ "$(jq -r .meta.hypervisor result.json)" = "$(sha256sum <xen | cut -c1-64)" ]
	[ "$(jq -r .meta.config,.meta.clock result.json)" = "$(printf '1a\nhost')" ]
	[ "$(jq -r '.command[1:][]' result.json)" = "$(cat args)" ]
	mv args first
	(cd / && PATH="$BATS_TEST_TMPDIR/path:$PATH" \
		"$BATS_TEST_TMPDIR/out dir/reproduce.sh")
	cmp first args
}

@test "boot xenU: the domain travels behind domain 0's ramdisk" {
	boot_files
	sed -i 's/^good$/xen; : >domU.log; echo "LAB dom0: failed: x"/' path/*
	boot 2 --role xenU --vcpus 2 --append "expect=preempt,smp"
	grep -qx "kernel console=hvc0 .*,ramdisk" 'out dir/args'
	grep -qx "file:domU.log" 'out dir/args'
	[ "$(head -c 4 'out dir/ramdisk')" = four ]
	tail -c +5 'out dir/ramdisk' | cpio --quiet -id
	cmp domU/kernel vm/linux
	cmp domU/ramdisk rd
	grep -qx 'extra = "console=tty0 console=xvc0 expect=preempt,smp"' domU/config
	grep -qx 'vcpus = 2' domU/config
	[ "$(jq -r .meta.kernel 'out dir/result.json')" = \
		"$(sha256sum <vm/linux | cut -c1-64)" ]
	[ "$(jq -r .meta.dom0_kernel 'out dir/result.json')" = \
		"$(sha256sum <dom0/vmlinux | cut -c1-64)" ]
	[ "$(jq -r .meta.dom0_ramdisk 'out dir/result.json')" = \
		"$(sha256sum <dom0/dom0.cpio | cut -c1-64)" ]
}

@test "boot --icount: QEMU counts instructions, and result.json says so" {
	boot_files
	boot 0 --role xen0 --icount
	grep -qx -e -icount 'out dir/args'
	[ "$(jq -r .meta.clock 'out dir/result.json')" = instructions ]
}

@test "boot native: a kernel by itself, its clock's interrupts not taken by another timer" {
	boot_files
	boot 0 --role native --icount
	grep -qx "console=ttyS0 panic=1 ide0=noprobe ide1=noprobe " 'out dir/args'
	[ "$(sed -n '/^-kernel$/{n;p}' 'out dir/args')" = kernel ]
	[ "$(sed -n '/^-initrd$/{n;p}' 'out dir/args')" = ramdisk ]
	grep -qx "hpet=off" 'out dir/args'
	[ ! -e 'out dir/xen' ]
	jq -e '.role == "native" and .meta.role == "native" and
		(.meta | has("hypervisor") | not)' 'out dir/result.json'
	boot 2 --role native --devices disk
	[[ $output == *"on Xen, not for native"* ]]
}

@test "boot --devices rtc: ACPI for a domain 0, and still a replay" {
	boot_files
	boot 0 --role xen0 --icount --devices rtc
	grep -qx "kernel console=tty0 console=ttyS0 panic=1 ide0=noprobe ide1=noprobe  rtc=yes,ramdisk" \
		'out dir/args'
	boot 2 --role xen0 --icount --devices rtc,disk
	[[ $output == *"not with --icount"* ]]
	boot 2 --role xenU --devices rtc
	[[ $output == *"rtc is for a domain 0"* ]]
}

@test "boot --trace: QEMU has the plugin, and no trace of an earlier boot is left" {
	boot_files
	mkdir 'out dir'
	echo old >'out dir/trace.1'
	boot 0 --role xen0 --icount --trace
	plugin=$(sed -n '/^-plugin$/{n;p}' 'out dir/args')
	[[ $plugin == "file=$PWD/cache/runner/trace."*".so,out=trace" ]]
	plugin=${plugin#file=}
	nm -D --defined-only "${plugin%,out=trace}" | grep -q qemu_plugin_install
	[ ! -e 'out dir/trace.1' ]
}

@test "boot: one at a time in a directory; killed before QEMU, no old verdict stays" {
	boot_files
	boot 0 --role xen0
	exec 7<'out dir'
	flock 7
	boot 2 --role xen0
	[[ $output == "boot: another boot is at work in "* ]]
	exec 7<&-
	# The runner does not compile: nothing was booted, and nothing says so.
	rm -r cache
	CC=false boot 2 --role xen0
	[ ! -e 'out dir/result.json' ]
}

@test "boot --events: domain 0 and the runner get the order, all is what can be done" {
	boot_files
	sed -i 's/^good$/xen; : >domU.log; echo "LAB dom0: failed: x"/' path/*
	boot 2 --role xenU --vcpus 2 --events save:3,vcpu --seed 42
	grep -qx "kernel .* lab.events=save,,vcpu lab.seed=42,ramdisk" 'out dir/args'
	[ "$(jq -r '.events | keys | join(" ")' 'out dir/result.json')" = "save vcpu" ]
	[ "$(jq -r .meta.seed 'out dir/result.json')" = 42 ]
	boot 2 --role xenU --vcpus 2 --events all
	grep -q "lab.events=save,,pause,,memory,,vcpu lab.seed=1," 'out dir/args'
	boot 2 --role xenU --events all
	grep -q "lab.events=save,,pause,,memory lab.seed=1," 'out dir/args'
	boot 2 --role xenU
	run grep -q "lab\." 'out dir/args'
	[ "$status" -eq 1 ]
	jq -e '.events == {} and (.meta | has("seed") | not)' 'out dir/result.json'
}

@test "boot --devices: domain 0 serves them, the guest is told of them, the runner counts" {
	boot_files
	sed -i 's/^good$/xen; : >domU.log; echo "LAB dom0: failed: x"/' path/*
	boot 2 --role xenU --devices disk,net
	grep -qx "kernel .* lab.devices=disk,,net,ramdisk" 'out dir/args'
	tail -c +5 'out dir/ramdisk' | cpio --quiet -id
	grep -qx 'disk = .*loop0,xvda,w.*loop1,xvdb,w.*' domU/config
	[ "$(grep -c '^vif = .*mac=.*mac=' domU/config)" = 1 ]
	grep -q '^extra = ".* root=/dev/xvda disks=xvda,xvdb net=10[.]5[.]0[.]2/10' domU/config
	boot 2 --role xenU --devices net
	tail -c +5 'out dir/ramdisk' | cpio --quiet -idu
	run grep -e '^disk' -e root= domU/config
	[ "$status" -eq 1 ]
	boot 2 --role xenU
	tail -c +5 'out dir/ramdisk' | cpio --quiet -idu
	run grep -e '^disk' -e vif -e net= domU/config
	[ "$status" -eq 1 ]
}

@test "boot --beside: a CPU of its own, or one that others want, too" {
	boot_files
	sed -i 's/^good$/xen; : >domU.log; echo "LAB dom0: failed: x"/' path/*
	boot 2 --role xenU --vcpus 2 --beside nothing
	[ "$(sed -n '/^-smp$/{n;p}' 'out dir/args')" = 3 ]
	grep -q " dom0_vcpus_pin$" 'out dir/args'
	[ "$(jq -r .meta.beside 'out dir/result.json')" = nothing ]
	tail -c +5 'out dir/ramdisk' | cpio --quiet -id
	grep -qx 'cpus = "1-2"' domU/config
	boot 2 --role xenU --beside domU
	[ "$(sed -n '/^-smp$/{n;p}' 'out dir/args')" = 1 ]
	grep -q " lab.beside=domU,ramdisk$" 'out dir/args'
	tail -c +5 'out dir/ramdisk' | cpio --quiet -idu
	grep -qx 'name = "beside"' domU/beside
	grep -qx 'extra = ".* tests=spin"' domU/beside
	boot 2 --role xenU
	run grep -e beside -e pin 'out dir/args'
	[ "$status" -eq 1 ]
	tail -c +5 'out dir/ramdisk' | cpio --quiet -idu
	run grep '^cpus' domU/config
	[ "$status" -eq 1 ]
	boot 2 --role xen0 --beside dom0
	[[ $output == *"of a guest, not 'dom0' of xen0" ]]
}

@test "boot --devices xen0: ACPI, disks that must be sound, cards; without, none of that" {
	boot_files
	boot 0 --role xen0 --devices disk,net
	[ "$(grep -c 'if=ide.*file=hd[ab]$' 'out dir/args')" = 2 ]
	[ "$(grep -c '^e1000,' 'out dir/args')" = 2 ]
	grep -q 'root=/dev/hda disks=hda,,hdb net=10[.]5[.]0[.]2/10' 'out dir/args'
	run grep -e acpi=off -e noapic -e ide0=noprobe 'out dir/args'
	[ "$status" -eq 1 ]
	tail -n 2 'out dir/console.log' >said
	[ "$(cat said)" = "$(printf 'LAB disk %s: clean\n' hda hdb)" ]
	# A boot that leaves one damaged; the next one has others.
	sed -i 's/^good$/&; dd if=\/dev\/zero of=hdb bs=4k seek=3 count=100 conv=notrunc/' path/*
	boot 1 --role xen0 --devices disk
	[[ $output == *"FAIL in kernel"*"disk hdb: damaged: "* ]]
	boot_files
	boot 0 --role xen0 --devices disk
	boot 0 --role xen0
	grep -q ' acpi=off noapic pci=off ide0=noprobe ' 'out dir/args'
	run grep -e if=ide -e e1000 'out dir/args'
	[ "$status" -eq 1 ]
	[ ! -e 'out dir/hda' ]
}

@test "boot --shell: QEMU on this terminal, no runner, the guest gets the word" {
	boot_files
	boot 0 --role xen0 --shell
	[[ $output == "K: Ctrl-A x ends QEMU" ]]
	grep -qx "mon:stdio" 'out dir/args'
	grep -qx "kernel .* shell,ramdisk" 'out dir/args'
	[ ! -e 'out dir/result.json' ]
	boot 0 --role xen0 --shell --devices disk
	grep -qx mon:stdio 'out dir/args'
	grep -q file=hda 'out dir/args'
}

@test "boot: each thing that is missing or wrong is named, with 2" {
	boot_files
	boot 2 --role dom1
	[[ $output == *"dom1"* ]]
	boot 2 --role xen0 --kernel nowhere
	[ "$output" = "boot: --kernel: no file nowhere" ]
	boot 2 --role xenU --dom0 nowhere
	[ "$output" = "boot: --dom0: no file nowhere/vmlinux" ]
	boot 2 --role xen0 --append "$(printf %0200d 1)"
	[[ $output == *" characters of kernel command line, 255 are read" ]]
	boot 2 --role xen0 --meta novalue
	boot 2 --role xen0 --meta 'a=b c'
	boot 2 --role xen0 --vcpus 0
	boot 2 --role xen0 --append 'a"b'
	boot 2 --role xen0 --append "$(printf 'a\nb')"
	boot 2 --role xen0 --append 'a\b'
	boot 2 --role xen0 --events save
	[[ $output == *"not for xen0" ]]
	boot 2 --role xenU --events vcpu
	[[ $output == *"--vcpus 2 or more" ]]
	boot 2 --role xenU --events save,migrate
	[[ $output == *"'migrate'" ]]
	boot 2 --role xenU --events save --shell
	boot 2 --role xenU --events save --seed 1x
	boot 2 --role debian-dom0 --devices disk
	[[ $output == *"not for debian-dom0" ]]
	boot 2 --role xen0 --devices disk --icount
	[[ $output == *"not with --icount" ]]
	boot 2 --role xenU --devices disk,tape
	[[ $output == *"'tape'" ]]
	boot 2 --what
	[[ $output == *--role* ]]
	[ ! -e 'out dir/console.log' ]
	mkdir bin
	for tool in sh sed realpath dirname mktemp nproc cat; do
		ln -s "$(command -v $tool)" bin/
	done
	run env PATH="$PWD/bin" XEN_PREEMPT_CACHE="$PWD/cache" "$TOP/tools/lab/boot" \
		--name K --kernel vm/linux --ramdisk rd --hypervisor xen-image \
		--role xen0 --out out
	[ "$status" -eq 2 ]
	[ "$output" = "boot: 'qemu-system-x86_64' is not installed; run: make setup" ]
}
