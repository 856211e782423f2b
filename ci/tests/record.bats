#!/usr/bin/env bats
# make record and make soak: which runs are kept, that docs/results.md is made of them,
# and that a soak runs what it should for as long as it should.
# shellcheck disable=SC2016,SC2030,SC2031 # $ in jq's programs; tests are subshells

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache RESULTS=$PWD/r.jsonl
	export OUT XEN_PREEMPT_CACHE RESULTS
	unset T SEED EVENTS TORTURE CPUS TESTS TOOLCHAIN CROSS_COMPILE
}

# stressed K FILTER - a result.json in out/K/stress: a pass, changed by the jq FILTER
stressed()
{
	mkdir -p "out/$1/stress"
	jq -n --arg name "$1" '{
		name: $name, verdict: "PASS", start: "2005-12-05T01:02:03Z",
		seconds: 95.25, layer: null, stage: null, reason: "2 of 2 tests passed",
		planned: 2, tests: [{ name: "a", result: "ok" }, { name: "b", result: "ok" }],
		events: {}, meta: { toolchain: "gcc12", series: "0123456789abcdef",
			kernel: "sum", vcpus: "1", clock: "host",
			append: "expect= vcpus=1 stress=36 seed=7" } }'" | $2" \
		>"out/$1/stress/result.json"
}

# record CODE WORD...
record()
{
	want=$1
	shift
	run "$TOP/tools/report/record" "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "docs/results.md is what the command makes of docs/results.jsonl" {
	RESULTS=$TOP/docs/results.jsonl "$TOP/tools/report/record" --page >page
	diff page "$TOP/docs/results.md"
}

@test "a run is recorded once, with what matters" {
	stressed xenU-x86_32-smp-preempt '.meta.vcpus = "2" | .events = { save: 3, pause: 4 } |
		.meta.append = "stress=36 seed=7 preempt_torture=50,7"'
	record 0
	[[ $output == *"1 new, 1 in all" ]]
	cp r.jsonl before
	record 0
	[[ $output == *"0 new, 1 in all" ]]
	cmp r.jsonl before
	[ "$(jq -c '[.T, .seed, .torture, .vcpus, .events.save, .passed, .verdict, .only]' \
		r.jsonl)" = '[36,7,50,2,3,2,"PASS",null]' ]
	grep -qxF "| xenU-x86_32-smp-preempt | 2 | 50 | 1 | 0.01 | 7 | 3 | 4 | 0 |" r.md
	grep -qx "None." r.md
}

@test "with devices it is another row, and the command to repeat it has them" {
	stressed xenU-x86_32 .
	stressed again '.name = "xenU-x86_32" | .meta.devices = "disk,net" | .verdict = "FAIL"'
	record 0
	grep -qF "| xenU-x86_32 | 1 | - | 1 |" r.md
	grep -qF "| xenU-x86_32, disk,net | 1 | - | 1 |" r.md
	grep -qF "K=xenU-x86_32 T=36 SEED=7 TESTS=all,disk,net" r.md
	# 32-bit programs on an x86_64 kernel are another row, too.
	stressed xenU-x86_64 .
	stressed other '.name = "xenU-x86_64" | .meta.programs = "x86_32" | .verdict = "FAIL"'
	record 0
	grep -qF "| xenU-x86_64 | 1 | - | 1 |" r.md
	grep -qF "| xenU-x86_64, x86_32 programs | 1 | - | 1 |" r.md
	grep -qF "K=xenU-x86_64 T=36 SEED=7 PROGRAMS=x86_32" r.md
	[ "$(grep -c programs r.jsonl)" -eq 1 ]
}

