// SPDX-License-Identifier: GPL-2.0
/*
 * fpu - do the x87 and SSE registers of a task survive its being switched out?
 *
 * Several tasks on CPU 0 each load registers of their own, give the CPU away or
 * lose it, and compare.  One of them is SCHED_FIFO and is woken by every tick,
 * so it also preempts the others in the middle of whatever the kernel does for
 * them.  Must be root.  Exit status 0 if all is well.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../fx.h"
#include "../policy.h"
#include "../tap.h"

#define WAKEUPS	30		/* of the urgent task; the others last as long */

/* Gives the CPU away in the system call, loses it in the computation. */
static int yielding_task(unsigned int task, volatile int *over)
{
	struct fx base, in, out;

	save_registers(&base);
	for (unsigned int round = 0; !*over; round++) {
		make_registers(&in, &base, task, round);
		hold_registers(&in, &out, SYS_sched_yield, 0, 0,
			       20000 + round % 64 * 500);
		if (!same_registers(&in, &out))
			return 1;
	}
	return 0;
}

/* Sleeps in the system call; its waking up is what preempts the others. */
static int urgent_task(unsigned int task, volatile int *over)
{
	const long nap[] = { 0, 1000000 };	/* the kernel's timespec */
	struct fx base, in, out;

	(void)over;
	if (set_policy(SCHED_FIFO, 50))
		return 2;
	save_registers(&base);
	for (unsigned int round = 0; round < WAKEUPS; round++) {
		make_registers(&in, &base, task, round);
		hold_registers(&in, &out, SYS_nanosleep, (long)nap, 0, 100);
		if (!same_registers(&in, &out))
			return 1;
	}
	return 0;
}

static void on_signal(int sig)
{
	volatile double x = 1.0;

	(void)sig;
	for (int i = 0; i < 10; i++)
		x = x * 1.5 + 1;
}

/* A handler uses the registers too; it runs as the system call returns. */
static int signalled_task(unsigned int task, volatile int *over)
{
	struct fx base, in, out;

	signal(SIGUSR1, on_signal);
	save_registers(&base);
	for (unsigned int round = 0; !*over; round++) {
		make_registers(&in, &base, task, round);
		hold_registers(&in, &out, SYS_kill, getpid(), SIGUSR1, 100);
		if (!same_registers(&in, &out))
			return 1;
	}
	return 0;
}

/* The comparison must notice a single bit, in every register. */
static int notices_changes(void)
{
	struct fx base, a, b;

	save_registers(&base);
	make_registers(&a, &base, 1, 1);
	hold_registers(&a, &b, SYS_getpid, 0, 0, 1);
	if (!same_registers(&a, &b))
		return 0;
	for (int i = 0; i < 8; i++) {
		b = a;
		b.st[i].mantissa ^= 1;
		if (same_registers(&a, &b))
			return 0;
	}
	for (int i = 0; i < XMMS; i++) {
		b = a;
		b.xmm[i][i % 4] ^= 1;
		if (same_registers(&a, &b))
			return 0;
	}
	return 1;
}

int main(void)
{
	int (*const tasks[])(unsigned int, volatile int *) = {
		urgent_task, yielding_task, yielding_task, yielding_task,
		signalled_task,
	};
	static const char *const names[] = {
		"woken by each tick", "yielding, 1", "yielding, 2",
		"yielding, 3", "signalled",
	};
	enum { COUNT = sizeof(tasks) / sizeof(*tasks) };
	struct rusage usage;
	pid_t pids[COUNT];
	volatile int *over;
	int status;

	over = mmap(NULL, sizeof(*over), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (over == MAP_FAILED)
		bail("mmap: %m");
	if (bind_to(0, 0))
		bail("bind to CPU 0: %m");

	plan(COUNT + 2);
	ok(notices_changes(), "registers are loaded, stored and compared");
	for (unsigned int i = 0; i < COUNT; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			bail("fork: %m");
		if (!pids[i])
			_exit(tasks[i](i, over));
	}
	for (unsigned int i = 0; i < COUNT; i++) {
		waitpid(pids[i], &status, 0);
		*over = 1;	/* the urgent one, the first, has ended */
		ok(!status, "registers of a task %s", names[i]);
	}

	getrusage(RUSAGE_CHILDREN, &usage);
	diag("%ld switches by consent, %ld by force", usage.ru_nvcsw,
	     usage.ru_nivcsw);
	ok(usage.ru_nvcsw >= WAKEUPS && usage.ru_nivcsw >= WAKEUPS,
	   "the tasks were switched");
	return done();
}
