/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the domain is and has, for init and the tests.
 */
#ifndef XEN_H
#define XEN_H

#include <stdio.h>
#include <string.h>
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

/* Does a store answer?  In domain 0 it is a daemon, which the lab's has not, and a
 * request would wait. */
static inline int has_store(void)
{
	return !is_domain0() && !access("/proc/xen/xenbus", R_OK | W_OK);
}

#endif
