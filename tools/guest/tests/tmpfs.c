// SPDX-License-Identifier: GPL-2.0
/*
 * tmpfs - do files and directories in memory keep what they are given?
 *
 * Works in a directory of its own in TESTDIR, or /tmp, which must be a tmpfs.
 * Exit status 0 if all is well.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../tap.h"

#define TMPFS_MAGIC	0x01021994
#define SIZE		(1 << 20)
#define HOLE		(8 << 20)
#define FILES		100

static uint32_t data[SIZE / 4], copy[SIZE / 4];

static int open_new(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		bail("create %s: %m", path);
	return fd;
}

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)st.st_size;
}

static int is_zero(const unsigned char *p, size_t len)
{
	while (len && !*p) {
		p++;
		len--;
	}
	return !len;
}

static void contents(void)
{
	int fd = open_new("file");
	uint32_t *map;

	for (size_t i = 0; i < SIZE / 4; i++)
		data[i] = i * 2654435761U;
	/* 4321 bytes at a time, across the pages' edges */
	for (size_t at = 0, len; at < SIZE; at += len) {
		len = SIZE - at < 4321 ? SIZE - at : 4321;
		if (write(fd, (char *)data + at, len) != (ssize_t)len)
			bail("write: %m");
	}
	ok(pread(fd, copy, SIZE, 0) == SIZE && !memcmp(data, copy, SIZE),
	   "what is written is read");
	ok(size_of("file") == SIZE && read(fd, copy, 1) == 0,
	   "and the file ends after it");

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		bail("mmap: %m");
	map[5000] = 42;
	data[5000] = 42;
	data[200000] = 43;
	pwrite(fd, &data[200000], 4, 800000);
	ok(pread(fd, copy, SIZE, 0) == SIZE && !memcmp(data, copy, SIZE) &&
	   !memcmp(data, map, SIZE), "a mapping is the file itself");
	munmap(map, SIZE);
	close(fd);
}

static void truncation(void)
{
	int fd = open("file", O_RDWR);

	ok(!ftruncate(fd, 5000) && size_of("file") == 5000,
	   "truncate makes it shorter");
	ok(!ftruncate(fd, SIZE) && pread(fd, copy, SIZE, 0) == SIZE &&
	   !memcmp(copy, data, 5000) &&
	   is_zero((unsigned char *)copy + 5000, SIZE - 5000),
	   "made longer again, it has forgotten what was cut off");
	close(fd);
}

static void holes(void)
{
	int fd = open_new("sparse");
	struct stat st;

	if (pwrite(fd, "end", 3, HOLE) != 3)
		bail("pwrite: %m");
	fstat(fd, &st);
	ok(st.st_size == HOLE + 3 && st.st_blocks * 512 < HOLE / 8,
	   "a hole takes no room");
	ok(pread(fd, copy, SIZE, HOLE / 2) == SIZE &&
	   is_zero((unsigned char *)copy, SIZE), "and reads as zeroes");
	close(fd);
}

static void names(void)
{
	struct stat st;
	char text[16] = "";
	int fd;

	fd = open_new("new");
	if (write(fd, "new", 3) != 3)
		bail("write: %m");
	close(fd);
	close(open_new("old"));
	ok(!rename("new", "old") && size_of("new") < 0 && size_of("old") == 3,
	   "rename replaces the file of that name");
	ok(!link("old", "also") && !stat("old", &st) && st.st_nlink == 2 &&
	   size_of("also") == 3, "a link is the same file");
	ok(open("also", O_WRONLY | O_CREAT | O_EXCL, 0644) < 0 &&
	   errno == EEXIST, "which O_EXCL does not create again");

	fd = open("old", O_RDONLY);
	ok(!unlink("old") && !unlink("also") && !fstat(fd, &st) &&
	   !st.st_nlink && read(fd, text, sizeof(text)) == 3 &&
	   !strcmp(text, "new"), "unlinked but open, it can be read");
	close(fd);

	ok(!symlink("file", "link") && size_of("link") == size_of("file") &&
	   readlink("link", text, sizeof(text)) == 4 && !memcmp(text, "file", 4),
	   "a symbolic link leads to its file");
}

/* Count the files fNN in "dir", each of which must be there once. */
static int count_files(void)
{
	char seen[FILES] = { 0 };
	struct dirent *entry;
	DIR *dir = opendir("dir");
	int count = 0, number;

	if (!dir)
		bail("opendir: %m");
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "f%d", &number) == 1 &&
		    number >= 0 && number < FILES && !seen[number]++)
			count++;
		else if (*entry->d_name != '.')
			count = -FILES;
	closedir(dir);
	return count;
}

static void directories(void)
{
	char name[32];

	if (mkdir("dir", 0755))
		bail("mkdir: %m");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "dir/f%d", i);
		close(open_new(name));
	}
	ok(count_files() == FILES, "%d files are listed, each once", FILES);
	ok(rmdir("dir") < 0 && errno == ENOTEMPTY,
	   "a directory with files stays");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "dir/f%d", i);
		unlink(name);
	}
	ok(!count_files() && !rmdir("dir") && size_of("dir") < 0,
	   "an empty one goes");
}

int main(void)
{
	const char *parent = getenv("TESTDIR");
	char dir[256];
	struct statfs fs;

	snprintf(dir, sizeof(dir), "%s/tmpfs-test.XXXXXX",
		 parent ? parent : "/tmp");
	if (!mkdtemp(dir) || chdir(dir) || statfs(".", &fs))
		bail("%s: %m", dir);

	plan(16);
	ok(fs.f_type == TMPFS_MAGIC, "the directory is on a tmpfs");
	contents();
	truncation();
	holes();
	names();
	directories();

	unlink("file");
	unlink("link");
	unlink("sparse");
	if (rmdir(dir))
		diag("%s: %m", dir);
	return done();
}
