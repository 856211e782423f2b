# shellcheck shell=dash disable=SC2154 # some of it is set in dom0-init.sh
# dom0-devices.sh - what domain 0 serves to the guest's front ends
#
# A part of dom0-init.sh, whose word lab.devices it obeys:
#
#   disk   two files on loop devices, xvda and xvdb; see disks.sh
#   net    an echo server, TCP port 7, that its two network devices reach;
#          dom0-hotplug.sh gives each an address

# devices KIND... - before the domain is created
devices()
{
	for kind; do
		case $kind in
		disk)	disks="/disks/xvda /disks/xvdb"
			serve_disks ;;
		net)	try insmod /modules/xen-netback.ko
			# A connection that only the guest knows to be there, for its ACK
			# was lost in a save, is given up after 63 s by default (5, in
			# ip-sysctl.rst), five saves later.
			echo 20 >/proc/sys/net/ipv4/tcp_synack_retries
			nc -ll -p 7 -e cat & ;;
		esac
	done
}

serve_disks()
{
	try insmod /modules/loop.ko max_loop=2
	try insmod /modules/xen-blkback.ko
	mkdir /disks
	mount -t tmpfs -o size=100% disks /disks
	try make_disks /disks/xvda /disks/xvdb
	try losetup /dev/loop0 /disks/xvda
	try losetup /dev/loop1 /disks/xvdb
}
