// SPDX-License-Identifier: GPL-2.0
#include "verdict.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * What kernels and Xen print when in trouble.  Found anywhere in a line, for a
 * panic does not wait for the end of somebody else's.  So each text must be one
 * that no healthy boot, no command line and no test name holds.
 */
enum speaker {
	BY_KERNEL,		/* the kernel whose console it is on */
	ON_INIT,		/* the same, about its init */
	BY_XEN,			/* Xen about itself */
	BY_XEN_ON_DOMAIN,	/* Xen about "Domain N", or "Dom0" */
};

#define CUT_HERE "[ cut here ]"		/* of i386 */
#define CUT_HERE_64 "[cut here ]"	/* of x86_64 */

static const struct trouble {
	const char *text;
	enum speaker speaker;
} troubles[] = {
	/* Linux, 2.6.12 and today's; of two texts in a line the first counts */
	{ "Attempted to kill init",			ON_INIT },
	{ "Kernel panic",				BY_KERNEL },
	{ "Oops: ",					BY_KERNEL },
	{ "BUG: ",					BY_KERNEL },
	{ "kernel BUG at",				BY_KERNEL },
	{ CUT_HERE,					BY_KERNEL },
	{ "Kernel BUG at",				BY_KERNEL },
	{ CUT_HERE_64,					BY_KERNEL },
	{ "Unable to handle kernel",			BY_KERNEL },
	{ "general protection fault",			BY_KERNEL },
	{ "invalid operand: ",				BY_KERNEL },
	{ "double fault",				BY_KERNEL },
	{ "divide error: ",				BY_KERNEL },
	{ "invalid TSS: ",				BY_KERNEL },
	{ "segment not present: ",			BY_KERNEL },
	{ "stack segment: ",				BY_KERNEL },
	{ "device not available: ",			BY_KERNEL },
	{ "Corrupted page table at",			BY_KERNEL },
	{ "PAGETABLE BUG",				BY_KERNEL },
	{ "stack overflow: ",				BY_KERNEL },
	{ "RIP: 0010:[<",				BY_KERNEL },
	{ "RIP: e030:[<",				BY_KERNEL },
	{ "Call Trace:",				BY_KERNEL },
	{ "Badness in ",				BY_KERNEL },
	{ "WARNING: CPU: ",				BY_KERNEL },
	{ "scheduling while atomic",			BY_KERNEL },
	{ "bad: scheduling",				BY_KERNEL },
	{ "Debug: sleeping function",			BY_KERNEL },
	{ "using smp_processor_id() in preemptible",	BY_KERNEL },
	{ "exited with preempt_count",			BY_KERNEL },
	{ "huh, entered ",				BY_KERNEL },
	{ ") already locked by ",			BY_KERNEL },
	{ ") not locked",				BY_KERNEL },
	{ "on uninitialized spinlock",			BY_KERNEL },
	{ "soft lockup",				BY_KERNEL },
	{ "Aiee, killing",				BY_KERNEL },
	{ "Fixing recursive fault",			BY_KERNEL },
	{ "Recursive die()",				BY_KERNEL },
	{ "Bad page state",				BY_KERNEL },
	{ ": bad pte ",					BY_KERNEL },
	{ ": bad pmd ",					BY_KERNEL },
	{ ": bad pud ",					BY_KERNEL },
	{ ": bad pgd ",					BY_KERNEL },
	{ "slab error in ",				BY_KERNEL },
	{ "Slab corruption",				BY_KERNEL },
	{ ": nobody cared",				BY_KERNEL },
	{ "VFS: Busy inodes after unmount",		BY_KERNEL },
	/* Xen */
	{ "Panic on CPU ",				BY_XEN },
	{ "Xen BUG at ",				BY_XEN },
	{ "FATAL TRAP",					BY_XEN },
	{ "FATAL PAGE FAULT",				BY_XEN },
	{ "*** DOUBLE FAULT ***",			BY_XEN },
	{ "Triple fault",				BY_XEN },
	{ "Watchdog timer detects that CPU",		BY_XEN },
	{ "crashed on cpu#",				BY_XEN_ON_DOMAIN },
	{ "reported crashed by domain",			BY_XEN_ON_DOMAIN },
	{ "Hardware Dom0 crashed",			BY_XEN_ON_DOMAIN },
	{ "Hardware Dom0 shutdown",			BY_XEN_ON_DOMAIN },
};

