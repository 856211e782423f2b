/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's real time clock, for its periodic interrupts: natively and in a domain 0
 * that has hardware.
 */
#ifndef RTC_H
#define RTC_H

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "tap.h"

/* linux/rtc.h, which musl has not */
#define RTC_PIE_ON	_IO('p', 0x05)
#define RTC_IRQP_SET	_IOW('p', 0x0c, unsigned long)

/*
 * A descriptor from which each read gives, in an unsigned long, how many interrupts came
 * since the last, times 256, and waits for one; HZ of them in a second, a power of two
 * from 2 to 8192.  -1, errno set.
 */
static inline int rtc_open(unsigned long hz)
{
	static char image[1 << 20];
	int fd = open("/modules/rtc.ko", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, image, sizeof(image));

	if (fd >= 0)
		close(fd);
	/* Where it is no module it is in the kernel. */
	if (n > 0 && syscall(SYS_init_module, image, n, "") && errno != EEXIST)
		return -1;
	mknod("/tmp/rtc", S_IFCHR | 0600, makedev(10, 135));
	fd = open("/tmp/rtc", O_RDONLY);
	if (fd >= 0 && (ioctl(fd, RTC_IRQP_SET, hz) || ioctl(fd, RTC_PIE_ON))) {
		close(fd);
		return -1;
	}
	return fd;
}

#endif
