#!/usr/bin/env bats
# make cost without a machine: which figures are kept, the page, and the targets.

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	export OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache COST=$PWD/c.jsonl
	unset TOOLCHAIN CROSS_COMPILE LOADS
}

# counted K KERNEL CALLS [FILTER] - what make cost leaves for K under fork and calls: of
# each ten rounds with KERNEL instructions of the kernel's and CALLS hypercalls
counted()
{
	dir=out/$1/cost
	mkdir -p "$dir"
	jq -n --arg name "$1" '{
		name: $name, verdict: "PASS", start: "2005-12-05T01:02:03Z",
		meta: { toolchain: "gcc12", series: "0123456789abcdef", clock: "instructions",
			kernel: "sum", append: "cost timeout=60" } }'"${4:+| $4}" >"$dir/result.json"
	cat >"$dir/guest.tap" <<-END
	    1..0 # SKIP idle has no end
	ok 1 - idle # SKIP idle has no end
	    1..1
	    # pages
	    # Rounds: 10
	    # Time: 5000 us
	    ok 1 - fork
	ok 2 - fork
	    1..1
	    # nothing
	    # Rounds: 10
	    # Time: 100 us
	    ok 1 - calls
	ok 3 - calls
	END
	printf '%s\n' "user 10000" "kernel $2" "xen 20000" "other 0" "calls $3" "call:iret $3" \
		"call:mmu_update 0" >"$dir/count.1"
	sed 's/^xen .*/xen 0/' "$dir/count.1" >"$dir/count.2"
}

# cost CODE WORD...
cost()
{
	want=$1
	shift
	run "$TOP/tools/report/cost" "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "docs/cost.md is what the command makes of docs/cost.jsonl" {
	COST=$TOP/docs/cost.jsonl "$TOP/tools/report/cost" --page >page
	diff page "$TOP/docs/cost.md"
}