/* How much of an over-long line to keep, lest a text be cut in two. */
enum { OVERLAP = 64 };

static const struct {
	const char *name, *label;
	enum layer layer;	/* to blame if the stage does not come */
} stages[STAGES] = {
	[S_HYPERVISOR]	= { "hypervisor", "hypervisor up",	L_HYPERVISOR },
	[S_DOM0]	= { "dom0",	"dom0 up",		L_DOM0 },
	[S_DOMAIN]	= { "domain",	"domain created",	L_DOM0 },
	[S_KERNEL]	= { "kernel",	"kernel banner",	L_KERNEL },
	[S_INIT]	= { "init",	"init up",		L_KERNEL },
	[S_PLAN]	= { "plan",	"TAP plan",		L_INIT },
	[S_END]		= { "end",	"TAP end",		L_TEST },
	[S_POWEROFF]	= { "poweroff",	"power off",		L_INIT },
	[S_ENDED]	= { "ended",	"domain ended",		L_KERNEL },
	[S_OFF]		= { "off",	"machine off",		L_KERNEL },
};

static const char *const events[EVENTS] = {
	[V_SAVE] = "save", [V_PAUSE] = "pause", [V_VCPU] = "vcpu",
	[V_MEMORY] = "memory",
};

const char *event_name(enum event event)
{
	return events[event];
}

const char *stage_name(enum stage stage)
{
	return stages[stage].name;
}

const char *stage_label(enum stage stage)
{
	return stages[stage].label;
}

const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case PASS:		return "PASS";
	case FAIL:		return "FAIL";
	case ERROR:		return "ERROR";
	case SKIP:		return "SKIP";
	case CRASH:		return "CRASH";
	case TIMEOUT:		return "TIMEOUT";
	case INTERRUPTED:	return "INTERRUPTED";
	case RUNNING:		break;
	}
	return "RUNNING";
}

const char *layer_name(enum layer layer)
{
	static const char *const names[] = {
		[L_LAB] = "lab", [L_HYPERVISOR] = "hypervisor",
		[L_DOM0] = "dom0", [L_KERNEL] = "kernel",
		[L_INIT] = "init", [L_TEST] = "test",
	};

	return names[layer];
}

static bool expected(const struct boot *b, enum stage stage)
{
	switch (stage) {
	case S_HYPERVISOR:
		return b->role != ROLE_NATIVE;
	case S_DOM0:
	case S_DOMAIN:
	case S_ENDED:
		return b->role == ROLE_XENU;
	default:
		return true;
	}
}

enum stage boot_awaits(const struct boot *b)
{
	enum stage s;

	for (s = 0; s < S_OFF; s++)
		if (expected(b, s) && !b->reached[s])
			break;
	return s;
}

static enum layer layer_of(const struct boot *b, enum stage stage)
{
	/* Once the domain is gone, only dom0 is left to switch off. */
	if (stage == S_OFF && b->role == ROLE_XENU)
		return L_DOM0;
	return stages[stage].layer;
}

static unsigned int guest_port(const struct boot *b)
{
	return b->role == ROLE_XENU ? 1 : 0;
}

/* The first finding is the cause; what follows from it does not replace it. */
__attribute__((format(printf, 4, 5)))
static void conclude(struct boot *b, enum verdict verdict, enum layer layer,
		     const char *format, ...)
{
	va_list args;

	if (b->verdict != RUNNING)
		return;
	b->verdict = verdict;
	b->layer = layer;
	va_start(args, format);
	vsnprintf(b->reason, sizeof(b->reason), format, args);
	va_end(args);
}

/* ------------------------------------------------------------ the guest's TAP */

__attribute__((format(printf, 2, 3)))
static void breach(struct tap *tap, const char *format, ...)
{
	va_list args;

	if (tap->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(tap->wrong, sizeof(tap->wrong), format, args);
	va_end(args);
}

static void tap_reset(struct tap *tap)
{
	size_t i;

	for (i = 0; i < tap->count; i++) {
		free(tap->tests[i].name);
		free(tap->tests[i].why);
	}
	free(tap->tests);
	memset(tap, 0, sizeof(*tap));
}

/* The first rule a level as a whole does not keep, or NULL. */
static const char *tap_incomplete(struct tap *tap)
{
	if (!tap->planned)
		breach(tap, "no plan");
	else if (tap->count != tap->plan)
		breach(tap, "%zu of %zu tests reported", tap->count, tap->plan);
	return tap->wrong[0] ? tap->wrong : NULL;
}

static bool skip_text(const char **p, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*p, text, n))
		return false;
	*p += n;
	return true;
}

