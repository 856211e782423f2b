// SPDX-License-Identifier: GPL-2.0
/*
 * init - run the guest tests and report them on the console.
 *
 * As process 1 it prepares /proc, /sys, /dev and /tmp, takes its orders from
 * the kernel command line, runs the programs in /tests and powers off.  Words:
 *
 *	tests=A,B,...	run these, in this order; default: all, sorted by name
 *	timeout=SEC	for each test, default 60
 *	stress=SEC	the programs in /stress instead, all at once; each is to
 *			go on for SEC and then has twice the timeout to end: it
 *			may wait in vain for one thing, and then for the next
 *	seed=N		handed to these as SEED, default 1   (see stress.h)
 *	latency=SOURCE,SAMPLES	the loads in /latency instead; handed to them as LATENCY
 *			(see wakelat.c)
 *	cost		the loads in /costs instead     (see cost.c)
 *	expect=WORDS	handed to the tests as EXPECT   (see expect.h)
 *	release=TEXT	handed to the tests as RELEASE  (see tests/version.c)
 *	vcpus=N		handed to the tests as VCPUS    (see tests/version.c)
 *	root=/dev/DISK	go on in its file system, ext3, with all that is in the ramdisk
 *	disks=A,B	handed to the tests as DISKS    (see disk.h)
 *	net=OWN/PEER,...	handed to the tests as NET      (see net.h)
 *	rtc=yes		handed to the stress as RTC     (see stress/rtc.c)
 *	phase=N		execute N instructions at once: all that follows, the tests,
 *			comes that much later after the last tick
 *	lava		after each result the line that LAVA's workers look for
 *	shell		no tests; an interactive /bin/sh instead
 *
 * `init --run DIR [WORD...]' runs the programs in DIR and nothing else, as any
 * user; it exits 0 if none failed, 1 if one did or there was none, 2 if used
 * wrongly.
 *
 * On the console, "LAB init: ..." lines mark the stages; between them is TAP.
 * A test is itself a TAP program: its output is shown indented.  It has passed
 * when it exits with 0 after a complete plan of distinct numbers without a "not
 * ok"; anything else fails it, and the first reason stands after its name.
 * Under stress the output is kept until the test has ended, results are numbered
 * in that order, and a note every 10 seconds shows that all is alive.
 *
 * Runs on 2.6.12 as well as on current kernels.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "partition.h"
#include "xen.h"

/* Seconds a test may take.  Under stress, seconds beyond those it is to take: its
 * last round shares an emulated CPU with the last rounds of a dozen others. */
#define TIMEOUT		60
#define STRESS		60	/* seconds, if the word makes no sense */
#define REPORT		10000	/* ms from one note to the next */
#define GRACE		5	/* seconds to die after SIGKILL */
#define LINE		1024	/* longer lines are broken */
#define SHOWN		1000	/* other lines of a test that are shown */
#define NEW_ROOT	"/root"	/* until it is / */
#define APPEARS		30	/* seconds a disk has to appear */
#define EXT3_MAGIC	0xef53
#define RESULTS		1024	/* highest number a result may have */
#define PIPE_HOLDS	65536	/* bytes in a full pipe, at most */

struct orders {
	const char *dir;
	char *tests;		/* comma list, or NULL for all */
	long timeout;		/* seconds */
	long stress;		/* seconds, 0 for one test after another */
	int latency, cost;	/* the loads of wakelat, or cost, instead */
	int shell;
};

static int lava;		/* is each result told to LAVA, too? */

enum verdict { PASSED, FAILED, SKIPPED };

/* What a test's output amounts to so far. */
struct tap {
	long plan;		/* results announced, -1 for none yet */
	unsigned long results;
	unsigned long highest;
	char seen[RESULTS + 1];	/* by number */
	char skip[LINE];	/* why all of it was skipped */
	char flaw[LINE];	/* the first thing wrong with it */
};

/* A test's output on its way to the console. */
struct output {
	struct tap tap;
	char line[LINE];
	size_t len;
	int broken;		/* the line is the rest of a longer one */
	unsigned long tap_lines;	/* a plan and results */
	unsigned long lines;		/* all others */
	FILE *kept;		/* goes here first, or NULL */
	char *text;		/* what was kept, once that is closed */
	size_t size;
};

