# shellcheck shell=sh
# What ci/bisect and ci/noop share: the trees that the first 1, 2, 3, ... patches of the
# series make.
#
# Sourced, never run, after ci/patched.sh and with $work set: $work/vanilla is the base,
# and $work/prefixes.ARCH what prefixes says.

# patches - the series
patches()
{
	sed -n 's/[[:space:]]*#.*//; /./p' "$TOP/series"
}

# plan FROM - a line for each prefix from FROM on, 0 or more: its number, last patch ("-"
# of 0), compiler, "boot" at the end of a section or "-", and the symbols that only
# a later patch adds to Kconfig: i386:X if it does so to that architecture's
plan()
{
	# shellcheck disable=SC2046 # names of patches
	(cd "$TOP/patches" && awk -v from="$1" '
	FNR == 1 { name[++n] = FILENAME }
	/^\+\+\+ / {
		of = ""
		if (match($2, "^b/arch/xen/[^/]*/Kconfig")) {
			split($2, at, "/")
			of = at[4] ":"
		}
	}
	/^\+config [A-Z0-9_]+$/ && !((of $2) in since) {
		since[of $2] = n
		symbol[++symbols] = of $2	# awks differ in "for (x in since)"
	}
	END {
		name[0] = "-"
		for (i = from; i <= n; i++) {
			split(i ? name[i] : "build", at, "/")
			split(name[i + 1], then, "/")
			last = at[1] != then[1]
			line = i " " name[i] " " (at[1] == "build" && !last ? "gcc34" : "gcc12")
			line = line (last ? " boot" : " -")
			for (s = 1; s <= symbols; s++)
				if (since[symbol[s]] > i) line = line " " symbol[s]
			print line
		}
	}' $(patches))
}

# of_arch SYMBOL... - those that are the kernel's of kernel_attrs, by their names
of_arch()
{
	for symbol; do
		case $symbol in
		"$K_SUBARCH":*) echo "${symbol#*:}" ;;
		*:*) ;;
		*) echo "$symbol" ;;
		esac
	done | paste -s -d ' '
}

# of_x86_64 PATCH - does it change files of x86_64 alone?  Any kernel reads all Kconfigs,
# and i386's include two more files.
of_x86_64()
{
	sed -n 's,^[-+][-+][-+] [ab]/,,p' "$TOP/patches/$1" | awk -F / '
		!/^arch\/(xen\/)?x86_64\// && !/^include\/asm-(xen\/asm-)?x86_64\// { n++ }
		$NF ~ /^(Kconfig|early_printk\.c|pci-direct\.h)$/ { n++ }
		END { exit n > 0 }'
}

# prefixes ARCH - the ids of trees, one for each prefix: of the base, and each of the one
# before it and what a patch does.  For i386 it is the one before it if ARCH does not
# see the patch; those for x86_64 tell all trees apart.
prefixes()
{
	id=$(cat "$work/vanilla/.xen-preempt")
	base=$id
	patches | while read -r patch; do
		[ "$1" = i386 ] && of_x86_64 "$patch" ||
			id=$base-$({ echo "$id" && sed -n '/^--- /,$p' "$TOP/patches/$patch"; } |
				digest)
		echo "$id"
	done
}

# prefix N ARCH - the id of the tree at prefix N
prefix()
{
	sed -n "$1p" "$work/prefixes.$2"
}

# push_to N - the tree at prefix N
push_to()
{
	at=$(grep -nxF -e "$(cat tree/.xen-preempt 2>/dev/null)" "$work/prefixes.x86_64") || at=
	at=${at%%:*}
	if [ -z "$at" ] || [ "$at" -gt "$1" ]; then
		rm -rf tree
		link_tree "$work/vanilla" "$PWD/tree" || return
		at=0
	fi
	while [ "$at" -lt "$1" ]; do
		at=$((at + 1))
		rm -f tree/.xen-preempt
		apply tree "$TOP/patches/$(patches | sed -n "${at}p")" || return
		prefix "$at" x86_64 >tree/.xen-preempt
	done
}
