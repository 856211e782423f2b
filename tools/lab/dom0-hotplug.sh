#!/bin/busybox sh
# shellcheck shell=dash disable=SC2154 # $vif is from xl
# dom0-hotplug.sh - what xl runs in domain 0 when a backend comes or goes
#
# It is both of Xen's scripts, block and vif-bridge, by name and by task, for the
# devices of dom0-devices.sh.  xl gives the backend's directory in the store as
# XENBUS_PATH, and of a network device the name as vif.

export PATH=/bin:/sbin:/usr/bin:/usr/sbin

connected()
{
	xenstore-write "$XENBUS_PATH/hotplug-status" connected
}

case ${0##*/},$1 in
block,add)
	device=$(xenstore-read "$XENBUS_PATH/params") &&
		xenstore-write "$XENBUS_PATH/physical-device" \
			"$(stat -c %t:%T "$device")" &&
		connected
	;;
vif-bridge,online)
	# vifD.N, of domain D, has the network 10.5.N.0; the guest is number 2 there.
	# Its hardware address is told, not asked for: after a restore this is up before
	# the guest's end is, and three questions without an answer are "host
	# unreachable", at which Linux forgets a connection whose last ACK the save took
	# (tcp_req_err()).  To the guest it is established, and would then be reset.
	net=10.5.${vif##*.}
	ifconfig "$vif" "$net.1" netmask 255.255.255.0 up &&
		arp -i "$vif" -s "$net.2" "$(xenstore-read "$XENBUS_PATH/mac")" &&
		connected
	;;
esac
