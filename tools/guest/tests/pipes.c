// SPDX-License-Identifier: GPL-2.0
/*
 * pipes - does what goes into a pipe come out, whole and in order?
 *
 * Exit status 0 if all is well.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "../tap.h"

#define AMOUNT	(2U << 20)	/* bytes sent through a pipe */
#define WRITERS	4
#define RECORDS	200		/* from each writer */
#define RECORD	512		/* bytes; up to PIPE_BUF they are not mixed */

/* Byte number AT of the stream everybody here sends. */
static unsigned char stream(uint32_t at)
{
	return (at * 2654435761U) >> 24;
}

static void make_pipe(int fd[2])
{
	if (pipe(fd))
		bail("pipe: %m");
}

/* Chunks of odd sizes never line up with the pipe's pages. */
static size_t chunk(uint32_t at, size_t max)
{
	size_t left = AMOUNT - at, size = at % 7919 % max + 1;

	return size < left ? size : left;
}

static int send_stream(int fd)
{
	unsigned char buf[8192];
	uint32_t at = 0;

	while (at < AMOUNT) {
		size_t len = chunk(at, sizeof(buf));

		for (size_t i = 0; i < len; i++)
			buf[i] = stream(at + i);
		if (write(fd, buf, len) != (ssize_t)len)
			return 1;
		at += len;
	}
	return 0;
}

/* The bytes that came before the end of the stream, or a wrong one. */
static uint32_t receive_stream(int fd)
{
	unsigned char buf[5000];
	uint32_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if (buf[i] != stream(at))
				return at;
	return at;
}

static int pass_on(int from, int to)
{
	char buf[3000];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			return 1;
	return n < 0;
}

static void stream_arrives(void)
{
	int out[2], back[2], status;
	pid_t sender, echo;
	uint32_t got;

	make_pipe(out);
	sender = fork();
	if (!sender) {
		close(out[0]);
		_exit(send_stream(out[1]));
	}
	make_pipe(back);
	echo = fork();
	if (!echo) {
		close(out[1]);
		close(back[0]);
		_exit(pass_on(out[0], back[1]));
	}
	close(out[0]);
	close(out[1]);
	close(back[1]);
	got = receive_stream(back[0]);
	/* After a wrong byte, this ends the others too. */
	close(back[0]);
	diag("%u of %u bytes came through two pipes", got, AMOUNT);
	ok(got == AMOUNT, "a stream through two pipes is whole");
	ok(waitpid(sender, &status, 0) == sender && !status, "the sender ends");
	ok(waitpid(echo, &status, 0) == echo && !status,
	   "the one between sees the end of the stream");
}

static int write_records(int fd, int writer)
{
	unsigned char record[RECORD];

	for (int i = 0; i < RECORDS; i++) {
		memset(record, writer * 50 + i % 50, sizeof(record));
		if (write(fd, record, sizeof(record)) != sizeof(record))
			return 1;
	}
	return 0;
}

static ssize_t read_all(int fd, void *buf, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size && (n = read(fd, (char *)buf + got, size - got)) > 0)
		got += n;
	return got;
}

static void records_stay_whole(void)
{
	int next[WRITERS] = { 0 };
	unsigned char record[RECORD];
	int fd[2], good = 0;

	make_pipe(fd);
	for (int w = 0; w < WRITERS; w++) {
		pid_t pid = fork();

		if (!pid)
			_exit(write_records(fd[1], w));
	}
	close(fd[1]);
	while (read_all(fd[0], record, sizeof(record)) == sizeof(record)) {
		int w = record[0] / 50, same = 1;

		for (size_t i = 1; i < sizeof(record); i++)
			same &= record[i] == record[0];
		if (w < WRITERS)
			good += same && record[0] % 50 == next[w]++ % 50;
	}
	ok(good == WRITERS * RECORDS,
	   "the records of %d writers are whole and in order", WRITERS);
	while (wait(NULL) > 0)
		;
	close(fd[0]);
}

static void full_and_empty(void)
{
	struct pollfd p[2];
	char page[4096] = { 0 };
	size_t held = 0;
	int fd[2];
	ssize_t n;

	make_pipe(fd);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fd[1], .events = POLLOUT };

	ok(read(fd[0], page, 1) < 0 && errno == EAGAIN &&
	   poll(p, 2, 0) == 1 && p[1].revents == POLLOUT,
	   "an empty pipe can be written only");
	while ((n = write(fd[1], page, sizeof(page))) > 0)
		held += n;
	ok(errno == EAGAIN && held >= 4096 &&
	   poll(p, 2, 0) == 1 && p[0].revents == POLLIN,
	   "a full one can be read only");
	while ((n = read(fd[0], page, sizeof(page))) > 0)
		held -= n;
	ok(!held, "what filled it comes out");

	close(fd[1]);
	ok(read(fd[0], page, 1) == 0, "without writers it is at its end");
	close(fd[0]);
}

static void no_reader(void)
{
	int fd[2], status;
	pid_t pid;

	make_pipe(fd);
	close(fd[0]);
	signal(SIGPIPE, SIG_IGN);
	ok(write(fd[1], "x", 1) < 0 && errno == EPIPE,
	   "a write without readers is EPIPE");
	signal(SIGPIPE, SIG_DFL);

	pid = fork();
	if (!pid)
		_exit(write(fd[1], "x", 1) < 0);
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	   WTERMSIG(status) == SIGPIPE, "and SIGPIPE, if not ignored");
	close(fd[1]);
}

int main(void)
{
	plan(10);
	stream_arrives();
	records_stay_whole();
	full_and_empty();
	no_reader();
	return done();
}
