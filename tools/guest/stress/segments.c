// SPDX-License-Identifier: GPL-2.0
/*
 * segments - LDT entries and TLS entries, read through segment registers
 *
 * Entries have bases of their own, so a word read through a selector says whose
 * entry the processor used.  The tasks set and clear entries of LDTs from one
 * page to the largest, hold a selector in %fs or %gs while they lose the CPU,
 * hand an LDT down by fork and exec, and share one between threads while it grows.
 * Bases are of 32 bits, so what they point to is static; x86_64 has larger ones for TLS
 * alone.
 *
 * With an argument, a number: exit with 0 if this process, after exec, has an LDT
 * with that sum, or none.  2.6.12 lets an LDT survive, today's kernels do not.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "../segment.h"
#include "../stress.h"

#define ENTRIES		8192
#define WORDS		64

/* What the entries point to: word I has value_of(I). */
static uint32_t words[WORDS];
/* Which word an entry points to, or -1 if it is clear. */
static signed char points_to[ENTRIES];
static unsigned int used;		/* entries above are clear */
static uint32_t salt;

static uint32_t value_of(unsigned int word)
{
	return (word + 1) * 2654435761u ^ salt;
}

static void make_words(void)
{
	salt = stress_random(0);
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = value_of(i);
}

/* Entry NUMBER to WORD, or clear it if that is -1. */
static int set_entry(unsigned int number, int word)
{
	struct segment entry = { .number = number, .flags = SEGMENT_EMPTY };

	if (word >= 0) {
		entry.base = segment_base(&words[word]);
		entry.limit = sizeof(*words) - 1;
		entry.flags = SEGMENT_USABLE;
	}
	if (syscall(SYS_modify_ldt, 0x11, &entry, sizeof(entry)))
		return stress_bad("modify_ldt of entry %u: %m", number);
	points_to[number] = word;
	if (number >= used)
		used = number + 1;
	return 0;
}

/* As segment_read(), through the register that is the C library's otherwise. */
#ifdef __x86_64__
#define ARCH_SET_GS	0x1001
#define ARCH_SET_FS	0x1002

static uint32_t read_libc(unsigned int selector, long call)
{
	unsigned long own;
	uint32_t value;

	/* Its base may be no selector's, so that only a system call brings it back. */
	__asm__ volatile(
		"movq %%fs:0, %[own]\n\t"
		"movw %w[selector], %%fs\n\t"
		SYSCALL "\n\t"
		"movl %%fs:0, %[value]\n\t"
		"movl %[number], %%eax\n\t"
		"movl %[set], %%edi\n\t"
		"movq %[own], %%rsi\n\t"
		SYSCALL
		: [value] "=&r" (value), [own] "=&r" (own), "+a" (call)
		: [selector] "r" (selector), [number] "i" (SYS_arch_prctl),
		  [set] "i" (ARCH_SET_FS)
		: "rdi", "rsi", SYSCALL_CLOBBERS);
	return value;
}
#else
static uint32_t read_libc(unsigned int selector, long call)
{
	uint32_t value, own;

	__asm__ volatile(
		"movl %%gs, %[own]\n\t"
		"movw %w[selector], %%gs\n\t"
		SYSCALL "\n\t"
		"movl %%gs:0, %[value]\n\t"
		"movw %w[own], %%gs"
		: [value] "=&r" (value), [own] "=&r" (own), "+a" (call)
		: [selector] "r" (selector)
		: SYSCALL_CLOBBERS);
	return value;
}
#endif

/* The CPU, once given away, takes a while to get back. */
static long any_call(void)
{
	return stress_random(64) ? SYS_getppid : SYS_sched_yield;
}

static int check_selector(const char *what, unsigned int selector,
			  uint32_t expected)
{
	long call = any_call();
	uint32_t found = stress_random(2) ? segment_read(selector, call) :
		read_libc(selector, call);

	if (found != expected)
		return stress_bad("%s: selector %x has %08x, not %08x", what,
				  selector, found, expected);
	return 0;
}

