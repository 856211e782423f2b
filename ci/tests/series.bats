#!/usr/bin/env bats
# The tools that read the series and push it: tools/tree/series-check, push and
# unlink, on a made-up series and a made-up tree.

# shellcheck disable=SC2016 # a $ in single quotes is sed's here

setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	XEN_PREEMPT_CACHE=$BATS_TEST_TMPDIR/cache
	export XEN_PREEMPT_CACHE
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir -p vanilla/kernel vanilla/include q/patches
	seq -f 'alpha %g' 60 >vanilla/kernel/alpha.c
	seq -f 'beta %g' 30 >vanilla/kernel/beta.c
	seq -f 'make %g' 20 >vanilla/Makefile
	seq -f 'gone %g' 5 >vanilla/kernel/gone.c
	seq -f 'old %g' 5 >vanilla/include/old.h
	good_series
	cp -a vanilla tree
}

# The base and the series below, in words: first changes two places of alpha.c;
# second one of them again and the end of beta.c; third adds and removes a file.
good_series()
{
	cp -a vanilla now
	echo '# build: what a compiler needs.  State: done.' >q/series
	sed -i 's/alpha 10$/alpha ten/; 40a\forty and a half' now/kernel/alpha.c
	sed -i '1i\first' now/Makefile
	patch_from_now build/first.patch kernel/alpha.c Makefile
	printf '\n# preempt: the hazards.\n# State: some open.\n' >>q/series
	sed -i 's/alpha 12$/alpha twelve/; s/alpha 42$/forty-two/' now/kernel/alpha.c
	sed -i 's/beta 29$/beta 29 indeed/' now/kernel/beta.c
	patch_from_now preempt/second.patch kernel/alpha.c kernel/beta.c
	mkdir -p now/include/new/deep
	seq -f 'new %g' 4 >now/include/new/deep/file.h
	rm now/kernel/gone.c
	patch_from_now preempt/third.patch include/new/deep/file.h kernel/gone.c
}

# patch_from_now NAME FILE... - add patch NAME: what FILEs are in now/ and were
# not when this was last called.
patch_from_now()
{
	local name=$1 file old new
	shift
	[ -d before ] || cp -a vanilla before
	mkdir -p "q/patches/${name%/*}"
	{
		cat <<-END
		From: A Hacker <hacker@example.org>
		Subject: xen/i386: change what ${name##*/} is about

		Why it must be so, as a timeline:

		  CPU 0              CPU 1
		  takes the upcall   looks the other way

		Hazard: H4
		Scope: i386, UP and SMP,
		 xen0 and xenU
		Origin: new
		Without-PREEMPT: unchanged
		Tested: make check

		END
		for file; do
			old=a/$file new=b/$file
			[ -e "before/$file" ] || old=/dev/null
			[ -e "now/$file" ] || new=/dev/null
			diff -uN --label "$old" --label "$new" \
				"before/$file" "now/$file" || :
		done
	} >"q/patches/$name"
	echo "$name" >>q/series
	rm -rf before
	cp -a now before
}

check()
{
	run "$TOP/tools/tree/series-check" --series q/series "$@"
}

push()
{
	run "$TOP/tools/tree/push" --series q/series "$@"
}

# finds TEXT... - series-check fails and some finding has each TEXT in it.
finds()
{
	check
	echo "$output"
	[ "$status" -eq 1 ]
	for text; do
		[[ "$output" == *"$text"* ]]
	done
}

# finds_only TEXT - the same, and it is the only finding.
finds_only()
{
	finds "$1"
	[ "${#lines[@]}" -eq 2 ]
	[[ "${lines[1]}" == "series: "*" 1 findings"* ]]
}

# edit NAME SCRIPT - edit a patch with sed.
edit()
{
	sed -i "$2" "q/patches/$1.patch"
}

same_as_vanilla()
{
	diff -r --no-dereference vanilla "$1"
}

pushed()
{
	diff -r --no-dereference -x .pc now "$1"
}

# ---- series-check: good series

@test "series-check: a good series passes" {
	check
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "series: 3 patches, 0 findings (form; push and pop on a tree made from the hunks)" ]
}

@test "series-check: a good series passes on its base, which is only read" {
	chmod -R a-w vanilla
	check --tree vanilla
	chmod -R u+w vanilla
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"push, refresh and pop on vanilla)" ]]
	same_as_vanilla tree
}

