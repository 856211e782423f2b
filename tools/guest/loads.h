/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loads of wakelat and cost: each a function that does one thing once, and one that
 * prepares it; and what it is meant to hold, that is, what in the kernel may keep the CPU
 * meanwhile.  Numbers are those of the hazards list, L1 to L20.
 *
 * For wakelat a load does it over and over, in a process of its own and with normal
 * priority, until it is killed; it never waits for the one who measures, and takes no
 * orders.  For cost it does it as often as it says here.
 */
#ifndef LOADS_H
#define LOADS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include "disk.h"
#include "net.h"
#include "tap.h"
#include "xen.h"

#define MB		((size_t)1 << 20)
#define PAGE		((size_t)4096)
#define LARGE		(96 * MB)	/* an address space worth the wait */

/* The kernel's time. */
static int64_t now_us(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

/* N bytes of memory that is there. */
static char *touched(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		bail("mmap %zu MB: %m", n / MB);
	for (size_t i = 0; i < n; i += PAGE)
		p[i] = 1;
	return p;
}

static void must(int good, const char *what)
{
	if (!good)
		bail("load: %s: %m", what);
}

/* A child that calls WORK(ARG) and ends; its parent waits. */
static void in_child(void (*work)(void *), void *arg)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (work)
			work(arg);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void idle(void)
{
	pause();
}

static void spin(void)
{
	for (;;)
		__asm__ volatile("");
}

static void be_large(void)
{
	touched(LARGE);
}

static void fork_once(void)
{
	in_child(NULL, NULL);
}

/* The program that has the loads, which does nothing by this name. */
static void exec_true(void *arg)
{
	char *const argv[] = { (char *)"true", NULL };

	(void)arg;
	execve("/proc/self/exe", argv, NULL);
	_exit(1);
}

static void exec_once(void)
{
	in_child(exec_true, NULL);
}

static void touch_large(void *arg)
{
	(void)arg;
	be_large();
}

static void exit_once(void)
{
	in_child(touch_large, NULL);
}

static void munmap_once(void)
{
	munmap(touched(LARGE), LARGE);
}

static char *large;

static void have_large(void)
{
	large = touched(LARGE);
}

static void mprotect_once(void)
{
	must(!mprotect(large, LARGE, PROT_READ), "mprotect");
	must(!mprotect(large, LARGE, PROT_READ | PROT_WRITE), "mprotect");
	for (size_t i = 0; i < LARGE; i += 64 * PAGE)
		large[i]++;
}

static void *free_for_large;

static void have_large_and_space(void)
{
	have_large();
	free_for_large = mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(free_for_large != MAP_FAILED, "mmap");
}

static void mremap_once(void)
{
	void *was = large;

	large = mremap(large, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, free_for_large);
	must(large != MAP_FAILED, "mremap");
	free_for_large = was;
}

static void mlock_once(void)
{
	char *p = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	must(p != MAP_FAILED && !mlock(p, LARGE), "mlock");
	must(!munlock(p, LARGE) && !munmap(p, LARGE), "munmap");
}

static void faults_once(void)
{
	for (size_t i = 0; i < LARGE; i += PAGE)
		large[i] = 1;
	must(!madvise(large, LARGE, MADV_DONTNEED), "madvise");
}

static void *end_at_once(void *arg)
{
	return arg;
}

static void threads_once(void)
{
	pthread_t threads[64];
	unsigned int n = 0;

	while (n < 64 && !pthread_create(&threads[n], NULL, end_at_once, NULL))
		n++;
	must(n > 0, "pthread_create");
	while (n)
		pthread_join(threads[--n], NULL);
}

static int file_of(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0, name);
	return fd;
}

/* A file of COUNT times 64 kB below DIR. */
static void use_file(const char *dir, int count)
{
	static char buffer[65536];
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s/load", dir);
	fd = file_of(name);
	for (int i = 0; i < count; i++)
		must(write(fd, buffer, sizeof(buffer)) == sizeof(buffer), "write");
	must(!lseek(fd, 0, SEEK_SET), "lseek");
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	must(!ftruncate(fd, 0), "ftruncate");
	close(fd);
	must(!unlink(name), "unlink");
}

