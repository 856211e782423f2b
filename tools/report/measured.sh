# shellcheck shell=sh
# What report/latency and report/cost share: of runs that passed a line of JSON for each
# load, of which the newest are kept, and a page that is made of them.
#
# Sourced, never run, after lib.sh.  Who sources it has $kind, as which the guest's
# command line and make know it, $data, the file of lines, and two functions: loads DIR,
# which prints for each load a line of what only this kind has, and page, which makes the
# page of all lines.
# shellcheck disable=SC2154 # kind and data are theirs

work=

# essence DIR - the lines for one run, or why there are none on stderr
essence()
{
	why=$(jq -r --arg kind "$kind" '
	if .meta.append // "" | [splits(" ")] | any(test("^" + $kind + "(=|$)")) | not
		then "not of make " + $kind
	elif .verdict != "PASS" then .verdict
	elif .meta.clock != "instructions" then "not in counted instructions"
	elif .meta.series == null or (.meta.series | test("^[0-9a-f]{16}$") | not)
		then "not of the series alone"
	elif .name | endswith("-debug") then "a kernel with checks"
	else "" end' "$1/result.json") || die 1 "$1/result.json cannot be read"
	if [ -n "$why" ]; then
		say "$1: $why, not kept"
		return
	fi
	loads "$1" >"$work/loads" || die 1 "$1/guest.tap cannot be read"
	jq -c --slurpfile result "$1/result.json" '
	$result[0] as $r | $r.meta as $m |
	{ name: $r.name, toolchain: $m.toolchain } +
	([$m.append | capture("latency=(?<source>[a-z]+)")][0] //  {}) +
	{ beside: ($m.beside // "") } + . +
	{ start: $r.start, base_tree: $m.base, series: $m.series, config: $m.config,
	  kernel: $m.kernel, ramdisk: $m.ramdisk, hypervisor: $m.hypervisor,
	  qemu: $m.qemu }' "$work/loads"
}

# merged FILE... - the newest line of each
merged()
{
	jq -s -c 'group_by([.name, .toolchain, .source, .beside // "", .load]) |
		map(max_by(.start)) | .[]' "$@"
}

# keep_measured [--page] DIR... - these with what is kept, and the page; or only print it
keep_measured()
{
	scratch work
	old=$data
	[ -f "$old" ] || old=/dev/null
	merged "$old" >"$work/old" || die 1 "$data cannot be read"
	if [ "$1" = --page ]; then
		page <"$work/old"
		return
	fi
	for dir; do
		[ ! -f "$dir/result.json" ] || essence "$dir"
	done >"$work/found"
	merged "$work/old" "$work/found" >"$work/new"
	page <"$work/new" >"$work/page" || die 1 "cannot make the page"
	cp "$work/new" "$data" || die 1 "cannot write $data"
	cp "$work/page" "${data%.jsonl}.md" || die 1 "cannot write ${data%.jsonl}.md"
	say "$data: $(wc -l <"$work/found") found, $(wc -l <"$data") in all"
}
