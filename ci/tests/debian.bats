#!/usr/bin/env bats
# What is fetched from Debian and what is built from it: tools/debian/fetch, and by
# tools/lab/hypervisor the way the three builds treat the cache.  No network: apt-get
# and make are stand-ins, on PATH before the real ones.

setup()
{
	TOP=$BATS_TEST_DIRNAME/../..
	fetch=$TOP/tools/debian/fetch
	hypervisor=$TOP/tools/lab/hypervisor
	cd "$BATS_TEST_TMPDIR" || exit
	export XEN_PREEMPT_CACHE=$PWD/cache
	export PATH=$PWD/bin:$PATH
	export ARCHIVE=$PWD/archive CALLS=$PWD/calls
	mkdir bin archive
	: >calls
	# shellcheck disable=SC1091
	CODENAME=$(. /etc/os-release && echo "$VERSION_CODENAME")
	export CODENAME
	debian works
}

# debian works|away|slow|behind - what apt-get finds: $ARCHIVE, nothing, no end, or
# $ARCHIVE for version 9 of 1, 9 and 10 only.
debian()
{
	cat >bin/apt-get.new <<-'EOF'
	#!/bin/sh
	echo "apt-get $*" >>"$CALLS"
	away='E: Failed to fetch http://archive.invalid/: no route to host'
	case "$*" in
	indextargets*)
		echo "Packages|Debian|main|$CODENAME|$CODENAME|http://archive.invalid/"
		;;
	*update*)
		[ "$DEBIAN" != away ] || { echo "$away" >&2; exit 100; }
		;;
	*)
		case $DEBIAN,$* in
		behind,*=9) ;;
		behind,*) exit 100 ;;
		esac
		cp "$ARCHIVE"/* .
		[ "$DEBIAN" != slow ] || exec sleep 60
		;;
	esac
	EOF
	cat >bin/apt-cache <<-'EOF'
	#!/bin/sh
	printf 'Version: %s\n' 1 10 9
	EOF
	export DEBIAN=$1
	chmod +x bin/apt-get.new bin/apt-cache
	mv bin/apt-get.new bin/apt-get
}

# deb NAME VERSION - a package of one file, into the archive.
deb()
{
	mkdir -p "pkg/DEBIAN" "pkg/usr/share/$1"
	echo "$2" >"pkg/usr/share/$1/version"
	printf '%s\n' "Package: $1" "Version: $2" "Architecture: i386" \
		"Maintainer: nobody <nobody@invalid>" "Description: a test" \
		>pkg/DEBIAN/control
	dpkg-deb --root-owner-group -b pkg "archive/$1_$2_i386.deb" >/dev/null
	rm -r pkg
}

# xen_source - something in the archive which tools/lab/hypervisor takes for Xen.
xen_source()
{
	mkdir -p xen-1/debian xen-1/xen
	echo "Xen's Makefile" >xen-1/xen/Makefile
	printf '%s\n' "xen (1) stable; urgency=low" "" "  * A test." "" \
		" -- nobody <nobody@invalid>  Sat, 29 Nov 2025 13:52:25 +0000" \
		>xen-1/debian/changelog
	printf '%s\n' "Source: xen" "Maintainer: nobody <nobody@invalid>" "" \
		"Package: xen" "Architecture: any" "Description: a test" \
		>xen-1/debian/control
	mkdir xen-1/debian/source
	echo '3.0 (native)' >xen-1/debian/source/format
	(cd archive && dpkg-source -b ../xen-1 >/dev/null 2>&1)
	rm -r xen-1
}

# builds well|badly|slowly|without-pv32 - what make does with that.
builds()
{
	cat >bin/make <<-'EOF'
	#!/bin/sh
	echo "make $*" >>"$CALLS"
	cd "$2"
	case "$*" in
	*olddefconfig)
		[ "$MAKE_DOES" != without-pv32 ] || sed -i /PV32/d .config
		;;
	*defconfig)
		echo CONFIG_X86=y >.config
		;;
	*build)
		[ "$MAKE_DOES" != badly ] || { seq 1 30; exit 2; }
		[ "$MAKE_DOES" != slowly ] || { : >xen; exec sleep 60; }
		echo image >xen
		echo symbols >xen-syms
		;;
	esac
	EOF
	chmod +x bin/make
	export MAKE_DOES=$1
}

# started WORDS - wait until a stand-in has been called with these words.
started()
{
	for _ in $(seq 300); do
		! grep -q -e "$1" calls || return 0
		sleep 0.1
	done
	return 1
}

# leftovers - what unfinished work is in the cache.
leftovers()
{
	find cache/tmp -mindepth 1 -maxdepth 1
}

@test "an unknown set is exit 2 and the known ones are listed" {
	run "$fetch" musl
	[ "$status" -eq 2 ]
	[[ "$output" == *"'musl'"* && "$output" == *musl-i386* ]]
	[[ "$output" == *xen-src* && "$output" == *dom0* ]]
}

@test "no set, two sets or an unknown option are exit 2" {
	for words in "" "dom0 xen-src" "--unpak dom0"; do
		# shellcheck disable=SC2086
		run "$fetch" $words
		[ "$status" -eq 2 ]
		[[ "$output" == *usage:* ]]
	done
}

@test "an unknown architecture is exit 2 and the known ones are listed" {
	for tool in lab/busybox kernel/gcc34; do
		run "$TOP/tools/$tool" i386
		[ "$status" -eq 2 ]
		[[ "$output" == *"'i386'"* && "$output" == *x86_32*x86_64* ]]
	done
}

@test "every line of the table is a set, a kind, an architecture and packages" {
	run awk '/^[^#]/ && (NF < 4 || seen[$1]++ ||
			$2 !~ /^(source|orig|packages|closure)$/ ||
			$3 !~ ($2 ~ /^(source|orig)$/ ? "^-$" : "^(amd64|i386)$"))' \
		"$TOP/tools/debian/packages"
	[ -z "$output" ]
}

@test "the answer holds the files and a manifest of them" {
	deb musl 1.2
	dir=$("$fetch" musl-i386)
	read -r name version architecture sum file <"$dir/manifest"
	[ "$name $version $architecture" = "musl 1.2 i386" ]
	echo "$sum  $dir/$file" | sha256sum -c --quiet
	[ "$(wc -l <"$dir/manifest")" -eq 1 ]
	[ -z "$(leftovers)" ]
}

@test "only Debian's archives of this release are asked, with its own keyring" {
	deb musl 1.2
	cat >bin/apt-get <<-'EOF'
	#!/bin/sh
	case "$*" in
	indextargets*)
		echo "Packages|Debian|contrib|$CODENAME|$CODENAME|http://debian.invalid/"
		echo "Packages|Debian|main|$CODENAME|$CODENAME|http://debian.invalid/"
		echo "Packages|Debian|main|$CODENAME-security|$CODENAME-security|http://security.invalid/"
		echo "Packages|Debian|main|sid|sid|http://debian.invalid/"
		echo "Packages|Somebody|main|$CODENAME|$CODENAME|http://somebody.invalid/"
		;;
	*update*)
		sources=$(sed -n 's/^Dir::Etc::sourcelist "\(.*\)";/\1/p' "$APT_CONFIG")
		cp "$sources" "$CALLS"
		;;
	*) cp "$ARCHIVE"/* . ;;
	esac
	EOF
	"$fetch" musl-i386
	[ "$(wc -l <calls)" -eq 2 ]
	[ "$(grep -c 'signed-by=.*debian-archive-keyring' calls)" -eq 2 ]
	grep -q "http://debian.invalid/ $CODENAME main$" calls
	grep -q "http://security.invalid/ $CODENAME-security main$" calls
}

@test "what is in the cache is answered without apt" {
	deb musl 1.2
	first=$("$fetch" musl-i386)
	: >calls
	debian away
	[ "$("$fetch" musl-i386)" = "$first" ]
	[ ! -s calls ]
}

@test "--refresh asks again, and whoever holds the old answer keeps it" {
	deb musl 1.2
	old=$("$fetch" musl-i386)
	rm archive/*
	deb musl 1.3
	new=$("$fetch" --refresh musl-i386)
	[ "$new" != "$old" ]
	[ -f "$old/musl_1.2_i386.deb" ]
	[ "$("$fetch" musl-i386)" = "$new" ]
}

@test "--unpack gives the contents, once" {
	deb musl 1.2
	dir=$("$fetch" --unpack musl-i386)
	[ "$(cat "$dir/usr/share/musl/version")" = 1.2 ]
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-deb
	chmod +x bin/dpkg-deb
	[ "$("$fetch" --unpack musl-i386)" = "$dir" ]
}

@test "a package that does not unpack is exit 1 and leaves nothing" {
	deb musl 1.2
	dir=$("$fetch" musl-i386)
	echo rubbish >"$dir/musl_1.2_i386.deb"
	run "$fetch" --unpack musl-i386
	[ "$status" -eq 1 ]
	[ ! -e cache/debian/unpacked ]
	[ -z "$(leftovers)" ]
}

@test "no network is exit 1 and at most three lines that say so" {
	debian away
	run "$fetch" musl-i386
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -le 3 ]
	[[ "$output" == *network* && "$output" == *"no route to host"* ]]
	[ -z "$("$fetch" musl-i386 2>/dev/null)" ]
	[ -z "$(leftovers)" ]
	[ ! -e cache/debian ]
}

@test "an archive that lacks a source's newest version gives the one before" {
	xen_source
	debian behind
	run "$fetch" xen-src
	[ "$status" -eq 0 ]
	[[ "$output" == *"xen 10 cannot be had"* && "$output" != *"xen 1 cannot"* ]]
}

@test "killed in mid-fetch: nothing is left, and the next run is whole" {
	deb musl 1.2
	debian slow
	for signal in TERM KILL; do
		: >calls
		setsid "$fetch" musl-i386 3>&- &
		started 'apt-get .*download'
		kill -"$signal" -- -$!
		wait $! || true
		[ ! -e cache/debian ]
		[ "$signal" = KILL ] || [ -z "$(leftovers)" ]
	done
	debian works
	dir=$("$fetch" musl-i386)
	[ -f "$dir/musl_1.2_i386.deb" ]
}

@test "two fetches at once give one answer" {
	deb musl 1.2
	"$fetch" --unpack musl-i386 >one 3>&- &
	"$fetch" --unpack musl-i386 >two 3>&-
	wait $!
	[ -d "$(cat one)/usr/share/musl" ]
	cmp one two
	[ -z "$(leftovers)" ]
}

@test "a build is kept, and answered without make or apt" {
	xen_source
	builds well
	dir=$("$hypervisor")
	[ "$(cat "$dir/xen" "$dir/xen-syms" "$dir/version")" = "image
symbols
1" ]
	grep -qx CONFIG_PV32=y "$dir/xen.config"
	: >calls
	[ "$("$hypervisor")" = "$dir" ]
	[ ! -s calls ]
}

@test "Debian's own hypervisor: unpacked once, and not built" {
	mkdir -p pkg/boot
	echo image | gzip >pkg/boot/xen-9.gz
	deb xen-hypervisor-4.17-amd64 9.1
	dir=$("$hypervisor" --debian)
	[ "$(cat "$dir/xen" "$dir/version")" = "image
9.1" ]
	: >calls
	[ "$("$hypervisor" --debian)" = "$dir" ]
	[ ! -s calls ]
	run "$hypervisor" --redhat
	[ "$status" -eq 2 ]
}

@test "a hypervisor whose final .config lacks PV32 is refused" {
	xen_source
	builds without-pv32
	run "$hypervisor"
	[ "$status" -eq 1 ]
	[[ "$output" == *PV32* ]]
	[ ! -e cache/hypervisor ]
}

@test "a build that fails shows the end of its log and where all of it is" {
	xen_source
	builds badly
	run "$hypervisor"
	[ "$status" -eq 1 ]
	[[ "$output" == *$'\n11\n'* && "$output" != *$'\n10\n'* ]]
	log=${lines[-1]##* }
	[ "$(grep -c '^[0-9]*$' "$log")" -eq 30 ]
	[ ! -e cache/hypervisor ]
	[ -z "$(leftovers)" ]
}

@test "killed in mid-build: nothing is left, and the next run is whole" {
	xen_source
	builds slowly
	for signal in TERM KILL; do
		: >calls
		setsid "$hypervisor" 3>&- &
		started 'make .*build'
		kill -"$signal" -- -$!
		wait $! || true
		[ ! -e cache/hypervisor ]
		[ "$signal" = KILL ] || [ -z "$(leftovers)" ]
	done
	builds well
	dir=$("$hypervisor")
	[ "$(cat "$dir/xen")" = image ]
}

@test "two builds at once give one answer" {
	xen_source
	builds well
	"$hypervisor" >one 3>&- &
	"$hypervisor" >two 3>&-
	wait $!
	[ "$(cat "$(cat one)/xen")" = image ]
	cmp one two
	[ -z "$(leftovers)" ]
}
