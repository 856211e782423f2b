// SPDX-License-Identifier: GPL-2.0
/*
 * mtrr - a range has its memory type as long as somebody wants it
 *
 * Some tasks each give a range of their own its type and take it back, while others
 * look at all of them; more share one range, to which the program itself holds a
 * reference all the time.  Nobody's reference may be lost, and none be left at the
 * end.  Only domain 0 has MTRRs: skipped elsewhere.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <time.h>

#include "../mtrr.h"
#include "../stress.h"

#define SHARED	0	/* ranges */
#define OWN	1	/* ... and on */
#define OWNERS	2

/* Once in OFTEN times up to three ticks; who wakes then interrupts the others. */
static void nap(uint32_t often)
{
	const struct timespec time = { 0, 1 + stress_random(30000000) };

	if (!stress_random(often))
		nanosleep(&time, NULL);
}

static int own(void *rounds, unsigned int number)
{
	int reg, count;

	do {
		if (mtrr_add(number))
			return stress_bad("range %u: %m", number);
		nap(2);
		reg = mtrr_find(number, &count);
		if (reg < 0 || count != 1)
			return stress_bad("range %u: register %d, count %d",
					  number, reg, count);
		if (mtrr_disable(reg))
			return stress_bad("range %u, taken back: %m", number);
		if (mtrr_find(number, &count) >= 0)
			return stress_bad("range %u is left, count %d", number,
					  count);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

static int own_1(void *rounds)
{
	return own(rounds, OWN);
}

static int own_2(void *rounds)
{
	return own(rounds, OWN + 1);
}

/* One reference is the program's: with ours there are two. */
static int is_shared(void)
{
	int count = 0, reg = mtrr_find(SHARED, &count);

	if (reg >= 0 && count >= 2)
		return reg;
	diag("the shared range: register %d, count %d", reg, count);
	return -1;
}

static int by_writing(void *rounds)
{
	int reg;

	do {
		if (mtrr_add(SHARED))
			return stress_bad("the shared range: %m");
		nap(64);
		reg = is_shared();
		if (reg < 0)
			return 1;
		if (mtrr_disable(reg))
			return stress_bad("the shared range, taken back: %m");
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

static int by_ioctl(void *rounds)
{
	do {
		int fd = open("/proc/mtrr", O_WRONLY);

		if (fd < 0 || mtrr_add_to(fd, SHARED))
			return stress_bad("the shared range: %m");
		nap(64);
		if (is_shared() < 0)
			return 1;
		close(fd);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

static int look(void *rounds)
{
	int count;

	do {
		if (mtrr_find(SHARED, &count) < 0)
			return stress_bad("the shared range is not there");
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "a range of its own: 1", own_1 },
		{ "a range of its own: 2", own_2 },
		{ "a shared one, by writing: 1", by_writing },
		{ "a shared one, by writing: 2", by_writing },
		{ "a shared one, by ioctl", by_ioctl },
		{ "it is always there", look },
	};
	int status, reg, count = 0;

	mtrr_begin();
	if (mtrr_add(SHARED))
		bail("the shared range: %m");
	status = stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
	reg = mtrr_find(SHARED, &count);
	if (reg < 0 || count != 1)
		return stress_bad("the shared range at the end: register %d, "
				  "count %d", reg, count);
	if (mtrr_disable(reg) || mtrr_find(SHARED, &count) >= 0)
		return stress_bad("the shared range stays");
	return status;
}
