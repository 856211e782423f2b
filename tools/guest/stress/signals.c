// SPDX-License-Identifier: GPL-2.0
/*
 * signals - do queued signals arrive in order, and does ptrace see the truth?
 *
 * A receiver keeps known values in its registers while several senders queue
 * real-time signals to it, each its own, with numbers as values; its handlers run
 * on an alternate stack.  Meanwhile tracers stop children at each system call,
 * change what it returns, read and write their memory and registers and let them
 * do single steps, over a system call, too; the children check what they are given.
 * Whoever waits longer than STRESS_STALL seconds fails and says for what.
 *
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "../stress.h"

#define SENDERS		3
#define QUEUED		32	/* signals under way from each, at most */
#define TRACERS		2
#define WORDS		64	/* of memory a tracer writes */
#define STACK		65536

#ifdef __i386__
#define REG_CALL	orig_eax
#define REG_RESULT	eax
#define REG_COUNT	ebx
#define REG_IP		eip
#else
#define REG_CALL	orig_rax
#define REG_RESULT	rax
#define REG_COUNT	rbx
#define REG_IP		rip
#endif

static struct shared {
	int over;			/* senders that are done */
	uint32_t sent[SENDERS], got[SENDERS];
	uint32_t disordered, stray, off_stack, clobbered;
	uint32_t rounds;		/* of register checks */
	struct traced {
		uint32_t calls;		/* as the child counts them */
		uint32_t stops, steps;	/* as its tracer does */
		uint32_t wrong;		/* what the child found wrong */
	} traced[TRACERS];
} *shared;

static char *stack;			/* of the handlers */
static volatile uint32_t turns;		/* left in hold_registers() */

static void on_queued(int sig, siginfo_t *info, void *context)
{
	char *here = __builtin_frame_address(0);
	unsigned int sender = sig - SIGRTMIN;

	(void)context;
	if (here < stack || here >= stack + STACK)
		shared->off_stack++;
	if (info->si_code != SI_QUEUE || sender >= SENDERS) {
		shared->stray++;
		return;
	}
	if ((uint32_t)info->si_value.sival_int != shared->got[sender]) {
		if (!shared->disordered++)
			diag("sender %u: %d in place of %u", sender,
			     info->si_value.sival_int, shared->got[sender]);
	}
	__atomic_add_fetch(&shared->got[sender], 1, __ATOMIC_SEQ_CST);
}

/* The registers that are whole in a 64-bit program only. */
#ifdef __x86_64__
#define MORE_REGISTERS "+r" (r8), "+r" (r9), "+r" (r10), "+r" (r11), "+r" (r12),
#define WIDE(n)	((unsigned long)~(value) << 32 | (value + (n)))
#else
#define MORE_REGISTERS
#define WIDE(n)	(value + (n))
#endif

/* Registers, whole, and the carry flag must be what they were, COUNT turns later. */
static int hold_registers(uint32_t count, uint32_t value)
{
	unsigned long a = WIDE(0), b = WIDE(1), c = WIDE(2), d = WIDE(3);
	unsigned long si = WIDE(4), di = WIDE(5);
#ifdef __x86_64__
	register unsigned long r8 __asm__("r8") = WIDE(8);
	register unsigned long r9 __asm__("r9") = WIDE(9);
	register unsigned long r10 __asm__("r10") = WIDE(10);
	register unsigned long r11 __asm__("r11") = WIDE(11);
	register unsigned long r12 __asm__("r12") = WIDE(12);
#endif
	unsigned char carry;

	turns = count;
	__asm__ volatile("stc\n"
			 "1:	decl %[turns]\n"	/* keeps the carry */
			 "	jnz 1b\n"
			 "	setc %[carry]\n"
			 : "+a" (a), "+b" (b), "+c" (c), "+d" (d), "+S" (si),
			   "+D" (di), MORE_REGISTERS [turns] "+m" (turns),
			   [carry] "=m" (carry)
			 : : "cc");
#ifdef __x86_64__
	if (r8 != WIDE(8) || r9 != WIDE(9) || r10 != WIDE(10) ||
	    r11 != WIDE(11) || r12 != WIDE(12))
		return 0;
#endif
	return a == WIDE(0) && b == WIDE(1) && c == WIDE(2) && d == WIDE(3) &&
		si == WIDE(4) && di == WIDE(5) && carry;
}

