// SPDX-License-Identifier: GPL-2.0
/*
 * proc - does /proc tell the truth about what the test itself knows?
 *
 * Exit status 0 if all is well.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "../tap.h"

/* The start of PATH as a string in static memory, "" if it cannot be read. */
static const char *text_of(const char *path)
{
	static char text[32768];
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < sizeof(text) - 1 &&
	       (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

/* The number after KEY at the start of a line of PATH, -1 if there is none. */
static long long number_in(const char *path, const char *key)
{
	const char *line = text_of(path);

	while (line && strncmp(line, key, strlen(key))) {
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return line ? atoll(line + strlen(key)) : -1;
}

/* State and parent of PID; '?' if there is no such process. */
static char state_of(pid_t pid, pid_t *parent)
{
	char path[32], state = '?';
	const char *end;
	int ppid = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	/* The name may hold anything, a parenthesis too. */
	end = strrchr(text_of(path), ')');
	if (end)
		sscanf(end, ") %c %d", &state, &ppid);
	*parent = ppid;
	return state;
}

/* Wait for PID to be in STATE: a second, then give up. */
static int comes_to(pid_t pid, char state)
{
	pid_t parent;

	for (int i = 0; i < 100; i++) {
		if (state_of(pid, &parent) == state)
			return parent == getpid();
		usleep(10000);
	}
	return 0;
}

static void about_itself(char **argv)
{
	char path[64] = "", *mem;
	const char *text;
	int fd;

	ok(readlink("/proc/self", path, sizeof(path) - 1) > 0 &&
	   atoi(path) == getpid(), "/proc/self is this process");
	ok(number_in("/proc/self/status", "Pid:") == getpid() &&
	   number_in("/proc/self/status", "PPid:") == getppid(),
	   "status has its number and its parent's");
	ok(!strcmp(text_of("/proc/self/cmdline"), argv[0]),
	   "cmdline has its arguments");

	fd = open("/proc/self/stat", O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ok(!access(path, F_OK), "fd has an open file");
	close(fd);
	ok(access(path, F_OK) && errno == ENOENT, "but not when it is closed");

	/* Not PROT_READ: of a 32-bit program on x86_64 that is executable, too. */
	mem = mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	snprintf(path, sizeof(path), "%08lx-", (unsigned long)mem);
	text = strstr(text_of("/proc/self/maps"), path);
	ok(text && strstr(text, " -w-p ") &&
	   strstr(text, " -w-p ") < strchr(text, '\n'),
	   "maps has a mapping and its protection");
	munmap(mem, 4096);
	ok(!strstr(text_of("/proc/self/maps"), path), "but not when it is gone");
}

static void about_a_child(void)
{
	pid_t pid = fork(), parent;

	if (!pid)
		for (;;)
			pause();
	ok(comes_to(pid, 'S'), "a child sleeps");
	kill(pid, SIGSTOP);
	ok(comes_to(pid, 'T'), "is stopped");
	kill(pid, SIGKILL);
	ok(comes_to(pid, 'Z'), "is a zombie");
	waitpid(pid, NULL, 0);
	ok(state_of(pid, &parent) == '?', "and is gone");
}

/* All interrupts of all CPUs: the numbers after each colon. */
static long long interrupts(void)
{
	const char *p = text_of("/proc/interrupts");
	long long sum = 0;

	while ((p = strchr(p, ':'))) {
		char *end;

		for (p++; ; p = end) {
			long long n = strtoll(p, &end, 10);

			if (end == p || (*end != ' ' && *end != '\n'))
				break;
			sum += n;
		}
	}
	return sum;
}

/* Ticks spent in whatever mode, as LINE of /proc/stat has it. */
static long long ticks_in(const char *line)
{
	unsigned long long user = 0, nice = 0, sys = 0, idle = 0, io = 0;

	sscanf(line, "%*s %llu %llu %llu %llu %llu", &user, &nice, &sys, &idle,
	       &io);
	return user + nice + sys + idle + io;
}

static long long ticks_of_all(void)
{
	return ticks_in(text_of("/proc/stat"));
}

/* Those of the CPU that has most. */
static long long most_ticks(void)
{
	const char *line = text_of("/proc/stat");
	long long most = 0, n;

	while ((line = strstr(line, "\ncpu"))) {
		n = ticks_in(++line);
		most = n > most ? n : most;
	}
	return most;
}

static void about_the_machine(void)
{
	long long irqs, before_ticks, intr, switches, forks, most;
	struct timespec start, now;
	double up, later;

	irqs = interrupts();
	before_ticks = ticks_of_all();
	intr = number_in("/proc/stat", "intr ");
	switches = number_in("/proc/stat", "ctxt ");
	forks = number_in("/proc/stat", "processes ");
	up = atof(text_of("/proc/uptime"));

	/* Busy, and asleep: both kinds of time must be counted. */
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 +
	       (now.tv_nsec - start.tv_nsec) / 1000000 < 60);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		usleep(30000);
	}
	most = most_ticks();
	later = atof(text_of("/proc/uptime"));

	ok(interrupts() > irqs && irqs > 0, "/proc/interrupts counts");
	ok(number_in("/proc/stat", "intr ") > intr && intr > 0,
	   "stat counts interrupts");
	ok(number_in("/proc/stat", "ctxt ") >= switches + 3 && switches > 0,
	   "stat counts context switches");
	ok(number_in("/proc/stat", "processes ") >= forks + 3 && forks > 0,
	   "stat counts forks");
	ok(ticks_of_all() > before_ticks && before_ticks > 0,
	   "stat counts ticks");
	/* A second for clocks that differ. */
	diag("%lld ticks of one CPU in %.2f s", most, later);
	ok(most > 0 && most < later * 100 + 100,
	   "no CPU has more ticks than there was time");
	/* 60 ms and three times 30, but see timers.c on sleeps; in hundredths
	 * cut off at both ends */
	diag("uptime has gone on by %.2f s", later - up);
	ok(later - up > 0.09 && later - up < 10, "uptime goes on");
}

int main(int argc, char **argv)
{
	(void)argc;
	plan(18);
	about_itself(argv);
	about_a_child();
	about_the_machine();
	return done();
}
