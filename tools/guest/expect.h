/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel under test is meant to be: the comma list in the environment
 * variable EXPECT.  No EXPECT means no expectation; an empty one means none of
 * these.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdlib.h>
#include <string.h>

#include "tap.h"

enum expect {
	EXPECT_PREEMPT		= 1 << 0,
	EXPECT_PREEMPT_BKL	= 1 << 1,
	EXPECT_SMP		= 1 << 2,
	/* The model is chosen at boot: name and configuration do not tell. */
	EXPECT_DYNAMIC		= 1 << 3,
};

/* The set of EXPECT's words, or -1 without EXPECT.  An unknown word is fatal:
 * misspelt, it would turn into the opposite expectation. */
static inline int expectations(void)
{
	static const char *const words[] = {
		"preempt", "preempt_bkl", "smp", "dynamic",
	};
	const char *word = getenv("EXPECT");
	int set = 0;

	if (!word)
		return -1;
	while (*word) {
		size_t len = strcspn(word, ",");
		size_t i = 0;

		while (i < sizeof(words) / sizeof(*words) &&
		       (strlen(words[i]) != len ||
			memcmp(words[i], word, len)))
			i++;
		if (i == sizeof(words) / sizeof(*words))
			bail("EXPECT: unknown word '%.*s'", (int)len, word);
		set |= 1 << i;
		word += len;
		word += *word == ',';
	}
	return set;
}

/* Is WORD wanted?  1, 0, or -1 without expectations. */
static inline int expected(enum expect word)
{
	int set = expectations();

	return set < 0 ? -1 : (set & word) != 0;
}

#endif
