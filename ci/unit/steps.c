// SPDX-License-Identifier: GPL-2.0
/*
 * steps - count the instructions a program executes.
 *
 * usage: steps PROGRAM [ARG]...
 *
 * Prints the number, from the first instruction to the exit; the program's own
 * output goes to standard error.  Exits with 2 if the program cannot be followed.
 * For x86_64.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The vDSO reads the clock again when it was set meanwhile, as often as that takes.
 * A program that finds none asks the kernel, which is always one instruction.
 * The stack of a new program: argc, argv, NULL, envp, NULL, pairs of auxv.
 */
static int hide_vdso(pid_t pid)
{
	struct user_regs_struct regs;
	unsigned long at;
	int nulls = 0;
	long word;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return -1;
	for (at = regs.rsp + 8; nulls < 2; at += 8) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
		if (errno)
			return -1;
		nulls += !word;
	}
	for (;; at += 16) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
		if (errno)
			return -1;
		if (word == AT_NULL)
			return 0;
		if (word == AT_SYSINFO_EHDR)
			return ptrace(PTRACE_POKEDATA, pid, at, AT_IGNORE);
	}
}

int main(int argc, char **argv)
{
	unsigned long steps = 0;
	pid_t pid = argc > 1 ? fork() : -1;
	int status;

	if (pid < 0)
		return 2;
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			execv(argv[1], argv + 1);
		_exit(127);
	}
	/* The first stop is the exec. */
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (!steps && hide_vdso(pid))
			return 2;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
			return 2;
		steps++;
	}
	printf("%lu\n", steps);
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? 0 : 2;
}
