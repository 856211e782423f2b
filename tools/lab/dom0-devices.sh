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
			# Of a connection whose ACK was lost in a save only the guest knows.
			# Domain 0 must not give it up, for the guest would see it reset: not
			# after 63 s, as by default (5, in ip-sysctl.rst), which is five saves;
			# nor when there is no route for the next SYN-ACK, as its device goes
			# with the domain that is saved (inet_rtx_syn_ack() fails).
			echo 20 >/proc/sys/net/ipv4/tcp_synack_retries
			try insmod /modules/dummy.ko
			ifconfig dummy0 up
			for n in 0 1; do
				ip addr add 10.5.$n.1/32 dev dummy0
				ip route add 10.5.$n.0/24 dev dummy0 metric 1000
			done
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
