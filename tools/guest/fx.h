/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The x87 and SSE registers, all of them: make some up, hold them, compare.
 */
#ifndef FX_H
#define FX_H

#include <stdint.h>
#include <string.h>

#include "call.h"

/* What fxsave stores and fxrstor loads. */
struct fx {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint32_t fip[2], fdp[2];
	uint32_t mxcsr, mxcsr_mask;
	struct {
		uint64_t mantissa;
		uint16_t exponent;
		uint16_t pad[3];
	} st[8];
	uint32_t xmm[16][4];
	uint32_t unused[24];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct fx) == 512, "the processor's layout");

#ifdef __x86_64__
#define XMMS	16
#else
#define XMMS	8
#endif

/* Registers, rounding modes and all, that no other TASK and ROUND has. */
static inline void make_registers(struct fx *fx, const struct fx *base,
				  unsigned int task, unsigned int round)
{
	uint32_t seed = (task << 16 | round) * 2654435761U + 1;

	*fx = *base;
	fx->fcw = 0x037f | (task & 3) << 10;
	fx->fsw = 0;
	fx->ftw = 0xff;
	fx->mxcsr = 0x1f80 | (task & 3) << 13;
	for (int i = 0; i < 8; i++) {
		fx->st[i].mantissa = 1ULL << 63 | (uint64_t)seed << 8 | i;
		fx->st[i].exponent = 0x3fff + task;
	}
	for (int i = 0; i < XMMS; i++)
		for (int j = 0; j < 4; j++)
			fx->xmm[i][j] = seed + i * 4 + j;
}

static inline int same_registers(const struct fx *a, const struct fx *b)
{
	for (int i = 0; i < 8; i++)
		if (a->st[i].mantissa != b->st[i].mantissa ||
		    a->st[i].exponent != b->st[i].exponent)
			return 0;
	return a->fcw == b->fcw && a->fsw == b->fsw && a->ftw == b->ftw &&
		a->mxcsr == b->mxcsr &&
		!memcmp(a->xmm, b->xmm, XMMS * sizeof(*a->xmm));
}

/*
 * Load IN, make a system call that gives the CPU away, compute for SPIN turns,
 * store what the registers then hold in OUT.  All in one piece: the compiler
 * may not use them meanwhile, and finds its own restored.  Returns what the call
 * did; after a fork, so does the child.
 */
static inline long hold_registers(const struct fx *in, struct fx *out, long call,
				  long arg1, long arg2, unsigned long spin)
{
	struct fx own;

	__asm__ volatile(
		"fxsave %[own]\n\t"
		"fxrstor %[in]\n\t"
		SYSCALL "\n"
		"1:\tdec %[spin]\n\t"
		"jnz 1b\n\t"
		"fxsave %[out]\n\t"
		"fxrstor %[own]"
		: [own] "=m" (own), [out] "=m" (*out), "+a" (call),
		  [spin] "+r" (spin)
		: [in] "m" (*in),
#ifdef __x86_64__
		  "D" (arg1), "S" (arg2)
#else
		  "b" (arg1), "c" (arg2)
#endif
		: SYSCALL_CLOBBERS);
	return call;
}

static inline void save_registers(struct fx *fx)
{
	memset(fx, 0, sizeof(*fx));
	__asm__ volatile("fxsave %0" : "+m" (*fx));
}

#endif
