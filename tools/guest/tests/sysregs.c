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
 *
 * On x86_64 the entry code saves half of the registers for some calls only, which
 * return another way than others.  There the calls are of both kinds.
 *
 * Exit status 0 if all is well.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "../tap.h"

#ifdef __x86_64__
/* In the order in which raw_call() has them: the call, its arguments, the others. */
static const char *const names[] = {
	"rax", "rdi", "rsi", "rdx", "r10", "r8", "r9",
	"rbx", "rbp", "r12", "r13", "r14", "r15",
};

#define REGS	(sizeof(names) / sizeof(*names))

/* Load R, make the system call, store what the registers are then. */
__attribute__((noinline))
static void raw_call(uint64_t r[REGS])
{
	__asm__ volatile(
		/* What is below the stack may be in use. */
		"leaq	-128(%%rsp), %%rsp\n\t"
		"pushq	%%rbx\n\t"
		"pushq	%%rbp\n\t"
		"pushq	%%rax\n\t"
		"movq	8(%%rax), %%rdi\n\t"
		"movq	16(%%rax), %%rsi\n\t"
		"movq	24(%%rax), %%rdx\n\t"
		"movq	32(%%rax), %%r10\n\t"
		"movq	40(%%rax), %%r8\n\t"
		"movq	48(%%rax), %%r9\n\t"
		"movq	56(%%rax), %%rbx\n\t"
		"movq	64(%%rax), %%rbp\n\t"
		"movq	72(%%rax), %%r12\n\t"
		"movq	80(%%rax), %%r13\n\t"
		"movq	88(%%rax), %%r14\n\t"
		"movq	96(%%rax), %%r15\n\t"
		"movq	(%%rax), %%rax\n\t"
		"syscall\n\t"
		"xchgq	%%rax, (%%rsp)\n\t"
		"movq	%%rdi, 8(%%rax)\n\t"
		"movq	%%rsi, 16(%%rax)\n\t"
		"movq	%%rdx, 24(%%rax)\n\t"
		"movq	%%r10, 32(%%rax)\n\t"
		"movq	%%r8, 40(%%rax)\n\t"
		"movq	%%r9, 48(%%rax)\n\t"
		"movq	%%rbx, 56(%%rax)\n\t"
		"movq	%%rbp, 64(%%rax)\n\t"
		"movq	%%r12, 72(%%rax)\n\t"
		"movq	%%r13, 80(%%rax)\n\t"
		"movq	%%r14, 88(%%rax)\n\t"
		"movq	%%r15, 96(%%rax)\n\t"
		"popq	(%%rax)\n\t"
		"popq	%%rbp\n\t"
		"popq	%%rbx\n\t"
		"leaq	128(%%rsp), %%rsp"
		: "+a" (r)
		:
		: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
		  "r13", "r14", "r15", "memory", "cc");
}

static const struct {
	const char *name;
	long number;
	unsigned int args;
	long arg[5];
} calls[] = {
	{ "getpid()", SYS_getpid, 0, { 0 } },
	{ "sched_yield()", SYS_sched_yield, 0, { 0 } },
	{ "read(-1, ...)", SYS_read, 1, { -1 } },
	{ "creat(NULL)", SYS_creat, 1, { 0 } },
	{ "setreuid(-1, -1)", SYS_setreuid, 2, { -1, -1 } },
	{ "setresgid(-1, -1, -1)", SYS_setresgid, 3, { -1, -1, -1 } },
	{ "wait4(-1, NULL, WNOHANG, NULL)", SYS_wait4, 4, { -1, 0, 1, 0 } },
	{ "nanosleep(1, NULL)", SYS_nanosleep, 2, { 1, 0 } },
	{ "semget(-1, -1, 0)", SYS_semget, 3, { -1, -1, 0 } },
	{ "shmdt(1)", SYS_shmdt, 1, { 1 } },
	/* Those for which all registers are saved. */
	{ "sigaltstack(NULL, NULL)", SYS_sigaltstack, 2, { 0, 0 } },
	{ "execve(NULL, NULL, NULL)", SYS_execve, 3, { 0, 0, 0 } },
	{ "iopl(4)", SYS_iopl, 1, { 4 } },
	/* Signal handlers are shared by those only that share the memory. */
	{ "clone(CLONE_SIGHAND)", SYS_clone, 5, { CLONE_SIGHAND, 0, 0, 0, 0 } },
	{ "no system call", 1000, 0, { 0 } },
};

static void test(unsigned int i)
{
	uint64_t in[REGS], r[REGS];
	unsigned int bad = 0;

	for (unsigned int n = 1; n < REGS; n++)
		in[n] = n * 0x0123456789abcdefUL;
	in[0] = calls[i].number;
	for (unsigned int n = 0; n < calls[i].args; n++)
		in[1 + n] = calls[i].arg[n];
	memcpy(r, in, sizeof(r));
	raw_call(r);
	for (unsigned int n = 1; n < REGS; n++)
		bad += r[n] != in[n];
	ok(!bad, "%s keeps user registers", calls[i].name);
	for (unsigned int n = 1; n < REGS; n++)
		if (r[n] != in[n])
			diag("%s %lx->%lx", names[n], (unsigned long)in[n],
			     (unsigned long)r[n]);
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

static void test(unsigned int i)
{
	const struct regs *in = &calls[i].in;
	struct regs r = *in;

	raw_call(&r);
	if (!ok(r.ebx == in->ebx && r.ecx == in->ecx && r.edx == in->edx &&
		r.esi == in->esi && r.edi == in->edi && r.ebp == in->ebp,
		"%s keeps user registers", calls[i].name))
		diag("ebx %x->%x ecx %x->%x edx %x->%x esi %x->%x "
		     "edi %x->%x ebp %x->%x", in->ebx, r.ebx, in->ecx,
		     r.ecx, in->edx, r.edx, in->esi, r.esi, in->edi,
		     r.edi, in->ebp, r.ebp);
}
#endif

int main(void)
{
	plan(sizeof(calls) / sizeof(calls[0]));
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		test(i);
	return done();
}
