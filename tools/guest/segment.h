/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of segments share: entries of the LDT and of the GDT, and the register
 * to read through them.
 *
 * Of %fs and %gs the C library uses one, which is another on each architecture.  In a
 * 64-bit program a segment of the two has a base, of 32 bits, but no limit.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdint.h>

#include "call.h"

/* As modify_ldt(2) and set_thread_area(2) take it. */
struct segment {
	unsigned int number, base, limit, flags;
};

#define SEGMENT_USABLE	0x41	/* 32 bits, writable, limit in bytes */
#define SEGMENT_EMPTY	0x28	/* with base and limit 0 */

#ifdef __x86_64__
#define FREE_SEGMENT	"%%gs"
#else
#define FREE_SEGMENT	"%%fs"
#endif

/* The base of a segment that begins at P, which must be below 4 GB: what is static in
 * our programs is. */
static inline unsigned int segment_base(const void *p)
{
	return (unsigned long)p;
}

/* The word that SELECTOR points to, read through the register that is free.  It holds
 * the selector across CALL, a system call without arguments. */
static inline uint32_t segment_read(unsigned int selector, long call)
{
	uint32_t value;

	__asm__ volatile(
		"movw %w[selector], " FREE_SEGMENT "\n\t"
		SYSCALL "\n\t"
		"movl " FREE_SEGMENT ":0, %[value]\n\t"
		"xorl %%eax, %%eax\n\t"
		"movw %%ax, " FREE_SEGMENT
		: [value] "=r" (value), "+a" (call)
		: [selector] "r" (selector)
		: SYSCALL_CLOBBERS);
	return value;
}

#endif
