# shellcheck shell=dash disable=SC2154 # some of it is set in dom0-init.sh
# dom0-events.sh - what domain 0 does to the guest while that is at work
#
# A part of dom0-init.sh, whose words lab.events and lab.seed it obeys:
#
#   save      xl save, into memory, and xl restore
#   pause     xl pause, and after a while xl unpause
#   vcpu      xl vcpu-set to another number of VCPUs, up to all that it has
#   memory    its target to another size, from three quarters of it to all
#
# They come in rounds, each kind once a round; order, sizes and the time between
# follow from the seed.  An event is announced in a line "event N: KIND" and ends
# in one that says the same and then one of:
#
#   done
#   failed: WHY    it was domain 0 that could not do it
#   stuck: WHY     the guest did not do its part within LIMIT seconds
#
# or in none, when the domain ended meanwhile.

# Less than xl's own and the runner's limits of 60 s.
LIMIT=50
# busybox's timeout ends so if it had to end what it ran.
TIMED_OUT=143
# Xen's number for how a saved domain ended.
SUSPENDED=2

# random BELOW - $chosen becomes a number from 0 to BELOW - 1.
random()
{
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	chosen=$(((seed >> 16) % $1))
}

# seconds - $chosen becomes a time of up to two seconds.
seconds()
{
	random 2000
	chosen=$((chosen / 1000)).$(printf %03d $((chosen % 1000)))
}

# configured NAME - that number of the domain's configuration.
configured()
{
	sed -n "s/^$1 = //p" /domU/config
}

# wake SECONDS - wait for the end of a domain; false if there was none.
wake()
{
	# shellcheck disable=SC3045 # busybox has -t
	read -r -t "$1" _ <&3
}

now()
{
	cut -d . -f 1 /proc/uptime
}

event_failed()
{
	cat /tmp/said
	echo "LAB dom0: $event failed: $(grep -m 1 error /tmp/said || echo "$*")"
	switch_off
}

# Where each VCPU is says more than that it did not do what it should.
event_stuck()
{
	xl vcpu-list guest
	id=$(xl domid guest)
	for vcpu in $(seq 0 $(($(configured vcpus) - 1))); do
		# Those two words on this console would be domain 0's own trouble.
		xenctx "$id" "$vcpu" | sed 's/Call Trace/Calls/'
	done
	echo "LAB dom0: $event stuck: $*"
	switch_off
}

# does COMMAND... - run it, which takes nothing but domain 0; false if the domain ended.
does()
{
	timeout $LIMIT "$@" >/tmp/said 2>&1 && return
	# One that is not there at all was not restored.
	if ! ended || [ -z "$reason" ]; then
		event_failed "$*"
	fi
	return 1
}

# becomes NAME VALUE - wait until ended() finds that; false if the domain ended.
becomes()
{
	deadline=$(($(now) + LIMIT))
	until ended; do
		eval "is=\$$1"
		[ "$is" != "$2" ] || return 0
		[ "$(now)" -lt $deadline ] ||
			event_stuck "$1: still $is, not $2, after $LIMIT s"
		sleep 0.1
	done
	return 1
}

event_save()
{
	timeout $LIMIT xl save guest /saved/guest >/tmp/said 2>&1 &
	# xl waits long for a guest that has ended, and not as it was asked to.
	while kill -0 $! 2>/dev/null; do
		wake 1 && ended && [ "${reason:-$SUSPENDED}" != $SUSPENDED ] && return 1
	done
	wait $!
	code=$?
	[ $code -ne $TIMED_OUT ] || ended || event_stuck "not suspended after $LIMIT s"
	[ $code -eq 0 ] || event_failed "xl save"
	# The guest says nothing now: domain 0 had better.
	echo "LAB dom0: $event restoring"
	does xl restore -e /saved/guest || return
	# What it had when it was saved is its limit now, and it may have had less.
	does xl mem-max guest "$(configured memory)" || return
	rm /saved/guest
	# Saved with one VCPU: back to work it takes the others up again.
	becomes online "$vcpus"
}

event_pause()
{
	seconds
	does xl pause guest && sleep "$chosen" && does xl unpause guest
}

event_vcpu()
{
	all=$(configured vcpus)
	random $((all - 1))
	vcpus=$(((vcpus + chosen) % all + 1))
	does xl vcpu-set guest "$vcpus" && becomes online "$vcpus"
}

event_memory()
{
	all=$(configured memory)
	random $((all / 4 + 1))
	# Only the wish, as the toolstack of 2005 did.  xl mem-set also lowers Xen's
	# limit at once; a guest that is still above it then gets no page below 4 GB
	# for the one it gave up, as it does for a new pgd, and calls BUG().
	does xenstore-write "/local/domain/$(xl domid guest)/memory/target" \
		$(((all - chosen) * 1024)) && becomes memory $((all - chosen))
}

# events KIND... - until the domain ends.
events()
{
	seed=$(word lab.seed)
	vcpus=$(configured vcpus)
	number=0
	left=
	mkdir /saved
	mount -t tmpfs -o size=100% saved /saved
	# Before its init is up the guest could not take part.  The first pty is its
	# console's; xenconsoled may still be making it.
	until grep -q "LAB init: up" /dev/pts/0; do
		! ended || return
		sleep 0.1
	done
	while :; do
		seconds
		wake "$chosen"
		! ended || return
		[ -n "$left" ] || left="$*"
		random "$(echo "$left" | wc -w)"
		kind=$(echo "$left" | cut -d ' ' -f $((chosen + 1)))
		left=$(echo "$left" | sed "s/$kind *//; s/ $//")
		number=$((number + 1))
		event="event $number: $kind"
		echo "LAB dom0: $event"
		event_"$kind" || return
		echo "LAB dom0: $event done"
	done
}
