// SPDX-License-Identifier: GPL-2.0
/*
 * wakelat - how late is a SCHED_FIFO task that is woken while a load is at work?
 *
 *	LATENCY=SOURCE,SAMPLES wakelat LOAD
 *	wakelat			does nothing: the load exec runs that
 *
 *	SOURCE	what wakes it, SAMPLES times:
 *		tick	the timer's tick that ends the shortest sleep there is
 *		pipe	a byte from a task of normal priority
 *	LOAD	one of loads.h
 *
 * Lateness is in microseconds, rounded down, from the time the event was due or made
 * to the first instruction of the task in user mode.  The clock is the time stamp
 * counter; what it counts in a second is measured once, against gettimeofday().
 *
 * When is a tick due?  The kernel's time as of the last tick (xtime) is the stamp of a
 * file of tmpfs that is written.  It goes on by the length of a tick at each, however
 * late that is (2.6.12, kernel/timer.c).  But on Xen a tick does not come at that time:
 * the hypervisor's periodic timer has a phase of its own, which drifts, and the kernel
 * counts the ticks that have been completed then.  So before each sleep a loop waits for
 * the stamp to change, and the tick that ends the sleep is due a number of ticks after
 * that: a sleep of one nanosecond ends with the second tick, which is measured first, as
 * is the length of a tick.  What the interrupt takes up to the change of the stamp, with
 * this task at work, is so in no sample.  If the CPU is idle when the sleep ends, the
 * timer is the kernel's own, which has no phase: such a sample may be early.  Those are
 * counted, and are 0 in the histogram.
 *
 * A pipe's byte is due when it is written: its writer takes the time just before.
 *
 * Prints a histogram, US:HOW_MANY, with the totals that cyclictest has, and is a test of one result, which is ok if
 * there were as many samples.  Exit status 0 then.  Needs root, and 2.6.12 for `tick'.
 */
#include <inttypes.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "loads.h"

#define BUCKETS		20000		/* us; beyond it is counted, and in the maximum */
#define PRIORITY	99
#define WARM_UP		500000		/* us from the load's begin to the first sample */

static double per_us;			/* of the time stamp counter */
static int64_t tick_ns;			/* length of a tick */
static int ticks_asleep;		/* that the shortest sleep takes */
static int stamp_fd;

static inline uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

static int64_t now_us(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

/* When the last tick was due, ns. */
static int64_t last_tick(void)
{
	struct stat st;

	must(pwrite(stamp_fd, "", 1, 0) == 1 && !fstat(stamp_fd, &st), "time stamp");
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

static void shortest_sleep(void)
{
	const struct timespec ts = { 0, 1 };

	nanosleep(&ts, NULL);
}

/* Wait for a tick.  When, us; its stamp in *STAMP. */
static int64_t next_tick(int64_t *stamp)
{
	int64_t before = last_tick();

	while ((*stamp = last_tick()) == before)
		;
	return now_us();
}

static void calibrate(void)
{
	int64_t began = now_us(), stamp, next;
	uint64_t begin = tsc();

	usleep(1000000);
	per_us = (double)(tsc() - begin) / (now_us() - began);

	for (int i = 0; i < 20; i++) {
		int n;

		next_tick(&stamp);
		next_tick(&next);
		if (!tick_ns || next - stamp < tick_ns)
			tick_ns = next - stamp;
		shortest_sleep();
		n = (last_tick() - next + tick_ns / 2) / tick_ns;
		if (!ticks_asleep || n < ticks_asleep)
			ticks_asleep = n;
	}
}

/* One sample, us. */
static int64_t from_tick(void)
{
	int64_t stamp, due = next_tick(&stamp) + ticks_asleep * tick_ns / 1000;
	uint64_t woken;

	shortest_sleep();
	woken = tsc();
	return now_us() - (int64_t)((tsc() - woken) / per_us) - due;
}

/* The writer waits for the reader, and then until that sleeps. */
#define SETTLE		50		/* us */
static struct {
	volatile int ready;
	volatile uint64_t written;
} *shared;
static int pipe_fd[2];

static void writer(void)
{
	for (;;) {
		uint64_t ready;

		while (!shared->ready)
			;
		shared->ready = 0;
		ready = tsc();
		while (tsc() - ready < SETTLE * per_us)
			;
		shared->written = tsc();
		must(write(pipe_fd[1], "", 1) == 1, "write");
	}
}

static int64_t from_pipe(void)
{
	uint64_t woken;
	char c;

	shared->ready = 1;
	must(read(pipe_fd[0], &c, 1) == 1, "read");
	woken = tsc();
	return (woken - shared->written) / per_us;
}

/* A process of its own, and normal priority, that dies with this one. */
static pid_t begin(void (*run)(void))
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		run();
	}
	setpgid(pid, pid);
	return pid;
}

