// SPDX-License-Identifier: GPL-2.0
/*
 * streams - does what goes into pipes and sockets come out, whole and in order?
 *
 * Pairs of tasks.  The sender makes a channel of any kind - pipe, local socket of
 * each type, TCP or UDP over the loopback device -, passes its other end to the
 * receiver through a local socket (SCM_RIGHTS) and sends for a while, in pieces of
 * 1 byte to 64 KB.  The receiver waits in any way - in read(), poll(), select() or
 * epoll -, checks each byte, and where there are messages the size of each.  In
 * the end both compare their sums.  Whoever waits longer than STRESS_STALL seconds
 * fails and says for what; a receiver also how it waited, what there is to read now,
 * and what the sender does.
 *
 * Brings the loopback device up if it can.  Skips kinds that the kernel lacks.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "../stress.h"

#define PAIRS		3
#define PIECE		65536		/* bytes, at most */
#define MESSAGE		16384		/* the same, where it is a message */
#define DATAGRAM	49152		/* the same for UDP: made of fragments */
#define AMOUNT		(256 << 10)	/* of bytes in a round, at most */

enum kind { PIPE, STREAM, DGRAM, SEQPACKET, TCP, UDP, KINDS };

static const struct {
	const char *name;
	int largest;			/* piece */
	int messages;			/* they keep their sizes */
	int ends;			/* the receiver sees when it is over */
} kinds[KINDS] = {
	[PIPE]		= { "pipe",			PIECE,		0, 1 },
	[STREAM]	= { "local stream socket",	PIECE,		0, 1 },
	[DGRAM]		= { "local datagram socket",	MESSAGE,	1, 0 },
	/* 2.6.12 has no end for one who reads it with O_NONBLOCK: EAGAIN. */
	[SEQPACKET]	= { "local seqpacket socket",	MESSAGE,	1, 0 },
	[TCP]		= { "TCP",			PIECE,		0, 1 },
	[UDP]		= { "UDP",			DATAGRAM,	1, 0 },
};

/* From sender to receiver, with the channel's other end. */
struct round {
	enum kind kind;
	uint32_t seed;			/* of contents and sizes */
	uint32_t amount;		/* bytes, 0 for no more rounds */
	uint32_t pieces;
};

/* And back. */
struct report {
	uint32_t bytes, sum;
};

static struct shared {
	uint32_t rounds[KINDS];
	unsigned long long bytes[KINDS];	/* by pair 0 to PAIRS - 1 */
} *shared;

static int absent[KINDS];
static unsigned char out[PIECE], in[PIECE];
static const char *way;			/* of the last wait */

static uint32_t mix(uint32_t seed, uint32_t at)
{
	at = (at ^ seed) * 2654435761U;
	return (at ^ at >> 15) * 2246822519U;
}

static unsigned char content(const struct round *r, uint32_t at)
{
	return mix(r->seed, at) >> 24;
}

/* Of piece NUMBER: as often tiny as large. */
static uint32_t piece_size(const struct round *r, uint32_t number)
{
	uint32_t random = mix(~r->seed, number) >> 4;
	uint32_t most = kinds[r->kind].largest;

	most >>= random % 8 * 2;
	return 1 + (random >> 8) % (most ? most : 1);
}

static uint32_t add_to_sum(uint32_t sum, const unsigned char *data, size_t len)
{
	while (len--)
		sum = (sum ^ *data++) * 16777619u;
	return sum;
}

/* EINTR or EAGAIN: it waited in vain.  EPIPE: the other end is closed. */
static int cannot(const char *what, const struct round *r, uint32_t at)
{
	diag("%s: cannot %s, at byte %u of %u: %m",
	     kinds[r->kind].name, what, at, r->amount);
	return -1;
}

/* If there is something to read now, a wake-up was lost, or the end came too early;
 * if not, the sender had no turn (state R), or itself waits in vain. */
