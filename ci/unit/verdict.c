// SPDX-License-Identifier: GPL-2.0
/*
 * The log reader of the lab (tools/lab/verdict.c), fed with logs.
 *
 * usage: verdict DATADIR     (ci/data, with recorded logs)
 */
#include "../../tools/lab/verdict.c"

#include <setjmp.h>
#include <stdint.h>
/* After the above. */
#include <cmocka.h>

static const char *datadir;

/* A good xen0 boot, in the pieces the tests replace. */
#define XEN	"(XEN) Xen version 4.17.7 (Debian)\r\n"
#define KERNEL	"Linux version 2.6.12.6-xen0 (gcc version 3.4.6)\r\n"
#define UP	"LAB init: up\r\n"
#define PLAN(n)	"TAP version 13\r\n1.." #n "\r\n"
#define GONE	"LAB init: power off\r\n"
#define BOOT	XEN KERNEL UP
#define GOOD	BOOT PLAN(2) "ok 1 - a\r\nok 2 - b\r\nLAB init: end 2/2\r\n" GONE
/* The same of xenU, by port. */
#define DOM0	XEN "[    0.000000] Linux version 6.1.0\r\nLAB dom0: up\r\n" \
		"LAB dom0: domain created\r\n"
#define DOM0_OK	DOM0 "LAB dom0: domain ended: poweroff\r\nLAB dom0: power off\r\n"
#define DOMU	KERNEL UP PLAN(1) "ok 1 - a\r\nLAB init: end 1/1\r\n" GONE

struct log {
	enum role role;
	const char *text[PORTS];
	size_t len[PORTS];
};

/* The verdict on a log given in pieces of at most step bytes. */
static struct boot *read_log(const struct log *log, enum ending ending, size_t step)
{
	struct boot *b = malloc(sizeof(*b));
	unsigned int port;
	size_t at, n;

	assert_non_null(b);
	boot_init(b, log->role, NULL);
	for (port = 0; port < PORTS; port++)
		for (at = 0; at < log->len[port]; at += n) {
			n = log->len[port] - at;
			n = n < step ? n : step;
			assert_int_equal(boot_feed(b, port,
						   log->text[port] + at, n), 0);
		}
	boot_judge(b, ending, 60);
	return b;
}

static struct boot *read_text(enum role role, const char *first,
			      const char *second, enum ending ending, size_t step)
{
	struct log log = {
		role, { first, second },
		{ strlen(first), second ? strlen(second) : 0 },
	};

	return read_log(&log, ending, step);
}

static void feed(struct boot *b, const char *text)
{
	assert_int_equal(boot_feed(b, 0, text, strlen(text)), 0);
}

static void drop(struct boot *b)
{
	boot_free(b);
	free(b);
}

/* A file of DATADIR, in exactly as many bytes as it has. */
static void load(struct log *log, unsigned int port, const char *name)
{
	char path[4096];
	char *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", datadir, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: cannot open", path);
	fseek(f, 0, SEEK_END);
	log->len[port] = ftell(f);
	rewind(f);
	text = malloc(log->len[port]);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, log->len[port], f), log->len[port]);
	fclose(f);
	log->text[port] = text;
}

static void unload(struct log *log)
{
	free((char *)log->text[0]);
	free((char *)log->text[1]);
}

static void expect(const char *name, struct boot *b, enum verdict verdict,
		   enum layer layer, const char *reason)
{
	if (b->verdict != verdict || b->layer != layer ||
	    !strstr(b->reason, reason))
		fail_msg("%s: %s in layer %d: %s", name, verdict_name(b->verdict),
			 b->layer, b->reason);
	drop(b);
}

/* ------------------------------------------------------------ short logs */

