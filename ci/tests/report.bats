#!/usr/bin/env bats
# make results: tools/report/results on results that the runner wrote, and on what
# is left of them.
# shellcheck disable=SC2016,SC2030,SC2031 # $ in jq's programs; tests are subshells

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	OUT=$PWD/out XEN_PREEMPT_CACHE=$PWD/cache
	export OUT XEN_PREEMPT_CACHE
}

# written DIR FILTER - a result.json in out/DIR: a pass, changed by the jq FILTER.
written()
{
	mkdir -p "out/$1"
	jq -n --arg name "${1%%/*}" '{
		name: $name, verdict: "PASS", role: "xen0", command: ["qemu"],
		meta: { toolchain: "gcc12", append: "expect=preempt vcpus=1",
			kernel: $sum },
		start: "2005-12-05T01:02:03Z", end: "2005-12-05T01:02:19Z",
		seconds: 16.25, layer: null, stage: null,
		reason: "1 of 2 tests passed, 1 skipped", planned: 2,
		tests: [{ name: "a", result: "ok", why: null },
			{ name: "b", result: "skip", why: "not here" }],
		last: { "console.log": ["Power down."] } }'" | $2" \
		--arg sum "$(echo kernel | sha256sum | cut -c1-64)" >"out/$1/result.json"
}