static void files_once(void)
{
	use_file("/tmp", 256);
}

/* COUNT directories in one below DIR. */
static void use_directories(const char *dir, int count)
{
	char parent[128], name[192];

	snprintf(parent, sizeof(parent), "%s/load.d", dir);
	/* There may be some of one that was killed. */
	must(!mkdir(parent, 0700) || errno == EEXIST, "mkdir");
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d", parent, i);
		must(!mkdir(name, 0700) || errno == EEXIST, "mkdir");
	}
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d", parent, i);
		must(!rmdir(name), "rmdir");
	}
	must(!rmdir(parent), "rmdir");
}

static void directories_once(void)
{
	use_directories("/tmp", 500);
}

static int load_fd;

/* Every second byte of a file locked: a list that each request walks, under the BKL. */
#define LOCKS	8000

static void lock_byte(int number, short type)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = 2 * number, .l_len = 1,
	};

	must(!fcntl(load_fd, F_SETLK, &lock), "fcntl");
}

static void locks_begin(void)
{
	load_fd = file_of("/tmp/load.locks");
	for (int i = 0; i < LOCKS; i++)
		lock_byte(i, F_RDLCK);
}

static void locks_once(void)
{
	static int i;

	lock_byte(i, F_UNLCK);
	lock_byte(i, F_RDLCK);
	i = (i + 1) % LOCKS;
}

static void flock_begin(void)
{
	load_fd = file_of("/tmp/load.flock");
}

static void flock_once(void)
{
	must(!flock(load_fd, LOCK_EX) && !flock(load_fd, LOCK_UN), "flock");
}

static void tty_begin(void)
{
	load_fd = open("/dev/tty0", O_RDWR | O_NOCTTY);
	if (load_fd < 0)
		load_fd = open("/dev/console", O_RDWR | O_NOCTTY);
	must(load_fd >= 0, "console");
}

static void tty_once(void)
{
	int size[2];

	(void)ioctl(load_fd, TIOCGWINSZ, size);
}

static void read_all(const char *name)
{
	static char buffer[65536];
	int fd = open(name, O_RDONLY);

	must(fd >= 0, name);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
}

static void kallsyms_once(void)
{
	read_all("/proc/kallsyms");
}

static void procfs_once(void)
{
	static const char *const names[] = {
		"/proc/self/maps", "/proc/meminfo", "/proc/stat", "/proc/slabinfo",
		"/proc/interrupts", "/proc/mounts", "/proc/self/stat",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		read_all(names[i]);
}

static char block[65536];
static int other_fd;

static pid_t helpers[64];
static unsigned int helper_count;

/* A child that does it for ever. */
static void beside(void (*once)(void))
{
	pid_t pid = fork();

	must(pid >= 0 && helper_count < sizeof(helpers) / sizeof(*helpers), "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			once();
	}
	helpers[helper_count++] = pid;
}

/* All these end, so that nobody else pays for that. */
static inline void end_helpers(void)
{
	for (unsigned int i = 0; i < helper_count; i++)
		kill(helpers[i], SIGKILL);
	while (helper_count)
		waitpid(helpers[--helper_count], NULL, 0);
}

/* What comes goes back. */
static void echo(void)
{
	ssize_t n = read(other_fd, block, 4096);

	must(n > 0 && write(other_fd, block, n) == n, "echo");
}

static void ping_pong(void)
{
	must(write(load_fd, block, 4096) == 4096, "write");
	for (ssize_t n, left = 4096; left; left -= n) {
		n = read(load_fd, block, left);
		must(n > 0, "read");
	}
}

static void take(void)
{
	must(read(other_fd, block, sizeof(block)) > 0, "read");
}

static void pipes_begin(void)
{
	int fd[2];

	must(!pipe(fd), "pipe");
	other_fd = fd[0];
	load_fd = fd[1];
	beside(take);
}

static void pipes_once(void)
{
	must(write(load_fd, block, sizeof(block)) == sizeof(block), "write");
}

static void sockets_begin(void)
{
	int fd[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd), "socketpair");
	load_fd = fd[0];
	other_fd = fd[1];
	beside(echo);
}