/* A plain decimal number: no sign, no leading zero, at most four digits. */
static bool skip_number(const char **p, size_t *value)
{
	size_t digits = strspn(*p, "0123456789");

	if (!digits || digits > 4 || (digits > 1 && **p == '0'))
		return false;
	*value = strtoul(*p, NULL, 10);
	*p += digits;
	return true;
}

static void tap_plan(struct tap *tap, const char *p)
{
	if (tap->planned) {
		breach(tap, "a second plan");
		return;
	}
	tap->planned = skip_number(&p, &tap->plan) &&
		(tap->plan ? !*p : skip_text(&p, " # SKIP ") && *p);
	if (!tap->planned)
		breach(tap, "malformed plan");
}

static int tap_add(struct tap *tap, const char *name, size_t name_len,
		   const char *why, int result)
{
	struct test *t;

	if (tap->count == tap->room) {
		size_t room = tap->room ? 2 * tap->room : 16;

		t = reallocarray(tap->tests, room, sizeof(*t));
		if (!t)
			return -1;
		tap->tests = t;
		tap->room = room;
	}
	t = &tap->tests[tap->count];
	t->result = result;
	t->why = NULL;
	t->name = strndup(name, name_len);
	if (!t->name)
		return -1;
	if (why && !(t->why = strdup(why))) {
		free(t->name);
		return -1;
	}
	tap->count++;
	tap->ok += result == OK;
	tap->failed += result == NOT_OK;
	tap->skipped += result == SKIPPED;
	return 0;
}

/* "I - NAME", "I - NAME # SKIP why" or "I - NAME # why", after ok or not ok. */
static int tap_test(struct tap *tap, bool ok, const char *p)
{
	const char *name, *why;
	size_t number, name_len, i;

	if (!skip_number(&p, &number) || !skip_text(&p, " - ") || !*p) {
		breach(tap, "malformed result after test %zu", tap->count);
		return 0;
	}
	if (number != tap->count + 1) {
		breach(tap, "test %zu came after test %zu", number, tap->count);
		return 0;
	}
	name = p;
	why = strstr(p, " # ");
	name_len = why ? (size_t)(why - name) : strlen(name);
	for (i = 0; i < tap->count; i++)
		if (strlen(tap->tests[i].name) == name_len &&
		    !strncmp(tap->tests[i].name, name, name_len))
			breach(tap, "tests %zu and %zu have the same name",
			       i + 1, number);
	if (why)
		why += strlen(" # ");
	if (ok && why && skip_text(&why, "SKIP")) {
		if (!skip_text(&why, " ") || !*why)
			breach(tap, "test %zu was skipped for no reason", number);
		return tap_add(tap, name, name_len, why, SKIPPED);
	}
	return tap_add(tap, name, name_len, why, ok ? OK : NOT_OK);
}

static bool has_subtests(const struct boot *b)
{
	return b->sub.version || b->sub.planned || b->sub.count ||
	       b->sub.wrong[0];
}

/* The subtests before a test are its own; what they said must agree with it. */
static int close_subtests(struct boot *b)
{
	struct test *t;
	size_t i;

	if (!has_subtests(b))
		return 0;
	if (b->tap.count) {
		t = &b->tap.tests[b->tap.count - 1];
		if (t->result != NOT_OK && (b->sub.failed ||
					    tap_incomplete(&b->sub)))
			breach(&b->tap, "%s is ok, but of its subtests %s",
			       t->name, b->sub.failed ? "one is not" :
			       b->sub.wrong);
		for (i = 0; i < b->sub.count && !t->why; i++)
			if (t->result == NOT_OK &&
			    b->sub.tests[i].result == NOT_OK) {
				t->why = strdup(b->sub.tests[i].name);
				if (!t->why)
					return -1;
			}
	}
	tap_reset(&b->sub);
	return 0;
}

