/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does an access fault?
 *
 *	static int write_faults(volatile int *p)
 *	{
 *		return faults(*p = 1);
 *	}
 *
 * after fault_catch().  fault_address is where it did.  In a function of its own,
 * since a local variable may not outlive the jump.
 */
#ifndef FAULT_H
#define FAULT_H

#include <setjmp.h>
#include <signal.h>

#include "tap.h"

static sigjmp_buf fault_return;
static volatile sig_atomic_t fault_awaited;
static void *volatile fault_address;

static inline void fault_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!fault_awaited) {
		/* It comes again, and ends us. */
		signal(sig, SIG_DFL);
		return;
	}
	fault_awaited = 0;
	fault_address = info->si_addr;
	siglongjmp(fault_return, 1);
}

/* From now on, in this process and its children. */
static inline void fault_catch(void)
{
	/* The mask is left alone: to save and restore it would be two system
	 * calls for each access. */
	struct sigaction sa = {
		.sa_sigaction = fault_handler,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	if (sigaction(SIGSEGV, &sa, NULL) || sigaction(SIGBUS, &sa, NULL))
		bail("sigaction: %m");
}

#define faults(access)						\
	({							\
		int fault_ = sigsetjmp(fault_return, 0);	\
								\
		if (!fault_) {					\
			fault_awaited = 1;			\
			access;					\
			fault_awaited = 0;			\
		}						\
		fault_;						\
	})

#endif
