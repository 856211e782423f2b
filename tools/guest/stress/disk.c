// SPDX-License-Identifier: GPL-2.0
/*
 * disk - do files on disks stay what was written, whatever else goes on?
 *
 * On each disk of DISKS (../disk.h) two tasks keep files, each in a directory of
 * its own.  They make them, write over a part, cut them, rename and remove them,
 * and compare them with what they must be: from the cache, and past it (O_DIRECT)
 * after fsync().  A disk that is not the root's is unmounted in between, again and
 * again, and all its files are compared after it is mounted again.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <stdio.h>

#include "../disk.h"
#include "../stress.h"

#define KEEPERS		2		/* on a disk */
#define FILES		6		/* of each */
#define LARGEST		(512 << 10)	/* bytes, multiples of DISK_BLOCK */
#define TURN		40		/* steps between two mounts */

/* From FROM on the contents are those of the second seed. */
struct file {
	uint32_t exists, number;	/* of its name */
	uint32_t size, from, seed[2];
};

struct keeper {
	struct file files[FILES];
	uint32_t steps, compared;
};

static struct shared {
	struct keeper keepers[DISKS_MOST][KEEPERS];
	uint32_t mounts[DISKS_MOST];
} *shared;

static const char *path(const struct disk *disk, int keeper, uint32_t number)
{
	static char names[2][128];
	static int turn;

	turn = !turn;
	snprintf(names[turn], sizeof(names[turn]), "%s/stress%d/%u", disk->dir,
		 keeper, number);
	return names[turn];
}

/* Is FD, called NAME in a note, what FILE says? */
static int same(int fd, const char *name, const struct file *file)
{
	uint32_t *buffer = disk_buffer();
	uint32_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, DISK_PIECE, at)) > 0) {
		for (uint32_t i = 0; i < (uint32_t)got / 4; i++) {
			uint32_t byte = at + 4 * i;
			uint32_t want = disk_word(
				file->seed[byte >= file->from], byte);

			if (buffer[i] != want)
				return !stress_bad("%s: at byte %u of %u is "
						   "%08x, not %08x", name, byte,
						   file->size, buffer[i], want);
		}
		at += got;
	}
	if (got < 0)
		return !stress_bad("%s: read at %u: %m", name, at);
	if (at != file->size)
		return !stress_bad("%s: ends at byte %u, not %u", name, at,
				   file->size);
	return 1;
}

static int compare(const struct disk *disk, struct keeper *keeper, int k,
		   const struct file *file, int direct)
{
	const char *name = path(disk, k, file->number);
	int fd = open(name, O_RDWR | (direct ? O_DIRECT : 0)), good;

	if (fd < 0)
		return stress_bad("open %s: %m", name);
	/* O_DIRECT reads what fsync() wrote. */
	good = (!direct || !fsync(fd)) && same(fd, name, file);
	close(fd);
	keeper->compared++;
	return !good;
}

static uint32_t some_size(void)
{
	return DISK_BLOCK * (1 + stress_random((LARGEST / DISK_BLOCK) >>
					       stress_random(5)));
}

static int create(const struct disk *disk, int k, struct file *file)
{
	const char *name;
	int fd, bad;

	*file = (struct file){
		.exists = 1,
		.number = stress_random(1 << 30),
		.size = some_size(),
		.seed = { stress_random(0), stress_random(0) },
	};
	file->from = file->size;
	name = path(disk, k, file->number);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return stress_bad("create %s: %m", name);
	bad = disk_fill(fd, file->seed[0], 0, file->size);
	close(fd);
	return !!bad;
}

/* From some byte on the file becomes another one, perhaps longer. */
static int change(const struct disk *disk, int k, struct file *file)
{
	const char *name = path(disk, k, file->number);
	int fd = open(name, O_RDWR), bad;
	uint32_t size = some_size();

	if (fd < 0)
		return stress_bad("open %s: %m", name);
	if (size <= file->from)
		size = file->from + DISK_BLOCK;
	file->from = DISK_BLOCK * stress_random(file->from / DISK_BLOCK + 1);
	file->seed[1] = stress_random(0);
	if (size < file->size && ftruncate(fd, size)) {
		close(fd);
		return stress_bad("cut %s: %m", name);
	}
	file->size = size;
	bad = disk_fill(fd, file->seed[1], file->from, size);
	if (!bad && !stress_random(3))
		bad = fsync(fd);
	close(fd);
	return !!bad;
}

