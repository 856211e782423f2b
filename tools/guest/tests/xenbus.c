// SPDX-License-Identifier: GPL-2.0
/*
 * xenbus - does the store's file serve several tasks, and those with signals?
 *
 * Two tasks send requests through one open /proc/xen/xenbus, each again when its
 * answer has come, and a third one reads the answers: each request must get one,
 * and the right one.  Then a SCHED_FIFO task asks the store while signals reach
 * it.  The answer comes by way of a kernel thread, so one that waits for it must
 * sleep: one that spins keeps the thread, and all else, off the CPU for ever.
 *
 * Answers that are not read yet are kept, however many.  A transaction is ended
 * through the file that began it alone.  And where the store refuses to begin one
 * more, which it does not for domain 0, nothing is left of that.
 *
 * Skips where there is no store.  Exit status 0 if all is well.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "../policy.h"
#include "../store.h"
#include "../tap.h"

#define ASKERS		2
#define ROUNDS		50
#define PATIENCE	20	/* seconds, for all answers */
#define SIGNALS		20
#define UNREAD		500	/* answers, of 16 bytes and more */
#define TRANSACTIONS	64	/* more than the store has for a guest */

/* What is asked for; the answers differ in content and length. */
static const char *const path[ASKERS] = { "domid", "name" };
static char answer[ASKERS][256];
static volatile unsigned int *answered;		/* requests, of each asker */
static volatile sig_atomic_t signals, max_signals = 1;

static void on_alarm(int sig)
{
	(void)sig;
	signals++;
}

/* Send request NUMBER, to read WHAT, in one piece. */
static int ask(int fd, uint32_t number, const char *what)
{
	struct head head = { STORE_READ, number, 0, strlen(what) + 1 };
	char message[sizeof(head) + 64];
	ssize_t len = sizeof(head) + head.len;

	memcpy(message, &head, sizeof(head));
	strcpy(message + sizeof(head), what);
	return write(fd, message, len) == len ? 0 : -1;
}

/* Exactly LEN bytes; -1 if they do not come, or max_signals come before. */
static int read_all(int fd, void *to, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, (char *)to + got, len - got);

		if (n < 0 && errno == EINTR && signals < max_signals)
			continue;
		if (n <= 0)
			return -1;
		got += n;
	}
	return 0;
}

/* The next answer: its head and, with a 0 behind it, its body. */
static int next_answer(int fd, struct head *head, char body[256])
{
	if (read_all(fd, head, sizeof(*head)) || head->len > 255 ||
	    read_all(fd, body, head->len))
		return -1;
	body[head->len] = '\0';
	return 0;
}

static void asker(int fd, int me)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (ask(fd, me * ROUNDS + i, path[me]))
			_exit(1);
		while (answered[me] <= i)
			usleep(1000);
	}
	_exit(0);
}

/* The answers to two askers.  Their number, or -1 if one is not what it must be. */
static int read_answers(int fd)
{
	struct head head;
	char body[256];
	int got = 0;

	alarm(PATIENCE);
	while (got < ASKERS * ROUNDS && !next_answer(fd, &head, body)) {
		uint32_t who = head.request / ROUNDS;

		if (head.type != STORE_READ || who >= ASKERS ||
		    head.request % ROUNDS != answered[who] ||
		    strcmp(body, answer[who])) {
			diag("answer of type %u to request %u: %.40s",
			     head.type, head.request, body);
			return -1;
		}
		answered[who]++;
		got++;
	}
	alarm(0);
	return got;
}

/* Ask while an alarm comes with each tick; SCHED_FIFO.  Never returns. */
static void ask_with_signals(int fd)
{
	struct itimerval tick = { { 0, 10000 }, { 0, 10000 } };
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct head head;
	char body[256];

	max_signals = 1000000;
	sigaction(SIGALRM, &sa, NULL);
	if (set_policy(SCHED_FIFO, 1) || setitimer(ITIMER_REAL, &tick, NULL))
		_exit(1);
	while (signals < SIGNALS)
		if (ask(fd, 0, path[0]) || next_answer(fd, &head, body) ||
		    head.type != STORE_READ)
			_exit(2);
	_exit(0);
}

