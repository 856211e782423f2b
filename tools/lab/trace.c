// SPDX-License-Identifier: GPL-2.0
/*
 * trace - a plugin for QEMU: what was executed between two marks?
 *
 *	qemu-system-x86_64 -plugin trace.so,out=FILE ...
 *
 * The guest sets a mark by an instruction that does nothing (marks.h).  From MARK_BEGIN
 * on each block of instructions that is executed is kept, the last BLOCKS of them; at
 * MARK_END they go to FILE.N, over what was there: a line each, in order, with the
 * address and the number of instructions, in hexadecimal.  N is how many MARK_NEXT came
 * before.  So at the end each FILE.N has the last trace of its part of the run.
 * A block that an exception ends early counts as a whole.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "plugin.h"

enum { BLOCKS = 1 << 23 };

struct block {
	uint64_t address;
	uint32_t instructions;
};

static const struct block **ring;
static uint64_t kept;			/* since the last MARK_BEGIN */
static bool on;
static const char *out;

static void executed(unsigned int vcpu, void *data)
{
	(void)vcpu;
	if (on)
		ring[kept++ % BLOCKS] = data;
}

static void begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	kept = 0;
	on = true;
}

static void end(unsigned int vcpu, void *data)
{
	uint64_t i = kept > BLOCKS ? kept - BLOCKS : 0;
	char name[4096];
	FILE *f;

	(void)vcpu;
	(void)data;
	snprintf(name, sizeof(name), "%s.%u", out, part);
	f = on ? fopen(name, "w") : NULL;
	for (; f && i < kept; i++)
		fprintf(f, "%016" PRIx64 " %" PRIx32 "\n", ring[i % BLOCKS]->address,
			ring[i % BLOCKS]->instructions);
	if (on && (!f || ferror(f) | fclose(f)))
		fprintf(stderr, "trace: %s: %s\n", name, strerror(errno));
	on = false;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const size_t n = qemu_plugin_tb_n_insns(tb);
	/* As long as QEMU may execute it, that is to the end. */
	struct block *block = malloc(sizeof(*block));

	(void)id;
	if (!block) {
		fprintf(stderr, "trace: out of memory\n");
		exit(1);
	}
	*block = (struct block){ qemu_plugin_tb_vaddr(tb), n };
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, block);
	at_marks(tb, begin, end);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc == 1 && !strncmp(argv[0], "out=", 4))
		out = strdup(argv[0] + 4);
	ring = malloc(BLOCKS * sizeof(*ring));
	if (!out || !ring) {
		fprintf(stderr, out ? "trace: out of memory\n" : "usage: trace.so,out=FILE\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
