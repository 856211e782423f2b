// SPDX-License-Identifier: GPL-2.0
/*
 * xendev - do Xen's devices serve several tasks at once?
 *
 * Event channels (/dev/xen/evtchn): pairs of tasks notify each other through two
 * ports of this domain, no notification is lost; others bind and unbind ports of
 * one file that they share, and no port is given out twice; one closes a file
 * while another reads it; two read the same file, and each event comes once.
 * /proc/xen/privcmd: harmless hypercalls, always with the same answer.
 * /proc/xen/xenbus, where there is a store: values written are read back, and a
 * transaction is seen whole or not at all.
 *
 * When the domain has been saved and restored, its ports and what it had in the
 * store are gone.  What goes wrong then is no failure, and is begun anew.
 *
 * Whoever waits longer than STRESS_STALL seconds fails and says for what.  Must
 * be root.  Skips what the kernel does not have, all of it where Xen is not; the store
 * is what is left to 32-bit programs on a 64-bit kernel.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

#include "../store.h"
#include "../stress.h"

/* The driver's requests: a letter, a number, the size of the argument. */
#define EVTCHN_BIND_INTERDOMAIN	_IOC(_IOC_NONE, 'E', 1, 8)
#define EVTCHN_BIND_UNBOUND	_IOC(_IOC_NONE, 'E', 2, 4)
#define EVTCHN_UNBIND		_IOC(_IOC_NONE, 'E', 3, 4)
#define EVTCHN_NOTIFY		_IOC(_IOC_NONE, 'E', 4, 4)
#define PRIVCMD_HYPERCALL	_IOC(_IOC_NONE, 'P', 0, 6 * sizeof(long))

#define DOMID_SELF		0x7ff0U
#define MISC_MAJOR		10
#define MAX_PORTS		4096

#define HYPERCALL_XEN_VERSION	17
#define HYPERCALL_NONE		63	/* there is none of this number */
#define XENVER_VERSION		0
#define XENVER_EXTRAVERSION	1
#define EXTRAVERSION		16	/* bytes */

#define PAIRS		2
#define BINDERS		3
#define BOUND		8		/* ports a binder has, at most */
#define READERS		2		/* of one file */
#define SHARED_PORTS	8
#define CALLERS		2
#define STORERS		3

/* What becomes of a task, and its exit status. */
enum { WELL, BAD, RESTORED };

static struct shared {
	struct pair {
		uint32_t asked, answered;	/* numbers of notifications */
		uint32_t notified, came, spare;
		int over;
		uint32_t all;			/* that came, in all rounds */
	} pair[PAIRS];
	pid_t owner[MAX_PORTS];		/* of ports, as the binders know them */
	int binders_over;
	uint32_t bound, closed, stale, restored;
	uint32_t armed[SHARED_PORTS];	/* notified and not yet read */
	uint32_t read, calls, stored, transactions, retried;
} *shared;

static char node[64];			/* of the event channel device */
static int evtchn_file = -1;		/* what the binders share */
static int domain;			/* its number, when this task began */

static int restored(void)
{
	int error = errno, is = domain_number() != domain;

	errno = error;
	return is;
}

/* What a task returns that finds something wrong, which is said in a note, unless
 * there is a good reason. */
#define wrong(...) (restored() ? RESTORED : stress_bad(__VA_ARGS__))

/* Do WORK(ARG) again and again, anew after a restore. */
static int again(int (*work)(void *arg), void *arg)
{
	int end;

	do {
		domain = domain_number();
		end = work(arg);
		if (end == RESTORED)
			__atomic_add_fetch(&shared->restored, 1,
					   __ATOMIC_SEQ_CST);
	} while (end != BAD && stress_on());
	return end == BAD;
}

/* How a task ended, which has said itself what was wrong. */
static int end_of(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got == pid && WIFEXITED(status) && WEXITSTATUS(status) <= RESTORED)
		return WEXITSTATUS(status);
	diag("task %d: wait status %x", pid, status);
	return BAD;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A wait ends with EINTR after a second. */
static void limit_waits(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
}

/* From now on, until it is 0: a signal each so many seconds.  One alone could come
 * just before the wait. */
