# shellcheck shell=sh disable=SC2154
# What the programs built from Debian's sources share.  Sourced after tools/lib.sh;
# $entry is where in the cache the program is to be, $work the scratch directory.

# An outer make's settings are not for the builds here.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
LC_ALL=C TZ=UTC
export LC_ALL TZ

# logged COMMAND... - run COMMAND with its output in $work/build.log.  If it fails,
# keep that log outside the scratch directory, show its end and exit 1.
logged()
{
	"$@" >>"$work/build.log" 2>&1 && return
	xp_log=$XP_CACHE/log/${0##*/}-${entry##*/}.log
	mkdir -p "$XP_CACHE/log"
	mv "$work/build.log" "$xp_log"
	tail -n 20 "$xp_log" >&2
	die 1 "the build failed; all of it is in $xp_log"
}
