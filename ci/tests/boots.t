#!/bin/sh
# Builds kernels and boots them, one test each.  Which: CI's choice below and two a day
# of the others, or all with both compilers (BOOTS=all).  Then a broken one a day, and a
# race with and without the patches that close it.  Without a base: the lab with Debian's.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
. "$TOP/tools/lib.sh"
. "$TOP/ci/patched.sh"

n=0
# result CODE NAME LOG - one line of TAP; on failure, what was on screen
result()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2 (exit $1)"
		tail -n 30 "$3" | sed 's/^/# /'
	fi
}

# attempt NAME COMMAND...
attempt()
{
	name=$1
	shift
	code=0
	"$@" >"$log" 2>&1 || code=$?
	result "$code" "$name" "$log"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! "$TOP/tools/base/get" >"$log" 2>&1; then
	why="no base tree: pass LINUX_GIT= and XEN_GIT= (see README)"
	echo "ok 1 - kernels # SKIP $why"
	n=1
	attempt "demo: Debian's kernel as dom0 and as domU" "$TOP/tools/job" demo
	sed 's/^/# /' "$OUT/table"
	echo "1..$n"
	exit
fi

# The native ones are there to be measured: two of the guest's tests find what gcc 12 makes
# of their system calls, and Xen's tests have nothing to do there.
all=$(kernels | awk '$1 !~ /^native/ { print $1 }')
case ${BOOTS-} in
all)	gcc12=$all gcc34=$all ;;
*)	always='-x86_(32|64)-(nopreempt|preempt|smp-preempt-debug)$'
	gcc12="$(echo "$all" | grep -E -e "$always")
		$(echo "$all" | grep -Ev -e "$always" | sample 2)"
	gcc34='xenU-x86_32-preempt xen0-x86_32-smp-preempt-debug
		xen0-x86_64-preempt xenU-x86_64-smp-preempt-debug' ;;
esac
for toolchain in gcc12 gcc34; do
	which=$gcc12
	[ "$toolchain" = gcc12 ] || which=$gcc34
	for k in $which; do
		verb=boot
		case $k in
		# Not PAE: no current hypervisor runs it.
		*-x86_32-release) verb=kernel ;;
		esac
		TOOLCHAIN=$toolchain attempt "$verb $k, $toolchain" \
			"$TOP/tools/job" "$verb" "$k"
	done
done

# count_first FILE - what the compiler has made of preempt_enable()
count_first()
{
	objdump -d --no-show-raw-insn "$1" | "$TOP/ci/objects.pl"
}
for k in xen0-x86_32-preempt xenU-x86_32-preempt xenU-x86_32-preempt.gcc34; do
	attempt "$k: the count is lowered before the look" count_first "$OUT/$k/vmlinux"
done

attempt "torture preempts where it says" env TORTURE=1 \
	TESTS=torture,preempt,forkexec "$TOP/tools/job" boot xen0-x86_32-preempt-debug

attempt "32-bit programs on an x86_64 kernel" env PROGRAMS=x86_32 \
	"$TOP/tools/job" boot xenU-x86_64-smp-preempt-debug
attempt "x86_64 on Debian's own binary of Xen" env HYPERVISOR=debian \
	"$TOP/tools/job" boot xen0-x86_64-preempt

for arch in x86_32 x86_64; do
	attempt "$arch, front ends: files on disks, echo over the network" env \
		TESTS=disk,net "$TOP/tools/job" boot xenU-$arch-smp-preempt-debug
	attempt "$arch, hardware: the same with QEMU's disks and cards" env \
		TESTS=disk,net "$TOP/tools/job" boot xen0-$arch-smp-preempt-debug
done

# twice_the_same K - figures are those of the kernel, not of the machine or the day
twice_the_same()
(
	export LOADS=fork,exit SAMPLES=10
	for run in 1 2; do
		"$TOP/tools/job" latency "$1" || exit
		cp "$OUT/$1/latency.tick/guest.tap" "$OUT/$1/latency.tick.$run"
	done
	cmp "$OUT/$1"/latency.tick.[12]
)
attempt "latency, native i386, two times the same" twice_the_same native-x86_32-preempt
attempt "latency, native x86_64" env LOADS=fork SAMPLES=10 \
	"$TOP/tools/job" latency native-x86_64-preempt
attempt "latency, domain 0, two times the same" twice_the_same xen0-x86_32-preempt
attempt "latency, domain 0, by the real time clock" env LOADS=fork SAMPLES=100 SOURCE=rtc \
	"$TOP/tools/job" latency xen0-x86_64-preempt

