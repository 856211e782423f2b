/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a task is scheduled.
 */
#ifndef POLICY_H
#define POLICY_H

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The caller's policy, for musl declines to make this call.  0, or -1 with errno set. */
static inline int set_policy(int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return syscall(SYS_sched_setscheduler, 0, policy, &param);
}

/* PID, or 0 for the caller, only runs on CPU.  0, or -1 with errno set: EINVAL if that is
 * down. */
static inline int bind_to(pid_t pid, int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	return sched_setaffinity(pid, sizeof(only), &only);
}

#endif