/* Returns 1 if the line was TAP, 0 if not, -1 when out of memory. */
static int tap_line(struct boot *b, const char *line)
{
	size_t indent = strspn(line, " ");
	struct tap *tap = indent ? &b->sub : &b->tap;
	const char *p = line + indent;
	bool ok = true;

	if (indent != 0 && indent != 4)
		return 0;
	if (*p == '#' && (p[1] == ' ' || !p[1])) {
		tap->notes++;
		if (!b->tap.failed)
			snprintf(b->said[b->notes_said++ % SAID], LAST_WIDTH,
				 "%s", p);
		return 1;
	}
	if (skip_text(&p, "TAP version ")) {
		if (tap->version)
			breach(tap, "a second TAP version");
		if (strcmp(p, "13"))
			breach(tap, "malformed TAP version");
		tap->version = true;
		return 1;
	}
	if (skip_text(&p, "1..")) {
		if (!indent && !tap->version)
			breach(tap, "the plan came before the TAP version");
		tap_plan(tap, p);
		b->reached[S_PLAN] |= !indent && tap->planned;
		return 1;
	}
	if (skip_text(&p, "Bail out!")) {
		breach(tap, "bailed out:%s", p);
		return 1;
	}
	if (skip_text(&p, "not ok "))
		ok = false;
	else if (!skip_text(&p, "ok "))
		return 0;
	if (!indent && !tap->planned)
		breach(tap, "a result came before the plan");
	if (tap_test(tap, ok, p))
		return -1;
	if (!indent && close_subtests(b))
		return -1;
	if (!indent && !b->tap.failed)
		b->notes_said = 0;
	return 1;
}

/* "P/N" or "P/N S skipped": init's own count must be the one made here. */
static void tap_end(struct boot *b, const char *p)
{
	size_t passed, planned, skipped = 0;

	if (!skip_number(&p, &passed) || !skip_text(&p, "/") ||
	    !skip_number(&p, &planned) ||
	    (*p && !(skip_text(&p, " ") && skip_number(&p, &skipped) &&
		     skip_text(&p, " skipped") && !*p)))
		breach(&b->tap, "malformed end");
	else if (has_subtests(b))
		breach(&b->tap, "the last subtests have no test");
	else if (!tap_incomplete(&b->tap) &&
		 (passed != b->tap.ok || planned != b->tap.plan ||
		  skipped != b->tap.skipped))
		breach(&b->tap, "init counted %zu/%zu, %zu skipped; "
		       "the log has %zu/%zu, %zu skipped",
		       passed, planned, skipped,
		       b->tap.ok, b->tap.plan, b->tap.skipped);
}

/* ------------------------------------------------------------------- a line */

/*
 * Does the next line belong to the reason?  Xen says where first, and what in the
 * next line; so does a BUG.  An oops of x86_64 says what, and then where.
 */
static bool goes_on(const struct trouble *t, const char *line, size_t len)
{
	static const char where[] = " RIP: ";
	const size_t n = strlen(where);

	if (t->speaker == BY_XEN)
		return len && line[len - 1] == ':';
	return !strcmp(t->text, CUT_HERE) || !strcmp(t->text, CUT_HERE_64) ||
		(len >= n && !memcmp(line + len - n, where, n));
}

static void find_trouble(struct boot *b, unsigned int port, const char *line,
			 size_t len)
{
	const struct trouble *t;
	enum layer layer;
	size_t i;

	if (b->trouble)
		return;
	for (i = 0; i < ARRAY_SIZE(troubles); i++)
		if (memmem(line, len, troubles[i].text,
			   strlen(troubles[i].text)))
			break;
	if (i == ARRAY_SIZE(troubles))
		return;

	t = &troubles[i];
	layer = b->role == ROLE_XENU && port == 0 ? L_DOM0 : L_KERNEL;
	if (t->speaker == BY_XEN)
		layer = L_HYPERVISOR;
	else if (t->speaker == ON_INIT && layer == L_KERNEL)
		layer = L_INIT;
	else if (t->speaker == BY_XEN_ON_DOMAIN &&
		 !memmem(line, len, "Dom0", 4) &&
		 !memmem(line, len, "Domain 0 ", 9))
		layer = L_KERNEL;
	b->trouble = true;
	b->verdict = RUNNING;	/* it outweighs what was found before */
	b->port[port].unfinished = goes_on(t, line, len);
	while (len && line[len - 1] == ' ')
		len--;
	conclude(b, CRASH, layer, "%.*s", (int)len, line);
}

