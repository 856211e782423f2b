// SPDX-License-Identifier: GPL-2.0
/*
 * runner - starts QEMU, follows its serial logs and gives a verdict.
 *
 * usage: runner --out DIR --role xen0|xenU|native --log FILE [--log2 FILE]
 *               --silence SEC --total SEC [--stage-silence STAGE=SEC]...
 *               [--events KIND,...] [--disks N] [--after WORDS]
 *               [--name K] [--echo] [--meta KEY=VALUE]... -- COMMAND [ARG]...
 *
 *   --out DIR      where result.json, guest.tap and qemu.log (what COMMAND itself
 *                  said) go; made if missing
 *   --role ROLE    xen0: the guest is domain 0, all is in --log.  xenU: Xen and
 *                  domain 0 are in --log, the guest is in --log2.  native: there is
 *                  no Xen, all is in --log
 *   --log FILE     the serial logs, written by COMMAND (-serial file:FILE); old
 *                  ones are removed first
 *   --silence SEC  the longest time without a new byte in any log
 *   --stage-silence STAGE=SEC  the same while waiting for that stage: hypervisor,
 *                  dom0, domain, kernel, init, plan, end, poweroff, ended, off
 *   --total SEC    the longest time for it all
 *   --events LIST  domain 0 does these to its guest: each must have been done once,
 *                  KIND:N that often
 *   --disks N      so many disks must have been found without damage at the end
 *   --after WORDS  for a shell, once the machine is off; what it says goes to --log
 *                  and counts as if it had been there before
 *   --name K       what is booted, for people
 *   --meta K=V     goes into result.json as it is (docs/design.md has the fields)
 *   --echo         each stage on stderr as it is reached
 *
 * Times in result.json are seconds since COMMAND was started.  The file is there,
 * saying RUNNING, before COMMAND is; it is complete when the runner has ended.
 *
 * Exit codes:   0 PASS    1 FAIL    2 ERROR   3 SKIP   4 CRASH   5 TIMEOUT
 *             130 INTERRUPTED (by SIGINT, SIGTERM or SIGHUP)
 */
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	POLL_MS		= 50,
	TERM_MS		= 2000,	/* from SIGTERM to SIGKILL */
	LOG_LIMIT_MB	= 64,	/* both logs together */
	ROOM_KB		= 1024,	/* the least that must be free on the disk */
	FLOOD_MB	= 1,	/* the same, since a stage or a test was last done, or
				 * the stress said that time goes by: more would
				 * take a 115200 baud line minutes */
	/* After trouble: long enough for the rest of an oops to be seen. */
	TROUBLE_SILENCE	= 5,
	TROUBLE_TOTAL	= 30,
};

static const char *const roles[] = {
	[ROLE_XEN0] = "xen0", [ROLE_XENU] = "xenU", [ROLE_NATIVE] = "native",
};

struct options {
	const char *out, *name, *log[PORTS];
	const char *after;
	unsigned int ordered[EVENTS];
	unsigned int disks;
	enum role role;
	unsigned int silence[STAGES], total;
	bool echo;
	json_t *meta;
	char **command;
};

struct run {
	const struct options *o;
	struct boot *boot;
	FILE *copy;
	pid_t child;
	bool gone;		/* it has ended, but is not reaped */
	int fd[PORTS];
	unsigned long long bytes;
	unsigned long long bytes_done;	/* when a stage or a test was last done */
	size_t tests, notes;		/* reported by then */
	struct timespec began;
	char began_text[32];
	double at[STAGES];	/* seconds; valid where boot->reached */
	bool told[STAGES];
	double grew;		/* when a log last grew */
	double trouble_at;	/* 0 if none */
};

static double elapsed(const struct run *run)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - run->began.tv_sec +
	       (now.tv_nsec - run->began.tv_nsec) / 1e9;
}