@test "series-check: the order of the patches' lines in a file does not matter" {
	sed -i 's/alpha 3$/alpha three/' now/kernel/alpha.c
	patch_from_now preempt/fourth.patch kernel/alpha.c
	check --tree vanilla
	[ "$status" -eq 0 ]
}

@test "series-check: a file without a newline at its end can be patched" {
	printf 'last' >>vanilla/kernel/beta.c
	rm -rf q now before
	mkdir -p q/patches
	good_series
	grep -q '^\\ No newline' q/patches/preempt/second.patch
	check --tree vanilla
	[ "$status" -eq 0 ]
}

@test "series-check: an empty series passes" {
	rm -r q/patches/*
	echo '# nothing yet' >q/series
	check --tree vanilla
	[ "$status" -eq 0 ]
	[[ "$output" == "series: 0 patches, 0 findings"* ]]
}

@test "series-check: another base has its own series and directory" {
	mkdir -p q/patches/2.6.18
	cp -R q/patches/build q/patches/preempt q/patches/2.6.18
	sed 's,^[bp],2.6.18/&,' q/series >q/series-2.6.18
	check
	[ "$status" -eq 0 ]
	run "$TOP/tools/tree/series-check" --series q/series-2.6.18 --tree vanilla
	[ "$status" -eq 0 ]
	rm q/patches/2.6.18/build/first.patch
	run "$TOP/tools/tree/series-check" --series q/series-2.6.18
	[ "$status" -eq 1 ]
	[[ "$output" == *"series-2.6.18:2: patches/2.6.18/build/first.patch is not there"* ]]
	echo build/first.patch >>q/series-2.6.18
	run "$TOP/tools/tree/series-check" --series q/series-2.6.18
	[[ "$output" == *"'build/first.patch' is not 2.6.18/SECTION/SLUG.patch"* ]]
}

@test "series-check: wrong use is 2" {
	check --tree
	[ "$status" -eq 2 ]
	check --tree nowhere
	[ "$status" -eq 2 ]
	check --nonsense
	[ "$status" -eq 2 ]
	run "$TOP/tools/tree/series-check" --series nowhere
	[ "$status" -eq 2 ]
	push tree
	check --tree tree
	[ "$status" -eq 2 ]
	[[ "$output" == *"not vanilla"* ]]
}

# ---- series-check: the series

@test "series-check: a patch that does not exist" {
	rm q/patches/preempt/third.patch
	finds_only "series:7: patches/preempt/third.patch is not there"
}

@test "series-check: a patch that is a link" {
	mv q/patches/preempt/third.patch q/third
	ln -s ../../third q/patches/preempt/third.patch
	finds_only "series:7: patches/preempt/third.patch is not there"
}

@test "series-check: a patch the series does not name" {
	sed -i '/third/d' q/series
	finds_only "patches/preempt/third.patch:1: not in series"
}

@test "series-check: a patch named twice" {
	echo build/first.patch >>q/series
	finds_only "series:8: patches/build/first.patch is named twice"
}

@test "series-check: options after a name" {
	sed -i 's/first.patch/& -p0/' q/series
	finds_only "series:2: not just the name of a patch"
}

@test "series-check: a section without a comment" {
	sed -i '/^# preempt/,/^# State/d' q/series
	finds_only "series:4: no comment opens section preempt"
}

@test "series-check: an unknown section, a file outside any" {
	mv q/patches/build q/patches/misc
	mv q/patches/preempt/third.patch q/patches
	sed -i 's/build/misc/; s,preempt/third,third,' q/series
	finds "'misc/first.patch' is not SECTION" "'third.patch' is not SECTION"
}

@test "series-check: sections out of order" {
	mv q/patches/build q/patches/kconfig
	sed -i 's/build/kconfig/' q/series
	finds_only "series:6: section preempt comes after section kconfig"
}

@test "series-check: interleaved sections" {
	mv q/patches/preempt/third.patch q/patches/build/third.patch
	sed -i 's,preempt/third,# build again\nbuild/third,' q/series
	finds_only "series:8: section build comes after section preempt"
}

@test "series-check: CRLF, white space and no newline in the series" {
	sed -i 's/$/\r/' q/series
	finds_only "series:1: CRLF line ends, in 7 lines"
	sed -i 's/\r$//; 2s/$/ /' q/series
	finds_only "series:2: trailing white space"
	sed -i 's/ $//' q/series
	truncate -s -1 q/series
	finds_only "series:7: no newline at the end"
}

# ---- series-check: the header

@test "series-check: a field is missing" {
	local field
	for field in Hazard Scope Origin Without-PREEMPT Tested; do
		cp q/patches/build/first.patch saved
		edit build/first "/^$field:/,/^[A-Z]\|^$/{/^$field:\|^ /d}"
		finds_only "first.patch:1"
		[[ "$output" == *": no $field: field"* ]]
		cp saved q/patches/build/first.patch
	done
	edit build/first '/^From:/d'
	finds_only "first.patch:1: no From: field in line 1"
	edit preempt/third '/^Subject:/d'
	finds "third.patch:2: no Subject: field in line 2"
}

@test "series-check: no header at all" {
	edit build/first '1,/^$/d; /^[^-+@ ]/d; 1,/^$/d'
	edit build/first '1,/^---/{/^---/!d}'
	finds "first.patch:1: no From:" "first.patch:1: no Subject:" \
		"first.patch:1: no body" "no Hazard:" "no Tested:"
}

@test "series-check: a field is empty" {
	edit build/first 's/^Origin:.*/Origin:/; s/^From:.*/From:/'
	finds "first.patch:1: From: is empty" "Origin: is empty"
}