/* A test on its way from the list to its result. */
struct test {
	const char *name;
	struct output out;
	int fd;			/* where its output arrives, or -1 */
	pid_t pid;		/* 0 if it could not be started */
	int status;		/* as wait() has it */
	int dead, killed;
	int over;		/* reported */
	long long deadline;	/* in ms */
};

/* SIGCHLD's handler writes a byte here, so that poll() notices. */
static int child_pipe[2];

/* All of BUF to the console. */
static void put(const char *buf, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = write(STDOUT_FILENO, buf + at, len - at);

		if (n > 0)
			at += n;
		else if (errno != EINTR && errno != EAGAIN)
			return;
	}
}

/* One line into KEPT or, if that is NULL, to the console; there in one write:
 * nothing of ours comes between. */
static void put_line(FILE *kept, const char *fmt, va_list ap)
{
	char buf[LINE + 64];
	size_t len;

	vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	len = strlen(buf);
	buf[len++] = '\n';
	if (kept)
		fwrite(buf, len, 1, kept);
	else
		put(buf, len);
}

/* One line of our own. */
__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(NULL, fmt, ap);
	va_end(ap);
}

/* One line of a test. */
__attribute__((format(printf, 2, 3)))
static void show(struct output *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(out->kept, fmt, ap);
	va_end(ap);
}

/* Note the first flaw only; what follows is often its consequence. */
__attribute__((format(printf, 2, 3)))
static void flaw(struct tap *tap, const char *fmt, ...)
{
	va_list ap;

	if (*tap->flaw)
		return;
	va_start(ap, fmt);
	vsnprintf(tap->flaw, sizeof(tap->flaw), fmt, ap);
	va_end(ap);
}

/* The rest of TEXT after WORD and blanks, or NULL if TEXT has another start. */
static const char *after(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) || (text[len] && text[len] != ' '))
		return NULL;
	return text + len + strspn(text + len, " ");
}

static void tap_plan(struct tap *tap, const char *text)
{
	const char *why;
	char *end;
	long plan = strtol(text, &end, 10);

	if (end == text || (*end && *end != ' ') || plan < 0) {
		flaw(tap, "malformed plan");
		return;
	}
	if (tap->plan >= 0)
		flaw(tap, "second plan");
	tap->plan = plan;

	why = after(end + strspn(end, " "), "# SKIP");
	if (plan && why)
		flaw(tap, "skipped, but with a plan");
	else if (!plan && !why)
		flaw(tap, "empty plan");
	else if (why)
		snprintf(tap->skip, sizeof(tap->skip), "%s",
			 *why ? why : "no reason given");
}

static void tap_result(struct tap *tap, const char *text, int good)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	tap->results++;
	if (!good) {
		const char *name = end + strspn(end, " -");

		flaw(tap, "%s", *name ? name : "not ok");
	}
	if (end == text || (*end && *end != ' ') || !number) {
		flaw(tap, "result without a number");
		return;
	}
	if (number > RESULTS) {
		flaw(tap, "number %lu is too high", number);
		return;
	}
	if (tap->seen[number]++)
		flaw(tap, "number %lu twice", number);
	if (number > tap->highest)
		tap->highest = number;
}

/* Judge LINE; true if it was a plan or a result. */
static int tap_line(struct tap *tap, const char *line)
{
	const char *rest;

	if (!strncmp(line, "1..", 3))
		tap_plan(tap, line + 3);
	else if ((rest = after(line, "ok")))
		tap_result(tap, rest, 1);
	else if ((rest = after(line, "not ok")))
		tap_result(tap, rest, 0);
	else if ((rest = after(line, "Bail out!")))
		flaw(tap, "%s", *rest ? rest : "bailed out");
	else
		return 0;
	return 1;
}

/* After the last line: is the plan fulfilled? */
static void tap_end(struct tap *tap)
{
	if (tap->plan < 0)
		flaw(tap, "no plan");
	else if (tap->highest > (unsigned long)tap->plan)
		flaw(tap, "number %lu of %ld", tap->highest, tap->plan);
	else if (tap->results != (unsigned long)tap->plan)
		flaw(tap, "%lu of %ld results", tap->results, tap->plan);
}

