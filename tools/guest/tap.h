/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP for the guest tests: a plan, numbered results, notes.
 *
 *	plan(2);
 *	ok(fd >= 0, "open %s", path);
 *	skip("no /proc/config.gz", "config agrees");
 *	return done();
 *
 * Each line is one write(2): nothing is lost when the program dies, nothing is
 * printed twice after a fork.  Results are counted in the process that called
 * plan(); a child reports through its exit status.  A line that does not fit
 * into TAP_LINE is cut.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAP_LINE	512

static unsigned int tap_planned, tap_run, tap_failed;

/* One line: HEAD, the formatted text, a newline. */
static inline void tap_vline(const char *head, const char *fmt, va_list ap)
{
	char line[TAP_LINE];
	size_t len = strlen(head);

	memcpy(line, head, len);
	vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	len = strlen(line);
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) != (ssize_t)len)
		_exit(1);
}

__attribute__((format(printf, 2, 3)))
static inline void tap_line(const char *head, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline(head, fmt, ap);
	va_end(ap);
}

/* Once, before the first result: COUNT results will follow. */
static inline void plan(unsigned int count)
{
	tap_planned = count;
	tap_line("", "1..%u", count);
}

/* A note for whoever reads the log. */
__attribute__((format(printf, 1, 2)))
static inline void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("# ", fmt, ap);
	va_end(ap);
}

/* The next result.  Returns COND, so that a caller may explain a failure. */
__attribute__((format(printf, 2, 3)))
static inline int ok(int cond, const char *fmt, ...)
{
	char head[32];
	va_list ap;

	if (!cond)
		tap_failed++;
	snprintf(head, sizeof(head), "%sok %u - ", cond ? "" : "not ",
		 ++tap_run);
	va_start(ap, fmt);
	tap_vline(head, fmt, ap);
	va_end(ap);
	return cond;
}

/* The next result, which cannot be had here, and why not. */
static inline void skip(const char *why, const char *what)
{
	ok(1, "%s # SKIP %s", what, why);
}

/* In place of plan(): nothing can be tested here, and why not. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void skip_all(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("1..0 # SKIP ", fmt, ap);
	va_end(ap);
	exit(0);
}

/* The test cannot go on: the next result, a failure, is its last. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void bail(const char *fmt, ...)
{
	char why[TAP_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	ok(0, "%s", why);
	_exit(1);
}

/* The program's exit status: 0 only if the plan is complete and all is well. */
static inline int done(void)
{
	return tap_failed || tap_run != tap_planned;
}

#endif