@test "runs add up, whatever the order of the lines, and a double counts once" {
	for seed in 1 2 3 9; do
		stressed a ".meta.append = \"stress=3600 seed=$seed\" | .seconds = 4000 |
			.start = \"2005-12-05T0$seed:00:00Z\""
		record 0
	done
	grep -qxF "| a | 1 | - | 4 | 4 | 1-3, 9 | 0 | 0 | 0 |" r.md
	grep -qxF "| 0123456789abcdef | 4 | 4 | 2005-12-05 | 2005-12-05 | 0 |" r.md
	# One of an older series, with a loop of saves.
	stressed a '.meta.series = "76543210fedcba98" | .start = "2005-12-04T00:00:00Z" | .events = { save: 100 }'
	record 0
	[ "$(sed -n '/^## The newest series, 0123456789abcdef:/,/^## All/p' r.md | grep -c '^| a ')" -eq 1 ]
	grep -qxF "| all |  |  | 4 | 4 |  | 0 | 0 | 0 |" r.md
	[ "$(sed -n '/^## A hundred/,/^## Fail/p' r.md | grep '^| 2005')" = \
		"| 2005-12-04 00:00 | a | 0 | 7 | all | 100 | PASS | 76543210fedcba98 |" ]
	cp r.md before
	tac r.jsonl >both
	cat r.jsonl >>both
	mv both r.jsonl
	"$TOP/tools/report/record" --page | diff before -
}

@test "a failure is told with its command; of some programs only, apart" {
	stressed xenU-x86_32-preempt '.verdict = "CRASH" | .layer = "kernel" | .seconds = 18 |
		.reason = "Oops: | `x`" | .events = { save: 1, memory: 2 } |
		.meta.append += " preempt_torture=5,7"'
	stressed b '.verdict = "FAIL" | .layer = "test" | .reason = "not ok 1 - a" |
		.meta.append += " tests=fpu,maps" | .meta.toolchain = "gcc34"'
	record 0
	grep -qF '| CRASH in kernel: Oops: \| \`x\` | 0123456789abcdef | `make stress K=xenU-x86_32-preempt T=36 SEED=7 TORTURE=5 EVENTS=memory,save` |' r.md
	grep -qF '`make stress K=b T=36 SEED=7 TESTS=fpu,maps TOOLCHAIN=gcc34` |' r.md
	[ "$(sed -n '/^## All/,/^## Some/p' r.md | grep -c "^| xenU.*| 1 |$")" -eq 1 ]
	[ "$(sed -n '/^## Some/,/^## Fail/p' r.md | grep -c "^| b (gcc34).*| 1 |$")" -eq 1 ]
	# Only the time that there was.
	grep -qF "| xenU-x86_32-preempt | 1 | 5 | 1 | 0.01 |" r.md
	[ "$(grep -cx "None." r.md)" -eq 0 ]
}

@test "not recorded, but named: unfinished, the lab's fault, another tree, a boot" {
	stressed a '.verdict = "RUNNING" | .seconds = null'
	stressed b '.verdict = "ERROR"'
	stressed c '.verdict = "INTERRUPTED"'
	stressed d '.meta.series += ".0123"'
	stressed e '.meta.append = "tests=a"'
	record 0
	[ "$(grep -c 'not recorded$' <<<"$output")" -eq 5 ]
	[[ $output == *"0 new, 0 in all" ]]
	grep -q "Nothing is recorded yet." r.md
	echo '{' >out/a/stress/result.json
	record 1
	[[ $output == *"a/stress/result.json cannot be read"* ]]
}

@test "wrong use is 2, a damaged file 1, and it stays as it is" {
	record 2 --what
	echo '{"half' >r.jsonl
	stressed a .
	record 1
	[ "$(cat r.jsonl)" = '{"half' ]
}

# ---------------------------------------------------------------------- soak

