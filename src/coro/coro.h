/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_CORO_H
#define ILI_CORO_CORO_H

/* coro.h - the bare coroutine: a stack that can be left and gone on with.
 *
 * It knows nothing of tasks or queues.  A coroutine may also stand for a stack
 * that is not ours, such as the host's: ili_coro_here(). */

#include "context/context.h"
#include "coro/annotate.h"

typedef struct ili_coro {
    ili_context context;
    ili_annotation annotation;
} ili_coro;

/* Make `coro` start with entry () on the given stack.  The entry must call
 * ili_coro_arrived (its coro) first and must not return. */
static inline void ili_coro_make(ili_coro *coro, void *base, size_t size,
                                 void (*entry)(void))
{
    ili_context_make(&coro->context, base, size, entry);
    ili_annotate_make(&coro->annotation, base, size);
}

/* Make `coro`, keep the present in `from` and begin with the entry. */
static inline __attribute__((always_inline)) void
ili_coro_enter(ili_coro *from, ili_coro *coro, void *base, size_t size,
               void (*entry)(void))
{
    ili_annotate_make(&coro->annotation, base, size);
    ili_annotate_leave(&from->annotation, &coro->annotation, 0);
    ili_context_enter(&from->context, &coro->context, base, size, entry);
    ili_annotate_arrive(&from->annotation);
}

/* Let `coro` stand for the stack we are on; good until we return from here. */
static inline void ili_coro_here(ili_coro *coro)
{
    ili_annotate_here(&coro->annotation);
}

static inline void ili_coro_arrived(ili_coro *coro)
{
    ili_annotate_arrive(&coro->annotation);
}

/* Keep the present in `from` and go on with `to`. */
static inline __attribute__((always_inline)) void
ili_coro_switch(ili_coro *from, ili_coro *to)
{
    ili_annotate_leave(&from->annotation, &to->annotation, 0);
    ili_context_switch(&from->context, &to->context);
    ili_annotate_arrive(&from->annotation);
}

/* Go on with `to`; nobody will come back to `from`.  Must be the last thing in a
 * function that was not called but jumped to: see context.h. */
static inline __attribute__((always_inline)) void ili_coro_leave(ili_coro *from,
                                                                 ili_coro *to)
{
    ili_annotate_leave(&from->annotation, &to->annotation, 1);
    ili_context_leave(&from->context, &to->context);
}

#endif
