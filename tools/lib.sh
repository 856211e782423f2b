# shellcheck shell=sh
# What the stages share: messages, the cache, temporary files, the kernel table.
#
# Sourced, never run: `. "$TOP/tools/lib.sh"` after TOP has been set to the
# checkout's root.  Exit codes used throughout the tools:
#   0  done            1  the work failed (a patch, a build, a test)
#   2  wrong use or something needed is missing (a package, an argument)
#   3  skipped: no base tree was found and none was named

: "${TOP:?lib.sh: set TOP to the root of the checkout first}"

# absolute PATH - PATH from the root, whether it exists or not
absolute()
{
	case $1 in
	/*)	echo "$1" ;;
	*)	echo "$PWD/$1" ;;
	esac
}

XP_CACHE=$(absolute \
	"${XEN_PREEMPT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-preempt}")
OUT=$(absolute "${OUT:-$TOP/out}")
XP_JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
export XP_CACHE OUT XP_JOBS

# say WORDS... - progress, on stderr, so that stdout stays a stage's answer.
say()
{
	printf '%s\n' "$*" >&2
}

# die CODE WORDS... - one clear message on stderr, then exit CODE.
die()
{
	xp_code=$1
	shift
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit "$xp_code"
}

# need COMMAND... - exit 2, naming the command, unless every one is on PATH.
need()
{
	for xp_cmd; do
		command -v "$xp_cmd" >/dev/null 2>&1 ||
			die 2 "'$xp_cmd' is not installed; run: make setup"
	done
}

# scratch VAR - make a scratch directory under the cache (so that a rename into
# the cache stays on one file system), store its name in VAR and remove it on
# exit, on Ctrl-C too.  One per process; it dies with the process that made it.
scratch()
{
	mkdir -p "$XP_CACHE/tmp" || die 1 "cannot create $XP_CACHE/tmp"
	# What a killed run left behind is of no use to anybody after a day.
	find "$XP_CACHE/tmp" -mindepth 1 -maxdepth 1 -mtime +0 \
		-exec rm -rf {} + 2>/dev/null || :
	xp_scratch=$(mktemp -d "$XP_CACHE/tmp/${0##*/}.XXXXXX") ||
		die 1 "cannot create a directory in $XP_CACHE/tmp"
	trap 'rm -rf "$xp_scratch"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	eval "$1=\$xp_scratch"
}

# publish DIR DEST - rename the finished DIR to DEST.  A DEST that another run
# published meanwhile was made from the same inputs: keep it, drop ours.
publish()
{
	mkdir -p "$(dirname "$2")"
	if [ -d "$2" ]; then
		rm -rf "$1"
	elif ! mv -T "$1" "$2" 2>/dev/null; then
		[ -d "$2" ] || die 1 "cannot rename $1 to $2"
		rm -rf "$1"
	fi
}

# digest - sha256 of standard input, the first 16 hex digits.
digest()
{
	sha256sum | cut -c1-16
}

# sha256 FILE - all 64 digits, as anybody else's tool prints them.
sha256()
{
	sha256sum <"$1" | cut -c1-64
}

# nearest WORD - of the words on standard input, those closest to WORD
nearest()
{
	awk -v w="$1" '
	function min(a, b) { return a < b ? a : b }
	# Levenshtein distance
	function dist(a, b,	i, j, d) {
		for (i = 0; i <= length(a); i++) d[i, 0] = i
		for (j = 0; j <= length(b); j++) d[0, j] = j
		for (i = 1; i <= length(a); i++)
			for (j = 1; j <= length(b); j++)
				d[i, j] = min(min(d[i-1, j], d[i, j-1]) + 1,
					d[i-1, j-1] + (substr(a, i, 1) != substr(b, j, 1)))
		return d[length(a), length(b)]
	}
	{ print dist(w, $1), $1 }' | sort -n | head -n 3 |
	awk '{ printf "%s%s", sep, $2; sep = ", " } END { print "" }'
}