static void alarms(int seconds)
{
	const struct itimerval timer = {
		.it_interval.tv_sec = seconds, .it_value.tv_sec = seconds,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Make NODE for the device, whose number /proc/misc has.  False without one. */
static int find_evtchn(void)
{
	FILE *misc = fopen("/proc/misc", "r");
	unsigned int minor, found = 0;
	char name[64];

	if (!misc)
		return 0;
	while (!found && fscanf(misc, "%u %63s", &minor, name) == 2)
		found = !strcmp(name, "evtchn") || !strcmp(name, "xen/evtchn");
	fclose(misc);
	if (!found)
		return 0;
	snprintf(node, sizeof(node), "/tmp/evtchn.%d", getpid());
	if (mknod(node, S_IFCHR | 0600, makedev(MISC_MAJOR, minor)))
		bail("mknod %s: %m", node);
	return 1;
}

static int open_evtchn(void)
{
	int fd = open(node, O_RDWR);

	if (fd < 0)
		bail("%s: %m", node);
	return fd;
}

/* A new port of FD, for this domain to bind to; -1 if there is none. */
static int bind_unbound(int fd)
{
	uint32_t remote = DOMID_SELF;

	return ioctl(fd, EVTCHN_BIND_UNBOUND, &remote);
}

/* A new port of FD at the other end of PORT. */
static int bind_to_port(int fd, uint32_t port)
{
	uint32_t remote[2] = { DOMID_SELF, port };

	return ioctl(fd, EVTCHN_BIND_INTERDOMAIN, remote);
}

static int port_request(int fd, unsigned int request, uint32_t port)
{
	return ioctl(fd, request, &port);
}

/* The next event of FD, waited for in either way; 0 for none within STRESS_STALL
 * seconds, or before the domain was restored. */
static uint32_t next_event(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t port;
	ssize_t n;

	for (int seconds = 0; seconds < STRESS_STALL; seconds++) {
		n = -1;
		alarms(1);
		if (!stress_random(2) || poll(&p, 1, -1) == 1)
			n = read(fd, &port, sizeof(port));
		alarms(0);
		if (n == sizeof(port))
			return port;
		if (n >= 0 || errno != EINTR || restored())
			break;
	}
	return 0;
}

static int unmask(int fd, uint32_t port)
{
	return write(fd, &port, sizeof(port)) == sizeof(port) ? 0 : -1;
}

/*
 * Wait for *WORD to become NEXT, told by events of PORT.  Xen itself makes one
 * when a port is bound, so there may be one that tells nothing.
 */
static int wait_for_number(int fd, uint32_t port, uint32_t *word, uint32_t next,
			   struct pair *pair)
{
	for (;;) {
		uint32_t got = next_event(fd);

		if (!got)
			return wrong("port %u: waits in vain for number %u, has %u: %m",
				     port, next, *word);
		if (got != port || unmask(fd, port))
			return wrong("an event of port %u in place of %u", got,
				     port);
		if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == next) {
			__atomic_add_fetch(&pair->came, 1, __ATOMIC_SEQ_CST);
			return WELL;
		}
		if (__atomic_add_fetch(&pair->spare, 1, __ATOMIC_SEQ_CST) > 1)
			return wrong("port %u: an event of nobody", port);
	}
}

static int notify(int fd, uint32_t port, uint32_t *word, struct pair *pair)
{
	__atomic_add_fetch(&pair->notified, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	if (port_request(fd, EVTCHN_NOTIFY, port))
		return wrong("notify port %u: %m", port);
	return WELL;
}

/* The other side: answers each notification with one. */
static int answer(int fd, uint32_t port, struct pair *pair)
{
	int end;

	do {
		int over;

		end = wait_for_number(fd, port, &pair->asked,
				      pair->answered + 1, pair);
		over = pair->over;
		if (end == WELL)
			end = notify(fd, port, &pair->answered, pair);
		if (over)
			break;
	} while (end == WELL);
	return end;
}

/* Bind two ports to each other, notify to and fro for a while, unbind. */
static int one_pair(void *arg)
{
	struct pair *pair = arg;
	uint32_t rounds = 1 + stress_random(200);
	int here = open_evtchn(), there = open_evtchn(), mine, other;
	int end = WELL;
	pid_t pid;

	memset(pair, 0, offsetof(struct pair, all));
	mine = bind_unbound(here);
	other = mine < 0 ? -1 : bind_to_port(there, mine);
	if (other < 0) {
		end = wrong("bind ports: %m");
		close(there);
		goto out;
	}
	pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(here);
		_exit(answer(there, other, pair));
	}
	close(there);
	while (end == WELL && !pair->over) {
		pair->over = !--rounds || !stress_on();
		end = notify(here, mine, &pair->asked, pair);
		if (end == WELL)
			end = wait_for_number(here, mine, &pair->answered,
					      pair->asked, pair);
	}
	if (end == WELL) {
		end = end_of(pid);
	} else {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (end == WELL && port_request(here, EVTCHN_UNBIND, mine))
		end = wrong("unbind port %u: %m", mine);
	if (end == WELL && (pair->notified != pair->came ||
			    pair->asked != pair->answered))
		end = wrong("%u notifications, %u came", pair->notified,
			    pair->came);
	pair->all += pair->came;
out:
	close(here);
	return end;
}

static int notifier(void *pair)
{
	limit_waits();
	return again(one_pair, pair);
}

/* Ports of a file that others bind and unbind, too. */
static int binder(void *arg)
{
	int port[BOUND], count = 0, end = WELL, i;

	(void)arg;
	do {
		pid_t was = 0;

		if (!stress_random(32))
			usleep(1000);
		if (stress_on() ? count < BOUND && stress_random(2) : !count) {
			i = bind_unbound(evtchn_file);
			if (i <= 0 || i >= MAX_PORTS) {
				end = wrong("bind a port: %d, %m", i);
				break;
			}
			if (!__atomic_compare_exchange_n(&shared->owner[i],
							 &was, getpid(), 0,
							 __ATOMIC_SEQ_CST,
							 __ATOMIC_SEQ_CST))
				end = wrong("%d is given port %d, which %d has",
					    getpid(), i, was);
			port[count++] = i;
			__atomic_add_fetch(&shared->bound, 1, __ATOMIC_SEQ_CST);
		} else if (count) {
			i = port[--count];
			shared->owner[i] = 0;
			if (port_request(evtchn_file, EVTCHN_UNBIND, i))
				end = wrong("unbind port %d: %m", i);
		}
	} while (end == WELL && !shared->binders_over && (stress_on() || count));
	/* Restored, the others have no ports either. */
	if (end != WELL)
		shared->binders_over = 1;
	return end;
}

static int bind_shared(void *arg)
{
	pid_t pid[BINDERS];
	int end = WELL;

	memset(shared->owner, 0, sizeof(shared->owner));
	shared->binders_over = 0;
	evtchn_file = open_evtchn();
	for (int i = 0; i < BINDERS; i++)
		pid[i] = stress_worker(2000 + i, binder, arg);
	for (int i = 0; i < BINDERS; i++) {
		int one = end_of(pid[i]);

		if (end != BAD && one != WELL)
			end = one;
	}
	close(evtchn_file);
	return end;
}

static int binders(void *arg)
{
	return again(bind_shared, arg);
}

struct closing {
	int fd, port;
};

/*
 * In a task with the same files: read until a signal comes, then once more.  Nobody
 * notifies the port.  But another CPU may have found an event of the port's last
 * owner, and deliver it to this one; masked since, the port can have no second.
 */
static int read_closed(void *arg)
{
	const struct closing *c = arg;
	uint32_t port;
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	n = read(c->fd, &port, sizeof(port));
	if (n == sizeof(port) && port == (uint32_t)c->port) {
		__atomic_add_fetch(&shared->stale, 1, __ATOMIC_SEQ_CST);
		n = read(c->fd, &port, sizeof(port));
	}
	if (n >= 0 || (errno != EINTR && errno != EBADF))
		return wrong("port %d is to be closed, read gives %zd, port %u: %m",
			     c->port, n, port);
	if (read(c->fd, &port, sizeof(port)) >= 0 || errno != EBADF)
		return wrong("a closed file is read: %m");
	return 0;
}

/* How the reader ended.  It may be on its way into read(), so more than one signal
 * may be needed. */
static int interrupt_reader(pid_t pid)
{
	int status;

	for (int tries = 0; tries < STRESS_STALL * 50; tries++) {
		kill(pid, SIGUSR1);
		usleep(1000);
		if (waitpid(pid, &status, WNOHANG) != pid)
			continue;
		if (WIFEXITED(status) && WEXITSTATUS(status) <= RESTORED)
			return WEXITSTATUS(status);
		diag("reader of a closed file: wait status %x", status);
		return BAD;
	}
	kill(pid, SIGKILL);
	diag("the reader of a closed file does not end");
	return BAD;
}

/*
 * Close a file while another task is reading it.  Its port must then be closed,
 * too: only then can another port be bound to the one it was bound to.
 */
static int close_read(void *arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	int other = open_evtchn(), peer, end = WELL, reader;
	struct closing c = { .fd = open_evtchn() };
	pid_t pid;

	(void)arg;

	c.port = bind_unbound(c.fd);
	peer = c.port < 0 ? -1 : bind_to_port(other, c.port);
	if (peer < 0) {
		end = wrong("bind ports: %m");
		close(c.fd);
		goto out;
	}
	pid = clone(read_closed, stack + sizeof(stack), CLONE_FILES | SIGCHLD,
		    &c);
	if (pid < 0)
		bail("clone: %m");
	usleep(stress_random(30000));
	if (bind_to_port(other, peer) >= 0)
		end = wrong("port %d, which is bound, is bound again", peer);
	close(c.fd);
	reader = interrupt_reader(pid);
	if (reader != WELL)
		end = reader;
	if (end == WELL && bind_to_port(other, peer) < 0)
		end = wrong("port %d is still bound to %d, whose file is closed",
			    peer, c.port);
	if (end == WELL)
		__atomic_add_fetch(&shared->closed, 1, __ATOMIC_SEQ_CST);
out:
	close(other);
	return end;
}

static int closer(void *arg)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGUSR1, &sa, NULL);
	return again(close_read, arg);
}

