// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold in a guest whatever domain 0 does to it: pause, save and
 * restore, VCPUs and memory taken away and given back.
 *
 * Workers, more than there are CPUs, read the clocks, share the latest reading
 * and keep a patterned buffer each.  The program itself sleeps, and compares
 * what the kernel's files say of CPUs and memory.
 */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "../stress.h"

#define MS		1000000LL	/* in ns */
/* Clocks of two VCPUs may differ by as much as one has not yet accounted. */
#define TICK		(10 * MS)
#define NAP_TICKS	2
#define NAP		(NAP_TICKS * TICK)
/* Files are not read in one moment, and what they tell of takes a while. */
#define SETTLE		(20000 * MS)
#define KEPT		(1024 * 1024)	/* bytes each worker keeps */

struct clock {
	const char *name;
	long long (*read)(void);	/* in ns */
	long long latest;		/* that anybody has read */
	long long back;			/* the furthest it was seen to go back */
};

static long long ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000 * MS + ts->tv_nsec;
}

static long long monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ns(&now);
}

static long long wall(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return now.tv_sec * 1000 * MS + now.tv_usec * 1000;
}

/* 300 s after boot the count wraps, through what else would be error numbers. */
static uint32_t ticks(void)
{
	long count = syscall(SYS_times, NULL);

	return count == -1 ? -errno : count;
}

static uint32_t first_tick;

static long long jiffies(void)
{
	return (ticks() - first_tick) * (1000 * MS / sysconf(_SC_CLK_TCK));
}

/*
 * How far CLOCK_MONOTONIC is ahead of the ticks.  Among so many tasks a second may
 * pass from one system call to the next, so ask until none has.
 */
static long long ahead(void)
{
	long long now, count;

	do {
		now = monotonic();
		count = jiffies();
	} while (monotonic() - now > TICK);
	return now - count;
}

/* In memory that all workers share. */
static struct clock *clocks;
enum { MONOTONIC, WALL, JIFFIES, CLOCKS };

