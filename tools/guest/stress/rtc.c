// SPDX-License-Identifier: GPL-2.0
/*
 * rtc - thousands of the machine's interrupts a second
 *
 * The real time clock has up to 8192 a second, eighty times as many as there are ticks,
 * and so many times as often is whatever runs interrupted, and perhaps preempted for the
 * task of real-time priority that reads them.  Four times a second it is another rate,
 * from 64 on, for at the highest others hardly get on.  Only a domain 0 has these
 * interrupts, if RTC is set, for while it has them nobody else is tried as hard.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <stdio.h>

#include "../policy.h"
#include "../rtc.h"
#include "../stress.h"

static int rtc;

/* How many came, at least one; 0 if there was none for too long. */
static unsigned long interrupts(void)
{
	unsigned long data = 0;

	alarm(STRESS_STALL);
	if (read(rtc, &data, sizeof(data)) != sizeof(data))
		diag("read: %m");
	alarm(0);
	return data >> 8;
}

static int urgent(void *rounds)
{
	unsigned long left = 0, came;

	if (set_policy(SCHED_FIFO, 50))
		return stress_bad("SCHED_FIFO: %m");
	do {
		if (!left) {
			unsigned long hz = 64UL << stress_random(8);

			if (ioctl(rtc, RTC_IRQP_SET, hz))
				return stress_bad("%lu Hz: %m", hz);
			left = hz / 4;
		}
		came = interrupts();
		if (!came)
			return 1;
		left -= came < left ? came : left;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

static void stalled(int sig)
{
	(void)sig;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "read by a task of real-time priority", urgent },
	};
	const struct sigaction sa = { .sa_handler = stalled };

	if (!getenv("RTC"))
		skip_all("nobody asked for it; TESTS=rtc gives a domain 0 its interrupts");
	rtc = rtc_open(8192);
	if (rtc < 0)
		bail("real time clock: %m");
	sigaction(SIGALRM, &sa, NULL);
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
