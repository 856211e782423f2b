// SPDX-License-Identifier: GPL-2.0
/*
 * locks - do file locks exclude, see deadlocks and end with their owner?
 *
 * All file locks of 2.6.12 are managed under the Big Kernel Lock.  Several tasks
 * take POSIX locks on ranges of one file, two at a time in any order, so that
 * deadlocks come about and must be refused (EDEADLK), and flock() on several
 * files; who is inside is noted in shared memory.  Meanwhile others hold hundreds
 * of ranges each, and die with them.  Whoever waits longer than STRESS_STALL
 * seconds fails and says for what.
 *
 * Works in a directory of its own in TESTDIR, or /tmp.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>

#include "../stress.h"

#define RANGERS		4	/* tasks with POSIX locks */
#define RECORDS		32	/* of the file they share */
#define FLOCKERS	3
#define FILES		4
#define HOLDERS		2	/* tasks with many ranges */
#define MANY		300

/* Who is inside, as those say who have the lock. */
struct inside {
	pid_t writer;
	int readers;
	uint32_t written;	/* by writers only, without atomics */
};

static struct shared {
	struct inside record[RECORDS], file[FILES];
	uint32_t written[RANGERS + FLOCKERS];
	uint32_t deadlocks, arranged, held;
	int intruded;		/* times a lock did not exclude */
} *shared;

static const char shared_file[] = "ranges";

static void on_alarm(int sig)
{
	(void)sig;
}

/* A wait for a lock ends with EINTR after STRESS_STALL seconds. */
static void limit_waits(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
}

static int open_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		bail("%s: %m", name);
	return fd;
}

/* -1 with errno if CMD, F_SETLK or F_SETLKW, cannot make it TYPE. */
static int lock_range(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock range = {
		.l_type = type, .l_whence = SEEK_SET,
		.l_start = start, .l_len = len,
	};
	int got, error;

	alarm(STRESS_STALL);
	got = fcntl(fd, cmd, &range);
	error = errno;
	alarm(0);
	if (got && error == EINTR) {
		fcntl(fd, F_GETLK, &range);
		diag("%d waits in vain for [%ld, %ld): %s %d has [%ld, %ld)",
		     getpid(), (long)start, (long)(start + len),
		     range.l_type == F_UNLCK ? "nobody," : "task",
		     range.l_type == F_UNLCK ? 0 : range.l_pid,
		     (long)range.l_start, (long)(range.l_start + range.l_len));
	}
	errno = error;
	return got;
}

/* The type of another task's lock on the byte AT, and in *OWNER whose it is. */
static int lock_of_others(int fd, off_t at, pid_t *owner)
{
	struct flock range = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = at, .l_len = 1,
	};

	if (fcntl(fd, F_GETLK, &range))
		bail("F_GETLK: %m");
	*owner = range.l_pid;
	return range.l_type;
}

static void intrusion(const char *what, int number, const struct inside *in)
{
	if (__atomic_fetch_add(&shared->intruded, 1, __ATOMIC_SEQ_CST) < 10)
		diag("%d in %s %d, and so are writer %d and %d readers",
		     getpid(), what, number, in->writer, in->readers);
}

static void enter(struct inside *in, int type, const char *what, int number)
{
	if (in->writer || (type == F_WRLCK &&
			   __atomic_load_n(&in->readers, __ATOMIC_SEQ_CST)))
		intrusion(what, number, in);
	if (type == F_WRLCK)
		in->writer = getpid();
	else
		__atomic_add_fetch(&in->readers, 1, __ATOMIC_SEQ_CST);
}

static void leave(struct inside *in, int type, const char *what, int number)
{
	if (type == F_RDLCK) {
		if (in->writer)
			intrusion(what, number, in);
		__atomic_sub_fetch(&in->readers, 1, __ATOMIC_SEQ_CST);
		return;
	}
	if (in->writer != getpid() || in->readers)
		intrusion(what, number, in);
	in->written++;
	in->writer = 0;
}

static void dawdle(void)
{
	uint32_t turns = stress_random(3000);

	if (!stress_random(4))
		sched_yield();
	while (turns--)
		__asm__ volatile("");
}

/* Lock FIRST to LAST of the shared file, be inside, and lock another while
 * there.  How many records were written; -1 if it cannot be. */
