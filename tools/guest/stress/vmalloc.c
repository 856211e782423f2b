// SPDX-License-Identifier: GPL-2.0
/*
 * vmalloc - memory from vmalloc, used by processes that are older than it
 *
 * A process does not have a new vmalloc area in its page directory: it faults
 * when it first gets there in the kernel, and the fault copies the entry from
 * wherever the kernel has it.  What 2.6.12 takes from vmalloc for any user: large
 * semaphore arrays and the buffers to read them, LDTs and file tables of more
 * than a page.  Here processes come and go quickly, and kernel threads borrow
 * what they leave, while others use arrays made after they were, copy file tables
 * and LDTs, and compare what they get.
 *
 * Must be root, where /proc/sys/kernel/sem forbids arrays so large.
 */
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../segment.h"
#include "../stress.h"

#define SEMS		4000	/* of one array: 8 pages, and 2 for the values */
#define ELDERS		4	/* processes older than the array */
#define FILES		4000	/* in a table: 4 pages on i386, 8 on x86_64 */
#define LDT_BYTES	65536

union semun {
	int val;
	unsigned short *array;
};

static unsigned short value_of(uint32_t salt, unsigned int i)
{
	return (i * 2654435761u ^ salt) >> 16 & 0x7fff;
}

/* Are all values of array ID those of SALT? */
static int check_sems(int id, uint32_t salt, const char *who)
{
	static unsigned short values[SEMS];

	if (semctl(id, 0, GETALL, (union semun){ .array = values }))
		return stress_bad("%s: GETALL of %d: %m", who, id);
	for (unsigned int i = 0; i < SEMS; i++)
		if (values[i] != value_of(salt, i))
			return stress_bad("%s: semaphore %u is %u, not %u", who,
					  i, values[i], value_of(salt, i));
	return 0;
}

static int set_sems(int id, uint32_t salt)
{
	static unsigned short values[SEMS];

	for (unsigned int i = 0; i < SEMS; i++)
		values[i] = value_of(salt, i);
	return semctl(id, 0, SETALL, (union semun){ .array = values }) ?
		stress_bad("SETALL: %m") : 0;
}

/* Told of an array made after it was, look at it. */
static int elder(int from_parent)
{
	struct { int id; uint32_t salt; } word;

	if (read(from_parent, &word, sizeof(word)) != sizeof(word))
		return stress_bad("no word from the parent");
	return check_sems(word.id, word.salt, "elder");
}

static int semaphores(void *rounds)
{
	pid_t pids[ELDERS];
	int fd[2], bad = 0;

	do {
		struct { int id; uint32_t salt; } word;

		if (pipe(fd))
			return stress_bad("pipe: %m");
		for (int i = 0; i < ELDERS; i++) {
			pids[i] = fork();
			if (pids[i] < 0)
				return stress_bad("fork: %m");
			if (!pids[i]) {
				close(fd[1]);
				_exit(elder(fd[0]));
			}
		}
		word.salt = stress_random(0);
		word.id = semget(IPC_PRIVATE, SEMS, 0600);
		if (word.id < 0)
			return stress_bad("semget of %d: %m", SEMS);
		bad |= set_sems(word.id, word.salt);
		for (int i = 0; i < ELDERS; i++)
			bad |= write(fd[1], &word, sizeof(word)) !=
				sizeof(word);
		bad |= check_sems(word.id, word.salt, "maker");
		for (int i = 0; i < ELDERS; i++)
			bad |= stress_wait(pids[i]);
		if (semctl(word.id, 0, IPC_RMID))
			bad |= stress_bad("IPC_RMID: %m");
		close(fd[0]);
		close(fd[1]);
		++*(unsigned long *)rounds;
	} while (!bad && stress_on());
	return bad;
}

/* Has HIGH in our table the file with number INODE? */
static int check_file(int high, ino_t inode, const char *who)
{
	struct stat st;

	if (fstat(high, &st) || st.st_ino != inode)
		return stress_bad("%s: file %d is not what it was", who, high);
	return 0;
}

