#!/usr/bin/env bats
# tools/base/get: every kind of source, wrong content, no source, interruption.

setup()
{
	TOP=$BATS_TEST_DIRNAME/../..
	get=$TOP/tools/base/get
	# What a caller has set is for the real base, which only the tests that
	# say so may touch.
	unset LINUX_GIT XEN_GIT LINUX_SRC XEN_SRC
	cd "$BATS_TEST_TMPDIR" || exit
}

# An empty cache, and no way out to the public repositories.
alone()
{
	export XEN_PREEMPT_CACHE=$BATS_TEST_TMPDIR/cache
	export GIT_CONFIG_COUNT=1
	export GIT_CONFIG_KEY_0="url.file:///nowhere/.insteadOf"
	export GIT_CONFIG_VALUE_0=https://
}

# The sources as they are in the real cache, extracted once for all tests.
setup_file()
{
	local base
	base=$("$BATS_TEST_DIRNAME/../../tools/base/get" --status &&
		"$BATS_TEST_DIRNAME/../../tools/base/get") || return 0
	for source in linux-2.6.12 xen-3.0.0; do
		mkdir "$BATS_FILE_TMPDIR/$source"
		git --git-dir="$base" archive "refs/tags/$source" |
			tar -x -C "$BATS_FILE_TMPDIR/$source"
	done
}

# $linux and $xen, directories; linked, so a test that changes a file replaces it.
real_sources()
{
	[ -d "$BATS_FILE_TMPDIR/xen-3.0.0" ] || skip "no base tree in the cache"
	linux=$BATS_TEST_TMPDIR/linux xen=$BATS_TEST_TMPDIR/xen
	cp -al "$BATS_FILE_TMPDIR/linux-2.6.12" "$linux"
	cp -al "$BATS_FILE_TMPDIR/xen-3.0.0" "$xen"
}

@test "no source at all: exit 3 and three lines that say what to pass" {
	alone
	run "$get"
	[ "$status" -eq 3 ]
	[[ "$output" == *"LINUX_GIT="* && "$output" == *"LINUX_SRC="* ]]
	[ "$(printf '%s\n' "$output" | grep -c -v '^  linux: fetching')" -eq 3 ]
}

@test "status of an empty cache is 1" {
	alone
	run "$get" --status
	[ "$status" -eq 1 ]
}

@test "an unknown option is exit 2" {
	run "$get" --stauts
	[ "$status" -eq 2 ]
}

@test "a source that does not exist is exit 2 and named" {
	alone
	LINUX_SRC=/nowhere/linux.tar run "$get"
	[ "$status" -eq 2 ]
	[[ "$output" == *"/nowhere/linux.tar"* ]]
}

@test "a directory that is not Linux 2.6.12: expected, found, where" {
	alone
	mkdir linux
	echo x >linux/COPYING
	LINUX_SRC=linux run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"expected: tree e4660ac807d1"* ]]
	[[ "$output" == *"found:    tree "* ]]
	[[ "$output" == *"where:    linux"* ]]
}

@test "a repository without the commit is exit 1 and named" {
	alone
	git init -q repo
	LINUX_GIT=repo run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"cannot get v2.6.12 from repo"* ]]
}

@test "a repository whose tag v2.6.12 is something else is refused" {
	alone
	git init -q repo
	echo x >repo/file
	git -C repo add file
	git -C repo -c user.name=x -c user.email=x@x commit -qm x
	git -C repo tag v2.6.12
	LINUX_GIT=repo run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"wrong content"* ]]
	[ ! -e "$XEN_PREEMPT_CACHE/base" ]
}

@test "a damaged tarball is exit 1" {
	alone
	echo garbage >linux.tar.gz
	LINUX_SRC=linux.tar.gz run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"cannot unpack linux.tar.gz"* ]]
}

@test "a directory and a tarball give the pinned tree" {
	real_sources
	alone
	tar -cf release.tar --transform 's,^,xen-3.0.0/,' -C "$xen" .
	LINUX_SRC=$linux XEN_SRC=release.tar "$get"
	"$get" --status
	# Objects of what was not asked for are not dragged along.
	[ -z "$(ls "$XEN_PREEMPT_CACHE/tmp")" ]
}

@test "one changed line in Linux: the directory it is in is named" {
	real_sources
	alone
	sed -i '1i/* x */' "$linux/kernel/sched.c"
	LINUX_SRC=$linux XEN_SRC=$xen run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"differs:  kernel"* ]]
	run "$get" --status
	[ "$status" -eq 1 ]
}

@test "one changed line in Xen: the part it is in is named" {
	real_sources
	alone
	sed -i '1i# x' "$xen/linux-2.6-xen-sparse/arch/xen/Kconfig"
	LINUX_SRC=$linux XEN_SRC=$xen run "$get"
	[ "$status" -eq 1 ]
	[[ "$output" == *"linux-2.6-xen-sparse has the wrong content"* ]]
}

@test "Ctrl-C in the middle leaves no entry and no litter" {
	real_sources
	alone
	LINUX_SRC=$linux XEN_SRC=$xen timeout -s INT 2 "$get" || code=$?
	[ "$code" -ne 0 ]
	run "$get" --status
	[ "$status" -eq 1 ]
	[ -z "$(ls "$XEN_PREEMPT_CACHE/tmp")" ]
}