static int give_new_name(const struct disk *disk, int k, struct file *file)
{
	uint32_t number = stress_random(1 << 30);

	if (rename(path(disk, k, file->number), path(disk, k, number)))
		return stress_bad("rename %u: %m", file->number);
	file->number = number;
	return 0;
}

static int step(const struct disk *disk, struct keeper *keeper, int k)
{
	struct file *file = &keeper->files[stress_random(FILES)];

	keeper->steps++;
	if (!file->exists)
		return create(disk, k, file);
	switch (stress_random(6)) {
	case 0:
		file->exists = 0;
		if (unlink(path(disk, k, file->number)))
			return stress_bad("unlink %u: %m", file->number);
		return 0;
	case 1:
		return give_new_name(disk, k, file);
	case 2:
		return compare(disk, keeper, k, file, 1);
	case 3:
		return compare(disk, keeper, k, file, 0);
	default:
		return change(disk, k, file);
	}
}

struct place {
	unsigned int disk;
	int keeper;
};

static int keep(void *arg)
{
	const struct place *place = arg;
	const struct disk *disk = &disks[place->disk];
	struct keeper *keeper = &shared->keepers[place->disk][place->keeper];
	int bad = 0;

	/* What was written before the disk was unmounted first. */
	for (int i = 0; !bad && i < FILES; i++)
		if (keeper->files[i].exists)
			bad = compare(disk, keeper, place->keeper,
				      &keeper->files[i], 0);
	for (int i = 0; !bad && stress_on() && (disk->is_root || i < TURN); i++)
		bad = step(disk, keeper, place->keeper);
	return bad;
}

/* The keepers of a disk, in turns between which it is mounted anew. */
static int work(void *arg)
{
	const unsigned int number = *(unsigned int *)arg;
	struct disk *disk = &disks[number];
	int bad = 0;

	for (int k = 0; k < KEEPERS; k++) {
		char dir[128];

		snprintf(dir, sizeof(dir), "%s/stress%d", disk->dir, k);
		if (mkdir(dir, 0755))
			return stress_bad("mkdir %s: %m", dir);
	}
	do {
		struct place places[KEEPERS];
		pid_t pids[KEEPERS];

		for (int k = 0; k < KEEPERS; k++) {
			places[k] = (struct place){ number, k };
			pids[k] = stress_worker(stress_random(1 << 30), keep,
						&places[k]);
		}
		for (int k = 0; k < KEEPERS; k++)
			bad += !!stress_wait(pids[k]);
		if (!disk->is_root && (umount(disk->dir) || disk_mount(disk)))
			return stress_bad("mount %s again: %m", disk->name);
		shared->mounts[number]++;
	} while (!bad && stress_on());
	return bad;
}

/* All is compared once more, and removed. */
static int finish(unsigned int number)
{
	struct disk *disk = &disks[number];
	char dir[128];
	int bad = 0;

	for (int k = 0; k < KEEPERS; k++) {
		struct keeper *keeper = &shared->keepers[number][k];

		for (int i = 0; i < FILES; i++) {
			struct file *file = &keeper->files[i];

			if (!file->exists)
				continue;
			bad += compare(disk, keeper, k, file, disk->is_root);
			bad += !!unlink(path(disk, k, file->number));
		}
		snprintf(dir, sizeof(dir), "%s/stress%d", disk->dir, k);
		if (rmdir(dir)) {
			diag("rmdir %s: %m", dir);
			bad++;
		}
	}
	if (!disk->is_root && umount(disk->dir)) {
		diag("umount %s: %m", disk->dir);
		bad++;
	}
	return bad;
}

int main(void)
{
	unsigned int numbers[DISKS_MOST];
	pid_t pids[DISKS_MOST];

	disks_begin();
	plan(2 * disk_count);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	for (unsigned int i = 0; i < disk_count; i++) {
		numbers[i] = i;
		pids[i] = stress_worker(i + 1, work, &numbers[i]);
	}
	for (unsigned int i = 0; i < disk_count; i++) {
		const struct keeper *keepers = shared->keepers[i];
		int good = !stress_wait(pids[i]);

		good = good && !finish(i);
		ok(good, "%s, %s: files are what was written", disks[i].name,
		   disks[i].type);
		diag("%u and %u steps, %u and %u compared, %u turns",
		     keepers[0].steps, keepers[1].steps, keepers[0].compared,
		     keepers[1].compared, shared->mounts[i]);
		ok(keepers[0].compared && keepers[1].compared,
		   "%s: both keepers compared files", disks[i].name);
	}
	return done();
}
