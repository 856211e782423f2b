// SPDX-License-Identifier: GPL-2.0
/*
 * fpu - do the x87 and SSE registers of a task survive its being switched out?
 *
 * Several tasks on CPU 0 each load registers of their own, give the CPU away or
 * lose it, and compare.  One of them is SCHED_FIFO and is woken by every tick,
 * so it also preempts the others in the middle of whatever the kernel does for
 * them.  Must be root.  Exit status 0 if all is well.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../tap.h"

#define WAKEUPS	30		/* of the urgent task; the others last as long */

/* What fxsave stores and fxrstor loads. */
struct fx {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint32_t fip[2], fdp[2];
	uint32_t mxcsr, mxcsr_mask;
	struct {
		uint64_t mantissa;
		uint16_t exponent;
		uint16_t pad[3];
	} st[8];
	uint32_t xmm[16][4];
	uint32_t unused[24];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct fx) == 512, "the processor's layout");

#ifdef __x86_64__
#define XMMS	16
#define SYSCALL	"syscall"
#define SYSCALL_CLOBBERS "rcx", "r11", "memory"
#else
#define XMMS	8
#define SYSCALL	"int $0x80"
#define SYSCALL_CLOBBERS "memory"
#endif

/* Registers, rounding modes and all, that no other TASK and ROUND has. */
static void make_registers(struct fx *fx, const struct fx *base,
			   unsigned int task, unsigned int round)
{
	uint32_t seed = (task << 16 | round) * 2654435761U + 1;

	*fx = *base;
	fx->fcw = 0x037f | (task & 3) << 10;
	fx->fsw = 0;
	fx->ftw = 0xff;
	fx->mxcsr = 0x1f80 | (task & 3) << 13;
	for (int i = 0; i < 8; i++) {
		fx->st[i].mantissa = 1ULL << 63 | (uint64_t)seed << 8 | i;
		fx->st[i].exponent = 0x3fff + task;
	}
	for (int i = 0; i < XMMS; i++)
		for (int j = 0; j < 4; j++)
			fx->xmm[i][j] = seed + i * 4 + j;
}

static int same_registers(const struct fx *a, const struct fx *b)
{
	for (int i = 0; i < 8; i++)
		if (a->st[i].mantissa != b->st[i].mantissa ||
		    a->st[i].exponent != b->st[i].exponent)
			return 0;
	return a->fcw == b->fcw && a->fsw == b->fsw && a->ftw == b->ftw &&
		a->mxcsr == b->mxcsr &&
		!memcmp(a->xmm, b->xmm, XMMS * sizeof(*a->xmm));
}

/*
 * Load IN, make a system call that gives the CPU away, compute for SPIN turns,
 * store what the registers then hold in OUT.  All in one piece: the compiler
 * may not use them meanwhile, and finds its own restored.
 */
static void hold_registers(const struct fx *in, struct fx *out, long call,
			   long arg1, long arg2, unsigned long spin)
{
	struct fx own;

	__asm__ volatile(
		"fxsave %[own]\n\t"
		"fxrstor %[in]\n\t"
		SYSCALL "\n"
		"1:\tdec %[spin]\n\t"
		"jnz 1b\n\t"
		"fxsave %[out]\n\t"
		"fxrstor %[own]"
		: [own] "=m" (own), [out] "=m" (*out), "+a" (call),
		  [spin] "+r" (spin)
		: [in] "m" (*in),
#ifdef __x86_64__
		  "D" (arg1), "S" (arg2)
#else
		  "b" (arg1), "c" (arg2)
#endif
		: SYSCALL_CLOBBERS);
}

static void save_registers(struct fx *fx)
{
	memset(fx, 0, sizeof(*fx));
	__asm__ volatile("fxsave %0" : "+m" (*fx));
}

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
	const struct sched_param urgent = { .sched_priority = 50 };
	const long nap[] = { 0, 1000000 };	/* the kernel's timespec */
	struct fx base, in, out;

	(void)over;
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &urgent))
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
	cpu_set_t cpu;
	int status;

	over = mmap(NULL, sizeof(*over), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (over == MAP_FAILED)
		bail("mmap: %m");
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
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