static const struct {
	const char *name;
	enum role role;
	const char *first, *second;
	enum ending ending;
	enum verdict verdict;
	enum layer layer;
	const char *reason;
} shorts[] = {
	{ "good", ROLE_XEN0, GOOD, NULL, E_OFF, PASS, L_NONE, "2 of 2" },
	{ "good xenU", ROLE_XENU, DOM0_OK, DOMU, E_OFF, PASS, L_NONE, "1 of 1" },
	{ "good without Xen", ROLE_NATIVE, KERNEL UP PLAN(1)
	  "ok 1 - a\nLAB init: end 1/1\n" GONE, NULL, E_OFF, PASS, L_NONE, "1 of 1" },
	{ "nothing without Xen", ROLE_NATIVE, "", NULL, E_SILENCE, TIMEOUT, L_KERNEL,
	  "kernel banner" },
	{ "nothing", ROLE_XEN0, "", NULL, E_OFF, CRASH, L_HYPERVISOR,
	  "hypervisor up" },
	{ "nothing for long", ROLE_XEN0, "", NULL, E_SILENCE, TIMEOUT,
	  L_HYPERVISOR, "silent for 60 s, waiting for: hypervisor up" },
	{ "no kernel", ROLE_XEN0, XEN, NULL, E_SILENCE, TIMEOUT, L_KERNEL,
	  "kernel banner" },
	{ "no init", ROLE_XEN0, XEN KERNEL, NULL, E_SILENCE, TIMEOUT, L_KERNEL,
	  "init up" },
	{ "no plan", ROLE_XEN0, BOOT, NULL, E_SILENCE, TIMEOUT, L_INIT,
	  "TAP plan" },
	{ "a test hangs", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\n", NULL, E_TOTAL,
	  TIMEOUT, L_TEST, "TAP end (1 of 2 tests reported)" },
	{ "off in a test", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\n", NULL, E_OFF,
	  CRASH, L_TEST, "went off before: TAP end" },
	{ "off without a word", ROLE_XEN0,
	  BOOT PLAN(1) "ok 1 - a\nLAB init: end 1/1\n", NULL, E_OFF,
	  CRASH, L_INIT, "went off before: power off" },
	{ "does not go off", ROLE_XEN0, GOOD, NULL, E_SILENCE, TIMEOUT, L_KERNEL,
	  "machine off" },
	{ "result without a boot", ROLE_XEN0, UP PLAN(1)
	  "ok 1 - a\nLAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH,
	  L_HYPERVISOR, "hypervisor up" },
	{ "too much", ROLE_XEN0, BOOT "x\ny\nz", NULL, E_FLOOD, CRASH, L_INIT,
	  "more than 60 MB of log, waiting for: TAP plan; in it: y" },
	{ "too much of the guest", ROLE_XENU, DOM0, KERNEL "z\nz\nz\nz\nz\nz\n",
	  E_FLOOD, CRASH, L_KERNEL, "in it: z" },
	{ "too much, not a line", ROLE_XEN0, "zzz", NULL, E_FLOOD, CRASH,
	  L_HYPERVISOR, "in it: zzz" },

	{ "no dom0", ROLE_XENU, XEN, "", E_SILENCE, TIMEOUT, L_DOM0, "dom0 up" },
	{ "dom0 panics", ROLE_XENU, XEN "Kernel panic - not syncing: x\n", "",
	  E_SILENCE, CRASH, L_DOM0, "Kernel panic" },
	{ "dom0 fails", ROLE_XENU, XEN "LAB dom0: up\n"
	  "LAB dom0: failed: xl: no memory\nLAB dom0: power off\n", "", E_OFF,
	  ERROR, L_DOM0, "xl: no memory" },
	{ "domain crashes", ROLE_XENU, DOM0 "LAB dom0: domain ended: crash\n",
	  KERNEL, E_OFF, CRASH, L_KERNEL, "domain ended: crash" },
	{ "domain reboots", ROLE_XENU, DOM0 "LAB dom0: domain ended: reboot\n",
	  DOMU, E_OFF, CRASH, L_KERNEL, "domain ended: reboot" },
	{ "Xen on the domain", ROLE_XENU,
	  DOM0 "(XEN) Domain 1 (vcpu#0) crashed on cpu#0:\n", "", E_OFF, CRASH,
	  L_KERNEL, "Domain 1 (vcpu#0)" },
	{ "Xen on domain 10", ROLE_XENU,
	  DOM0 "(XEN) Domain 10 (vcpu#0) crashed on cpu#0:\n", "", E_OFF, CRASH,
	  L_KERNEL, "Domain 10" },
	{ "Xen on dom0", ROLE_XENU,
	  DOM0 "(XEN) Domain 0 (vcpu#0) crashed on cpu#0:\n", "", E_OFF, CRASH,
	  L_DOM0, "Domain 0" },
	{ "Xen on xen0", ROLE_XEN0,
	  XEN "(XEN) Domain 0 (vcpu#0) crashed on cpu#0:\n", NULL, E_OFF, CRASH,
	  L_KERNEL, "Domain 0" },
	{ "Xen panics", ROLE_XENU, DOM0 "(XEN) Panic on CPU 0:\r\n(XEN) Oh no\r\n",
	  "", E_OFF, CRASH, L_HYPERVISOR, "(XEN) Panic on CPU 0: Oh no" },
	{ "Xen panics and is cut off", ROLE_XENU, DOM0 "(XEN) Panic on CPU 0:\n",
	  "", E_OFF, CRASH, L_HYPERVISOR, "(XEN) Panic on CPU 0:" },
	{ "dom0 reboots", ROLE_XEN0,
	  GOOD "(XEN) Hardware Dom0 shutdown: rebooting machine\n", NULL, E_OFF,
	  CRASH, L_KERNEL, "rebooting machine" },
	{ "init ends", ROLE_XEN0, BOOT
	  "Kernel panic - not syncing: Attempted to kill init!\n", NULL, E_OFF,
	  CRASH, L_INIT, "Attempted to kill init" },
	{ "init ends, of an oops", ROLE_XEN0, BOOT "Oops: 0002 [#1]\n"
	  "Kernel panic - not syncing: Attempted to kill init!\n", NULL, E_OFF,
	  CRASH, L_KERNEL, "Oops: 0002" },
	{ "dom0's init ends", ROLE_XENU, XEN
	  "Kernel panic - not syncing: Attempted to kill init!\n", "", E_OFF,
	  CRASH, L_DOM0, "Attempted to kill init" },
	{ "a BUG", ROLE_XENU, DOM0, KERNEL "------------[ cut here ]------------\r\n"
	  "kernel BUG at kernel/sched.c:1!\r\n", E_SILENCE, CRASH, L_KERNEL,
	  "[ cut here ]------------ kernel BUG at kernel/sched.c:1!" },
	{ "a BUG of x86_64", ROLE_XENU, DOM0, KERNEL
	  "----------- [cut here ] --------- [please bite here ] ---------\r\n"
	  "Kernel BUG at \"kernel/sched.c\":1\r\n"
	  "invalid operand: 0000 [1] PREEMPT SMP \r\n", E_SILENCE, CRASH, L_KERNEL,
	  "[please bite here ] --------- Kernel BUG at \"kernel/sched.c\":1" },
	{ "an oops of x86_64", ROLE_XEN0, BOOT
	  "Unable to handle kernel paging request at ffffc20000000010 RIP: \r\n"
	  "<ffffffff80131a4e>{:schedule+110}\r\nPGD 0 \r\n"
	  "Oops: 0002 [1] PREEMPT SMP \r\n", NULL, E_SILENCE, CRASH, L_KERNEL,
	  "at ffffc20000000010 RIP: <ffffffff80131a4e>{:schedule+110}" },
	{ "an oops of x86_64 and nothing more", ROLE_XEN0, BOOT
	  "Unable to handle kernel NULL pointer dereference at 0000000000000008 RIP: \n",
	  NULL, E_SILENCE, CRASH, L_KERNEL, "at 0000000000000008 RIP:" },
	{ "guest panics", ROLE_XENU, DOM0, KERNEL "Kernel panic - not syncing\n",
	  E_SILENCE, CRASH, L_KERNEL, "Kernel panic" },
	{ "result on the wrong port", ROLE_XENU,
	  DOM0_OK UP PLAN(1) "ok 1 - a\nLAB init: end 1/1\n" GONE, KERNEL, E_OFF,
	  CRASH, L_KERNEL, "init up" },

	{ "a test fails", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\nnot ok 2 - b # why\n"
	  "LAB init: end 1/2\n" GONE, NULL, E_OFF, FAIL, L_TEST,
	  "not ok 2 - b: why" },
	{ "a subtest fails", ROLE_XEN0, BOOT PLAN(1) "    1..2\n    ok 1 - x\n"
	  "    not ok 2 - y\nnot ok 1 - a\nLAB init: end 0/1\n" GONE, NULL,
	  E_OFF, FAIL, L_TEST, "not ok 1 - a: y" },
	{ "half of a failed test's subtests", ROLE_XEN0, BOOT PLAN(1)
	  "    1..2\n    ok 1 - x\nnot ok 1 - a # killed\nLAB init: end 0/1\n"
	  GONE, NULL, E_OFF, FAIL, L_TEST, "not ok 1 - a: killed" },
	{ "ok over a failed subtest", ROLE_XEN0, BOOT PLAN(1) "    1..1\n"
	  "    not ok 1 - x\nok 1 - a\nLAB init: end 1/1\n" GONE, NULL, E_OFF,
	  CRASH, L_TEST, "of its subtests one is not" },
	{ "ok over half of the subtests", ROLE_XEN0, BOOT PLAN(1) "    1..2\n"
	  "    ok 1 - x\nok 1 - a\nLAB init: end 1/1\n" GONE, NULL, E_OFF,
	  CRASH, L_TEST, "1 of 2 tests reported" },
	{ "one is skipped", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\n"
	  "    1..0 # SKIP no\nok 2 - b # SKIP no\n"
	  "LAB init: end 1/2 1 skipped\n" GONE, NULL, E_OFF, PASS, L_NONE,
	  "1 skipped" },
	{ "all are skipped", ROLE_XEN0, BOOT PLAN(1) "ok 1 - a # SKIP not here\n"
	  "LAB init: end 0/1 1 skipped\n" GONE, NULL, E_OFF, SKIP, L_TEST,
	  "not here" },
	{ "skipped for no reason", ROLE_XEN0, BOOT PLAN(1) "ok 1 - a # SKIP\n"
	  "LAB init: end 0/1 1 skipped\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "for no reason" },

	{ "no tests", ROLE_XEN0, BOOT PLAN(0) "LAB init: end 0/0\n" GONE, NULL,
	  E_OFF, CRASH, L_INIT, "TAP plan" },
	{ "no tests, with a reason", ROLE_XEN0, BOOT
	  "TAP version 13\n1..0 # SKIP no\nLAB init: end 0/0\n" GONE, NULL, E_OFF,
	  CRASH, L_TEST, "there was no test" },
	{ "another TAP version", ROLE_XEN0, BOOT "TAP version 1\n1..1\n"
	  "ok 1 - a\nLAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "malformed TAP version" },
	{ "no TAP version", ROLE_XEN0, BOOT "1..1\nok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "before the TAP version" },
	{ "two plans", ROLE_XEN0, BOOT PLAN(1) "1..1\nok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "a second plan" },
	{ "too few results", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\n"
	  "LAB init: end 1/2\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "1 of 2 tests" },
	{ "too many results", ROLE_XEN0, BOOT PLAN(1) "ok 1 - a\nok 2 - b\n"
	  "LAB init: end 2/1\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "2 of 1 tests" },
	{ "a gap", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\nok 3 - b\n"
	  "LAB init: end 2/2\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "test 3 came after test 1" },
	{ "one name twice", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\nok 2 - a\n"
	  "LAB init: end 2/2\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "same name" },
	{ "a name that begins another", ROLE_XEN0, BOOT PLAN(2) "ok 1 - ab\n"
	  "ok 2 - a\nLAB init: end 2/2\n" GONE, NULL, E_OFF, PASS, L_NONE, "" },
	{ "no name", ROLE_XEN0, BOOT PLAN(1) "ok 1\nLAB init: end 1/1\n" GONE,
	  NULL, E_OFF, CRASH, L_TEST, "malformed result" },
	{ "a huge number", ROLE_XEN0, BOOT PLAN(1) "ok 99999999999999999999 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_TEST, "malformed" },
	{ "bailed out", ROLE_XEN0, BOOT PLAN(1) "Bail out! no memory\n"
	  "LAB init: end 0/1\n" GONE, NULL, E_OFF, CRASH, L_TEST, "no memory" },
	{ "init counts otherwise", ROLE_XEN0, BOOT PLAN(2) "ok 1 - a\n"
	  "not ok 2 - b\nLAB init: end 2/2\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "init counted 2/2" },
	{ "a malformed end", ROLE_XEN0, BOOT PLAN(1) "ok 1 - a\n"
	  "LAB init: end 1/1x\n" GONE, NULL, E_OFF, CRASH, L_TEST,
	  "malformed end" },
	{ "up twice", ROLE_XEN0, XEN KERNEL UP GOOD, NULL, E_OFF, CRASH, L_KERNEL,
	  "\"init up\" was said twice" },
	{ "up twice, once beside something else", ROLE_XEN0, XEN KERNEL
	  "LAB init: upACPI: x\r\n\r\n" UP PLAN(1) "ok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_KERNEL,
	  "\"init up\" was said twice" },
	{ "a driver goes on in init's first line", ROLE_XENU, DOM0_OK, KERNEL
	  "LAB init: upnetfront: x\r\n\r\n" PLAN(1) "ok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, E_OFF, PASS, L_NONE, "1 of 1" },
	{ "init goes on in a driver's line", ROLE_XENU, DOM0_OK, KERNEL
	  "netfront: LAB init: up\r\nx\r\n" PLAN(1) "ok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, E_OFF, PASS, L_NONE, "1 of 1" },
	{ "a panic goes on in init's first line", ROLE_XENU, DOM0, KERNEL
	  "LAB init: upKernel panic - not syncing: x\r\n", E_SILENCE, CRASH,
	  L_KERNEL, "not syncing: x" },
	{ "init says something else", ROLE_XEN0, XEN KERNEL
	  "LAB init: mount proc on /proc: no\n", NULL, E_SILENCE, TIMEOUT,
	  L_KERNEL, "init up" },
	{ "results before init", ROLE_XEN0, XEN KERNEL PLAN(1) "ok 1 - a\n" UP
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_INIT, "TAP plan" },
	{ "not at the start of a line", ROLE_XEN0, BOOT PLAN(1) "xok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_TEST, "0 of 1" },
	{ "carriage returns around", ROLE_XEN0, BOOT "\rTAP version 13\r\n"
	  "\r1..1\r\r\n\rok 1 - a\r\nLAB init: end 1/1\n\r" GONE, NULL, E_OFF,
	  PASS, L_NONE, "" },
	{ "the last line without its end", ROLE_XEN0, BOOT PLAN(1) "ok 1 - a\n"
	  "LAB init: end 1/1\nLAB init: power off", NULL, E_OFF, CRASH, L_INIT,
	  "power off" },
	{ "a panic without its end", ROLE_XEN0, BOOT "x Kernel panic", NULL,
	  E_SILENCE, CRASH, L_KERNEL, "x Kernel panic" },
	{ "an oops after all passed", ROLE_XEN0, GOOD "Oops: 0000 [#1]\n", NULL,
	  E_OFF, CRASH, L_KERNEL, "Oops: 0000" },
	{ "a warning outweighs a failure", ROLE_XEN0, BOOT PLAN(1)
	  "scheduling while atomic: a/0x1/2\nnot ok 1 - a\nLAB init: end 0/1\n"
	  GONE, NULL, E_OFF, CRASH, L_KERNEL, "scheduling while atomic" },
	{ "an unmount that left inodes", ROLE_XEN0, BOOT PLAN(1)
	  "VFS: Busy inodes after unmount. Self-destruct\nok 1 - a\n"
	  "LAB init: end 1/1\n" GONE, NULL, E_OFF, CRASH, L_KERNEL,
	  "VFS: Busy inodes after unmount" },
	{ "the domain crashes in an event", ROLE_XENU,
	  DOM0 "LAB dom0: event 3: vcpu\nLAB dom0: domain ended: crash\n", KERNEL,
	  E_OFF, CRASH, L_KERNEL, "domain ended: crash, in event 3: vcpu" },
	{ "a guest that takes no part", ROLE_XENU, DOM0 "LAB dom0: event 1: save\n"
	  "LAB dom0: event 1: save stuck: not suspended\nLAB dom0: power off\n",
	  KERNEL UP, E_OFF, TIMEOUT, L_KERNEL,
	  "event 1: save stuck: not suspended" },
	{ "an event that dom0 cannot do", ROLE_XENU,
	  DOM0 "LAB dom0: event 1: memory\n"
	  "LAB dom0: event 1: memory failed: xl: no\nLAB dom0: power off\n",
	  KERNEL UP, E_OFF, ERROR, L_DOM0, "event 1: memory failed: xl: no" },
	{ "silence in an event", ROLE_XENU, DOM0 "LAB dom0: event 12: save\n"
	  "LAB dom0: event 12: save restoring\n", KERNEL UP PLAN(1), E_SILENCE,
	  TIMEOUT, L_TEST, "TAP end (0 of 1 tests reported), in event 12: save" },
	{ "a panic outweighs a stuck event", ROLE_XENU,
	  DOM0 "LAB dom0: event 1: save\nLAB dom0: event 1: save stuck: x\n",
	  KERNEL "Kernel panic - not syncing: y\n", E_OFF, CRASH, L_KERNEL,
	  "not syncing: y" },
	{ "the panic is the cause of the crash", ROLE_XENU,
	  DOM0 "LAB dom0: domain ended: crash\n",
	  KERNEL "Kernel panic - not syncing: y\n", E_OFF, CRASH, L_KERNEL,
	  "not syncing: y" },
};

static void short_logs(void **state)
{
	static const size_t steps[] = { 1 << 20, 1, 7 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(shorts); i++)
		for (j = 0; j < ARRAY_SIZE(steps); j++)
			expect(shorts[i].name,
			       read_text(shorts[i].role, shorts[i].first,
					 shorts[i].second, shorts[i].ending,
					 steps[j]),
			       shorts[i].verdict, shorts[i].layer,
			       shorts[i].reason);
}

/* ------------------------------------------------------------ events */

#define DONE(what)	"LAB dom0: event " what "\nLAB dom0: event " what " done\n"

/* A pass has all that was ordered in it, and nothing else counts as done. */
static void ordered_events(void **state)
{
	static const struct {
		const char *order, *events, *guest;
		enum verdict verdict;
		enum layer layer;
		const char *reason;
	} cases[] = {
		{ "save,vcpu", DONE("1: vcpu") DONE("2: save") DONE("3: vcpu"),
		  DOMU, PASS, L_NONE,
		  "1 of 1 tests passed, 0 skipped; events: 1 save, 2 vcpu" },
		{ "pause", DONE("1: pause") DONE("2: save"), DOMU, PASS, L_NONE,
		  "; events: 1 pause" },
		{ "save", "", DOMU, ERROR, L_DOM0, "not one save was done" },
		{ "save:2", DONE("1: save") DONE("2: save"), DOMU, PASS, L_NONE,
		  "; events: 2 save" },
		{ "pause:1,save:3", DONE("1: save") DONE("2: pause")
		  DONE("3: save"), DOMU, ERROR, L_DOM0,
		  "2 save were done, not 3" },
		{ "save,vcpu", DONE("1: save"), DOMU, ERROR, L_DOM0,
		  "not one vcpu was done" },
		{ "memory", "LAB dom0: event 1: memory\n", DOMU, ERROR, L_DOM0,
		  "not one memory was done" },
		{ "memory", DONE("x: memory") DONE("1: other") DONE("1:memory")
		  "LAB dom0: event 1: memory\nLAB dom0: event 1: memory done?\n",
		  DOMU, ERROR, L_DOM0, "not one memory was done" },
		{ "save", "", KERNEL UP PLAN(1) "not ok 1 - a\nLAB init: end 0/1\n"
		  GONE, FAIL, L_TEST, "not ok 1" },
		{ "save", "", KERNEL UP PLAN(1) "ok 1 - a # SKIP why\n"
		  "LAB init: end 0/1 1 skipped\n" GONE, ERROR, L_DOM0,
		  "not one save was done" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct boot *b = malloc(sizeof(*b));
		char *first;

		assert_non_null(b);
		assert_true(asprintf(&first, DOM0 "%sLAB dom0: domain ended: "
				     "poweroff\nLAB dom0: power off\n",
				     cases[i].events) > 0);
		boot_init(b, ROLE_XENU, NULL);
		assert_true(order_events(b->ordered, cases[i].order));
		feed(b, first);
		assert_int_equal(boot_feed(b, 1, cases[i].guest,
					   strlen(cases[i].guest)), 0);
		boot_judge(b, E_OFF, 0);
		if (cases[i].verdict == PASS)
			assert_string_equal(b->event, "");
		expect(cases[i].events, b, cases[i].verdict, cases[i].layer,
		       cases[i].reason);
		free(first);
	}
}

static void unknown_events(void **state)
{
	static const char *const lists[] = {
		"", "all", "save,", ",save", "save,,vcpu", "sav", "saves",
		"save:", "save:0", "save:x", "save:2x", "save:100000", "save:,vcpu",
		"save:2,",
	};
	unsigned int ordered[EVENTS];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		if (order_events(ordered, lists[i]))
			fail_msg("'%s' was accepted", lists[i]);
}

/* ------------------------------------------------------------ trouble */

/* Each text of the table, wherever in a line and however the line arrives. */
static void every_trouble(void **state)
{
	static const size_t lengths[] = {
		0, 1, LINE_KEPT - 70, LINE_KEPT - 10, LINE_KEPT - 2, LINE_KEPT,
		LINE_KEPT + 1, 3 * LINE_KEPT,
	};
	size_t i, j, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(troubles); i++) {
		assert_true(strlen(troubles[i].text) < OVERLAP);
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			int more = lengths[ARRAY_SIZE(lengths) - 1 - j];
			char *text;

			assert_true(asprintf(&text, "%s%*s%s%*s\n", GOOD,
					     (int)lengths[j], "",
					     troubles[i].text, more, "") > 0);
			for (k = 1; k < 5000; k += 1234) {
				struct boot *b = read_text(ROLE_XEN0, text, NULL,
							   E_OFF, k);

				if (b->verdict != CRASH)
					fail_msg("missed: %s", troubles[i].text);
				drop(b);
			}
			free(text);
		}
	}
}

/* As 2.6.12, Xen 4.17 and a healthy boot print them. */
static void real_lines(void **state)
{
	static const struct {
		bool trouble;
		const char *line;
	} lines[] = {
		{ true, "<1>Unable to handle kernel NULL pointer dereference at" },
		{ true, "Oops: 0002 [#1]" },
		{ true, "invalid operand: 0000 [#1]" },
		{ true, "kernel BUG at kernel/sched.c:2714!" },
		/* x86_64's */
		{ true, "Unable to handle kernel NULL pointer dereference at 0000000000000000 RIP: " },
		{ true, "Unable to handle kernel paging request at ffff880000000000 RIP: " },
		{ true, "Oops: 0000 [1] PREEMPT SMP " },
		{ true, "Kernel BUG at \"kernel/sched.c\":2714" },
		{ true, "----------- [cut here ] --------- [please bite here ] ---------" },
		{ true, "general protection fault: 0000 [1] PREEMPT " },
		{ true, "stack segment: 0000 [1] SMP " },
		{ true, "device not available: 0000 [3] " },
		{ true, "swapper: Corrupted page table at address 2a9556c000" },
		{ true, "Bad pagetable: 000d [1] SMP \nRIP: 0010:[<ffffffff80131a4e>] <ffff" },
		{ true, "RIP: e030:[<ffffffff80131a4e>] <ffffffff80131a4e>{:schedule+110}" },
		{ true, "mm/memory.c:97: bad pud ffff880001234000(0000000000000100)." },
		{ false, "maps[31]: segfault at 0000002a9556c000 rip 0000000000400b1c rsp 0000007fbffff9d0 error 6" },
		{ false, "ports[31] general protection rip:400b1c rsp:7fbffff9d0 error:0" },
		{ false, "x[31] trap invalid operand rip:400b1c rsp:7fbffff9d0 error:0" },
		{ false, "x[31] trap stack segment rip:400b1c rsp:7fbffff9d0 error:0" },
		{ true, "Kernel panic - not syncing: Attempted to kill init!" },
		{ true, "scheduling while atomic: init/0x00000001/1" },
		{ true, "bad: scheduling from the idle thread!" },
		{ true, "Debug: sleeping function called from invalid context at" },
		{ true, "BUG: using smp_processor_id() in preemptible [00000001]" },
		{ true, "note: cat[31] exited with preempt_count 1" },
		{ true, "huh, entered c0123456 with 00000100, exited with 00000101?" },
		{ true, "Badness in local_bh_enable at kernel/softirq.c:140" },
		{ true, "kernel/fork.c:12: spin_lock(kernel/a.c:c1) already locked by b/3" },
		{ true, "double fault, gdt at c0404000 [255 bytes]" },
		{ true, "(XEN) Xen BUG at mm.c:2176" },
		{ true, "(XEN) *** DOUBLE FAULT ***" },
		{ true, "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds." },
		{ true, "[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 y+0x1/0x2" },
		{ false, "Kernel command line: console=ttyS0 panic=1 nosoftlockup" },
		{ false, "IRQ lockup detection disabled" },
		{ false, "Checking 'hlt' instruction... OK." },
		{ false, "(XEN) d0 has maximum 208 PIRQs" },
		{ false, "    ok 3 - a write to a read-only page faults" },
		{ false, "# traps: bug, oops and panic are only words here" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		char *text;
		struct boot *b;

		assert_true(asprintf(&text, XEN "%s\n" KERNEL UP PLAN(1)
				     "ok 1 - a\nLAB init: end 1/1\n" GONE,
				     lines[i].line) > 0);
		b = read_text(ROLE_XEN0, text, NULL, E_OFF, 4096);
		if (b->trouble != lines[i].trouble)
			fail_msg("%s: %s", verdict_name(b->verdict),
				 lines[i].line);
		drop(b);
		free(text);
	}
}

/* ------------------------------------------------------------ recorded logs */

static void load_xen0(struct log *log)
{
	*log = (struct log){ .role = ROLE_XEN0 };
	load(log, 0, "xen0-pass.log");
}

static void load_xenU(struct log *log)
{
	*log = (struct log){ .role = ROLE_XENU };
	load(log, 0, "xenU-pass.console.log");
	load(log, 1, "xenU-pass.domU.log");
}

static void recorded_pass(void **state)
{
	struct log log;

	(void)state;
	load_xen0(&log);
	expect("xen0", read_log(&log, E_OFF, 1 << 20), PASS, L_NONE, "");
	expect("xen0", read_log(&log, E_OFF, 1), PASS, L_NONE, "");
	unload(&log);
	load_xenU(&log);
	expect("xenU", read_log(&log, E_OFF, 1 << 20), PASS, L_NONE, "");
	expect("xenU", read_log(&log, E_OFF, 3), PASS, L_NONE, "");
	unload(&log);
}

/* The end of the line that starts with text: what must be there for a pass. */
static size_t end_of(const struct log *log, unsigned int port, const char *text)
{
	const char *line = memmem(log->text[port], log->len[port], text,
				  strlen(text));

	assert_non_null(line);
	return (const char *)memchr(line, '\n', log->text[port] +
				    log->len[port] - line) -
	       log->text[port] + 1;
}

/*
 * Cut at every byte: a pass only if what is needed is there.  The judgement is
 * made on a copy, which shares the names but neither adds nor frees any.
 */
static void cut(const struct log *log, unsigned int port, const char *last_line)
{
	size_t needed = end_of(log, port, last_line), n;
	struct boot *b, *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	b = malloc(sizeof(*b));
	assert_non_null(b);
	boot_init(b, log->role, NULL);
	if (log->text[!port])
		assert_int_equal(boot_feed(b, !port, log->text[!port],
					   log->len[!port]), 0);
	for (n = 0; n <= log->len[port]; n++) {
		*copy = *b;
		boot_judge(copy, E_OFF, 60);
		if ((copy->verdict == PASS) != (n >= needed))
			fail_msg("%s after %zu of %zu bytes",
				 verdict_name(copy->verdict), n, log->len[port]);
		if (n < log->len[port])
			assert_int_equal(boot_feed(b, port,
						   log->text[port] + n, 1), 0);
	}
	drop(b);
	free(copy);
}

static void recorded_cut(void **state)
{
	struct log log;

	(void)state;
	load_xen0(&log);
	cut(&log, 0, "LAB init: power off");
	unload(&log);
	load_xenU(&log);
	cut(&log, 0, "LAB dom0: domain ended: poweroff");
	cut(&log, 1, "LAB init: power off");
	unload(&log);
}

/* ------------------------------------------------------------ interleaving */

/* The verdict on the log with a line of Xen's put in before byte n. */
static enum verdict interrupted(const char *log, size_t n)
{
	struct boot *b = malloc(sizeof(*b));
	enum verdict verdict;

	assert_non_null(b);
	boot_init(b, ROLE_XEN0, NULL);
	assert_int_equal(boot_feed(b, 0, log, n), 0);
	feed(b, "(XEN) d0v0: something\r\n");
	feed(b, log + n);
	boot_judge(b, E_OFF, 60);
	verdict = b->verdict;
	drop(b);
	return verdict;
}

/*
 * Between lines it does no harm, nor between init's first word and the end of that
 * line; within a line that counts there is no pass, but for a test's name, which by
 * then has passed; and nowhere does it make a pass of a failure, as "not " and
 * "ok 2 - b" would.
 */
static void interleaved(void **state)
{
	static const char good[] = GOOD;
	static const char bad[] = BOOT PLAN(2) "ok 1 - a\r\n"
		"not ok 2 - b # why\r\nLAB init: end 1/2\r\n" GONE;
	size_t counts = strstr(good, UP) - good, line = 0, n;
	size_t said = counts + strlen("LAB init: up");
	bool named, harmless;

	(void)state;
	for (n = 0; n <= strlen(good); n++) {
		if (!n || good[n - 1] == '\n')
			line = n;
		named = !strncmp(good + line, "ok ", 3) &&
			n - line >= strlen("ok 1 - ");
		harmless = n == line || (n >= said && n < said + strlen("\r\n"));
		if (harmless ? interrupted(good, n) != PASS :
		    n > counts && !named && interrupted(good, n) == PASS)
			fail_msg("interrupted before: %s", good + n);
	}
	for (n = 0; n <= strlen(bad); n++)
		if (interrupted(bad, n) == PASS)
			fail_msg("interrupted before: %s", bad + n);
}

/* ------------------------------------------------------------ noise */

/* A log of 100 MB between two tests, as it may be recorded: it changes nothing. */
static void huge(void **state)
{
	static char line[1000];
	struct boot *b = malloc(sizeof(*b));
	size_t i;

	(void)state;
	assert_non_null(b);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	boot_init(b, ROLE_XEN0, NULL);
	feed(b, BOOT PLAN(2) "ok 1 - a\n");
	for (i = 0; i < 100000; i++)
		assert_int_equal(boot_feed(b, 0, line, sizeof(line)), 0);
	feed(b, "ok 2 - b\nLAB init: end 2/2\n" GONE);
	boot_judge(b, E_OFF, 60);
	expect("100 MB", b, PASS, L_NONE, "2 of 2");
}

static void noise(void **state)
{
	static char bytes[1 << 16];
	struct log log = { ROLE_XEN0, { bytes, NULL }, { sizeof(bytes), 0 } };
	struct boot *b;
	uint32_t x = 1;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = x >> 24;
	}
	b = read_log(&log, E_OFF, 1000);
	assert_int_equal(b->verdict, CRASH);
	for (i = 0; boot_last(b, 0, i); i++)
		assert_int_equal(strspn(boot_last(b, 0, i),
			" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"),
				 strlen(boot_last(b, 0, i)));
	drop(b);

	/* Zeroes end no string here: what follows them on the line counts. */
	b = malloc(sizeof(*b));
	assert_non_null(b);
	boot_init(b, ROLE_XEN0, NULL);
	assert_int_equal(boot_feed(b, 0, "a\0b\0Oops: 1\n", 12), 0);
	assert_true(b->trouble);
	drop(b);
}

/* Whatever surrounds the trouble, the reason can go into JSON. */
static void printable_reason(void **state)
{
	static char line[2 * LINE_KEPT + 1];
	struct boot *b;

	(void)state;
	memset(line, 0xc3, sizeof(line) - 1);
	memcpy(line, "\x01Oops: \x9f", 8);
	b = read_text(ROLE_XEN0, line, NULL, E_OFF, 1000);
	assert_int_equal(strncmp(b->reason, "?Oops: ????", 11), 0);
	drop(b);
}

static void last_lines(void **state)
{
	struct boot *b = malloc(sizeof(*b));
	char line[32];
	int i;

	(void)state;
	assert_non_null(b);
	boot_init(b, ROLE_XEN0, NULL);
	assert_null(boot_last(b, 0, 0));
	for (i = 1; i <= 3 * LAST_LINES; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		feed(b, line);
		snprintf(line, sizeof(line), "line %d",
			 i < LAST_LINES ? 1 : i - LAST_LINES + 1);
		assert_string_equal(boot_last(b, 0, 0), line);
	}
	assert_non_null(boot_last(b, 0, LAST_LINES - 1));
	assert_null(boot_last(b, 0, LAST_LINES));
	assert_null(boot_last(b, 1, 0));
	drop(b);
}

static void copied_tap(void **state)
{
	static const char tap[] = "TAP version 13\n1..1\n# a note\n    1..1\n"
		"    ok 1 - x\nok 1 - a\n";
	char *copied;
	size_t size;
	FILE *copy = open_memstream(&copied, &size);
	struct boot *b = malloc(sizeof(*b));

	(void)state;
	assert_non_null(b);
	boot_init(b, ROLE_XEN0, copy);
	feed(b, "ok 9 - x\n" BOOT);
	feed(b, tap);
	feed(b, "eth0: up\nLAB init: end 1/1\n# no\n");
	fclose(copy);
	assert_string_equal(copied, tap);
	free(copied);
	drop(b);
}

static void halted(void **state)
{
	struct boot *b = malloc(sizeof(*b));

	(void)state;
	assert_non_null(b);
	boot_init(b, ROLE_XEN0, NULL);
	feed(b, "Hardware Dom0 halted: says a guest\n");
	assert_false(b->halted);
	feed(b, "(XEN) Hardware Dom0 halted: halting machine\n");
	assert_true(b->halted);
	drop(b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_logs),
		cmocka_unit_test(ordered_events),
		cmocka_unit_test(unknown_events),
		cmocka_unit_test(every_trouble),
		cmocka_unit_test(real_lines),
		cmocka_unit_test(recorded_pass),
		cmocka_unit_test(recorded_cut),
		cmocka_unit_test(interleaved),
		cmocka_unit_test(huge),
		cmocka_unit_test(noise),
		cmocka_unit_test(printable_reason),
		cmocka_unit_test(last_lines),
		cmocka_unit_test(copied_tap),
		cmocka_unit_test(halted),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s DATADIR\n", argv[0]);
		return 2;
	}
	datadir = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
