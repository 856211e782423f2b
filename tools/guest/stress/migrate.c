// SPDX-License-Identifier: GPL-2.0
/*
 * migrate - move whatever is at work to another CPU, at any moment
 *
 * What the kernel has half done for a task on one CPU may be left to that CPU, and the
 * scheduler moves a task seldom, and seldom there.  This moves the programs beside it,
 * and their children, some dozens at every tick, by their affinity; now and then it lets
 * one run anywhere, and in the end all.  Who binds himself is left alone.
 *
 * It is well if it can; whether the others are, they say.  Skipped where there is one CPU,
 * and where its parent is not process 1: there are others whom it must not move.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>

#include "../policy.h"
#include "../stress.h"

#define MOVES	32		/* between two sleeps */

static int cpus;

/* Is PID a program that we may move?  A task of the kernel has no memory. */
static int is_movable(pid_t pid)
{
	static const char *const bound[] = { "migrate", "fpu", "wakers", "init" };
	char path[32], text[512], *name, *rest;
	unsigned long size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	rest = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	name = strchr(text, '(');
	if (!rest || !name)
		return 0;
	*rest++ = '\0';
	for (size_t i = 0; i < sizeof(bound) / sizeof(*bound); i++)
		if (!strcmp(name + 1, bound[i]))
			return 0;
	/* State, ppid, pgrp, session, tty, its pgrp, flags, four of faults, four of time,
	 * priority, nice, threads, alarm, start, size. */
	return sscanf(rest, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d"
		      " %*d %*d %*d %*d %*u %lu", &size) == 1 && size;
}

static int let_run_anywhere(pid_t pid)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (int cpu = 0; cpu < cpus; cpu++)
		CPU_SET(cpu, &all);
	return sched_setaffinity(pid, sizeof(all), &all);
}

/* All processes, one after the other, from the start again at the end: 0 then. */
static pid_t next_process(DIR *proc)
{
	struct dirent *entry;

	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			return atoi(entry->d_name);
	rewinddir(proc);
	return 0;
}

static int move(void *rounds)
{
	const struct timespec nap = { 0, 1000000 };
	DIR *proc = opendir("/proc");
	pid_t pid;

	if (!proc)
		return stress_bad("/proc: %m");
	if (set_policy(SCHED_FIFO, 70))
		return stress_bad("SCHED_FIFO: %m");
	do {
		for (int i = 0; i < MOVES; i++) {
			pid = next_process(proc);
			if (!pid || !is_movable(pid))
				continue;
			/* It may have ended, and in a save there is one CPU alone. */
			if ((stress_random(8) ? bind_to(pid, stress_random(cpus)) :
			     let_run_anywhere(pid)) && errno != ESRCH && errno != EINVAL)
				return stress_bad("move %d: %m", pid);
			++*(unsigned long *)rounds;
		}
		nanosleep(&nap, NULL);
	} while (stress_on());

	rewinddir(proc);
	while ((pid = next_process(proc)))
		if (is_movable(pid))
			let_run_anywhere(pid);
	closedir(proc);
	return 0;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "others are moved between CPUs", move },
	};

	cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (cpus < 2)
		skip_all("there is one CPU");
	if (getppid() != 1)
		skip_all("this is not our machine");
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
