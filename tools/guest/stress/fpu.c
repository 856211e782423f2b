// SPDX-License-Identifier: GPL-2.0
/*
 * fpu - x87 and SSE registers across every way to lose the CPU
 *
 * Tasks on CPU 0 hold registers of their own while they yield, are preempted by
 * SCHED_FIFO wakers and SCHED_RR peers, take signals whose handler uses the same
 * registers, and fork; where there are more CPUs, two share the last one, and one
 * moves between them.  They must find all of them as they were.  See
 * ../tests/fpu.c for the single cases.
 */
#include <sys/syscall.h>

#include "../fx.h"
#include "../policy.h"
#include "../stress.h"

#define SPIN	200000		/* turns with the registers loaded, at most */
#define STACK	65536		/* bytes for a signal handler */

static struct fx base;
static int cpus;

/* A save takes all but the first down for a while, and others may: then whoever is
 * bound to one may run anywhere, and nobody can be bound to it. */
static void bind(pid_t pid, int cpu)
{
	if (bind_to(pid, cpu) && (errno != EINVAL || !cpu))
		bail("bind to CPU %d: %m", cpu);
}

/* Seldom one that gives the CPU away, which it takes a while to get back. */
static long any_call(void)
{
	return stress_random(8) ? SYS_getppid : SYS_sched_yield;
}

/* Which register is not as it was? */
static int differ(const struct fx *in, const struct fx *out, const char *who)
{
	for (int i = 0; i < XMMS; i++)
		if (memcmp(in->xmm[i], out->xmm[i], sizeof(in->xmm[i])))
			diag("%s: xmm%d %08x... instead of %08x...", who, i,
			     out->xmm[i][0], in->xmm[i][0]);
	for (int i = 0; i < 8; i++)
		if (in->st[i].mantissa != out->st[i].mantissa ||
		    in->st[i].exponent != out->st[i].exponent)
			diag("%s: st%d %04x %016llx instead of %04x %016llx",
			     who, i, out->st[i].exponent,
			     (unsigned long long)out->st[i].mantissa,
			     in->st[i].exponent,
			     (unsigned long long)in->st[i].mantissa);
	return stress_bad("%s: fcw %x mxcsr %x, should be %x %x", who, out->fcw,
			  out->mxcsr, in->fcw, in->mxcsr);
}

/*
 * Load registers that nobody else has, make the system call, compute for up to
 * SPIN turns, compare.  Who is urgent spins little: the others are to have time.
 */
static int hold(const char *who, long call, long arg1, long arg2,
		unsigned int spin)
{
	struct fx in, out;
	long result;

	make_registers(&in, &base, getpid() & 0x3fff, stress_random(1 << 16));
	result = hold_registers(&in, &out, call, arg1, arg2,
				1 + stress_random(spin));
	if (!same_registers(&in, &out))
		return differ(&in, &out, who);
	if (call == SYS_fork) {
		if (!result)
			_exit(0);
		return result < 0 ? stress_bad("fork: %ld", result) :
			stress_wait(result);
	}
	return 0;
}

static int yielding(void *rounds)
{
	do {
		if (hold("yielding", any_call(), 0, 0, SPIN))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Its waking up is what preempts the others. */
static int woken(void *rounds)
{
	long nap[2] = { 0 };		/* the kernel's timespec */

	if (set_policy(SCHED_FIFO, 50))
		return stress_bad("SCHED_FIFO: %m");
	do {
		nap[1] = 1 + stress_random(20000000);
		if (hold("woken", SYS_nanosleep, (long)nap, 0, 100))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Gives way to its peer, and to all others while it sleeps. */
static int round_robin(void *rounds)
{
	long nap[2] = { 0, 30000000 };

	if (set_policy(SCHED_RR, 10))
		return stress_bad("SCHED_RR: %m");
	do {
		for (unsigned int i = stress_random(8); i; i--)
			if (hold("round robin", SYS_sched_yield, 0, 0, 2000))
				return 1;
		if (hold("round robin, asleep", SYS_nanosleep, (long)nap, 0, 2000))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Registers of its own in the handler too, and a switch there.  2.6.12 starts a
 * handler on a stack that fxsave would not take as it is. */
__attribute__((force_align_arg_pointer))
static void on_signal(int sig)
{
	struct fx in, out;

	(void)sig;
	make_registers(&in, &base, ~getpid() & 0x3fff, stress_random(1 << 16));
	hold_registers(&in, &out, any_call(), 0, 0, 1 + stress_random(SPIN));
	if (!same_registers(&in, &out))
		_exit(differ(&in, &out, "handler"));
}

/* On a stack that has no pages yet half of the time: then storing the registers in
 * the signal's frame faults, and much may happen until they are there. */
static int signalled(void *rounds)
{
	const struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = STACK };

	stack.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) ||
	    sigaction(SIGUSR1, &sa, NULL))
		return stress_bad("a handler on a stack of its own: %m");
	do {
		if (stress_random(2) && madvise(stack.ss_sp, STACK, MADV_DONTNEED))
			return stress_bad("madvise: %m");
		if (hold("signalled", SYS_kill, getpid(), SIGUSR1, SPIN))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* The child has its parent's registers, and the parent still has them. */
static int forking(void *rounds)
{
	do {
		if (hold("forking", SYS_fork, 0, 0, SPIN))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Each round on any CPU from FIRST on. */
static int on_cpus_from(int first, const char *who, void *rounds)
{
	do {
		bind(0, first + stress_random(cpus - first));
		if (hold(who, any_call(), 0, 0, SPIN))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Those of CPU 0 are not alone in having to share a CPU. */
static int on_last_cpu(void *rounds)
{
	return on_cpus_from(cpus - 1, "on the last CPU", rounds);
}

static int moving(void *rounds)
{
	return on_cpus_from(0, "moving", rounds);
}

/* Whoever moves itself is in a system call then; its parent moves this one from
 * wherever it happens to be. */
static int moved(void *rounds)
{
	long nap[2] = { 0 };
	pid_t child = stress_worker(0, yielding, rounds);

	if (set_policy(SCHED_FIFO, 60))
		return stress_bad("SCHED_FIFO: %m");
	do {
		bind(child, stress_random(cpus));
		nap[1] = 1 + stress_random(50000000);
		syscall(SYS_nanosleep, nap, NULL);
	} while (stress_on());
	return stress_wait(child);
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "yielding, 1", yielding },
		{ "yielding, 2", yielding },
		{ "woken, SCHED_FIFO, 1", woken },
		{ "woken, SCHED_FIFO, 2", woken },
		{ "SCHED_RR, 1", round_robin },
		{ "SCHED_RR, 2", round_robin },
		{ "signalled", signalled },
		{ "forking", forking },
		{ "yielding on the last CPU, 1", on_last_cpu },
		{ "yielding on the last CPU, 2", on_last_cpu },
		{ "moving between CPUs", moving },
		{ "moved between CPUs", moved },
	};

	save_registers(&base);
	/* Not later: musl counts those that one may run on. */
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	bind(0, 0);
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
