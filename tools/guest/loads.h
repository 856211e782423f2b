/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loads of wakelat: each a function that does one thing over and over, in a process
 * of its own and with normal priority, until it is killed; and what it is meant to
 * hold, that is, what in the kernel may keep the CPU meanwhile.  Numbers are those of
 * the hazards list, L1 to L20.
 *
 * A load never waits for the one who measures, and takes no orders.
 */
#ifndef LOADS_H
#define LOADS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
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

static void load_idle(void)
{
	for (;;)
		pause();
}

static void load_spin(void)
{
	for (;;)
		__asm__ volatile("");
}

static void load_fork(void)
{
	touched(LARGE);
	for (;;)
		in_child(NULL, NULL);
}

static void exec_true(void *arg)
{
	char *const argv[] = { (char *)"wakelat", NULL };

	(void)arg;
	execve("/proc/self/exe", argv, NULL);
	_exit(1);
}

static void load_exec(void)
{
	touched(LARGE);
	for (;;)
		in_child(exec_true, NULL);
}

static void touch_large(void *arg)
{
	(void)arg;
	touched(LARGE);
}

static void load_exit(void)
{
	for (;;)
		in_child(touch_large, NULL);
}

static void load_munmap(void)
{
	for (;;)
		munmap(touched(LARGE), LARGE);
}

static void load_mprotect(void)
{
	char *p = touched(LARGE);

	for (;;) {
		must(!mprotect(p, LARGE, PROT_READ), "mprotect");
		must(!mprotect(p, LARGE, PROT_READ | PROT_WRITE), "mprotect");
		for (size_t i = 0; i < LARGE; i += 64 * PAGE)
			p[i]++;
	}
}

static void load_mremap(void)
{
	char *p = touched(LARGE);
	void *at = mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED, "mmap");
	for (;;) {
		void *was = p;

		p = mremap(p, LARGE, LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
		must(p != MAP_FAILED, "mremap");
		at = was;
	}
}

static void load_mlock(void)
{
	for (;;) {
		char *p = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(p != MAP_FAILED && !mlock(p, LARGE), "mlock");
		must(!munlock(p, LARGE) && !munmap(p, LARGE), "munmap");
	}
}

static void load_faults(void)
{
	char *p = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	for (;;) {
		for (size_t i = 0; i < LARGE; i += PAGE)
			p[i] = 1;
		must(!madvise(p, LARGE, MADV_DONTNEED), "madvise");
	}
}

static void *end_at_once(void *arg)
{
	return arg;
}

static void load_threads(void)
{
	pthread_t threads[64];

	for (;;) {
		unsigned int n = 0;

		while (n < 64 && !pthread_create(&threads[n], NULL, end_at_once, NULL))
			n++;
		must(n > 0, "pthread_create");
		while (n)
			pthread_join(threads[--n], NULL);
	}
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

static void load_files(void)
{
	for (;;)
		use_file("/tmp", 256);
}

/* COUNT directories in one below DIR. */
static void use_directories(const char *dir, int count)
{
	char parent[128], name[192];

	snprintf(parent, sizeof(parent), "%s/load.d", dir);
	must(!mkdir(parent, 0700), "mkdir");
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d", parent, i);
		must(!mkdir(name, 0700), "mkdir");
	}
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d", parent, i);
		must(!rmdir(name), "rmdir");
	}
	must(!rmdir(parent), "rmdir");
}

static void load_directories(void)
{
	for (;;)
		use_directories("/tmp", 500);
}

/* Every second byte of a file locked: a list that each request walks, under the BKL. */
static void load_locks(void)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = file_of("/tmp/load.locks");

	for (int i = 0; i < 8000; i++) {
		lock.l_start = 2 * i;
		must(!fcntl(fd, F_SETLK, &lock), "fcntl");
	}
	for (int i = 0;; i = (i + 1) % 8000) {
		lock.l_start = 2 * i;
		lock.l_type = F_UNLCK;
		must(!fcntl(fd, F_SETLK, &lock), "fcntl");
		lock.l_type = F_RDLCK;
		must(!fcntl(fd, F_SETLK, &lock), "fcntl");
	}
}

static void load_flock(void)
{
	int fd = file_of("/tmp/load.flock");

	for (;;)
		must(!flock(fd, LOCK_EX) && !flock(fd, LOCK_UN), "flock");
}