/* Judge and show what OUT has collected as a line.  Of a flood, too, those
 * lines are shown that a verdict rests on. */
static void end_line(struct output *out)
{
	int is_tap;

	out->line[out->len] = '\0';
	out->len = 0;
	is_tap = !out->broken && tap_line(&out->tap, out->line) &&
		out->tap_lines++ <= RESULTS;
	if (is_tap || out->lines < SHOWN)
		show(out, "    %s", out->line);
	else if (out->lines == SHOWN)
		show(out, "    # more than %d lines, the rest is not shown", SHOWN);
	out->lines += !is_tap;
}

static void take_output(struct output *out, const char *buf, size_t len)
{
	while (len--) {
		unsigned char c = *buf++;

		if (c == '\n') {
			end_line(out);
			out->broken = 0;
			continue;
		}
		if (out->len == sizeof(out->line) - 1) {
			end_line(out);
			out->broken = 1;
		}
		/* A carriage return could pass for a line of ours. */
		out->line[out->len++] =
			(c < ' ' && c != '\t') || c == 0x7f ? '?' : c;
	}
}

/* Read once from FD: 1 for more to come, 0 for nothing at present or ever. */
static int read_output(struct output *out, int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		take_output(out, buf, n);
	return n > 0 || (n < 0 && errno == EINTR);
}

static void on_child(int sig)
{
	int saved = errno;

	(void)sig;
	/* A full pipe wakes poll() just as well. */
	if (write(child_pipe[1], "", 1) < 0)
		errno = saved;
}

static int watch_children(void)
{
	struct sigaction sa = {
		.sa_handler = on_child,
		.sa_flags = SA_RESTART | SA_NOCLDSTOP,
	};

	if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK))
		return -1;
	return sigaction(SIGCHLD, &sa, NULL);
}

/* One who has died, maybe an orphan, with the status; 0 if there is none. */
static pid_t reap(int *status)
{
	char drain[64];
	pid_t pid;

	while (read(child_pipe[0], drain, sizeof(drain)) > 0)
		;
	pid = waitpid(-1, status, WNOHANG);
	return pid > 0 ? pid : 0;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Start PATH, its output to FD, in a process group of its own. */
static pid_t start(const char *path, int fd)
{
	char *argv[] = { (char *)path, NULL };
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid) {
		/* Here too: the group must exist before it can be killed. */
		setpgid(pid, pid);
		return pid;
	}
	setpgid(0, 0);
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execv(path, argv);
	dprintf(STDERR_FILENO, "Bail out! exec: %m\n");
	_exit(127);
}

/* Start TEST.  One that cannot be has no pid then, and a flaw says why. */
static void begin(const struct orders *orders, struct test *test)
{
	struct output *out = &test->out;
	struct tap *tap = &out->tap;
	char path[PATH_MAX];
	int pipefd[2];

	snprintf(path, sizeof(path), "%s/%s", orders->dir, test->name);
	if (!*test->name || strchr(test->name, '/') || access(path, X_OK)) {
		flaw(tap, "no such test");
		return;
	}
	if (orders->stress)
		out->kept = open_memstream(&out->text, &out->size);
	if (orders->stress && !out->kept) {
		flaw(tap, "open_memstream: %m");
		return;
	}
	if (pipe2(pipefd, O_CLOEXEC)) {
		flaw(tap, "pipe: %m");
		return;
	}
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	test->fd = pipefd[0];
	test->pid = start(path, pipefd[1]);
	close(pipefd[1]);
	if (test->pid < 0) {
		flaw(tap, "fork: %m");
		test->pid = 0;
		return;
	}
	test->deadline = now_ms() + 1000LL * (orders->stress ?
		orders->stress + 2 * orders->timeout : orders->timeout);
}

/* Has TEST come to its end?  When its time is up, it is made to. */
static int has_ended(struct test *test)
{
	if (test->dead || !test->pid)
		return 1;
	if (now_ms() < test->deadline)
		return 0;
	if (test->killed)
		return 1;	/* not even SIGKILL helped */
	kill(-test->pid, SIGKILL);
	test->killed = 1;
	test->deadline = now_ms() + GRACE * 1000;
	return 0;
}

