/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stress programs share: a budget of time, seeded choices, workers.
 *
 *	static int sum(void *rounds)
 *	{
 *		do {
 *			...;		choices by stress_random()
 *			if (bad)
 *				return stress_bad("%d is not %d", a, b);
 *			++*(unsigned long *)rounds;
 *		} while (stress_on());
 *		return 0;
 *	}
 *
 *	static const struct stress_task tasks[] = { { "sums agree", sum } };
 *	return stress_run(tasks, 1);
 *
 * The tasks run side by side, and each is one result.
 *
 * From the environment: STRESS_SECONDS (default 5), the time to spend, and SEED
 * (default 1), from which every choice follows.  Programs that run side by side,
 * and the workers of one, make different choices from the same seed.
 */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

/*
 * Seconds after which one who waits is told that it waits in vain.  Dozens of
 * tasks may be at work, and 2.6.12 lets one wait a second for each of them; but
 * init's patience must last longer.
 */
#define STRESS_STALL	45

static long long stress_end;	/* CLOCK_MONOTONIC, us */
static uint32_t stress_state;

/* A whole number of the environment, or DEFAULT. */
static inline unsigned long stress_number(const char *name, unsigned long value)
{
	const char *text = getenv(name);
	char *end;

	if (!text)
		return value;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end)
		bail("%s=%s is not a number", name, text);
	return value;
}

/* Choices of worker NUMBER (0: the program itself) follow from here. */
static inline void stress_seed(unsigned int number)
{
	const char *c = program_invocation_short_name;

	stress_state = 2166136261u ^ stress_number("SEED", 1);
	while (*c)
		stress_state = (stress_state ^ *c++) * 16777619u;
	stress_state = (stress_state ^ number) * 16777619u;
	if (!stress_state)
		stress_state = 1;
}

static inline long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static inline void stress_begin(void)
{
	stress_end = now_us() + stress_number("STRESS_SECONDS", 5) * 1000000LL;
	stress_seed(0);
}

/* Is there time left? */
static inline int stress_on(void)
{
	return now_us() < stress_end;
}

/* From 0 to BELOW - 1, or anything if that is 0 (xorshift: good enough to choose,
 * not to hide). */
static inline uint32_t stress_random(uint32_t below)
{
	stress_state ^= stress_state << 13;
	stress_state ^= stress_state >> 17;
	stress_state ^= stress_state << 5;
	return below ? stress_state % below : stress_state;
}

/*
 * A child that runs WORK(ARG) with choices of its own and exits with what that
 * returns, 0 for all well.  It dies with its parent.
 */
static inline pid_t stress_worker(unsigned int number, int (*work)(void *arg),
				  void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* In 2.6.12 nice tasks have time slices of one tick, not ten,
		 * and do not keep others waiting by being interactive: many
		 * more switches, and nobody starves. */
		if (nice(19) < 0)
			bail("nice: %m");
		stress_seed(number);
		_exit(work(arg));
	}
	return pid;
}

/* 0 if worker PID ended well; else why is said in a note. */
static inline int stress_wait(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got == pid && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (got != pid)
		diag("wait for worker %d: %m", pid);
	else if (WIFSIGNALED(status))
		diag("worker %d: killed by signal %d", pid, WTERMSIG(status));
	else
		diag("worker %d: exit status %d", pid, WEXITSTATUS(status));
	return -1;
}

/* What a worker returns that has found something wrong, which is said in a note. */
#define stress_bad(...) (diag(__VA_ARGS__), 1)

/* SIZE bytes of zeroes that all workers begun after this share. */
static inline void *stress_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		bail("shared memory: %m");
	return mem;
}

/* What a worker does, told what to count its rounds in. */
struct stress_task {
	const char *name;	/* of the result */
	int (*work)(void *rounds);
};

/* Run COUNT of TASKS at once, for the whole program: plan to exit status.  One
 * that has not completed a round has shown nothing, and fails. */
static inline int stress_run(const struct stress_task *tasks,
			     unsigned int count)
{
	unsigned long *rounds = stress_shared(count * sizeof(*rounds));
	pid_t pids[count];
	int good;

	plan(count);
	stress_begin();
	for (unsigned int i = 0; i < count; i++)
		pids[i] = stress_worker(i + 1, tasks[i].work, &rounds[i]);
	for (unsigned int i = 0; i < count; i++) {
		good = !stress_wait(pids[i]);
		ok(good && rounds[i], "%s", tasks[i].name);
		diag("%lu rounds", rounds[i]);
	}
	return done();
}

#endif