static void load_tty(void)
{
	int fd = open("/dev/tty0", O_RDWR | O_NOCTTY), size[2];

	if (fd < 0)
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	must(fd >= 0, "console");
	for (;;)
		(void)ioctl(fd, TIOCGWINSZ, size);
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

static void load_kallsyms(void)
{
	for (;;)
		read_all("/proc/kallsyms");
}

static void load_procfs(void)
{
	static const char *const names[] = {
		"/proc/self/maps", "/proc/meminfo", "/proc/stat", "/proc/slabinfo",
		"/proc/interrupts", "/proc/mounts", "/proc/self/stat",
	};

	for (;;)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			read_all(names[i]);
}

/* Bytes go round from one to the other, for ever. */
static void ping_pong(int mine, int other)
{
	static char block[4096];
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mine = other;
	} else {
		must(write(mine, block, sizeof(block)) > 0, "write");
	}
	for (;;) {
		ssize_t n = read(mine, block, sizeof(block));

		must(n > 0 && write(mine, block, n) == n, "read and write");
	}
}

static void load_pipes(void)
{
	static char block[65536];
	int fd[2];
	pid_t pid;

	must(!pipe(fd), "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			must(read(fd[0], block, sizeof(block)) > 0, "read");
	}
	for (;;)
		must(write(fd[1], block, sizeof(block)) > 0, "write");
}

static void load_sockets(void)
{
	int fd[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd), "socketpair");
	ping_pong(fd[0], fd[1]);
}

static void load_tcp(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int a = socket(AF_INET, SOCK_STREAM, 0), b;

	/* The guest has no other use for it, and nobody else to switch it on. */
	must(!ioctl(a, SIOCSIFFLAGS, &lo) || errno == EPERM, "lo");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(!bind(listener, (struct sockaddr *)&to, len) && !listen(listener, 1) &&
	     !getsockname(listener, (struct sockaddr *)&to, &len) &&
	     !connect(a, (struct sockaddr *)&to, len), "loopback");
	b = accept(listener, NULL, NULL);
	must(b >= 0, "accept");
	ping_pong(a, b);
}

/* A line every other ms: the lab takes no log of more than 1 MB. */
static void load_console(void)
{
	char line[128];
	int fd;

	mknod("/tmp/kmsg", S_IFCHR | 0600, makedev(1, 11));
	fd = open("/tmp/kmsg", O_WRONLY);
	memset(line, '.', sizeof(line));
	memcpy(line, "<4>load", 7);
	line[sizeof(line) - 1] = '\n';
	for (;;) {
		must(write(fd, line, sizeof(line)) > 0, "kmsg");
		for (int i = 0; i < 300000; i++)
			__asm__ volatile("");
	}
}

#define A_MODULE	"/modules/dummy.ko"

static int has_module(void)
{
	return !access(A_MODULE, R_OK);
}

static void load_modules(void)
{
	static char image[1 << 20];
	int fd = open(A_MODULE, O_RDONLY);
	ssize_t n = read(fd, image, sizeof(image));

	must(n > 0, A_MODULE);
	for (;;) {
		must(!syscall(SYS_init_module, image, n, ""), "init_module");
		while (syscall(SYS_delete_module, "dummy", O_NONBLOCK))
			must(errno == EWOULDBLOCK, "delete_module");
	}
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

static void load_balloon(void)
{
	unsigned long most = balloon_has(), target = most;
	int fd = open(BALLOON, O_WRONLY);
	char text[32];

	for (;;) {
		target = target == most ? most - 64 * MB : most;
		must(write(fd, text, snprintf(text, sizeof(text), "%lu", target)) > 0,
		     BALLOON);
		while (balloon_has() != target)
			sched_yield();
	}
}

#define PRIVCMD			"/proc/xen/privcmd"

static int has_privcmd(void)
{
	return is_domain0() && has_xen_ioctls();
}

static void load_privcmd(void)
{
	static unsigned long frames[4096];
	const size_t n = sizeof(frames) / sizeof(*frames);
	struct privcmd_batch batch = { .num = n, .dom = DOMID_IO, .frames = frames };
	int fd = open(PRIVCMD, O_RDWR);
	void *area;

	for (;;) {
		area = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		must(area != MAP_FAILED, PRIVCMD);
		batch.addr = (unsigned long)area;
		for (size_t i = 0; i < n; i++)
			frames[i] = SCREEN + i % 8;
		must(!ioctl(fd, PRIVCMD_MMAPBATCH, &batch), "PRIVCMD_MMAPBATCH");
		must(!munmap(area, n * PAGE), "munmap");
	}
}

static int has_disk(void)
{
	return getenv("DISKS") != NULL;
}

static void load_disk(void)
{
	int fd;

	disks_begin();
	must(!chdir(disks[disk_count - 1].dir), "chdir");
	for (;;) {
		fd = file_of("load");
		for (uint32_t at = 0; at < 8 * MB; at += MB) {
			must(!disk_fill(fd, 1, at, at + MB), "write");
			must(!fsync(fd), "fsync");
		}
		must(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) &&
		     !disk_compare(fd, "load", 1, 8 * MB), "read");
		close(fd);
		must(!unlink("load"), "unlink");
	}
}