static int all_received(void)
{
	if (__atomic_load_n(&shared->over, __ATOMIC_SEQ_CST) < SENDERS)
		return 0;
	for (int i = 0; i < SENDERS; i++)
		if (shared->sent[i] != shared->got[i])
			return 0;
	return 1;
}

static int receiver(void *arg)
{
	struct sigaction sa = {
		.sa_sigaction = on_queued,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	stack_t alternate = { .ss_size = STACK };
	uint32_t before = 0, sum;
	struct timespec since, now;
	int *ready = arg;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alternate.ss_sp = stack;
	if (stack == MAP_FAILED || sigaltstack(&alternate, NULL))
		bail("sigaltstack: %m");
	for (int i = 0; i < SENDERS; i++)
		if (sigaction(SIGRTMIN + i, &sa, NULL))
			bail("sigaction: %m");
	if (write(*ready, "", 1) != 1)
		bail("pipe: %m");

	clock_gettime(CLOCK_MONOTONIC, &since);
	while (!all_received()) {
		if (!hold_registers(1 + stress_random(20000),
				    stress_random(1U << 31)))
			shared->clobbered++;
		shared->rounds++;
		sum = shared->over;
		for (int i = 0; i < SENDERS; i++)
			sum += shared->got[i];
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (sum != before)
			since = now;
		before = sum;
		if (now.tv_sec - since.tv_sec <= STRESS_STALL)
			continue;
		for (int i = 0; i < SENDERS; i++)
			diag("sender %d: %u sent, %u came", i, shared->sent[i],
			     shared->got[i]);
		return 1;
	}
	return 0;
}

static pid_t receiver_pid;

static int sender(void *arg)
{
	uint32_t *sent = arg;
	int number = sent - shared->sent;
	union sigval value;

	do {
		uint32_t got = __atomic_load_n(&shared->got[number],
					       __ATOMIC_SEQ_CST);

		if (*sent - got >= QUEUED) {
			usleep(1000);
			continue;
		}
		value.sival_int = *sent;
		if (sigqueue(receiver_pid, SIGRTMIN + number, value)) {
			if (errno != EAGAIN) {
				diag("sigqueue: %m");
				return 1;
			}
			usleep(1000);
			continue;
		}
		++*sent;
		if (!stress_random(8))
			sched_yield();
	} while (stress_on());
	__atomic_add_fetch(&shared->over, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* What a child is given by its tracer; it is the child's own copy. */
static volatile struct given {
	unsigned long word[WORDS];
	unsigned long sum;		/* of the words */
	unsigned long over;
} given;

/*
 * Two instructions for single steps.  Nobody gets here but by the tracer's hand;
 * its counter is REG_COUNT.
 */
void step_here(void), call_here(void);
__asm__(".pushsection .text\n"
	"step_here:\n"
#ifdef __i386__
	"	incl %ebx\n"
#else
	"	incq %rbx\n"
#endif
	"	jmp step_here\n"
	"call_here:\n"
#ifdef __x86_64__
	"	syscall\n"
#else
	"	int $0x80\n"
#endif
	"	nop\n"
	".popsection\n");

/* Make system calls whose results the tracer invents: 1, 2, 3, ... */
__attribute__((noreturn))
static void be_traced(struct traced *t)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	kill(getpid(), SIGSTOP);
	while (!given.over) {
		unsigned long sum = 0;

		if (syscall(SYS_getppid) != (long)++t->calls)
			t->wrong++;
		for (int i = 0; i < WORDS; i++)
			sum += given.word[i];
		if (sum != given.sum)
			t->wrong++;
	}
	_exit(0);
}

static int failed(const char *what, pid_t pid, int status)
{
	if (WIFSTOPPED(status))
		diag("child %d: %s: stopped by signal %d", pid, what,
		     WSTOPSIG(status));
	else
		diag("child %d: %s: wait status %x", pid, what, status);
	return -1;
}

/* Continue by REQUEST to the next stop, which must be one by SIG. */
static int run_to_stop(pid_t pid, int request, int sig)
{
	int status;
	pid_t got;

	if (ptrace(request, pid, NULL, NULL)) {
		diag("child %d: ptrace request %d: %m", pid, request);
		return -1;
	}
	alarm(STRESS_STALL);
	got = waitpid(pid, &status, 0);
	alarm(0);
	if (got != pid) {
		diag("child %d does not stop after request %d: %m", pid,
		     request);
		return -1;
	}
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != sig)
		return failed("not the stop expected", pid, status);
	return 0;
}

/* Write to a word and the sum of the child, through OURS, which has the same. */
static int change_memory(pid_t pid, struct given *ours)
{
	int i = stress_random(WORDS);
	unsigned long value = stress_random(1U << 31), seen;
	volatile unsigned long *at = &given.word[stress_random(WORDS)];

	ours->sum += value - ours->word[i];
	ours->word[i] = value;
	if (ptrace(PTRACE_POKEDATA, pid, &given.word[i], value) ||
	    ptrace(PTRACE_POKEDATA, pid, &given.sum, ours->sum)) {
		diag("child %d: PTRACE_POKEDATA: %m", pid);
		return -1;
	}
	seen = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
	value = ours->word[at - given.word];
	if (seen != value) {
		diag("child %d: read %lx where %lx was written", pid, seen,
		     value);
		return -1;
	}
	return 0;
}

/* Lead the child to step_here for some steps, and back. */
static int single_steps(pid_t pid, struct traced *t)
{
	struct user_regs_struct saved, regs, want;
	unsigned int steps = 2 * (1 + stress_random(9));

	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved))
		return -1;
	want = saved;
	want.REG_IP = (unsigned long)step_here;
	want.REG_COUNT = stress_random(1U << 30);
	if (ptrace(PTRACE_SETREGS, pid, NULL, &want))
		return -1;
	for (unsigned int i = 0; i < steps; i++, t->steps++)
		if (run_to_stop(pid, PTRACE_SINGLESTEP, SIGTRAP))
			return -1;
	want.REG_COUNT += steps / 2;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return -1;
	if (regs.REG_IP != want.REG_IP || regs.REG_COUNT != want.REG_COUNT ||
	    regs.REG_RESULT != want.REG_RESULT) {
		diag("child %d: after %u steps at %lx with %lx, not %lx with %lx",
		     pid, steps, (unsigned long)regs.REG_IP,
		     (unsigned long)regs.REG_COUNT, (unsigned long)want.REG_IP,
		     (unsigned long)want.REG_COUNT);
		return -1;
	}
	return ptrace(PTRACE_SETREGS, pid, NULL, &saved) ? -1 : 0;
}