# results CODE OPTION...
results()
{
	want=$1
	shift
	run "$TOP/tools/report/results" "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

# row K WHAT... - the row of K says so: columns separated by one blank.
row()
{
	k=$1
	shift
	[ "$(echo "$output" | awk -v k="$k" '$1 == k' | tr -s ' ')" = "$k $*" ]
}

# Everything there can be, out of order.
all_kinds()
{
	written z/boot .
	written a/boot '.verdict = "FAIL" | .layer = "test" | .stage = "off" |
		.reason = "not ok 2 - b: it broke" | .tests[1] |= (.result = "not ok" |
		.why = "it broke") | .meta.append += " tests=a,b phase=00000400"'
	written c/stress '.verdict = "CRASH" | .layer = "kernel" | .stage = "end" |
		.reason = "Oops: 0000" | del(.tests[1]) | .meta.append += " seed=7"'
	written r/boot '.verdict = "RUNNING" | .seconds = null | .end = null |
		.reason = null | .tests = []'
	written k/boot '.verdict = "RUNNING" | .seconds = null | .tests = []'
	written s/boot '.verdict = "SKIP" | .reason = "all was skipped: no <x>" |
		.tests |= [.[1]] | .planned = 1'
	written o/boot .
	echo another >out/o/vmlinuz
	written n/boot .
	echo kernel >out/n/vmlinuz
	mkdir -p out/h/boot out/e/boot out/b out/mutants/m/boot
	head -c 100 out/z/boot/result.json >out/h/boot/result.json
	touch out/b/stamp
	exec 7<out/r/boot
	flock 7
}

@test "the table: every kind of result, sorted, none left out" {
	all_kinds
	results 0
	[ "$(echo "$output" | awk '{ printf "%s ", $1 }')" = "K a b c e h k n o r s z " ]
	row K toolchain what verdict layer/stage tests seconds when
	row z gcc12 boot PASS 1/2 1 skipped 16.3 2005-12-05 01:02
	row n gcc12 boot PASS 1/2 1 skipped 16.3 2005-12-05 01:02
	row a gcc12 boot tests=a,b phase=00000400 FAIL test/off 1/2 16.3 2005-12-05 01:02
	row c gcc12 stress seed=7 CRASH kernel/end 1/2 16.3 2005-12-05 01:02
	row s gcc12 boot SKIP 0/1 1 skipped 16.3 2005-12-05 01:02
	row r gcc12 boot RUNNING 0/2 2005-12-05 01:02
	row k gcc12 boot KILLED 0/2 2005-12-05 01:02
	row o gcc12 boot PASS 1/2 1 skipped 16.3 2005-12-05 01:02 of an older kernel
	row b - none NONE
	row h - boot BROKEN
	row e - boot BROKEN
}

@test "what is no result of the runner is BROKEN, never a pass" {
	for text in '' '{}' '[]' 'null' '{ "verdict": "" }' '{ "verdict": 1 }' \
		'{ "verdict": "PASS" } { "verdict": "PASS" }' '{ "verdict": "PASS"'; do
		mkdir -p out/z/boot
		echo "$text" >out/z/boot/result.json
		results 0 --tap all.tap
		row z - boot BROKEN
		grep -qx 'not ok 1 - z - boot' all.tap
	done
}

@test "no result, no file, wrong use: said, with the code" {
	results 3
	[[ $output == *"nothing was booted yet"* ]]
	written z/boot .
	results 1 --tap nowhere/file
	[[ $output == *"cannot write nowhere/file"* ]]
	results 2 --junit
	results 2 --what file
	results 2 file
}

@test "TAP: only what passed or was skipped is ok; prove reads it so" {
	all_kinds
	results 0 --tap all.tap
	cat all.tap
	grep -qx 'ok 11 - z gcc12 boot' all.tap
	grep -qx 'ok 10 - s gcc12 boot # SKIP all was skipped: no <x>' all.tap
	grep -qx 'not ok 1 - a gcc12 boot tests=a,b phase=00000400' all.tap
	grep -qx '# FAIL test/off not ok 2 - b: it broke *' all.tap
	grep -qx 'ok 2 - b - none # SKIP not booted' all.tap
	[ "$(grep -c '^not ok' all.tap)" -eq 6 ]
	[ "$(grep -c '^ok' all.tap)" -eq 5 ]
	run prove --exec cat all.tap
	[ "$status" -ne 0 ]
	[[ $output == *"Failed 6/11 subtests"* ]]
	for k in a b c e h k o r; do
		rm -rf "out/$k"
	done
	results 0 --tap good.tap
	prove --exec cat good.tap
}

@test "JUnit: well-formed, and counts what there is" {
	all_kinds
	results 0 --junit all.xml
	xmllint --noout all.xml
	x() { xmllint --xpath "string($1)" all.xml; }
	[ "$(x 'count(//testsuite)')" = 11 ]
	[ "$(x 'count(//testcase[@name="verdict"]/error)')" = 5 ]
	[ "$(x '//testsuite[@name="a gcc12 boot tests=a,b phase=00000400"]/@failures')" = 2 ]
	[ "$(x '//testcase[@name="b"]/failure/@message')" = "it broke" ]
	[ "$(x 'sum(//testsuite/@tests)')" = "$(x 'count(//testcase)')" ]
	[ "$(x 'sum(//testsuite/@failures)')" = "$(x 'count(//failure)')" ]
	[ "$(x 'sum(//testsuite/@errors)')" = "$(x 'count(//error)')" ]
	[ "$(x 'sum(//testsuite/@skipped)')" = "$(x 'count(//skipped)')" ]
	[ "$(x '//testsuite[@name="c gcc12 stress seed=7"]//error/@message')" = \
		"kernel/end: Oops: 0000" ]
	[ "$(x '//testsuite[@name="s gcc12 boot"]/testcase[1]/skipped/@message')" = \
		"all was skipped: no <x>" ]
}

@test "whatever the texts hold, both files stay what they are" {
	written z/boot '("<a href=\"\u0027\">&\u0000\u0001\u001b\u007f\n]]>\ufffe\uffff# é") as $x |
		.verdict = "CRASH" | .layer = "kernel" | .reason = $x |
		.meta.append += " tests=" + $x | .meta[$x] = $x |
		.tests = [{ name: $x, result: "not ok", why: $x }] | .planned = 1 |
		.last["console.log"] = [$x, "\u001b[2J"]'
	results 0 --junit all.xml --tap all.tap
	xmllint --noout all.xml
	[ "$(LC_ALL=C grep -c '[[:cntrl:]]' all.tap)" -eq 0 ]
	[ "$(wc -l <all.tap)" -eq 6 ]
	prove --exec cat all.tap | grep 'Failed 1/1 subtests'
	[ "$(xmllint --xpath 'string(//testcase[2]/failure/@message)' all.xml)" = \
		"<a href=\"'\">&???? ]]>??# é" ]
}
