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
 * Whoever waits longer than STRESS_STALL seconds fails and says for what.  Must
 * be root.  Skips what the kernel does not have, all of it where Xen is not.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../stress.h"
#include "../xen.h"

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

#define STORE_DIRECTORY		1
#define STORE_READ		2
#define STORE_BEGIN		6
#define STORE_END		7
#define STORE_WRITE		11
#define STORE_RM		13
#define STORE_ERROR		16
#define STORE_PAYLOAD		1024	/* bytes we send or get, at most */

#define PAIRS		2
#define BINDERS		3
#define BOUND		8		/* ports a binder has, at most */
#define READERS		2		/* of one file */
#define SHARED_PORTS	8
#define CALLERS		2
#define STORERS		3

static struct shared {
	struct pair {
		uint32_t asked, answered;	/* numbers of notifications */
		uint32_t notified, came, spare;
		int over;
	} pair[PAIRS];
	pid_t owner[MAX_PORTS];		/* of ports, as the binders know them */
	uint32_t bound, closed, twice;
	uint32_t armed[SHARED_PORTS];	/* notified and not yet read */
	uint32_t read, calls, stored, transactions, retried;
} *shared;

static char node[64];			/* of the event channel device */
static int evtchn_file = -1;		/* what the binders share */

static void on_alarm(int sig)
{
	(void)sig;
}

/* A wait ends with EINTR after STRESS_STALL seconds. */
static void limit_waits(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
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

/* The next event of FD, waited for in either way; 0 for none. */
static uint32_t next_event(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t port;
	ssize_t n;

	alarm(STRESS_STALL);
	if (stress_random(2) && poll(&p, 1, -1) < 0)
		return 0;
	n = read(fd, &port, sizeof(port));
	alarm(0);
	return n == sizeof(port) ? port : 0;
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

		if (!got) {
			diag("port %u: waits in vain for number %u, has %u: %m",
			     port, next, *word);
			return -1;
		}
		if (got != port || unmask(fd, port)) {
			diag("an event of port %u in place of %u", got, port);
			return -1;
		}
		if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == next) {
			__atomic_add_fetch(&pair->came, 1, __ATOMIC_SEQ_CST);
			return 0;
		}
		if (__atomic_add_fetch(&pair->spare, 1, __ATOMIC_SEQ_CST) > 1) {
			diag("port %u: an event of nobody", port);
			return -1;
		}
	}
}

