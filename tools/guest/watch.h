/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watch kernel code being preempted, by what only preemption can show.
 *
 * Two tasks are bound to CPU 0 and share memory.  The worker makes one system
 * call over and over.  The call writes a first byte, works for long and writes
 * a last byte.  The watcher is SCHED_FIFO; it sleeps, is woken by the timer,
 * looks at both bytes and sleeps again.
 *
 * The worker clears the first byte before the last, so only the kernel can
 * leave the first one set and the last one not.  A watcher that sees them so
 * has taken the CPU from kernel code.  No time is measured, and nothing that
 * user mode does looks the same.
 *
 * Where kernel code is not preempted, a wakeup that fell into the call is
 * acted upon when the call returns: both bytes are set, and in_call still is.
 * Counting these shows that the watcher had its chances.
 */
#ifndef WATCH_H
#define WATCH_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy.h"
#include "tap.h"

#define WATCH_LOOKS	200	/* wakeups to look at, */
#define WATCH_MOST	2000	/* and no more than these until there are */
#define WATCH_ENOUGH	10	/* of what shows it */

struct watch {
	/* Written by the call, in memory from watch_buffer(). */
	volatile unsigned char *first;
	volatile unsigned char *last;
	/* Makes the call: 0, or -1 if it did not do what it should. */
	int (*call)(void *arg);
	void *arg;
	/* What watch() found. */
	unsigned long calls;		/* completed calls */
	unsigned int looks;
	unsigned int inside;		/* looks that found one half done */
	unsigned int after;		/* looks at the end of one */
};

/* What the worker tells the watcher. */
struct watch_state {
	volatile int in_call;
	volatile unsigned long calls;
};

/* SIZE bytes for worker and watcher alike. */
static inline void *watch_buffer(size_t size)
{
	void *buf = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	/* Locked: a page fault inside the call could sleep. */
	if (buf == MAP_FAILED || mlock(buf, size))
		bail("shared memory: %m");
	return buf;
}

__attribute__((noreturn))
static inline void watch_worker(const struct watch *w, struct watch_state *s)
{
	unsigned int random = 1;

	for (;;) {
		*w->first = 0;
		*w->last = 0;
		s->in_call = 1;
		if (w->call(w->arg) || !*w->first || !*w->last)
			_exit(1);
		s->in_call = 0;
		s->calls++;

		/* Rounds of unequal length do not fall into step with the
		 * timer, even where time is an instruction count. */
		random = random * 1103515245 + 12345;
		for (unsigned int n = random >> 24; n; n--)
			__asm__ volatile("");
	}
}

/*
 * EXPECTED is 1 if the call should be preempted: only looks inside show that.
 * Where it is not known or never, those at the end of the call will do.
 */
static inline int watch_enough(const struct watch *w, int expected)
{
	return w->inside + (expected > 0 ? 0 : w->after) >= WATCH_ENOUGH;
}

/*
 * Look WATCH_LOOKS times, and on while that is not enough: on an emulated
 * machine there are seconds in which nearly every wakeup falls between two of
 * the calls.
 */
static inline void watch(struct watch *w, int expected)
{
	/* With HZ=100 each tick is a wakeup; with high-resolution timers an
	 * emulated machine still gets something done in between. */
	const struct itimerspec period = { { 0, 4000000 }, { 0, 4000000 } };
	struct watch_state *s = watch_buffer(sizeof(*s));
	sigset_t alarm;
	timer_t timer;
	pid_t worker;

	if (bind_to(0, 0))
		bail("bind to CPU 0: %m");

	worker = fork();
	if (worker < 0)
		bail("fork: %m");
	if (!worker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch_worker(w, s);
	}

	if (set_policy(SCHED_FIFO, 50))
		bail("SCHED_FIFO: %m");
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	/* Not setitimer(): in 2.6.12 that is every other tick. */
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) ||
	    timer_settime(timer, 0, &period, NULL))
		bail("timer: %m");

	while (w->looks < WATCH_LOOKS ||
	       (w->looks < WATCH_MOST && !watch_enough(w, expected))) {
		if (sigwaitinfo(&alarm, NULL) < 0)
			bail("sigwaitinfo: %m");
		if (waitpid(worker, NULL, WNOHANG))
			bail("the watched call did not do what it should");
		if (!s->calls)
			continue;	/* not yet at work */
		w->looks++;
		if (*w->first && !*w->last)
			w->inside++;
		else if (*w->first && s->in_call)
			w->after++;
	}

	timer_delete(timer);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	w->calls = s->calls;
	munmap(s, sizeof(*s));
}

/*
 * Watch, and judge in two results.  WHAT is the watched kernel code; EXPECTED
 * is 1 if it should be preempted, 0 if never, -1 if that is not known.
 */
static inline void watch_and_judge(struct watch *w, const char *what,
				   int expected)
{
	watch(w, expected);
	diag("seen %u of %u wakeups inside the kernel", w->inside, w->looks);
	diag("%u more at the end of the call; %lu calls", w->after, w->calls);

	ok(w->inside + w->after >= WATCH_ENOUGH,
	   "wakeups arrive during %s", what);
	if (expected > 0)
		ok(w->inside >= WATCH_ENOUGH, "%s is preempted", what);
	else if (!expected)
		ok(!w->inside, "%s is never preempted", what);
	else
		skip("no expectation", "preemption is as expected");
}

#endif