static void finish_reason(struct boot *b, const char *line)
{
	size_t len = strlen(b->reason);

	if (!strncmp(line, "(XEN) ", 6))
		line += 6;
	snprintf(b->reason + len, sizeof(b->reason) - len, " %s", line);
}

static void seen_once(struct boot *b, enum stage stage)
{
	if (b->reached[stage])
		conclude(b, CRASH, L_KERNEL, "\"%s\" was said twice",
			 stages[stage].label);
	b->reached[stage] = true;
}

static int guest_line(struct boot *b, const char *line)
{
	const char *p = line;
	int tap;

	if (!b->reached[S_KERNEL] && strstr(line, "Linux version "))
		b->reached[S_KERNEL] = true;

	/* Drivers still look for devices then, and printk() waits for no line to
	 * end.  It cannot make init say this. */
	if (strstr(line, "LAB init: up")) {
		seen_once(b, S_INIT);
		return 0;
	}
	if (skip_text(&p, "LAB init: ")) {
		if (skip_text(&p, "end ")) {
			seen_once(b, S_END);
			tap_end(b, p);
		} else if (!strcmp(p, "power off")) {
			seen_once(b, S_POWEROFF);
		}
		return 0;
	}
	if (!b->reached[S_INIT] || b->reached[S_END])
		return 0;
	tap = tap_line(b, line);
	if (tap > 0 && b->copy)
		fprintf(b->copy, "%s\n", line);
	return tap < 0 ? -1 : 0;
}

static void xen_line(struct boot *b, const char *line)
{
	if (!strstr(line, "(XEN)"))
		return;
	if (strstr(line, "Xen version "))
		b->reached[S_HYPERVISOR] = true;
	/* A domain 0 without ACPI can have the machine halted, not switched off. */
	if (strstr(line, "Hardware Dom0 halted"))
		b->halted = true;
}

/* The event of that name, EVENTS if there is none. */
static enum event event_of(const char *name, size_t len)
{
	enum event e;

	for (e = 0; e < EVENTS; e++)
		if (strlen(events[e]) == len && !strncmp(events[e], name, len))
			break;
	return e;
}

/* "N: KIND" begins an event; "N: KIND done", "... failed: WHY" or "... stuck: WHY"
 * ends it; other words tell how it goes. */
static void event_line(struct boot *b, const char *p)
{
	const char *whole = p;
	size_t number, len;
	enum event e;

	if (!skip_number(&p, &number) || !skip_text(&p, ": "))
		return;
	len = strcspn(p, " ");
	e = event_of(p, len);
	p += len;
	if (e == EVENTS)
		return;
	if (!*p) {
		snprintf(b->event, sizeof(b->event), "event %s", whole);
		return;
	}
	if (!strcmp(p, " done"))
		b->done[e]++;
	else if (skip_text(&p, " failed: "))
		conclude(b, ERROR, L_DOM0, "%s failed: %s", b->event, p);
	else if (skip_text(&p, " stuck: "))
		conclude(b, TIMEOUT, L_KERNEL, "%s stuck: %s", b->event, p);
	else
		return;
	b->event[0] = '\0';
}

/* "LAB disk NAME: clean" or "LAB disk NAME: damaged: WHY" */
static void disk_line(struct boot *b, const char *line)
{
	const char *p = line, *said;

	if (!skip_text(&p, "LAB disk ") || !(said = strstr(p, ": ")))
		return;
	if (!strcmp(said, ": clean"))
		b->clean++;
	else if (!*b->damage)
		snprintf(b->damage, sizeof(b->damage), "disk %s", p);
}

