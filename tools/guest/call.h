/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a program makes a system call by itself: the number is in %eax or %rax, and so
 * is what it returns.
 */
#ifndef CALL_H
#define CALL_H

#ifdef __x86_64__
#define SYSCALL	"syscall"
#define SYSCALL_CLOBBERS "rcx", "r11", "memory"
#else
#define SYSCALL	"int $0x80"
#define SYSCALL_CLOBBERS "memory"
#endif

#endif