struct readers {
	int file, notify_file;
	int port[SHARED_PORTS], peer[SHARED_PORTS];
	int over;
};

/* One of those who read the same file.  No event may come to both. */
static int read_shared(void *arg)
{
	volatile struct readers *r = arg;
	struct pollfd p = { .fd = r->file, .events = POLLIN };
	uint32_t port[4];

	while (!r->over) {
		ssize_t n;

		poll(&p, 1, 100);
		n = read(r->file, port, sizeof(port));
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || n % 4)
			return wrong("read of a shared file: %zd, %m", n);
		for (int i = 0; i < n / 4; i++) {
			int which = 0;

			while (which < SHARED_PORTS &&
			       (uint32_t)r->port[which] != port[i])
				which++;
			if (which == SHARED_PORTS ||
			    !__atomic_exchange_n(&shared->armed[which], 0,
						 __ATOMIC_SEQ_CST))
				return wrong("port %u is read from a shared file, %s",
					     port[i], which == SHARED_PORTS ?
					     "which has none such" :
					     "and was not notified again");
			__atomic_add_fetch(&shared->read, 1, __ATOMIC_SEQ_CST);
			if (unmask(r->file, port[i]))
				return wrong("unmask port %u: %m", port[i]);
		}
	}
	return 0;
}

