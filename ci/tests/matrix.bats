#!/usr/bin/env bats
# make matrix without a machine: which jobs a file names, that each is done once, and goes
# on where it was stopped.
# shellcheck disable=SC2016 # $ of fakes

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	command -v parallel >/dev/null || skip "no GNU parallel here"
	export OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache JOBS=2
	unset T SEED EVENTS TESTS TOOLCHAIN TREE
	mkdir -p checkout/ci out
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	for tool in hypervisor dom0; do
		printf '#!/bin/sh\necho /lab/%s\n' $tool >checkout/tools/lab/$tool
	done
	# Passes, unless there is a file "SEED.fails" or, for the lab's fault, "SEED.breaks".
	cat >checkout/tools/job <<-'EOF'
	#!/bin/sh
	TOP=${0%/tools/job}
	. "$TOP/tools/lib.sh"
	case $1 in
	kernel)	mkdir -p "$(kernel_dir "$2" "$TOOLCHAIN")"
		echo "kernel $2" | tee "$(kernel_dir "$2" "$TOOLCHAIN")/stamp" \
			>"$(kernel_dir "$2" "$TOOLCHAIN")/vmlinuz"
		exit ;;
	lab)	mkdir -p "$OUT/guest-$2"
		cat "$BATS_TEST_TMPDIR/guest" 2>/dev/null >"$OUT/guest-$2/stamp"
		echo "$2" >"$OUT/guest-$2.cpio.gz"
		exit ;;
	esac
	dir=$(kernel_dir "$2" "$TOOLCHAIN")/$1
	mkdir -p "$dir"
	[ -f "$OUT/guest-x86_32.cpio.gz" ] && [ -f "$dir/../vmlinuz" ] || exit
	echo "$1 $2 $TOOLCHAIN SEED=$SEED T=$T" >>"$BATS_TEST_TMPDIR/ran"
	verdict=PASS
	[ ! -e "$BATS_TEST_TMPDIR/$SEED.fails" ] || verdict=FAIL
	[ ! -e "$BATS_TEST_TMPDIR/$SEED.breaks" ] || { verdict=ERROR && echo "lab: no room" >&2; }
	printf '{"name":"%s","verdict":"%s","reason":"x","meta":{"toolchain":"%s","append":"seed=%s"},"command":["qemu","-m","512"]}\n' \
		"$2" $verdict "$TOOLCHAIN" "$SEED" >"$dir/result.json"
	[ $verdict = PASS ]
	EOF
	printf '%s\n' 'xenU-x86_32-preempt	gcc12,gcc34	boot' \
		'*-x86_32-smp-preempt-debug gcc12 stress SEED=1-3 T=60 # two kernels' >m
}

