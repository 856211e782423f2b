#!/usr/bin/perl
# Reads a series and its patches, without any base, and says what is wrong.
#
# usage: series-lint.pl SERIES OUT
#   SERIES  the series; the patches it names are in patches/ beside it.  In
#           series-BASE every name starts with BASE/, in plain `series` with a
#           section.
#   OUT     a directory to be made: a tree the series applies to, as far as the
#           hunks tell.  Lines no hunk shows are filler, so that every hunk finds
#           its lines at its own line numbers.  Not made if the series or a hunk
#           cannot be read.
#
# Prints one line a finding, FILE:LINE: WHAT, FILE relative to SERIES's place.
#
# exit: 0 nothing found, 1 findings, 2 wrong use
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Find qw(find);
use File::Glob qw(bsd_glob);
use File::Path qw(make_path);

my @SECTIONS = qw(build host preempt kconfig latency debug);
my @TRAILERS = qw(Hazard Scope Origin Without-PREEMPT Tested);
my $TRAILER = join '|', @TRAILERS;
my $CONTEXT = 3;		# quilt's default
my $SUBJECT_MAX = 75;
my $WIDTH_MAX = 80;

@ARGV == 2 or usage("usage: series-lint.pl SERIES OUT");
my ($series, $out) = @ARGV;
-f $series or usage("no series file $series");
my $queue = dirname($series);
my $base = basename($series) =~ /^series-(.+)$/ ? "$1/" : '';

my $findings = 0;
my $unusable = 0;		# quilt would not take this, or OUT would be wrong
my %tree;			# path => what is known of the file, see file()

my @patches = lint_series();
my %hazard = lint_hazards(@patches);	# what make check-hazard H= takes
lint_patch($_) for @patches;
write_tree() unless $unusable;
exit($findings ? 1 : 0);

sub usage
{
	print STDERR "series-lint.pl: @_\n";
	exit 2;
}

sub finding
{
	my ($file, $line, $what) = @_;

	print "$file:$line: $what\n";
	$findings++;
}

# The lines of a file without their newlines.
sub lines_of
{
	my ($name) = @_;

	open my $in, '<', "$queue/$name" or die "$queue/$name: $!\n";
	local $/;
	my $text = <$in> // '';
	my @lines = split /\n/, $text, -1;
	if (@lines && $lines[-1] eq '') {
		pop @lines;
	} elsif (@lines) {
		finding($name, scalar @lines, 'no newline at the end of the file');
	}
	my @crlf = grep { $lines[$_] =~ /\r$/ } 0 .. $#lines;
	if (@crlf) {
		finding($name, $crlf[0] + 1, 'CRLF line ends, in ' . @crlf . ' lines');
		$unusable = 1;
		s/\r$// for @lines;
	}
	return @lines;
}

