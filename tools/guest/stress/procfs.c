// SPDX-License-Identifier: GPL-2.0
/*
 * procfs - is what /proc says well-formed while processes come and go?
 *
 * Readers with buffers of changing sizes parse the files of the whole system and
 * those of processes, among them some that live for milliseconds.  Counters may
 * not go backwards, and what cannot change must not: the kernel's own symbols
 * (those of modules may), a process's start.  The time of the boot is what the
 * clocks say, which is later after each save: CLOCK_MONOTONIC stood still.  A
 * process that has just gone is no failure.
 *
 * Skips files that are not there, and says so.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../stress.h"

#define MAX_FILE	(16 << 20)	/* a longer one is a failure */
#define CHURNERS	2
#define READERS		3
#define IRQS		1024
#define CPUS		32
#define PIDS		(4 << 20)
#define PID_FIELDS	35		/* numbers in stat, at least */

static struct shared {
	pid_t child[CHURNERS];		/* the one that lives now */
	uint32_t lived[CHURNERS];
	uint32_t gone;			/* found too late */
	uint32_t pids;			/* files of processes read */
	uint32_t reads[16];		/* of files[] */
} *shared;

static char *text;			/* of the file, with a 0 behind it */
static size_t text_len;
static const char *path;		/* whose it is */

/* What parsed wrong, with the line it is in. */
__attribute__((format(printf, 2, 3)))
static int malformed(const char *line, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	diag("%s: %s: '%.*s'", path, why, (int)strcspn(line, "\n"), line);
	return -1;
}

/*
 * Read file NAME whole: in pieces of any size, or at ONCE what 2.6.12 makes anew
 * for each read() and so cannot be read in pieces while it changes.  -1 if it
 * cannot be read.
 */
static int read_file(const char *name, int once)
{
	int fd = open(name, O_RDONLY);
	ssize_t n;

	path = name;
	text_len = 0;
	if (fd < 0)
		return -1;
	do {
		size_t size = once ? 65536 : stress_random(4) ? 4096 :
			1 + stress_random(8192);

		if (text_len + size >= MAX_FILE)
			break;
		n = read(fd, text + text_len, size);
		if (n > 0)
			text_len += n;
	} while (n > 0 && !once);
	close(fd);
	text[text_len] = '\0';
	if (n < 0)
		return -1;
	if (n && !once) {
		diag("%s does not end", name);
		errno = EFBIG;
		return -1;
	}
	return 0;
}

