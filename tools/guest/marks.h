/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks that a guest program sets for who watches the machine from outside: instructions
 * that do nothing (nopl with a displacement that nothing else has).  See
 * tools/lab/trace.c.
 */
#ifndef MARKS_H
#define MARKS_H

#define MARK_BEGIN	0x78, 0x70, 0x21, 0x00
#define MARK_END	0x78, 0x70, 0x21, 0x01
#define MARK_NEXT	0x78, 0x70, 0x21, 0x02
#define MARK_BYTES(...)	0x0f, 0x1f, 0x80, __VA_ARGS__
#define MARK_SIZE	7

#define MARK_TEXT(...)	#__VA_ARGS__
#define MARK_ASM(...)	".byte 0x0f, 0x1f, 0x80, " MARK_TEXT(__VA_ARGS__)
#define set_mark(mark)	__asm__ volatile(MARK_ASM(mark) : : : "memory")

#endif
