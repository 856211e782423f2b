// SPDX-License-Identifier: GPL-2.0
/*
 * version - is this the kernel that was meant to boot?
 *
 * Its name, its configuration and its CPUs, against the environment:
 *	RELEASE	how `uname -r' begins
 *	EXPECT	see expect.h
 *	VCPUS	CPUs online
 * What the environment does not say is only printed.  Exit status 0 if all is
 * well.
 */
#include <fcntl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "../expect.h"

/* Is WORD one of the blank-separated words of TEXT? */
static int has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t here = strcspn(text, " ");

		if (here == len && !memcmp(text, word, len))
			return 1;
		text += here;
	}
	return 0;
}

/* The output of `zcat PATH' as a stream, which ends early if zcat fails. */
static FILE *zcat(const char *path, pid_t *pid)
{
	int fd[2];

	if (pipe(fd))
		bail("pipe: %m");
	*pid = fork();
	if (*pid < 0)
		bail("fork: %m");
	if (!*pid) {
		dup2(fd[1], STDOUT_FILENO);
		close(fd[0]);
		close(fd[1]);
		execl("/bin/zcat", "zcat", path, NULL);
		_exit(127);
	}
	close(fd[1]);
	return fdopen(fd[0], "r");
}

/* The enum expect words that the kernel's configuration switches on, or -1
 * with *WHY if it cannot be read. */
static int configured(const char **why)
{
	static const struct {
		const char *line;
		enum expect word;
	} options[] = {
		{ "CONFIG_PREEMPT=y\n",		EXPECT_PREEMPT },
		{ "CONFIG_PREEMPT_BKL=y\n",	EXPECT_PREEMPT_BKL },
		{ "CONFIG_SMP=y\n",		EXPECT_SMP },
	};
	const char *path = "/proc/config.gz";
	int set = 0, lines = 0, status;
	char line[256];
	FILE *config;
	pid_t pid;

	*why = "no /proc/config.gz";
	if (access(path, R_OK))
		return -1;
	*why = "no /bin/zcat";
	if (access("/bin/zcat", X_OK))
		return -1;

	config = zcat(path, &pid);
	if (!config)
		bail("zcat: %m");
	while (fgets(line, sizeof(line), config)) {
		lines++;
		for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
			if (!strcmp(line, options[i].line))
				set |= options[i].word;
	}
	fclose(config);
	if (waitpid(pid, &status, 0) != pid || status || !lines)
		bail("zcat %s: wait status %#x", path, status);
	return set;
}

static int online_cpus(void)
{
	FILE *stat = fopen("/proc/stat", "r");
	char line[1024];
	int cpus = 0;

	if (!stat)
		bail("/proc/stat: %m");
	while (fgets(line, sizeof(line), stat))
		cpus += !strncmp(line, "cpu", 3) && line[3] != ' ';
	fclose(stat);
	return cpus;
}

static void show_xen(void)
{
	int fd = open("/proc/xen/capabilities", O_RDONLY);
	char text[256];
	ssize_t len;

	if (fd < 0)
		return;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	diag("/proc/xen/capabilities: %s", *text ? text : "none");
}

/* One result: is WORD on or off as it should be?  ON is -1 if not known, with
 * WHY. */
static void agrees(const char *what, enum expect word, int on, const char *why)
{
	int want = expected(word);

	if (want < 0)
		skip("no expectation", what);
	else if (word != EXPECT_SMP && expected(EXPECT_DYNAMIC))
		skip("the model is chosen at boot", what);
	else if (on < 0)
		skip(why, what);
	else
		ok(on == want, "%s: %s, should be %s", what,
		   on ? "on" : "off", want ? "on" : "off");
}

int main(void)
{
	const char *release = getenv("RELEASE");
	const char *vcpus = getenv("VCPUS");
	struct utsname u;
	const char *why;
	int set, cpus;

	if (uname(&u))
		bail("uname: %m");
	plan(7);
	diag("%s %s %s", u.release, u.version, u.machine);
	show_xen();

	if (release)
		ok(!strncmp(u.release, release, strlen(release)),
		   "the release begins with %s", release);
	else
		skip("no expectation", "the release");
	agrees("PREEMPT in uname -v", EXPECT_PREEMPT,
	       has_word(u.version, "PREEMPT"), NULL);
	agrees("SMP in uname -v", EXPECT_SMP, has_word(u.version, "SMP"), NULL);

	set = configured(&why);
	agrees("CONFIG_PREEMPT", EXPECT_PREEMPT,
	       set < 0 ? -1 : !!(set & EXPECT_PREEMPT), why);
	agrees("CONFIG_PREEMPT_BKL", EXPECT_PREEMPT_BKL,
	       set < 0 ? -1 : !!(set & EXPECT_PREEMPT_BKL), why);
	agrees("CONFIG_SMP", EXPECT_SMP,
	       set < 0 ? -1 : !!(set & EXPECT_SMP), why);

	cpus = online_cpus();
	diag("%d CPUs online", cpus);
	if (vcpus)
		ok(cpus == atoi(vcpus), "%s CPUs online", vcpus);
	else
		skip("no expectation", "CPUs online");
	return done();
}