# kernels - the lines of the kernel table, without comments
kernels()
{
	grep -v -e '^#' -e '^[[:space:]]*$' "$TOP/configs/kernels"
}

# kernel_attrs K - exit 2, naming the nearest, unless the table has K; set
# K_ROLE (xen0, xenU, native), K_ARCH (x86_32, x86_64), K_SUBARCH (i386, x86_64: what
# the kernel calls it), K_MAKE (the words that tell its Makefile), K_IMAGE (where that
# leaves what is booted), K_GUEST (of which its guest programs are: $PROGRAMS or K_ARCH),
# K_SMP (yes or nothing), K_CPUS (1, or for -smp $CPUS or 2), K_FLAVOUR and K_CONFIGS
# (the table's second column).
# shellcheck disable=SC2034 # they are for the caller
kernel_attrs()
{
	K_CONFIGS=$(kernels | awk -F '\t+' -v k="$1" '$1 == k { print $2 }')
	[ -n "$K_CONFIGS" ] || die 2 "no kernel is called '$1'; nearest: $(
		kernels | nearest "$1") (make list shows all)"
	K_ROLE=${1%%-*} K_FLAVOUR=${1#*-} K_SMP='' K_CPUS=1
	K_ARCH=${K_FLAVOUR%%-*} K_FLAVOUR=${K_FLAVOUR#*-}
	case $K_FLAVOUR in
	smp-*)	K_FLAVOUR=${K_FLAVOUR#smp-} K_SMP=yes K_CPUS=${CPUS:-2} ;;
	esac
	case $K_ARCH in
	x86_32)	K_SUBARCH=i386 ;;
	*)	K_SUBARCH=$K_ARCH ;;
	esac
	case $K_ROLE in
	native)	K_MAKE="ARCH=$K_SUBARCH" K_IMAGE=arch/$K_SUBARCH/boot/bzImage ;;
	*)	K_MAKE="ARCH=xen SUBARCH=$K_SUBARCH" K_IMAGE=vmlinuz ;;
	esac
	K_GUEST=${PROGRAMS:-$K_ARCH}
	case $K_ARCH,$K_GUEST in
	x86_64,x86_32 | "$K_ARCH,$K_ARCH") ;;
	*)	die 2 "PROGRAMS=$K_GUEST: $1 runs those of $K_ARCH$(
		[ "$K_ARCH" != x86_64 ] || echo " and x86_32")" ;;
	esac
}

# boot_words - what the guest's tests are to find in the kernel of kernel_attrs
boot_words()
{
	xp_expect=
	case $K_FLAVOUR in
	*-nobkl) xp_expect=preempt ;;
	preempt*) xp_expect=preempt,preempt_bkl ;;
	esac
	[ -z "$K_SMP" ] || xp_expect=$xp_expect${xp_expect:+,}smp
	echo "expect=$xp_expect vcpus=$K_CPUS release=2.6.12.6"
}

# kernel_dir K TOOLCHAIN - where a kernel's products are
kernel_dir()
{
	case $2 in
	gcc12)	echo "$OUT/$1" ;;
	*)	echo "$OUT/$1.$2" ;;
	esac
}

# tree_key - what the series makes of a tree, as one short word: the order and the
# diffs; a header that is reworded builds no kernel anew.
tree_key()
{
	sed -n 's/[[:space:]]*#.*//; /./p' "$TOP/series" |
	while read -r xp_patch; do
		echo "$xp_patch"
		sed -n '/^--- /,$p' "$TOP/patches/$xp_patch"
	done | digest
}

# link_tree TREE NEW - make NEW of hard links to TREE's files, without what quilt
# keeps there.  The kernel's build makes new files and changes none of these.
link_tree()
{
	mkdir "$2"
	(cd "$1" && find . -mindepth 1 -maxdepth 1 ! -name .pc ! -name patches \
		! -name series -exec cp -al -t "$2" {} +)
}
