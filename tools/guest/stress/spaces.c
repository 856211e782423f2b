// SPDX-License-Identifier: GPL-2.0
/*
 * spaces - address spaces with many page-table pages: fork, exec, exit
 *
 * Each worker has a large mapping of which it touches one page in each 2 MB, so
 * that every page has a page-table page of its own; Xen must accept and let go of
 * all of them.  It forks; parent and child write over pages of their own choice,
 * each of which the other must not see; the child may fork again, and becomes
 * another program in the end.  Every word is compared with what was written.
 *
 * One more has children with as many page-table pages as there are, and while they end
 * moves them from CPU to CPU, at whatever instruction they are.
 *
 * With the argument "other", a number: be that other program.
 */
#include <stdio.h>

#include "../policy.h"
#include "../stress.h"

#define STEP		(2UL << 20)	/* what a page-table page maps, with PAE */
#define PAGE		4096UL
#define MOST		256		/* pages of one space: 512 MB */
#define OTHER		32		/* pages of the other program's */

struct space {
	unsigned char *base;
	unsigned int pages;
	uint32_t value[MOST];		/* what is in the page, at both ends */
};

/* The words of page I; where in its 2 MB it is depends on I. */
static volatile uint32_t *words(const struct space *s, unsigned int i)
{
	return (void *)(s->base + i * STEP + i % (STEP / PAGE) * PAGE);
}

static void write_page(struct space *s, unsigned int i)
{
	volatile uint32_t *w = words(s, i);

	/* Never 0, which is what a fresh page has. */
	s->value[i] = stress_random(0) | 1;
	w[0] = s->value[i];
	w[PAGE / sizeof(*w) - 1] = ~s->value[i];
}

static int check(const struct space *s, const char *who)
{
	for (unsigned int i = 0; i < s->pages; i++) {
		volatile uint32_t *w = words(s, i);
		uint32_t first = w[0], last = w[PAGE / sizeof(*w) - 1];

		if (first != s->value[i] || last != ~s->value[i])
			return stress_bad("%s: page %u of %u at %p has %x %x, not %x %x",
					  who, i, s->pages, (void *)w, first,
					  last, s->value[i], ~s->value[i]);
	}
	return 0;
}

/* Map PAGES times STEP, see that what will be used is clear, and use it. */
static int make_space(struct space *s, unsigned int pages)
{
	s->pages = pages;
	s->base = mmap(NULL, pages * STEP, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->base == MAP_FAILED)
		return stress_bad("mmap %lu MB: %m", pages * STEP >> 20);
	for (unsigned int i = 0; i < pages; i++) {
		/* Some are first read, and so map the page of zeroes. */
		if (stress_random(2) && *words(s, i))
			return stress_bad("fresh page %u has %x", i,
					  *words(s, i));
		write_page(s, i);
	}
	return 0;
}

static void write_some(struct space *s)
{
	for (unsigned int i = 0; i < s->pages; i++)
		if (!stress_random(3))
			write_page(s, i);
}

static int other_program(const char *number)
{
	static struct space s;
	uint32_t value = strtoul(number, NULL, 0);

	stress_state = value | 1;
	if (make_space(&s, OTHER) || check(&s, "other program"))
		return 1;
	return value % 100 + 100;
}

/* Become the other program, which exits with what we know. */
static void become_other(uint32_t value)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", value);
	execl("/proc/self/exe", "spaces", "other", number, NULL);
	diag("exec: %m");
	_exit(1);
}

static int wait_for(pid_t pid, int expected)
{
	int status = -1;

	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == expected)
		return 0;
	return stress_bad("child %d: wait status %x, not exit of %d", pid, status,
			  expected);
}

static int grandchild(struct space *s)
{
	pid_t pid = fork();

	if (pid < 0)
		return stress_bad("fork: %m");
	if (pid)
		return check(s, "child, with one of its own") || wait_for(pid, 0);
	write_some(s);
	_exit(check(s, "grandchild"));
}

