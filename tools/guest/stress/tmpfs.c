// SPDX-License-Identifier: GPL-2.0
/*
 * tmpfs - does truncation hold against mappings and writes?
 *
 * Each group of three tasks has a file that grows and shrinks.  The owner alone
 * changes its size and writes the first half of each page, through write() or a
 * mapping, and knows what must be there: what was cut off is zero when the file
 * is longer again.  A reader looks through a mapping, while the owner is at it and
 * in between; only then it knows exactly what it must see, a SIGBUS beyond the
 * end included.  A third one stores into the second halves at any time.  Each word
 * names its file, page, place and generation, so that a wrong one tells whose it
 * is.
 *
 * Works in a directory of its own in TESTDIR, or /tmp, which must be a tmpfs.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../stress.h"

#define TMPFS_MAGIC	0x01021994
#define GROUPS		3
#define PAGES		512		/* a file has at most */
#define PAGE		4096
#define WORDS		(PAGE / 4)
#define HALF		(PAGE / 2)
#define BATCH		32		/* pages written or looked at in one go */

/* What the owner knows of its file, for the reader to know as well. */
struct model {
	unsigned int changes;		/* odd while there is one under way */
	uint32_t size;			/* a multiple of 4 */
	struct {
		uint16_t generation;	/* of the first half, 0 for none */
		uint16_t valid;		/* bytes of it that were not cut off */
	} page[PAGES];
};

static struct shared {
	struct model model[GROUPS];
	uint32_t changes[GROUPS], exact[GROUPS], loose[GROUPS];
	uint32_t signals[GROUPS], stores[GROUPS];
} *shared;

static unsigned int group;		/* this worker's */
static struct model *model;
static int fd;
static volatile uint32_t *map;
static sigjmp_buf no_page;

/* A word that is never 0 and says whose it is. */
static uint32_t word(int page, int index, uint16_t generation)
{
	uint32_t tag = ((page + 1) * 2654435761U ^ (group + 1) * 40503U) >> 24;

	return tag << 24 | (index & 0xff) << 16 | generation;
}

static void on_bus_error(int sig)
{
	(void)sig;
	siglongjmp(no_page, 1);
}

/* For a mapping of the whole length, as long as the file ever gets. */
static void map_file(const char *name)
{
	struct sigaction sa = {
		.sa_handler = on_bus_error,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGBUS, &sa, NULL);
	if (map)
		munmap((void *)map, PAGES * PAGE);
	else
		fd = open(name, O_RDWR);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (fd < 0 || map == MAP_FAILED)
		bail("map %s: %m", name);
}

/* As the owner: what the first half of PAGE must look like at INDEX. */
static uint32_t expected(int page, int index)
{
	if (index * 4 >= model->page[page].valid)
		return 0;
	return word(page, index, model->page[page].generation);
}

static int wrong(int page, int index, uint32_t seen, uint32_t expect)
{
	diag("file %u of %u bytes, page %d, word %d: %08x in place of %08x",
	     group, model->size, page, index, seen, expect);
	return 1;
}

static void begin_change(void)
{
	__atomic_add_fetch(&model->changes, 1, __ATOMIC_SEQ_CST);
}

static void end_change(void)
{
	__atomic_add_fetch(&model->changes, 1, __ATOMIC_SEQ_CST);
	shared->changes[group]++;
}

static int resize(void)
{
	uint32_t size = stress_random(PAGES * WORDS + 1) * 4;

	if (!stress_random(3))
		size &= ~(PAGE - 1);
	begin_change();
	if (ftruncate(fd, size)) {
		diag("ftruncate to %u: %m", size);
		return 1;
	}
	for (int page = size / PAGE; size < model->size && page < PAGES;
	     page++) {
		uint32_t left = (uint32_t)page * PAGE >= size ? 0 : size % PAGE;

		if (left < model->page[page].valid)
			model->page[page].valid = left;
	}
	model->size = size;
	end_change();
	return 0;
}

/* Write first halves of some pages; beyond the end the file grows. */
static int write_pages(void)
{
	int first = stress_random(PAGES), last = first + stress_random(BATCH);
	uint32_t half[HALF / 4];

	for (int page = first; page <= last && page < PAGES; page++) {
		uint16_t generation = model->page[page].generation + 1;
		uint32_t at = page * PAGE;

		generation += !generation;
		for (int i = 0; i < HALF / 4; i++)
			half[i] = word(page, i, generation);
		begin_change();
		if (stress_random(2) && at + HALF <= model->size) {
			for (int i = 0; i < HALF / 4; i++)
				map[at / 4 + i] = half[i];
		} else if (pwrite(fd, half, HALF, at) != HALF) {
			diag("pwrite at %u: %m", at);
			return 1;
		} else if (at + HALF > model->size) {
			model->size = at + HALF;
		}
		model->page[page].generation = generation;
		model->page[page].valid = HALF;
		end_change();
	}
	return 0;
}

/* Is all as it was left?  Read by read(), or through the mapping. */
static int check_file(void)
{
	int mapped = stress_random(2), page;
	uint32_t got[HALF / 4];
	struct stat st;

	if (fstat(fd, &st) || st.st_size != (off_t)model->size) {
		diag("file %u has %ld bytes, not %u", group, (long)st.st_size,
		     model->size);
		return 1;
	}
	for (page = stress_random(BATCH); page < PAGES;
	     page += 1 + stress_random(BATCH)) {
		uint32_t at = page * PAGE, len;

		if (at >= model->size)
			break;
		len = model->size - at < HALF ? model->size - at : HALF;
		if (!mapped && pread(fd, got, HALF, at) != (ssize_t)len) {
			diag("pread at %u of %u: not %u bytes", at, model->size,
			     len);
			return 1;
		}
		for (uint32_t i = 0; i < len / 4; i++) {
			uint32_t seen = mapped ? map[at / 4 + i] : got[i];

			if (seen != expected(page, i))
				return wrong(page, i, seen, expected(page, i));
		}
	}
	return 0;
}

