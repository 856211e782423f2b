// SPDX-License-Identifier: GPL-2.0
/*
 * vbd - does a block device that another domain serves keep what is written?
 *
 * The word vbd=NAME of the kernel's command line names the device, whose contents
 * are lost; without it all is skipped.  Every block of the first MB is written,
 * the cache is dropped, and every block is read and compared, twice, with another
 * pattern the second time.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../tap.h"

#define BLKFLSBUF	0x1261
#define BLOCK		4096
#define BLOCKS		256

/* The device of that name, as /proc/partitions has it; 0 for none. */
static dev_t device(const char *name)
{
	FILE *f = fopen("/proc/partitions", "r");
	unsigned int major, minor;
	char line[128], found[32];
	dev_t dev = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%u %u %*u %31s", &major, &minor, found) == 3 &&
		    !strcmp(found, name))
			dev = makedev(major, minor);
	if (f)
		fclose(f);
	return dev;
}

static void fill(uint32_t block[BLOCK / 4], uint32_t number, uint32_t seed)
{
	for (uint32_t i = 0; i < BLOCK / 4; i++)
		block[i] = (number * 1024 + i) * 2654435761u ^ seed;
}

/* Write all blocks and read them back: how many differ, or -1. */
static int write_and_compare(int fd, uint32_t seed)
{
	uint32_t want[BLOCK / 4], got[BLOCK / 4];
	int differ = 0;

	for (int i = 0; i < BLOCKS; i++) {
		fill(want, i, seed);
		if (pwrite(fd, want, BLOCK, (off_t)i * BLOCK) != BLOCK)
			return -1;
	}
	if (fsync(fd) || ioctl(fd, BLKFLSBUF, 0))
		return -1;
	for (int i = 0; i < BLOCKS; i++) {
		fill(want, i, seed);
		if (pread(fd, got, BLOCK, (off_t)i * BLOCK) != BLOCK)
			return -1;
		differ += !!memcmp(want, got, BLOCK);
	}
	return differ;
}

int main(void)
{
	static const char node[] = "/tmp/vbd";
	char words[1024] = "", name[32];
	FILE *f = fopen("/proc/cmdline", "r");
	const char *word;
	int fd = -1;
	dev_t dev = 0;

	if (f) {
		if (!fgets(words, sizeof(words), f))
			words[0] = '\0';
		fclose(f);
	}
	word = strstr(words, " vbd=");
	if (!word || sscanf(word, " vbd=%31s", name) != 1)
		skip_all("no word vbd=");
	plan(3);
	for (int i = 0; i < 100 && !dev; i++) {
		usleep(100000);
		dev = device(name);
	}
	unlink(node);
	if (dev && !mknod(node, S_IFBLK | 0600, dev))
		fd = open(node, O_RDWR);
	if (!ok(fd >= 0, "the device is there"))
		bail("%s: %m", name);
	for (int i = 0; i < 2; i++) {
		int differ = write_and_compare(fd, i ? 0 : 0x5bd1e995);

		if (!ok(!differ, "1 MB is read as it was written, pattern %d", i))
			diag("%d blocks differ: %m", differ);
	}
	return done();
}