/* Notify a port of theirs once it has been read.  All is well if none stays
 * unread. */
static int notify_readers(const struct readers *r)
{
	uint32_t waited = 0, busy = 0;
	int unread;

	do {
		int i = stress_random(SHARED_PORTS);

		if (__atomic_load_n(&shared->armed[i], __ATOMIC_SEQ_CST)) {
			/* All are, if the domain was restored just then. */
			if (++busy % 1024 == 0 && restored())
				return RESTORED;
			sched_yield();
			continue;
		}
		__atomic_store_n(&shared->armed[i], 1, __ATOMIC_SEQ_CST);
		if (port_request(r->notify_file, EVTCHN_NOTIFY, r->peer[i]))
			return wrong("notify port %d: %m", r->peer[i]);
	} while (stress_on());
	do {
		unread = -1;
		for (int i = 0; i < SHARED_PORTS; i++)
			if (__atomic_load_n(&shared->armed[i],
					    __ATOMIC_SEQ_CST))
				unread = i;
		if (unread >= 0)
			usleep(10000);
	} while (unread >= 0 && waited++ < STRESS_STALL * 50);
	if (unread >= 0)
		return wrong("port %d was notified, nobody read it",
			     r->port[unread]);
	return WELL;
}

static int read_one_file(void *arg)
{
	struct readers *r = arg;
	pid_t pid[READERS];
	int end = WELL;

	r->over = 0;
	memset(shared->armed, 0, sizeof(shared->armed));
	r->file = open_evtchn();
	r->notify_file = open_evtchn();
	fcntl(r->file, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < SHARED_PORTS; i++) {
		r->port[i] = bind_unbound(r->file);
		r->peer[i] = bind_to_port(r->notify_file, r->port[i]);
		if (r->port[i] < 0 || r->peer[i] < 0) {
			end = wrong("bind ports: %m");
			goto out;
		}
	}
	for (int i = 0; i < READERS; i++)
		pid[i] = stress_worker(1000 + i, read_shared, r);
	end = notify_readers(r);
	r->over = 1;
	for (int i = 0; i < READERS; i++) {
		int one = end_of(pid[i]);

		if (end != BAD && one != WELL)
			end = one;
	}
out:
	close(r->file);
	close(r->notify_file);
	return end;
}

