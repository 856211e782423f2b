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
#include <sys/wait.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include "tap.h"

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

static void load_files(void)
{
	static char buffer[65536];

	for (;;) {
		int fd = file_of("/tmp/load");

		for (int i = 0; i < 256; i++)
			must(write(fd, buffer, sizeof(buffer)) == sizeof(buffer), "write");
		must(!lseek(fd, 0, SEEK_SET), "lseek");
		while (read(fd, buffer, sizeof(buffer)) > 0)
			;
		must(!ftruncate(fd, 0), "ftruncate");
		close(fd);
		must(!unlink("/tmp/load"), "unlink");
	}
}

static void load_directories(void)
{
	char name[64];

	for (;;) {
		must(!mkdir("/tmp/load.d", 0700), "mkdir");
		for (int i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), "/tmp/load.d/%d", i);
			must(!mkdir(name, 0700), "mkdir");
		}
		for (int i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), "/tmp/load.d/%d", i);
			must(!rmdir(name), "rmdir");
		}
		must(!rmdir("/tmp/load.d"), "rmdir");
	}
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
} loads[] = {
	{ "idle", "nothing", load_idle },
	{ "spin", "nothing: user mode", load_spin },
	{ "fork", "page tables of 96 MB are copied and pinned: L1, L3, L4", load_fork },
	{ "exec", "the same, and those of a new program: L1 to L4", load_exec },
	{ "exit", "page tables of 96 MB are unpinned and freed: L2, L3", load_exit },
	{ "munmap", "96 MB are unmapped in blocks: L18", load_munmap },
	{ "mprotect", "entries of 96 MB are changed", load_mprotect },
	{ "mremap", "entries of 96 MB are moved", load_mremap },
	{ "mlock", "96 MB are made present at once", load_mlock },
	{ "faults", "page after page is faulted in", load_faults },
	{ "threads", "64 threads come and go", load_threads },
	{ "files", "16 MB are written, read, truncated, unlinked", load_files },
	{ "directories", "500 directories are made and removed", load_directories },
	{ "locks", "a list of 8000 POSIX locks is walked under the BKL", load_locks },
	{ "flock", "flock() under the BKL", load_flock },
	{ "tty", "an ioctl of a terminal under the BKL", load_tty },
	{ "kallsyms", "symbols are expanded one by one", load_kallsyms },
	{ "procfs", "short files of /proc are made", load_procfs },
	{ "pipes", "64 kB at a time through a pipe", load_pipes },
	{ "sockets", "4 kB to and fro over a local socket", load_sockets },
	{ "tcp", "4 kB to and fro over loopback TCP, in softirqs", load_tcp },
	{ "mixed", "fork and files at once", load_mixed },
};

#define LOADS	(sizeof(loads) / sizeof(*loads))

#endif
