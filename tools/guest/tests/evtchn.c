// SPDX-License-Identifier: GPL-2.0
/*
 * evtchn - is an event lost that comes while its port is masked?
 *
 * The driver masks a port when it hands its event out, and a write unmasks it.
 * An event that came in between must be delivered then, whichever CPU writes:
 * the port itself is bound to one of them, and only that one looks at it.
 *
 * CPUs look at as many ports at once as a long has bits, so a busy neighbour among
 * them would hide the loss.  The kernel's own ports are the low ones; ours is far above
 * them.
 *
 * Skipped without the device, or its ioctls.  Must be root.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../policy.h"
#include "../tap.h"
#include "../xen.h"

/* The driver's requests: a letter, a number, the size of the argument. */
#define BIND_INTERDOMAIN	_IOC(_IOC_NONE, 'E', 1, 8)
#define BIND_UNBOUND		_IOC(_IOC_NONE, 'E', 2, 4)
#define NOTIFY			_IOC(_IOC_NONE, 'E', 4, 4)

#define DOMID_SELF	0x7ff0U
#define MISC_MAJOR	10
#define FAR		128	/* above any port of the kernel's own */
#define MANY		(2 * FAR)
#define ROUNDS		10	/* on each CPU */
#define LIMIT		2000	/* ms until an event counts as lost */

/* The device, by the number that /proc/misc has; -1 if there is none. */
static int open_device(void)
{
	FILE *misc = fopen("/proc/misc", "r");
	unsigned int minor, found = 0;
	char name[64];
	int fd;

	if (!misc)
		return -1;
	while (!found && fscanf(misc, "%u %63s", &minor, name) == 2)
		found = !strcmp(name, "evtchn") || !strcmp(name, "xen/evtchn");
	fclose(misc);
	if (!found)
		return -1;
	snprintf(name, sizeof(name), "/tmp/evtchn.%d", getpid());
	if (mknod(name, S_IFCHR | 0600, makedev(MISC_MAJOR, minor)))
		bail("mknod %s: %m", name);
	fd = open(name, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		bail("%s: %m", name);
	unlink(name);
	return fd;
}

/* A port of FD, no lower than FAR, bound to another one of it: *OTHER. */
static uint32_t bind_far_port(int fd, uint32_t *other)
{
	uint32_t remote[2] = { DOMID_SELF, 0 };
	int port = 0, end;

	for (int i = 0; port < FAR && i < MANY; i++) {
		port = ioctl(fd, BIND_UNBOUND, &remote[0]);
		if (port <= 0)
			bail("bind a port: %m");
	}
	if (port < FAR)
		bail("%d ports bound, the last is %d", MANY, port);
	remote[1] = port;
	end = ioctl(fd, BIND_INTERDOMAIN, remote);
	if (end <= 0)
		bail("bind to port %d: %m", port);
	*other = end;
	return port;
}

static void notify(int fd, uint32_t port)
{
	if (ioctl(fd, NOTIFY, &port))
		bail("notify port %u: %m", port);
}

static void unmask(int fd, uint32_t port)
{
	if (write(fd, &port, sizeof(port)) != sizeof(port))
		bail("unmask port %u: %m", port);
}

/* Read events of FD until there is one of PORT; false if none comes in time. */
static int event_of(int fd, uint32_t port, int limit)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t got;

	for (;;) {
		if (poll(&p, 1, limit) <= 0)
			return 0;
		if (read(fd, &got, sizeof(got)) != sizeof(got))
			bail("read an event: %m");
		if (got == port)
			return 1;
	}
}

int main(void)
{
	uint32_t port, other;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int fd;

	if (!has_xen_ioctls())
		skip_all(NO_XEN_IOCTLS);
	fd = open_device();
	if (fd < 0)
		skip_all("no event channel device");
	plan(cpus);
	port = bind_far_port(fd, &other);
	/* Xen may tell of the binding itself. */
	while (event_of(fd, port, 100))
		unmask(fd, port);

	for (long cpu = 0; cpu < cpus; cpu++) {
		int round = 0;

		if (bind_to(0, cpu))
			bail("bind to CPU %ld: %m", cpu);
		while (round < ROUNDS) {
			notify(fd, other);
			if (!event_of(fd, port, LIMIT))
				break;		/* that one was not masked */
			notify(fd, other);
			unmask(fd, port);
			if (!event_of(fd, port, LIMIT))
				break;
			unmask(fd, port);
			round++;
		}
		if (round < ROUNDS)
			diag("port %u, unmasked by CPU %ld: no event in %d ms",
			     port, cpu, LIMIT);
		ok(round == ROUNDS, "CPU %ld unmasks", cpu);
	}
	return done();
}