static void tcp_begin(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	load_fd = socket(AF_INET, SOCK_STREAM, 0);
	/* The guest has no other use for it, and nobody else to switch it on. */
	must(!ioctl(load_fd, SIOCSIFFLAGS, &lo) || errno == EPERM, "lo");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(!bind(listener, (struct sockaddr *)&to, len) && !listen(listener, 1) &&
	     !getsockname(listener, (struct sockaddr *)&to, &len) &&
	     !connect(load_fd, (struct sockaddr *)&to, len), "loopback");
	other_fd = accept(listener, NULL, NULL);
	must(other_fd >= 0, "accept");
	beside(echo);
}

static char kmsg_line[128];

static void console_begin(void)
{
	mknod("/tmp/kmsg", S_IFCHR | 0600, makedev(1, 11));
	load_fd = open("/tmp/kmsg", O_WRONLY);
	memset(kmsg_line, '.', sizeof(kmsg_line));
	memcpy(kmsg_line, "<4>load", 7);
	kmsg_line[sizeof(kmsg_line) - 1] = '\n';
}

/* A line every other ms: the lab takes no log of more than 1 MB. */
static void console_once(void)
{
	must(write(load_fd, kmsg_line, sizeof(kmsg_line)) > 0, "kmsg");
	for (int i = 0; i < 300000; i++)
		__asm__ volatile("");
}

#define A_MODULE	"/modules/dummy.ko"

static int has_module(void)
{
	return !access(A_MODULE, R_OK);
}

static char module[1 << 20];
static ssize_t module_size;

static void modules_begin(void)
{
	module_size = read(open(A_MODULE, O_RDONLY), module, sizeof(module));
	must(module_size > 0, A_MODULE);
}

static void modules_once(void)
{
	must(!syscall(SYS_init_module, module, module_size, ""), "init_module");
	while (syscall(SYS_delete_module, "dummy", O_NONBLOCK))
		must(errno == EWOULDBLOCK, "delete_module");
}

#define BALLOON		"/proc/xen/balloon"

static int has_balloon(void)
{
	return !access(BALLOON, W_OK);
}

/* In bytes. */
static unsigned long balloon_has(void)
{
	char text[512] = "", *at;
	int fd = open(BALLOON, O_RDONLY);

	must(read(fd, text, sizeof(text) - 1) > 0, BALLOON);
	close(fd);
	at = strstr(text, "Current allocation:");
	return at ? strtoul(at + strlen("Current allocation:"), NULL, 10) << 10 : 0;
}

static unsigned long balloon_most;

static void balloon_begin(void)
{
	balloon_most = balloon_has();
	load_fd = open(BALLOON, O_WRONLY);
}

static void balloon_to(unsigned long target)
{
	char text[32];

	must(write(load_fd, text, snprintf(text, sizeof(text), "%lu", target)) > 0, BALLOON);
	while (balloon_has() != target)
		sched_yield();
}

static void balloon_once(void)
{
	balloon_to(balloon_most - 64 * MB);
	balloon_to(balloon_most);
}

#define PRIVCMD			"/proc/xen/privcmd"

static int has_privcmd(void)
{
	return is_domain0() && has_xen_ioctls();
}

static void privcmd_begin(void)
{
	load_fd = open(PRIVCMD, O_RDWR);
}

static void privcmd_once(void)
{
	static unsigned long frames[4096];
	const size_t n = sizeof(frames) / sizeof(*frames);
	struct privcmd_batch batch = { .num = n, .dom = DOMID_IO, .frames = frames };
	void *area = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, load_fd, 0);

	must(area != MAP_FAILED, PRIVCMD);
	batch.addr = (unsigned long)area;
	for (size_t i = 0; i < n; i++)
		frames[i] = SCREEN + i % 8;
	must(!ioctl(load_fd, PRIVCMD_MMAPBATCH, &batch), "PRIVCMD_MMAPBATCH");
	must(!munmap(area, n * PAGE), "munmap");
}

static int has_disk(void)
{
	return getenv("DISKS") != NULL;
}

static void disk_begin(void)
{
	disks_begin();
	must(!chdir(disks[disk_count - 1].dir), "chdir");
}