static void set_fifo(void)
{
	const struct sched_param param = { .sched_priority = PRIORITY };

	/* musl's sched_setscheduler() is a stub. */
	must(!syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), "SCHED_FIFO");
	must(!mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall");
}

/* US:HOW_MANY, several in a line: init shows no more than a thousand lines. */
static void histogram(const unsigned long *count)
{
	char line[80];
	int len = 0;

	diag("Histogram");
	for (int i = 0; i < BUCKETS; i++) {
		if (count[i])
			len += snprintf(line + len, sizeof(line) - len, " %d:%lu", i,
					count[i]);
		if (len > 60 || (len && i == BUCKETS - 1)) {
			diag("%s", line + 1);
			len = 0;
		}
	}
}

int main(int argc, char **argv)
{
	static unsigned long count[BUCKETS];
	unsigned long samples = 0, total = 0, over = 0, early = 0;
	int64_t least = INT64_MAX, most = 0, sum = 0;
	int64_t (*sample)(void) = from_tick;
	const struct load *load = loads;
	pid_t loaded, other = 0;
	const char *latency = getenv("LATENCY");
	char source[16];

	if (argc == 1)
		return 0;
	plan(1);
	if (argc != 2 || !latency || sscanf(latency, "%15[a-z],%lu", source, &samples) != 2 ||
	    !samples)
		bail("usage: LATENCY=SOURCE,SAMPLES wakelat LOAD");
	if (!strcmp(source, "pipe"))
		sample = from_pipe;
	else if (strcmp(source, "tick"))
		bail("no source is called %s", source);
	while (load < loads + LOADS && strcmp(load->name, argv[1]))
		load++;
	if (load == loads + LOADS)
		bail("no load is called %s", argv[1]);

	stamp_fd = file_of("/tmp/wakelat");
	unlink("/tmp/wakelat");
	must(!pipe(pipe_fd), "pipe");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	must(shared != MAP_FAILED, "mmap");
	calibrate();
	if (sample == from_pipe)
		other = begin(writer);
	loaded = begin(load->run);
	usleep(WARM_UP);
	set_fifo();

	for (total = 0; total < samples; total++) {
		int64_t late = sample();

		if (late < 0) {
			late = 0;
			early++;
		}
		least = late < least ? late : least;
		most = late > most ? late : most;
		sum += late;
		if (late < BUCKETS)
			count[late]++;
		else
			over++;
	}
	kill(-loaded, SIGKILL);
	if (other)
		kill(-other, SIGKILL);

	diag("%s, %s: %s", source, load->name, load->holds);
	diag("time base: rdtsc, %.3f in a us; a tick is %" PRId64 " ns, a sleep %d of them",
	     per_us, tick_ns, ticks_asleep);
	histogram(count);
	diag("Total: %09lu", total);
	diag("Min Latencies: %05" PRId64, least);
	diag("Avg Latencies: %05" PRId64, sum / (int64_t)total);
	diag("Max Latencies: %05" PRId64, most);
	diag("Early: %lu", early);
	diag("Histogram Overflows: %05lu", over);
	ok(waitpid(loaded, NULL, 0) == loaded && total == samples, "%lu samples", total);
	return done();
}