/* A table that needs vmalloc, copied by each fork, let go of by each exit. */
static int file_tables(void *rounds)
{
	const struct rlimit limit = { FILES, FILES };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return stress_bad("RLIMIT_NOFILE: %m");
	do {
		int fd[2], high = 1100 + stress_random(FILES - 1100);
		struct stat st;
		pid_t pid;

		/* In a child, whose table is small at first. */
		pid = fork();
		if (pid < 0)
			return stress_bad("fork: %m");
		if (pid) {
			if (stress_wait(pid))
				return 1;
			++*(unsigned long *)rounds;
			continue;
		}
		if (pipe(fd) || fstat(fd[0], &st) || dup2(fd[0], high) != high)
			_exit(stress_bad("file %d: %m", high));
		for (int i = 0; i < 4; i++) {
			pid = fork();
			if (!pid)
				_exit(check_file(high, st.st_ino, "child"));
			if (pid < 0 || check_file(high, st.st_ino, "parent") ||
			    stress_wait(pid))
				_exit(1);
		}
		_exit(0);
	} while (stress_on());
	return 0;
}

static int check_ldt(const struct segment *entries, unsigned int count,
		     const char *who)
{
	static uint64_t ldt[LDT_BYTES / 8];
	unsigned int i, n, used = 0;

	if (syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt)) <= 0)
		return stress_bad("%s: no LDT: %m", who);
	for (i = 0; i < LDT_BYTES / 8; i++)
		used += !!ldt[i];
	for (n = 0; n < count; n++) {
		uint64_t found = ldt[entries[n].number];
		uint32_t base = (found >> 16 & 0xffffff) | (found >> 56 << 24);

		if (base != entries[n].base)
			return stress_bad("%s: entry %u has base %x, not %x",
					  who, entries[n].number, base,
					  entries[n].base);
	}
	return used != count ?
		stress_bad("%s: %u entries, not %u", who, used, count) : 0;
}

/* An LDT of 16 pages, copied by fork, let go of by exit. */
static int ldt_process(void)
{
	struct segment entries[8];

	for (unsigned int i = 0; i < 8; i++) {
		entries[i] = (struct segment){
			/* All different; the last makes it the largest. */
			.number = i < 7 ? i * 1024 + stress_random(1024) : 8191,
			.base = stress_random(1 << 30),
			.limit = 4095,
			.flags = SEGMENT_USABLE,
		};
		if (syscall(SYS_modify_ldt, 0x11, &entries[i],
			    sizeof(*entries)))
			return stress_bad("modify_ldt: %m");
	}
	for (unsigned int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(check_ldt(entries, 8, "child"));
		if (pid < 0 || check_ldt(entries, 8, "parent") ||
		    stress_wait(pid))
			return 1;
	}
	return 0;
}

static int large_ldts(void *rounds)
{
	do {
		pid_t pid;

		stress_random(0);
		pid = fork();
		if (pid < 0)
			return stress_bad("fork: %m");
		if (!pid)
			_exit(ldt_process());
		if (stress_wait(pid))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Processes that are gone at once, and sleeps that let kernel threads in. */
static int exits(void *rounds)
{
	do {
		for (int i = 0; i < 8; i++) {
			pid_t pid = fork();

			if (pid < 0)
				return stress_bad("fork: %m");
			if (!pid)
				_exit(0);
			if (stress_wait(pid))
				return 1;
		}
		usleep(stress_random(20000));
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Arrays of SEMS: not more than that is asked of the system, nor given back. */
static void allow_semaphores(void)
{
	static const char path[] = "/proc/sys/kernel/sem";
	int most, all, ops, arrays;
	FILE *f = fopen(path, "r+");

	if (!f) {
		f = fopen(path, "r");
		if (!f)
			bail("%s: %m", path);
	}
	if (fscanf(f, "%d %d %d %d", &most, &all, &ops, &arrays) != 4)
		bail("%s: not four numbers", path);
	if (most < SEMS) {
		rewind(f);
		if (fprintf(f, "%d %d %d %d\n", SEMS, SEMS * 8, ops, arrays) < 0
		    || fflush(f))
			bail("%s: %m", path);
	}
	fclose(f);
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "semaphore arrays: 1", semaphores },
		{ "semaphore arrays: 2", semaphores },
		{ "file tables: 1", file_tables },
		{ "file tables: 2", file_tables },
		{ "large LDTs: 1", large_ldts },
		{ "large LDTs: 2", large_ldts },
		{ "exits", exits },
	};

	allow_semaphores();
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