/* The last of TEST's output, and how it ended. */
static void judge(struct test *test)
{
	struct output *out = &test->out;
	struct tap *tap = &out->tap;
	int left;

	/* Whoever the test left behind must not disturb others, nor keep us
	 * here: what a pipe can hold was written before, more was not. */
	kill(-test->pid, SIGKILL);
	for (left = PIPE_HOLDS; left > 0 && read_output(out, test->fd);
	     left -= 4096)
		;
	if (test->killed)
		snprintf(tap->flaw, sizeof(tap->flaw), "timeout");
	else if (WIFSIGNALED(test->status))
		snprintf(tap->flaw, sizeof(tap->flaw),
			 "killed by signal %d (%s)", WTERMSIG(test->status),
			 strsignal(WTERMSIG(test->status)));
	if (out->len)
		end_line(out);
	tap_end(tap);
	if (WEXITSTATUS(test->status))
		flaw(tap, "exit status %d", WEXITSTATUS(test->status));
}

/* A result of NAME as LAVA has it: pass, fail or skip. */
static void signal_lava(const char *name, const char *result)
{
	if (lava)
		say("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=%s RESULT=%s>", name,
		    result);
}

/* Report TEST as NUMBER and let go of it. */
static enum verdict end(struct test *test, unsigned int number)
{
	struct output *out = &test->out;
	struct tap *tap = &out->tap;

	if (test->pid)
		judge(test);
	if (test->fd >= 0)
		close(test->fd);
	if (out->kept) {
		if (fclose(out->kept))
			flaw(tap, "keep the output: %m");
		put(out->text, out->size);
		free(out->text);
	}
	test->over = 1;

	if (*tap->flaw) {
		say("not ok %u - %s # %s", number, test->name, tap->flaw);
		signal_lava(test->name, "fail");
		return FAILED;
	}
	if (*tap->skip) {
		say("ok %u - %s # SKIP %s", number, test->name, tap->skip);
		signal_lava(test->name, "skip");
		return SKIPPED;
	}
	say("ok %u - %s", number, test->name);
	signal_lava(test->name, "pass");
	return PASSED;
}

/* Wait for COUNT TESTS, but not beyond UNTIL; take what they say and note who has
 * died.  FDS are child_pipe's and then theirs. */
static void attend(struct test *tests, struct pollfd *fds, unsigned int count,
		   long long until)
{
	long long wait;
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < count; i++)
		if (!tests[i].over && tests[i].deadline < until)
			until = tests[i].deadline;
	wait = until - now_ms();
	if (wait < 0)
		wait = 0;
	if (poll(fds, count + 1, wait > INT_MAX ? INT_MAX : wait) < 0)
		return;

	for (i = 0; i < count; i++)
		/* At its end, stop asking; the test may still be running. */
		if (fds[i + 1].revents &&
		    !read_output(&tests[i].out, tests[i].fd))
			fds[i + 1].fd = -1;
	if (!fds[0].revents)
		return;
	while ((pid = reap(&status)))
		for (i = 0; i < count; i++)
			if (!tests[i].over && tests[i].pid == pid) {
				tests[i].status = status;
				tests[i].dead = 1;
			}
}

