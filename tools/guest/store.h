/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs share that ask Xen's store, through /proc/xen/xenbus.
 */
#ifndef STORE_H
#define STORE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "xen.h"

#define STORE_DIRECTORY		1
#define STORE_READ		2
#define STORE_BEGIN		6
#define STORE_END		7
#define STORE_WRITE		11
#define STORE_RM		13
#define STORE_ERROR		16
#define STORE_PAYLOAD		1024	/* bytes we send or get, at most */

struct head {
	uint32_t type, request, transaction, len;
};

struct message {
	struct head head;
	char body[STORE_PAYLOAD + 1];
};

/* Send M, get the answer into M, with a 0 behind it.  -1 if it is an error, whose
 * name is in the body. */
static inline int ask_store(int fd, struct message *m, uint32_t type,
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

static inline int store_write(int fd, struct message *m, uint32_t transaction,
			      const char *path, const void *value, size_t len)
{
	size_t at = strlen(path) + 1;

	memcpy(m->body, path, at);
	memcpy(m->body + at, value, len);
	return ask_store(fd, m, STORE_WRITE, transaction, at + len);
}

static inline int store_path(int fd, struct message *m, uint32_t type,
			     uint32_t transaction, const char *path)
{
	strcpy(m->body, path);
	return ask_store(fd, m, type, transaction, strlen(path) + 1);
}

static inline int open_store(void)
{
	return open("/proc/xen/xenbus", O_RDWR);
}

/*
 * The number of this domain, which a restored one has not, for it is another
 * domain.  Where there is no store there is nobody who saves.
 */
static inline int domain_number(void)
{
	struct message m;
	int fd;

	if (!has_store())
		return 0;
	fd = open_store();
	if (fd < 0)
		bail("/proc/xen/xenbus: %m");
	if (store_path(fd, &m, STORE_READ, 0, "domid"))
		bail("the store has no domid: %.32s", m.body);
	close(fd);
	return atoi(m.body);
}

#endif
