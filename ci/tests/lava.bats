#!/usr/bin/env bats
# Boots by LAVA without a server: lavacli is a script whose jobs end as the test says.
# ci/lava/check does the same with a real server and real workers.

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	export FAKE=$PWD OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache PATH=$PWD/path:$PATH
	export LAVA=http://lava.invalid/RPC2 LAVA_USER=me LAVA_TOKEN=secret
	unset LAVA_TOKEN_FILE LAVA_FILES LAVA_ROOT
	mkdir -p path dom0 out
	for file in linux rd xen-image dom0/vmlinux dom0/dom0.cpio; do
		echo "${file##*/}" >$file
	done
	printf '#!/bin/sh\necho "QEMU emulator version 7.2.0 (Debian 1:7.2.0-1)"\n' \
		>path/qemu-system-x86_64
	# Job N ends as line N of "how" says.
	cat >path/lavacli <<-'EOF'
	#!/bin/sh
	cd "$FAKE" || exit
	grep -q 'token: "secret"' "$XDG_CONFIG_HOME/lavacli.yaml" || {
		echo "Unable to connect: 401 for url: http://me:$LAVA_TOKEN@lava.invalid/RPC2"
		exit 1
	}
	shift 2
	echo "$*" >>calls
	for id; do :; done
	[ "$1" != results ] || id=$3
	how=$(sed -n "${id}p" how 2>/dev/null)
	line() { printf '\033[0;90m2026-11-28T03:45:43\033[0m \033[0m%s\033[0m\n' "$*"; }
	case $1,$2 in
	jobs,submit)
		n=$(($(cat jobs 2>/dev/null || echo 0) + 1))
		echo $n | tee jobs ;;
	jobs,show)
		case $how in
		good | away2)	echo '{"state":"Finished","health":"Complete","device":"qemu-w1"}' ;;
		gone1)	exit 1 ;;
		away1)	mkdir asked 2>/dev/null && exit 1
			echo '{"state":"Running","health":"Unknown","device":"qemu-w1"}' ;;
		lost | gone | away)
			echo '{"state":"Running","health":"Unknown","device":"qemu-w1"}' ;;
		canceled) echo '{"state":"Finished","health":"Canceled","device":"qemu-w1"}' ;;
		*)	echo '{"state":"Finished","health":"Incomplete","device":"qemu-w1"}' ;;
		esac ;;
	jobs,logs)
		line "lava-dispatcher, installed at version: 2023.01"
		line "qemu-system-x86, installed at version: 1:7.2.0-${HAS:-1}, host architecture: amd64"
		case $how,$* in
		*--no-follow*) exit ;;
		infra,*) exit ;;
		esac
		line "(XEN) Xen version 4.17.7"
		line "LAB dom0: up"
		line "LAB dom0: domain created"
		line "domU: Linux version 2.6.12.6-xenU"
		line "domU: LAB init: up"
		case $how in
		lost) exec sleep 60 ;;
		gone | away)
			sed -i "${id}s/$/1/" how
			exit 1 ;;
		away1)	sed -i "${id}s/1/2/" how ;;
		crash | bug) exit ;;
		esac
		line "domU: TAP version 13"
		line "domU: 1..1"
		line "domU: ok 1 - a"
		line "domU: <LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>"
		line "domU: LAB init: end 1/1"
		line "domU: LAB init: power off"
		line "LAB dom0: domain ended: poweroff"
		line "LAB dom0: power off" ;;
	devices,show) echo '{"worker":"w1"}' ;;
	workers,show) echo '{"state":"Offline","last_ping":"1"}' ;;
	results,*)
		case $how in
		crash) echo '[{"metadata":{"error_type":"Infrastructure","error_msg":"Connection closed"}}]' ;;
		infra) echo '[{"metadata":{"error_type":"Infrastructure","error_msg":"no space"}}]' ;;
		canceled) echo '[{"metadata":{"error_type":"Canceled","error_msg":"x"}}]' ;;
		bug)   echo '[]' ;;
		esac ;;
	esac
	EOF
	chmod +x path/*
}

# boot CODE OPTION... - tools/lab/boot of a guest by LAVA
boot()
{
	want=$1
	shift
	run "$TOP/tools/lab/boot" --name K --role xenU --kernel linux --ramdisk rd \
		--hypervisor xen-image --dom0 dom0 --out out/K --silence 2 --total 40 \
		--lava run "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

# result FILTER
result()
{
	jq -r "$1" out/K/result.json
}

@test "a job: files with their sums, one command line, the guest's results" {
	export LAVA_FILES=https://files.invalid/x
	run "$TOP/tools/lab/boot" --name K --role xenU --kernel linux --ramdisk rd \
		--hypervisor xen-image --dom0 dom0 --out out/K --append "a,b" --lava define
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e calls ]
	job=out/K/lava.yaml
	for file in xen kernel ramdisk; do
		grep -qxF "        url: \"https://files.invalid/x/K/$file\"" $job
		grep -qx "        sha256sum: $(sha256sum <out/K/$file | cut -c 1-64)" $job
	done
	[ "$(grep -c 'image_arg: ""' $job)" -eq 2 ]
	grep -q "image_arg: .* -serial stdio -kernel {xen} -append '.*' -initrd '{kernel} .* lab.console=one,{ramdisk}'" $job
	grep -q 'end: "LAB dom0: power off"' $job
	tail -c +10 out/K/ramdisk | cpio --quiet -id
	grep -qx 'extra = ".* a,b lava"' domU/config
}

@test "a boot there is judged like one here; the token is told to nobody" {
	echo good >how
	boot 0
	[ "$(result .verdict)" = PASS ]
	[ "$(result .meta.lava,.meta.worker,.meta.qemu)" = "$(printf '1\nw1\n1:7.2.0-1')" ]
	[ "$(result .meta.append)" = "" ]
	grep -qx 'ok 1 - a' out/K/domU.log
	run grep -q 'domU: ' out/K/console.log
	[ "$status" -ne 0 ]
	run grep -rq secret out calls
	[ "$status" -ne 0 ]
}

@test "a machine that goes off early is the kernel's fault, and not tried again" {
	echo crash >how
	boot 4
	[ "$(result .verdict,.meta.lava)" = "$(printf 'CRASH\n1')" ]
}

@test "a worker that is gone: the job is canceled, and another one does it" {
	printf '%s\n' lost good >how
	boot 0
	[[ $output == *"LAVA job 1: w1 is gone"* ]]
	[ "$(result .verdict,.meta.lava)" = "$(printf 'PASS\n2')" ]
	grep -qx 'jobs cancel 1' calls
}

@test "a worker that comes back without the job, or has no room: another, three at most" {
	printf '%s\n' bug infra good >how
	boot 0
	[ "$(result .meta.lava)" = 3 ]
	printf '%s\n' bug infra good infra infra infra good >how
	boot 2
	[ "$(result .verdict,.layer,.meta.lava)" = "$(printf 'ERROR\nlab\n6')" ]
}

@test "a server that is away for a moment is waited for; for longer, and it is another try" {
	echo away >how
	boot 0 --silence 5
	[ "$(result .verdict,.meta.lava)" = "$(printf 'PASS\n1')" ]
	[ "$(grep -c 'LAB init: up' out/K/domU.log)" -eq 1 ]
	printf '%s\n' - gone good >how
	boot 0
	[[ $output == *"LAVA job 2: the server was away"* ]]
	[ "$(result .verdict,.meta.lava)" = "$(printf 'PASS\n3')" ]
}

@test "a job that somebody cancels is no verdict, and stays canceled" {
	printf '%s\n' canceled good >how
	boot 2
	[[ $output == *"Canceled: by somebody"* ]]
	[ "$(result .verdict,.meta.lava)" = "$(printf 'ERROR\n1')" ]
}

@test "instructions are not compared with those of another QEMU" {
	printf '%s\n' good good good >how
	boot 0 --icount
	HAS=2 boot 2 --icount
	[[ $output == *"w1 has QEMU 1:7.2.0-2, and here is 7.2.0 (Debian 1:7.2.0-1)"* ]]
	HAS=2 boot 0
}

@test "a wrong token, none, or one in the URL: 2, and it is not shown" {
	LAVA_TOKEN=wrong boot 2
	[[ $output == *"cannot submit: Unable to connect: 401 for url: http://lava.invalid/RPC2" ]]
	LAVA_TOKEN='' boot 2
	[[ $output == *"LAVA_TOKEN or LAVA_TOKEN_FILE" ]]
	LAVA=http://me:secret@lava.invalid/RPC2 boot 2
	[[ $output != *secret* ]]
	LAVA_TOKEN_FILE=nothing boot 2
	echo secret >token
	echo good >how
	LAVA_TOKEN='' LAVA_TOKEN_FILE=token boot 0
}

@test "what cannot be done there is 2, and says why" {
	for options in "--role native" "--role xen0 --devices disk" --shell; do
		# shellcheck disable=SC2086 # words
		boot 2 $options
		[[ $output == *"--lava: "* ]]
	done
	run "$TOP/tools/lab/lava"
	[ "$status" -eq 2 ]
	run "$TOP/tools/lab/lava" follow out
	[ "$status" -eq 2 ]
	run "$TOP/tools/job" latency xenU-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"boot and stress are done there, not latency" ]]
}