/* Lead the child to call_here, over the system call, which is one step, and back. */
static int step_over_call(pid_t pid, struct traced *t)
{
	struct user_regs_struct saved, regs;
	unsigned long at = (unsigned long)call_here;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved))
		return -1;
	regs = saved;
	regs.REG_IP = at;
	regs.REG_CALL = -1;
	regs.REG_RESULT = SYS_getppid;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs))
		return -1;
	for (int step = 1; step <= 2; step++, t->steps++) {
		/* Of the two bytes of the call, and of the one behind it. */
		at += step == 1 ? 2 : 1;
		if (run_to_stop(pid, PTRACE_SINGLESTEP, SIGTRAP) ||
		    ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			return -1;
		if ((unsigned long)regs.REG_IP != at || (long)regs.REG_RESULT != getpid()) {
			diag("child %d: step %d over a system call at %lx, not %lx, with %ld",
			     pid, step, (unsigned long)regs.REG_IP, at,
			     (long)regs.REG_RESULT);
			return -1;
		}
	}
	return ptrace(PTRACE_SETREGS, pid, NULL, &saved) ? -1 : 0;
}

/* The child's next system call: see it come and go, invent its result. */
static int one_call(pid_t pid, struct traced *t, uint32_t number)
{
	struct user_regs_struct regs;

	for (int leaving = 0; leaving < 2; leaving++) {
		if (run_to_stop(pid, PTRACE_SYSCALL, SIGTRAP | 0x80))
			return -1;
		t->stops++;
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			return -1;
		if ((long)regs.REG_CALL != SYS_getppid ||
		    (long)regs.REG_RESULT != (leaving ? getpid() : -ENOSYS)) {
			diag("child %d: %s system call %ld with %ld", pid,
			     leaving ? "leaves" : "enters", (long)regs.REG_CALL,
			     (long)regs.REG_RESULT);
			return -1;
		}
	}
	regs.REG_RESULT = number;
	return ptrace(PTRACE_SETREGS, pid, NULL, &regs) ? -1 : 0;
}

