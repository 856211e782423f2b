// SPDX-License-Identifier: GPL-2.0
/*
 * wakelat - how late is a SCHED_FIFO task that is woken while a load is at work?
 *
 *	LATENCY=SOURCE,SAMPLES LOAD	this program by the name of the load
 *	true				does nothing: loads run that
 *
 *	SOURCE	what wakes it, SAMPLES times:
 *		tick	the timer's tick that ends the shortest sleep there is
 *		rtc	an interrupt of the machine's real time clock, by /dev/rtc
 *		pipe	a byte from a task of normal priority
 *	LOAD	one of loads.h
 *
 * Lateness is in microseconds, rounded down, from the time the event was due or made
 * to the first instruction of the task in user mode.  The clock is the time stamp
 * counter; what it counts in a second is measured once, against gettimeofday().
 *
 * When is a tick due?  Not when the kernel's time says so: on Xen the hypervisor's
 * periodic timer has a phase of its own, which drifts.  So before each sleep a loop reads
 * the counter until that makes a leap, for an interrupt came, and the kernel's time has
 * gone on in it (the stamp of a file of tmpfs that is written is that of the last tick).
 * The last look before the leap is when the interrupt arrived.  The sleep is one of
 * select(), which ends with the very next tick; that is due one tick later, the least
 * time between two, which is measured first.  What comes later than that is late,
 * whoever kept it, Xen or the kernel.  A sleep of more ticks would not do: Xen counts
 * each from when it got to the one before.  If the CPU is idle when the sleep ends, the
 * timer is the kernel's own, which has no phase: such a sample may be early.  Those are
 * counted, and are 0 in the histogram.
 *
 * The real time clock has 1024 edges a second, each at a whole cycle of its 32768 Hz
 * (QEMU, hw/rtc/mc146818rtc.c).  The first is found as a tick is, the others are whole
 * periods later: with an instruction clock it and the time stamp counter count
 * nanoseconds of the same time.  Without that clock this source is refused.
 *
 * A pipe's byte is due when it is written: its writer takes the time just before.
 *
 * Where the kernel has CONFIG_PREEMPT_LATENCY the longest sections that kept the CPU
 * while samples were taken are shown, too.
 *
 * Prints a histogram, US:HOW_MANY, with the totals that cyclictest has, and is a test of
 * one result, which is ok if there were as many samples.  Exit status 0 then.  Needs
 * root, 2.6.12 for `tick', and for `rtc' a kernel with CONFIG_RTC on real hardware or in
 * domain 0.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "loads.h"
#include "marks.h"
#include "policy.h"
#include "rtc.h"

#define BUCKETS		20000		/* us; beyond it is counted, and in the maximum */
#define PRIORITY	99
#define WARM_UP		500000		/* us from the load's begin to the first sample */

static double per_us;			/* of the time stamp counter */
static uint64_t tick;			/* the least time between two, in its counts */
static int stamp_fd;

static inline uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