static char *next_line(char *line)
{
	char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* A number at *AT, blanks before it; -1 if there is none. */
static int take_number(char **at, unsigned long long *value)
{
	char *start = *at + strspn(*at, " \t");

	if (*start < '0' || *start > '9')
		return -1;
	*value = strtoull(start, at, 10);
	return 0;
}

/* The number behind KEY at the start of a line. */
static int number_of(const char *key, unsigned long long *value)
{
	for (char *line = text; *line; line = next_line(line)) {
		size_t len = strlen(key);

		if (strncmp(line, key, len))
			continue;
		line += len;
		if (take_number(&line, value))
			return malformed(line, "no number for %s", key);
		return 0;
	}
	return malformed("", "no line %s", key);
}

/* Is the file made of whole lines, without a 0 among them? */
static int check_text(void)
{
	if (!text_len || strlen(text) != text_len)
		return malformed("", "%zu bytes, a 0 at %zu", text_len,
				 strlen(text));
	if (text[text_len - 1] != '\n')
		return malformed("", "no newline at the end");
	return 0;
}

static int meminfo(void)
{
	unsigned long long total, unused, value;

	for (char *line = text, *at; *line; line = next_line(line)) {
		at = line + strcspn(line, ":\n");
		if (*at++ != ':' || take_number(&at, &value) ||
		    (*at != '\n' && strncmp(at, " kB\n", 4)))
			return malformed(line, "not 'name: number'");
	}
	if (number_of("MemTotal:", &total) || number_of("MemFree:", &unused))
		return -1;
	if (unused > total)
		return malformed("", "%llu kB of %llu are free", unused, total);
	return 0;
}

static int vmstat(void)
{
	unsigned long long value;

	for (char *line = text, *at; *line; line = next_line(line)) {
		at = line + strcspn(line, " \n");
		if (at == line || take_number(&at, &value) || *at != '\n')
			return malformed(line, "not 'name number'");
	}
	return 0;
}

static int not_backwards(const char *key, unsigned long long *last)
{
	unsigned long long now;

	if (number_of(key, &now))
		return -1;
	if (now < *last)
		return malformed("", "%swent back from %llu to %llu", key,
				 *last, now);
	*last = now;
	return 0;
}

/* When the clocks say that the system came up, in seconds: from, and to. */
struct span {
	long long from, to;
};

static long long clock_seconds(clockid_t clock)
{
	struct timespec t;

	/* 2.6.12 has no CLOCK_BOOTTIME; what has, counts from there. */
	if (clock_gettime(clock, &t) && clock_gettime(CLOCK_MONOTONIC, &t))
		bail("clock_gettime: %m");
	return t.tv_sec;
}

static struct span boot_time(void)
{
	long long before = clock_seconds(CLOCK_BOOTTIME);
	long long now = clock_seconds(CLOCK_REALTIME);

	/* Whole seconds may differ by one from the whole of the difference. */
	return (struct span){ now - clock_seconds(CLOCK_BOOTTIME) - 1,
			      now - before + 1 };
}

static struct span boot_before;		/* the file was read */

static int system_stat(void)
{
	static unsigned long long switches, forks, interrupts, user;
	struct span a = boot_before, b = boot_time();
	unsigned long long now;

	if (number_of("btime ", &now))
		return -1;
	if ((long long)now < (a.from < b.from ? a.from : b.from) ||
	    (long long)now > (a.to > b.to ? a.to : b.to))
		return malformed("", "btime is %llu, for clocks %lld to %lld, "
				 "then %lld to %lld", now, a.from, a.to,
				 b.from, b.to);
	return not_backwards("ctxt ", &switches) ||
		not_backwards("processes ", &forks) ||
		not_backwards("intr ", &interrupts) ||
		not_backwards("cpu ", &user);
}

/* Lines of "N: COUNT per CPU, name"; those with words for N are not counted. */
static int interrupts(void)
{
	static char header[CPUS * 16];
	static uint32_t last[IRQS][CPUS];
	size_t len = strcspn(text, "\n");
	unsigned long long irq, count;
	int cpus = 0, same;
	char *line;

	for (char *c = text; *c != '\n'; c++)
		cpus += *c == 'U';
	/* With a CPU more or less, other columns mean other CPUs. */
	same = len < sizeof(header) && !strncmp(header, text, len + 1);
	if (!cpus || cpus > CPUS || len >= sizeof(header))
		return malformed(text, "no CPUs");
	memcpy(header, text, len + 1);

	for (line = next_line(text); *line; line = next_line(line)) {
		char *at = line;

		if (take_number(&at, &irq))
			continue;
		if (*at++ != ':' || irq >= IRQS)
			return malformed(line, "no interrupt");
		for (int cpu = 0; cpu < cpus; cpu++) {
			if (take_number(&at, &count))
				return malformed(line, "no count for CPU %d",
						 cpu);
			if (same && (int32_t)(count - last[irq][cpu]) < 0)
				return malformed(line, "CPU %d had %u", cpu,
						 last[irq][cpu]);
			last[irq][cpu] = count;
		}
	}
	return 0;
}

static int slabinfo(void)
{
	char *line = text;

	if (strncmp(line, "slabinfo - version: 2", 21))
		return malformed(line, "no version 2");
	for (line = next_line(line); *line; line = next_line(line)) {
		unsigned long active, all, size, slab, pages;
		int end = 0;

		if (*line == '#')
			continue;
		if (sscanf(line, "%*s %lu %lu %lu %lu %lu : tunables %*u %*u %*u"
			   " : slabdata %*u %*u %*u%n", &active, &all, &size,
			   &slab, &pages, &end) != 5 || !end)
			return malformed(line, "not a cache");
		if (active > all || !size || !slab || !pages)
			return malformed(line, "impossible");
	}
	return 0;
}

/* The kernel's own symbols; behind them are those of modules, in brackets. */
static int kallsyms(void)
{
	static uint32_t first;
	uint32_t sum = 2166136261u, symbols = 0;
	char *line;

	for (line = text; *line; line = next_line(line), symbols++) {
		char *end = next_line(line), *c;
		unsigned long address;
		char type;

		if (memchr(line, '[', end - line))
			break;
		if (sscanf(line, "%lx %c %*s", &address, &type) != 2)
			return malformed(line, "not a symbol");
		for (c = line; c < end; c++)
			sum = (sum ^ (unsigned char)*c) * 16777619u;
	}
	if (!first)
		first = sum;
	if (sum != first || symbols < 100)
		return malformed(line, "sum %08x of %u symbols, was %08x", sum,
				 symbols, first);
	return 0;
}

static int mounts(void)
{
	int proc = 0;

	for (char *line = text; *line; line = next_line(line)) {
		char where[256], type[32];
		int end = 0;

		if (sscanf(line, "%*s %255s %31s %*s %*u %*u%n", where, type,
			   &end) != 2 || line[end] != '\n')
			return malformed(line, "not a mount");
		proc |= !strcmp(where, "/proc") && !strcmp(type, "proc");
	}
	return proc ? 0 : malformed("", "no /proc");
}

static const struct {
	const char *path;
	int (*parse)(void);
	int once;
	unsigned int share;	/* of 32 turns taken: some are slow */
} files[] = {
	{ "/proc/meminfo",	meminfo,	1, 32 },
	{ "/proc/vmstat",	vmstat,		0, 32 },
	{ "/proc/stat",		system_stat,	0, 32 },
	{ "/proc/interrupts",	interrupts,	0, 32 },
	{ "/proc/slabinfo",	slabinfo,	0, 8 },
	{ "/proc/kallsyms",	kallsyms,	0, 1 },
	{ "/proc/mounts",	mounts,		0, 32 },
};
#define FILES	(sizeof(files) / sizeof(*files))

static int system_files(void *arg)
{
	unsigned int turn = 0;

	(void)arg;
	do {
		/* First each twice, to compare; then at random. */
		unsigned int i = turn < 2 * FILES ? turn % FILES :
			stress_random(FILES);

		if (turn++ >= 2 * FILES && stress_random(32) >= files[i].share)
			continue;
		boot_before = boot_time();
		if (read_file(files[i].path, files[i].once)) {
			if (errno == ENOENT)
				continue;
			diag("%s: %m", files[i].path);
			return 1;
		}
		if (check_text() || files[i].parse())
			return 1;
		__atomic_add_fetch(&shared->reads[i], 1, __ATOMIC_SEQ_CST);
	} while (stress_on() || turn < 2 * FILES);
	return 0;
}

static int pid_maps(pid_t pid)
{
	unsigned long start, end, last = 0;

	(void)pid;
	for (char *line = text; *line; line = next_line(line)) {
		int tail = 0;

		if (sscanf(line, "%lx-%lx %*4[-rwxps] %*x %*x:%*x %*u%n",
			   &start, &end, &tail) != 2 || !tail)
			return malformed(line, "not a mapping");
		if (start >= end || start < last)
			return malformed(line, "the one before ends at %lx",
					 last);
		last = end;
	}
	return 0;
}

static int pid_stat(pid_t pid)
{
	static pid_t last_pid;
	static unsigned long long last_start, last_user;
	unsigned long long value, user = 0, start = 0;
	char *at = strrchr(text, ')');
	int fields = 0, reaped = 0;

	if (strtol(text, NULL, 10) != pid || !at || at[1] != ' ' ||
	    !strchr("RSDTtZXxKWPI", at[2]))
		return malformed(text, "not that of %d", pid);
	for (at += 3; *at == ' '; fields++) {
		int negative = at[1] == '-';

		at += 1 + negative;
		if (take_number(&at, &value))
			return malformed(text, "field %d", fields + 4);
		/* Without a process group it is reaped, and its times are 0. */
		if (fields + 4 == 5)
			reaped = negative;
		if (fields + 4 == 14)
			user = value;
		if (fields + 4 == 22)
			start = value;
	}
	if (fields < PID_FIELDS || *at != '\n')
		return malformed(text, "%d fields", fields);
	if (reaped)
		return 0;
	if (pid == last_pid && start == last_start && user < last_user)
		return malformed(text, "user time went back from %llu",
				 last_user);
	last_pid = pid;
	last_start = start;
	last_user = user;
	return 0;
}

static int pid_status(pid_t pid)
{
	unsigned long long value;

	for (char *line = text; *line; line = next_line(line))
		if (line[strcspn(line, ":\n")] != ':')
			return malformed(line, "not 'name: value'");
	if (strncmp(text, "Name:\t", 6) || number_of("Pid:", &value))
		return malformed(text, "no Name or Pid");
	if (value != (unsigned long long)pid)
		return malformed(text, "process %llu, not %d", value, pid);
	return number_of("PPid:", &value);
}

/* Forked from us and named like us, or on its way out: then it has none. */
static int pid_cmdline(pid_t pid)
{
	size_t len = strlen(program_invocation_name);

	if (text_len && (text_len <= len || text[text_len - 1] ||
			 strcmp(text, program_invocation_name)))
		return malformed(text, "%zu bytes for %d", text_len, pid);
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(pid_t pid);
	int once;
	int may_be_empty;	/* a process on its way out */
} pid_files[] = {
	{ "maps",	pid_maps,	0, 1 },
	{ "stat",	pid_stat,	1, 0 },
	{ "status",	pid_status,	1, 0 },
	{ "cmdline",	pid_cmdline,	1, 1 },
};
#define PID_FILES	(sizeof(pid_files) / sizeof(*pid_files))

static int process_files(void *arg)
{
	char name[64];

	(void)arg;
	do {
		unsigned int i = stress_random(PID_FILES), who;
		pid_t pid = getppid();

		who = stress_random(CHURNERS + 1);
		if (who < CHURNERS)
			pid = shared->child[who];
		snprintf(name, sizeof(name), "/proc/%d/%s", pid,
			 pid_files[i].name);
		if (!pid || read_file(name, pid_files[i].once)) {
			/* EINVAL: it was reaped within the lookup. */
			if (pid && errno != ENOENT && errno != ESRCH &&
			    errno != EINVAL) {
				diag("%s: %m", name);
				return 1;
			}
			__atomic_add_fetch(&shared->gone, 1, __ATOMIC_SEQ_CST);
			continue;
		}
		if (!text_len && pid_files[i].may_be_empty)
			continue;
		if ((pid_files[i].parse != pid_cmdline && check_text()) ||
		    pid_files[i].parse(pid))
			return 1;
		__atomic_add_fetch(&shared->pids, 1, __ATOMIC_SEQ_CST);
	} while (stress_on() || !shared->pids);
	return 0;
}

/* Every number in /proc is one process, and once. */
static int lister(void *arg)
{
	static unsigned char seen[PIDS / 8];

	(void)arg;
	do {
		struct dirent *entry;
		DIR *dir = opendir("/proc");
		int self = 0;

		if (!dir)
			return 1;
		memset(seen, 0, sizeof(seen));
		while ((entry = readdir(dir))) {
			unsigned int pid = atoi(entry->d_name);

			if (!pid || pid >= PIDS)
				continue;
			if (seen[pid / 8] & 1 << pid % 8) {
				diag("/proc lists %u twice", pid);
				return 1;
			}
			seen[pid / 8] |= 1 << pid % 8;
			self |= pid == (unsigned int)getpid();
		}
		closedir(dir);
		if (!self) {
			diag("/proc does not list %d", getpid());
			return 1;
		}
		usleep(stress_random(30000));
	} while (stress_on());
	return 0;
}

/* A short life, with memory to show. */
static void live(void)
{
	size_t size = 4096 * (1 + stress_random(64));

	for (int n = stress_random(8); n; n--) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		p[stress_random(size)] = 1;
		if (stress_random(2))
			munmap(p, size);
	}
	prctl(PR_SET_NAME, stress_random(2) ? "a) b (c" : "x");
	if (stress_random(2))
		usleep(stress_random(20000));
	_exit(0);
}