@test "series-check: a field is there twice" {
	edit build/first '/^Origin:/p'
	finds_only "first.patch:13: second Origin: field"
}

@test "series-check: fields out of order" {
	edit build/first '/^Origin:/{h;d};/^Without/G'
	finds_only "first.patch:12: trailer fields not in the order"
	edit preempt/third '1{h;d};2G'
	finds "third.patch:1: no From:"
}

@test "series-check: an unknown field, a field outside the trailer" {
	edit build/first '/^Origin:/a\Cc: somebody'
	finds_only "first.patch:13: neither a trailer field nor a continuation line: 'Cc: somebody'"
	edit build/first '/^Cc/d; 2a\Date: today'
	finds_only "first.patch:3: not a field this header has: 'Date: today'"
	edit build/first '/^Date/d; /^Why/a\Tested: somewhere'
	finds_only "first.patch:5: Tested: outside the last paragraph"
}

@test "series-check: no body" {
	edit build/first '/^Why/,/^  takes/d'
	finds_only ": no body"
}

@test "series-check: the form of From, Subject and Hazard" {
	local subject
	edit build/first 's/^From:.*/From: nobody/'
	finds_only "first.patch:1: From: is not NAME <ADDRESS>"
	edit build/first 's/^From:.*/From: A <a@example.org>/'
	for subject in 'no area' 'xen: ends in a stop.' '[PATCH] xen: x' 'xen:x' 'xen: [RFC] x'; do
		sed -i "s|^Subject:.*|Subject: $subject|" q/patches/build/first.patch
		finds_only "first.patch:2: Subject: is not"
	done
	for subject in 'xen/i386: x' 'kbuild: x' 'i386, x86_64: x' 'netfront: do x: then y'; do
		sed -i "s|^Subject:.*|Subject: $subject|" q/patches/build/first.patch
		check
		[ "$status" -eq 0 ]
	done
	edit build/first 's/^Hazard:.*/Hazard: some/'
	finds_only "Hazard: is neither"
	edit build/first 's/^Hazard:.*/Hazard: H4, H12/'
	check
	[ "$status" -eq 0 ]
	edit build/first 's/^Hazard:.*/Hazard: none/'
	check
	[ "$status" -eq 0 ]
}

@test "series-check: patches and ci/hazards name each other" {
	edit preempt/second 's/^Tested:.*/Tested: make check-hazard H=H4 (it hangs without)/'
	finds_only "second.patch:14: there is no ci/hazards/H4.patch"
	mkdir -p q/ci/hazards
	printf 'Subject: x\n\ny\n\nHazard: H4\nFix: preempt/second.patch\n' \
		>q/ci/hazards/H4-idle.patch
	check
	[ "$status" -eq 0 ]
	edit preempt/second 's/H=H4 /H=H4-idle, make check-hazard H=H9 /'
	finds_only "there is no ci/hazards/H9.patch"
	edit preempt/second 's/, make check-hazard H=H9//'
	sed -i 's/^Fix:.*/& preempt\/gone.patch/' q/ci/hazards/H4-idle.patch
	finds_only "ci/hazards/H4-idle.patch:6: preempt/gone.patch is not in series"
	sed -i '/^Fix:/d' q/ci/hazards/H4-idle.patch
	finds_only "ci/hazards/H4-idle.patch:5: no Fix: field"
}

