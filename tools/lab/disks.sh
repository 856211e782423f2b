# shellcheck shell=sh
# disks.sh - disks for a kernel of 2005, and what has become of them
#
# Sourced by domain 0, which serves them to a guest (dom0-devices.sh), and by
# tools/lab/boot, where they are QEMU's own.  The programs are named by their paths:
# busybox has some, too, and its shell prefers its own.

# make_disk TYPE FEATURES FILE SIZE - with a file system as of 2005
make_disk()
{
	/sbin/mke2fs -q -F -b 4096 -I 128 -t "$1" -O "none,filetype,sparse_super$2" "$3" "$4"
}

# make_disks ROOT OTHER - files of that name, empty but for their file systems
make_disks()
{
	make_disk ext3 ,has_journal "$1" 48M && make_disk ext2 '' "$2" 32M
}

# check_disks DISK... - a line of each for the verdict, and e2fsck's of a damaged one
check_disks()
{
	for disk; do
		# What is left to do is no damage, if it can be done.
		/sbin/e2fsck -y -E journal_only "$disk" >/dev/null 2>&1 || :
		if said=$(/sbin/e2fsck -f -n "$disk" 2>&1); then
			echo "LAB disk ${disk##*/}: clean"
		else
			echo "$said"
			echo "LAB disk ${disk##*/}: damaged:" \
				"$(echo "$said" | grep -v '^e2fsck\|^Pass' | head -n 1)"
		fi
	done
}
