// SPDX-License-Identifier: GPL-2.0
/*
 * trace32 - does a 64-bit tracer see a 32-bit program as it is?
 *
 * The program is made here: an ELF file of a few instructions that calls getppid() by
 * int 0x80 again and again.  The tracer steps it, stops it at system calls, changes the
 * number of one and its registers, and writes to its memory; all that has to come out as
 * on a processor of its own, in each of many rounds, for an interrupt may come at any
 * instruction of them.
 *
 * Skipped in a 32-bit program, and where the kernel has none.
 */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "../tap.h"

#ifdef __x86_64__

#define ROUNDS	200
#define PROGRAM	"/tmp/trace32.program"
#define BASE	0x08048000
#define WORD	0x11223344

/* System calls of i386. */
#define EXIT	1
#define GETPID	20
#define GETPPID	64

__asm__(
"	.pushsection .rodata\n"
"	.code32\n"
"begin32:\n"
"	movl $0x80000001, %ebx\n"	/* 5 bytes */
"	movl $0x11223344, %esi\n"	/* 5 bytes */
"again32:\n"
"	movl $64, %eax\n"		/* 5 bytes */
"call32:\n"
"	int $0x80\n"			/* 2 bytes */
"called32:\n"
"	incl %ebx\n"			/* 1 byte */
"	cmpl $0x11223344, word32 - begin32 + 0x08048000 + 84\n"
"	je again32\n"
"	movl %edi, %ebx\n"
"	movl $1, %eax\n"
"	int $0x80\n"
"word32:\n"
"	.long 0x11223344\n"
"end32:\n"
"	.code64\n"
"	.popsection\n");

extern const char begin32[], again32[], call32[], called32[], word32[], end32[];

struct image {
	Elf32_Ehdr file;
	Elf32_Phdr load;
};

_Static_assert(sizeof(struct image) == 84, "as in the cmpl above");

/* Where something of the program is once it runs. */
static unsigned long at(const char *label)
{
	return BASE + sizeof(struct image) + (label - begin32);
}

static void make_program(void)
{
	const size_t size = end32 - begin32;
	const struct image image = {
		.file = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = at(begin32),
			.e_phoff = offsetof(struct image, load),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 1,
		},
		.load = {
			.p_type = PT_LOAD,
			.p_vaddr = BASE,
			.p_filesz = sizeof(image) + size,
			.p_memsz = sizeof(image) + size,
			.p_flags = PF_R | PF_W | PF_X,
			.p_align = 4096,
		},
	};
	int fd = open(PROGRAM, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, &image, sizeof(image)) != sizeof(image) ||
	    write(fd, begin32, size) != (ssize_t)size || close(fd))
		bail("%s: %m", PROGRAM);
}

static int stopped(pid_t pid, int sig)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == sig;
}

/* The program, stopped before its first instruction; 0 if there are no such. */
static pid_t begin(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(2);
		execl(PROGRAM, PROGRAM, NULL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid: %m");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return 0;
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		bail("no stop at exec: status %x", status);
	return pid;
}

static struct user_regs_struct registers(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		bail("PTRACE_GETREGS: %m");
	return regs;
}

/* Its registers after it went on by REQUEST, to the next stop. */
static struct user_regs_struct after(int request, pid_t pid)
{
	if (ptrace(request, pid, NULL, NULL) || !stopped(pid, SIGTRAP))
		bail("no stop after request %d", request);
	return registers(pid);
}

static int is(const char *what, unsigned long value, unsigned long wanted)
{
	if (value != wanted)
		diag("%s is %#lx and not %#lx", what, value, wanted);
	return value == wanted;
}

/* From the first instruction to the one behind the system call. */
static int steps(pid_t pid)
{
	const unsigned long ip[] = {
		at(begin32) + 5, at(again32), at(call32), at(called32),
	};
	struct user_regs_struct regs = registers(pid);
	size_t i;

	if (!is("the entry", regs.rip, at(begin32)) ||
	    !is("the stack's upper half", regs.rsp >> 32, 0))
		return 0;
	for (i = 0; i < sizeof(ip) / sizeof(*ip); i++) {
		regs = after(PTRACE_SINGLESTEP, pid);
		if (!is("ip after a step", regs.rip, ip[i]))
			return 0;
	}
	return is("ebx", regs.rbx, 0x80000001) && is("esi", regs.rsi, WORD) &&
	       is("eax", regs.rax, getpid());
}

/* As steps() leaves it: the next calls come and go, and one of them is another. */
static int calls(pid_t pid)
{
	for (int call = 0; call < 4; call++) {
		struct user_regs_struct regs = after(PTRACE_SYSCALL, pid);
		long other = call % 2;

		if (!is("the number at entry", regs.orig_rax, GETPPID) ||
		    !is("ebx", regs.rbx, 0x80000002 + call) ||
		    !is("ip at entry", regs.rip, at(called32)))
			return 0;
		if (other && ptrace(PTRACE_POKEUSER, pid,
				    offsetof(struct user, regs.orig_rax), GETPID))
			bail("PTRACE_POKEUSER: %m");
		regs = after(PTRACE_SYSCALL, pid);
		if (!is("the result", regs.rax, other ? pid : getpid()) ||
		    !is("ip at exit", regs.rip, at(called32)))
			return 0;
	}
	return 1;
}

/* A register and its memory are changed: it leaves the loop, with that register. */
static int ends(pid_t pid, unsigned char code)
{
	struct user_regs_struct regs = registers(pid);
	long words = ptrace(PTRACE_PEEKDATA, pid, at(word32), NULL);
	int status;

	if (!is("its word", (unsigned int)words, WORD))
		return 0;
	regs.rdi = code;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) ||
	    ptrace(PTRACE_POKEDATA, pid, at(word32), words + 1) ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL))
		bail("cannot end it: %m");
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       is("its status", WEXITSTATUS(status), code);
}

int main(void)
{
	int stepped = 1, called = 1, ended = 1;
	unsigned int round;
	pid_t pid;

	make_program();
	pid = begin();
	if (!pid)
		skip_all("the kernel runs no 32-bit programs");
	plan(3);
	for (round = 0; round < ROUNDS; round++) {
		if (round)
			pid = begin();
		stepped = steps(pid);
		called = stepped && calls(pid);
		ended = called && ends(pid, round);
		if (!ended)
			break;
	}
	ok(stepped, "stepped, over a system call too");
	ok(called, "stopped at system calls, which can be others");
	ok(ended, "registers and memory can be changed");
	if (!ended) {
		diag("round %u", round);
		kill(pid, SIGKILL);
	}
	return done();
}

#else

int main(void)
{
	skip_all("not a 64-bit program");
}

#endif
