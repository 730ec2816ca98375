/* SPDX-License-Identifier: MIT */
#ifndef ILI_CONTEXT_UCONTEXT_H
#define ILI_CONTEXT_UCONTEXT_H

/* ucontext.h - the switch for every other processor.
 *
 * Two system calls a switch, for a signal mask that we do not need, and some
 * twenty times slower than the others; but libc knows how to do it. */

#include <stddef.h>
#include <ucontext.h>

typedef struct ili_context {
    ucontext_t u; /* valid while the stack does not run */
} ili_context;

/* ucontext.c */
void ili_context_make(ili_context *context, void *base, size_t size,
                      void (*entry)(void));

/* swapcontext() fails only for contexts that were never made. */
static inline void ili_context_switch(ili_context *from, ili_context *to)
{
    (void)swapcontext(&from->u, &to->u);
}

static inline void ili_context_enter(ili_context *from, ili_context *to,
                                     void *base, size_t size,
                                     void (*entry)(void))
{
    ili_context_make(to, base, size, entry);
    ili_context_switch(from, to);
}

static inline void ili_context_leave(ili_context *from, ili_context *to)
{
    ili_context_switch(from, to);
}

/* Where it is parked, roughly; for what is only a hint. */
static inline const void *ili_context_sp(const ili_context *context)
{
    return context;
}

static inline __attribute__((always_inline)) const void *ili_context_here(void)
{
    return __builtin_frame_address(0);
}

#endif
