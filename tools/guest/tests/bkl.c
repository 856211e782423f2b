// SPDX-License-Identifier: GPL-2.0
/*
 * bkl - is kernel code preempted that holds the Big Kernel Lock?
 *
 * The watched call is getdents64() of /proc/sys/kernel.  Its entries are copied
 * to the caller one by one, all under a single lock_kernel(); between the first
 * and the last of them the lock is held, see watch.h.  As a spinlock it keeps
 * preemption out until the last entry is written; with PREEMPT_BKL it is a
 * semaphore and does not.
 *
 * EXPECT: preempt_bkl in it or not.  Must be root.  Skipped from 2.6.21 on,
 * where /proc/sys is listed without the BKL.  Exit status 0 if all is well.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/utsname.h>

#include "../expect.h"
#include "../watch.h"

#define ROOM	4096

struct lister {
	int fd;
	int size;		/* of the whole listing, in bytes */
	unsigned char *buf;
};

static int list(void *arg)
{
	const struct lister *l = arg;

	if (lseek(l->fd, 0, SEEK_SET))
		return -1;
	return getdents(l->fd, (struct dirent *)l->buf, ROOM) == l->size ?
		0 : -1;
}

/* d_reclen is written with its entry, and the low byte of it is never 0. */
static unsigned char *reclen_at(const struct lister *l, int offset)
{
	return l->buf + offset + offsetof(struct dirent, d_reclen);
}

static int before_2_6_21(void)
{
	int major, minor, patch;
	struct utsname u;

	if (uname(&u) ||
	    sscanf(u.release, "%d.%d.%d", &major, &minor, &patch) != 3)
		bail("uname: release '%s'", u.release);
	return major == 2 && minor == 6 && patch < 21;
}

int main(void)
{
	struct watch w = { .call = list };
	struct lister lister;
	int last = 0;

	if (!before_2_6_21())
		skip_all("/proc/sys is listed without the BKL");

	lister.fd = open("/proc/sys/kernel", O_RDONLY | O_DIRECTORY);
	if (lister.fd < 0)
		bail("/proc/sys/kernel: %m");
	lister.buf = watch_buffer(ROOM);
	lister.size = getdents(lister.fd, (struct dirent *)lister.buf, ROOM);
	if (lister.size <= 0)
		bail("/proc/sys/kernel: %m");
	while (last + *reclen_at(&lister, last) < lister.size)
		last += *reclen_at(&lister, last);

	w.arg = &lister;
	w.first = reclen_at(&lister, 0);
	w.last = reclen_at(&lister, last);
	plan(2);
	watch_and_judge(&w, "a listing under the BKL",
			expected(EXPECT_PREEMPT_BKL));
	return done();
}
