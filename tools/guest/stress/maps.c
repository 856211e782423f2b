// SPDX-License-Identifier: GPL-2.0
/*
 * maps - mmap, munmap, mremap and mprotect over many page-table pages
 *
 * Each worker has some areas, of which it touches one page in each 512 KB, and
 * changes them at random: maps, grows, moves, shrinks at either end, protects,
 * unmaps.  After each step contents must be where the area now is, and accesses
 * must fault where they should, at the right address, and nowhere else.
 */
#include "../fault.h"
#include "../stress.h"

#define STEP		(512UL << 10)
#define PAGE		4096UL
#define AREAS		6		/* of a worker */
#define MOST		96		/* pages of an area: 48 MB */

struct area {
	unsigned char *base;		/* NULL if there is none */
	unsigned int pages;
	int prot;
	uint32_t value[MOST];
};

static volatile uint32_t *word(const struct area *a, unsigned int i)
{
	return (void *)(a->base + i * STEP);
}

static void write_page(struct area *a, unsigned int i)
{
	a->value[i] = stress_random(0) | 1;
	*word(a, i) = a->value[i];
}

static int read_faults(volatile uint32_t *w, volatile uint32_t *found)
{
	return faults(*found = *w);
}

static int write_faults(volatile uint32_t *w, uint32_t value)
{
	return faults(*w = value);
}

/* Does page I hold what it should, and fault if and only if it should? */
static int check_page(const struct area *a, unsigned int i)
{
	volatile uint32_t *w = word(a, i);
	volatile uint32_t found = 0;

	fault_address = NULL;
	if (read_faults(w, &found) != !(a->prot & PROT_READ))
		return stress_bad("read of %p, protection %x: %s", (void *)w,
				  a->prot, fault_address ? "fault" : "no fault");
	if (a->prot & PROT_READ && found != a->value[i])
		return stress_bad("page %u at %p has %x, not %x", i, (void *)w,
				  found, a->value[i]);
	if (write_faults(w, a->value[i]) != !(a->prot & PROT_WRITE))
		return stress_bad("write to %p, protection %x: %s", (void *)w,
				  a->prot, fault_address ? "fault" : "no fault");
	if (fault_address && fault_address != w)
		return stress_bad("fault at %p instead of %p", fault_address,
				  (void *)w);
	return 0;
}

static int check(const struct area *a)
{
	for (unsigned int i = 0; i < a->pages; i++)
		if (check_page(a, i))
			return 1;
	return 0;
}

/* Is nothing left of COUNT steps from FROM? */
static int check_gone(unsigned char *from, unsigned int count)
{
	volatile uint32_t found = 0;

	for (unsigned int i = 0; i < count; i++) {
		volatile uint32_t *w = (void *)(from + i * STEP);

		if (!read_faults(w, &found))
			return stress_bad("%p is unmapped and has %x", (void *)w,
					  found);
	}
	return 0;
}

static int map(struct area *a)
{
	a->pages = 1 + stress_random(MOST);
	a->prot = PROT_READ | PROT_WRITE;
	a->base = mmap(NULL, a->pages * STEP, a->prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a->base == MAP_FAILED)
		return stress_bad("mmap of %u steps: %m", a->pages);
	for (unsigned int i = 0; i < a->pages; i++) {
		if (*word(a, i))
			return stress_bad("fresh page at %p has %x",
					  (void *)word(a, i), *word(a, i));
		write_page(a, i);
	}
	return 0;
}

static int protect(struct area *a)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
	};

	a->prot = prots[stress_random(3)];
	if (mprotect(a->base, a->pages * STEP, a->prot))
		return stress_bad("mprotect: %m");
	return 0;
}

/* To PAGES, wherever there is room, or to a place of our choice. */
static int move(struct area *a)
{
	unsigned int pages = 1 + stress_random(MOST), old = a->pages;
	unsigned char *from = a->base, *to = NULL;
	int flags = MREMAP_MAYMOVE;

	if (stress_random(2)) {
		to = mmap(NULL, pages * STEP, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (to == MAP_FAILED)
			return stress_bad("mmap: %m");
		flags |= MREMAP_FIXED;
	}
	a->base = mremap(from, old * STEP, pages * STEP, flags, to);
	if (a->base == MAP_FAILED || (to && a->base != to))
		return stress_bad("mremap of %u steps to %u at %p: %m", old,
				  pages, (void *)to);
	a->pages = pages;
	if (a->base != from && check_gone(from, old))
		return 1;
	for (unsigned int i = old; i < pages; i++) {
		a->value[i] = 0;
		if (a->prot & PROT_WRITE) {
			if (*word(a, i))
				return stress_bad("grown page at %p has %x",
						  (void *)word(a, i),
						  *word(a, i));
			write_page(a, i);
		}
	}
	return 0;
}

static int cut_tail(struct area *a)
{
	unsigned int left = stress_random(a->pages), cut = a->pages - left;
	unsigned char *from = a->base + left * STEP;

	if (munmap(from, cut * STEP))
		return stress_bad("munmap: %m");
	a->pages = left;
	if (!left)
		a->base = NULL;
	return check_gone(from, cut);
}

static int cut_head(struct area *a)
{
	unsigned int cut = 1 + stress_random(a->pages);
	unsigned char *from = a->base;

	if (munmap(from, cut * STEP))
		return stress_bad("munmap: %m");
	a->pages -= cut;
	a->base = a->pages ? from + cut * STEP : NULL;
	memmove(a->value, a->value + cut, a->pages * sizeof(*a->value));
	return check_gone(from, cut);
}

static int change_areas(void *rounds)
{
	static int (*const change[])(struct area *) = {
		protect, protect, move, move, move, cut_tail, cut_head,
	};
	static struct area areas[AREAS];

	fault_catch();
	do {
		struct area *a = &areas[stress_random(AREAS)];
		unsigned int which = stress_random(sizeof(change) /
						   sizeof(*change));

		if (a->base ? change[which](a) : map(a))
			return 1;
		for (unsigned int i = 0; i < AREAS; i++)
			if (check(&areas[i]))
				return 1;
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "contents and faults are right: 1", change_areas },
		{ "contents and faults are right: 2", change_areas },
		{ "contents and faults are right: 3", change_areas },
	};

	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