/* The first of the lab's disks has a journal. */
static void load_journal(void)
{
	disks_begin();
	for (;;) {
		use_file(disks[0].dir, 64);
		use_directories(disks[0].dir, 100);
	}
}

static int has_net(void)
{
	return getenv("NET") != NULL;
}

static void load_net(void)
{
	int fd;

	nets_begin();
	fd = net_connect(&nets[0], 10000);
	must(fd >= 0, "connect");
	for (;;)
		must(!net_echo(fd, "load", 1, MB, 10000), "echo");
}

static void load_mixed(void)
{
	static void (*const parts[])(void) = { load_fork, load_files };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			parts[i]();
		}
	load_idle();
}

static const struct load {
	const char *name;
	const char *holds;
	void (*run)(void);
	int (*has)(void);	/* what it takes; NULL: that is everywhere */
} loads[] = {
	{ "idle", "nothing", load_idle, NULL },
	{ "spin", "nothing: user mode", load_spin, NULL },
	{ "fork", "page tables of 96 MB are copied and pinned: L1, L3, L4", load_fork, NULL },
	{ "exec", "the same, and those of a new program: L1 to L4", load_exec, NULL },
	{ "exit", "page tables of 96 MB are unpinned and freed: L2, L3", load_exit, NULL },
	{ "munmap", "96 MB are unmapped in blocks: L18", load_munmap, NULL },
	{ "mprotect", "entries of 96 MB are changed", load_mprotect, NULL },
	{ "mremap", "entries of 96 MB are moved", load_mremap, NULL },
	{ "mlock", "96 MB are made present at once", load_mlock, NULL },
	{ "faults", "page after page is faulted in", load_faults, NULL },
	{ "threads", "64 threads come and go", load_threads, NULL },
	{ "files", "16 MB are written, read, truncated, unlinked", load_files, NULL },
	{ "directories", "500 directories are made and removed", load_directories, NULL },
	{ "locks", "a list of 8000 POSIX locks is walked under the BKL", load_locks, NULL },
	{ "flock", "flock() under the BKL", load_flock, NULL },
	{ "tty", "an ioctl of a terminal under the BKL", load_tty, NULL },
	{ "kallsyms", "symbols are expanded one by one", load_kallsyms, NULL },
	{ "procfs", "short files of /proc are made", load_procfs, NULL },
	{ "pipes", "64 kB at a time through a pipe", load_pipes, NULL },
	{ "sockets", "4 kB to and fro over a local socket", load_sockets, NULL },
	{ "tcp", "4 kB to and fro over loopback TCP, in softirqs", load_tcp, NULL },
	{ "console", "the kernel prints line after line: L12", load_console, NULL },
	{ "modules", "a module is loaded and unloaded", load_modules, has_module },
	{ "balloon", "64 MB are given to Xen and taken back: L6, L7", load_balloon,
	  has_balloon },
	{ "privcmd", "4096 foreign frames are mapped by one call: L11", load_privcmd,
	  has_privcmd },
	{ "disk", "8 MB are written, synced and read on a block device: L10", load_disk,
	  has_disk },
	{ "journal", "files and directories of ext3 come and go", load_journal, has_disk },
	{ "net", "1 MB at a time to and fro over a network device: L9", load_net, has_net },
	{ "mixed", "fork and files at once", load_mixed, NULL },
};

#define LOADS	(sizeof(loads) / sizeof(*loads))

#endif
