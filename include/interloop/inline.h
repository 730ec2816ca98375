/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_INLINE_H
#define INTERLOOP_INLINE_H

/**
 * @file inline.h
 * @brief How short functions do without a call; nothing in it is for you.
 *
 * A call into a shared library costs as much as acquiring a lock that is free.
 * So some functions of other headers begin in the header: what is short happens
 * there, all else in the library.  They look at a few fields of the running
 * task, through a pointer per thread whose name has a number.  A library that
 * has these fields elsewhere lets the pointer be NULL, and takes another number
 * for where they are then: programs that were compiled before go on as before,
 * only that everything is a call.
 *
 * `#define IL_NO_INLINE` before the first header does without.  Pointers to
 * these functions, and programs that are compiled without optimisation, call
 * the library, too.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** @cond */

/* What comes first in a task, and differs: its registers. */
#if defined(__x86_64__)
#define IL_INLINE_OTHER_ 57
#else
#define IL_INLINE_OTHER_ 65
#endif

/* The fields of a task that inline functions use; src/task/task.h has all, under
 * another name, hence may_alias. */
struct __attribute__((may_alias)) il_inline_task_ {
    unsigned char other[IL_INLINE_OTHER_];
    unsigned char ops;
    bool cancelled;
    il_hold *held;
};

struct __attribute__((may_alias)) il_inline_thread_ {
    void *other[3];
    struct il_inline_task_ *current; /* the running task, or NULL */
};

/* So many operations in a row may succeed without waiting. */
#define IL_INLINE_OPS_ 64

/* NULL: this thread has no loop, or the fields are elsewhere. */
extern __attribute__((tls_model("initial-exec")))
IL_EXPORT __thread struct il_inline_thread_ *il_inline_1_;

/* A definition for inlining alone: where it is not inlined, the library's
 * function of that name is called. */
#define IL_INLINE_ extern inline __attribute__((gnu_inline))
/* A part of one, and in the library nowhere. */
#define IL_INLINE_PART_ extern inline __attribute__((gnu_inline, always_inline))

IL_INLINE_PART_ struct il_inline_task_ *il_inline_current_(void)
{
    const struct il_inline_thread_ *thread = il_inline_1_;

    return thread ? thread->current : NULL;
}

/* Whether the task may go on with what it need not wait for; counts it. */
IL_INLINE_PART_ bool il_inline_may_(struct il_inline_task_ *task)
{
    return !task->cancelled && ++task->ops < IL_INLINE_OPS_;
}

#define IL_INLINE_LIKELY_(x) __builtin_expect(!!(x), 1)

/** @endcond */

IL_END_DECLS

#endif