static void say_what_is_there(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char path[32], stat[256] = "";
	int ready = poll(&p, 1, 0), bytes = -1, from;

	ioctl(fd, FIONREAD, &bytes);
	snprintf(path, sizeof(path), "/proc/%d/stat", getppid());
	from = open(path, O_RDONLY);
	if (from >= 0 && read(from, stat, sizeof(stat) - 1) > 0)
		stat[strcspn(stat, "\n")] = '\0';
	close(from);
	diag("waited in %s; now %s, %d bytes; sender: %s", way,
	     ready > 0 ? "ready" : "nothing", bytes, stat);
}

static int wait_in_poll(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, STRESS_STALL * 1000) == 1 ? 0 : -1;
}

static int wait_in_select(int fd, short events)
{
	struct timeval limit = { .tv_sec = STRESS_STALL };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, events == POLLIN ? &set : NULL,
		      events == POLLOUT ? &set : NULL, NULL, &limit) == 1 ?
		0 : -1;
}

static int wait_in_epoll(int fd, short events)
{
	struct epoll_event event = {
		.events = events == POLLIN ? EPOLLIN : EPOLLOUT,
		.data.fd = fd,
	};
	int epoll = epoll_create(1), good;

	good = epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) &&
		epoll_wait(epoll, &event, 1, STRESS_STALL * 1000) == 1 &&
		event.data.fd == fd;
	close(epoll);
	return good ? 0 : -1;
}

/* Until FD can be read or written, in any of three ways.  The fourth is the call
 * itself, without O_NONBLOCK. */
static int wait_for(int fd, short events)
{
	static const struct {
		const char *name;
		int (*wait)(int, short);
	} ways[] = {
		{ "poll()", wait_in_poll }, { "select()", wait_in_select },
		{ "epoll", wait_in_epoll },
	};
	int choice = stress_random(3);

	way = ways[choice].name;
	return ways[choice].wait(fd, events);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int is_nonblocking(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

/* Like read() and write(), but with a limit. */
static ssize_t get(int fd, void *buf, size_t len)
{
	ssize_t n;

	if (!is_nonblocking(fd)) {
		way = "read()";
		alarm(STRESS_STALL);
		n = read(fd, buf, len);
		alarm(0);
		return n;
	}
	while ((n = read(fd, buf, len)) < 0 && errno == EAGAIN)
		if (wait_for(fd, POLLIN))
			return -1;
	return n;
}

static ssize_t put(int fd, const void *buf, size_t len)
{
	ssize_t n;

	if (!is_nonblocking(fd)) {
		alarm(STRESS_STALL);
		n = write(fd, buf, len);
		alarm(0);
		return n;
	}
	while ((n = write(fd, buf, len)) < 0 && errno == EAGAIN)
		if (wait_for(fd, POLLOUT))
			return -1;
	return n;
}

/* Where more must come: an end is an error, too. */
static ssize_t get_some(int fd, void *buf, size_t len)
{
	ssize_t n = get(fd, buf, len);

	if (n)
		return n;
	errno = EPIPE;
	return -1;
}

static int get_all(int fd, void *buf, size_t len)
{
	ssize_t n;

	for (size_t got = 0; got < len; got += n) {
		n = get_some(fd, (char *)buf + got, len - got);
		if (n < 0)
			return -1;
	}
	return 0;
}

/* A socket of TYPE at a free port of the loopback device, in *ADDR. */
static int loopback_socket(int type, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, type, 0);

	*addr = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) ||
	    getsockname(fd, (struct sockaddr *)addr, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_tcp(int fd[2])
{
	struct sockaddr_in addr;
	int listener = loopback_socket(SOCK_STREAM, &addr);

	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || fd[1] < 0 || listen(listener, 1) ||
	    connect(fd[1], (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	fd[0] = accept(listener, NULL, NULL);
	close(listener);
	return fd[0] < 0 ? -1 : 0;
}

static int make_udp(int fd[2])
{
	struct sockaddr_in addr[2];
	int room = 4 * DATAGRAM;

	for (int i = 0; i < 2; i++) {
		fd[i] = loopback_socket(SOCK_DGRAM, &addr[i]);
		if (fd[i] < 0)
			return -1;
		setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	}
	for (int i = 0; i < 2; i++)
		if (connect(fd[i], (struct sockaddr *)&addr[!i],
			    sizeof(addr[0])))
			return -1;
	return 0;
}

/* The end to read from is the first. */
static int make_channel(enum kind kind, int fd[2])
{
	switch (kind) {
	case PIPE:
		return pipe(fd);
	case TCP:
		return make_tcp(fd);
	case UDP:
		return make_udp(fd);
	default:
		return socketpair(AF_UNIX, kind == STREAM ? SOCK_STREAM :
				  kind == DGRAM ? SOCK_DGRAM : SOCK_SEQPACKET,
				  0, fd);
	}
}

static int set_blocking(int fd, int blocking)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK :
		     flags | O_NONBLOCK);
}

/* Send R with FD, or without if that is -1. */
static int pass(int control, const struct round *r, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = { .head = {
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	} };
	struct iovec iov = { (void *)r, sizeof(*r) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = fd < 0 ? NULL : &rights,
		.msg_controllen = fd < 0 ? 0 : sizeof(rights),
	};

	memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
	return sendmsg(control, &message, 0) == sizeof(*r) ? 0 : -1;
}

/* The other side: the descriptor, or -1 if none came. */
static int be_passed(int control, struct round *r)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights;
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};
	int fd = -1;

	r->amount = 0;
	if (recvmsg(control, &message, 0) == sizeof(*r) &&
	    message.msg_controllen >= sizeof(struct cmsghdr) &&
	    rights.head.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&rights.head), sizeof(fd));
	return fd;
}