static int churner(void *arg)
{
	int n = (pid_t *)arg - shared->child, status;

	do {
		uint32_t choices = stress_random(1U << 31);
		pid_t pid = fork();

		if (pid < 0)
			bail("fork: %m");
		if (!pid) {
			stress_state ^= choices;
			live();
		}
		shared->child[n] = pid;
		if (stress_random(2))
			usleep(stress_random(5000));	/* a zombie meanwhile */
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
		shared->lived[n]++;
	} while (stress_on());
	return 0;
}

int main(void)
{
	pid_t workers[CHURNERS + 2 * READERS + 1];
	unsigned int count = 0, i;
	int bad = 0;

	plan(3 + FILES);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	text = mmap(NULL, MAX_FILE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text == MAP_FAILED)
		bail("memory: %m");
	for (i = 0; i < CHURNERS; i++, count++)
		workers[count] = stress_worker(count + 1, churner,
					       &shared->child[i]);
	for (i = 0; i < READERS; i++, count++)
		workers[count] = stress_worker(count + 1, system_files, NULL);
	for (i = 0; i < READERS; i++, count++)
		workers[count] = stress_worker(count + 1, process_files, NULL);
	workers[count] = stress_worker(count + 1, lister, NULL);
	for (i = 0; i <= count; i++)
		bad += !!stress_wait(workers[i]);

	diag("%u processes lived, %u of their files read, %u too late",
	     shared->lived[0] + shared->lived[1], shared->pids, shared->gone);
	ok(!bad, "what is read is well-formed and steady");
	ok(shared->lived[0] && shared->lived[1], "processes come and go");
	ok(shared->pids, "files of processes are read");
	for (i = 0; i < FILES; i++)
		if (access(files[i].path, R_OK))
			skip("not there", files[i].path);
		else
			ok(shared->reads[i], "%s is read, %u times",
			   files[i].path, shared->reads[i]);
	return done();
}