static int one_file(void *arg)
{
	(void)arg;
	return again(read_one_file, stress_shared(sizeof(struct readers)));
}

static long hypercall(int fd, long op, long first, void *second)
{
	long call[6] = { op, first, (long)second };

	return ioctl(fd, PRIVCMD_HYPERCALL, call);
}

static int caller(void *arg)
{
	int fd = open("/proc/xen/privcmd", O_RDWR), version = 0;
	char extra[EXTRAVERSION], first[EXTRAVERSION];

	(void)arg;
	if (fd < 0)
		bail("/proc/xen/privcmd: %m");
	version = hypercall(fd, HYPERCALL_XEN_VERSION, XENVER_VERSION, NULL);
	memset(first, 0, sizeof(first));
	if (version < 3 << 16 || hypercall(fd, HYPERCALL_XEN_VERSION,
					   XENVER_EXTRAVERSION, first) < 0) {
		diag("hypercall xen_version: %x, %m", version);
		return 1;
	}
	do {
		long got;

		if (!stress_random(64))
			usleep(1000);
		switch (stress_random(3)) {
		case 0:
			got = hypercall(fd, HYPERCALL_XEN_VERSION,
					XENVER_VERSION, NULL);
			if (got != version) {
				diag("Xen's version was %x, is %lx", version,
				     got);
				return 1;
			}
			break;
		case 1:
			memset(extra, 'x', sizeof(extra));
			got = hypercall(fd, HYPERCALL_XEN_VERSION,
					XENVER_EXTRAVERSION, extra);
			if (got < 0 || memcmp(extra, first, strlen(first) + 1)) {
				diag("Xen's extra version was %s, is %.16s, %ld",
				     first, extra, got);
				return 1;
			}
			break;
		default:
			got = hypercall(fd, HYPERCALL_NONE, 0, NULL);
			if (got != -1 || errno != ENOSYS) {
				diag("no hypercall, but it gives %ld", got);
				return 1;
			}
		}
		__atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
	} while (stress_on());
	return 0;
}

static const char store_left[] = "data/left", store_right[] = "data/right";

/* What is left and right is the same, and changes at once.  1 if not, 0 if so,
 * or if others came between: the store says so at the end. */
static int transact(void)
{
	static int fd = -1;	/* kept: a save must not wait for its close */
	static int other = -1;
	uint32_t left, value = stress_random(1U << 31);
	int id, bad = 0, none, changing;
	struct message m;

	if (fd < 0)
		fd = open_store();
	if (other < 0)
		other = open_store();
	if (fd < 0 || other < 0)
		bail("/proc/xen/xenbus: %m");
	if (store_path(fd, &m, STORE_BEGIN, 0, ""))
		return 0;	/* too many at a time */
	id = atoi(m.body);
	/* A save that waits for that one must not stop this one. */
	if (!stress_random(4)) {
		usleep(stress_random(20000));
		if (!store_path(other, &m, STORE_BEGIN, 0, "") &&
		    store_path(other, &m, STORE_END, atoi(m.body), "F"))
			return wrong("store: end of an empty transaction: %.32s",
				     m.body);
	}
	none = store_path(fd, &m, STORE_READ, id, store_left);
	memcpy(&left, m.body, sizeof(left));
	none += store_path(fd, &m, STORE_READ, id, store_right);
	bad = none == -1 || (!none && memcmp(&left, m.body, sizeof(left)));
	changing = stress_random(2);
	if (changing && (store_write(fd, &m, id, store_left, &value, 4) ||
			 store_write(fd, &m, id, store_right, &value, 4)))
		bail("store: write in a transaction: %.32s", m.body);
	if (!bad && !stress_random(8)) {
		close(fd);	/* ends it, and nothing was written */
		fd = -1;
		return WELL;
	}
	if (store_path(fd, &m, STORE_END, id, "T")) {
		bad = strcmp(m.body, "EAGAIN");
		__atomic_add_fetch(&shared->retried, 1, __ATOMIC_SEQ_CST);
	} else {
		__atomic_add_fetch(&shared->transactions, 1, __ATOMIC_SEQ_CST);
	}
	if (bad)
		return wrong("transaction: left %08x, answer '%.32s'", left,
			     m.body);
	return WELL;
}