# matrix CODE WORD...
matrix()
{
	want=$1
	shift
	run checkout/tools/matrix "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "--list: kernels, compilers, and each value of a range" {
	printf '%s\n' 'xenU-x86_32-preempt gcc12 boot PHASE=0-1000/500 SEED=1-2' >>m
	matrix 0 --list m
	[ "$(cut -d ' ' -f 2- <<<"$output")" = "xenU-x86_32-preempt gcc12 boot
xenU-x86_32-preempt gcc34 boot
xen0-x86_32-smp-preempt-debug gcc12 stress SEED=1 T=60
xen0-x86_32-smp-preempt-debug gcc12 stress SEED=2 T=60
xen0-x86_32-smp-preempt-debug gcc12 stress SEED=3 T=60
xenU-x86_32-smp-preempt-debug gcc12 stress SEED=1 T=60
xenU-x86_32-smp-preempt-debug gcc12 stress SEED=2 T=60
xenU-x86_32-smp-preempt-debug gcc12 stress SEED=3 T=60
xenU-x86_32-preempt gcc12 boot PHASE=0 SEED=1
xenU-x86_32-preempt gcc12 boot PHASE=0 SEED=2
xenU-x86_32-preempt gcc12 boot PHASE=500 SEED=1
xenU-x86_32-preempt gcc12 boot PHASE=500 SEED=2
xenU-x86_32-preempt gcc12 boot PHASE=1000 SEED=1
xenU-x86_32-preempt gcc12 boot PHASE=1000 SEED=2" ]
	[ "$(cut -d ' ' -f 1 <<<"$output" | sort -u | wc -l)" -eq 14 ]
	"$TOP/tools/matrix" --list >list
	[ "$(wc -l <list)" -ge 100 ]
}

@test "each once, in a table and as JUnit; a second run does nothing" {
	matrix 0 m
	[ "$(sort ran | head -n 2)" = "boot xenU-x86_32-preempt gcc12 SEED= T=
boot xenU-x86_32-preempt gcc34 SEED= T=" ]
	[ "$(wc -l <ran)" -eq 8 ]
	[ "$(grep -c PASS out/matrix.table)" -eq 8 ]
	xmllint --noout out/matrix.xml
	[ "$(xmllint --xpath 'count(//testsuite)' out/matrix.xml)" -eq 8 ]
	matrix 0 m
	[ "$(wc -l <ran)" -eq 8 ]
}

@test "scale: jobs by kind, and fewer hours with more workers" {
	matrix 0 m
	matrix 0 m
	for job in out/matrix/*.boot; do echo 10 >"$job/seconds"; done
	for job in out/matrix/*.stress.*; do echo 60 >"$job/seconds"; done
	# One that was not run is like the others of its kind.
	rm out/matrix/xen0-*SEED=2*/seconds
	run checkout/tools/report/scale m
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"| boot of xenU | 2 | 2 | 10 | 10 | 512 |
| stress of xen0, 60 s | 3 | 2 | 60 | 60 | 512 |
| stress of xenU, 60 s | 3 | 3 | 60 | 60 | 512 |

8 jobs, 380 s of them one after the other, the longest 60 s."* ]]
	[[ $output == *"| 1 | 380 s | 1.0 | 100 % |
| 2 | 190 s | 2.0 | 100 % |
| 4 | 120 s | 3.2 | 79 % |
| 8 | 60 s | 6.3 | 79 % |"* ]]
	# The first run had all to do, the second nothing.
	[ "$(cut -d ' ' -f 1,3 out/matrix.walls)" = "2 8" ]
	rm out/matrix/*.boot/seconds
	run checkout/tools/report/scale m
	[ "$status" -eq 2 ]
	[[ $output == *"no job was run of the kind: boot of xenU"* ]]
}

@test "what failed is not done again, what the lab broke is" {
	touch 2.fails 3.breaks
	matrix 1 m
	[[ $output == *"FAIL  xenU-x86_32-smp-preempt-debug.gcc12.stress.SEED=2.T=60"* ]]
	[[ $output == *"ERROR  xenU-x86_32-smp-preempt-debug.gcc12.stress.SEED=3.T=60"* ]]
	[[ $output == *"lab: no room"* ]]
	[ "$(wc -l <ran)" -eq 8 ]
	rm 2.fails 3.breaks
	matrix 1 m
	[ "$(wc -l <ran)" -eq 10 ]
	[ "$(tail -n 2 ran | grep -c SEED=3)" -eq 2 ]
}

@test "other inputs, other results" {
	matrix 0 m
	echo other >guest
	matrix 0 m
	[ "$(wc -l <ran)" -eq 16 ]
}

@test "a result that is half written is none" {
	matrix 0 m
	where=$(find out/matrix -name result.json | head -n 1)
	head -c 20 "$where" >half
	cp half "$where"
	matrix 0 m
	[ "$(wc -l <ran)" -eq 9 ]
}

@test "wrong use is 2, and nothing is run" {
	matrix 2 nowhere
	for line in 'xenU-x86_33-* gcc12 boot' 'xenU-* cc boot' 'xenU-* gcc12 shell' \
		'xenU-* gcc12 boot word'; do
		echo "$line" >m
		matrix 2 m
	done
	: >m
	matrix 2 m
	[ ! -e ran ]
}