@test "series-check: length of the subject and width of the header" {
	local n75 n80
	n75=$(printf 'xen: %070d' 0)
	n80=$(printf '%080d' 0)
	edit build/first "s/^Subject:.*/Subject: $n75/; s/^Why.*/$n80/; s/^Tested:.*/&\n é$(printf '%078d' 0)/"
	check
	[ "$status" -eq 0 ]
	edit build/first "s/^Subject:.*/&0/"
	finds_only "first.patch:2: Subject: is longer than 75"
	edit build/first "s/^\(Subject:.*\)0/\1/; s/^$n80/&0/"
	finds_only "first.patch:4: wider than 80 columns"
	edit build/first "s/^${n80}0/\t${n80#00000000}/"
	check
	[ "$status" -eq 0 ]
	edit build/first "s/^\t/&\t/"
	finds_only "first.patch:4: wider than 80 columns"
}

@test "series-check: what separates header and diff" {
	edit build/first '/^Tested/{n;d}'
	finds_only "first.patch:14: no blank line before the diff"
	edit build/first '/^Tested/a\\n'
	finds_only "first.patch:16: more than one blank line"
	edit build/first '/^Tested/{n;s/.*/---/}'
	finds "first.patch:15: a '---' line"
	edit preempt/third 's/^Why.*/& /'
	finds "third.patch:4: trailing white space"
}

# ---- series-check: the diff

@test "series-check: lines that are not part of a plain diff" {
	edit build/first '0,/^---/s//diff --git a\/kernel\/alpha.c b\/kernel\/alpha.c\nindex 12..34 100644\n---/'
	finds "first.patch:16: not part of a plain diff: 'diff --git" "first.patch:17: not part"
	edit preempt/second '0,/^---/s//Index: kernel\/alpha.c\n=====\n---/'
	finds "second.patch:16: not part of a plain diff: 'Index:" "second.patch:17: not part"
	printf -- '-- \n2.39\n' >>q/patches/preempt/third.patch
	finds "third.patch:32: not part of a plain diff: '2.39'"
}

@test "series-check: time stamps" {
	edit build/first 's,^--- a/kernel/alpha.c,&\t2005-06-17 19:48:29.000000000 +0000,'
	finds_only "first.patch:16: a time stamp"
}

@test "series-check: paths" {
	edit build/first 's,^--- a/kernel,--- linux.orig/kernel,'
	finds "first.patch:16: path is not a/PATH"
	edit build/first 's,^--- linux.orig/kernel,--- a/kernel/..,'
	finds "first.patch:16: path leaves the tree"
	edit build/first 's,^--- a/kernel/..,--- /kernel,'
	finds "first.patch:16: path is not a/PATH"
	edit build/first 's,^--- /kernel,--- a//kernel,'
	finds "first.patch:16: path leaves the tree"
	edit build/first 's,^--- a//kernel,--- a/mm,'
	finds "first.patch:16: a/ and b/ name different files"
	edit build/first 's,^--- a/mm/.*,--- /dev/null,; s,^+++ b/kernel/.*,+++ /dev/null,'
	finds "first.patch:16: no path at all"
	[[ "$output" == *"(form)" ]]
}

@test "series-check: a file twice in a patch" {
	sed -n '/^--- a.kernel/,$p' q/patches/build/first.patch | sed '/^--- a.Make/,$d' >again
	cat again >>q/patches/build/first.patch
	finds_only "first.patch:42: second diff of kernel/alpha.c"
}

@test "series-check: hunks that are not as long as they say" {
	edit build/first '/^+forty/d'
	finds_only "hunk says 6 old and 7 new lines but has 6 and 6"
	edit build/first '/^ alpha 41/i\+x\n+y'
	finds_only "hunk says 6 old and 7 new lines but has 6 and 8"
	edit build/first '/^+x/d; s/^+y/+forty and a half/'
	check
	[ "$status" -eq 0 ]
	edit build/first 's/^@@ -38.*/@@ garbage @@/'
	finds_only "malformed hunk line: '@@ garbage @@'"
}

@test "series-check: hunks that go elsewhere than the ones above let them" {
	edit build/first 's/^@@ -38,6 +38,7 @@/@@ -38,6 +39,7 @@/'
	finds_only "hunk goes to line 39, but the hunks above move line 38 to 38"
}

@test "series-check: text after @@" {
	edit build/first '0,/^@@.*/s//& static int alpha(void)/'
	finds_only "first.patch:18: text after @@"
}