/* Of the whole LDT, 0 if it is empty. */
static uint32_t ldt_sum(void)
{
	static uint64_t ldt[ENTRIES];
	long size = syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt));
	uint32_t sum = 0;

	for (long i = 0; i < size / (long)sizeof(*ldt); i++)
		sum = sum * 31 + (uint32_t)(ldt[i] >> 32) + (uint32_t)ldt[i];
	return sum;
}

/* A few entries, what the kernel says of them all, and none that is not ours. */
static int check_ldt(const char *what)
{
	static uint64_t ldt[ENTRIES];
	long size = syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt));

	if (size < (long)(used * sizeof(*ldt)))
		return stress_bad("%s: LDT of %ld bytes for %u entries", what,
				  size, used);
	for (unsigned int i = 0; i < size / sizeof(*ldt); i++) {
		uint32_t base = (ldt[i] >> 16 & 0xffffff) |
			(ldt[i] >> 56 << 24);
		uint32_t wanted = points_to[i] < 0 ? 0 :
			segment_base(&words[points_to[i]]);

		if (base != wanted)
			return stress_bad("%s: entry %u has base %x, not %x",
					  what, i, base, wanted);
	}
	for (unsigned int tries = 0; tries < 20; tries++) {
		unsigned int i = stress_random(used);

		if (points_to[i] >= 0 &&
		    check_selector(what, i << 3 | 7, value_of(points_to[i])))
			return 1;
	}
	return 0;
}

static int clear_ldt(void)
{
	for (unsigned int i = 0; i < used; i++)
		if (points_to[i] >= 0 && set_entry(i, -1))
			return 1;
	return 0;
}

static int ldt_child(void)
{
	salt ^= 0x5a5a5a5a;
	/* The parent's words until now: the entries have addresses. */
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = value_of(i);
	if (check_ldt("child"))
		return 1;
	for (unsigned int i = 0; i < 8; i++)
		if (set_entry(stress_random(ENTRIES), stress_random(WORDS)))
			return 1;
	if (check_ldt("child, entries of its own"))
		return 1;
	if (!stress_random(2)) {
		char sum[16];

		snprintf(sum, sizeof(sum), "%u", ldt_sum());
		execl("/proc/self/exe", "segments", sum, NULL);
		return stress_bad("exec: %m");
	}
	return 0;
}

static int fork_with_ldt(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return stress_bad("fork: %m");
	if (!pid) {
		stress_random(0);
		stress_state += 2;
		_exit(ldt_child());
	}
	return check_ldt("parent") | stress_wait(pid);
}

/* An LDT that grows from a page to 16, in each of many processes. */
static int grow_in_process(void)
{
	static const unsigned int most[] = { 8, 512, 513, 2048, ENTRIES };

	memset(points_to, -1, sizeof(points_to));
	make_words();
	for (unsigned int size = 0; size < 5; size++) {
		for (unsigned int i = 0; i < 8; i++)
			if (set_entry(stress_random(most[size]),
				      stress_random(WORDS)))
				return 1;
		if (check_ldt("grown") || fork_with_ldt())
			return 1;
	}
	return clear_ldt() || check_ldt("cleared");
}

