/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which disks the kernel has, for init and the tests: there may be no /dev that
 * makes itself.
 */
#ifndef PARTITION_H
#define PARTITION_H

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

/* The device number of the disk or partition of that name in *DEV; false if there
 * is none. */
static inline int partition_device(const char *name, dev_t *dev)
{
	FILE *file = fopen("/proc/partitions", "re");
	unsigned int major, minor;
	char line[128], found[64];
	int good = 0;

	while (file && !good && fgets(line, sizeof(line), file))
		good = sscanf(line, "%u %u %*u %63s", &major, &minor,
			      found) == 3 && !strcmp(found, name);
	if (file)
		fclose(file);
	if (good)
		*dev = makedev(major, minor);
	return good;
}

#endif
