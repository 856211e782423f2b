// SPDX-License-Identifier: GPL-2.0
/*
 * cost - a load of loads.h, a fixed number of times, to be counted from outside
 *
 *	LOAD	this program by the name of the load
 *	true	does nothing: loads run that
 *
 * The load is prepared and done once.  Then marks stand around its rounds (marks.h), and
 * whoever watches the machine counts instructions and hypercalls between them; see
 * tools/lab/count.c.  Prints how many rounds they were and how long that took, in
 * microseconds by the kernel's clock: where nobody counts, or instructions are the
 * clock, that is the cost.  A test of one result, ok if all was done.
 */
#include <errno.h>
#include <inttypes.h>

#include "loads.h"
#include "marks.h"

int main(void)
{
	const char *called = program_invocation_short_name;
	const struct load *load;
	int64_t begin, took;

	if (!strcmp(called, "true"))
		return 0;
	load = find_load(called);
	if (!load->rounds)
		skip_all("%s has no end", called);
	plan(1);
	if (load->begin)
		load->begin();
	load->once();

	set_mark(MARK_NEXT);
	begin = now_us();
	set_mark(MARK_BEGIN);
	for (unsigned int i = 0; i < load->rounds; i++)
		load->once();
	set_mark(MARK_END);
	took = now_us() - begin;
	end_helpers();

	diag("%s", load->holds);
	diag("Rounds: %u", load->rounds);
	diag("Time: %" PRId64 " us", took);
	ok(1, "%s", called);
	return done();
}
