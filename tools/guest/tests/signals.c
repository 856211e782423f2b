// SPDX-License-Identifier: GPL-2.0
/*
 * signals - are signals delivered, held back, queued and returned from?  Do tasks
 * stop for their tracer where they should?
 *
 * Exit status 0 if all is well.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "../policy.h"
#include "../tap.h"

#define STACK	65536

static volatile sig_atomic_t count[NSIG];
static volatile sig_atomic_t order[8], ordered;
static volatile pid_t sender;
static char *volatile handler_stack;
static sigjmp_buf out_of_handler;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	count[sig]++;
	sender = info->si_pid;
	handler_stack = __builtin_frame_address(0);
	if (info->si_code == SI_QUEUE && ordered < 8)
		order[ordered++] = info->si_value.sival_int;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | flags,
	};

	if (sigaction(sig, &sa, NULL))
		bail("sigaction %d: %m", sig);
}

static int can_be_caught(int sig)
{
	return sig != SIGKILL && sig != SIGSTOP;
}

static void delivery(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	int good = 0;

	for (int sig = 1; sig < 32; sig++) {
		if (!can_be_caught(sig))
			continue;
		handle(sig, 0);
		sender = 0;
		kill(getpid(), sig);
		good += count[sig] == 1 && sender == getpid();
		/* A handler for SIGCHLD may interrupt the waits below. */
		signal(sig, SIG_DFL);
	}
	ok(good == 29, "29 signals arrive, with their sender");
	ok(sigaction(SIGKILL, &sa, NULL) < 0 && errno == EINVAL &&
	   sigaction(SIGSTOP, &sa, NULL) < 0 && errno == EINVAL,
	   "two cannot be caught");
}

static void blocking(void)
{
	sigset_t set, pending;

	handle(SIGUSR1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	count[SIGUSR1] = 0;
	raise(SIGUSR1);
	raise(SIGUSR1);
	sigpending(&pending);
	ok(!count[SIGUSR1] && sigismember(&pending, SIGUSR1),
	   "a blocked signal is pending");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigpending(&pending);
	ok(count[SIGUSR1] == 1 && !sigismember(&pending, SIGUSR1),
	   "unblocked, it arrives, and only once");
}

static void queueing(void)
{
	int sig = SIGRTMIN;
	sigset_t set;

	handle(sig, 0);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i <= 4; i++)
		sigqueue(getpid(), sig, (union sigval){ .sival_int = i });
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(ordered == 4 && order[0] == 1 && order[1] == 2 && order[2] == 3 &&
	   order[3] == 4, "real-time signals arrive all, in order");
}

static void leave_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	handler_stack = __builtin_frame_address(0);
	siglongjmp(out_of_handler, 1);
}

/* Use PAGES of stack.  There is work after the call: it is not a loop. */
static int fill_stack(unsigned int pages)
{
	volatile char page[4096];

	page[0] = 1;
	return pages ? fill_stack(pages - 1) + page[0] : 0;
}