static void disk_once(void)
{
	int fd = file_of("load");

	for (uint32_t at = 0; at < 8 * MB; at += MB) {
		must(!disk_fill(fd, 1, at, at + MB), "write");
		must(!fsync(fd), "fsync");
	}
	must(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) &&
	     !disk_compare(fd, "load", 1, 8 * MB), "read");
	close(fd);
	must(!unlink("load"), "unlink");
}

/* The first of the lab's disks has a journal. */
static void journal_once(void)
{
	use_file(disks[0].dir, 64);
	use_directories(disks[0].dir, 100);
}

static int has_net(void)
{
	return getenv("NET") != NULL;
}

static void net_begin(void)
{
	nets_begin();
	load_fd = net_connect(&nets[0], 10000);
	must(load_fd >= 0, "connect");
}

static void net_once(void)
{
	must(!net_echo(load_fd, "load", 1, MB, 10000), "echo");
}

static void calls_once(void)
{
	syscall(SYS_getppid);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signals_begin(void)
{
	signal(SIGUSR1, on_signal);
}

static void signals_once(void)
{
	raise(SIGUSR1);
}

/* A few pages come and go. */
static void mappings_once(void)
{
	munmap(touched(4 * PAGE), 4 * PAGE);
}

static void pass_on(void)
{
	char c;

	must(read(other_fd, &c, 1) == 1 && write(load_fd, &c, 1) == 1, "pass on");
}

/* N tasks, each with a pipe to the next, and the last with one to this. */
static void ring_begin(int n)
{
	int fd[2], to_first;

	must(!pipe(fd), "pipe");
	to_first = fd[1];
	other_fd = fd[0];
	while (--n) {
		must(!pipe(fd), "pipe");
		load_fd = fd[1];
		beside(pass_on);
		other_fd = fd[0];
	}
	load_fd = to_first;
}

static void pair_begin(void)
{
	ring_begin(2);
}

static void ring8_begin(void)
{
	ring_begin(8);
}

static void crowd_begin(void)
{
	ring_begin(64);
}

/* A byte goes round. */
static void ring_once(void)
{
	char c = 0;

	must(write(load_fd, &c, 1) == 1 && read(other_fd, &c, 1) == 1, "ring");
}

/* As hackbench has it: each of the senders writes to each of the receivers. */
#define GROUP		10
#define MESSAGES	20
#define MESSAGE		100

static void send_all(int (*pairs)[2])
{
	for (int m = 0; m < MESSAGES; m++)
		for (int i = 0; i < GROUP; i++)
			must(write(pairs[i][0], block, MESSAGE) == MESSAGE, "send");
}

static void receive_all(int (*pair)[2])
{
	ssize_t n;

	for (ssize_t left = GROUP * MESSAGES * MESSAGE; left; left -= n) {
		n = read((*pair)[1], block, left < MESSAGE ? left : MESSAGE);
		must(n > 0, "receive");
	}
}

static void group_once(void)
{
	int pairs[GROUP][2];

	for (int i = 0; i < GROUP; i++)
		must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), "socketpair");
	for (int i = 0; i < 2 * GROUP; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (i < GROUP)
				send_all(pairs);
			else
				receive_all(&pairs[i - GROUP]);
			_exit(0);
		}
	}
	for (int i = 0; i < 2 * GROUP; i++)
		must(wait(NULL) > 0, "wait");
	for (int i = 0; i < GROUP; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

/* What a compiler does beside compiling: read much, need memory, write less. */
static void compile(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		read_all("/proc/self/exe");
	touched(4 * MB);
	use_file("/tmp", 4);
	exec_true(NULL);
}

static void compile_once(void)
{
	in_child(compile, NULL);
}

static void mixed_begin(void)
{
	beside(files_once);
	be_large();
}

static const struct load {
	const char *name;
	const char *holds;
	void (*begin)(void);		/* or NULL */
	void (*once)(void);
	unsigned int rounds;		/* of cost; 0 if it has no cost of its own */
	int (*has)(void);		/* what it takes; NULL: that is everywhere */
} loads[] = {
	{ "idle", "nothing", NULL, idle, 0, NULL },
	{ "spin", "nothing: user mode", NULL, spin, 0, NULL },
	{ "fork", "page tables of 96 MB are copied and pinned: L1, L3, L4",
	  be_large, fork_once, 10, NULL },
	{ "exec", "the same, and those of a new program: L1 to L4",
	  be_large, exec_once, 10, NULL },
	{ "exit", "page tables of 96 MB are unpinned and freed: L2, L3",
	  NULL, exit_once, 2, NULL },
	{ "munmap", "96 MB are unmapped in blocks: L18", NULL, munmap_once, 2, NULL },
	{ "mprotect", "entries of 96 MB are changed", have_large, mprotect_once, 1, NULL },
	{ "mremap", "entries of 96 MB are moved",
	  have_large_and_space, mremap_once, 2, NULL },
	{ "mlock", "96 MB are made present at once", NULL, mlock_once, 2, NULL },
	{ "faults", "page after page is faulted in", have_large, faults_once, 2, NULL },
	{ "threads", "64 threads come and go", NULL, threads_once, 20, NULL },
	{ "files", "16 MB are written, read, truncated, unlinked",
	  NULL, files_once, 4, NULL },
	{ "directories", "500 directories are made and removed",
	  NULL, directories_once, 10, NULL },
	{ "locks", "a list of 8000 POSIX locks is walked under the BKL",
	  locks_begin, locks_once, 100, NULL },
	{ "flock", "flock() under the BKL", flock_begin, flock_once, 10000, NULL },
	{ "tty", "an ioctl of a terminal under the BKL", tty_begin, tty_once, 10000, NULL },
	{ "kallsyms", "symbols are expanded one by one", NULL, kallsyms_once, 2, NULL },
	{ "procfs", "short files of /proc are made", NULL, procfs_once, 100, NULL },
	{ "pipes", "64 kB at a time through a pipe", pipes_begin, pipes_once, 500, NULL },
	{ "sockets", "4 kB to and fro over a local socket",
	  sockets_begin, ping_pong, 1000, NULL },
	{ "tcp", "4 kB to and fro over loopback TCP, in softirqs",
	  tcp_begin, ping_pong, 1000, NULL },
	{ "console", "the kernel prints line after line: L12",
	  console_begin, console_once, 0, NULL },
	{ "modules", "a module is loaded and unloaded",
	  modules_begin, modules_once, 20, has_module },
	{ "balloon", "64 MB are given to Xen and taken back: L6, L7",
	  balloon_begin, balloon_once, 2, has_balloon },
	{ "privcmd", "4096 foreign frames are mapped by one call: L11",
	  privcmd_begin, privcmd_once, 5, has_privcmd },
	{ "disk", "8 MB are written, synced and read on a block device: L10",
	  disk_begin, disk_once, 1, has_disk },
	{ "journal", "files and directories of ext3 come and go",
	  disks_begin, journal_once, 2, has_disk },
	{ "net", "1 MB at a time to and fro over a network device: L9",
	  net_begin, net_once, 4, has_net },
	{ "calls", "nothing: getppid()", NULL, calls_once, 50000, NULL },
	{ "signals", "a signal to itself", signals_begin, signals_once, 5000, NULL },
	{ "children", "a small process comes and goes", NULL, fork_once, 50, NULL },
	{ "programs", "and becomes another program", NULL, exec_once, 50, NULL },
	{ "mappings", "four pages come and go", NULL, mappings_once, 1000, NULL },
	{ "pair", "a byte goes to and fro between two tasks",
	  pair_begin, ring_once, 2000, NULL },
	{ "ring", "a byte goes round eight tasks", ring8_begin, ring_once, 500, NULL },
	{ "crowd", "a byte goes round 64 tasks", crowd_begin, ring_once, 60, NULL },
	{ "groups", "ten tasks send messages to ten others, as hackbench has it",
	  NULL, group_once, 3, NULL },
	{ "compile", "files are read and written by one program after another",
	  NULL, compile_once, 10, NULL },
	{ "mixed", "fork and files at once", mixed_begin, fork_once, 0, NULL },
};

/* That of this name, if it is to be had here. */
static const struct load *find_load(const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (strcmp(loads[i].name, name))
			continue;
		if (loads[i].has && !loads[i].has())
			skip_all("%s is not to be had here", name);
		return &loads[i];
	}
	bail("no load is called %s", name);
}

#endif
