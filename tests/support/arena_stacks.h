/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_ARENA_STACKS_H
#define SUPPORT_ARENA_STACKS_H

/* arena_stacks.h - stacks of an arena, on a kernel that refuses things.
 *
 * The linker sends system calls here, so that memory can run out at every
 * place: a program that includes this is linked with --wrap for each. */

#include "coro/stack.h"

#include <stdbool.h>
#include <stdint.h>

/* More than enough of them to be worth giving up again; see PRICE in
 * stack.c. */
#define MOST 8000

extern ili_stack stacks[MOST];
extern ili_arena *arena;

/* To be set before the first test: the kernel refuses what Linux has learnt
 * since 5.13, so that guards are mappings. */
extern bool kernel_is_old;

/* What the program is built for. */
#ifdef OLD_KERNEL
enum { BUILT_FOR_OLD_KERNEL = 1 };
#else
enum { BUILT_FOR_OLD_KERNEL = 0 };
#endif

extern unsigned countdown; /* 1: the next call fails; 0: none will */
extern unsigned n_failed;

int setup_arena(void **state);
int teardown_arena(void **state);

/* Emulators, valgrind and sanitizers are slow and have memory of their own. */
bool is_slow_here(void);

/* More than a pool keeps warm and cold in any case. */
unsigned many_stacks(void);

/* A number of KiB in a file of /proc, or -1. */
long proc_field(const char *path, const char *name);

/* What the process holds, page tables included; 0 where nobody knows. */
long memory_held(void);

/* Ask the kernel, which says EFAULT where we would crash. */
bool is_guarded(const ili_stack *stack);

uintptr_t *top_of(const ili_stack *stack);

/* Whoever else gets this stack, or its pages, will be seen. */
void take_stack(unsigned i, size_t size);
void put_stack(unsigned i);

#endif