# Checks the series; returns the patches it names that exist, once each.
sub lint_series
{
	my $name = basename($series);
	my @lines = lines_of($name);
	my (%seen, @names, $comment);
	my $section = '';
	my $reached = -1;

	for my $i (0 .. $#lines) {
		my $nr = $i + 1;
		my $patch = $lines[$i];

		finding($name, $nr, 'trailing white space')
		    if $patch =~ s/\s+$//;
		if ($patch =~ /^#/) {
			$comment = 1 if $patch =~ /\w/;
			next;
		}
		next if $patch eq '';
		if ($patch =~ s/\s.*//) {
			finding($name, $nr, "not just the name of a patch: '$lines[$i]'");
			$unusable = 1;
		}
		if ($seen{$patch}++) {
			finding($name, $nr, "patches/$patch is named twice");
			$unusable = 1;
			next;
		}

		my ($in) = $patch =~ m{^\Q$base\E([a-z]+)/[a-z0-9][a-z0-9._-]*\.patch$};
		my ($at) = grep { $SECTIONS[$_] eq ($in // '') } 0 .. $#SECTIONS;
		if (!defined $at) {
			finding($name, $nr, "'$patch' is not ${base}SECTION/SLUG.patch," .
			    " with a section of @SECTIONS");
		} elsif ($in ne $section) {
			finding($name, $nr, "section $in comes after section $SECTIONS[$reached]")
			    if $at <= $reached;
			finding($name, $nr, "no comment opens section $in")
			    unless $comment;
			$section = $in;
			$reached = $at if $at > $reached;
		}
		$comment = 0;

		if (-f "$queue/patches/$patch" && !-l "$queue/patches/$patch") {
			push @names, $patch;
		} else {
			finding($name, $nr, "patches/$patch is not there as a regular file");
			$unusable = 1;
		}
	}
	lint_strays($name, \%seen);
	return @names;
}

# Reports the patches of this base that its series does not name.
sub lint_strays
{
	my ($name, $seen) = @_;
	my @others = map { m{/series-([^/]+)$} } bsd_glob("$queue/series-*");
	my $dir = "$queue/patches";

	find({
		no_chdir => 1,
		preprocess => sub { sort @_ },
		wanted => sub {
			my ($patch) = m{^\Q$dir\E/(.*)$} or return;

			if ($base eq '' && grep { $_ eq $patch } @others) {
				$File::Find::prune = 1;
			} elsif ($patch =~ /^\Q$base\E.*\.patch$/ && !$seen->{$patch}) {
				finding("patches/$patch", 1, "not in $name");
			}
		},
	}, $dir);
}

# Checks that the patches which the reproducers of ci/hazards take out are there;
# returns the names of the reproducers and their rows.
sub lint_hazards
{
	my %known = map { $_ => 1 } @_;
	my %hazard;

	return if $base ne '';		# they are of plain `series`
	for my $file (map { m{/(ci/hazards/[^/]+)$} } bsd_glob("$queue/ci/hazards/*.patch")) {
		my @lines = lines_of($file);
		my $fixes = 0;

		$hazard{basename($file, '.patch')} = 1;
		for my $nr (1 .. @lines) {
			last if $lines[$nr - 1] =~ /^--- /;
			$hazard{$1} = 1 if $lines[$nr - 1] =~ /^Hazard:\s*(\S+)/;
			next unless $lines[$nr - 1] =~ /^Fix:(.*)$/;
			for (split ' ', $1) {
				$fixes++;
				finding($file, $nr, "$_ is not in " . basename($series))
				    unless $known{$_};
			}
		}
		finding($file, scalar @lines || 1, 'no Fix: field') unless $fixes;
	}
	return %hazard;
}

sub lint_patch
{
	my $name = "patches/$_[0]";
	my @lines = lines_of($name);
	my $start = 0;

	# Where quilt, too, sees the header end.
	$start++ while $start < @lines && $lines[$start] !~
	    /^(---|\*\*\*|Index:)[ \t][^ \t]|^diff -|^@@ /;
	lint_header($name, @lines[0 .. $start - 1]);
	lint_diff($name, $start, @lines);
}

sub columns
{
	my ($text) = @_;

	utf8::decode($text);
	1 while $text =~ s/^([^\t]*)\t/$1 . ' ' x (8 - length($1) % 8)/e;
	return length $text;
}

sub lint_header
{
	my ($name, @lines) = @_;
	my $i = 0;

	for my $nr (1 .. @lines) {
		my $line = $lines[$nr - 1];

		finding($name, $nr, 'trailing white space')
		    if $line =~ s/\s+$//;
		finding($name, $nr, "wider than $WIDTH_MAX columns")
		    if columns($line) > $WIDTH_MAX && $line !~ /^(From|Subject):/;
		finding($name, $nr, "a '---' line; the header goes on to the diff")
		    if $line =~ /^---/;
	}

	if (@lines && $lines[-1] =~ /\S/) {
		finding($name, scalar @lines, 'no blank line before the diff');
	} elsif (@lines > 1 && $lines[-2] !~ /\S/) {
		finding($name, scalar @lines, 'more than one blank line before the diff');
	}
	pop @lines while @lines && $lines[-1] !~ /\S/;

	for my $field (qw(From Subject)) {
		if ($i < @lines && $lines[$i] =~ /^$field:\s*(.*?)\s*$/) {
			lint_field($name, ++$i, $field, $1);
		} else {
			finding($name, $i + 1, "no $field: field in line " . ($i + 1));
		}
	}
	while ($i < @lines && $lines[$i] =~ /\S/) {
		finding($name, ++$i, "not a field this header has: '$lines[$i - 1]'");
	}

	# The trailer is the last paragraph, if any of its fields is there.
	my $trailer = @lines;
	$trailer-- while $trailer > $i && $lines[$trailer - 1] =~ /\S/;
	$trailer = @lines
	    unless grep { /^($TRAILER):/ } @lines[$trailer .. $#lines];

	finding($name, $i + 1, 'no body')
	    unless grep { /\S/ } @lines[$i .. $trailer - 1];
	for my $nr ($i + 1 .. $trailer) {
		finding($name, $nr, "$1: outside the last paragraph")
		    if $lines[$nr - 1] =~ /^($TRAILER):/;
	}
	lint_trailer($name, $trailer, @lines);
}

sub lint_trailer
{
	my ($name, $start, @lines) = @_;
	my (%line, %value, @order, $field);

	for my $nr ($start + 1 .. @lines) {
		my $line = $lines[$nr - 1];

		if ($line =~ /^($TRAILER):(.*)$/) {
			$field = $1;
			if ($line{$field}) {
				finding($name, $nr, "second $field: field");
			} else {
				$line{$field} = $nr;
				$value{$field} = $2;
				push @order, $field;
			}
		} elsif ($line =~ /^ / && $field) {
			$value{$field} .= $line;
		} else {
			finding($name, $nr, "neither a trailer field nor a continuation line: '$line'");
		}
	}

	for (@TRAILERS) {
		if (!$line{$_}) {
			finding($name, scalar @lines || 1, "no $_: field");
		} else {
			$value{$_} =~ s/^\s+|\s+$//g;
			lint_field($name, $line{$_}, $_, $value{$_});
		}
	}
	my @expected = grep { $line{$_} } @TRAILERS;
	for (0 .. $#order) {
		next if $order[$_] eq $expected[$_];
		finding($name, $line{$order[$_]}, "trailer fields not in the order @TRAILERS");
		last;
	}
}

sub lint_field
{
	my ($name, $nr, $field, $value) = @_;

	if ($value eq '') {
		finding($name, $nr, "$field: is empty");
	} elsif ($field eq 'From') {
		finding($name, $nr, 'From: is not NAME <ADDRESS>')
		    if $value !~ /^[^<>]*\S <[^<>\s]+@[^<>\s]+>$/;
	} elsif ($field eq 'Subject') {
		finding($name, $nr, "Subject: is not 'AREA: what to do', without a full stop")
		    if $value !~ m{^[\w./+-]+(?:, [\w./+-]+)*: [^\s\[].*(?<![.\s])$};
		finding($name, $nr, "Subject: is longer than $SUBJECT_MAX characters")
		    if columns($value) > $SUBJECT_MAX;
	} elsif ($field eq 'Tested') {
		for ($value =~ /make\s+check-hazard\s+H=([\w-]+)/g) {
			finding($name, $nr, "there is no ci/hazards/$_.patch") unless $hazard{$_};
		}
	} elsif ($field eq 'Hazard') {
		finding($name, $nr, "Hazard: is neither rows of the audit (H4, H7) nor 'none'")
		    if $value !~ /^(none|H\d+[a-z]?(, H\d+[a-z]?)*)$/;
	}
}

# Checks the diff, which starts with line number $i + 1, hunk by hunk.
sub lint_diff
{
	my ($name, $i, @lines) = @_;
	my (%seen, $file, $sections);

	finding($name, scalar @lines || 1, 'no diff') if $i == @lines;
	while ($i < @lines) {
		if (is_file_head($i, \@lines)) {
			my $path = lint_paths($name, $i, $lines[$i], $lines[$i + 1]);

			$file = undef;
			if (!defined $path) {
				$unusable = 1;
			} elsif ($seen{$path}++) {
				finding($name, $i + 1, "second diff of $path");
				$unusable = 1;
			} else {
				$file = start_file($name, $i, $path,
				    $lines[$i] eq '--- /dev/null',
				    $lines[$i + 1] eq '+++ /dev/null');
			}
			$i += 2;
			finding($name, $i, 'no hunk of this file follows')
			    if $i == @lines || $lines[$i] !~ /^@@ /;
		} elsif ($lines[$i] =~ /^@@ /) {
			$i = lint_hunk($name, $i, \@lines, $file);
		} else {
			finding($name, $i + 1, "not part of a plain diff: '$lines[$i]'");
			# Whose hunks follow half a file head is anybody's guess.
			$unusable = 1 if $lines[$i] =~ /^(---|\+\+\+) /;
			$i++;
		}
	}
}

sub is_file_head
{
	my ($i, $lines) = @_;

	return $i + 1 < @$lines && $lines->[$i] =~ /^--- / && $lines->[$i + 1] =~ /^\+\+\+ /;
}

# Checks the two lines that name a file; returns its path if that can be told.
sub lint_paths
{
	my ($name, $i, @heads) = @_;
	my @path;

	for my $side (0, 1) {
		my ($text) = $heads[$side] =~ /^... (.*)$/;
		my $letter = qw(a b)[$side];

		next if $text eq '/dev/null';
		finding($name, $i + 1 + $side, 'a time stamp or white space after the path')
		    if $text =~ s/\s.*$//;
		if ($text !~ m{^$letter/(.+)$}) {
			finding($name, $i + 1 + $side, "path is not $letter/PATH: '$text'");
			return;
		}
		$path[$side] = $1;
		if (grep { /^\.{0,2}$/ } split m{/}, $path[$side], -1) {
			finding($name, $i + 1 + $side, "path leaves the tree or is not plain: '$text'");
			return;
		}
	}
	my ($path) = grep { defined } @path;
	finding($name, $i + 1, 'no path at all') unless defined $path;
	if (@path == 2 && defined $path[0] && $path[0] ne $path[1]) {
		finding($name, $i + 1, 'a/ and b/ name different files');
		return;
	}
	return $path;
}

# Checks the hunk at line number $i + 1 and applies it to the file it is for,
# if that is known; returns where the hunk ends.
sub lint_hunk
{
	my ($name, $i, $lines, $file) = @_;
	my $nr = $i + 1;
	my ($old, $olds, $new, $news, $rest) = $lines->[$i++] =~
	    /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/;
	my @body;

	for (; $i < @$lines && $lines->[$i] =~ /^([ +\-\\]|$)/; $i++) {
		last if is_file_head($i, $lines)
		    && $i + 2 < @$lines && $lines->[$i + 2] =~ /^@@ /;
		my $sign = $1 eq '' ? ' ' : $1;
		my $text = $lines->[$i] eq '' ? '' : substr $lines->[$i], 1;

		if ($sign eq '\\') {
			chomp $body[-1]{text} if @body;
			next;
		}
		finding($name, $i + 1, 'empty line in a hunk; context starts with a blank')
		    if $lines->[$i] eq '';
		finding($name, $i + 1, 'trailing white space in an added line')
		    if $sign eq '+' && $text =~ /\s$/;
		push @body, { sign => $sign, text => "$text\n", nr => $i + 1 };
	}

	if (!defined $old) {
		finding($name, $nr, "malformed hunk line: '$lines->[$nr - 1]'");
		$unusable = 1;
		return $i;
	}
	finding($name, $nr, 'text after @@, which quilt refresh drops')
	    if $rest ne '';
	$olds //= 1;
	$news //= 1;
	my $shape = join '', map { $_->{sign} } @body;
	my $has_old = $shape =~ tr/ -//;
	my $has_new = $shape =~ tr/ +//;
	if ($has_old != $olds || $has_new != $news) {
		finding($name, $nr, "hunk says $olds old and $news new lines" .
		    " but has $has_old and $has_new");
		$unusable = 1;
		return $i;
	}
	my $at = $olds ? $old : $old + 1;
	my $to = $news ? $new : $new + 1;
	lint_context($name, $nr, $shape, $at);
	apply_hunk($name, $nr, $at, $to, $shape, \@body, $file) if $file;
	return $i;
}

# Is this as much context as quilt gives: $CONTEXT lines around every change,
# less only where the file starts or ends?
sub lint_context
{
	my ($name, $nr, $shape, $at) = @_;
	my ($before) = $shape =~ /^( *)/;
	my ($after) = $shape =~ /( *)$/;

	if ($shape !~ /[+-]/) {
		finding($name, $nr, 'hunk changes nothing');
		return;
	}
	finding($name, $nr, "more than $CONTEXT lines of context around the changes")
	    if length $before > $CONTEXT || length $after > $CONTEXT;
	finding($name, $nr, "fewer than $CONTEXT lines of context before the change")
	    if length $before < $CONTEXT && $at > 1;
	my $between = 2 * $CONTEXT;
	finding($name, $nr, "more than $between unchanged lines between two changes")
	    if $shape =~ /[+-] {$between} +[+-]/;
}

# What is known of a file of the tree:
#   now    its lines as the patches so far leave them, as far down as any hunk
#          has reached
#   first  its lines before the series, as far down
#   ended  whether nothing follows those
#   there  whether the file is there now;  began, whether before the series
#   by     what made it come or go last
#   grown, above   within one patch: lines added so far; where the last hunk ended
# A line is one object in both lists: { text, by }, text missing while no hunk has
# shown it.  So what a later patch shows of a line tells of the file before.
sub start_file
{
	my ($name, $i, $path, $creates, $deletes) = @_;
	my $file = $tree{$path} //= {
		path => $path, now => [], first => [],
		there => !$creates, began => !$creates, ended => $creates,
	};
	my $by = "$name:" . ($i + 1);

	if ($file->{there} == $creates) {
		finding($name, $i + 1, $creates ?
		    "creates $path, which is there already ($file->{by})" :
		    "changes $path, which is gone by then ($file->{by})");
		$unusable = 1;
		return;
	}
	@$file{qw(there by grown above short)} = (!$deletes, $by, 0, -1, 0);
	return $file;
}

sub apply_hunk
{
	my ($name, $nr, $at, $to, $shape, $body, $file) = @_;
	my $now = $file->{now};
	my ($after) = $shape =~ /( *)$/;
	my ($told, $i);

	finding($name, $nr, "hunk goes to line $to, but the hunks above move line $at to " .
	    ($at + $file->{grown})) if $to != $at + $file->{grown};
	finding($name, $nr, 'hunk does not stand clear of the one above it')
	    if $at <= $file->{above} + 1 && $file->{above} >= 0;
	finding($name, $nr, 'hunk follows one whose context says the file ended there')
	    if $file->{short};

	$i = $at - 1 + $file->{grown};
	line_at($file, $i - 1) if $i;
	for my $line (@$body) {
		if ($line->{sign} eq '+') {
			splice @$now, $i++, 0, { text => $line->{text}, by => "$name:$line->{nr}" }
			    if $i <= @$now;
			next;
		}
		my $known = line_at($file, $i);
		if (!$known) {
			finding($name, $line->{nr}, "$file->{path} has no line " . ($i + 1) . ' by then')
			    unless $told++;
			next;
		}
		$known->{text} //= $line->{text};
		$known->{by} //= "$name:$line->{nr}";
		finding($name, $line->{nr}, 'line ' . ($i + 1) . " of $file->{path}" .
		    " is another by then, see $known->{by}")
		    if $known->{text} ne $line->{text} && !$told++;
		if ($line->{sign} eq '-') {
			splice @$now, $i, 1;
		} else {
			$i++;
		}
	}
	$file->{grown} += ($shape =~ tr/+//) - ($shape =~ tr/-//);
	$file->{above} = $at + ($shape =~ tr/ -//) - 1;

	# quilt gives less context only where the file ends.
	if (length $after < $CONTEXT || $body->[-1]{text} !~ /\n/) {
		$file->{short} = 1;
		finding($name, $nr, "context says $file->{path} ends here," .
		    " yet line " . ($i + 1) . ' is known') if $i < @$now;
		$file->{ended} = 1;
	}
}

# The line with index $i of the file as it is now; nothing beyond its end.
sub line_at
{
	my ($file, $i) = @_;

	while ($i > $#{$file->{now}}) {
		return if $file->{ended};
		my $line = {};
		push @{$file->{now}}, $line;
		push @{$file->{first}}, $line;
	}
	return $file->{now}[$i];
}

sub write_tree
{
	make_path($out);
	for my $file (grep { $_->{began} } values %tree) {
		my @text = map { $_->{text} } @{$file->{first}};

		push @text, (undef) x (2 * $CONTEXT) unless $file->{ended};
		make_path(dirname("$out/$file->{path}"));
		open my $to, '>', "$out/$file->{path}" or die "$out/$file->{path}: $!\n";
		for my $nr (1 .. @text) {
			print $to $text[$nr - 1] // "line $nr of $file->{path}\n";
		}
		close $to or die "$out/$file->{path}: $!\n";
	}
}
