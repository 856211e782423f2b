// SPDX-License-Identifier: GPL-2.0
/*
 * sysregs - does a system call give user registers back as they were?
 *
 * On i386 the saved registers of user space are the stack arguments of the
 * system call, and the compiler may take argument words for its own.  Each call
 * below is made through int $0x80 with a pattern in every register that is not
 * an argument, and all registers are compared afterwards.
 *
 * The calls are those that pass their arguments on to another function, so that
 * a sibling call would overwrite them; all are made so that they change nothing.
 * Exit status 0 if all is well.
 */
#include <stdint.h>

#include "../tap.h"

#ifndef __i386__
int main(void)
{
	skip_all("x86_64 passes arguments in registers");
}
#else

struct regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
};

/* Load *R, make the system call, store what the registers are then. */
__attribute__((noinline))
static void raw_call(struct regs *r)
{
	__asm__ volatile(
		"pushl	%%ebx\n\t"
		"pushl	%%ebp\n\t"
		"pushl	%%eax\n\t"
		"movl	4(%%eax), %%ebx\n\t"
		"movl	8(%%eax), %%ecx\n\t"
		"movl	12(%%eax), %%edx\n\t"
		"movl	16(%%eax), %%esi\n\t"
		"movl	20(%%eax), %%edi\n\t"
		"movl	24(%%eax), %%ebp\n\t"
		"movl	(%%eax), %%eax\n\t"
		"int	$0x80\n\t"
		"xchgl	%%eax, (%%esp)\n\t"
		"movl	%%ebx, 4(%%eax)\n\t"
		"movl	%%ecx, 8(%%eax)\n\t"
		"movl	%%edx, 12(%%eax)\n\t"
		"movl	%%esi, 16(%%eax)\n\t"
		"movl	%%edi, 20(%%eax)\n\t"
		"movl	%%ebp, 24(%%eax)\n\t"
		"popl	%%ecx\n\t"
		"movl	%%ecx, (%%eax)\n\t"
		"popl	%%ebp\n\t"
		"popl	%%ebx"
		: "+a" (r)
		:
		: "ecx", "edx", "esi", "edi", "memory", "cc");
}

static const struct {
	const char *name;
	struct regs in;
} calls[] = {
	/* The 16-bit uid calls widen their arguments: 0xffff becomes -1, "leave
	 * it", and 0x50000 becomes 0, what a test's uid is. */
	{ "setreuid16(-1, -1)", { 70, 0xffff, 0xffff, 3, 4, 5, 6 } },
	{ "setregid16(-1, -1)", { 71, 0xffff, 0xffff, 3, 4, 5, 6 } },
	{ "setuid16(0)", { 23, 0x50000, 2, 3, 4, 5, 6 } },
	{ "setresuid16(-1, -1, -1)",
	  { 164, 0xffff, 0xffff, 0xffff, 4, 5, 6 } },
	{ "fchown16(-1, ...)", { 95, -1, 0xffff, 0xffff, 4, 5, 6 } },
	/* ipc() takes the arguments of eleven calls apart. */
	{ "ipc(SEMGET, -1, ...)", { 117, 2, -1, -1, -1, 5, 6 } },
	{ "ipc(SHMDT, 1)", { 117, 22, 2, 3, 4, 1, 6 } },
	{ "ipc(MSGRCV, -1, ...)", { 117, 12, -1, 3, 4, 1, 6 } },
	{ "waitpid(-1, NULL, WNOHANG)", { 7, -1, 0, 1, 4, 5, 6 } },
	{ "creat(NULL)", { 8, 0, 2, 3, 4, 5, 6 } },
	{ "read(-1, ...)", { 3, -1, 2, 3, 4, 5, 6 } },
	{ "getpid()", { 20, 1, 2, 3, 4, 5, 6 } },
};

int main(void)
{
	unsigned int i;

	plan(sizeof(calls) / sizeof(calls[0]));
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct regs *in = &calls[i].in;
		struct regs r = *in;

		raw_call(&r);
		if (!ok(r.ebx == in->ebx && r.ecx == in->ecx &&
			r.edx == in->edx && r.esi == in->esi &&
			r.edi == in->edi && r.ebp == in->ebp,
			"%s keeps user registers", calls[i].name))
			diag("ebx %x->%x ecx %x->%x edx %x->%x esi %x->%x "
			     "edi %x->%x ebp %x->%x", in->ebx, r.ebx, in->ecx,
			     r.ecx, in->edx, r.edx, in->esi, r.esi, in->edi,
			     r.edi, in->ebp, r.ebp);
	}
	return done();
}
#endif