static int in_range(int fd)
{
	static const char what[] = "record";
	int first = stress_random(RECORDS), len = 1 + stress_random(4);
	int type = stress_random(3) ? F_WRLCK : F_RDLCK;
	int other = stress_random(RECORDS), second, wrote = 0;

	if (first + len > RECORDS)
		len = RECORDS - first;
	if (lock_range(fd, F_SETLKW, type, first, len))
		return -1;
	for (int i = first; i < first + len; i++)
		enter(&shared->record[i], type, what, i);
	dawdle();

	second = other < first || other >= first + len;
	if (second && lock_range(fd, F_SETLKW, F_WRLCK, other, 1)) {
		if (errno != EDEADLK)
			return -1;
		__atomic_add_fetch(&shared->deadlocks, 1, __ATOMIC_SEQ_CST);
		second = 0;
	}
	if (second) {
		enter(&shared->record[other], F_WRLCK, what, other);
		dawdle();
		leave(&shared->record[other], F_WRLCK, what, other);
		wrote++;
	}
	for (int i = first; i < first + len; i++)
		leave(&shared->record[i], type, what, i);
	if (type == F_WRLCK)
		wrote += len;
	return lock_range(fd, F_SETLK, F_UNLCK, 0, 0) ? -1 : wrote;
}

static int ranger(void *arg)
{
	int fd = open_file(shared_file), wrote;
	uint32_t *written = arg;

	limit_waits();
	do {
		wrote = in_range(fd);
		if (wrote < 0) {
			diag("%d: POSIX lock: %m", getpid());
			return 1;
		}
		*written += wrote;
	} while (stress_on());
	return 0;
}

static int flocker(void *arg)
{
	static const char what[] = "file";
	uint32_t *written = arg;
	char name[16];
	int fd[FILES], i;

	limit_waits();
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "flock%d", i);
		fd[i] = open_file(name);
	}
	do {
		int type = stress_random(2) ? F_WRLCK : F_RDLCK;
		int how = type == F_WRLCK ? LOCK_EX : LOCK_SH;

		i = stress_random(FILES);
		alarm(STRESS_STALL);
		if (flock(fd[i], how)) {
			diag("%d waits in vain for flock %d: %m; writer %d, %d readers",
			     getpid(), i, shared->file[i].writer,
			     shared->file[i].readers);
			return 1;
		}
		alarm(0);
		enter(&shared->file[i], type, what, i);
		dawdle();
		leave(&shared->file[i], type, what, i);
		*written += type == F_WRLCK;
		if (flock(fd[i], LOCK_UN))
			return 1;
	} while (stress_on());
	return 0;
}

/* In a child: take every other byte, split and join some, say so, die. */
static void hold_many(int fd, int ready, int go)
{
	char c;

	for (int i = 0; i < MANY; i++)
		if (lock_range(fd, F_SETLK, F_WRLCK, 2 * i, 1))
			_exit(1);
	/* Two in three are joined with their neighbour, and cut again. */
	for (int i = 0; i < MANY; i += 3)
		if (lock_range(fd, F_SETLK, F_WRLCK, 2 * i, 4) ||
		    lock_range(fd, F_SETLK, F_UNLCK, 2 * i + 1, 1) ||
		    lock_range(fd, F_SETLK, F_UNLCK, 2 * i + 3, 1))
			_exit(1);
	if (write(ready, "", 1) != 1 || read(go, &c, 1) != 1)
		_exit(1);
	if (c)
		for (;;)
			pause();
	_exit(0);
}

/* 0 if a child's locks are all there, and none when it is gone. */
static int many_ranges(int fd)
{
	int ready[2], go[2], killed = stress_random(2), bad = 0;
	char c = killed;
	pid_t pid, owner;

	if (pipe(ready) || pipe(go))
		bail("pipe: %m");
	pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		close(go[1]);
		hold_many(fd, ready[1], go[0]);
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &c, 1) != 1) {
		diag("%d cannot take %d ranges", pid, MANY);
		bad = 1;
	}
	for (int n = 0; !bad && n < 50; n++) {
		int at = stress_random(2 * MANY);
		int type = lock_of_others(fd, at, &owner);

		if (at % 2 ? type != F_UNLCK :
		    type != F_WRLCK || owner != pid) {
			diag("byte %d: lock of type %d, task %d; holder is %d",
			     at, type, owner, pid);
			bad = 1;
		}
	}
	c = killed;
	if (write(go[1], &c, 1) != 1)
		bad = 1;
	if (killed)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(ready[0]);
	close(go[1]);
	if (!bad && lock_range(fd, F_SETLK, F_WRLCK, 0, 0)) {
		diag("the locks of %d outlive it: %m", pid);
		bad = 1;
	}
	lock_range(fd, F_SETLK, F_UNLCK, 0, 0);
	__atomic_add_fetch(&shared->held, MANY, __ATOMIC_SEQ_CST);
	return bad;
}