static void alternate_stack(void)
{
	struct sigaction sa = {
		.sa_sigaction = leave_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const stack_t alternate = { .ss_sp = stack, .ss_size = STACK };
	volatile int overflowed = 0;

	if (stack == MAP_FAILED || sigaltstack(&alternate, NULL))
		bail("sigaltstack: %m");
	handle(SIGUSR2, SA_ONSTACK);
	raise(SIGUSR2);
	ok(handler_stack >= stack && handler_stack < stack + STACK,
	   "a handler runs on the alternate stack");

	handler_stack = NULL;
	sigaction(SIGSEGV, &sa, NULL);
	if (sigsetjmp(out_of_handler, 1))
		overflowed = 1;
	else
		fill_stack(1U << 20);
	ok(overflowed && handler_stack >= stack &&
	   handler_stack < stack + STACK,
	   "it takes the overflow of the other one");
	signal(SIGSEGV, SIG_DFL);
}

/*
 * Read from a pipe that stays empty until 60 ms have passed, while a timer
 * signals every 20 ms.  What read() returned; its errno in *ERROR.
 */
static ssize_t interrupted_read(int flags, int *error)
{
	const struct itimerval every = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	int fd[2];
	ssize_t n;
	pid_t pid;
	char c;

	if (pipe(fd))
		bail("pipe: %m");
	pid = fork();
	if (!pid) {
		/* To be interrupted, a read must find nothing, however late it is. */
		usleep(flags & SA_RESTART ? 60000 : 5000000);
		_exit(write(fd[1], "x", 1) != 1);
	}
	handle(SIGALRM, flags);
	count[SIGALRM] = 0;
	setitimer(ITIMER_REAL, &every, NULL);
	n = read(fd[0], &c, 1);
	*error = errno;
	setitimer(ITIMER_REAL, &off, NULL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(fd[0]);
	close(fd[1]);
	return n;
}

static void restarting(void)
{
	int error;

	ok(interrupted_read(0, &error) < 0 && error == EINTR,
	   "a signal interrupts a read");
	ok(interrupted_read(SA_RESTART, &error) == 1 && count[SIGALRM],
	   "with SA_RESTART the read goes on");
}

/* Return from a handler must restore every register of what it interrupted. */
static void returning(void)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	uint32_t first = 0;
	int same = 1;

	handle(SIGALRM, 0);
	count[SIGALRM] = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	while (count[SIGALRM] < 10) {
		uint32_t a = 1, b = 2, c = 3, d = 4;

		for (int i = 0; i < 20000; i++) {
			a = a * 1664525 + b;
			b = (b ^ a) + c;
			c = c * 22695477 + d;
			d = (d << 7 | d >> 25) ^ a;
		}
		if (!first)
			first = a ^ b ^ c ^ d;
		same &= first == (a ^ b ^ c ^ d);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	ok(same, "a computation is not disturbed by handlers");
}

/*
 * The kernel tells that a signal has interrupted a system call by what is in eax:
 * one of these (include/linux/errno.h).  With that there, user code is still none,
 * and is to go on where it was, not two bytes before, as a system call does that
 * is restarted.  The instructions below are of two bytes, to survive that.
 */
static void no_system_call(void)
{
	static const long restart[] = { -512, -513, -514, -516 };
	const struct itimerval soon = { { 0, 0 }, { 0, 1 } };
	unsigned int good = 0;

	for (unsigned int i = 0; i < 8; i++) {
		long value = restart[i / 2];

		handle(SIGALRM, i % 2 ? SA_RESTART : 0);
		count[SIGALRM] = 0;
		setitimer(ITIMER_REAL, &soon, NULL);
		__asm__ volatile(
			"nop\n\t"
			"nop\n"
			"1:\n\t"
			"cmpl	(%[count]), %[none]\n\t"
			"je	1b"
			: "+a" (value)
			: [count] "c" (&count[SIGALRM]), [none] "d" (0)
			: "cc", "memory");
		if (value == restart[i / 2])
			good++;
		else
			diag("%ld became %ld%s", restart[i / 2], value,
			     i % 2 ? ", SA_RESTART" : "");
	}
	ok(good == 8, "user code is not taken for a system call by its eax");
}

static volatile int watched;

/* A child that has stopped for its tracer, before it changes `watched`. */
static pid_t traced(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		watched = 1;
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bail("a traced child did not stop: status %x", status);
	return pid;
}

static int trapped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP;
}

/* The second child has no watchpoint, and what the first has left is not its. */
static void tracing(void)
{
	/* Number 0, on, for writes of four bytes: the manual's DR7. */
	const long on = 0x000d0001;
	pid_t pid = traced();
	int steps = 0;

	ok(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]),
		   &watched) &&
	   !ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), on) &&
	   !ptrace(PTRACE_CONT, pid, NULL, NULL) && trapped(pid) &&
	   (ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[6]),
		   NULL) & 0xf) == 1, "a watchpoint stops its task");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	pid = traced();
	while (steps < 20 && !ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) &&
	       trapped(pid))
		steps++;
	if (!ok(steps == 20, "another is stepped after that"))
		diag("%d steps", steps);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What %gs selects, a 32-bit program's thread-local storage, belongs to the child. */
static void tracing_selectors(void)
{
#ifdef __i386__
	pid_t pid = traced();
	unsigned short own;
	long gs;
	int status;

	__asm__("movw %%gs, %0" : "=r" (own));
	gs = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.xgs), NULL);
	if (!ok((gs & 0xffff) == own, "a child's gs is its selector"))
		diag("%#lx and not %#x", gs, own);
	ok(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.xgs), own) &&
	   !ptrace(PTRACE_CONT, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid &&
	   WIFEXITED(status) && !WEXITSTATUS(status), "and may be written back");
#endif
}

/*
 * The child, of lower priority and on the same CPU, is preempted where it tells that it
 * stops, by the signal for its tracer.
 */
static int urgent_tracer(void)
{
	pid_t pid;
	int status, stops = 0;

	handle(SIGCHLD, SA_RESTART);
	if (bind_to(0, 0))
		return 2;
	pid = traced();
	if (set_policy(SCHED_FIFO, 50))
		return 2;
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		stops++;
	return stops < 2 || status;
}

static void tracing_urgently(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(urgent_tracer());
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	   "a real-time tracer waits for its child to stop");
}

/*
 * The child is preempted where it stops for its tracer, who has slept for a tick, finds
 * it stopped and lets it go: without the signal that it has stopped for.
 */
static void letting_go(void)
{
	pid_t pid = fork();
	int status, stopped = 0;

	if (!pid)
		for (;;)
			;
	for (int i = 0; i < 30 && !stopped; i++) {
		if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
			bail("attach: %m");
		while (!waitpid(pid, &status, WNOHANG))
			usleep(1000);
		if (ptrace(PTRACE_DETACH, pid, NULL, NULL))
			bail("detach: %m");
		usleep(1000);
		stopped = waitpid(pid, &status, WNOHANG | WUNTRACED) == pid;
	}
	ok(!stopped, "a child that is let go without its signal goes on");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void job_control(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	   WSTOPSIG(status) == SIGSTOP, "a child is stopped");
	kill(pid, SIGKILL);
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	   WTERMSIG(status) == SIGKILL, "and killed");
}

int main(void)
{
#ifdef __i386__
	plan(19);
#else
	plan(17);
#endif
	delivery();
	blocking();
	queueing();
	alternate_stack();
	restarting();
	returning();
	no_system_call();
	tracing();
	tracing_selectors();
	tracing_urgently();
	letting_go();
	job_control();
	return done();
}
