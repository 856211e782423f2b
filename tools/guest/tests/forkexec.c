// SPDX-License-Identifier: GPL-2.0
/*
 * forkexec - do processes begin, become another program, and end?
 *
 * Called with arguments it is the other program: `forkexec exit N' exits with
 * N; `forkexec chain N' goes on as itself with N-1 and exits with 42 at 0;
 * `forkexec open FD' exits with 1 if FD is open.  Without: exit status 0 if all
 * is well.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "../tap.h"

#define SELF	"/proc/self/exe"

static int other_program(char **argv)
{
	int number = atoi(argv[2]);
	char next[16];

	if (!strcmp(argv[1], "exit"))
		return number;
	if (!strcmp(argv[1], "open"))
		return fcntl(number, F_GETFD) >= 0;
	if (!number)
		return 42;
	snprintf(next, sizeof(next), "%d", number - 1);
	execl(SELF, "forkexec", "chain", next, NULL);
	return 255;
}

static pid_t start(const char *what, int number)
{
	char text[16];
	pid_t pid = fork();

	if (pid < 0)
		bail("fork: %m");
	if (pid)
		return pid;
	snprintf(text, sizeof(text), "%d", number);
	execl(SELF, "forkexec", what, text, NULL);
	_exit(255);
}

/* The exit status of PID, -1 if it has none. */
static int result(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void one_after_another(void)
{
	int good = 0;

	for (int i = 0; i < 256; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(i);
		good += result(pid) == i;
	}
	ok(good == 256, "256 exit statuses arrive");

	good = 0;
	for (int i = 0; i < 50; i++)
		good += result(start("exit", i)) == i;
	ok(good == 50, "50 programs run");
}

static void all_at_once(void)
{
	enum { COUNT = 50 };
	int seen[COUNT] = { 0 };
	pid_t pids[COUNT];
	int good = 0, status;
	pid_t pid;

	for (int i = 0; i < COUNT; i++)
		pids[i] = start("exit", i);
	while ((pid = wait(&status)) > 0) {
		int i = 0;

		while (i < COUNT && pids[i] != pid)
			i++;
		if (i < COUNT && WIFEXITED(status) && WEXITSTATUS(status) == i)
			good += !seen[i]++;
	}
	ok(errno == ECHILD && good == COUNT,
	   "%d programs at once, each reaped once", COUNT);
}

/* A child forks the next, which must end before it does. */
static int generations(int left)
{
	pid_t pid;

	if (!left)
		return 7;
	pid = fork();
	if (!pid)
		_exit(generations(left - 1));
	return result(pid);
}

/* Is an orphan given to another parent, and does it live on? */
static void orphan(void)
{
	int fd[2];
	pid_t pid, parent = 0;

	if (pipe(fd))
		bail("pipe: %m");
	pid = fork();
	if (!pid) {
		pid_t mother = getpid();

		if (fork())
			_exit(0);
		while (getppid() == mother)
			usleep(1000);
		parent = getppid();
		_exit(write(fd[1], &parent, sizeof(parent)) < 0);
	}
	result(pid);
	close(fd[1]);
	ok(read(fd[0], &parent, sizeof(parent)) == sizeof(parent) &&
	   parent != pid, "an orphan has a new parent");
	close(fd[0]);
}

/*
 * Numbers are given in turn: one that was had is not had again before all others
 * were.  Forkers, one or two seconds long, and fewer processes than there are numbers.
 */
static void numbers(void)
{
	enum { FORKERS = 4, EACH = 4000, NUMBERS = 32768, ENOUGH = 100 };
	unsigned char *had = mmap(NULL, NUMBERS, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t forkers[FORKERS];
	int good = 0;

	if (had == MAP_FAILED)
		bail("mmap: %m");
	for (int i = 0; i < FORKERS; i++) {
		forkers[i] = fork();
		if (forkers[i])
			continue;
		for (time_t end = time(NULL) + 2, n = 0;
		     n < EACH && (n < ENOUGH || time(NULL) < end); n++) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			if (pid < 0 || result(pid))
				_exit(2);
			/* Where there are more numbers, others look the same. */
			if (pid >= NUMBERS)
				continue;
			if (__atomic_exchange_n(&had[pid], 1, __ATOMIC_SEQ_CST)) {
				diag("%d is given again", pid);
				_exit(1);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < FORKERS; i++)
		good += !result(forkers[i]);
	ok(good == FORKERS, "no process has the number of one before it");
	munmap(had, NUMBERS);
}

static void file_descriptors(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	if (fd < 0)
		bail("open: %m");
	ok(result(start("open", fd)) == 1, "an open file stays so in exec");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ok(result(start("open", fd)) == 0, "close-on-exec closes it");
	close(fd);
}

static void failures(void)
{
	pid_t pid;
	int status;

	ok(execl("/no/such/program", "x", NULL) < 0 && errno == ENOENT,
	   "a missing program is ENOENT");
	ok(execl("/", "x", NULL) < 0 && errno == EACCES,
	   "a directory is EACCES");

	pid = fork();
	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGTERM);
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	   WTERMSIG(status) == SIGTERM, "a killed child names the signal");
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return other_program(argv);

	plan(12);
	one_after_another();
	all_at_once();
	ok(generations(30) == 7, "thirty generations");
	ok(result(start("chain", 30)) == 42, "thirty programs in one process");
	orphan();
	numbers();
	file_descriptors();
	failures();
	return done();
}