# fakes - a checkout whose job leaves a result, and a failure for seed $1
fakes()
{
	mkdir checkout
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	cat >checkout/tools/job <<-EOF
	#!/bin/sh
	echo "\$2 T=\$T SEED=\$SEED EVENTS=\$EVENTS TORTURE=\$TORTURE CPUS=\$CPUS" >>"$PWD/jobs"
	[ "\$TESTS" = all,disk,net ] || exit
	[ "\$SEED" != 9 ] || exit 1
	mkdir -p "$OUT/\$2/stress"
	cd "$OUT/\$2/stress" || exit
	echo log >console.log
	touch reproduce.sh
	verdict=PASS
	[ "\$SEED" != "${1-}" ] || verdict=FAIL
	jq -n --arg n "\$2" --arg v \$verdict --arg s "\$SEED" --arg c "\$CPUS" '{ name: \$n,
		verdict: \$v, start: "2005-12-05T01:0\(\$s):00Z\(\$c)", seconds: 99, layer: "test",
		stage: null, reason: "said", planned: 1, tests: [], events: {},
		meta: { toolchain: "gcc12", series: "0123456789abcdef", kernel: "k",
			vcpus: "1", clock: "host", append: "stress=\(env.T) seed=\(\$s)" } }' \
		>result.json
	[ \$verdict = PASS ]
	EOF
}

# soak CODE WORD...
soak()
{
	want=$1
	shift
	run checkout/tools/soak "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "soak: round after round until the hours are over, each recorded" {
	fakes
	EVENTS=save T=90 SEED=4 soak 0 0.1 xenU-x86_32-nopreempt xen0-x86_32-smp-preempt-debug:4
	diff jobs - <<-EOF
	xenU-x86_32-nopreempt T=90 SEED=4 EVENTS=save TORTURE= CPUS=
	xen0-x86_32-smp-preempt-debug T=90 SEED=4 EVENTS= TORTURE=100 CPUS=4
	xenU-x86_32-nopreempt T=90 SEED=5 EVENTS=save TORTURE= CPUS=
	xen0-x86_32-smp-preempt-debug T=90 SEED=5 EVENTS= TORTURE=100 CPUS=4
	EOF
	[ "$(wc -l <r.jsonl)" -eq 4 ]
	[ "$(sed -n '/^K /,$p' <<<"$output" | grep -c PASS)" -eq 4 ]
	[ ! -e out/soak ]
}

@test "soak: what fails is kept and the rest still run: 1" {
	fakes 2
	T=60 TORTURE=7 soak 1 0.05 xen0-x86_32-preempt-debug
	[ "$(grep -c . jobs)" -eq 3 ]
	[ "$(grep -c TORTURE=7 jobs)" -eq 3 ]
	[ "$(cat out/soak/xen0-x86_32-preempt-debug-2005-12-05T010200Z/console.log)" = log ]
	[ "$(jq -r .verdict r.jsonl | xargs)" = "PASS FAIL PASS" ]
}

@test "soak: of a run that did not begin no earlier one's result is taken: 1" {
	fakes
	T=60 SEED=8 soak 1 0.03 xen0-x86_32-preempt-debug
	[[ $output == *"left no result"* ]]
	[ "$(wc -l <r.jsonl)" -eq 1 ]
}

@test "soak: by default both roles and architectures on 1, 2 and 4 VCPUs" {
	fakes
	T=300 soak 0 1
	[ "$(cut -d' ' -f1,6 jobs)" = "xen0-x86_32-preempt-debug CPUS=
xenU-x86_32-preempt-debug CPUS=
xen0-x86_32-smp-preempt-debug CPUS=
xenU-x86_32-smp-preempt-debug CPUS=
xen0-x86_32-smp-preempt-debug CPUS=4
xenU-x86_32-smp-preempt-debug CPUS=4
xen0-x86_64-preempt-debug CPUS=
xenU-x86_64-preempt-debug CPUS=
xen0-x86_64-smp-preempt-debug CPUS=
xenU-x86_64-smp-preempt-debug CPUS=
xen0-x86_64-smp-preempt-debug CPUS=4
xenU-x86_64-smp-preempt-debug CPUS=4" ]
}

@test "soak: wrong use is 2" {
	fakes
	soak 2
	soak 2 many
	soak 2 0
	soak 2 1 xen0-x86_32-preempted
	T=x soak 2 1
	[ ! -e jobs ]
}
