// SPDX-License-Identifier: GPL-2.0
/*
 * count - a plugin for QEMU: how much was executed between two marks, and whose was it?
 *
 *	qemu-system-x86_64 -plugin count.so,out=FILE,map=MAP ...
 *
 * Between the marks of a guest program (../guest/marks.h), MARK_BEGIN and MARK_END, the
 * instructions are counted that are in each range of MAP, and how often each point of it
 * is come to.  A line of MAP is one of these, addresses in hexadecimal without 0x:
 *
 *	range FROM TO NAME	from FROM to before TO; the first that fits
 *	point AT NAME
 *
 * Several may have one name, and are counted together.  At MARK_END they go to FILE.N, a
 * line each, NAME and how often; N is how many MARK_NEXT came before.  A block that an
 * exception ends early counts as a whole.
 */
#include <errno.h>
#include <stdio.h>

#include "plugin.h"

/* A kernel has some 12000 functions. */
enum { COUNTERS = 32768, PLACES = 32768 };

static struct counter {
	char name[64];
	uint64_t n, before;
} counters[COUNTERS];

static struct place {
	uint64_t from, to;		/* a point has no TO */
	struct counter *counter;
} places[PLACES];

static unsigned int place_count;
static const char *out;

static void begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (struct counter *c = counters; c->name[0]; c++)
		c->before = c->n;
}

static void end(unsigned int vcpu, void *data)
{
	char name[4096];
	FILE *f;

	(void)vcpu;
	(void)data;
	snprintf(name, sizeof(name), "%s.%u", out, part);
	f = fopen(name, "w");
	for (struct counter *c = counters; f && c->name[0]; c++)
		fprintf(f, "%s %" PRIu64 "\n", c->name, c->n - c->before);
	if (!f || ferror(f) | fclose(f))
		fprintf(stderr, "count: %s: %s\n", name, strerror(errno));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const size_t n = qemu_plugin_tb_n_insns(tb);
	const uint64_t at = qemu_plugin_tb_vaddr(tb);

	(void)id;
	at_marks(tb, begin, end);
	for (struct place *p = places; p < places + place_count; p++)
		if (p->to && p->from <= at && at < p->to) {
			qemu_plugin_register_vcpu_tb_exec_inline(tb,
				QEMU_PLUGIN_INLINE_ADD_U64, &p->counter->n, n);
			break;
		}
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		for (struct place *p = places; p < places + place_count; p++)
			if (!p->to && p->from == qemu_plugin_insn_vaddr(insn))
				qemu_plugin_register_vcpu_insn_exec_inline(insn,
					QEMU_PLUGIN_INLINE_ADD_U64, &p->counter->n, 1);
	}
}

/* The counter of that name, or a new one; NULL if there is no room. */
static struct counter *find_counter(const char *name)
{
	/* The last has no name, ever. */
	for (struct counter *c = counters; c < counters + COUNTERS - 1; c++) {
		if (!c->name[0])
			snprintf(c->name, sizeof(c->name), "%s", name);
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

static int read_map(const char *map)
{
	char line[256], name[64];
	FILE *f = fopen(map, "r");
	int good = f != NULL;

	if (!f)
		fprintf(stderr, "count: %s: %s\n", map, strerror(errno));
	while (good && fgets(line, sizeof(line), f)) {
		struct place *p = &places[place_count++];

		good = place_count < PLACES &&
		       (sscanf(line, "range %" SCNx64 " %" SCNx64 " %63s", &p->from, &p->to,
			       name) == 3 ||
			sscanf(line, "point %" SCNx64 " %63s", &p->from, name) == 2) &&
		       (p->counter = find_counter(name));
		if (!good)
			fprintf(stderr, "count: %s: what is %s", map, line);
	}
	if (f)
		fclose(f);
	return good;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *map = NULL;

	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "map=", 4))
			map = argv[i] + 4;
	if (!out || !map) {
		fprintf(stderr, "usage: count.so,out=FILE,map=MAP\n");
		return 1;
	}
	if (!read_map(map))
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
