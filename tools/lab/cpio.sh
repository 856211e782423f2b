# shellcheck shell=sh
# Writes initramfs archives (cpio, "newc"), one call an entry, to standard output.
#
# Sourced, never run.  Nothing is taken from the file system but contents: owner is
# root, times are 0, inodes count up, so the same input is the same bytes; and a
# device node needs no root.  NAMEs have no leading slash; a directory comes before
# what is in it.  End each archive with cpio_end.

# cpio_pad N - zero bytes up to a multiple of four after N of them.
cpio_pad()
{
	case $(($1 % 4)) in
	1) printf '\000\000\000' ;;
	2) printf '\000\000' ;;
	3) printf '\000' ;;
	esac
}

# cpio_head NAME MODE SIZE [MAJOR MINOR] - MODE is octal, type bits included.
cpio_head()
{
	cpio_inode=$((${cpio_inode:-0} + 1))
	# magic inode mode uid gid links mtime size device(2) node(2) name-size sum
	printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\000' \
		"$cpio_inode" "0$2" 0 0 1 0 "$3" 0 0 "${4:-0}" "${5:-0}" \
		$((${#1} + 1)) 0 "$1"
	cpio_pad $((110 + ${#1} + 1))
}

# cpio_dirs NAME...
cpio_dirs()
{
	for cpio_name; do
		cpio_head "$cpio_name" 040755 0
	done
}

# cpio_device NAME MODE MAJOR MINOR - a character device; MODE without type bits.
cpio_device()
{
	cpio_head "$1" "20$2" 0 "$3" "$4"
}

# cpio_link NAME TARGET
cpio_link()
{
	cpio_head "$1" 120777 ${#2}
	printf '%s' "$2"
	cpio_pad ${#2}
}

# cpio_file NAME MODE FILE - MODE without type bits.
cpio_file()
{
	cpio_size=$(stat -L -c %s "$3") &&
		cpio_head "$1" "100$2" "$cpio_size" &&
		cat "$3" &&
		cpio_pad "$cpio_size"
}

cpio_end()
{
	cpio_inode=-1
	cpio_head TRAILER!!! 0 0
}