/* When the last tick was due, ns. */
static int64_t last_tick(void)
{
	struct stat st;

	must(pwrite(stamp_fd, "", 1, 0) == 1 && !fstat(stamp_fd, &st), "time stamp");
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

/* select() of the kernel, without the library's idea of a time. */
#ifndef SYS__newselect
#define SYS__newselect	SYS_select
#endif
static void until_next_tick(void)
{
	long timeout[2] = { 0, 1 };

	syscall(SYS__newselect, 0, NULL, NULL, NULL, timeout);
}

/* Wait for an interrupt, whosever it is.  When it arrived. */
static uint64_t next_leap(void)
{
	const uint64_t leap = per_us / 2;
	uint64_t last, now = tsc();

	do {
		last = now;
		now = tsc();
	} while (now - last < leap);
	return last;
}

/* When the interrupt of the next tick arrived. */
static uint64_t next_tick(void)
{
	int64_t before = last_tick();
	uint64_t arrived;

	do
		arrived = next_leap();
	while (last_tick() == before);
	return arrived;
}

static void calibrate(void)
{
	int64_t began = now_us();
	uint64_t begin = tsc(), last, next;

	usleep(1000000);
	per_us = (double)(tsc() - begin) / (now_us() - began);

	for (int i = 0; i < 20; i++) {
		last = next_tick();
		next = next_tick();
		if (!tick || next - last < tick)
			tick = next - last;
	}
}

/* One sample, us. */
static int64_t from_tick(void)
{
	uint64_t due = next_tick() + tick;

	set_mark(MARK_BEGIN);
	until_next_tick();
	return (int64_t)(tsc() - due) / per_us;
}

#define RTC_CYCLE	(1e9 / 32768)	/* ns */
#define RTC_PERIOD	(32 * RTC_CYCLE)
#define RTC_TRIES	1000
static int rtc_fd;
static double rtc_first;		/* an edge, ns */

/* When an interrupt of its arrives.  There are others, too. */
static uint64_t next_edge(void)
{
	unsigned long data;
	uint64_t arrived;
	int tries = 0;

	fcntl(rtc_fd, F_SETFL, O_NONBLOCK);
	do {
		while (read(rtc_fd, &data, sizeof(data)) > 0)
			;
		arrived = next_leap();
		must(++tries < RTC_TRIES, "no interrupt of the real time clock");
	} while (read(rtc_fd, &data, sizeof(data)) < 0);
	fcntl(rtc_fd, F_SETFL, 0);
	return arrived;
}

static void begin_rtc(void)
{
	uint64_t arrived;

	if (per_us < 999 || per_us > 1001)
		bail("rtc: %.3f counts in a us are no instruction clock's", per_us);
	rtc_fd = rtc_open(1024);
	must(rtc_fd >= 0, "real time clock");
	/* The driver may have been busy, but not at every edge. */
	do {
		arrived = next_edge();
		rtc_first = (uint64_t)(arrived / RTC_CYCLE + 0.5) * RTC_CYCLE;
	} while (arrived < rtc_first - 1000 || arrived > rtc_first + 1000);
}

static int64_t from_rtc(void)
{
	unsigned long data;
	uint64_t asleep, woken;
	double due;

	do {
		asleep = tsc();
		due = rtc_first;
		due += ((uint64_t)((asleep - due) / RTC_PERIOD) + 1) * RTC_PERIOD;
		set_mark(MARK_BEGIN);
		must(read(rtc_fd, &data, sizeof(data)) == sizeof(data), "real time clock");
		woken = tsc();
	} while (woken < due);	/* woken by an edge before */
	return (woken - due) / 1000;
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

static const struct load *load;

static void run_load(void)
{
	if (load->begin)
		load->begin();
	for (;;)
		load->once();
}

/* The writer waits for the reader, and then until that sleeps. */
#define SETTLE		50		/* us */
static struct {
	volatile int ready;
	volatile uint64_t written;
} *shared;
static int pipe_fd[2];
static pid_t pipe_writer;

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

static void begin_pipe(void)
{
	must(!pipe(pipe_fd), "pipe");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	must(shared != MAP_FAILED, "mmap");
	pipe_writer = begin(writer);
}

static int64_t from_pipe(void)
{
	uint64_t woken;
	char c;

	shared->ready = 1;
	set_mark(MARK_BEGIN);
	must(read(pipe_fd[0], &c, 1) == 1, "read");
	woken = tsc();
	return (woken - shared->written) / per_us;
}

static void set_fifo(void)
{
	must(!set_policy(SCHED_FIFO, PRIORITY), "SCHED_FIFO");
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

/* A kernel with CONFIG_PREEMPT_LATENCY knows where it kept the CPU. */
static const char sections_file[] = "/proc/preempt_latency";

static void begin_sections(void)
{
	int fd = open(sections_file, O_WRONLY);

	if (fd < 0)
		return;
	must(write(fd, "1", 1) == 1, sections_file);
	close(fd);
}

#define SECTIONS	1024
#define SHOWN		10

static int longer_first(const void *a, const void *b)
{
	double left = atof(*(char **)a), right = atof(*(char **)b);

	return (left < right) - (left > right);
}

/* The longest, in us. */
static void show_sections(void)
{
	static char *line[SECTIONS];
	FILE *file = fopen(sections_file, "r");
	size_t size = 0;
	int n = 0;

	if (!file)
		return;
	while (n < SECTIONS && getline(&line[n], &size, file) > 0) {
		strtok(line[n++], "\n");
		size = 0;
	}
	fclose(file);
	qsort(line, n, sizeof(*line), longer_first);
	for (int i = 0; i < n && i < SHOWN; i++)
		diag("Section: %s", line[i]);
}

static const struct source {
	const char *name;
	void (*begin)(void);		/* or NULL */
	int64_t (*sample)(void);	/* us */
} sources[] = {
	{ "tick", NULL, from_tick },
	{ "rtc", begin_rtc, from_rtc },
	{ "pipe", begin_pipe, from_pipe },
};

#define SOURCES	(sizeof(sources) / sizeof(*sources))

int main(void)
{
	static unsigned long count[BUCKETS];
	unsigned long samples = 0, total = 0, over = 0, early = 0;
	int64_t least = INT64_MAX, most = 0, sum = 0;
	const struct source *source = sources;
	pid_t loaded;
	int status;
	const char *latency = getenv("LATENCY"), *called = program_invocation_short_name;
	char name[16];

	if (!strcmp(called, "true"))
		return 0;
	if (!latency || sscanf(latency, "%15[a-z],%lu", name, &samples) != 2 ||
	    !samples)
		bail("usage: LATENCY=SOURCE,SAMPLES %s", called);
	while (source < sources + SOURCES && strcmp(source->name, name))
		source++;
	if (source == sources + SOURCES)
		bail("no source is called %s", name);
	load = find_load(called);
	plan(1);

	stamp_fd = file_of("/tmp/wakelat");
	unlink("/tmp/wakelat");
	calibrate();
	if (source->begin)
		source->begin();
	loaded = begin(run_load);
	usleep(WARM_UP);
	set_fifo();
	begin_sections();
	set_mark(MARK_NEXT);

	for (total = 0; total < samples; total++) {
		int64_t late = source->sample();

		if (late < 0) {
			late = 0;
			early++;
		}
		least = late < least ? late : least;
		if (late > most) {
			set_mark(MARK_END);
			most = late;
		}
		sum += late;
		if (late < BUCKETS)
			count[late]++;
		else
			over++;
	}
	kill(-loaded, SIGKILL);
	if (pipe_writer)
		kill(-pipe_writer, SIGKILL);

	diag("%s, %s: %s", source->name, load->name, load->holds);
	diag("time base: rdtsc, %.3f in a us; a tick is %.3f us", per_us, tick / per_us);
	histogram(count);
	diag("Total: %09lu", total);
	diag("Min Latencies: %05" PRId64, least);
	diag("Avg Latencies: %05" PRId64, sum / (int64_t)total);
	diag("Max Latencies: %05" PRId64, most);
	diag("Early: %lu", early);
	diag("Histogram Overflows: %05lu", over);
	show_sections();
	ok(waitpid(loaded, &status, 0) == loaded && WIFSIGNALED(status) && total == samples,
	   "%lu samples", total);
	return done();
}
