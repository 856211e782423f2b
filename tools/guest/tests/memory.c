// SPDX-License-Identifier: GPL-2.0
/*
 * memory - do pages keep what is written to them, and to whom do they belong?
 *
 * Mapping, protection faults, copy on write, mremap, and what /proc tells of
 * it.  Uses 16 MB at a time.  Exit status 0 if all is well.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../tap.h"

#define SIZE	(16UL << 20)
#define PAGE	4096UL
#define PAGES	(SIZE / PAGE)

/* The words of a page tell its number and SALT, so none can pass for another. */
static uint32_t pattern(size_t page, size_t word, uint32_t salt)
{
	return (page * 1024 + word) * 2654435761U ^ salt;
}

static void fill(uint32_t *mem, size_t pages, uint32_t salt)
{
	for (size_t p = 0; p < pages; p++)
		for (size_t w = 0; w < PAGE / 4; w += 64)
			mem[p * PAGE / 4 + w] = pattern(p, w, salt);
}

static int holds(const uint32_t *mem, size_t pages, uint32_t salt)
{
	for (size_t p = 0; p < pages; p++)
		for (size_t w = 0; w < PAGE / 4; w += 64)
			if (mem[p * PAGE / 4 + w] != pattern(p, w, salt))
				return 0;
	return 1;
}

static int is_zero(const uint32_t *mem, size_t pages)
{
	for (size_t w = 0; w < pages * PAGE / 4; w++)
		if (mem[w])
			return 0;
	return 1;
}

static uint32_t *map(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		bail("mmap of %zu bytes: %m", size);
	return mem;
}

/* The number after KEY in PATH, -1 if it is not there. */
static long number_in(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long value = -1;

	if (!f)
		bail("%s: %m", path);
	while (value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = atol(line + strlen(key));
	fclose(f);
	return value;
}

static void keeps_patterns(void)
{
	uint32_t *mem = map(SIZE);

	ok(is_zero(mem, PAGES), "new memory is zero");
	fill(mem, PAGES, 1);
	ok(holds(mem, PAGES, 1), "every page holds its own pattern");
	munmap(mem, SIZE);

	/* Most likely the same page frames, which must not show their past. */
	mem = map(SIZE);
	ok(is_zero(mem, PAGES), "memory mapped again is zero");
	munmap(mem, SIZE);
}

static void is_accounted(void)
{
	long total = number_in("/proc/meminfo", "MemTotal:");
	long free = number_in("/proc/meminfo", "MemFree:");
	long before, with, after;
	uint32_t *mem;

	diag("%ld kB of memory, %ld free", total, free);
	ok(total > 0 && free > 0 && free < total,
	   "/proc/meminfo has less free than in all");

	/* Current kernels count in batches for each thread and CPU. */
	before = number_in("/proc/self/status", "VmRSS:");
	mem = map(SIZE);
	fill(mem, PAGES, 2);
	with = number_in("/proc/self/status", "VmRSS:");
	munmap(mem, SIZE);
	after = number_in("/proc/self/status", "VmRSS:");
	diag("VmRSS %ld kB, %ld with 16 MB, %ld after", before, with, after);
	ok(labs(with - before - (long)(SIZE >> 10)) < 1024,
	   "VmRSS grows by what was touched");
	ok(labs(after - before) < 1024, "and shrinks by what was unmapped");
}

static sigjmp_buf on_fault;
static volatile siginfo_t fault;

static void take_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault = *info;
	siglongjmp(on_fault, 1);
}

/* Does a read, or a write, of ADDR fault with CODE at that very address? */
static int faults(volatile char *addr, int write, int code)
{
	fault.si_addr = NULL;
	if (sigsetjmp(on_fault, 1))
		return fault.si_addr == addr && fault.si_code == code;
	if (write)
		*addr = 1;
	else
		(void)*addr;
	return 0;
}

static void is_protected(void)
{
	struct sigaction sa = {
		.sa_sigaction = take_fault,
		.sa_flags = SA_SIGINFO,
	};
	char *mem = (char *)map(4 * PAGE);
	char *page = mem + PAGE;
	int rounds = 0;

	sigaction(SIGSEGV, &sa, NULL);
	mem[PAGE + 5] = 'x';

	mprotect(page, PAGE, PROT_READ);
	ok(faults(page + 5, 1, SEGV_ACCERR), "a write to a read-only page");
	ok(page[5] == 'x', "leaves it as it was");
	mprotect(page, PAGE, PROT_NONE);
	ok(faults(page + 5, 0, SEGV_ACCERR), "a read of a forbidden page");
	mem[5] = mem[2 * PAGE + 5] = 'y';
	ok(mem[5] == 'y' && mem[2 * PAGE + 5] == 'y',
	   "its neighbours are free");

	/* Each change must reach the page table, and the TLB. */
	while (rounds < 500) {
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		page[5] = rounds;
		mprotect(page, PAGE, PROT_READ);
		if (!faults(page + 5, 1, SEGV_ACCERR) ||
		    page[5] != (char)rounds)
			break;
		rounds++;
	}
	ok(rounds == 500, "protection changed %d times", rounds);

	munmap(mem, 4 * PAGE);
	ok(faults(page + 5, 0, SEGV_MAPERR), "a read of unmapped memory");
	signal(SIGSEGV, SIG_DFL);
}

static void is_copied_on_write(void)
{
	uint32_t *mem = map(SIZE);
	int to_child[2], status;
	char go;
	pid_t pid;

	if (pipe(to_child))
		bail("pipe: %m");
	fill(mem, PAGES, 3);
	pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		/* By now the parent has written to the first half. */
		if (read(to_child[0], &go, 1) != 1)
			_exit(2);
		if (!holds(mem, PAGES, 3))
			_exit(3);
		fill(mem, PAGES, 4);
		_exit(holds(mem, PAGES, 4) ? 0 : 4);
	}
	fill(mem, PAGES / 2, 5);
	if (write(to_child[1], "", 1) != 1)
		bail("write: %m");
	waitpid(pid, &status, 0);
	ok(!status, "a child sees the pages as they were at the fork");
	ok(holds(mem, PAGES / 2, 5), "the parent keeps what it wrote");

	fill(mem, PAGES / 2, 3);
	ok(holds(mem, PAGES, 3), "and nothing of what the child wrote");
	close(to_child[0]);
	close(to_child[1]);
	munmap(mem, SIZE);
}

static void is_shared(void)
{
	uint32_t *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (mem == MAP_FAILED)
		bail("mmap: %m");
	pid = fork();
	if (!pid) {
		fill(mem, PAGES, 6);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ok(holds(mem, PAGES, 6), "shared memory shows what a child wrote");
	munmap(mem, SIZE);
}

static void is_moved(void)
{
	uint32_t *mem = map(SIZE / 2), *wall, *moved;

	/* With the next page taken, it cannot grow in place. */
	wall = mmap((char *)mem + SIZE / 2, PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, PAGES / 2, 7);
	moved = mremap(mem, SIZE / 2, SIZE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		bail("mremap: %m");
	ok(holds(moved, PAGES / 2, 7) &&
	   is_zero(moved + SIZE / 8, PAGES / 2),
	   "mremap keeps the old pages and adds zeroes");
	munmap(moved, SIZE);
	munmap(wall, PAGE);
}

int main(void)
{
	plan(17);
	keeps_patterns();
	is_accounted();
	is_protected();
	is_copied_on_write();
	is_shared();
	is_moved();
	return done();
}