static int holder(void *arg)
{
	int fd = open_file(arg), bad;

	limit_waits();
	do
		bad = many_ranges(fd);
	while (!bad && stress_on());
	return bad;
}

/* Has byte ME, then wants byte !ME: 0 if it got it, 1 if EDEADLK, 2 if neither. */
static int one_of_two(int fd, int me, int ready, int go)
{
	char c;

	if (lock_range(fd, F_SETLK, F_WRLCK, me, 1) ||
	    write(ready, "", 1) != 1 || read(go, &c, 1) != 1)
		return 2;
	if (!lock_range(fd, F_SETLKW, F_WRLCK, !me, 1))
		return 0;
	return errno == EDEADLK ? 1 : 2;
}

/* Two tasks wait for each other: exactly one of them must be told. */
static int arrange_deadlock(int fd)
{
	int ready[2], go[2], status, refused = 0, bad = 0;
	pid_t pid[2];
	char c[2];

	if (pipe(ready) || pipe(go))
		bail("pipe: %m");
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			bail("fork: %m");
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(one_of_two(fd, i, ready[1], go[0]));
		}
	}
	close(ready[1]);
	for (int i = 0; i < 2; i++)
		bad |= read(ready[0], c, 1) != 1;
	if (write(go[1], c, 2) != 2)
		bad = 1;
	for (int i = 0; i < 2; i++) {
		while (waitpid(pid[i], &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			bad = 1;
		refused += WEXITSTATUS(status) == 1;
	}
	close(ready[0]);
	close(go[0]);
	close(go[1]);
	if (bad || refused != 1)
		diag("two tasks wait for each other: %d of them refused",
		     refused);
	__atomic_add_fetch(&shared->arranged, 1, __ATOMIC_SEQ_CST);
	return bad || refused != 1;
}

static int arranger(void *arg)
{
	int fd = open_file(arg), bad;

	limit_waits();
	do
		bad = arrange_deadlock(fd);
	while (!bad && stress_on());
	return bad;
}

static void remove_files(const char *dir)
{
	char name[16];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "flock%d", i);
		unlink(name);
	}
	unlink(shared_file);
	unlink("many0");
	unlink("many1");
	unlink("deadlock");
	if (rmdir(dir))
		diag("%s: %m", dir);
}

int main(void)
{
	pid_t workers[RANGERS + FLOCKERS + HOLDERS + 1];
	char many[HOLDERS][8] = { "many0", "many1" };
	uint32_t written = 0, counted = 0;
	int count = 0, bad = 0, i;
	const char *parent = getenv("TESTDIR");
	char dir[256], deadlock[] = "deadlock";

	plan(4);
	stress_begin();
	snprintf(dir, sizeof(dir), "%s/locks.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(dir) || chdir(dir))
		bail("%s: %m", dir);
	shared = stress_shared(sizeof(*shared));
	for (i = 0; i < RANGERS; i++, count++)
		workers[count] = stress_worker(count + 1, ranger,
					       &shared->written[i]);
	for (i = 0; i < FLOCKERS; i++, count++)
		workers[count] = stress_worker(count + 1, flocker,
					       &shared->written[RANGERS + i]);
	for (i = 0; i < HOLDERS; i++, count++)
		workers[count] = stress_worker(count + 1, holder, many[i]);
	workers[count] = stress_worker(count + 1, arranger, deadlock);
	for (i = 0; i <= count; i++)
		bad += !!stress_wait(workers[i]);
	remove_files(dir);

	for (i = 0; i < RANGERS + FLOCKERS; i++)
		written += shared->written[i];
	for (i = 0; i < RECORDS; i++)
		counted += shared->record[i].written;
	for (i = 0; i < FILES; i++)
		counted += shared->file[i].written;
	diag("%u times inside to write, %u ranges held to the end, %u deadlocks",
	     written, shared->held, shared->deadlocks + shared->arranged);
	ok(!bad, "no worker fails or waits in vain");
	if (!ok(written && written == counted && !shared->intruded,
		"file locks exclude"))
		diag("%u writes, %u counted, %d intrusions", written, counted,
		     shared->intruded);
	ok(shared->held, "hundreds of ranges are kept, until their owner ends");
	ok(shared->arranged, "deadlocks are refused, to one of two");
	return done();
}
