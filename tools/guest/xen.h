/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the domain is and has, for init and the tests.
 */
#ifndef XEN_H
#define XEN_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Xen's file says so in the domain that controls the machine; another's is empty. */
static inline int is_domain0(void)
{
	FILE *file = fopen("/proc/xen/capabilities", "re");
	char caps[64] = "";
	int is;

	is = file && fgets(caps, sizeof(caps), file) && strstr(caps, "control_d");
	if (file)
		fclose(file);
	return is;
}

/* Is the kernel x86_64, of whatever architecture this program is? */
static inline int kernel_is_x86_64(void)
{
	struct utsname name;

	return !uname(&name) && !strcmp(name.machine, "x86_64");
}

/*
 * Do ioctls reach Xen's drivers?  Not those of a 32-bit program on a 64-bit kernel:
 * 2.6.12 translates none of them.  What is only read and written is served.
 */
#define NO_XEN_IOCTLS	"32-bit programs have no ioctls of Xen's on a 64-bit kernel"
static inline int has_xen_ioctls(void)
{
	return sizeof(long) == 8 || !kernel_is_x86_64();
}

/* Of /proc/xen/privcmd: map NUM machine frames of a domain at ADDR.  One that cannot be
 * has its top four bits set in FRAMES afterwards. */
struct privcmd_batch {
	int num;
	uint16_t dom;
	unsigned long addr;
	unsigned long *frames;
};

#define PRIVCMD_MMAPBATCH	_IOC(_IOC_NONE, 'P', 3, sizeof(struct privcmd_batch))
#define DOMID_IO		0x7ff1U
/* A frame of eight, those of the text screen, which a domain 0 may map. */
#define SCREEN			0xb8

/* Does a store answer?  In domain 0 it is a daemon, which the lab's has not, and a
 * request would wait. */
static inline int has_store(void)
{
	return !is_domain0() && !access("/proc/xen/xenbus", R_OK | W_OK);
}

#endif
