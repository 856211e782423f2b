# shellcheck shell=sh
# What ci/mutants/run and ci/hazards/run share: files that are a header and a diff,
# trees that such a diff goes onto, and what is expected of a boot.
#
# Sourced, never run, after lib.sh.

# field FILE KEY - what the header says of KEY, nothing if it does not
field()
{
	sed -n "/^--- /q; s/^$2: *//p" "$1"
}

# sample N - of the names on standard input N, another N each day.  The day is that
# of the newest commit, so a run can be repeated; without git it is today.
sample()
{
	now=
	# In a tarball unpacked in somebody's repository the date is not ours.
	if [ -e "$TOP/.git" ]; then
		now=$(git -C "$TOP" log -1 --format=%ct 2>/dev/null) || :
	fi
	awk -v n="$1" -v day="$((${now:-$(date +%s)} / 86400))" '
	{ name[NR - 1] = $1 }
	END {
		for (i = 0; i < n && i < NR; i++)
			print name[(day * n + i) % NR]
	}'
}

# own_tree DIR - DIR, of hard links to the tree with the series, which it makes.  No
# other job may change that one meanwhile.
own_tree()
{
	rm -rf "$1"
	mkdir -p "$OUT"
	(
		flock 9
		"$TOP/tools/tree/export" "$OUT/tree" && link_tree "$OUT/tree" "$1"
	) 9>"$OUT/.lock"
}

# touched FILE... - the paths that their diffs change
touched()
{
	sed -n 's,^--- a/,,p; s,^+++ b/,,p' "$@" | sort -u
}

# apply TREE FILE [-R] - put FILE's diff onto TREE, or take it off, without fuzz.
# What it changes is a file of TREE's own first: others may have links to it.
apply()
{
	touched "$2" | while read -r file; do
		if [ -f "$1/$file" ]; then
			cp -p "$1/$file" "$1/$file.own" && mv "$1/$file.own" "$1/$file"
		fi || exit
	done || return
	# shellcheck disable=SC2086 # no third argument, no word
	patch -d "$1" -p1 -F0 -s -f --no-backup-if-mismatch -r - ${3-} <"$2"
}

# rename_tree TREE NAME - what is built of TREE, from now on, is not the series' but
# called NAME (one word) as well: builds go by .xen-preempt, see tools/kernel/build
rename_tree()
{
	id=$(cat "$1/.xen-preempt")
	# Not the file that the other tree has.
	rm "$1/.xen-preempt"
	echo "$id.$2" >"$1/.xen-preempt"
}

# said DIR LOG - the verdict in DIR, "CRASH in kernel: REASON"; without one the end
# of LOG
said()
{
	jq -er '"\(.verdict)\(if .layer then " in " + .layer else "" end): \(.reason)"' \
		"$1/result.json" 2>/dev/null || echo "no verdict: $(tail -n 1 "$2")"
}

# as_expected SAID EXPECTED - EXPECTED is up to the first colon as it is, then an
# extended regular expression
as_expected()
{
	[ "${1%%: *}" = "${2%%: *}" ] &&
		printf '%s\n' "${1#*: }" | grep -Eq -e "${2#*: }"
}