static int reopen_store(int fd)
{
	close(fd);
	fd = open_store();
	if (fd < 0)
		bail("/proc/xen/xenbus: %m");
	return fd;
}

/* The answers to UNREAD requests that were all made before.  How many are right. */
static int unread_answers(int fd)
{
	struct head head;
	char body[256];
	int n = 0;

	for (int i = 0; i < UNREAD; i++)
		if (ask(fd, i, path[0]))
			return 0;
	alarm(PATIENCE);
	while (n < UNREAD && !next_answer(fd, &head, body) &&
	       head.type == STORE_READ && head.request == (uint32_t)n &&
	       !strcmp(body, answer[0]))
		n++;
	alarm(0);
	return n;
}

/* Can a transaction be begun and ended through FD, in time? */
static int whole_transaction(int fd)
{
	struct message m;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		store_path(fd, &m, STORE_BEGIN, 0, "");
		_exit(!!store_path(fd, &m, STORE_END, atoi(m.body), "F"));
	}
	for (int i = 0; i < PATIENCE * 10 && !waitpid(pid, &status, WNOHANG); i++)
		usleep(100000);
	return !status;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	int fd, other, got, status, bad = 0;
	struct message m, end;
	struct head head;
	pid_t pid[ASKERS];

	if (!has_store())
		skip_all("no store");
	plan(5);
	sigaction(SIGALRM, &sa, NULL);
	answered = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fd = open_store();
	if (fd < 0 || answered == MAP_FAILED)
		bail("/proc/xen/xenbus: %m");
	for (int i = 0; i < ASKERS; i++)
		if (ask(fd, i, path[i]) ||
		    next_answer(fd, &head, answer[i]) ||
		    head.type != STORE_READ)
			bail("cannot read %s from the store", path[i]);

	for (int i = 0; i < ASKERS; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			asker(fd, i);
		}
	}
	got = read_answers(fd);
	if (got < ASKERS * ROUNDS) {
		/* Who still waits may not be killed, nor others be served. */
		for (int i = 0; i < ASKERS; i++)
			kill(pid[i], SIGKILL);
		bail("two tasks with one file: %d answers to %d requests", got,
		     ASKERS * ROUNDS);
	}
	for (int i = 0; i < ASKERS; i++) {
		waitpid(pid[i], &status, 0);
		bad |= status;
	}
	ok(!bad, "requests of two tasks through one file are answered");
	fd = reopen_store(fd);
	pid[0] = fork();
	if (!pid[0])
		ask_with_signals(fd);
	waitpid(pid[0], &status, 0);
	if (!ok(!status, "a task with a signal sleeps while it waits for the store"))
		diag("wait status %x", status);

	fd = reopen_store(fd);
	got = unread_answers(fd);
	if (!ok(got == UNREAD, "answers are kept until they are read"))
		diag("%d of %d", got, UNREAD);

	fd = reopen_store(fd);
	other = open_store();
	if (other < 0 || store_path(fd, &m, STORE_BEGIN, 0, ""))
		bail("cannot begin a transaction: %.32s", m.body);
	end.head = (struct head) { STORE_END, 0, atoi(m.body), 2 };
	strcpy(end.body, "T");
	got = write(other, &end, sizeof(end.head) + 2);
	if (!ok(got < 0 && errno == ENOENT && whole_transaction(other) &&
		!store_path(fd, &m, STORE_END, end.head.transaction, "T"),
		"a transaction is ended by the file that began it"))
		diag("%d, %m; %.32s", got, m.body);
	close(other);

	for (got = 0; got < TRANSACTIONS; got++)
		if (store_path(fd, &m, STORE_BEGIN, 0, ""))
			break;
	diag("transactions open: %d, then '%.32s'", got, m.body);
	fd = reopen_store(fd);
	ok(whole_transaction(fd), "nothing is left of transactions that were not ended");
	return done();
}