/* Trace PID for a while, then let it end. */
static int trace(pid_t pid, struct traced *t)
{
	uint32_t calls = 0, more = 1 + stress_random(500);
	struct given ours = { .over = 0 };
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGSTOP)
		return failed("no SIGSTOP", pid, status);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD)) {
		diag("PTRACE_SETOPTIONS: %m");
		return -1;
	}
	do {
		if (one_call(pid, t, ++calls))
			return -1;
		if (stress_random(2) && change_memory(pid, &ours))
			return -1;
		if ((calls == 1 || !stress_random(4)) && single_steps(pid, t))
			return -1;
		if ((calls == 1 || !stress_random(4)) && step_over_call(pid, t))
			return -1;
	} while (calls < more && stress_on());
	if (ptrace(PTRACE_POKEDATA, pid, &given.over, 1) ||
	    ptrace(stress_random(2) ? PTRACE_CONT : PTRACE_DETACH, pid, NULL,
		   NULL))
		return failed("cannot end", pid, 0);
	if (waitpid(pid, &status, 0) != pid || status)
		return failed("did not end well", pid, status);
	if (t->calls != calls || t->stops != 2 * calls || t->wrong) {
		diag("child %d: %u calls of %u, %u stops, %u wrong", pid,
		     t->calls, calls, t->stops, t->wrong);
		return -1;
	}
	return 0;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int tracer(void *arg)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct traced *sum = arg, *t = stress_shared(sizeof(*t));
	int bad = 0;

	sigaction(SIGALRM, &sa, NULL);
	do {
		pid_t pid;

		memset(t, 0, sizeof(*t));
		pid = fork();
		if (pid < 0)
			bail("fork: %m");
		if (!pid)
			be_traced(t);
		bad = trace(pid, t);
		if (bad)
			kill(pid, SIGKILL);
		sum->calls += t->calls;
		sum->stops += t->stops;
		sum->steps += t->steps;
	} while (!bad && stress_on());
	return !!bad;
}

int main(void)
{
	pid_t senders[SENDERS], tracers[TRACERS];
	uint32_t came = 0, calls = 0, steps = 0;
	int ready[2], lost = 0, i, bad, traced = 0;
	char c;

	plan(3);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	if (pipe(ready))
		bail("pipe: %m");
	receiver_pid = stress_worker(1, receiver, &ready[1]);
	if (read(ready[0], &c, 1) != 1)
		bail("the receiver is not ready: %m");
	for (i = 0; i < SENDERS; i++)
		senders[i] = stress_worker(2 + i, sender, &shared->sent[i]);
	for (i = 0; i < TRACERS; i++)
		tracers[i] = stress_worker(2 + SENDERS + i, tracer,
					   &shared->traced[i]);
	for (i = 0, bad = 0; i < SENDERS; i++)
		bad |= stress_wait(senders[i]);
	bad |= stress_wait(receiver_pid);
	for (i = 0; i < TRACERS; i++)
		traced |= stress_wait(tracers[i]);

	for (i = 0; i < SENDERS; i++) {
		came += shared->got[i];
		lost |= !shared->got[i] || shared->sent[i] != shared->got[i];
	}
	for (i = 0; i < TRACERS; i++) {
		calls += shared->traced[i].calls;
		steps += shared->traced[i].steps;
	}
	diag("%u signals in %u rounds, %u calls and %u steps traced", came,
	     shared->rounds, calls, steps);
	if (!ok(!bad && !lost && !shared->disordered && !shared->stray,
		"queued signals arrive, each once and in order"))
		diag("%u out of order, %u of another kind", shared->disordered,
		     shared->stray);
	if (!ok(shared->rounds && !shared->clobbered && !shared->off_stack,
		"handlers keep to their stack and disturb no register"))
		diag("%u times disturbed, %u handlers on another stack",
		     shared->clobbered, shared->off_stack);
	ok(!traced && calls && steps,
	   "a tracer sees, changes and counts what its child does");
	return done();
}
