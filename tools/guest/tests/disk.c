// SPDX-License-Identifier: GPL-2.0
/*
 * disk - do files on a disk hold what is written, when it is the disk that is read?
 *
 * On each disk of DISKS (disk.h) files are written, changed, renamed and deleted.
 * Then they are compared with what they must be: on the root's disk past the cache
 * (O_DIRECT), on others after they were unmounted and mounted again.  Exit status
 * 0 if all is well.
 */
#include <dirent.h>

#include "../disk.h"

#define FILES	12
#define CHANGED	8192	/* bytes in the middle, by another seed */

static uint32_t size_of(int i)
{
	static const uint32_t sizes[] = { 4, 4096, 70000, 300000 };

	return sizes[i % 4] + 4096 * (i / 4);
}

static void file_name(char *name, size_t size, const struct disk *disk, int i)
{
	snprintf(name, size, "%s/disk-test/%s%d", disk->dir,
		 i % 3 ? "file" : "renamed", i);
}

static void write_files(const struct disk *disk)
{
	char name[128], final[128];

	snprintf(name, sizeof(name), "%s/disk-test", disk->dir);
	if (mkdir(name, 0755))
		bail("mkdir %s: %m", name);
	for (int i = 0; i < FILES; i++) {
		int fd;

		snprintf(name, sizeof(name), "%s/disk-test/file%d", disk->dir, i);
		file_name(final, sizeof(final), disk, i);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
		/* First other contents, and more of it: blocks are freed and
		 * written again. */
		if (fd < 0 || disk_fill(fd, ~i, 0, size_of(i) + 65536) ||
		    ftruncate(fd, size_of(i)) ||
		    disk_fill(fd, i, 0, size_of(i)) || fsync(fd))
			bail("write %s: %m", name);
		close(fd);
		if (strcmp(name, final) && rename(name, final))
			bail("rename %s: %m", name);
	}
	/* What is gone must stay so. */
	snprintf(name, sizeof(name), "%s/disk-test/gone", disk->dir);
	close(open(name, O_RDWR | O_CREAT | O_EXCL, 0644));
	if (unlink(name))
		bail("unlink %s: %m", name);
	sync();
}

/* The number of names in the directory. */
static int names(const struct disk *disk)
{
	char name[128];
	int count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "%s/disk-test", disk->dir);
	dir = opendir(name);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 2;
}

static int compare_files(const struct disk *disk)
{
	char name[128];
	int bad = 0;

	for (int i = 0; i < FILES; i++) {
		int fd;

		file_name(name, sizeof(name), disk, i);
		fd = open(name, O_RDONLY | (disk->is_root ? O_DIRECT : 0));
		if (fd < 0)
			diag("open %s: %m", name);
		bad += fd < 0 || disk_compare(fd, name, i, size_of(i));
		close(fd);
	}
	return bad;
}

static int remove_files(const struct disk *disk)
{
	char name[128];
	int bad = 0;

	for (int i = 0; i < FILES; i++) {
		file_name(name, sizeof(name), disk, i);
		bad += !!unlink(name);
	}
	snprintf(name, sizeof(name), "%s/disk-test", disk->dir);
	return bad + !!rmdir(name);
}

int main(void)
{
	disks_begin();
	plan(3 * disk_count);
	for (unsigned int i = 0; i < disk_count; i++) {
		struct disk *disk = &disks[i];

		write_files(disk);
		if (!disk->is_root && (umount(disk->dir) || disk_mount(disk)))
			bail("unmount and mount %s: %m", disk->name);
		ok(names(disk) == FILES, "%s, %s: the files are there",
		   disk->name, disk->type);
		ok(!compare_files(disk), "%s: read from the disk they hold what "
		   "was written", disk->name);
		ok(!remove_files(disk) &&
		   (disk->is_root || !umount(disk->dir)),
		   "%s: and they can be removed", disk->name);
	}
	return done();
}