static void dom0_line(struct boot *b, const char *line)
{
	const char *p = line;

	if (!skip_text(&p, "LAB dom0: "))
		return;
	if (!strcmp(p, "up")) {
		seen_once(b, S_DOM0);
	} else if (!strcmp(p, "domain created")) {
		seen_once(b, S_DOMAIN);
	} else if (skip_text(&p, "domain ended: ")) {
		seen_once(b, S_ENDED);
		if (strcmp(p, "poweroff"))
			conclude(b, CRASH, L_KERNEL, "domain ended: %s%s%s", p,
				 b->event[0] ? ", in " : "", b->event);
	} else if (skip_text(&p, "event ")) {
		event_line(b, p);
	} else if (skip_text(&p, "failed: ")) {
		conclude(b, ERROR, L_DOM0, "%s", p);
	}
}

/* Text only from here on: it goes to people and into JSON. */
static void make_printable(char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = line[i] == '\t' ? ' ' : '?';
}

/* One whole line, or with torn the end of one whose beginning was given before. */
static int finish_line(struct boot *b, unsigned int number)
{
	struct port *port = &b->port[number];
	char *line = port->line;
	size_t len = port->len;
	int error = 0;

	while (len && line[len - 1] == '\r')
		len--;
	while (len && *line == '\r') {
		line++;
		len--;
	}
	make_printable(line, len);
	line[len] = '\0';
	if (port->unfinished)
		finish_reason(b, line);
	port->unfinished = false;
	find_trouble(b, number, line, len);

	snprintf(port->last[port->lines++ % LAST_LINES], LAST_WIDTH, "%s", line);
	if (!port->torn) {
		if (number == 0) {
			xen_line(b, line);
			disk_line(b, line);
		}
		if (number == 0 && b->role == ROLE_XENU)
			dom0_line(b, line);
		if (number == guest_port(b))
			error = guest_line(b, line);
	}
	port->len = 0;
	port->torn = false;
	return error;
}

/* The line is longer than is kept: look through it and go on with its end. */
static void spill_line(struct boot *b, unsigned int number)
{
	struct port *port = &b->port[number];

	make_printable(port->line, port->len);
	find_trouble(b, number, port->line, port->len);
	memmove(port->line, port->line + port->len - OVERLAP, OVERLAP);
	port->len = OVERLAP;
	port->torn = true;
}

/* --------------------------------------------------------------- the interface */

void boot_init(struct boot *b, enum role role, FILE *copy)
{
	memset(b, 0, sizeof(*b));
	b->role = role;
	b->copy = copy;
	b->verdict = RUNNING;
}

void boot_free(struct boot *b)
{
	tap_reset(&b->tap);
	tap_reset(&b->sub);
}

bool order_events(unsigned int ordered[EVENTS], const char *kinds)
{
	for (;;) {
		size_t len = strcspn(kinds, ",:"), least = 1;
		enum event e = event_of(kinds, len);

		if (e == EVENTS)
			return false;
		kinds += len;
		if (skip_text(&kinds, ":") &&
		    (!skip_number(&kinds, &least) || !least || least > 99999))
			return false;
		ordered[e] = least;
		if (!*kinds)
			return true;
		if (!skip_text(&kinds, ","))
			return false;
	}
}

int boot_feed(struct boot *b, unsigned int number, const char *bytes, size_t n)
{
	struct port *port = &b->port[number];

	while (n) {
		const char *end = memchr(bytes, '\n', n);
		size_t part = end ? (size_t)(end - bytes) : n;
		size_t space = sizeof(port->line) - 1 - port->len;

		if (part > space) {
			part = space;
			end = NULL;
		}
		memcpy(port->line + port->len, bytes, part);
		port->len += part;
		bytes += part;
		n -= part;
		if (end) {
			bytes++;
			n--;
			if (finish_line(b, number))
				return -1;
		} else if (port->len == sizeof(port->line) - 1) {
			spill_line(b, number);
		}
	}
	return 0;
}

/* The first kind of which fewer were done than ordered, EVENTS if there is none. */
static enum event event_missing(const struct boot *b)
{
	enum event e;

	for (e = 0; e < EVENTS; e++)
		if (b->done[e] < b->ordered[e])
			break;
	return e;
}

/* "; events: 12 save, 9 pause", nothing if none was ordered. */
static void events_text(const struct boot *b, char *text, size_t size)
{
	const char *between = "; events:";
	enum event e;
	size_t at = 0;

	*text = '\0';
	for (e = 0; e < EVENTS; e++) {
		if (!b->ordered[e])
			continue;
		at += snprintf(text + at, size - at, "%s %u %s", between,
			       b->done[e], events[e]);
		between = ",";
	}
}

