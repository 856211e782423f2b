/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of network devices share.
 *
 * NET in the environment gives eth0, eth1, ... each an address of its own and that
 * of a peer that echoes on TCP port 7: NET=10.5.0.2/10.5.0.1,10.5.1.2/10.5.1.1
 * (a network has 24 bits).  Without NET there is none to be tested.
 */
#ifndef NET_H
#define NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

#define NETS_MOST	4
#define NET_ECHO	7	/* port */
#define NET_PIECE	16384	/* bytes read or written at a time, at most */

struct net {
	char name[IFNAMSIZ];
	struct in_addr own, peer;
};

static struct net nets[NETS_MOST];
static unsigned int net_count;

/* What a device has counted. */
struct net_count {
	unsigned long long rx_bytes, tx_bytes;
};

/* Flags of a device: set those in SET, clear those in CLEAR. */
static inline int net_flags(const struct net *net, int set, int clear)
{
	struct ifreq request = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bad;

	strcpy(request.ifr_name, net->name);
	bad = fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags = (request.ifr_flags & ~clear) | set;
	bad = bad || ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return bad ? -1 : 0;
}

static inline int net_address(const struct net *net, unsigned long what,
			      struct in_addr value)
{
	struct ifreq request = { .ifr_flags = 0 };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bad;

	strcpy(request.ifr_name, net->name);
	memcpy(&request.ifr_addr, &addr, sizeof(addr));
	bad = fd < 0 || ioctl(fd, what, &request);
	close(fd);
	return bad ? -1 : 0;
}

/* Fill the table from NET and bring all devices up. */
static inline void nets_begin(void)
{
	const struct in_addr mask = { htonl(0xffffff00) };
	const char *list = getenv("NET");
	char words[256], *word, *peer;

	if (!list || !*list)
		skip_all("no network device here; TESTS=net gives a kernel two");
	snprintf(words, sizeof(words), "%s", list);
	for (word = strtok(words, ","); word; word = strtok(NULL, ",")) {
		struct net *net = &nets[net_count];

		if (net_count == NETS_MOST)
			bail("more than %d network devices", NETS_MOST);
		snprintf(net->name, sizeof(net->name), "eth%u", net_count++);
		peer = strchr(word, '/');
		if (peer)
			*peer++ = '\0';
		if (!peer || !inet_aton(word, &net->own) ||
		    !inet_aton(peer, &net->peer))
			bail("NET=%s makes no sense", list);
		if (net_address(net, SIOCSIFADDR, net->own) ||
		    net_address(net, SIOCSIFNETMASK, mask) ||
		    net_flags(net, IFF_UP, 0))
			bail("bring %s up: %m", net->name);
	}
}

/* False if the kernel has no such device. */
static inline int net_counted(const struct net *net, struct net_count *count)
{
	FILE *file = fopen("/proc/net/dev", "re");
	char line[256], *values;
	int good = 0;

	while (file && !good && fgets(line, sizeof(line), file)) {
		const char *name = line + strspn(line, " ");

		values = strchr(line, ':');
		if (!values)
			continue;
		*values++ = '\0';
		good = !strcmp(name, net->name) &&
			sscanf(values, "%llu %*u %*u %*u %*u %*u %*u %*u %llu",
			       &count->rx_bytes, &count->tx_bytes) == 2;
	}
	if (file)
		fclose(file);
	return good;
}

/* Note what NET has counted, and its interrupts: two notes tell which way is dead. */
static inline void net_note(const struct net *net)
{
	FILE *file = fopen("/proc/interrupts", "re");
	struct net_count now;
	char line[256];

	if (net_counted(net, &now))
		diag("%s: %llu bytes received, %llu sent", net->name,
		     now.rx_bytes, now.tx_bytes);
	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, net->name))
			diag("%.*s", (int)strcspn(line, "\n"), line);
	if (file)
		fclose(file);
}

/* A connection to the peer that does not block, or -1 with errno; it may take
 * LIMIT ms. */
static inline int net_connect(const struct net *net, int limit)
{
	const struct sockaddr_in peer = {
		.sin_family = AF_INET,
		.sin_port = htons(NET_ECHO),
		.sin_addr = net->peer,
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), error = 0;
	socklen_t len = sizeof(error);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!connect(fd, (const struct sockaddr *)&peer, sizeof(peer)))
		return fd;
	if (errno == EINPROGRESS) {
		if (poll(&wait, 1, limit) != 1)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
			error = errno;
		if (!error)
			return fd;
		errno = error;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static inline unsigned char net_byte(uint32_t seed, uint32_t at)
{
	at = (at ^ seed) * 2654435761u;
	return ((at ^ at >> 15) * 2246822519u) >> 24;
}

/* Send AMOUNT bytes that follow from SEED and compare what comes back; 1 if a step
 * took longer than LIMIT ms, -1 if something is wrong. */
static inline int net_echo(int fd, const char *name, uint32_t seed,
			   uint32_t amount, int limit)
{
	static unsigned char out[NET_PIECE], in[NET_PIECE];
	uint32_t sent = 0, got = 0;
	ssize_t n;

	while (got < amount) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		uint32_t len = amount - sent < NET_PIECE ? amount - sent :
			NET_PIECE;

		if (len)
			wait.events |= POLLOUT;
		if (poll(&wait, 1, limit) != 1) {
			diag("%s: silent, %u bytes sent, %u came of %u", name,
			     sent, got, amount);
			return 1;
		}
		if (wait.revents & POLLOUT) {
			for (uint32_t i = 0; i < len; i++)
				out[i] = net_byte(seed, sent + i);
			n = write(fd, out, len);
			if (n > 0)
				sent += n;
			else if (errno != EAGAIN)
				goto failed;
		}
		if (!(wait.revents & ~POLLOUT))
			continue;
		n = read(fd, in, sizeof(in));
		if (n == 0)
			errno = EPIPE;
		if (n <= 0 && (n == 0 || errno != EAGAIN))
			goto failed;
		for (ssize_t i = 0; i < n; i++) {
			if (in[i] == net_byte(seed, got + i))
				continue;
			diag("%s: byte %u of %u is %02x, not %02x", name,
			     got + (uint32_t)i, amount, in[i],
			     net_byte(seed, got + i));
			return -1;
		}
		if (n > 0)
			got += n;
	}
	return 0;
failed:
	diag("%s: %u bytes sent, %u came of %u: %m", name, sent, got, amount);
	return -1;
}

#endif
