# shellcheck shell=dash
# dom0-driver.sh - domain 0's part in a boot with a driver domain
#
# Put into its ramdisk by tools/lab/driver-domain, as /domU/driver.sh, and read by
# dom0-init.sh before that creates the guest.  Creates the domain "driver", gives the
# guest a disk and a network device that it serves, and does what `xl devd`, which does
# not run on a kernel of 2005, would do there: says which disk is meant, and, by the
# driver's console, puts the other end of the network device on a bridge with an echo
# server.  That console comes on domain 0's, each line with "driver: " before it.

for name in list read; do
	[ -e /usr/bin/xenstore-$name ] || ln -s xenstore-write /usr/bin/xenstore-$name
done

: >/var/log/xen/guest-driver.log
tail -f /var/log/xen/guest-driver.log | sed 's/^/driver: /' &
try xl create -e /domU/driver.config
seconds=0
until grep -q 'Freeing unused kernel memory' /var/log/xen/guest-driver.log; do
	seconds=$((seconds + 1))
	[ $seconds -lt 60 ] || fail "the driver domain does not come up"
	sleep 1
done

cat >>/domU/config <<EOF
disk = [ "format=raw,vdev=hdc,access=rw,backendtype=phy,backend=driver,target=/dev/ram0" ]
vif = [ "mac=00:16:3e:00:05:00,backend=driver" ]
EOF
# There is memory for two domains, not for three of this size.
sed -i 's/^memory = .*/memory = 192/' /domU/config

# name_device - for the guest's disk, once the driver's blkback has seen it and
# waits: 1:0 is /dev/ram0 there.
name_device()
{
	disks=/local/domain/$(xl domid driver)/backend/vbd
	while :; do
		for disk in $(xenstore-list "$disks" 2>/dev/null); do
			disk=$disks/$disk/$(xenstore-list "$disks/$disk")
			[ "$(xenstore-read "$disk/state")" = 2 ] || continue
			xenstore-write "$disk/physical-device" 1:0
			xenstore-write "$disk/hotplug-status" connected
			echo "LAB dom0: driver domain serves $disk"
			return
		done
		sleep 0.2
	done
}

# name_network - for the guest's network device, once the driver's netback has it: the
# driver's shell is told so.  Its own end of the bridge is veth0, as domain 0's was in
# 2005: what its stack sends elsewhere reaches the guest without a checksum.  veth0 has
# no address of its own on the wire.
name_network()
{
	driver=/local/domain/$(xl domid driver)
	until guest=$(xenstore-list "$driver/backend/vif" 2>/dev/null | head -n 1) &&
		[ "$(xenstore-read "$driver/backend/vif/$guest/0/state")" = 4 ]; do
		sleep 0.2
	done
	cat >"$(xenstore-read "$driver/console/tty")" <<-EOF
	brctl addbr xenbr0
	brctl setfd xenbr0 0
	brctl addif xenbr0 vif0.0
	brctl addif xenbr0 vif$guest.0
	ifconfig vif0.0 up
	ifconfig vif$guest.0 up
	ifconfig xenbr0 up
	ifconfig veth0 hw ether 00:16:3e:00:05:01
	ifconfig veth0 10.5.0.1 netmask 255.255.255.0 up
	nc -ll -p 7 -e cat &
	EOF
	echo "LAB dom0: driver domain serves vif$guest.0"
}

name_device &
name_network &
