#!/usr/bin/env bats
# make latency without a machine: what it refuses, which figures are kept, and the page.
# shellcheck disable=SC2016 # $ in jq's programs

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache LATENCY=$PWD/l.jsonl COST=$PWD/c.jsonl
	export OUT XEN_PREEMPT_CACHE LATENCY COST
	unset TOOLCHAIN CROSS_COMPILE SOURCE SAMPLES LOADS
}

# measured K MAX [FILTER] - what make latency leaves for K under the loads fork and idle:
# 20 samples of 2 us to MAX
measured()
{
	dir=out/$1/latency.tick
	mkdir -p "$dir"
	jq -n --arg name "$1" '{
		name: $name, verdict: "PASS", start: "2005-12-05T01:02:03Z",
		meta: { toolchain: "gcc12", series: "0123456789abcdef", clock: "instructions",
			kernel: "sum", append: "expect= latency=tick,20 timeout=60" } }'"
		${3:+| $3}" >"$dir/result.json"
	for load in fork idle; do
		cat <<-END
		    1..1
		    # tick, $load: something
		    # time base: rdtsc, 1000.000 in a us; a tick is 10000000 ns, a sleep 2 of them
		    # Histogram
		    # 2:4 3:11
		    # 6:4
		    # Total: 000000020
		    # Min Latencies: 00002
		    # Avg Latencies: 00004
		    # Max Latencies: $(printf %05d "$2")
		    # Early: 0
		    # Histogram Overflows: 00001
		    ok 1 - 20 samples
		ok 1 - $load
		END
	done >"$dir/guest.tap"
}

# latency CODE WORD...
latency()
{
	want=$1
	shift
	run "$TOP/tools/report/latency" "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "docs/latency.md is what the command makes of docs/latency.jsonl" {
	LATENCY=$TOP/docs/latency.jsonl "$TOP/tools/report/latency" --page >page
	diff page "$TOP/docs/latency.md"
}

@test "each load is kept with its histogram, and shown in its column" {
	measured xen0-x86_32-preempt 98765
	measured xen0-x86_32-nopreempt 400
	latency 0
	[[ $output == *"4 found, 4 in all" ]]
	[ "$(jq -c 'select(.name == "xen0-x86_32-preempt" and .load == "fork") |
		[.source, .samples, .min, .avg, .max, .over, .histogram]' l.jsonl)" = \
		'["tick",20,2,4,98765,1,[[2,4],[3,11],[6,4]]]' ]
	grep -qxF "## x86_32, woken by tick" l.md
	grep -qxF "| load | xen0 nopreempt | xen0 preempt |" l.md
	grep -qxF "| fork | 400 | 98765 |" l.md
}

@test "a newer run of the same takes the place of the older one" {
	measured xenU-x86_64-preempt 50
	latency 0
	measured xenU-x86_64-preempt 60 '.start = "2005-12-06T01:02:03Z"'
	latency 0
	[[ $output == *"2 found, 2 in all" ]]
	[ "$(jq -s 'map(.max) | unique | .[]' l.jsonl)" = 60 ]
	measured xenU-x86_64-preempt 70 '.start = "2005-12-04T01:02:03Z"'
	latency 0
	[ "$(jq -s 'map(.max) | unique | .[]' l.jsonl)" = 60 ]
}

@test "who a guest was measured beside is another table" {
	measured xenU-x86_64-preempt 50
	latency 0
	mv out/xenU-x86_64-preempt/latency.tick out/xenU-x86_64-preempt/latency.tick.dom0
	measured xenU-x86_64-preempt 60 '.start = "2005-12-06T01:02:03Z"'
	jq '.meta.beside = "dom0"' out/xenU-x86_64-preempt/latency.tick.dom0/result.json >r
	mv r out/xenU-x86_64-preempt/latency.tick.dom0/result.json
	latency 0
	[[ $output == *"4 found, 4 in all" ]]
	grep -qxF "## x86_64, woken by tick, a guest beside a busy domain 0" l.md
	[ "$(grep -xF -e "| idle | 50 |" -e "| idle | 60 |" l.md | paste -s -d ' ')" = \
		"| idle | 60 | | idle | 50 |" ]
}

@test "sections of a kernel that looks for them are ranked, and its figures not shown" {
	measured xen0-x86_32-preempt-latency 50
	sed -i 's/^    # Early: 0/&\n    # Section: 7.5 CPU 0, 3 times: down+0x1 to up+0x22 (fork)/
		0,/7.5/s//9.0/' out/xen0-x86_32-preempt-latency/latency.tick/guest.tap
	latency 0
	grep -qxF '| 9 | xen0-x86_32 | `down` | `up` | fork, idle |' l.md
	run grep "^## x86_32" l.md
	[ "$status" -eq 1 ]
}

@test "whose the longest waits were is kept with them, and a table" {
	measured xen0-x86_32-preempt 50
	measured native-x86_32-preempt 5
	# Of the second load; the first has left no trace.
	printf '%s\n' "50.0 us of instructions were looked at" "     40.6  xen" "      8.2  kernel" \
		"      1.2  other" "" "by function:" "     40.0  xen pin" \
		>out/xen0-x86_32-preempt/latency.tick/why.2
	latency 0
	[ "$(jq -c 'select(.parts) | [.name, .load, .parts]' l.jsonl)" = \
		'["xen0-x86_32-preempt","idle",{"xen":40.6,"kernel":8.2,"other":1.2}]' ]
	grep -qxF "| load | xen0-x86_32 |" l.md
	grep -qxF "| idle | 41 / 8 / 1 |" l.md
}

@test "what is no figure to be kept is named" {
	for filter in '.verdict = "CRASH"' '.meta.clock = "host"' '.meta.series = "x-dirty"' \
		'.name = "xen0-x86_32-preempt-debug"' '.meta.append = "stress=4"'; do
		measured xen0-x86_32-preempt 50 "$filter"
		latency 0
		[[ $output == *"latency.tick: "*", not kept"*"0 found, 0 in all" ]]
	done
	[ ! -s l.jsonl ]
}

@test "a wrong source or number is exit 2, before any work" {
	for given in SOURCE=tock SAMPLES=0 SAMPLES=x "SOURCE=rtc SAMPLES=-1"; do
		# shellcheck disable=SC2086 # words
		run env $given "$TOP/tools/job" latency xen0-x86_32-preempt
		echo "$given: $output"
		[ "$status" -eq 2 ]
		[[ $output == *"${given##* }"* || $output == *"${given%% *}"* ]]
	done
	SOURCE=rtc run "$TOP/tools/job" latency xenU-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"SOURCE=rtc: a guest has no interrupts"* ]]
	BESIDE=dom1 run "$TOP/tools/job" latency xenU-x86_32-preempt
	[ "$status" -eq 2 ]
	BESIDE=dom0 run "$TOP/tools/job" latency xen0-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"BESIDE=dom0: of a guest, it is"* ]]
	[ ! -e out/table.rows ]
}