/* Send as R says; its sum, too, is in REPORT then. */
static int send_round(int fd, const struct round *r, struct report *report)
{
	uint32_t at = 0, n = 0;

	report->sum = 2166136261u;
	for (n = 0; n < r->pieces; n++) {
		uint32_t len = piece_size(r, n), done = 0;
		ssize_t wrote;

		for (uint32_t i = 0; i < len; i++)
			out[i] = content(r, at + i);
		while (done < len) {
			wrote = put(fd, out + done, len - done);
			if (wrote <= 0)
				return cannot("write", r, at + done);
			if (kinds[r->kind].messages && wrote != (ssize_t)len) {
				diag("%s: %zd of %u bytes sent",
				     kinds[r->kind].name, wrote, len);
				return -1;
			}
			done += wrote;
		}
		report->sum = add_to_sum(report->sum, out, len);
		at += len;
		/* Others lose nothing; this one must wait for its turn. */
		if (r->kind == UDP &&
		    (get_some(fd, out, 1) != 1 || out[0] != 'y'))
			return cannot("be answered", r, at);
	}
	report->bytes = at;
	return 0;
}

static int wrong_byte(const struct round *r, uint32_t at, int seen)
{
	diag("%s: byte %u of %u is %02x, not %02x", kinds[r->kind].name, at,
	     r->amount, seen, content(r, at));
	return -1;
}

static int receive_round(int fd, const struct round *r, struct report *report)
{
	uint32_t at = 0, n = 0;
	ssize_t got;

	report->sum = 2166136261u;
	while (at < r->amount) {
		uint32_t len = piece_size(r, n++);

		got = get_some(fd, in, kinds[r->kind].messages ? sizeof(in) :
			       1 + stress_random(sizeof(in)));
		if (got < 0) {
			cannot("read", r, at);
			say_what_is_there(fd);
			return -1;
		}
		if (kinds[r->kind].messages && got != (ssize_t)len) {
			diag("%s: message of %zd bytes in place of %u",
			     kinds[r->kind].name, got, len);
			return -1;
		}
		for (ssize_t i = 0; i < got; i++)
			if (in[i] != content(r, at + i))
				return wrong_byte(r, at + i, in[i]);
		report->sum = add_to_sum(report->sum, in, got);
		at += got;
		if (r->kind == UDP && put(fd, "y", 1) != 1)
			return cannot("answer", r, at);
	}
	report->bytes = at;
	if (kinds[r->kind].ends && get(fd, in, 1)) {
		diag("%s: does not end at byte %u", kinds[r->kind].name, at);
		return -1;
	}
	return 0;
}