@test "series-check: white space at the end of added lines, and only of those" {
	edit build/first 's/^+alpha ten/& /'
	edit preempt/second 's/^ alpha ten/& /'
	finds_only "first.patch:23: trailing white space in an added line"
	sed -i 's/alpha 11$/& /' vanilla/kernel/alpha.c
	rm -rf q now before
	mkdir -p q/patches
	good_series
	check
	[ "$status" -eq 0 ]
}

@test "series-check: an empty line in a hunk" {
	sed -i 's/alpha 11$//' vanilla/kernel/alpha.c
	rm -rf q now before
	mkdir -p q/patches
	good_series
	check
	[ "$status" -eq 0 ]
	edit build/first '/^@@/,$s/^ $//'
	finds_only "empty line in a hunk"
}

@test "series-check: CRLF and no newline at the end of a patch" {
	edit build/first 's/$/\r/'
	finds "first.patch:1: CRLF line ends, in 41 lines"
	edit build/first 's/\r$//'
	truncate -s -1 q/patches/build/first.patch
	finds "first.patch:41: no newline at the end"
}

@test "series-check: more context than quilt's" {
	diff -U4 --label a/kernel/alpha.c --label b/kernel/alpha.c \
		vanilla/kernel/alpha.c now/kernel/alpha.c >wider || :
	edit build/first '/^---/,$d'
	cat wider >>q/patches/build/first.patch
	finds "first.patch:18: more than 3 lines of context"
}

@test "series-check: one hunk where quilt makes two" {
	cp -a before/. now
	sed -i 's/beta 5$/x/; s/beta 13$/y/' now/kernel/beta.c
	patch_from_now preempt/fourth.patch kernel/beta.c
	check
	[ "$status" -eq 0 ]
	edit preempt/fourth '/^@@ -10/d; s/^@@ -2.*/@@ -2,15 +2,15 @@/; /^ beta 8/a\ beta 9'
	finds_only "fourth.patch:18: more than 6 unchanged lines between two"
}

@test "series-check: less context than quilt's" {
	edit build/first '0,/^ alpha 7$/{/^ alpha 7$/d}; s/^@@ -7,7 +7,7/@@ -8,6 +8,6/'
	finds_only "first.patch:18: fewer than 3 lines of context before"
	edit preempt/second '/^ alpha 15$/d; s/^@@ -9,7 +9,7/@@ -9,6 +9,6/'
	finds "context says the file ended there"
}

@test "series-check: hunks that quilt would make one" {
	cp -a before/. now
	sed -i 's/alpha 20$/x/; s/alpha 28$/y/' now/kernel/alpha.c
	patch_from_now preempt/fourth.patch kernel/alpha.c
	check
	[ "$status" -eq 0 ]
	edit preempt/fourth 's/^@@ -25,7 +25,7/@@ -24,7 +24,7/'
	finds "hunk does not stand clear of the one above it"
}

@test "series-check: a patch without a diff, a hunk without a change" {
	edit build/first '/^---/,$d'
	edit preempt/second 's/^[-+]alpha.*/ same/; s/^@@ -9,7 +9,7/@@ -9,8 +9,8/'
	finds "first.patch:15: no diff" "hunk changes nothing"
}

# ---- series-check: patches upon patches

@test "series-check: a patch not made on top of those before it" {
	edit preempt/second 's/^ alpha ten/ alpha 10/'
	finds "second.patch:20: line 10 of kernel/alpha.c is another by then, see patches/build/first.patch:23" \
		"second.patch:18: hunk 1 of kernel/alpha.c FAILED at 9"
}

@test "series-check: a patch that applies only at an offset" {
	sed -i 's/alpha twelve/dozen/' now/kernel/alpha.c
	patch_from_now preempt/fourth.patch kernel/alpha.c
	edit preempt/fourth 's/^@@ -9,7 +9,7/@@ -8,7 +8,7/'
	finds "fourth.patch:19: line 8 of kernel/alpha.c is another by then" \
		"fourth.patch:18: hunk 1 of kernel/alpha.c succeeded at 9 (offset 1 line)"
}

@test "series-check: an offset that only the base can tell" {
	sed -i '1i\one' vanilla/kernel/beta.c
	check
	[ "$status" -eq 0 ]
	check --tree vanilla
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"second.patch:38: hunk 1 of kernel/beta.c succeeded at 27 (offset 1 line)"* ]]
	[[ "$output" == *"second.patch:38: quilt refresh changes the patch from here on"* ]]
}

