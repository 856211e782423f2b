#!/bin/busybox sh
# shellcheck shell=dash
# dom0-init.sh - domain 0's /init in a xenU boot
#
# Starts what xl needs, creates the domain described by /domU/config, waits for its
# end, says how it ended and switches the machine off.  Its own lines begin with
# "LAB dom0: " and go to domain 0's console; the domain's console goes to the second
# serial port, untouched.  Words of its command line:
#
#   lab.shell         the domain's console is attached to this one instead
#   lab.events=A,B    do these to the domain while it is at work: dom0-events.sh
#   lab.seed=N        ... in an order that follows from this number
#   lab.devices=A,B   serve these devices to the domain: dom0-devices.sh
#   lab.console=one   the domain's console goes to domain 0's instead, each line after "domU: "
#   lab.beside=dom0   need all of the CPU, too; =domU: have another guest that does
#
# Nobody sees an exit code here: what fails is said in a line "LAB dom0: failed: WHY".

/bin/busybox mkdir -p /sbin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin:/usr/lib/xen-4.17/bin

switch_off()
{
	echo "LAB dom0: power off"
	exec poweroff -f
}

fail()
{
	echo "LAB dom0: failed: $*"
	switch_off
}

# try COMMAND... - run it; if it fails tell its output, the first error as the why.
try()
{
	"$@" >/tmp/said 2>&1 && return
	cat /tmp/said
	fail "$(grep -m 1 error /tmp/said || echo "$*")"
}

# word NAME - the value of that word of the command line.
word()
{
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"
}

# ended - has the domain?  What xl says of it is in $memory and $online (VCPUs) then;
# in $reason is Xen's number for how it ended, "-" while it runs.
# shellcheck disable=SC2034,SC2046 # for dom0-events.sh; words
ended()
{
	set -- $(xl list -v guest 2>/dev/null | tail -n +2)
	memory=$3 online=$4 reason=$8
	[ "$reason" != - ]
}

# shellcheck source=tools/lab/dom0-events.sh
. /events.sh
# shellcheck source=tools/lab/disks.sh
. /disks.sh
# shellcheck source=tools/lab/dom0-devices.sh
. /devices.sh

mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /etc/xen /run/xen /run/xenstored \
	/var/lib/xen /var/lib/xenstored /var/lock /var/log/xen
mount -t devpts devpts /dev/pts
for module in xen-privcmd xen-evtchn xen-gntalloc xen-gntdev xenfs; do
	try insmod /modules/$module.ko
done
mount -t xenfs xenfs /proc/xen
: >/etc/xen/xl.conf

try xenstored --pid-file /run/xenstored.pid
try xen-init-dom0
echo "LAB dom0: up"
disks=
# shellcheck disable=SC2046 # words
devices $(word lab.devices | tr , ' ')

if grep -qw lab.shell /proc/cmdline; then
	try xenconsoled
	xl create -c /domU/config || fail "xl create"
	switch_off
fi

# xenconsoled keeps a log of each guest: let that file be the port.
console=
case $(word lab.console) in
one)	mkfifo /run/console
	# Open for writing, too: it does not end while a saved domain is away.
	while IFS= read -r line && [ "$line" != "LAB dom0: no more" ]; do
		printf 'domU: %s\n' "$line"
	done <>/run/console &
	console=$! port=/run/console ;;
*)	port=/dev/ttyS1
	stty -F $port raw -echo || fail "no second serial port" ;;
esac
ln -s $port /var/log/xen/guest-guest.log
try xenconsoled --log=guest --log-dir=/var/log/xen

# Another domain that serves this one: tools/lab/driver-domain puts it there.
# shellcheck source=tools/lab/dom0-driver.sh
[ ! -f /domU/driver.sh ] || . /domU/driver.sh

# Paused, so that nothing of the domain's comes before this line.  Without a
# daemon to watch it (-e) the domain stays as it ended, to be looked at.
try xl create -e -p /domU/config
echo "LAB dom0: domain created"
# One line now, then one whenever a domain ends: no polling, for the guest may be
# measuring time.
mkfifo /run/released
xenstore-watch @releaseDomain >/run/released &
exec 3</run/released
read -r _ <&3
case $(word lab.beside) in
dom0)	while :; do :; done & ;;
domU)	try xl create -e /domU/beside ;;
esac
xl unpause guest
kinds=$(word lab.events | tr , ' ')
# shellcheck disable=SC2086 # words
[ -z "$kinds" ] || events $kinds
until ended; do
	read -r _ <&3
done
# The guest's last words are in xenconsoled's hands; it needs a moment to write them.
sleep 0.5
if [ -n "$console" ]; then
	# A new line first: the last one may have had no end.
	printf '\nLAB dom0: no more\n' >/run/console
	wait "$console"
fi
# netback says when a guest has had no receive buffers for a minute, and shuts it off.
dmesg | grep ' vif[0-9]'
case $reason in
0) how=poweroff ;;
1) how=reboot ;;
2) how=suspend ;;
3) how=crash ;;
*) how="reason $reason" ;;
esac
echo "LAB dom0: domain ended: $how"
# shellcheck disable=SC2086 # words
check_disks $disks
switch_off
