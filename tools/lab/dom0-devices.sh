# shellcheck shell=dash disable=SC2154 # some of it is set in dom0-init.sh
# dom0-devices.sh - what domain 0 serves to the guest's front ends
#
# A part of dom0-init.sh, whose word lab.devices it obeys:
#
#   disk   two files on loop devices: xvda, ext3 with all that is in the guest's
#          ramdisk, and xvdb, ext2 and empty.  When the domain has ended e2fsck
#          looks at both; each is told in a line "disk NAME: clean" or
#          "disk NAME: damaged: WHY"
#   net    an echo server, TCP port 7, that its two network devices reach;
#          dom0-hotplug.sh gives each an address

# devices KIND... - before the domain is created
devices()
{
	for kind; do
		case $kind in
		disk)	disks="xvda xvdb"
			make_disks ;;
		net)	try insmod /modules/xen-netback.ko
			nc -ll -p 7 -e cat & ;;
		esac
	done
}

# make_disk TYPE FEATURES [OPTION...] FILE SIZE - with a file system as of 2005
make_disk()
{
	type=$1 features=$2
	shift 2
	# By its path: busybox has one, too, and its shell prefers its own.
	try /sbin/mke2fs -q -F -b 4096 -I 128 -t "$type" -O "none,filetype,sparse_super$features" "$@"
}

make_disks()
{
	try insmod /modules/loop.ko max_loop=2
	try insmod /modules/xen-blkback.ko
	mkdir /disks
	mount -t tmpfs -o size=100% disks /disks
	mkdir /disks/root
	cd /disks/root || fail "no directory for the guest's root"
	# Two archives, one behind the other: the programs and the modules.
	zcat /domU/ramdisk | { cpio -id && cpio -id; } >/tmp/said 2>&1 ||
		fail "cannot unpack the guest's ramdisk"
	cd /
	make_disk ext3 ,has_journal -d /disks/root /disks/xvda 48M
	rm -r /disks/root
	make_disk ext2 '' /disks/xvdb 32M
	try losetup /dev/loop0 /disks/xvda
	try losetup /dev/loop1 /disks/xvdb
}

# check_disks - after the domain's end, whatever that was
check_disks()
{
	for disk in $disks; do
		# What is left to do is no damage, if it can be done.
		e2fsck -y -E journal_only /disks/"$disk" >/tmp/said 2>&1
		if e2fsck -f -n /disks/"$disk" >>/tmp/said 2>&1; then
			echo "LAB dom0: disk $disk: clean"
		else
			cat /tmp/said
			echo "LAB dom0: disk $disk: damaged:" \
				"$(grep -v '^e2fsck\|^Pass' /tmp/said | head -n 1)"
		fi
	done
}