static int not_hidden(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

/* The names to run as a NULL-terminated array, or NULL with errno set. */
static char **list_tests(const struct orders *orders)
{
	struct dirent **found;
	char **names, *name;
	int count, i;

	if (orders->tests) {
		names = calloc(strlen(orders->tests) + 1, sizeof(*names));
		if (!names)
			return NULL;
		name = strtok(orders->tests, ",");
		for (i = 0; name; name = strtok(NULL, ","))
			names[i++] = name;
		return names;
	}

	count = scandir(orders->dir, &found, not_hidden, alphasort);
	if (count < 0)
		return NULL;
	names = calloc(count + 1, sizeof(*names));
	for (i = 0; names && i < count; i++)
		names[i] = found[i]->d_name;
	/* The entries are kept: the names are in them. */
	free(found);
	return names;
}

/* Run the COUNT of TESTS, one or all at a time; how many had which verdict is in
 * VERDICTS then.  FDS is room for one more than there are tests. */
static void run_all(const struct orders *orders, struct test *tests,
		    struct pollfd *fds, unsigned int count,
		    unsigned int *verdicts)
{
	const unsigned int at_once = orders->stress ? count : 1;
	const long long begun = now_ms();
	long long report = orders->stress ? begun + REPORT : LLONG_MAX;
	unsigned int started = 0, ended = 0, i;

	fds[0] = (struct pollfd){ .fd = child_pipe[0], .events = POLLIN };
	while (ended < count) {
		for (; started < count && started - ended < at_once; started++) {
			begin(orders, &tests[started]);
			fds[started + 1] = (struct pollfd){
				.fd = tests[started].fd, .events = POLLIN
			};
		}
		attend(tests, fds, started, report);
		for (i = 0; i < started; i++) {
			if (tests[i].over || !has_ended(&tests[i]))
				continue;
			fds[i + 1].fd = -1;
			verdicts[end(&tests[i], ++ended)]++;
		}
		if (ended < count && now_ms() >= report) {
			say("# stress: %lld of %ld s, %u running",
			    (report - begun) / 1000, orders->stress,
			    started - ended);
			report += REPORT;
		}
	}
}

/* Run what was ordered; true if there was something and none of it failed. */
static int run_tests(const struct orders *orders)
{
	unsigned int verdicts[] = { [PASSED] = 0, [FAILED] = 0, [SKIPPED] = 0 };
	char **names = list_tests(orders);
	unsigned int total = 0, i;
	struct pollfd *fds;
	struct test *tests;

	if (!names) {
		say("LAB init: tests in %s: %m", orders->dir);
		return 0;
	}
	while (names[total])
		total++;
	tests = calloc(total + 1, sizeof(*tests));
	fds = calloc(total + 1, sizeof(*fds));
	if (!tests || !fds) {
		say("LAB init: %u tests: %m", total);
		return 0;
	}
	for (i = 0; i < total; i++)
		tests[i] = (struct test){ .name = names[i], .fd = -1,
					  .out.tap.plan = -1 };

	say("TAP version 13");
	say("1..%u", total);
	run_all(orders, tests, fds, total, verdicts);
	if (verdicts[SKIPPED])
		say("LAB init: end %u/%u %u skipped", verdicts[PASSED], total,
		    verdicts[SKIPPED]);
	else
		say("LAB init: end %u/%u", verdicts[PASSED], total);
	return total && !verdicts[FAILED];
}

/* VALUE of WORD, a time; USUAL if it is none. */
static long seconds(const char *word, const char *value, long usual)
{
	char *end;
	long time = strtol(value, &end, 10);

	if (!*end && time > 0 && time <= INT_MAX / 1000)
		return time;
	say("LAB init: %s=%s is not a time in seconds", word, value);
	return usual;
}

/* Execute exactly COUNT instructions more than for 0: half as many rounds of the
 * loop, and a nop if COUNT is odd. */
static void spin(unsigned long count)
{
	__asm__ __volatile__(
		"	shr	%0\n"
		"	jnc	1f\n"
		"	nop\n"
		"1:	inc	%0\n"
		"2:	dec	%0\n"
		"	jnz	2b\n"
		: "+r" (count) : : "cc");
}

/* Obey WORD of the command line; those that are not for us mean nothing. */
static void take_word(struct orders *orders, char *word)
{
	char *value = strchr(word, '=');
	char text[16];

	if (!strcmp(word, "shell"))
		orders->shell = 1;
	if (!strcmp(word, "cost"))
		orders->cost = 1;
	if (!strcmp(word, "lava"))
		lava = 1;
	if (!value)
		return;
	*value++ = '\0';

	if (!strcmp(word, "tests")) {
		orders->tests = value;
	} else if (!strcmp(word, "phase")) {
		char *rest;
		unsigned long count = strtoul(value, &rest, 10);

		if (*rest)
			say("LAB init: phase=%s is not a number", value);
		spin(count);
	} else if (!strcmp(word, "expect")) {
		setenv("EXPECT", value, 1);
	} else if (!strcmp(word, "release")) {
		setenv("RELEASE", value, 1);
	} else if (!strcmp(word, "vcpus")) {
		setenv("VCPUS", value, 1);
	} else if (!strcmp(word, "disks")) {
		setenv("DISKS", value, 1);
	} else if (!strcmp(word, "net")) {
		setenv("NET", value, 1);
	} else if (!strcmp(word, "rtc")) {
		setenv("RTC", value, 1);
	} else if (!strcmp(word, "seed")) {
		setenv("SEED", value, 1);
	} else if (!strcmp(word, "latency")) {
		setenv("LATENCY", value, 1);
		orders->latency = 1;
	} else if (!strcmp(word, "timeout")) {
		orders->timeout = seconds(word, value, TIMEOUT);
	} else if (!strcmp(word, "stress")) {
		orders->stress = seconds(word, value, STRESS);
		snprintf(text, sizeof(text), "%ld", orders->stress);
		setenv("STRESS_SECONDS", text, 1);
	}
}

/* What the kernel was told, until the next call; "" if it does not say. */
static char *command_line(void)
{
	static char buf[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		say("LAB init: /proc/cmdline: %m");
	if (fd >= 0)
		close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

/* The orders point into the command line. */
static void take_command_line(struct orders *orders)
{
	char *word = strtok(command_line(), " \n");

	for (; word; word = strtok(NULL, " \n"))
		take_word(orders, word);
}

/* /dev without devtmpfs, which came with 2.6.32. */
static void make_devices(void)
{
	static const struct {
		const char *path;
		mode_t mode;
		unsigned int major, minor;
	} devices[] = {
		{ "/dev/console",	0600, 5, 1 },
		{ "/dev/tty",		0666, 5, 0 },
		{ "/dev/null",		0666, 1, 3 },
		{ "/dev/zero",		0666, 1, 5 },
		{ "/dev/full",		0666, 1, 7 },
		{ "/dev/random",	0666, 1, 8 },
		{ "/dev/urandom",	0666, 1, 9 },
		{ "/dev/kmsg",		0600, 1, 11 },
	};
	size_t i;

	umask(0);
	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		mknod(devices[i].path, S_IFCHR | devices[i].mode,
		      makedev(devices[i].major, devices[i].minor));
	umask(022);
}

/* Lines as they are: a terminal that makes "\r\n" of "\n" prints the text first, and
 * lets a message of the kernel come between. */
static void console_processing(int on)
{
	struct termios t;

	if (tcgetattr(STDOUT_FILENO, &t))
		return;
	t.c_oflag = on ? t.c_oflag | OPOST : t.c_oflag & ~OPOST;
	tcsetattr(STDOUT_FILENO, TCSANOW, &t);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;		/* the kernel may have opened one for us */
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void mount_on(const char *dir, const char *type)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, NULL))
		say("LAB init: mount %s on %s: %m", type, dir);
}

/* What the checks of a debug kernel report is limited in rate together with all
 * else that a kernel may say often.  None of it may be lost. */
static void lift_printk_limit(void)
{
	int fd = open("/proc/sys/kernel/printk_ratelimit",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0\n", 2) != 2)
		say("LAB init: printk_ratelimit: %m");
	if (fd >= 0)
		close(fd);
}

static void prepare(void)
{
	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL))
		make_devices();
	open_console();
	console_processing(0);
	mount_on("/proc", "proc");
	lift_printk_limit();
	mount_on("/sys", "sysfs");
	mount_on("/tmp", "tmpfs");
	setenv("PATH", "/sbin:/bin:/usr/sbin:/usr/bin", 1);
}