static void raise_to(long long *shared, long long value)
{
	long long was = __atomic_load_n(shared, __ATOMIC_SEQ_CST);

	while (was < value &&
	       !__atomic_compare_exchange_n(shared, &was, value, 0,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* What somebody has read before may not be later than what is read now. */
static void read_clock(struct clock *clock)
{
	long long before = __atomic_load_n(&clock->latest, __ATOMIC_SEQ_CST);
	long long now = clock->read();

	raise_to(&clock->back, before - now);
	raise_to(&clock->latest, now);
}

static uint32_t pattern(uint32_t start, uint32_t i)
{
	return start + i * 2654435761u;
}

static void fill(uint32_t *words, uint32_t start)
{
	size_t i;

	for (i = 0; i < KEPT / sizeof(*words); i++)
		words[i] = pattern(start, i);
}

static int is_filled(const uint32_t *words, uint32_t start)
{
	size_t i;

	for (i = 0; i < KEPT / sizeof(*words); i++)
		if (words[i] != pattern(start, i))
			return 0;
	return 1;
}

static int worker(void *unused)
{
	uint32_t *words = mmap(NULL, KEPT, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t start;
	int i;

	(void)unused;
	if (words == MAP_FAILED)
		return stress_bad("mmap: %m");
	while (stress_on()) {
		start = stress_random(0);
		fill(words, start);
		/* Pages without access are not present for who saves them. */
		if (stress_random(2) && mprotect(words, KEPT, PROT_NONE))
			return stress_bad("mprotect: %m");
		for (i = stress_random(2000); i; i--)
			read_clock(&clocks[i % CLOCKS]);
		if (mprotect(words, KEPT, PROT_READ | PROT_WRITE))
			return stress_bad("mprotect: %m");
		if (!is_filled(words, start))
			return stress_bad("the buffer has changed");
	}
	return 0;
}

/* The number after KEY in file PATH, -1 if there is none. */
static long number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long number = -1;

	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			number = strtol(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return number;
}

/* Lines of PATH that begin with HEAD and a digit. */
static int count_lines(const char *path, const char *head)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	size_t len = strlen(head);
	int count = 0;

	while (file && fgets(line, sizeof(line), file))
		count += !strncmp(line, head, len) &&
			line[len] >= '0' && line[len] <= '9';
	if (file)
		fclose(file);
	return count;
}

/* CPUs online by /sys.  One without the file cannot be taken away. */
static int cpus_in_sys(void)
{
	DIR *dir = opendir("/sys/devices/system/cpu");
	const struct dirent *entry;
	char path[300];
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "cpu", 3) ||
		    entry->d_name[3] < '0' || entry->d_name[3] > '9')
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s/online",
			 entry->d_name);
		count += number_in(path, "") != 0;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Something that may be wrong for a while, but not for longer than SETTLE. */
struct lag {
	long long since;	/* 0: all is well */
	long long longest;
};

static void note_lag(struct lag *lag, int well)
{
	long long now = monotonic();

	if (well)
		lag->since = 0;
	else if (!lag->since)
		lag->since = now;
	else if (now - lag->since > lag->longest)
		lag->longest = now - lag->since;
}

static int cpus_agree(void)
{
	/* "processor	: 0", and in /proc/stat "cpu0 ..." */
	int shown = count_lines("/proc/cpuinfo", "processor\t: ");

	return shown == cpus_in_sys() && shown == count_lines("/proc/stat", "cpu");
}

/*
 * The balloon is at its target, and MemTotal with it, or has come nearer since the
 * last call: how long it is on its way is up to the machine.  With torture a page takes
 * 1 ms, and a quarter of 384 MB 25 s.
 */
static int memory_follows(void)
{
	static long first, apart;
	static int changed;
	long was = apart;
	long have = number_in("/proc/xen/balloon", "Current allocation:");
	long wanted = number_in("/proc/xen/balloon", "Requested target:");
	long out = number_in("/proc/xen/balloon", "Low-mem balloon:") +
		   number_in("/proc/xen/balloon", "High-mem balloon:");

	apart = labs(have - wanted);
	if (apart < was)
		return 1;
	/* Until the balloon is first used MemTotal lacks what the kernel took
	 * at boot. */
	if (!first)
		first = have;
	if (have != first)
		changed = 1;
	/* The back ends of a domain 0 have taken pages out for good: to the target
	 * it comes only if it has others to fill. */
	return (have == wanted || (have < wanted && !out)) &&
	       (!changed || have == number_in("/proc/meminfo", "MemTotal:"));
}

int main(void)
{
	const struct timespec nap = { .tv_nsec = NAP };
	struct lag cpus = { 0 }, memory = { 0 };
	long long late = 0, apart;
	int balloon = !access("/proc/xen/balloon", R_OK);
	long workers = 2 * sysconf(_SC_NPROCESSORS_CONF), i;
	int naps = 0, early = 0, lagged = 0, failed = 0;
	pid_t *pids;

	plan(8);
	pids = calloc(workers, sizeof(*pids));
	if (!pids)
		bail("memory: %m");
	clocks = stress_shared(CLOCKS * sizeof(*clocks));
	clocks[MONOTONIC] = (struct clock){ "CLOCK_MONOTONIC", monotonic, 0, 0 };
	clocks[WALL] = (struct clock){ "gettimeofday", wall, 0, 0 };
	clocks[JIFFIES] = (struct clock){ "the count of ticks", jiffies, 0, 0 };

	stress_begin();
	first_tick = ticks();
	apart = ahead();
	for (i = 0; i < workers; i++)
		pids[i] = stress_worker(i + 1, worker, NULL);
	while (stress_on()) {
		uint32_t tick = ticks();
		long long from = monotonic(), took;

		nanosleep(&nap, NULL);
		took = monotonic() - from;
		/* The kernel sleeps for a number of ticks.  Where these come late and
		 * then all at once, as from a machine that is itself kept waiting, a
		 * nap may be short by the clock. */
		early += ticks() - tick < NAP_TICKS;
		lagged += took < NAP - TICK;
		if (took > late)
			late = took;
		if (++naps % 10)
			continue;
		note_lag(&cpus, cpus_agree());
		if (balloon)
			note_lag(&memory, memory_follows());
	}
	apart = ahead() - apart;
	for (i = 0; i < workers; i++)
		failed += stress_wait(pids[i]) != 0;

	for (i = 0; i < CLOCKS; i++) {
		diag("%s: at most %lld us back", clocks[i].name,
		     clocks[i].back / 1000);
		ok(clocks[i].back <= TICK, "%s never goes back", clocks[i].name);
	}
	diag("ticks and CLOCK_MONOTONIC differ by %lld ms", apart / MS);
	ok(llabs(apart) < 1000 * MS, "ticks keep pace with CLOCK_MONOTONIC");
	diag("%d naps of %lld ms, the longest %lld ms, %d short for late ticks", naps,
	     NAP / MS, late / MS, lagged);
	ok(naps && !early, "no sleep ends early");
	ok(!failed, "memory keeps what was written");
	diag("CPUs disagreed for at most %lld ms, memory stood still for %lld ms",
	     cpus.longest / MS, memory.longest / MS);
	ok(cpus.longest < SETTLE, "the kernel's files agree on the CPUs");
	if (balloon)
		ok(memory.longest < SETTLE, "memory follows the balloon's target");
	else
		skip("no balloon", "memory follows the balloon's target");
	return done();
}
