/* SPDX-License-Identifier: MIT */

/* ucontext.c - a new stack by makecontext(). */

#include "config.h"

#if defined(ILI_FORCE_UCONTEXT) || defined(ILI_CONTEXT_UCONTEXT)

#include "context/ucontext.h"

#include "base/assert.h"

void ili_context_make(ili_context *context, void *base, size_t size,
                      void (*entry)(void))
{
    ILI_ASSERT(getcontext(&context->u) == 0);
    context->u.uc_stack.ss_sp = base;
    context->u.uc_stack.ss_size = size;
    context->u.uc_link = NULL; /* an entry function never returns */
    makecontext(&context->u, entry, 0);
}

#else
typedef int ili_context_ucontext_unused; /* ISO C wants a declaration */
#endif