@test "series-check: a patch that needs fuzz on the base" {
	sed -i 's/beta 26$/another/' vanilla/kernel/beta.c
	sed -i 's/beta 27$/another/' vanilla/kernel/beta.c
	check --tree vanilla
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"second.patch:38: hunk 1 of kernel/beta.c FAILED"* ]]
}

@test "series-check: a file that is created twice, changed or removed when gone" {
	cp q/patches/preempt/third.patch q/patches/preempt/fourth.patch
	echo preempt/fourth.patch >>q/series
	finds "fourth.patch:16: creates include/new/deep/file.h, which is there already" \
		"fourth.patch:23: changes kernel/gone.c, which is gone by then"
}

@test "series-check: a file that goes beyond its end" {
	cp -a before/. now
	sed -i 's/^new 4/& indeed/' now/include/new/deep/file.h
	patch_from_now preempt/fourth.patch include/new/deep/file.h
	check
	[ "$status" -eq 0 ]
	edit preempt/fourth 's/^@@.*/@@ -5,4 +5,4 @@/'
	finds "include/new/deep/file.h has no line 5 by then"
}

@test "series-check: a patch that refresh would write differently" {
	sed -i '1,10s/alpha 5$/alpha five/' now/kernel/alpha.c
	patch_from_now preempt/fourth.patch kernel/alpha.c
	edit preempt/fourth 's/^-alpha 5/&\n-alpha 6/; s/^+alpha five/&\n+alpha 6/; /^ alpha 6/d'
	edit preempt/fourth 's/^@@.*/@@ -2,8 +2,8 @@/; $a\ alpha 9'
	check
	[ "$status" -eq 0 ]
	check --tree vanilla
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "${lines[0]}" == "patches/preempt/fourth.patch:18: quilt refresh changes the patch from here on" ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "series-check: all findings are told, of all patches" {
	edit build/first 's/^Origin:.*/Origin:/; s/^+first/& /'
	edit preempt/third '/^Tested:/d'
	finds "Origin: is empty" "trailing white space" "no Tested:" "3 findings"
}

# ---- push

@test "push: the series goes on, a line a patch" {
	push tree
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "pushed build/first.patch
pushed preempt/second.patch
pushed preempt/third.patch" ]
	pushed tree
}

@test "push: a second push changes nothing" {
	push tree
	push tree
	[ "$status" -eq 0 ]
	pushed tree
}

@test "push: a plain quilt in the tree works on the series afterwards" {
	push tree
	(cd tree && quilt --quiltrc - pop -a)
	rm -r tree/.pc tree/include/new
	same_as_vanilla tree
}

@test "quilt alone, with links to patches and series, pushes it too" {
	ln -s "$PWD/q/patches" tree/patches
	ln -s "$PWD/q/series" tree/series
	(cd tree && quilt --quiltrc - push -a --fuzz=0)
	rm tree/patches tree/series
	pushed tree
}

@test "push: a patch that fails is named with its hunk, and all come off" {
	sed -i 's/beta 29$/other/' vanilla/kernel/beta.c
	rm -r tree
	cp -a vanilla tree
	push tree
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"patches/preempt/second.patch:38: hunk 1 of kernel/beta.c FAILED at 26"* ]]
	[[ "$output" == *"preempt/second.patch does not apply"* ]]
	[[ "$output" == *"as it was before the push"* ]]
	same_as_vanilla tree
}

@test "push: new directories go, too, when a later patch fails" {
	seq -f 'beta %g' 30 | sed 's/beta 9$/nine/' >now/kernel/beta.c
	patch_from_now preempt/fourth.patch kernel/beta.c
	edit preempt/fourth 's/^ beta 10/ beta ten/'
	push tree
	[ "$status" -eq 1 ]
	[[ "$output" == *"pushed preempt/third.patch"* ]]
	same_as_vanilla tree
}

@test "push: a file to patch that is missing is told" {
	rm tree/kernel/beta.c
	cp -a tree vanilla2
	push tree
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"second.patch:38: the file to patch is not in the tree"* ]]
	diff -r vanilla2 tree
}

@test "push: a file to create that is there is told" {
	mkdir -p tree/include/new/deep
	echo mine >tree/include/new/deep/file.h
	cp -a tree vanilla2
	push tree
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"third.patch:"*"include/new/deep/file.h"* ]]
	diff -r vanilla2 tree
}

@test "push: a patch that needs fuzz fails" {
	sed -i 's/beta 26$/another/' tree/kernel/beta.c
	cp -a tree vanilla2
	push tree
	[ "$status" -eq 1 ]
	diff -r vanilla2 tree
}