static void utc(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

/* The lab's own fault: whatever the guest did, this is no statement on it. */
__attribute__((format(printf, 2, 3)))
static void lab_error(struct run *run, const char *format, ...)
{
	va_list args;

	run->boot->verdict = ERROR;
	run->boot->layer = L_LAB;
	va_start(args, format);
	vsnprintf(run->boot->reason, sizeof(run->boot->reason), format, args);
	va_end(args);
}

static char *path_in(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* ------------------------------------------------------------- result.json */

static json_t *text(const char *s)
{
	json_t *string = s ? json_string(s) : json_null();

	return string ? string : json_string("(not UTF-8)");
}

static json_t *command_json(char **command)
{
	json_t *array = json_array();

	while (*command)
		json_array_append_new(array, text(*command++));
	return array;
}

static json_t *stages_json(const struct run *run)
{
	json_t *object = json_object();
	enum stage s;

	for (s = 0; s < STAGES; s++)
		if (run->boot->reached[s])
			json_object_set_new(object, stage_name(s),
					    json_real(run->at[s]));
	return object;
}

static json_t *tests_json(const struct tap *tap)
{
	static const char *const results[] = {
		[OK] = "ok", [NOT_OK] = "not ok", [SKIPPED] = "skip",
	};
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < tap->count; i++) {
		const struct test *t = &tap->tests[i];

		json_array_append_new(array, json_pack("{ss ss so*}",
			"name", t->name, "result", results[t->result],
			"why", t->why ? text(t->why) : NULL));
	}
	return array;
}

/* How many were done of each kind that was ordered. */
static json_t *events_json(const struct boot *b)
{
	json_t *object = json_object();
	enum event e;

	for (e = 0; e < EVENTS; e++)
		if (b->ordered[e])
			json_object_set_new(object, event_name(e),
					    json_integer(b->done[e]));
	return object;
}

static json_t *last_json(const struct run *run)
{
	json_t *object = json_object();
	unsigned int port;
	size_t i;

	for (port = 0; port < PORTS && run->o->log[port]; port++) {
		json_t *array = json_array();
		const char *line;

		for (i = 0; (line = boot_last(run->boot, port, i)); i++)
			json_array_append_new(array, text(line));
		json_object_set_new(object, run->o->log[port], array);
	}
	return object;
}

/* Returns 0, or -1 with errno; the old file stays unless the new one is whole. */
static int write_result(const struct run *run)
{
	const struct boot *b = run->boot;
	bool over = b->verdict != RUNNING;
	char *path = path_in(run->o->out, "result.json");
	char *aside = path_in(run->o->out, "result.json.new");
	char ended[32];
	json_t *result;
	int error = -1;

	utc(ended, sizeof(ended));
	result = json_pack("{so ss ss sO so ss so so so so so so sI so so so}",
		"name", text(run->o->name),
		"verdict", verdict_name(b->verdict),
		"role", roles[run->o->role],
		"meta", run->o->meta,
		"command", command_json(run->o->command),
		"start", run->began_text,
		"end", text(over ? ended : NULL),
		"seconds", over ? json_real(elapsed(run)) : json_null(),
		"layer", text(layer_name(b->layer)),
		"stage", text(over && b->verdict != PASS ?
			      stage_name(boot_awaits(b)) : NULL),
		"reason", text(over ? b->reason : NULL),
		"stages", stages_json(run),
		"planned", (json_int_t)b->tap.plan,
		"tests", tests_json(&b->tap),
		"events", events_json(b),
		"last", last_json(run));
	if (!path || !aside || !result) {
		errno = ENOMEM;
		goto out;
	}
	/* jansson does not say why, the kernel does. */
	errno = 0;
	if (json_dump_file(result, aside,
			   JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ||
	    rename(aside, path)) {
		if (!errno)
			errno = EIO;
		goto out;
	}
	error = 0;
out:
	if (error && aside) {
		int cause = errno;

		unlink(aside);	/* half of it helps nobody */
		errno = cause;
	}
	json_decref(result);
	free(aside);
	free(path);
	return error;
}

/* ------------------------------------------------------------------- QEMU */

/* In the child.  An error goes up the pipe; success closes it. */
static void become(char *const *command, int log, int failed, pid_t parent)
{
	sigset_t none;
	int error, null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	/* A group of its own: Ctrl-C reaches the runner alone. */
	if (null >= 0 && !setpgid(0, 0) &&
	    !prctl(PR_SET_PDEATHSIG, SIGKILL) && getppid() == parent &&
	    dup2(null, 0) == 0 && dup2(log, 1) == 1 && dup2(log, 2) == 2 &&
	    !sigprocmask(SIG_SETMASK, &none, NULL))
		execvp(command[0], command);
	error = errno;
	if (write(failed, &error, sizeof(error)) != sizeof(error))
		abort();
	_exit(127);
}

/* COMMAND, whose own words are added to the file PATH.  Returns 0, or -1 after
 * lab_error(). */
static int start(struct run *run, char *const *command, const char *path)
{
	pid_t parent = getpid();
	int failed[2] = { -1, -1 };
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	int error = 0;

	if (log < 0 || pipe2(failed, O_CLOEXEC)) {
		error = errno;
		lab_error(run, "%s: %s", path, strerror(error));
		goto out;
	}
	run->gone = false;
	run->child = fork();
	if (run->child == 0)
		become(command, log, failed[1], parent);
	close(failed[1]);
	failed[1] = -1;
	if (run->child < 0) {
		error = errno;
		lab_error(run, "cannot fork: %s", strerror(error));
	} else if (read(failed[0], &error, sizeof(error)) == sizeof(error)) {
		lab_error(run, "cannot start %s: %s", command[0],
			  strerror(error));
		waitpid(run->child, NULL, 0);
		run->child = -1;
	}
out:
	if (failed[0] >= 0)
		close(failed[0]);
	if (failed[1] >= 0)
		close(failed[1]);
	if (log >= 0)
		close(log);
	return error ? -1 : 0;
}

static bool has_ended(struct run *run)
{
	siginfo_t info = { .si_pid = 0 };

	if (!run->gone && !waitid(P_PID, run->child, &info,
				  WEXITED | WNOHANG | WNOWAIT))
		run->gone = info.si_pid == run->child;
	return run->gone;
}

/* Ends QEMU and all it started; returns its wait status. */
static int stop(struct run *run)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	int status = 0, waited = 0;

	if (run->child <= 0)
		return 0;
	if (!has_ended(run))
		kill(-run->child, SIGTERM);
	for (; !has_ended(run) && waited < TERM_MS; waited += POLL_MS)
		nanosleep(&nap, NULL);
	/* Until it is reaped its number, and so the group's, is not reused. */
	kill(-run->child, SIGKILL);
	waitpid(run->child, &status, 0);
	run->child = -1;
	return status;
}

/* QEMU's last line; true if it told of a triple fault (-d cpu_reset). */
static bool last_words(const struct run *run, char *line, size_t size)
{
	char *path = path_in(run->o->out, "qemu.log");
	FILE *log = path ? fopen(path, "r") : NULL;
	bool fault = false;

	snprintf(line, size, "it said nothing");
	if (log) {
		while (fgets(line, size, log)) {
			line[strcspn(line, "\n")] = '\0';
			fault |= !strcmp(line, "Triple fault");
		}
		fclose(log);
	}
	free(path);
	return fault;
}

/* ---------------------------------------------------------------- the logs */

/* Returns 0, or -1 after lab_error(). */
static int read_log(struct run *run, unsigned int port)
{
	char bytes[64 * 1024];
	const char *path = run->o->log[port];
	ssize_t n;

	if (run->fd[port] < 0) {
		run->fd[port] = open(path, O_RDONLY | O_CLOEXEC);
		if (run->fd[port] < 0 && errno == ENOENT)
			return 0;
	}
	while ((n = read(run->fd[port], bytes, sizeof(bytes))) > 0) {
		run->bytes += n;
		run->grew = elapsed(run);
		if (boot_feed(run->boot, port, bytes, n)) {
			lab_error(run, "out of memory");
			return -1;
		}
		if (run->bytes > LOG_LIMIT_MB * 1000000ULL)
			break;
	}
	if (n < 0) {
		lab_error(run, "%s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * QEMU drops what it cannot write and does not tell: what is in the logs then is
 * no ground for any verdict.  Returns 0, or -1 after lab_error().
 */
static int check_room(struct run *run)
{
	const char *places[] = { run->o->out, run->o->log[0], run->o->log[1] };
	struct statvfs fs;
	unsigned int i;

	for (i = 0; i < 1 + PORTS; i++) {
		/* Some file systems cannot say how large they are. */
		if (!places[i] || statvfs(places[i], &fs) || !fs.f_blocks)
			continue;
		if ((double)fs.f_bavail * fs.f_frsize < ROOM_KB * 1024.0) {
			lab_error(run, "no space left on the disk of %s",
				  places[i]);
			return -1;
		}
	}
	return 0;
}

static void note_stages(struct run *run)
{
	double now = elapsed(run);
	enum stage s;

	for (s = 0; s < STAGES; s++) {
		if (!run->boot->reached[s] || run->told[s])
			continue;
		run->told[s] = true;
		run->at[s] = now;
		run->bytes_done = run->bytes;
		if (run->o->echo)
			fprintf(stderr, "  %-15s %6.1f s\n", stage_label(s), now);
	}
	if (run->tests != run->boot->tap.count ||
	    run->notes != run->boot->tap.notes) {
		run->tests = run->boot->tap.count;
		run->notes = run->boot->tap.notes;
		run->bytes_done = run->bytes;
	}
	if (run->boot->trouble && !run->trouble_at)
		run->trouble_at = now;
}

/*
 * The guest's log first: what it said is the cause of what Xen and dom0 say of
 * it.  Returns 0, or -1 after lab_error().
 */
static int read_logs(struct run *run)
{
	unsigned int port = PORTS;

	while (port-- > 0)
		if (run->o->log[port] && read_log(run, port))
			return -1;
	note_stages(run);
	return 0;
}

/* What --after has to say of the machine that is off.  Returns 0, or -1 after
 * lab_error(). */
static int look_after(struct run *run)
{
	char *const command[] = { "sh", "-c", (char *)run->o->after, NULL };

	if (!run->o->after)
		return 0;
	if (start(run, command, run->o->log[0]))
		return -1;
	waitpid(run->child, NULL, 0);
	run->child = -1;
	return read_logs(run);
}

/* The machine is off: because the guest wanted it, or because QEMU failed? */
static void judge_off(struct run *run)
{
	bool by_itself = has_ended(run);
	int status = stop(run);
	char words[REASON / 2];
	struct boot *b = run->boot;
	bool fault = last_words(run, words, sizeof(words));

	if (look_after(run))
		return;
	boot_judge(b, E_OFF, 0);
	if (!by_itself || b->trouble)
		return;
	if (fault) {
		b->verdict = CRASH;
		b->layer = L_HYPERVISOR;
		snprintf(b->reason, sizeof(b->reason),
			 "triple fault, waiting for: %s",
			 stage_label(boot_awaits(b)));
	} else if (WIFSIGNALED(status)) {
		lab_error(run, "%s was killed by signal %d (%s)",
			  run->o->command[0], WTERMSIG(status), words);
	} else if (WEXITSTATUS(status)) {
		lab_error(run, "%s ended with status %d: %s",
			  run->o->command[0], WEXITSTATUS(status), words);
	}
}

/* Returns true, with the verdict given, once a limit is reached. */
static bool over_limit(struct run *run)
{
	unsigned int silence = run->o->silence[boot_awaits(run->boot)];
	double now = elapsed(run);

	if (run->trouble_at) {
		if (silence > TROUBLE_SILENCE)
			silence = TROUBLE_SILENCE;
		if (now > run->trouble_at + TROUBLE_TOTAL)
			silence = 0;
	}
	if (run->bytes > LOG_LIMIT_MB * 1000000ULL)
		boot_judge(run->boot, E_FLOOD, LOG_LIMIT_MB);
	else if (run->bytes - run->bytes_done > FLOOD_MB * 1000000ULL)
		boot_judge(run->boot, E_FLOOD, FLOOD_MB);
	else if (now > run->o->total)
		boot_judge(run->boot, E_TOTAL, run->o->total);
	else if (now - run->grew > silence)
		boot_judge(run->boot, E_SILENCE, silence);
	else
		return false;
	return true;
}

/* From a started QEMU to a verdict. */
static void follow(struct run *run, const sigset_t *wake)
{
	const struct timespec poll = { .tv_nsec = POLL_MS * 1000000L };
	int sig;

	for (;;) {
		bool ended = has_ended(run);

		if (read_logs(run) || check_room(run))
			break;
		if (over_limit(run))
			break;
		if (ended || run->boot->halted) {
			judge_off(run);
			note_stages(run);
			break;
		}
		sig = sigtimedwait(wake, NULL, &poll);
		if (sig > 0 && sig != SIGCHLD) {
			run->boot->verdict = INTERRUPTED;
			run->boot->layer = L_LAB;
			snprintf(run->boot->reason, sizeof(run->boot->reason),
				 "ended by %s", strsignal(sig));
			break;
		}
	}
	stop(run);
}

static void summary(const struct run *run)
{
	const struct boot *b = run->boot;
	const char *layer = layer_name(b->layer), *said;

	fprintf(stderr, "%s: %s%s%s after %.1f s: %s\n",
		run->o->name ? run->o->name : "boot", verdict_name(b->verdict),
		layer ? " in " : "", layer ? layer : "", elapsed(run),
		b->reason);
	for (size_t i = 0; b->layer == L_TEST && (said = boot_said(b, i)); i++)
		fprintf(stderr, "  %s\n", said);
}

static enum verdict run_boot(const struct options *o)
{
	struct run run = { .o = o, .child = -1, .fd = { -1, -1 } };
	enum verdict verdict = ERROR;
	char *tap = path_in(o->out, "guest.tap");
	char *log = path_in(o->out, "qemu.log");
	sigset_t wake;
	unsigned int i;
	int error;

	run.boot = malloc(sizeof(*run.boot));
	if (!run.boot || !tap || !log) {
		fprintf(stderr, "runner: out of memory\n");
		goto out;
	}
	boot_init(run.boot, o->role, NULL);
	memcpy(run.boot->ordered, o->ordered, sizeof(o->ordered));
	run.boot->disks = o->disks;
	clock_gettime(CLOCK_MONOTONIC, &run.began);
	utc(run.began_text, sizeof(run.began_text));
	if (mkdir(o->out, 0777) && errno != EEXIST) {
		fprintf(stderr, "runner: %s: %s\n", o->out, strerror(errno));
		goto out_free;
	}
	if (write_result(&run)) {
		fprintf(stderr, "runner: %s/result.json: %s\n", o->out,
			strerror(errno));
		goto out_free;
	}
	run.copy = fopen(tap, "we");
	if (!run.copy) {
		lab_error(&run, "%s: %s", tap, strerror(errno));
		goto out_result;
	}
	setvbuf(run.copy, NULL, _IOLBF, 0);
	run.boot->copy = run.copy;
	for (i = 0; i < PORTS + 1; i++) {
		const char *old = i < PORTS ? o->log[i] : log;

		if (old && unlink(old) && errno != ENOENT) {
			lab_error(&run, "%s: %s", old, strerror(errno));
			goto out_result;
		}
	}

	/* Waited for, not handled: nothing happens between two looks. */
	sigemptyset(&wake);
	sigaddset(&wake, SIGINT);
	sigaddset(&wake, SIGTERM);
	sigaddset(&wake, SIGHUP);
	sigaddset(&wake, SIGCHLD);
	sigprocmask(SIG_BLOCK, &wake, NULL);
	if (!start(&run, o->command, log))
		follow(&run, &wake);
	if (ferror(run.copy))
		lab_error(&run, "cannot write %s", tap);
out_result:
	if (write_result(&run)) {
		error = errno;
		lab_error(&run, "%s/result.json: %s", o->out, strerror(error));
	}
	summary(&run);
	verdict = run.boot->verdict;
out_free:
	boot_free(run.boot);
out:
	for (i = 0; i < PORTS; i++)
		if (run.fd[i] >= 0)
			close(run.fd[i]);
	if (run.copy)
		fclose(run.copy);
	free(run.boot);
	free(log);
	free(tap);
	return verdict;
}

/* ------------------------------------------------------------ command line */

static bool positive(const char *s, unsigned int *value)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || !n || n > 24 * 3600)
		return false;
	*value = n;
	return true;
}

/* "STAGE=SEC" */
static bool stage_seconds(const char *s, unsigned int *silence)
{
	size_t n = strcspn(s, "=");
	enum stage i;

	for (i = 0; s[n] && i < STAGES; i++)
		if (strlen(stage_name(i)) == n && !strncmp(stage_name(i), s, n))
			return positive(s + n + 1, &silence[i]);
	return false;
}

static bool role_named(const char *name, enum role *role)
{
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (!strcmp(roles[i], name)) {
			*role = i;
			return true;
		}
	return false;
}

/* "KEY=VALUE" */
static bool add_meta(json_t *meta, const char *s)
{
	size_t n = strcspn(s, "=");
	char *key = strndup(s, n);
	bool good;

	good = key && n && s[n] &&
		!json_object_set_new(meta, key, json_string(s + n + 1));
	free(key);
	return good;
}

static bool parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "out",		required_argument, NULL, 'o' },
		{ "role",		required_argument, NULL, 'r' },
		{ "log",		required_argument, NULL, 'l' },
		{ "log2",		required_argument, NULL, '2' },
		{ "silence",		required_argument, NULL, 's' },
		{ "stage-silence",	required_argument, NULL, 'S' },
		{ "total",		required_argument, NULL, 't' },
		{ "events",		required_argument, NULL, 'v' },
		{ "disks",		required_argument, NULL, 'd' },
		{ "after",		required_argument, NULL, 'a' },
		{ "name",		required_argument, NULL, 'n' },
		{ "meta",		required_argument, NULL, 'm' },
		{ "echo",		no_argument,       NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned int silence = 0, of_stage[STAGES] = { 0 };
	bool good = true, role = false;
	enum stage s;
	int c;

	while (good && (c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		switch (c) {
		case 'o': o->out = optarg; break;
		case 'l': o->log[0] = optarg; break;
		case '2': o->log[1] = optarg; break;
		case 'v': good = order_events(o->ordered, optarg); break;
		case 'd': good = positive(optarg, &o->disks); break;
		case 'a': o->after = optarg; break;
		case 'n': o->name = optarg; break;
		case 'e': o->echo = true; break;
		case 's': good = positive(optarg, &silence); break;
		case 't': good = positive(optarg, &o->total); break;
		case 'S': good = stage_seconds(optarg, of_stage); break;
		case 'm': good = add_meta(o->meta, optarg); break;
		case 'r':
			good = role = role_named(optarg, &o->role);
			break;
		default:
			return false;
		}
	}
	if (!good) {
		fprintf(stderr, "runner: bad value '%s'\n", optarg);
		return false;
	}
	for (s = 0; s < STAGES; s++)
		o->silence[s] = of_stage[s] ? of_stage[s] : silence;
	o->command = argv + optind;
	return o->out && o->log[0] && role && silence && o->total &&
	       (o->role == ROLE_XENU) == (o->log[1] != NULL) && *o->command;
}

int main(int argc, char **argv)
{
	struct options o = { .meta = json_object() };
	enum verdict verdict = ERROR;

	if (parse(&o, argc, argv))
		verdict = run_boot(&o);
	else
		fprintf(stderr, "usage: runner --out DIR --role xen0|xenU|native "
			"--log FILE [--log2 FILE] --silence SEC --total SEC\n"
			"  [--stage-silence STAGE=SEC]... [--name K] [--echo] "
			"[--events KIND,...] [--disks N]\n  [--after WORDS] [--meta KEY=VALUE]... -- COMMAND [ARG]...\n");
	json_decref(o.meta);
	return verdict;
}
