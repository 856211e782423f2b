// SPDX-License-Identifier: GPL-2.0
/*
 * steps - count the instructions a program executes.
 *
 * usage: steps PROGRAM [ARG]...
 *
 * Prints the number, from the first instruction to the exit; the program's own
 * output goes to standard error.  Exits with 2 if the program cannot be followed.
 */
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

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
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
			return 2;
		steps++;
	}
	printf("%lu\n", steps);
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? 0 : 2;
}
