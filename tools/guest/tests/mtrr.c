// SPDX-License-Identifier: GPL-2.0
/*
 * mtrr - can domain 0 give memory types to ranges, and take them back?
 *
 * The registers are the hypervisor's; the calls for them changed after Xen 3.0.0.
 * A range has its type until each who gave it has taken it back, be it by a write
 * to /proc/mtrr, or by closing the file through which an ioctl gave it.  Elsewhere
 * than in a domain 0: skipped.  Exit status 0 if all is well.
 */
#include "../mtrr.h"

static int has(int reg, int wanted)
{
	int count = -1, now = mtrr_find(0, &count);

	if (now == reg && (reg < 0 || count == wanted))
		return 1;
	diag("register %d, count %d, not %d, %d", now, count, reg, wanted);
	return 0;
}

int main(void)
{
	int fd, reg, count = -1;

	mtrr_begin();
	plan(6);
	if (!ok(!mtrr_add(0), "a write gives a range its type"))
		diag("%m");
	reg = mtrr_find(0, &count);
	ok(reg >= 0 && count == 1, "it is in /proc/mtrr then, counted once");
	fd = open("/proc/mtrr", O_WRONLY);
	ok(fd >= 0 && !mtrr_add_to(fd, 0) && has(reg, 2),
	   "an ioctl gives it, too: counted twice");
	close(fd);
	ok(has(reg, 1), "with the file its reference ends");
	ok(!mtrr_disable(reg) && has(-1, 0), "without any it is gone");
	ok(mtrr_disable(reg) && errno == EINVAL && mtrr_disable(1 << 20) &&
	   errno == EINVAL, "what is not there cannot be taken back");
	return done();
}