static int receiver(void *arg)
{
	int *control = arg, fd, last = -1;
	struct report report;
	struct round round;

	close(control[1]);
	for (;;) {
		fd = be_passed(control[0], &round);
		/* Kept until now for the sender to close first: it is the one
		 * who may do so without leaving its port in TIME_WAIT. */
		close(last);
		if (fd < 0)
			return !!round.amount;
		set_blocking(fd, !stress_random(4));
		if (receive_round(fd, &round, &report) ||
		    write(control[0], &report, sizeof(report)) !=
		    sizeof(report))
			return 1;
		last = fd;
	}
}

/* No more to read for the other side, but what is under way arrives. */
static void end_channel(int fd, enum kind kind)
{
	if (kind != PIPE)
		shutdown(fd, SHUT_WR);
	else
		close(fd);
}

static int one_round(int control, enum kind kind)
{
	struct round r = { .kind = kind, .seed = stress_random(1U << 31) };
	uint32_t most = 1 + stress_random(AMOUNT);
	const struct linger at_once = { 1, 0 };
	struct report sent, got;
	int fd[2], bad;

	while (r.amount < most)
		r.amount += piece_size(&r, r.pieces++);
	if (make_channel(kind, fd) || pass(control, &r, fd[0])) {
		diag("%s: cannot be made and passed: %m", kinds[kind].name);
		return -1;
	}
	close(fd[0]);
	set_blocking(fd[1], !stress_random(4));
	bad = send_round(fd[1], &r, &sent);
	end_channel(fd[1], kind);
	if (!bad && get_all(control, &got, sizeof(got)))
		bad = cannot("hear from the receiver", &r, r.amount);
	if (!bad && (got.bytes != sent.bytes || got.sum != sent.sum)) {
		diag("%s: %u bytes sent, sum %08x; %u came, sum %08x",
		     kinds[kind].name, sent.bytes, sent.sum, got.bytes,
		     got.sum);
		bad = -1;
	}
	if (kind == TCP)
		setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
	if (kind != PIPE)
		close(fd[1]);
	__atomic_add_fetch(&shared->rounds[kind], !bad, __ATOMIC_SEQ_CST);
	return bad;
}

static int sender(void *arg)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct round no_more = { .amount = 0 };
	int control[2], bad = 0, turn = 0;
	pid_t pid;

	(void)arg;
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, control))
		bail("socketpair: %m");
	pid = stress_worker(stress_random(1 << 30), receiver, control);
	close(control[0]);
	do {
		/* First each kind once. */
		int kind = turn < KINDS ? turn : (int)stress_random(KINDS);

		turn++;
		if (!absent[kind])
			bad = one_round(control[1], kind);
	} while (!bad && (stress_on() || turn < KINDS));
	if (bad)
		kill(pid, SIGKILL);
	else
		bad = pass(control[1], &no_more, -1);
	return stress_wait(pid) || bad;
}

/* lo has no address until it is up, then it has 127.0.0.1. */
static void bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &request) &&
	    !(request.ifr_flags & IFF_UP)) {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request))
			diag("bring lo up: %m");
	}
	close(fd);
}

int main(void)
{
	pid_t senders[PAIRS];
	int fd[2], bad = 0;

	plan(1 + KINDS);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	bring_up_loopback();
	for (int kind = 0; kind < KINDS; kind++) {
		/* Only what the kernel does not know is no failure. */
		if (!make_channel(kind, fd)) {
			close(fd[0]);
			close(fd[1]);
			continue;
		}
		absent[kind] = errno;
		if (errno != EAFNOSUPPORT && errno != EPROTONOSUPPORT &&
		    errno != ESOCKTNOSUPPORT)
			bail("%s: %m", kinds[kind].name);
	}
	for (int i = 0; i < PAIRS; i++)
		senders[i] = stress_worker(i + 1, sender, NULL);
	for (int i = 0; i < PAIRS; i++)
		bad += !!stress_wait(senders[i]);

	ok(!bad, "what is sent arrives, whole and in order");
	for (int kind = 0; kind < KINDS; kind++)
		if (absent[kind])
			skip(strerror(absent[kind]), kinds[kind].name);
		else
			ok(shared->rounds[kind], "%s: %u rounds",
			   kinds[kind].name, shared->rounds[kind]);
	return done();
}
