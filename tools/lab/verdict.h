/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verdict - reads the serial logs of one boot and says what became of it.
 *
 * Bytes go in as they arrive, in pieces of any size; what the boot has reached
 * can be looked at any time, and boot_judge() has the last word.  Nothing here
 * knows of processes, files or clocks, so a recorded log gives the same verdict
 * as a live one.
 *
 * What is strict: every stage must have been seen; the guest's TAP must be
 * complete, numbered without a gap and its names unique; init must have counted
 * the same; each kind of event must have been done as often as was ordered; each
 * disk must have been found without damage afterwards; and no port may hold a single
 * line that a kernel or Xen prints only in trouble (the table in verdict.c).
 * Anything less is not a pass.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The values are the runner's exit codes. */
enum verdict {
	PASS		= 0,
	FAIL		= 1,	/* a test said "not ok" */
	ERROR		= 2,	/* the lab's own fault */
	SKIP		= 3,	/* every test was skipped */
	CRASH		= 4,	/* trouble, or no valid result */
	TIMEOUT		= 5,
	INTERRUPTED	= 130,
	RUNNING		= -1,	/* none yet */
};

/* Who is to blame. */
enum layer { L_NONE, L_LAB, L_HYPERVISOR, L_DOM0, L_KERNEL, L_INIT, L_TEST };

enum role {
	ROLE_XEN0,		/* the guest is domain 0: one port */
	ROLE_XENU,		/* Xen and domain 0 on port 0, the guest on 1 */
	ROLE_NATIVE,		/* there is no Xen: one port */
};

/* In the order they are expected; dom0's are for ROLE_XENU only. */
enum stage {
	S_HYPERVISOR,
	S_DOM0,
	S_DOMAIN,
	S_KERNEL,
	S_INIT,
	S_PLAN,
	S_END,
	S_POWEROFF,
	S_ENDED,
	S_OFF,
	STAGES,
};

/* What domain 0 can do to its guest while that is at work (dom0-events.sh). */
enum event { V_SAVE, V_PAUSE, V_VCPU, V_MEMORY, EVENTS };

enum ending {
	E_OFF,			/* the machine went off, or Xen halted it */
	E_SILENCE,		/* a limit was reached */
	E_TOTAL,
	E_FLOOD,
};

enum { PORTS = 2, LINE_KEPT = 4096, LAST_LINES = 20, LAST_WIDTH = 160,
       REASON = 256, SAID = 8 };

struct test {
	char *name;
	char *why;		/* of a skip or a failure, else NULL */
	enum { OK, NOT_OK, SKIPPED } result;
};

struct tap {
	bool version, planned;	/* seen */
	size_t plan;
	size_t count, ok, failed, skipped;
	size_t notes;		/* lines that begin with #, as of the stress */
	size_t room;
	struct test *tests;
	char wrong[REASON];	/* the first breach of the rules */
};

struct port {
	char line[LINE_KEPT];	/* the line being read, without its end */
	size_t len;
	bool torn;		/* its beginning is lost: no protocol line */
	bool unfinished;	/* the reason lacks the next line */
	char last[LAST_LINES][LAST_WIDTH];
	size_t lines;		/* seen so far; the newest is lines - 1 */
};

struct boot {
	enum role role;
	FILE *copy;		/* where the guest's TAP goes, or NULL */
	struct port port[PORTS];
	bool reached[STAGES];
	struct tap tap, sub;
	unsigned int ordered[EVENTS];	/* at least so many; the caller's to
					 * set after boot_init() */
	unsigned int done[EVENTS];
	char event[32];		/* the one that is going on, or "" */
	unsigned int disks;	/* to be checked: the caller's to set, too */
	unsigned int clean;
	char damage[REASON];	/* of the first that was not, or "" */
	char said[SAID][LAST_WIDTH];	/* notes before the first "not ok" */
	size_t notes_said;	/* so many; the newest is the one before */
	bool trouble;		/* CRASH is certain */
	bool halted;		/* Xen has stopped; QEMU may not know */
	enum verdict verdict;
	enum layer layer;
	char reason[REASON];
};

/* copy may be NULL and stays the caller's.  *b is large: not for the stack. */
void boot_init(struct boot *b, enum role role, FILE *copy);
void boot_free(struct boot *b);

/* Sets those in the comma list, KIND or KIND:LEAST; false if one of it is wrong. */
bool order_events(unsigned int ordered[EVENTS], const char *kinds);

/* Returns 0, or -1 when out of memory. */
int boot_feed(struct boot *b, unsigned int port, const char *bytes, size_t n);

/*
 * No more bytes will come.  Sets verdict, layer and reason; limit is the one that
 * was reached: seconds (E_SILENCE, E_TOTAL) or MB (E_FLOOD).
 */
void boot_judge(struct boot *b, enum ending ending, unsigned int limit);

/* The stage that should come next, S_OFF at the latest. */
enum stage boot_awaits(const struct boot *b);

/* The i-th last line kept of a port, oldest first; NULL past the newest. */
const char *boot_last(const struct boot *b, unsigned int port, size_t i);

/*
 * The i-th last note that was kept of the first test that failed, oldest first; NULL
 * past the newest, and if none has failed.
 */
const char *boot_said(const struct boot *b, size_t i);

const char *event_name(enum event event);
const char *verdict_name(enum verdict verdict);
const char *layer_name(enum layer layer);	/* NULL for L_NONE */
const char *stage_name(enum stage stage);	/* one word */
const char *stage_label(enum stage stage);	/* for people */

#endif
