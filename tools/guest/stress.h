/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stress programs share: a budget of time, seeded choices, workers.
 *
 *	plan(2);
 *	stress_begin();
 *	while (stress_on())
 *		...;			choices by stress_random()
 *	ok(!bad, "every sum agrees");
 *	return done();
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct timespec stress_end;
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

static inline void stress_begin(void)
{
	clock_gettime(CLOCK_MONOTONIC, &stress_end);
	stress_end.tv_sec += stress_number("STRESS_SECONDS", 5);
	stress_seed(0);
}

/* Is there time left? */
static inline int stress_on(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec < stress_end.tv_sec ||
	       (now.tv_sec == stress_end.tv_sec &&
		now.tv_nsec < stress_end.tv_nsec);
}

/* From 0 to BELOW - 1 (xorshift: good enough to choose, not to hide). */
static inline uint32_t stress_random(uint32_t below)
{
	stress_state ^= stress_state << 13;
	stress_state ^= stress_state >> 17;
	stress_state ^= stress_state << 5;
	return below ? stress_state % below : 0;
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

#endif