@test "push: an offset is mentioned" {
	sed -i '1i\one' tree/kernel/beta.c
	push tree
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"second.patch:38: hunk 1 of kernel/beta.c succeeded at 27 (offset 1 line)"* ]]
}

@test "push: the user's quilt settings are ignored" {
	mkdir home
	cat >home/.quiltrc <<-END
	QUILT_PATCHES=elsewhere
	QUILT_PATCH_OPTS="--dry-run"
	QUILT_PUSH_ARGS="--fuzz=9"
	END
	HOME=$PWD/home QUILT_PATCHES=elsewhere QUILT_SERIES=other QUILT_PC=pc \
		QUILT_PATCH_OPTS=--dry-run QUILTRC=$PWD/home/.quiltrc \
		POSIXLY_CORRECT=1 LC_ALL=de_DE.UTF-8 QUOTING_STYLE=c push tree
	[ "$status" -eq 0 ]
	pushed tree
	[ -d tree/.pc ]
	HOME=$PWD/home QUILT_PATCHES=elsewhere QUILT_DIFF_OPTS=-U9 check --tree vanilla
	[ "$status" -eq 0 ]
}

@test "push: hard links to a reference tree do not carry changes there" {
	rm -r tree
	cp -al vanilla tree
	cp -a vanilla kept
	push tree
	[ "$status" -eq 0 ]
	same_as_vanilla kept
	pushed tree
	edit preempt/third 's/^-gone 3/-gone 4/'
	rm -r tree
	cp -al vanilla tree
	push tree
	[ "$status" -eq 1 ]
	same_as_vanilla kept
	same_as_vanilla tree
}

@test "push, series-check: blanks in the names of tree and series" {
	mv tree 'a tree'
	mv q 'my series-queue'
	mkdir 'my series-queue/patches/2.6.18'
	touch 'my series-queue/series-2.6.18' 'my series-queue/patches/2.6.18/x.patch'
	run "$TOP/tools/tree/push" 'a tree' --series 'my series-queue/series'
	echo "$output"
	[ "$status" -eq 0 ]
	pushed 'a tree'
	run "$TOP/tools/tree/series-check" --series 'my series-queue/series' --tree vanilla
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "push: wrong use and unfit trees are 2" {
	push
	[ "$status" -eq 2 ]
	push nowhere
	[ "$status" -eq 2 ]
	push tree vanilla
	[ "$status" -eq 2 ]
	push --nonsense tree
	[ "$status" -eq 2 ]
	run "$TOP/tools/tree/push" tree --series nowhere
	[ "$status" -eq 2 ]
	sed -i 's/third/fourth/' q/series
	push tree
	[ "$status" -eq 2 ]
	same_as_vanilla tree
}

@test "push: a tree with another series on it is refused" {
	push tree
	cp -R q q2
	run "$TOP/tools/tree/push" tree --series q2/series
	[ "$status" -eq 2 ]
	[[ "$output" == *"another series"* ]]
	pushed tree
}

@test "push: the user's edits in a pushed tree are not lost" {
	push tree
	echo mine >>tree/kernel/alpha.c
	push tree
	[ "$status" -eq 1 ]
	[[ "$output" == *"does not remove cleanly"* ]]
	[ "$(tail -n 1 tree/kernel/alpha.c)" = mine ]
}

# slow_patch - a `patch` in bin/ that stops in the middle of the second patch,
# after its first file, until it is killed; it makes the file `there` then.
slow_patch()
{
	mkdir bin
	cat >bin/patch <<-END
	#!/bin/bash
	$(command -v patch) "\$@" || exit
	if [ -e tree/.pc ]; then cd tree; fi
	case "\$*" in *second.patch*)
		if [ -e "$PWD/stop" ]; then
			cp "$PWD/vanilla/kernel/beta.c" kernel/beta.c
			touch "$PWD/there"
			sleep 60
		fi ;;
	esac
	END
	chmod +x bin/patch
	touch stop
}

# push_and SIGNAL - push in a process group of its own, send all of it SIGNAL
# when patch hangs, and wait for its end.
push_and()
{
	PATH=$PWD/bin:$PATH perl -MPOSIX -e \
		'POSIX::setsid(); $SIG{INT} = "DEFAULT"; exec @ARGV' \
		"$TOP/tools/tree/push" tree --series q/series >log 2>&1 3>&- &
	timeout 60 sh -c 'until [ -e there ]; do sleep 0.1; done'
	kill "-$1" -- "-$!"
	status=0
	wait "$!" || status=$?
	cat log
	rm stop
}