static void judge_tests(struct boot *b)
{
	const char *wrong = tap_incomplete(&b->tap);
	const struct test *t = b->tap.tests;
	enum event missing = event_missing(b);
	char done[128];

	if (!wrong && !b->tap.plan)
		wrong = "there was no test";
	if (wrong) {
		conclude(b, CRASH, L_TEST, "no valid result: %s", wrong);
	} else if (b->tap.failed) {
		while (t->result != NOT_OK)
			t++;
		conclude(b, FAIL, L_TEST, "not ok %zu - %s%s%s",
			 t - b->tap.tests + 1, t->name,
			 t->why ? ": " : "", t->why ? t->why : "");
	} else if (*b->damage) {
		conclude(b, FAIL, L_KERNEL, "%s", b->damage);
	} else if (b->clean < b->disks) {
		conclude(b, ERROR, L_LAB, "%u of %u disks were checked",
			 b->clean, b->disks);
	} else if (missing != EVENTS && !b->done[missing]) {
		conclude(b, ERROR, L_DOM0, "not one %s was done",
			 events[missing]);
	} else if (missing != EVENTS) {
		conclude(b, ERROR, L_DOM0, "%u %s were done, not %u",
			 b->done[missing], events[missing], b->ordered[missing]);
	} else if (!b->tap.ok) {
		conclude(b, SKIP, L_TEST, "all was skipped: %s", t->why);
	} else {
		events_text(b, done, sizeof(done));
		conclude(b, PASS, L_NONE, "%zu of %zu tests passed, %zu skipped%s",
			 b->tap.ok, b->tap.plan, b->tap.skipped, done);
	}
}

/* The newest whole line of the port that has most. */
static const char *busiest_line(const struct boot *b)
{
	const struct port *port = &b->port[b->port[1].lines > b->port[0].lines];

	return port->lines ? port->last[(port->lines - 1) % LAST_LINES] : "";
}

void boot_judge(struct boot *b, enum ending ending, unsigned int limit)
{
	const char *busy = busiest_line(b);
	char done[128] = "";
	enum stage stage;
	enum layer layer;
	unsigned int i;

	/* A line without its end may still tell of a panic, but of nothing good. */
	for (i = 0; i < PORTS; i++)
		if (b->port[i].len) {
			b->port[i].torn = true;
			finish_line(b, i);
		}

	stage = boot_awaits(b);
	if (ending == E_OFF && stage == S_OFF) {
		b->reached[S_OFF] = true;
		judge_tests(b);
		return;
	}

	layer = layer_of(b, stage);
	if (stage == S_END)
		snprintf(done, sizeof(done), " (%zu of %zu tests reported)",
			 b->tap.count, b->tap.plan);
	if (b->event[0])
		snprintf(done + strlen(done), sizeof(done) - strlen(done),
			 ", in %s", b->event);
	switch (ending) {
	case E_OFF:
		conclude(b, CRASH, layer, "the machine went off before: %s%s",
			 stages[stage].label, done);
		break;
	case E_SILENCE:
		conclude(b, TIMEOUT, layer, "silent for %u s, waiting for: %s%s",
			 limit, stages[stage].label, done);
		break;
	case E_TOTAL:
		conclude(b, TIMEOUT, layer,
			 "not done after %u s, waiting for: %s%s",
			 limit, stages[stage].label, done);
		break;
	case E_FLOOD:
		conclude(b, CRASH, layer,
			 "more than %u MB of log, waiting for: %s%s; in it: %s",
			 limit, stages[stage].label, done,
			 *busy ? busy : busiest_line(b));
		break;
	}
}

const char *boot_last(const struct boot *b, unsigned int number, size_t i)
{
	const struct port *port = &b->port[number];
	size_t kept = port->lines < LAST_LINES ? port->lines : LAST_LINES;

	if (i >= kept)
		return NULL;
	return port->last[(port->lines - kept + i) % LAST_LINES];
}

const char *boot_said(const struct boot *b, size_t i)
{
	size_t kept = b->notes_said < SAID ? b->notes_said : SAID;

	if (!b->tap.failed || i >= kept)
		return NULL;
	return b->said[(b->notes_said - kept + i) % SAID];
}