# known_delay - of a kernel that takes a known time longer, each sample must say so
known_delay()
(
	dir=$OUT/known-delay
	rm -rf "$dir"
	mkdir -p "$dir"
	own_tree "$dir/tree" && apply "$dir/tree" "$TOP/ci/data/known-delay.patch" &&
		rename_tree "$dir/tree" delayed || exit
	OUT=$dir TREE=$dir/tree LOADS=spin SAMPLES=20 "$TOP/tools/job" latency "$1" || exit
	sed -n 's/^ *# M[inax]* Latencies: 0*\([0-9]\)/\1/p' \
		"$dir/$1/latency.tick/guest.tap" >"$dir/late"
	echo "at least, at most: $(paste -s -d ' ' "$dir/late")"
	# shellcheck disable=SC2046 # two numbers
	set -- $(cat "$dir/late")
	[ "$1" -ge 300 ] && [ "$2" -le 325 ]
)
attempt "latency, a tick that takes 300 us longer is seen to" known_delay xen0-x86_32-preempt
attempt "latency, guest, and why" env LOADS=fork SAMPLES=10 \
	"$TOP/tools/job" why xenU-x86_64-preempt

# Two are not preempted, so that what fails is the stress or the lab.
attempt "stress, xen0" env T=15 "$TOP/tools/job" stress xen0-x86_32-nopreempt
attempt "stress and events, xenU" env T=15 EVENTS=pause,memory \
	"$TOP/tools/job" stress xenU-x86_32-nopreempt
for arch in x86_32 x86_64; do
	attempt "stress and saves, xenU-$arch with devices" env T=20 \
		TESTS=disk,net,domain,spaces EVENTS=save:1 \
		"$TOP/tools/job" stress xenU-$arch-smp-preempt-debug
done

# unlisted - warnings for Xen's files that docs/warnings.md does not account for: it
# must have the text, where NAME and TYPE stand for anything, and the file.
unlisted()
{
	for k in $gcc12; do
		cat "$OUT/$k/warnings"
	done | sort -u | awk '
	FNR == NR {
		doc = doc $0
		if (match($0, /^- `[^`]*`/)) {
			text = substr($0, 4, RLENGTH - 4)
			gsub(/[][()*.]/, "\\\\&", text)
			gsub(/NAME|TYPE/, ".*", text)
			texts[text]
		}
		next
	}
	{
		split($0, part, ": warning: ")
		known = 0
		for (text in texts)
			if (part[2] ~ "^" text && index(doc, part[1]))
				known = 1
		if (!known) { print; code = 1 }
	}
	END { exit code }' "$TOP/docs/warnings.md" -
}
attempt "gcc 12 says nothing new of Xen's files" unlisted

# replay K - in another checkout, with a test that fails when the number of ticks so
# far is odd: a sweep across two ticks must meet a phase that passes and then one
# that fails, and a boot with that phase must fail with the same log to the byte.
replay()
(
	top=$OUT/replay/top to=$OUT/replay/out/$1
	rm -rf "$OUT/replay"
	mkdir -p "$top" "$to"
	cp -r "$TOP/configs" "$TOP/patches" "$TOP/series" "$TOP/tools" "$top/"
	cp "$OUT/$1/vmlinuz" "$OUT/$1/config" "$OUT/$1/stamp" "$to/"
	ln -s "$OUT/tree" "$OUT/replay/out/tree"
	cat >"$top/tools/guest/tests/even.c" <<-'EOF'
	#include <sys/times.h>
	#include "../tap.h"

	int main(void)
	{
		plan(1);
		ok(times(NULL) % 2 == 0, "an even number of ticks");
		return done();
	}
	EOF
	# Figures of time in the log, to compare; they come after.
	TESTS=even,timers OUT=$OUT/replay/out STEP=2500000
	export TESTS OUT STEP
	for from in 0 5000000; do
		code=0
		FROM=$from TO=10000000 "$top/tools/job" sweep "$1" || code=$?
		[ "$code" -eq 1 ] || return 1
		phase=$(cd "$to/sweep" && printf '%s\n' * | sort -n | tail -n 1)
		[ "$phase" = "$from" ] || break
	done
	[ "$phase" != "$from" ] || return 1
	code=0
	PHASE=$phase "$top/tools/job" boot "$1" || code=$?
	[ "$code" -eq 1 ] && cmp "$to/sweep/$phase/console.log" "$to/boot/console.log"
)
attempt "a sweep finds a phase that fails, and its replay is the same to the byte" \
	replay xen0-x86_32-preempt

# Their control are the boots above.
sample=$("$TOP/ci/mutants/run" --list --sample 1)
for mutant in $sample; do
	attempt "broken kernel: $mutant" "$TOP/ci/mutants/run" "$mutant"
done

# Of the races that the patches close, one a day: there without, gone with.
sample=$("$TOP/ci/hazards/run" --list --sample 1)
for hazard in $sample; do
	attempt "race: $hazard" "$TOP/ci/hazards/run" "$hazard"
done

# The prefixes of the series that the newest commits touched, as far as they are seen
# without PREEMPT, which most prefixes do not have yet; all are make bisect-check.
KERNELS='xenU-x86_32-nopreempt xen0-x86_32-smp-nopreempt xen0-x86_64-nopreempt'
export KERNELS
attempt "the newest patches build" "$TOP/ci/bisect" --newest 12 --at-most 3
sed -n 's/^left out/# &/p' "$log"

echo "1..$n"