@test "push: Ctrl-C puts the tree back, and the next push works" {
	slow_patch
	push_and INT
	[ "$status" -eq 130 ]
	grep -q 'as it was before the push' log
	same_as_vanilla tree
	[ -z "$(ls -A cache/tmp)" ]
	push tree
	[ "$status" -eq 0 ]
	pushed tree
}

@test "push: a tree that a killed push left half patched is put right first" {
	slow_patch
	push_and KILL
	[ "$status" -eq 137 ]
	run same_as_vanilla tree
	[ "$status" -ne 0 ]
	push tree
	echo "$output"
	[ "$status" -eq 0 ]
	pushed tree
}

# ---- unlink

# release_tree - tree/ as the release's build lays it out: links into the sources
# beside it for what those have, the base's own files for the rest; and with the
# links that the kernel's build makes.
release_tree()
{
	local file
	mkdir -p release/sparse/kernel release/sparse/include/asm-xen release/public
	mv tree release/tree
	mv release/tree/kernel/alpha.c release/tree/kernel/beta.c release/sparse/kernel
	echo '#define ASM' >release/sparse/include/asm-xen/asm.h
	echo '#define PUBLIC' >release/public/xen.h
	chmod 640 release/sparse/kernel/alpha.c
	touch -d 2005-12-05 release/sparse/kernel/alpha.c
	mkdir -p release/tree/include/asm-xen/xen-public
	for file in kernel/alpha.c kernel/beta.c; do
		ln -s "../../sparse/$file" "release/tree/$file"
	done
	ln -s ../../../sparse/include/asm-xen/asm.h release/tree/include/asm-xen/asm.h
	ln -s ../../../../public/xen.h release/tree/include/asm-xen/xen-public/xen.h
	ln -s asm-xen release/tree/include/asm
	ln -s "$PWD/release/tree/include/asm-xen" release/tree/include/absolute
	ln -s ../kernel/gone.c release/tree/include/inside.c
	ln -s ../../public release/tree/include/public
}

@test "push refuses the release's tree of links and says what to do" {
	release_tree
	cp -a release kept
	push release/tree
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"2 of the files to patch are symbolic links"*"kernel/alpha.c"* ]]
	[[ "$output" == *"tools/tree/unlink $PWD/release/tree" ]]
	diff -r --no-dereference kept release
}

@test "series-check --tree reads the release's tree of links as it is" {
	release_tree
	check --tree release/tree
	[ "$status" -eq 0 ]
}

@test "unlink: links to sources become copies, all others stay; then push works" {
	release_tree
	cp -a release/sparse kept
	run "$TOP/tools/tree/unlink" release/tree
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"4 links replaced"* ]]
	for file in kernel/alpha.c kernel/beta.c include/asm-xen/asm.h; do
		[ -f "release/tree/$file" ]
		[ ! -L "release/tree/$file" ]
		cmp "release/sparse/$file" "release/tree/$file"
	done
	[ ! -L release/tree/include/asm-xen/xen-public/xen.h ]
	[ "$(stat -c %a,%Y release/tree/kernel/alpha.c)" = "$(stat -c %a,%Y release/sparse/kernel/alpha.c)" ]
	for file in asm absolute inside.c public; do
		[ -L "release/tree/include/$file" ]
	done
	push release/tree
	echo "$output"
	[ "$status" -eq 0 ]
	diff now/kernel/alpha.c release/tree/kernel/alpha.c
	diff -r kept release/sparse
}

@test "unlink: a second run finds nothing to do" {
	release_tree
	"$TOP/tools/tree/unlink" release/tree
	run "$TOP/tools/tree/unlink" release/tree
	[ "$status" -eq 0 ]
	[[ "$output" == *" 0 links replaced"* ]]
}

@test "unlink: a link that leads nowhere is told" {
	release_tree
	rm release/sparse/kernel/beta.c
	run "$TOP/tools/tree/unlink" release/tree
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"tree/kernel/beta.c: nothing at "*"sparse/kernel/beta.c"* ]]
	[ ! -L release/tree/kernel/alpha.c ]
}

@test "unlink: wrong use is 2" {
	run "$TOP/tools/tree/unlink"
	[ "$status" -eq 2 ]
	run "$TOP/tools/tree/unlink" nowhere
	[ "$status" -eq 2 ]
}
