/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the MTRRs share: ranges of a memory type, given and taken back
 * through /proc/mtrr.
 *
 * They are 1 MB each from 1 GB on, where the lab's machines have neither memory nor
 * devices, and write-combining.  Only domain 0 has MTRRs.
 */
#ifndef MTRR_H
#define MTRR_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"

#define MTRR_BASE(number)	(0x40000000UL + ((number) << 20))
#define MTRR_SIZE		(1UL << 20)

/* Linux's, whose headers are not here. */
struct mtrr_sentry {
	unsigned long base;
	unsigned int size, type;
};

#define MTRRIOC_ADD_ENTRY	_IOW('M', 0, struct mtrr_sentry)
#define MTRR_WRITE_COMBINING	1

/* Skip all elsewhere than in a domain 0 of 2005; one of today has no /proc/mtrr. */
static inline void mtrr_begin(void)
{
	char caps[64] = "";
	FILE *f = fopen("/proc/xen/capabilities", "re");

	if (f) {
		if (!fgets(caps, sizeof(caps), f))
			caps[0] = '\0';
		fclose(f);
	}
	if (!strstr(caps, "control_d") || access("/proc/mtrr", F_OK))
		skip_all("not domain 0, or no /proc/mtrr");
}

/* Write LINE to /proc/mtrr; -1 with errno. */
static inline int mtrr_write(const char *line)
{
	int fd = open("/proc/mtrr", O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, line, strlen(line));
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

/* One more reference to range NUMBER; -1 with errno. */
static inline int mtrr_add(unsigned long number)
{
	char line[80];

	snprintf(line, sizeof(line),
		 "base=0x%lx size=0x%lx type=write-combining\n",
		 MTRR_BASE(number), MTRR_SIZE);
	return mtrr_write(line);
}

/* One less for register REG; -1 with errno. */
static inline int mtrr_disable(int reg)
{
	char line[80];

	snprintf(line, sizeof(line), "disable=%d\n", reg);
	return mtrr_write(line);
}

/* The same as mtrr_add(), through FD, an open /proc/mtrr: it ends with that. */
static inline int mtrr_add_to(int fd, unsigned long number)
{
	struct mtrr_sentry range = {
		.base = MTRR_BASE(number),
		.size = MTRR_SIZE,
		.type = MTRR_WRITE_COMBINING,
	};

	return ioctl(fd, MTRRIOC_ADD_ENTRY, &range);
}

/* The register of range NUMBER, its count in *COUNT; -1 if there is none. */
static inline int mtrr_find(unsigned long number, int *count)
{
	FILE *f = fopen("/proc/mtrr", "re");
	unsigned long base;
	char line[128];
	int reg, found = -1;

	if (!f)
		bail("/proc/mtrr: %m");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "reg%d: base=0x%lx (%*[^)]), size=%*[^,], count=%d",
			   &reg, &base, count) == 3 && base == MTRR_BASE(number)) {
			found = reg;
			break;
		}
	fclose(f);
	return found;
}

#endif
