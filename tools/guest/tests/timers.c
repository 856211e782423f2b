// SPDX-License-Identifier: GPL-2.0
/*
 * timers - do clocks go forward, and do timers keep the time asked for?
 *
 * No timer may be early by more than the resolution of the clock.  That is a
 * nanosecond today and a tick of 10 ms in 2.6.12: there a timer counts from the
 * last tick that was handled, and Xen may deliver one up to a tick late.
 *
 * Late is what ticks, an emulated machine and other load make of it: five
 * seconds are allowed, to tell late from lost.  Exit status 0 if all is well.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "../tap.h"

#define MS	1000000LL		/* in ns */
#define LATE	(5000 * MS)

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static long long ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		bail("clock_gettime %d: %m", (int)clock);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Has what began at START lasted as long as WANTED, and not much longer? */
static void in_time(long long start, long long wanted, const char *what)
{
	long long took = ns(CLOCK_MONOTONIC) - start;
	struct timespec res;

	if (clock_getres(CLOCK_MONOTONIC, &res))
		bail("clock_getres: %m");
	diag("%s: %lld us", what, took / 1000);
	ok(took >= wanted - res.tv_nsec && took < wanted + LATE, "%s", what);
}

static void clocks_advance(void)
{
	long long last = ns(CLOCK_MONOTONIC), start = last, now = last;
	long long real = ns(CLOCK_REALTIME), steps = 0, back = 0;
	struct timeval tv;

	/* Over several ticks: at a tick the time comes from another source. */
	while (now - start < 100 * MS) {
		now = ns(CLOCK_MONOTONIC);
		back += now < last;
		steps += now > last;
		last = now;
	}
	ok(!back, "CLOCK_MONOTONIC never goes back");
	ok(steps > 10, "and does not stand still");
	diag("%lld different times in 100 ms", steps);

	real = ns(CLOCK_REALTIME) - real;
	ok(real >= 90 * MS && real < 100 * MS + LATE,
	   "CLOCK_REALTIME goes along with it");
	gettimeofday(&tv, NULL);
	real = ns(CLOCK_REALTIME) -
		(tv.tv_sec * 1000000000LL + tv.tv_usec * 1000LL);
	ok(real >= 0 && real < LATE, "gettimeofday() is CLOCK_REALTIME");
}

static void sleeps_last(void)
{
	static const int lengths[] = { 0, 1, 10, 40 };
	struct timespec ts = { 0, 0 };
	long long start;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char what[32];

		ts.tv_nsec = lengths[i] * MS;
		snprintf(what, sizeof(what), "nanosleep %d ms", lengths[i]);
		start = ns(CLOCK_MONOTONIC);
		nanosleep(&ts, NULL);
		in_time(start, lengths[i] * MS, what);
	}
	start = ns(CLOCK_MONOTONIC);
	poll(NULL, 0, 40);
	in_time(start, 40 * MS, "poll 40 ms");
}

static void interval_timer(void)
{
	const struct itimerval once = { { 0, 0 }, { 0, 30000 } };
	const struct itimerval periodic = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	struct timespec rest, sleep = { 3, 0 };
	struct itimerval left;
	sigset_t none;
	long long start;

	signal(SIGALRM, count_signal);
	sigemptyset(&none);

	signals = 0;
	start = ns(CLOCK_MONOTONIC);
	setitimer(ITIMER_REAL, &once, NULL);
	ok(nanosleep(&sleep, &rest) < 0 && errno == EINTR && signals == 1,
	   "a timer interrupts a sleep");
	in_time(start, 30 * MS, "setitimer 30 ms");
	ok(rest.tv_sec < 3 && rest.tv_sec >= 0,
	   "the rest of the sleep is told");

	/* Six signals are six periods, but for the last one's phase. */
	signals = 0;
	start = ns(CLOCK_MONOTONIC);
	setitimer(ITIMER_REAL, &periodic, NULL);
	while (signals < 6)
		pause();
	setitimer(ITIMER_REAL, &off, NULL);
	in_time(start, 6 * 20 * MS, "six periods of 20 ms");

	alarm(100);
	getitimer(ITIMER_REAL, &left);
	ok(left.it_value.tv_sec >= 95 && left.it_value.tv_sec <= 100 &&
	   alarm(0) > 90 && !alarm(0), "an alarm is pending, and cancelled");
}

/* Timers that count CPU time run while the process does. */
static void cpu_timer(int which, int sig, const char *name)
{
	const struct itimerval once = { { 0, 0 }, { 0, 30000 } };
	long long start = ns(CLOCK_MONOTONIC);

	signal(sig, count_signal);
	signals = 0;
	setitimer(which, &once, NULL);
	/* A tick counts as user time only if it finds the task in user mode. */
	while (!signals && ns(CLOCK_MONOTONIC) - start < LATE)
		for (volatile int i = 0; i < 100000 && !signals; i++)
			;
	ok(signals == 1, "%s ends after CPU time", name);
}

static void posix_timer(void)
{
	const struct itimerspec period = { { 0, 10 * MS }, { 0, 10 * MS } };
	long long start, count = 0;
	sigset_t alarm;
	timer_t timer;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	if (timer_create(CLOCK_MONOTONIC, NULL, &timer))
		bail("timer_create: %m");

	start = ns(CLOCK_MONOTONIC);
	timer_settime(timer, 0, &period, NULL);
	while (count < 5) {
		if (sigwaitinfo(&alarm, NULL) < 0)
			bail("sigwaitinfo: %m");
		count += 1 + timer_getoverrun(timer);
	}
	timer_delete(timer);
	in_time(start, count * 10 * MS, "a POSIX timer, each 10 ms");
}

/*
 * A clock of the CPU time of process PID is ~PID << 3 (clock_getcpuclockid(3)); nobody
 * runs any more whose time a timer of it could take.
 */
static void timer_of_who_has_ended(void)
{
	struct itimerspec in_a_second = { .it_value.tv_sec = 1 };
	pid_t pid = fork();
	siginfo_t info;
	timer_t timer;

	if (!pid)
		_exit(0);
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		bail("waitid: %m");
	if (!timer_create((clockid_t)(~(unsigned int)pid << 3), NULL, &timer)) {
		timer_settime(timer, 0, &in_a_second, NULL);
		timer_delete(timer);
	}
	ok(waitpid(pid, NULL, 0) == pid,
	   "a timer of the CPU time of a process that has ended");
}

int main(void)
{
	plan(18);
	clocks_advance();
	sleeps_last();
	interval_timer();
	cpu_timer(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	cpu_timer(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	posix_timer();
	timer_of_who_has_ended();
	return done();
}
