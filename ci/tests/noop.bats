#!/usr/bin/env bats
# make noop-check without a kernel: what differs is found, and whose it is.
# shellcheck disable=SC2030,SC2031 # each test is a subshell

# A checkout with a series on a tree of two C files, of which the "kernel" is made.
setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	export OUT=$PWD/out KERNELS=xenU-x86_32-nopreempt
	unset TOOLCHAIN JOBS
	mkdir -p checkout/ci checkout/patches out/noop/vanilla
	cp -R "$TOP/tools" "$TOP/configs" checkout/
	cp "$TOP/ci/noop" "$TOP/ci/patched.sh" "$TOP/ci/prefixes.sh" checkout/ci/
	cd checkout || return
	: >series
	printf 'int a(int x)\n{\n\treturn x + 1;\n}\nint line(void)\n{\n\treturn __LINE__;\n}\n' >a.c
	printf 'const char *b(void)\n{\n\treturn "one";\n}\n' >b.c
	cp a.c b.c "$OUT/noop/vanilla/"
	echo base >"$OUT/noop/vanilla/.xen-preempt"
	part build/comment unchanged a.c 's,^int a,/* Why. */\n&,'
	part preempt/plus 'the same bug, the same fix
	[a.o]' a.c 's/1;/2;/'
	part preempt/text 'another text [b.*]' b.c 's/one/two/'
	printf '#!/bin/sh\n' >tools/tree/export
	printf '#!/bin/sh\necho prefix-\necho "$1"\n' >tools/kernel/toolchain
	cat >tools/kernel/build <<-'EOF'
	#!/bin/sh
	echo "$1 $2 ABSENT=$ABSENT" >>"$OUT/builds"
	cd "$3" || exit
	for source in *.c; do
		object=${source%.c}.o
		gcc ${SAME_LINES:+-D__LINE__=0} -c "$source" -o "$object" || exit
		echo "gcc -c $source" >".$object.cmd"
	done
	echo "ld -r a.o" >.built-in.o.cmd
	cat a.o b.o >built-in.o
	EOF
	cd ..
}

# part NAME WITHOUT FILE SED - patches/NAME.patch, which changes FILE by SED
part()
{
	mkdir -p "patches/${1%/*}"
	cp "$3" old
	sed -i "$4" "$3"
	{
		printf 'Subject: x\n\nHazard: none\nWithout-PREEMPT: %s\nTested: no\n\n' "$2"
		diff -u --label "a/$3" --label "b/$3" old "$3" || :
	} >"patches/$1.patch"
	echo "$1.patch" >>series
	rm old
}

# noop CODE WORD...
noop()
{
	want=$1
	shift
	run checkout/ci/noop "$@"
	echo "$output"
	[ "$status" -eq "$want" ]
}

@test "what is declared may differ; a moved line is no difference" {
	noop 0
	[[ $output == *"xenU-x86_32-nopreempt:  2  objects,  2  differ"*"0 findings" ]]
	[ "$(cat out/noop/differences)" = "- a.o .text
- b.o .rodata" ]
	[ "$(wc -l <out/builds)" -eq 2 ]
	noop 0
	[ "$(wc -l <out/builds)" -eq 2 ]
}

@test "--each: whose it is" {
	noop 0 --each
	[ "$(cat out/noop/differences)" = "preempt/plus.patch a.o .text
preempt/text.patch b.o .rodata" ]
	[ "$(wc -l <out/builds)" -eq 4 ]
	# Of another series only what is another.
	sed -i '$d' checkout/series
	noop 0 --each
	[ "$(wc -l <out/builds)" -eq 4 ]
}

@test "a difference that nobody has declared, or another patch has" {
	sed -i 's/another text.*/unchanged/' checkout/patches/preempt/text.patch
	noop 1
	[[ $output == *"the series: b.o differs (.rodata) and is not declared"*"1 findings" ]]
	sed -i 's/the same fix/& [b.o]/; s/^\t\[a.o\]//' checkout/patches/preempt/plus.patch
	sed -i 's/unchanged/text [a.o]/' checkout/patches/preempt/text.patch
	noop 0
	noop 1 --each
	[[ $output == *"preempt/plus.patch: a.o differs (.text) and is not declared"* ]]
	[[ $output == *"preempt/text.patch: b.o differs (.rodata) and is not declared"* ]]
}

@test "a declared difference that is none, where all kernels are built" {
	sed -i 's/unchanged/unchanged [a.o c.o]/' checkout/patches/build/comment.patch
	noop 0
	unset KERNELS
	noop 1 --each
	[[ $output == *"build/comment.patch: a.o is declared and does not differ"* ]]
	[[ $output == *"build/comment.patch: c.o is declared and does not differ"*"2 findings" ]]
}

@test "gcc12 begins where it can build" {
	TOOLCHAIN=gcc12 noop 0 --each
	[ "$(wc -l <out/builds)" -eq 3 ]
	run grep -v gcc12 out/builds
	[ "$status" -eq 1 ]
}

@test "an object that comes or goes differs" {
	cd checkout
	printf 'Subject: x\n\nWithout-PREEMPT: unchanged\nTested: no\n\n--- /dev/null\n+++ b/c.c\n@@ -0,0 +1 @@\n+int c;\n' \
		>patches/preempt/new.patch
	echo preempt/new.patch >>series
	cd ..
	noop 1
	[[ $output == *"the series: c.o differs (new) and is not declared"* ]]
}

@test "what does not build is 1, and said" {
	sed -i 's/^+.*two.*/+error/' checkout/patches/preempt/text.patch
	noop 1 --each
	[[ $output == *"FAIL  xenU-x86_32-nopreempt  3 preempt/text.patch: "*"not all is built"* ]]
}

@test "wrong use is 2" {
	noop 2 --all
	KERNELS=xenU-x86_32-preempt noop 2
	TOOLCHAIN=cc noop 2
}