/* Write a value, read it back, and perhaps make a transaction. */
static int store_one(void *arg)
{
	char path[32], value[STORE_PAYLOAD - 64];
	size_t len = 1 + stress_random(sizeof(value));
	int fd = *(int *)arg;
	struct message m;

	snprintf(path, sizeof(path), "data/stress%d", getpid());
	for (size_t i = 0; i < len; i++)
		value[i] = '0' + stress_random(64);
	if (store_write(fd, &m, 0, path, value, len))
		return wrong("store: write %s: %.32s", path, m.body);
	if (store_path(fd, &m, STORE_READ, 0, path) ||
	    m.head.len != len || memcmp(m.body, value, len))
		return wrong("store: %s is not what was written: %.32s", path,
			     m.body);
	__atomic_add_fetch(&shared->stored, 1, __ATOMIC_SEQ_CST);
	if (stress_random(2) || !shared->transactions)
		return transact();
	return WELL;
}

static int storer(void *arg)
{
	int fd = open_store(), bad;
	struct message m;
	char path[32];

	(void)arg;
	if (fd < 0)
		bail("/proc/xen/xenbus: %m");
	do
		bad = again(store_one, &fd);
	while (!bad && !shared->transactions);
	snprintf(path, sizeof(path), "data/stress%d", getpid());
	store_path(fd, &m, STORE_RM, 0, path);
	close(fd);
	return bad;
}

static void clear_store(void)
{
	struct message m;
	int fd = open_store();

	store_path(fd, &m, STORE_RM, 0, store_left);
	store_path(fd, &m, STORE_RM, 0, store_right);
	close(fd);
}

static pid_t workers[PAIRS + 3 + CALLERS + STORERS];
static int count;

static void start(int number, int (*work)(void *), void *arg, size_t step)
{
	while (number--) {
		workers[count] = stress_worker(count + 1, work, arg);
		count++;
		arg = (char *)arg + step;
	}
}

/* Wait for the next NUMBER of those started.  True if all ended well. */
static int end(int number)
{
	static int ended;
	int bad = 0;

	while (number--)
		bad |= stress_wait(workers[ended++]);
	return !bad;
}

int main(void)
{
	const char *no_evtchn = "no event channel device";
	const char *no_privcmd = "no /proc/xen/privcmd";
	int evtchn, privcmd, store;
	static const char *const results[] = {
		"no notification is lost", "ports have one owner",
		"a file is closed while it is read",
		"an event is read once from a shared file",
		"hypercalls through privcmd agree",
		"the store keeps values and transactions",
	};
	uint32_t notified = 0;

	if (!has_xen_ioctls())
		no_evtchn = no_privcmd = NO_XEN_IOCTLS;
	evtchn = has_xen_ioctls() && find_evtchn();
	privcmd = has_xen_ioctls() && !access("/proc/xen/privcmd", R_OK);
	store = has_store();
	if (!evtchn && !privcmd && !store)
		skip_all("no devices of Xen");
	plan(6);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	if (evtchn) {
		start(PAIRS, notifier, shared->pair, sizeof(*shared->pair));
		start(1, binders, NULL, 0);
		start(1, closer, NULL, 0);
		start(1, one_file, NULL, 0);
	}
	if (privcmd)
		start(CALLERS, caller, NULL, 0);
	if (store)
		start(STORERS, storer, NULL, 0);

	if (evtchn) {
		int paired = end(PAIRS), bound = end(1);
		int closed = end(1), read_once = end(1);

		for (int i = 0; i < PAIRS; i++)
			notified += shared->pair[i].all;
		diag("%u notifications, %u ports bound, %u files closed, %u with a stale event, %u events shared",
		     notified, shared->bound, shared->closed, shared->stale,
		     shared->read);
		ok(paired && notified, "%s", results[0]);
		ok(bound && shared->bound, "%s", results[1]);
		ok(closed && shared->closed, "%s", results[2]);
		ok(read_once && shared->read, "%s", results[3]);
		unlink(node);
	} else {
		for (int i = 0; i < 4; i++)
			skip(no_evtchn, results[i]);
	}
	if (privcmd)
		ok(end(CALLERS) && shared->calls, "%s", results[4]);
	else
		skip(no_privcmd, results[4]);
	if (store) {
		ok(end(STORERS) && shared->stored, "%s", results[5]);
		clear_store();
	} else {
		skip("no store", results[5]);
	}
	diag("%u hypercalls, %u values, %u transactions, %u refused, %u times anew",
	     shared->calls, shared->stored, shared->transactions,
	     shared->retried, shared->restored);
	return done();
}
