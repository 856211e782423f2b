# shellcheck shell=sh
# How this project runs quilt, and what it reads out of a series and out of
# quilt's messages.
#
# Sourced, never run, after lib.sh.  open_series comes first: the other functions
# work on the series it opened.

# open_series FILE - FILE is the series; the patches it names are in patches/
# beside it.  Sets QUEUE, the directory of both, and SERIES.
open_series()
{
	need quilt patch
	[ -f "$1" ] || die 2 "no series file $1"
	QUEUE=$(cd "$(dirname "$1")" && pwd -P)
	SERIES=$QUEUE/${1##*/}
	[ -d "$QUEUE/patches" ] || die 2 "no patches/ beside $1"
}

# patch_names - the names of the patches, in the order of the series.
patch_names()
{
	awk '{ sub(/#.*/, "") } NF { print $1 }' "$SERIES"
}

# touched_files - the path of every file a patch changes, creates or deletes.
touched_files()
{
	patch_names | while read -r name; do
		sed -n 's,^--- a/,,p; s,^+++ b/,,p' "$QUEUE/patches/$name"
	done | sort -u
}

# quilt_in TREE ARGUMENT... - run quilt in TREE on the series.  Nobody's quiltrc
# and nothing in the environment has a say.  The tree's .pc remembers where the
# series is: a plain quilt in TREE then works on it too, without links.
quilt_in()
(
	cd "$1" || exit
	shift
	exec env -i PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C \
		QUILT_PATCHES="$QUEUE/patches" QUILT_SERIES="$SERIES" \
		QUILT_REFRESH_ARGS='-p ab --no-timestamps --no-index' \
		quilt --quiltrc - "$@"
)

# pop_all TREE - take every patch off TREE and remove what quilt kept there and
# the directories that only patches had filled, which quilt leaves behind.
pop_all()
{
	if [ -s "$1/.pc/applied-patches" ]; then
		quilt_in "$1" pop -a || return
	fi
	rm -rf "$1/.pc"
	touched_files | sed -n 's,/[^/]*$,,p' | sort -u | while read -r dir; do
		(cd "$1" && rmdir -p "$dir") 2>/dev/null || :
	done
}

# complaints DIR - read what `quilt push` said on standard input and print, as
# patches/NAME:LINE: WHAT, everything that did not go exactly as the patch says.
# DIR holds the patches: the line is that of the hunk.  A push that failed
# yields at least one line.
complaints()
{
	awk -v dir="$1" '
	# The line of hunk number n of file in patch, 1 if it cannot be found.
	function hunk_line(patch, file, n,    path, text, nr, found, inside) {
		path = dir "/" patch
		while (!found && (getline text < path) > 0) {
			nr++
			if (text ~ /^--- /)
				inside = text == "--- a/" file
			else if (text == "+++ b/" file)
				inside = 1
			else if (inside && text ~ /^@@ / && --n == 0)
				found = nr
		}
		close(path)
		return found ? found : 1
	}
	function complain(line, what) {
		print "patches/" patch ":" line ": " what
		complaints++
	}
	/^Applying patch / { patch = $3 }
	/^patching file / { file = $3 }
	/^Hunk #/ {
		n = $2
		gsub(/[^0-9]/, "", n)
		what = $0
		sub(/^Hunk #[0-9]+ /, "", what)
		sub(/\.$/, "", what)
		complain(hunk_line(patch, file, n), "hunk " n " of " file " " what)
	}
	/^can.t find file to patch at input line/ {
		line = $NF
		gsub(/[^0-9]/, "", line)
		complain(line, "the file to patch is not in the tree")
	}
	/^The next patch would|^File .* is not|^patch: \*\*\*\*|does not exist$/ {
		complain(1, $0)
	}
	/^Now at patch / { done = 1 }
	NF { last = $0 }
	END {
		if (!done && !complaints)
			complain(1, last)
	}'
}