/* An interactive shell on the console, until it exits. */
static void run_shell(void)
{
	char *argv[] = { "-sh", NULL };
	struct pollfd fds = { .fd = child_pipe[0], .events = POLLIN };
	int status;
	pid_t pid = fork(), dead;

	if (!pid) {
		console_processing(1);
		/* Job control needs a session with a terminal of its own, which
		 * opening /dev/console does not give. */
		setsid();
		ioctl(STDIN_FILENO, TIOCSCTTY, 1);
		setenv("TERM", "vt100", 0);
		setenv("HOME", "/", 0);
		execv("/bin/sh", argv);
		say("LAB init: /bin/sh: %m");
		_exit(127);
	}
	if (pid < 0) {
		say("LAB init: fork: %m");
		return;
	}
	do {
		poll(&fds, 1, -1);
		while ((dead = reap(&status)) && dead != pid)
			;
	} while (!dead);
}

static int is_on_disk(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && fs.f_type == EXT3_MAGIC;
}

/* HOW: as reboot(2) takes it.  Does not return: process 1 may not end. */
__attribute__((noreturn))
static void power_off(int how)
{
	pid_t pid;

	say("LAB init: power off");
	sync();
	if (is_on_disk("/") && mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY,
				     NULL))
		say("LAB init: remount / read-only: %m");
	/* In a child, for a kernel that cannot do it ends its caller. */
	pid = fork();
	if (pid <= 0)
		reboot(how);
	if (!pid)
		_exit(1);
	waitpid(pid, NULL, 0);
	say("LAB init: power off failed");
	for (;;)
		pause();
}