static int notify(int fd, uint32_t port, uint32_t *word, struct pair *pair)
{
	__atomic_add_fetch(&pair->notified, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	if (port_request(fd, EVTCHN_NOTIFY, port)) {
		diag("notify port %u: %m", port);
		return -1;
	}
	return 0;
}

/* The other side: answers each notification with one. */
static int answer(int fd, uint32_t port, struct pair *pair)
{
	while (!wait_for_number(fd, port, &pair->asked, pair->answered + 1,
				pair)) {
		int over = pair->over;

		if (notify(fd, port, &pair->answered, pair))
			return 1;
		if (over)
			return 0;
	}
	return 1;
}

/* Bind two ports to each other, notify to and fro for a while, unbind. */
static int one_pair(struct pair *pair)
{
	uint32_t rounds = 1 + stress_random(200);
	int here = open_evtchn(), there = open_evtchn(), mine, other, bad = 0;
	pid_t pid;

	memset(pair, 0, sizeof(*pair));
	mine = bind_unbound(here);
	other = mine < 0 ? -1 : bind_to_port(there, mine);
	if (other < 0) {
		diag("bind ports: %m");
		return 1;
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
	while (!bad && !pair->over) {
		pair->over = !--rounds || !stress_on();
		bad = notify(here, mine, &pair->asked, pair) ||
			wait_for_number(here, mine, &pair->answered,
					pair->asked, pair);
	}
	if (bad)
		kill(pid, SIGKILL);
	bad |= stress_wait(pid);
	bad |= port_request(here, EVTCHN_UNBIND, mine);
	close(here);
	if (!bad && (pair->notified != pair->came ||
		     pair->asked != pair->answered)) {
		diag("%u notifications, %u came", pair->notified, pair->came);
		bad = 1;
	}
	return bad;
}

static int notifier(void *arg)
{
	uint32_t notified = 0, came = 0;
	struct pair *pair = arg;
	int bad = 0;

	limit_waits();
	do {
		bad = one_pair(pair);
		notified += pair->notified;
		came += pair->came;
	} while (!bad && stress_on());
	pair->notified = notified;
	pair->came = came;
	return bad;
}

/* Ports of a file that others bind and unbind, too. */
static int binder(void *arg)
{
	int port[BOUND], count = 0, bad = 0, i;

	(void)arg;
	do {
		pid_t was = 0;

		if (!stress_random(32))
			usleep(1000);
		if (stress_on() ? count < BOUND && stress_random(2) : !count) {
			i = bind_unbound(evtchn_file);
			if (i <= 0 || i >= MAX_PORTS) {
				diag("bind a port: %d, %m", i);
				return 1;
			}
			if (!__atomic_compare_exchange_n(&shared->owner[i],
							 &was, getpid(), 0,
							 __ATOMIC_SEQ_CST,
							 __ATOMIC_SEQ_CST)) {
				shared->twice++;
				diag("%d is given port %d, which %d has",
				     getpid(), i, was);
			}
			port[count++] = i;
			__atomic_add_fetch(&shared->bound, 1, __ATOMIC_SEQ_CST);
		} else if (count) {
			i = port[--count];
			shared->owner[i] = 0;
			if (port_request(evtchn_file, EVTCHN_UNBIND, i)) {
				diag("unbind port %d: %m", i);
				bad = 1;
			}
		}
	} while (!bad && (stress_on() || count));
	return bad;
}

/* In a task with the same files: read until a signal comes, then once more. */
static int read_closed(void *arg)
{
	int fd = *(int *)arg;
	uint32_t port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(fd, &port, sizeof(port)) >= 0 ||
	    (errno != EINTR && errno != EBADF))
		return 1;
	return read(fd, &port, sizeof(port)) < 0 && errno == EBADF ? 0 : 2;
}

/* Wait for the reader to end: it may be on its way into read(), so more than one
 * signal may be needed. */
static int interrupt_reader(pid_t pid)
{
	int status = -1;

	for (int tries = 0; tries < STRESS_STALL * 50; tries++) {
		kill(pid, SIGUSR1);
		usleep(1000);
		if (waitpid(pid, &status, WNOHANG) != pid)
			continue;
		if (status)
			diag("reader of a closed file: wait status %x", status);
		return status;
	}
	kill(pid, SIGKILL);
	diag("the reader of a closed file does not end");
	return -1;
}

/*
 * Close a file while another task is reading it.  Its port must then be closed,
 * too: only then can another port be bound to the one it was bound to.
 */
static int close_read(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = open_evtchn(), other = open_evtchn(), port, peer, bad;
	pid_t pid;

	port = bind_unbound(fd);
	peer = port < 0 ? -1 : bind_to_port(other, port);
	if (peer < 0) {
		diag("bind ports: %m");
		return 1;
	}
	pid = clone(read_closed, stack + sizeof(stack), CLONE_FILES | SIGCHLD,
		    &fd);
	if (pid < 0)
		bail("clone: %m");
	usleep(stress_random(30000));
	bad = bind_to_port(other, peer) >= 0;
	if (bad)
		diag("port %d, which is bound, is bound again", peer);
	close(fd);
	bad |= interrupt_reader(pid);
	if (!bad && bind_to_port(other, peer) < 0) {
		diag("port %d is still bound to %d, whose file is closed", peer,
		     port);
		bad = 1;
	}
	close(other);
	__atomic_add_fetch(&shared->closed, 1, __ATOMIC_SEQ_CST);
	return bad;
}

static int closer(void *arg)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	int bad = 0;

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	limit_waits();
	do
		bad = close_read();
	while (!bad && stress_on());
	return bad;
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
		if (n <= 0 || n % 4) {
			diag("read of a shared file: %zd, %m", n);
			return 1;
		}
		for (int i = 0; i < n / 4; i++) {
			int which = 0;

			while (which < SHARED_PORTS &&
			       (uint32_t)r->port[which] != port[i])
				which++;
			if (which == SHARED_PORTS ||
			    !__atomic_exchange_n(&shared->armed[which], 0,
						 __ATOMIC_SEQ_CST)) {
				diag("port %u is read from a shared file, %s",
				     port[i], which == SHARED_PORTS ?
				     "which has none such" :
				     "and was not notified again");
				return 1;
			}
			__atomic_add_fetch(&shared->read, 1, __ATOMIC_SEQ_CST);
			if (unmask(r->file, port[i]))
				return 1;
		}
	}
	return 0;
}

