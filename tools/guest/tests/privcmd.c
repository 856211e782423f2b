// SPDX-License-Identifier: GPL-2.0
/*
 * privcmd - does memory stay mapped while privcmd maps frames into it?
 *
 * One task has privcmd map frames of the machine into an area, another one, with
 * the same memory, takes the area away and puts it back.  Each call must do all
 * or fail, and the kernel must not follow what it knew of an area that is gone.
 *
 * The frames are the text screen's, which domain 0 may map.  Skips elsewhere, and
 * where the device is another generation's.  Exit status 0 if all is well.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "../tap.h"
#include "../xen.h"

#define PAGES		4
#define PAGE		4096UL
#define ROUNDS		25

static char *area;
static int fd;
static volatile int over;

/* The area is there, or -1. */
static int put_back(void)
{
	return mmap(area, PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0) == area ? 0 : -1;
}

/* What privcmd says, and 1 if it says of a frame that it could not be mapped. */
static int map_frames(void)
{
	unsigned long frames[PAGES];
	struct privcmd_batch batch = { PAGES, DOMID_IO, (unsigned long)area, frames };
	int bad = 0, ret;

	for (int i = 0; i < PAGES; i++)
		frames[i] = SCREEN + i;
	ret = ioctl(fd, PRIVCMD_MMAPBATCH, &batch);
	for (int i = 0; i < PAGES; i++)
		bad |= frames[i] >> 28;
	return ret ? ret : !!bad;
}

/* Another task with this memory. */
static int take_away(void *arg)
{
	struct timespec moment = { 0, 1000000 };

	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!over) {
		munmap(area, PAGES * PAGE);
		nanosleep(&moment, NULL);
		if (put_back())
			return 1;
		nanosleep(&moment, NULL);
	}
	return put_back() ? 1 : 0;
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int mapped = 0, refused = 0, status = -1;
	struct utsname name;
	pid_t pid;

	if (!is_domain0())
		skip_all("not domain 0");
	uname(&name);
	if (strncmp(name.release, "2.6.", 4))
		skip_all("Linux %s maps an area once only", name.release);
	if (!has_xen_ioctls())
		skip_all(NO_XEN_IOCTLS);

	plan(3);
	fd = open("/proc/xen/privcmd", O_RDWR);
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (fd < 0 || area == MAP_FAILED)
		bail("/proc/xen/privcmd: %m");
	ok(!map_frames(), "privcmd maps frames of the machine");

	pid = clone(take_away, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		bail("clone: %m");
	for (int i = 0; i < ROUNDS; i++) {
		if (map_frames())
			refused++;
		else
			mapped++;
		usleep(1000);
	}
	over = 1;
	waitpid(pid, &status, 0);
	diag("%d calls did all, %d failed", mapped, refused);
	ok(!status, "... or fails, while the area comes and goes");
	ok(!map_frames(), "... and maps them once it stays");
	return done();
}
