/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_setscheduler() for the caller, which musl declines to make.
 */
#ifndef POLICY_H
#define POLICY_H

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0, or -1 with errno set. */
static inline int set_policy(int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return syscall(SYS_sched_setscheduler, 0, policy, &param);
}

#endif