/* Notify a port of theirs once it has been read.  0 if none stays unread. */
static int notify_readers(const struct readers *r)
{
	uint32_t waited = 0;
	int unread;

	do {
		int i = stress_random(SHARED_PORTS);

		if (__atomic_load_n(&shared->armed[i], __ATOMIC_SEQ_CST)) {
			sched_yield();
			continue;
		}
		__atomic_store_n(&shared->armed[i], 1, __ATOMIC_SEQ_CST);
		if (port_request(r->notify_file, EVTCHN_NOTIFY, r->peer[i])) {
			diag("notify port %d: %m", r->peer[i]);
			return 1;
		}
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
		diag("port %d was notified, nobody read it", r->port[unread]);
	return unread >= 0;
}

static int one_file(void *arg)
{
	struct readers *r = stress_shared(sizeof(*r));
	pid_t pid[READERS];
	int bad;

	(void)arg;
	r->file = open_evtchn();
	r->notify_file = open_evtchn();
	fcntl(r->file, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < SHARED_PORTS; i++) {
		r->port[i] = bind_unbound(r->file);
		r->peer[i] = bind_to_port(r->notify_file, r->port[i]);
		if (r->port[i] < 0 || r->peer[i] < 0)
			bail("bind ports: %m");
	}
	for (int i = 0; i < READERS; i++)
		pid[i] = stress_worker(1000 + i, read_shared, r);
	bad = notify_readers(r);
	r->over = 1;
	for (int i = 0; i < READERS; i++)
		bad |= stress_wait(pid[i]);
	return !!bad;
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

struct message {
	struct {
		uint32_t type, request, transaction, len;
	} head;
	char body[STORE_PAYLOAD + 1];
};

/* Send M, get the answer into M, with a 0 behind it.  -1 if it is an error, whose
 * name is in the body. */
static int ask_store(int fd, struct message *m, uint32_t type,
		     uint32_t transaction, uint32_t len)
{
	size_t got = 0;
	ssize_t n;

	m->head.type = type;
	m->head.request = 0;
	m->head.transaction = transaction;
	m->head.len = len;
	if (write(fd, m, sizeof(m->head) + len) !=
	    (ssize_t)(sizeof(m->head) + len))
		bail("write to the store: %m");
	do {
		n = read(fd, (char *)m + got, sizeof(*m) - 1 - got);
		if (n <= 0)
			bail("read from the store: %zd, %m", n);
		got += n;
	} while (got < sizeof(m->head) ||
		 (got < sizeof(m->head) + m->head.len && got < sizeof(*m) - 1));
	((char *)m)[got] = '\0';
	if (got != sizeof(m->head) + m->head.len)
		bail("store: %zu bytes in place of %zu", got,
		     sizeof(m->head) + m->head.len);
	if (m->head.type == type)
		return 0;
	if (m->head.type != STORE_ERROR)
		bail("store: answer %u to request %u", m->head.type, type);
	return -1;
}

static int store_write(int fd, struct message *m, uint32_t transaction,
		       const char *path, const void *value, size_t len)
{
	size_t at = strlen(path) + 1;

	memcpy(m->body, path, at);
	memcpy(m->body + at, value, len);
	return ask_store(fd, m, STORE_WRITE, transaction, at + len);
}

static int store_path(int fd, struct message *m, uint32_t type,
		      uint32_t transaction, const char *path)
{
	strcpy(m->body, path);
	return ask_store(fd, m, type, transaction, strlen(path) + 1);
}

static int open_store(void)
{
	return open("/proc/xen/xenbus", O_RDWR);
}

static const char store_left[] = "data/left", store_right[] = "data/right";

/* What is left and right is the same, and changes at once.  1 if not, 0 if so,
 * or if others came between: the store says so at the end. */
static int transact(void)
{
	uint32_t left, value = stress_random(1U << 31);
	int fd = open_store(), id, bad = 0, none, changing;
	struct message m;

	if (fd < 0)
		bail("/proc/xen/xenbus: %m");
	if (store_path(fd, &m, STORE_BEGIN, 0, "")) {
		close(fd);	/* too many at a time */
		return 0;
	}
	id = atoi(m.body);
	none = store_path(fd, &m, STORE_READ, id, store_left);
	memcpy(&left, m.body, sizeof(left));
	none += store_path(fd, &m, STORE_READ, id, store_right);
	bad = none == -1 || (!none && memcmp(&left, m.body, sizeof(left)));
	changing = stress_random(2);
	if (changing && (store_write(fd, &m, id, store_left, &value, 4) ||
			 store_write(fd, &m, id, store_right, &value, 4)))
		bail("store: write in a transaction: %.32s", m.body);
	if (store_path(fd, &m, STORE_END, id, "T")) {
		bad = strcmp(m.body, "EAGAIN");
		__atomic_add_fetch(&shared->retried, 1, __ATOMIC_SEQ_CST);
	} else {
		__atomic_add_fetch(&shared->transactions, 1, __ATOMIC_SEQ_CST);
	}
	if (bad)
		diag("transaction: left %08x, answer '%.32s'", left, m.body);
	/* A file that saw EAGAIN keeps the transaction until it is closed. */
	close(fd);
	return bad;
}

static int storer(void *arg)
{
	char path[32], value[STORE_PAYLOAD - 64];
	int fd = open_store(), bad = 0;
	struct message m;

	(void)arg;
	if (fd < 0)
		bail("/proc/xen/xenbus: %m");
	snprintf(path, sizeof(path), "data/stress%d", getpid());
	do {
		size_t len = 1 + stress_random(sizeof(value));

		for (size_t i = 0; i < len; i++)
			value[i] = '0' + stress_random(64);
		if (store_write(fd, &m, 0, path, value, len)) {
			diag("store: write %s: %.32s", path, m.body);
			bad = 1;
			break;
		}
		bad = store_path(fd, &m, STORE_READ, 0, path) ||
			m.head.len != len || memcmp(m.body, value, len);
		if (bad)
			diag("store: %s is not what was written: %.32s", path,
			     m.body);
		__atomic_add_fetch(&shared->stored, 1, __ATOMIC_SEQ_CST);
		if (stress_random(2) || !shared->transactions)
			bad |= transact();
	} while (!bad && (stress_on() || !shared->transactions));
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

static pid_t workers[PAIRS + BINDERS + 2 + CALLERS + STORERS];
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
	int evtchn = find_evtchn(), privcmd, store;
	static const char *const results[] = {
		"no notification is lost", "ports have one owner",
		"a file is closed while it is read",
		"an event is read once from a shared file",
		"hypercalls through privcmd agree",
		"the store keeps values and transactions",
	};
	uint32_t notified = 0;

	privcmd = !access("/proc/xen/privcmd", R_OK);
	store = has_store();
	if (!evtchn && !privcmd && !store)
		skip_all("no devices of Xen");
	plan(6);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	if (evtchn) {
		evtchn_file = open_evtchn();
		start(PAIRS, notifier, shared->pair, sizeof(*shared->pair));
		start(BINDERS, binder, NULL, 0);
		start(1, closer, NULL, 0);
		start(1, one_file, NULL, 0);
	}
	if (privcmd)
		start(CALLERS, caller, NULL, 0);
	if (store)
		start(STORERS, storer, NULL, 0);

	if (evtchn) {
		int paired = end(PAIRS), bound = end(BINDERS);
		int closed = end(1), read_once = end(1);

		for (int i = 0; i < PAIRS; i++)
			notified += shared->pair[i].notified;
		diag("%u notifications, %u ports bound, %u files closed, %u events shared",
		     notified, shared->bound, shared->closed, shared->read);
		ok(paired && notified, "%s", results[0]);
		ok(bound && shared->bound && !shared->twice, "%s", results[1]);
		ok(closed && shared->closed, "%s", results[2]);
		ok(read_once && shared->read, "%s", results[3]);
		unlink(node);
	} else {
		for (int i = 0; i < 4; i++)
			skip("no event channel device", results[i]);
	}
	if (privcmd)
		ok(end(CALLERS) && shared->calls, "%s", results[4]);
	else
		skip("no /proc/xen/privcmd", results[4]);
	if (store) {
		ok(end(STORERS) && shared->stored, "%s", results[5]);
		clear_store();
	} else {
		skip("no store", results[5]);
	}
	diag("%u hypercalls, %u values, %u transactions, %u refused",
	     shared->calls, shared->stored, shared->transactions,
	     shared->retried);
	return done();
}