static int owner(void *arg)
{
	volatile int bad = 0;	/* kept across the jump */

	map_file(arg);
	if (sigsetjmp(no_page, 1)) {
		diag("SIGBUS within file %u, of %u bytes", group, model->size);
		return 1;
	}
	do {
		switch (stress_random(8)) {
		case 0:
		case 1:
			bad = resize();
			break;
		case 2:
			map_file(arg);
			break;
		case 3:
			sched_yield();
			break;
		case 4:
			bad = check_file();
			break;
		default:
			bad = write_pages();
		}
	} while (!bad && (stress_on() || !shared->changes[group]));
	return bad;
}

/* Look at a word of PAGE's first half.  True with it in *SEEN, or for SIGBUS. */
static int look(int page, int index, uint32_t *seen)
{
	if (sigsetjmp(no_page, 1))
		return 0;
	*seen = map[page * WORDS + index];
	return 1;
}

static int look_at(int page, int index)
{
	unsigned int before, after;
	uint32_t seen = 0, size, expect;
	int there;

	before = __atomic_load_n(&model->changes, __ATOMIC_SEQ_CST);
	there = look(page, index, &seen);
	size = model->size;
	expect = expected(page, index);
	after = __atomic_load_n(&model->changes, __ATOMIC_SEQ_CST);
	shared->signals[group] += !there;

	if (before != after || before % 2) {
		/* It may be old, new or gone, but it must be ours. */
		shared->loose[group]++;
		if (there && seen &&
		    (seen ^ word(page, index, 0)) >> 16)
			return wrong(page, index, seen, word(page, index, 0));
		return 0;
	}
	shared->exact[group]++;
	if (there != ((uint32_t)page * PAGE < size)) {
		diag("file %u of %u bytes, page %d: %s", group, size, page,
		     there ? "no SIGBUS" : "SIGBUS");
		return 1;
	}
	/* What is behind the end in the last page, nobody promises. */
	if (there && (page * WORDS + index) * 4U < size && seen != expect)
		return wrong(page, index, seen, expect);
	return 0;
}

static int reader(void *arg)
{
	int bad = 0;

	map_file(arg);
	do {
		/* Half of the looks are at where the end is. */
		int page = stress_random(2) ? stress_random(PAGES) :
			model->size / PAGE - 1 + stress_random(3);

		for (int n = stress_random(BATCH); !bad && n; n--, page++)
			if (page >= 0 && page < PAGES)
				bad = look_at(page, stress_random(HALF / 4));
		if (!stress_random(16))
			map_file(arg);
		if (!stress_random(64))
			usleep(1000);
	} while (!bad && (stress_on() || !shared->exact[group]));
	return bad;
}

/* The second halves: each word is our own, or gone. */
static int storer(void *arg)
{
	map_file(arg);
	do {
		volatile int page = stress_random(PAGES);
		volatile int index = HALF / 4 + stress_random(HALF / 4);
		uint32_t own = word(page, index, 0) >> 16, seen;

		if (!stress_random(256))
			usleep(1000);
		if (sigsetjmp(no_page, 1))
			continue;
		seen = map[page * WORDS + index];
		if (seen && seen >> 16 != own)
			return wrong(page, index, seen, own << 16);
		map[page * WORDS + index] = own << 16 | 1;
		shared->stores[group]++;
	} while (stress_on());
	return 0;
}

int main(void)
{
	static int (*const work[])(void *) = { owner, reader, storer };
	uint32_t changes = 0, exact = 0, loose = 0, signals = 0, stores = 0;
	const char *parent = getenv("TESTDIR");
	pid_t workers[GROUPS][3];
	char dir[256], name[16];
	struct statfs fs;
	int bad = 0;

	plan(3);
	stress_begin();
	snprintf(dir, sizeof(dir), "%s/tmpfs.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(dir) || chdir(dir) || statfs(".", &fs))
		bail("%s: %m", dir);
	if (fs.f_type != TMPFS_MAGIC)
		bail("%s is not on a tmpfs", dir);
	shared = stress_shared(sizeof(*shared));
	for (group = 0; group < GROUPS; group++) {
		model = &shared->model[group];
		snprintf(name, sizeof(name), "file%u", group);
		if (close(open(name, O_RDWR | O_CREAT, 0644)))
			bail("%s: %m", name);
		for (int i = 0; i < 3; i++)
			workers[group][i] = stress_worker(group * 3 + i + 1,
							  work[i], name);
	}
	for (int g = 0; g < GROUPS; g++) {
		for (int i = 0; i < 3; i++)
			bad += !!stress_wait(workers[g][i]);
		snprintf(name, sizeof(name), "file%d", g);
		unlink(name);
		changes += shared->changes[g];
		exact += shared->exact[g];
		loose += shared->loose[g];
		signals += shared->signals[g];
		stores += shared->stores[g];
	}
	if (rmdir(dir))
		diag("%s: %m", dir);

	diag("%u changes, %u stores, %u looks in between, %u during one",
	     changes, stores, exact, loose);
	ok(!bad, "files are what was written, and zero where they were cut");
	ok(changes && exact && stores, "owners, readers and storers were at work");
	ok(signals, "beyond the end is a SIGBUS");
	return done();
}
