/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_STACK_H
#define ILI_CORO_STACK_H

/* stack.h - where coroutines get their stacks from.
 *
 * An arena belongs to one thread.  It reserves address space for many stacks
 * at once, guards them, and keeps freed ones for the next taker. */

#include <stdbool.h>
#include <stddef.h>

/* Usable bytes of an ordinary stack, of one for code that expects the stack of
 * a main thread, and of the guard below each. */
#define ILI_STACK_SIZE (256u * 1024u)
#define ILI_STACK_LARGE (8192u * 1024u)
#define ILI_STACK_GUARD (64u * 1024u)

typedef struct ili_arena ili_arena;

/* A stack: usable from `base` up to `base + size`. */
typedef struct ili_stack {
    void *base;
    size_t size;
    int pool;    /* which; negative: none, it is a mapping of its own */
    unsigned id; /* valgrind's name for it, if it is a mapping of its own */
} ili_stack;

/* NULL when out of memory. */
ili_arena *ili_arena_new(void);

/* The arena is not needed any more; it goes when its last stack is put. */
void ili_arena_retire(ili_arena *arena);

/* Whether it is only kept for its last stacks. */
bool ili_arena_is_retired(const ili_arena *arena);

/* Take a stack of at least `size` bytes; 0 means an ordinary one.  Returns 0
 * or -ENOMEM. */
int ili_arena_get(ili_arena *arena, size_t size, ili_stack *ret_stack);

/* Give a stack back.  May be called on that very stack: it is neither touched
 * nor reused before the next call into the arena. */
void ili_arena_put(ili_arena *arena, const ili_stack *stack);

#endif
