/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_ANNOTATE_H
#define ILI_CORO_ANNOTATE_H

/* annotate.h - what sanitizers and valgrind must be told about stacks and
 * about memory that is lent.
 *
 * The only file that knows them.  Without them every function here is empty
 * and struct ili_annotation has no size. */

#include "config.h"

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define ILI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ILI_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define ILI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ILI_TSAN 1
#endif
#endif

#ifdef ILI_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef ILI_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef HAVE_VALGRIND_H
#include <valgrind/valgrind.h>
#endif

/* For functions that read what is left on a stack. */
#define ILI_NO_SANITIZE                                                        \
    __attribute__((noinline, no_sanitize_address, no_sanitize_thread))

/* What is remembered with each coroutine. */
typedef struct ili_annotation {
#ifdef ILI_ASAN
    const void *bottom;            /* its stack; learnt when it is left */
    size_t size;                   /* of that stack */
    void *fake;                    /* ASan's own stack while it is away */
    struct ili_annotation *before; /* who switched to it; NULL: one that died */
#endif
#ifdef ILI_TSAN
    void *fiber; /* TSan's idea of it */
    void *dead;  /* the fiber of one that died by switching to it */
#endif
} ili_annotation;

/* A coroutine on a stack of ours was made. */
static inline void ili_annotate_make(ili_annotation *a, void *base, size_t size)
{
    (void)a;
    (void)base;
    (void)size;
#ifdef ILI_ASAN
    a->bottom = base;
    a->size = size;
    a->fake = NULL;
#endif
#ifdef ILI_TSAN
    a->fiber = __tsan_create_fiber(0);
    a->dead = NULL;
#endif
}

/* A coroutine that stands for the stack we are on. */
static inline void ili_annotate_here(ili_annotation *a)
{
    (void)a;
#ifdef ILI_ASAN
    a->fake = NULL;
    a->before = NULL;
#endif
#ifdef ILI_TSAN
    a->fiber = __tsan_get_current_fiber();
    a->dead = NULL;
#endif
}

/* About to switch.  `last`: from never comes back. */
static inline __attribute__((always_inline)) void
ili_annotate_leave(ili_annotation *from, ili_annotation *to, int last)
{
    (void)from;
    (void)to;
    (void)last;
#ifdef ILI_ASAN
    /* Nobody returns from the frames here; their poison must not stay. */
    if (last)
        __asan_handle_no_return();
    to->before = last ? NULL : from;
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake, to->bottom,
                                   to->size);
#endif
#ifdef ILI_TSAN
    if (last)
        to->dead = from->fiber;
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* Just arrived, for the first time or again. */
static inline __attribute__((always_inline)) void
ili_annotate_arrive(ili_annotation *self)
{
    (void)self;
#ifdef ILI_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake, &bottom, &size);
    if (self->before) {
        self->before->bottom = bottom;
        self->before->size = size;
    }
#endif
#ifdef ILI_TSAN
    if (self->dead)
        __tsan_destroy_fiber(self->dead);
    self->dead = NULL;
#endif
}

/* A stack is used for the first time: leaks are searched for in it. */
static inline unsigned ili_annotate_stack_new(void *base, size_t size)
{
    (void)base;
    (void)size;
#ifdef ILI_ASAN
    __lsan_register_root_region(base, size);
#endif
#ifdef HAVE_VALGRIND_H
    return VALGRIND_STACK_REGISTER(base, (char *)base + size);
#else
    return 0;
#endif
}

/* A stack is used again: the last user may have left poison behind. */
static inline void ili_annotate_stack_reuse(void *base, size_t size)
{
    (void)base;
    (void)size;
#ifdef ILI_ASAN
    __asan_unpoison_memory_region(base, size);
#endif
}

/* A stack goes back to the kernel. */
static inline void ili_annotate_stack_gone(void *base, size_t size, unsigned id)
{
    (void)base;
    (void)size;
    (void)id;
#ifdef ILI_ASAN
    __asan_unpoison_memory_region(base, size);
    __lsan_unregister_root_region(base, size);
#endif
#ifdef HAVE_VALGRIND_H
    VALGRIND_STACK_DEREGISTER(id);
#endif
}

/* Whether memory below all frames may be looked at. */
static inline int ili_annotate_may_look(void)
{
#ifdef HAVE_VALGRIND_H
    return !RUNNING_ON_VALGRIND;
#else
    return 1;
#endif
}

/* Memory of ours is somebody's, or nobody's from now on. */
static inline void ili_annotate_lend(void *data, size_t size)
{
    (void)data;
    (void)size;
#ifdef ILI_ASAN
    __asan_unpoison_memory_region(data, size);
#endif
}

static inline void ili_annotate_returned(void *data, size_t size)
{
    (void)data;
    (void)size;
#ifdef ILI_ASAN
    __asan_poison_memory_region(data, size);
#endif
}

#endif
