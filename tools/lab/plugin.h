/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the plugins for QEMU share: its interface for them, version 1 (QEMU 7.2,
 * documentation "QEMU TCG Plugins"), of which Debian has no header, and the guest's marks.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../guest/marks.h"

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
	void (*cb)(unsigned int vcpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
	enum qemu_plugin_op op, void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*cb)(unsigned int vcpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
	enum qemu_plugin_op op, void *ptr, uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t idx);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

typedef void mark_reached(unsigned int vcpu, void *data);

static unsigned int part;		/* how many MARK_NEXT there were */

static void next_part(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	part++;
}

/* Have these called where TB has marks. */
static inline void at_marks(struct qemu_plugin_tb *tb, mark_reached *begin,
			    mark_reached *end)
{
	const struct {
		unsigned char insn[MARK_SIZE];
		mark_reached *reached;
	} marks[] = {
		{ { MARK_BYTES(MARK_BEGIN) }, begin },
		{ { MARK_BYTES(MARK_END) }, end },
		{ { MARK_BYTES(MARK_NEXT) }, next_part },
	};

	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		for (size_t m = 0; m < sizeof(marks) / sizeof(*marks); m++)
			if (qemu_plugin_insn_size(insn) == MARK_SIZE &&
			    !memcmp(qemu_plugin_insn_data(insn), marks[m].insn, MARK_SIZE))
				qemu_plugin_register_vcpu_insn_exec_cb(insn,
					marks[m].reached, 0, NULL);
	}
}

#endif
