// SPDX-License-Identifier: GPL-2.0
/*
 * torture - does preempt_torture= preempt where it says?
 *
 * A task makes system calls on the same CPU as one that only yields.  Skipped
 * unless the command line has preempt_torture=N.
 *
 * Where preemption is enabled again: calls that take and release a lock, and the
 * task's own count of involuntary switches (getrusage).  Without the option
 * that is the end of a time slice, ten times a second at most.
 *
 * Where an upcall returns: as in the test preempt, a readv() of /proc/kallsyms
 * that has filled one buffer and not yet the other was preempted in between,
 * where no lock is.  Here the one who sees it is no more urgent than the reader:
 * without the option, nine ticks of ten let the reader go on.  Seen of 200 ticks:
 * 74 with both, 7 without the call in the return path.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "../policy.h"
#include "../tap.h"

#define CALLS	1000		/* that take a lock */
#define SECONDS	2		/* of long calls: 100 ticks each */
#define SECOND	3000		/* bytes; see preempt.c */

/* What the two share. */
struct shared {
	volatile unsigned int calls;
	volatile unsigned int seen;	/* of them, half done */
	volatile unsigned char buf[1 + SECOND];
};

/* The period on the command line, 0 if there is none. */
static unsigned int period(void)
{
	char line[4096] = "", *word;
	int fd = open("/proc/cmdline", O_RDONLY);

	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		bail("/proc/cmdline: %m");
	close(fd);
	word = strstr(line, "preempt_torture=");
	return word ? strtoul(strchr(word, '=') + 1, NULL, 10) : 0;
}

__attribute__((noreturn))
static void yield(struct shared *s)
{
	unsigned int last = 0;

	for (;;) {
		if (s->buf[0] && !s->buf[SECOND] && s->calls != last) {
			last = s->calls;
			s->seen++;
		}
		sched_yield();
	}
}

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

static void read_for(struct shared *s, unsigned int seconds)
{
	const struct iovec iov[] = {
		{ (void *)s->buf, 1 },
		{ (void *)(s->buf + 1), SECOND },
	};
	int fd = open("/proc/kallsyms", O_RDONLY);
	struct timespec end, now;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		s->buf[0] = s->buf[SECOND] = 0;
		s->calls++;
		if (lseek(fd, 0, SEEK_SET) || readv(fd, iov, 2) != 1 + SECOND)
			bail("/proc/kallsyms: %m");
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec || now.tv_nsec < end.tv_nsec);
	close(fd);
}

int main(void)
{
	long before, n = period();
	struct shared *s;
	pid_t peer;

	if (!n)
		skip_all("no preempt_torture= on the command line");
	plan(2);

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED || mlock(s, sizeof(*s)))
		bail("shared memory: %m");
	if (bind_to(0, 0))
		bail("bind to CPU 0: %m");
	peer = fork();
	if (peer < 0)
		bail("fork: %m");
	if (!peer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		yield(s);
	}

	before = switches();
	for (int i = 0; i < CALLS; i++)
		close(dup(STDOUT_FILENO));
	before = switches() - before;
	diag("%ld switches in %d short calls", before, CALLS);
	ok(before >= CALLS / n, "enabling preemption preempts");

	read_for(s, SECONDS);
	diag("%u of %u long calls seen half done", s->seen, s->calls);
	if (n == 1)
		ok(s->seen >= SECONDS * 100 / 6, "an upcall's return preempts");
	else
		skip("only a period of 1 tells it from a time slice",
		     "an upcall's return preempts");

	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	munmap(s, sizeof(*s));
	return done();
}