@test "why: of one load, and OVER is a number" {
	for loads in "" fork,exit; do
		LOADS=$loads run "$TOP/tools/job" why xen0-x86_32-preempt
		[ "$status" -eq 2 ]
		[[ $output == *"LOADS= here, names one" ]]
	done
	OVER=x LOADS=fork run "$TOP/tools/job" why xen0-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"OVER=x"* ]]
	[ ! -e out/table.rows ]
}

@test "why: whose the time was, of the end of a trace" {
	printf '%s T %s\n' c0100000 start c0100100 copy c0100200 wake >kernel.map
	printf '%s t %s\n' ffff82d040200000 pin >xen.map
	# 500 instructions are a microsecond: of these 7 the last 5 are asked for.
	printf '%016x %x\n' 0x08048000 1000 0xc0100104 1000 >trace
	printf 'ffff82d040200010 %x\n' 1000 >>trace
	printf '%016x %x\n' 0xc0100204 500 >>trace
	run "$TOP/tools/report/why" trace 5 kernel=kernel.map xen=xen.map
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "5.0 us of instructions were looked at" ]
	grep -qx " *3.0  kernel" <<<"$output"
	grep -qx " *2.0  xen" <<<"$output"
	grep -qx " *2.0  kernel copy" <<<"$output"
	grep -qx " *1.0  kernel wake" <<<"$output"
	[[ $output != *user* ]]
	run "$TOP/tools/report/why" trace
	[ "$status" -eq 2 ]
}

@test "page: each table, plots for those that nobody else shared the machine with" {
	measured xenU-x86_64-preempt 50
	measured native-x86_64-preempt 5
	latency 0
	mkdir -p out/xenU-x86_64-preempt/latency.tick.dom0
	cp out/xenU-x86_64-preempt/latency.tick/guest.tap out/xenU-x86_64-preempt/latency.tick.dom0/
	jq '.meta.beside = "dom0"' out/xenU-x86_64-preempt/latency.tick/result.json \
		>out/xenU-x86_64-preempt/latency.tick.dom0/result.json
	latency 0
	run "$TOP/tools/report/page" page.html
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -o '<h2>[^<]*' page.html)" = "<h2>x86_64, woken by tick
<h2>x86_64, woken by tick, a guest beside a busy domain 0" ]
	[ "$(grep -c '<table>' page.html)" -eq 2 ]
	# Of fork and idle, each with both curves.
	[ "$(grep -c '<svg' page.html)" -eq 2 ]
	grep -q 'currentColor' page.html
	run grep -e 'src=' -e '<link' -e '@import' page.html
	[ "$status" -eq 1 ]
}