@test "each load is kept with its counts, and stands beside the other kernel's" {
	counted xen0-x86_32-nopreempt 1000000 50
	counted xen0-x86_32-preempt 1010000 50
	counted native-x86_32-preempt 1 0
	cost 0
	[[ $output == *"6 found, 6 in all" ]]
	[ "$(jq -c 'select(.name == "xen0-x86_32-preempt" and .load == "fork") |
		[.rounds, .us, .instructions, .calls, .by]' c.jsonl)" = \
		'[10,5000,{"user":10000,"kernel":1010000,"xen":20000,"other":0},50,{"iret":50}]' ]
	[ "$(grep '^## ' c.md)" = "## xen0-x86_32, gcc12" ]
	grep -qxF "| fork | 1 | 100 | 2 | 103 | 104 | +1 | 5 | 5 |" c.md
	grep -qxF "| calls | 1 | 100 | 0 | 101 | 102 | +1 | 5 | 5 |" c.md
	grep -qF "| **geometric mean** |  |  |  |  |  | +1 |  |  |" c.md
}

@test "page: the tables, and what a kernel costs against its longest wait" {
	counted xen0-x86_32-nopreempt 1000000 50
	counted xen0-x86_32-preempt 1010000 50
	cost 0
	export LATENCY=$PWD/l.jsonl
	for k in nopreempt:400 preempt:20; do
		printf '{"name":"xen0-x86_32-%s","source":"tick","load":"fork","max":%d,"histogram":[[2,1]],"over":0}\n' \
			"${k%:*}" "${k#*:}"
	done >l.jsonl
	"$TOP/tools/report/page" page.html
	[ "$(grep -o '<h1>[^<]*' page.html | tail -n 1)" = "<h1>What preemption costs" ]
	[ "$(grep -c '<svg' page.html)" -eq 2 ]
	grep -q "xen0-x86_32, gcc12" page.html
	grep -qF "<td>geometric mean</td>" page.html
	rm c.jsonl
	"$TOP/tools/report/page" page.html
	[ "$(grep -c '<svg' page.html)" -eq 1 ]
}

@test "the targets" {
	counted xenU-x86_64-nopreempt 1000000 50
	counted xenU-x86_64-preempt 1009000 50
	cost 0
	cost 0 --check
	[ -z "$output" ]
	counted xenU-x86_64-preempt 1020000 50 '.start = "2006"'
	cost 0
	cost 1 --check
	[ "$output" = "xenU-x86_64, gcc12: +2 % in the mean, not 1" ]
	counted xenU-x86_64-preempt 1040000 51 '.start = "2007"'
	cost 0
	cost 1 --check
	[[ $output == *"fork: +3.9 %, not 3"* && $output == *"calls: 51 hypercalls, not 50"* ]]
}

@test "what is no figure to be kept is named" {
	for filter in '.verdict = "CRASH"' '.meta.clock = "host"' '.meta.append = "latency=tick,1"'; do
		counted xen0-x86_32-preempt 1 1 "$filter"
		cost 0
		[[ $output == *"cost: "*", not kept"*"0 found, 0 in all" ]]
	done
}

@test "count-map: whose an address is, and where Xen begins a hypercall" {
	map=$TOP/tools/lab/count-map
	for name in pv_hypercall do_entry_int82 pv_emulate_privileged_op compat_iret \
		$(sed -n '/^HYPERCALLS=/,/"$/p' "$map" | sed 's/HYPERCALLS=//; s/"//g; s/[a-z_]*/do_&/g'); do
		[ "$name" = do_ ] || echo "void $name(void) { }"
	done >xen.c
	gcc -w -c xen.c
	"$map" x86_32 xen.o >map
	[ "$(head -n 4 map)" = "range 0 c0000000 user
range c0000000 100000000 kernel
range ffff82d000000000 ffff82d080000000 xen
range 0 ffffffffffffffff other" ]
	at() { nm xen.o | awk -v name="$1" '$3 == name { print $1 }'; }
	grep -qxF "point $(at do_entry_int82) calls" map
	grep -qxF "point $(at compat_iret) call:iret" map
	grep -qxF "point $(at do_mmuext_op) call:mmuext_op" map
	[ "$(grep -c '^point' map)" -eq 33 ]
	"$map" x86_64 xen.o >map
	grep -qxF "point $(at pv_hypercall) calls" map
	grep -qxF "point $(at do_iret) call:iret" map
	sed -i '/pv_hypercall/d' xen.c
	gcc -w -c xen.c
	run "$map" x86_64 xen.o
	[ "$status" -eq 1 ]
	[[ $output == *"there is no symbol pv_hypercall" ]]
	run "$map" ia64
	[ "$status" -eq 2 ]
	printf '%s\n' "c0100010 T second" "c0100000 T first" "c0100010 t also" "c0100020 D data" \
		"c0100030 t last" "c0100040 A _etext" >System.map
	"$map" --functions System.map x86_32 >map
	diff map - <<-'END'
		range c0100000 c0100010 kernel:first
		range c0100010 c0100020 kernel:second
		range c0100030 c0100040 kernel:last
		range 0 c0000000 user
		range c0000000 100000000 kernel
	END
}

@test "cost by function: what differs most comes first, parts of a function with it" {
	printf '%s\n' "user 10" "kernel:a 100" "kernel:b.part.0 50" "kernel:b 50" "kernel:c 7" \
		"kernel 5" "xen 3000000000" "calls 3" "call:iret 2" >off
	printf '%s\n' "user 10" "kernel:a 90" "kernel:b 130" "kernel:c 7" "kernel 5" \
		"xen 3000000100" "calls 4" "call:iret 2" >on
	run "$TOP/tools/report/cost" --functions off on
	[ "$status" -eq 0 ]
	fields() { echo "$output" | awk 'NR > 1 && NF { print $1, $2, $3, $5 }'; }
	[ "$(fields)" = "3000000222 3000000342 +120 all
10 10 +0 user
212 232 +20 kernel
3000000000 3000000100 +100 xen
0 0 +0 other
100 130 +30 b
100 90 -10 a" ]
	run "$TOP/tools/report/cost" --functions off /dev/null
	[ "$status" -eq 1 ]
	run "$TOP/tools/report/cost" --functions off
	[ "$status" -eq 2 ]
}

@test "cost-why is of one load, and of a kernel with preemption" {
	LOADS=fork,exec run "$TOP/tools/job" cost-why xen0-x86_32-preempt
	[ "$status" -eq 2 ]
	[[ $output == *"names one"* ]]
	LOADS=fork run "$TOP/tools/job" cost-why xen0-x86_32-nopreempt
	[ "$status" -eq 2 ]
	[[ $output == *"more than itself"* ]]
}
