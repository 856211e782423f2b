#!/usr/bin/perl
# objects.pl - is the preemption count lowered before somebody looks whether to reschedule?
#
# usage: objdump -d --no-show-raw-insn vmlinux | objects.pl
#
# Finds in a preemptible kernel of i386 where thread_info's flags are loaded, its
# preempt_count is lowered then, and what was loaded is tested for TIF_NEED_RESCHED
# after that: a wish that comes with an upcall in between is not heeded, see
# preempt/preempt-count-before-look.  x86_64 finds its thread_info anew for each of the
# two, in their order.  With DEBUG_PREEMPT a function lowers the count.
#
# Prints a line for each function with such a place, and then how many places are right
# and how many are not.
#
# exit: 0 all are right, 1 some are not, 2 there are none at all: not such a kernel
use strict;
use warnings;

# asm-i386/thread_info.h
my $FLAGS = '0x8';
my $COUNT = '0x14';
my $NEED_RESCHED = '0x8';
my $NEAR = 10;			# instructions
my ($right, $wrong, $function, @code) = (0, 0, '');

# Are these one register?  The byte of %eax that is tested is %al, and so on.
sub is_of
{
	my ($part, $whole) = @_;

	return $part eq $whole || "%e" . substr($part, 1, 1) . "x" eq $whole;
}

# One function has been read.
sub function
{
	my $bad = 0;

	for my $i (0 .. $#code) {
		my ($base, $flags) = $code[$i] =~ /^mov\s+$FLAGS\((%e\w\w)\),(%e\w\w)$/;
		my $lowered = 0;

		if ($code[$i] =~ /^decl\s+$COUNT\((%e\w\w)\)$/) {
			my $info = quotemeta $1;

			$right++ if grep { defined && /^(?:mov|test[bl])\s+(?:\$$NEED_RESCHED,)?$FLAGS\($info\)/ }
				@code[$i + 1 .. $i + 4];
		}
		next if !$base || $base eq $flags;
		for my $next (@code[$i + 1 .. $i + $NEAR]) {
			last if !defined $next || $next =~ /^(?:call|jmp|ret)/;
			if ($next =~ /^test\s+\$$NEED_RESCHED,(%\w+)$/ && is_of($1, $flags)) {
				$bad += $lowered;
				last;
			}
			$lowered = 1 if $next =~ /^(?:dec|sub|add|mov)l?\s+(?:\S+,)?$COUNT\(\Q$base\E\)$/;
			# It is something else from here on.
			last if $next !~ /^(?:test|cmp)/ && $next =~ /[\s,](%\w+)$/ &&
				(is_of($1, $base) || is_of($1, $flags));
		}
	}
	print "$function: the flags are read before the count is lowered, $bad times\n" if $bad;
	$wrong += $bad;
	@code = ();
}

while (my $line = <STDIN>) {
	if ($line =~ /^[0-9a-f]+ <(.*)>:$/) {
		function();
		$function = $1;
	} elsif ($line =~ /^\s*[0-9a-f]+:\t(.*?)\s*$/) {
		push @code, $1;
	}
}
function();
print "$right places are right, $wrong are not\n";
exit($right + $wrong == 0 ? 2 : $wrong > 0);
