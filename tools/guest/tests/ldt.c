// SPDX-License-Identifier: GPL-2.0
/*
 * ldt - does an LDT entry work while another thread uses one that is not there?
 *
 * A selector of the LDT where a process has no LDT is a general protection fault.
 * Xen-Linux then loads its default LDT, which is empty, and tries once more: the
 * second fault is a SIGSEGV.  A thread that makes an LDT meanwhile must not lose it.
 * On x86_64, which does not try again, it is one at once.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../segment.h"
#include "../tap.h"

#define SELECTOR	7	/* entry 0 of the LDT, privilege 3 */

static const uint32_t word = 0x5e1ec7ed;

/* The word that SELECTOR points to. */
static uint32_t read_word(void)
{
	uint32_t value;

	__asm__ volatile(
		"movw %w[selector], " FREE_SEGMENT "\n\t"
		"movl " FREE_SEGMENT ":0, %[value]\n\t"
		"movw %w[none], " FREE_SEGMENT
		: [value] "=&r" (value)
		: [selector] "r" (SELECTOR), [none] "r" (0));
	return value;
}

#define SEGV		42	/* exit status of who got that signal */

static void segv(int sig)
{
	(void)sig;
	_exit(SEGV);
}

/* A thread that the C library knows nothing of, and that mostly ends here. */
static int too_early(void *unused)
{
	(void)unused;
	return read_word() != word;
}

static long milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In a process that has no LDT yet: 0, or what went wrong. */
static int use_entry(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	const struct segment entry = {
		.number = 0,
		.base = segment_base(&word),
		.limit = sizeof(word) - 1,
		.flags = SEGMENT_USABLE,
	};
	const struct timespec pause = { 0, 20000000 };
	int status, bad = 0;
	long start;
	pid_t pid;

	signal(SIGSEGV, segv);
	pid = clone(too_early, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		return 1;
	nanosleep(&pause, NULL);
	if (syscall(SYS_modify_ldt, 0x11, &entry, sizeof(entry)))
		return errno == ENOSYS ? 77 : 2;
	start = milliseconds();
	do
		bad |= read_word() != word;
	while (milliseconds() - start < 200);
	if (waitpid(pid, &status, 0) != pid)
		return 3;
	/* Where the machine is slow it may have come when the entry was there. */
	if (status && (!WIFEXITED(status) || WEXITSTATUS(status) != SEGV))
		return 4;
	return bad ? 5 : 0;
}

int main(void)
{
	int status;
	pid_t pid;

	plan(1);
	pid = fork();
	if (!pid)
		_exit(use_entry());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("fork, waitpid: %m");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("no modify_ldt", "an LDT stays while a thread has none");
	else
		ok(!status, "an LDT stays while a thread has none: status %x",
		   status);
	return done();
}
