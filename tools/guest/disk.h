/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of disks share: which disks there are, and files whose contents
 * follow from a number.
 *
 * DISKS in the environment names them: DISKS=xvda,xvdb.  One of them may hold the
 * root of this system; any other has an ext2 or ext3 file system that the tests
 * have for themselves.  Without DISKS there is none to be tested.
 */
#ifndef DISK_H
#define DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "partition.h"
#include "tap.h"

#define DISKS_MOST	4
#define DISK_BLOCK	4096	/* of O_DIRECT: offset, length and address */
#define DISK_PIECE	65536	/* bytes read or written at a time, at most */

struct disk {
	char name[32];
	char node[64];
	char dir[64];		/* where it is mounted */
	const char *type;	/* of its file system */
	int is_root;
};

static struct disk disks[DISKS_MOST];
static unsigned int disk_count;

/* Mount DISK, by the journal if it has one; -1 with errno if that cannot be. */
static inline int disk_mount(struct disk *disk)
{
	static const char *const types[] = { "ext3", "ext2" };

	if (disk->is_root)
		return 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		disk->type = types[i];
		if (!mount(disk->node, disk->dir, disk->type, 0, NULL))
			return 0;
	}
	return -1;
}

/* Fill the table from DISKS, and mount them all.  A disk that should be there and is
 * not ends the test. */
static inline void disks_begin(void)
{
	const char *list = getenv("DISKS");
	char names[256], *name;
	struct stat root;
	dev_t dev;

	if (!list || !*list)
		skip_all("no disk here; TESTS=disk gives a kernel two");
	snprintf(names, sizeof(names), "%s", list);
	for (name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		struct disk *disk = &disks[disk_count++];

		if (disk_count > DISKS_MOST)
			bail("more than %d disks", DISKS_MOST);
		snprintf(disk->name, sizeof(disk->name), "%s", name);
		snprintf(disk->node, sizeof(disk->node), "/tmp/node-%s",
			 name);
		snprintf(disk->dir, sizeof(disk->dir), "/tmp/on-%s", name);
		if (!partition_device(name, &dev))
			bail("the kernel has no disk %s", name);
		if (stat("/", &root))
			bail("stat /: %m");
		disk->is_root = root.st_dev == dev;
		disk->type = "root";
		if (disk->is_root) {
			strcpy(disk->dir, "/");
			continue;
		}
		unlink(disk->node);
		if (mknod(disk->node, S_IFBLK | 0600, dev))
			bail("mknod %s: %m", disk->node);
		if (mkdir(disk->dir, 0755) && errno != EEXIST)
			bail("mkdir %s: %m", disk->dir);
		if (disk_mount(disk))
			bail("mount %s: %m", name);
	}
}

/* Of the contents that follow from SEED the four bytes at AT, a multiple of four. */
static inline uint32_t disk_word(uint32_t seed, uint32_t at)
{
	at = (at ^ seed) * 2654435761u;
	return (at ^ at >> 15) * 2246822519u;
}

static inline uint32_t *disk_buffer(void)
{
	static uint32_t buffer[DISK_PIECE / 4]
		__attribute__((aligned(DISK_BLOCK)));

	return buffer;
}

/* The bytes from FROM to TO of the file FD, multiples of four, become SEED's. */
static inline int disk_fill(int fd, uint32_t seed, uint32_t from, uint32_t to)
{
	uint32_t *buffer = disk_buffer();

	while (from < to) {
		uint32_t len = to - from < DISK_PIECE ? to - from : DISK_PIECE;

		for (uint32_t i = 0; i < len / 4; i++)
			buffer[i] = disk_word(seed, from + 4 * i);
		if (pwrite(fd, buffer, len, from) != (ssize_t)len) {
			diag("write at %u: %m", from);
			return -1;
		}
		from += len;
	}
	return 0;
}

/* Has FD, called NAME in a note, SIZE bytes, and are they SEED's? */
static inline int disk_compare(int fd, const char *name, uint32_t seed,
			       uint32_t size)
{
	uint32_t *buffer = disk_buffer();
	uint32_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, DISK_PIECE, at)) > 0) {
		for (uint32_t i = 0; i < (uint32_t)got / 4; i++) {
			uint32_t want = disk_word(seed, at + 4 * i);

			if (buffer[i] == want)
				continue;
			diag("%s: at byte %u of %u is %08x, not %08x", name,
			     at + 4 * i, size, buffer[i], want);
			return -1;
		}
		at += got;
		if (got < DISK_PIECE)
			break;
	}
	if (got >= 0 && at == size)
		return 0;
	if (got < 0)
		diag("%s: read at %u: %m", name, at);
	else
		diag("%s: ends at byte %u, not %u", name, at, size);
	return -1;
}

#endif
