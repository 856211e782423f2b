// SPDX-License-Identifier: GPL-2.0
/*
 * ports - I/O port rights of one task must never be another's
 *
 * Some tasks are given the right to one port by ioperm(2), or to all by iopl(2),
 * give it back, hand it down by fork, or end with it; others never have any, and
 * must fault at each try.  All of them lose the CPU between a change and its use.
 * The ports, 0x80 and 0x84, are those whose writing does nothing; neither is
 * another's to allow or not.  The second is never given alone, but a bitmap that was
 * freed and poisoned (0x6b) allows it.  Only domain 0 has ports: skipped elsewhere.
 *
 * Xen's 2.6.12 for x86_64 has no bitmap of ports: there ioperm(2) gives them all, as
 * iopl(3) does, and takes none back.
 */
#include <sched.h>
#include <sys/io.h>
#include <sys/utsname.h>

#include "../fault.h"
#include "../stress.h"
#include "../xen.h"

#define GIVEN	0x80
#define OTHER	0x84		/* never given by bitmap */

static int bitmap;		/* is there one? */

static int has_bitmap(void)
{
	struct utsname name;

	return !kernel_is_x86_64() || uname(&name) ||
		strncmp(name.release, "2.6.12", 6);
}

/* No right to GIVEN alone any more. */
static int give_back(void)
{
	return bitmap ? ioperm(GIVEN, 1, 0) : iopl(0);
}

static int out_faults(unsigned short port)
{
	return faults(__asm__ volatile("outb %%al, %w0"
				       : : "Nd" (port), "a" (0)));
}

static int in_faults(unsigned short port)
{
	unsigned char value;

	return faults(__asm__ volatile("inb %w1, %%al"
				       : "=a" (value) : "Nd" (port)));
}

/* Is PORT ours if and only if ALLOWED, however often the CPU goes? */
static int check(const char *who, unsigned short port, int allowed)
{
	for (unsigned int i = 1 + stress_random(4); i; i--) {
		int refused = stress_random(2) ? out_faults(port) :
			in_faults(port);

		if (refused == allowed)
			return stress_bad("%s: port %x is %s", who, port,
					  refused ? "refused" : "allowed");
		if (!stress_random(32))
			sched_yield();
	}
	return 0;
}

static int without(void *rounds)
{
	fault_catch();
	do {
		if (check("without rights", GIVEN, 0) ||
		    check("without rights", OTHER, 0))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* As a child that has what its parent has: rights to GIVEN, and to OTHER? */
static int child(const char *who, int both, int ends_with_them)
{
	pid_t pid = fork();

	if (pid < 0)
		return stress_bad("fork: %m");
	if (pid)
		return stress_wait(pid);
	if (check(who, GIVEN, 1) || check(who, OTHER, both))
		_exit(1);
	if (!ends_with_them) {
		if (both ? iopl(0) : give_back())
			_exit(stress_bad("%s: %m", who));
		_exit(check(who, GIVEN, 0) || check(who, OTHER, 0));
	}
	_exit(0);
}

static int with_bitmap(void *rounds)
{
	fault_catch();
	do {
		if (ioperm(GIVEN, 1, 1))
			return stress_bad("ioperm: %m");
		if (check("ioperm", GIVEN, 1) ||
		    check("ioperm", OTHER, !bitmap) ||
		    child("child of ioperm", !bitmap, stress_random(2)) ||
		    check("ioperm", GIVEN, 1))
			return 1;
		if (give_back())
			return stress_bad("ioperm: %m");
		if (check("ioperm given back", GIVEN, 0))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

static int with_level(void *rounds)
{
	fault_catch();
	do {
		if (iopl(3))
			return stress_bad("iopl: %m");
		if (check("iopl", GIVEN, 1) || check("iopl", OTHER, 1) ||
		    child("child of iopl", 1, stress_random(2)) ||
		    check("iopl", OTHER, 1))
			return 1;
		if (iopl(0))
			return stress_bad("iopl: %m");
		if (check("iopl given back", GIVEN, 0) ||
		    check("iopl given back", OTHER, 0))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* A process that ends with rights, and then, perhaps in its place, one without. */
static int brief(void *rounds)
{
	pid_t pid;

	fault_catch();
	do {
		pid = fork();
		if (!pid) {
			int all = stress_random(2);

			if (all ? iopl(3) : ioperm(GIVEN, 1, 1))
				_exit(stress_bad("rights: %m"));
			_exit(check("brief", GIVEN, 1) ||
			      check("brief", OTHER, all || !bitmap));
		}
		if (pid < 0 || stress_wait(pid))
			return 1;
		pid = fork();
		if (!pid)
			_exit(check("after one with rights", GIVEN, 0) ||
			      check("after one with rights", OTHER, 0));
		if (pid < 0 || stress_wait(pid))
			return 1;
		stress_random(0);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "no rights: 1", without },
		{ "no rights: 2", without },
		{ "ioperm: 1", with_bitmap },
		{ "ioperm: 2", with_bitmap },
		{ "iopl: 1", with_level },
		{ "iopl: 2", with_level },
		{ "short-lived, with rights and without", brief },
	};

	if (!is_domain0())
		skip_all("not domain 0");
	bitmap = has_bitmap();
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