static int growing(void *rounds)
{
	pid_t pid;

	do {
		stress_random(0);
		pid = fork();
		if (pid < 0)
			return stress_bad("fork: %m");
		if (!pid)
			_exit(grow_in_process());
		if (stress_wait(pid))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* Threads of one address space, each with its entry, while another grows it. */
#define THREADS		3

static volatile int stop;
static volatile unsigned long looks[THREADS];

/* A thread that the C library knows nothing of: it may not fail a call. */
static int reader(void *arg)
{
	unsigned int number = (unsigned long)arg;
	uint32_t found;

	do {
		found = segment_read(number << 3 | 7, looks[number] % 64 ?
				     SYS_getppid : SYS_sched_yield);
		if (found != value_of(number))
			return stress_bad("thread: selector %x has %08x, not %08x",
					  number << 3 | 7, found,
					  value_of(number));
		looks[number]++;
	} while (!stop);
	return 0;
}

static int share_in_process(void)
{
	static char stacks[THREADS][16384] __attribute__((aligned(16)));
	pid_t pids[THREADS];
	int bad = 0, status;

	memset(points_to, -1, sizeof(points_to));
	make_words();
	for (unsigned int i = 0; i < THREADS; i++) {
		if (set_entry(i, i))
			return 1;
		pids[i] = clone(reader, stacks[i] + sizeof(stacks[i]),
				CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD,
				(void *)(unsigned long)i);
		if (pids[i] < 0)
			return stress_bad("clone: %m");
	}
	for (unsigned int most = 512; most <= ENTRIES && !bad; most += 512) {
		unsigned int entry = most - 512 + THREADS +
			stress_random(512 - THREADS);
		unsigned int i = most / 512 % THREADS;
		unsigned long seen = looks[i];

		bad = set_entry(entry, stress_random(WORDS)) ||
			check_ldt("shared");
		/* Not on before one of the threads has looked. */
		while (!bad && looks[i] == seen) {
			sched_yield();
			if (waitpid(pids[i], &status, WNOHANG)) {
				bad = stress_bad("thread: wait status %x",
						 status);
				pids[i] = 0;
			}
		}
	}
	stop = 1;
	for (unsigned int i = 0; i < THREADS; i++)
		bad |= pids[i] && stress_wait(pids[i]);
	return bad;
}

static int sharing(void *rounds)
{
	pid_t pid;

	do {
		stress_random(0);
		pid = fork();
		if (pid < 0)
			return stress_bad("fork: %m");
		if (!pid)
			_exit(share_in_process());
		if (stress_wait(pid))
			return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

#ifdef __x86_64__
/* Bases of %gs: below 4 GB 2.6.12 makes a TLS entry of one, any other is a register. */
static int tls(void *rounds)
{
	uint32_t high[WORDS];	/* the stack is above */

	make_words();
	memcpy(high, words, sizeof(high));
	do {
		unsigned int word = stress_random(WORDS);
		const uint32_t *at = stress_random(2) ? words : high;

		if (syscall(SYS_arch_prctl, ARCH_SET_GS, &at[word]))
			return stress_bad("ARCH_SET_GS: %m");
		for (int n = 0; n < 100; n++) {
			long call = any_call();
			uint32_t found;

			__asm__ volatile(SYSCALL "\n\t"
					 "movl %%gs:0, %[found]"
					 : [found] "=r" (found), "+a" (call)
					 : : SYSCALL_CLOBBERS);
			if (found != value_of(word))
				return stress_bad("TLS: base %p has %08x, not %08x",
						  (const void *)&at[word], found,
						  value_of(word));
		}
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}
#else
/* The two TLS entries that the C library leaves free, set anew each time. */
static int tls(void *rounds)
{
	/* Number -1: the kernel is to choose, and says which it was. */
	struct segment entries[2] = {
		{ -1, 0, sizeof(*words) - 1, SEGMENT_USABLE },
		{ -1, 0, sizeof(*words) - 1, SEGMENT_USABLE },
	};

	make_words();
	do {
		for (int i = 0; i < 2; i++) {
			unsigned int word = stress_random(WORDS);

			entries[i].base = segment_base(&words[word]);
			if (syscall(SYS_set_thread_area, &entries[i]))
				return stress_bad("set_thread_area: %m");
			for (int n = 0; n < 100; n++)
				if (check_selector("TLS",
						   entries[i].number << 3 | 3,
						   value_of(word)))
					return 1;
		}
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

#endif

static int after_exec(const char *expected)
{
	uint32_t sum = ldt_sum();

	if (sum && sum != strtoul(expected, NULL, 10))
		return stress_bad("after exec: LDT of sum %u, not %s", sum,
				  expected);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct stress_task tasks[] = {
		{ "LDTs that grow, fork and exec: 1", growing },
		{ "LDTs that grow, fork and exec: 2", growing },
		{ "threads share an LDT that grows: 1", sharing },
		{ "threads share an LDT that grows: 2", sharing },
		{ "TLS: 1", tls },
		{ "TLS: 2", tls },
		{ "TLS: 3", tls },
	};

	if (argc > 1)
		return after_exec(argv[1]);
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
