// SPDX-License-Identifier: GPL-2.0
/*
 * preempt - does a waking SCHED_FIFO task preempt kernel code?
 *
 * The watched call is readv() of /proc/kallsyms into two buffers.  The kernel
 * reads the file once for each, so the first buffer is full while some seventy
 * symbols are still being formatted for the second.  No spinlock is held there
 * and nothing on the way offers the CPU; see watch.h for why the sight is proof.
 *
 * EXPECT: preempt in it or not.  Must be root.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "../expect.h"
#include "../watch.h"

/* The second read formats into one page and must fill this much of it, line
 * ends included: a short read would leave the last byte unwritten. */
#define SECOND	3000

struct reader {
	int fd;
	unsigned char *buf;
};

static int read_twice(void *arg)
{
	const struct reader *r = arg;
	const struct iovec iov[] = {
		{ r->buf, 1 },
		{ r->buf + 1, SECOND },
	};

	if (lseek(r->fd, 0, SEEK_SET))
		return -1;
	return readv(r->fd, iov, 2) == 1 + SECOND ? 0 : -1;
}

int main(void)
{
	struct reader reader = {
		.fd = open("/proc/kallsyms", O_RDONLY),
		.buf = watch_buffer(1 + SECOND),
	};
	struct watch w = {
		.first = reader.buf,
		.last = reader.buf + SECOND,
		.call = read_twice,
		.arg = &reader,
	};

	if (reader.fd < 0)
		bail("/proc/kallsyms: %m");
	plan(2);
	watch_and_judge(&w, "a read of /proc/kallsyms",
			expected(EXPECT_PREEMPT));
	return done();
}