static int child(struct space *s, int from_parent, int to_parent, uint32_t value)
{
	char byte;

	/* Not before the parent has written over some of it. */
	if (read(from_parent, &byte, 1) != 1 || check(s, "child"))
		return 1;
	write_some(s);
	if (check(s, "child, after writing") || write(to_parent, "", 1) != 1)
		return 1;
	if (value & 1 && grandchild(s))
		return 1;
	if (value & 2)
		become_other(value);
	return value % 100 + 100;
}

static int fork_once(struct space *s)
{
	uint32_t value = stress_random(1 << 20);
	int down[2], up[2], bad = 0;
	char byte;
	pid_t pid;

	if (pipe(down) || pipe(up))
		return stress_bad("pipe: %m");
	pid = fork();
	if (pid < 0)
		return stress_bad("fork: %m");
	if (!pid) {
		/* So that the end of one is noticed by the other. */
		close(down[1]);
		close(up[0]);
		/* Choices other than the parent's. */
		stress_random(0);
		stress_state ^= value << 1;
		_exit(child(s, down[0], up[1], value));
	}
	close(down[0]);
	close(up[1]);
	write_some(s);
	bad |= write(down[1], "", 1) != 1 || read(up[0], &byte, 1) != 1;
	bad |= check(s, "parent");
	write_some(s);
	bad |= wait_for(pid, value % 100 + 100);
	bad |= check(s, "parent, after its child");
	close(down[1]);
	close(up[0]);
	return bad;
}

static int fork_and_exit(void *rounds)
{
	static struct space s;

	signal(SIGPIPE, SIG_IGN);
	do {
		if (make_space(&s, 1 + stress_random(MOST)))
			return 1;
		for (unsigned int i = stress_random(4); i < 4; i++) {
			if (fork_once(&s))
				return 1;
			++*(unsigned long *)rounds;
			/* On four VCPUs of two busy CPUs one may take minutes. */
			if (!stress_on())
				break;
		}
		munmap(s.base, s.pages * STEP);
	} while (stress_on());
	return 0;
}

/* A system call a move; and after so many, so that it gets on, none for as long as these
 * have taken: a move is dear where there are more VCPUs than CPUs. */
#define MOVES	64

/* The time, in us, after a nap as long as since SINCE; not as a save, though. */
static long long nap_since(long long since)
{
	long long us = now_us() - since;
	const struct timespec nap = {
		us < 2000000 ? us / 1000000 : 1, us % 1000000 * 1000
	};

	nanosleep(&nap, NULL);
	return now_us();
}

static int moved(void *rounds)
{
	const int cpus = sysconf(_SC_NPROCESSORS_CONF);
	static struct space s;

	if (set_policy(SCHED_FIFO, 60))
		return stress_bad("SCHED_FIFO: %m");
	do {
		unsigned int moves = 0;
		long long since;
		int ready[2], status;
		pid_t pid, got;
		char byte;

		if (pipe(ready))
			return stress_bad("pipe: %m");
		pid = fork();
		if (pid < 0)
			return stress_bad("fork: %m");
		if (!pid) {
			if (set_policy(SCHED_OTHER, 0) || make_space(&s, MOST))
				_exit(1);
			_exit(write(ready[1], "", 1) != 1);
		}
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			return stress_bad("the child to be moved is not ready");
		close(ready[0]);
		since = now_us();
		while (!(got = waitpid(pid, &status, WNOHANG))) {
			/* In a save there is but one. */
			if (bind_to(pid, moves++ % cpus) && errno != EINVAL)
				return stress_bad("bind: %m");
			if (moves % MOVES == 0)
				since = nap_since(since);
		}
		if (got != pid || status)
			return stress_bad("moved child: status %x", status);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stress_task tasks[] = {
		{ "fork, write, exec, exit: 1", fork_and_exit },
		{ "fork, write, exec, exit: 2", fork_and_exit },
		{ "fork, write, exec, exit: 3", fork_and_exit },
		{ "exit while moved between CPUs", moved },
	};

	if (argc == 3)
		return other_program(argv[2]);
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