/* The disk that the word root= names, or NULL. */
static const char *root_disk(void)
{
	char *word = strtok(command_line(), " \n");

	for (; word; word = strtok(NULL, " \n"))
		if (!strncmp(word, "root=/dev/", 10))
			return word + 5;
	return NULL;
}

/* The contents of FROM to the new file TO; -1 with errno. */
static int copy_file(const char *from, const char *to, mode_t mode)
{
	static char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ssize_t n = in < 0 || out < 0 ? -1 : 0;

	while (!n && (n = read(in, buf, sizeof(buf))) > 0)
		n = write(out, buf, n) == n ? 0 : -1;
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out))
		n = -1;
	return n;
}

/* For nftw(): what is at PATH to the same place below NEW_ROOT. */
static int copy_entry(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	char to[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	if (!at->level)
		return 0;
	snprintf(to, sizeof(to), NEW_ROOT "%s", path);
	switch (type) {
	case FTW_D:
		return mkdir(to, st->st_mode);
	case FTW_SL:
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			return -1;
		target[len] = '\0';
		return symlink(target, to);
	case FTW_F:
		return S_ISREG(st->st_mode) ?
			copy_file(path, to, st->st_mode) : 0;
	default:
		return -1;
	}
}

/* Go on in the file system that root= names, if any, with all that is in this one:
 * this program, too, finds itself on a disk then. */
static void enter_root(char **argv)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	const char *disk = root_disk();
	long long end = now_ms() + APPEARS * 1000LL;
	dev_t dev = 0;

	if (!disk || is_on_disk("/"))
		return;
	while (!partition_device(disk + strlen("/dev/"), &dev) &&
	       now_ms() < end)
		nanosleep(&moment, NULL);
	mkdir(NEW_ROOT, 0755);
	mknod(disk, S_IFBLK | 0600, dev);
	if (mount(disk, NEW_ROOT, "ext3", 0, NULL) ||
	    nftw("/", copy_entry, 8, FTW_PHYS | FTW_MOUNT) || chdir(NEW_ROOT) ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") ||
	    execv("/init", argv)) {
		say("LAB init: root on %s: %m", disk);
		power_off(RB_POWER_OFF);
	}
}

int main(int argc, char **argv)
{
	struct orders orders = { .dir = "/tests", .timeout = TIMEOUT };
	int child_run = argc > 2 && !strcmp(argv[1], "--run");
	int i;

	if (!child_run && getpid() != 1) {
		fprintf(stderr, "usage: init --run DIR [WORD...]\n");
		return 2;
	}
	if (!child_run) {
		prepare();
		enter_root(argv);
	}
	say("LAB init: up");
	if (watch_children())
		say("LAB init: watch children: %m");

	if (child_run) {
		orders.dir = argv[2];
		for (i = 3; i < argc; i++)
			take_word(&orders, argv[i]);
		return !run_tests(&orders);
	}

	take_command_line(&orders);
	if (orders.stress)
		orders.dir = "/stress";
	if (orders.latency)
		orders.dir = "/latency";
	if (orders.cost)
		orders.dir = "/costs";
	if (!orders.shell) {
		run_tests(&orders);
		power_off(RB_POWER_OFF);
	}
	run_shell();
	/* For a domain 0 without ACPI that powers off Xen halts the machine,
	 * and the user would sit before it.  A reboot ends QEMU. */
	power_off(is_domain0() ? RB_AUTOBOOT : RB_POWER_OFF);
}
