/* SPDX-License-Identifier: MIT */
#ifndef ILI_CONTEXT_CONTEXT_H
#define ILI_CONTEXT_CONTEXT_H

/* context.h - leave one stack, go on with another.
 *
 * A context is what must be kept of a stack that does not run.  There is one
 * header per processor, chosen by configure; each offers
 *
 *   ili_context                      what is kept
 *   ili_context_make (c, base, size, entry)
 *                                    the next switch to c calls entry () on
 *                                    the stack [base, base + size); entry must
 *                                    not return
 *   ili_context_switch (from, to)    keep the present in from, go on with to;
 *                                    comes back when somebody switches to from
 *   ili_context_enter (from, to, base, size, entry)
 *                                    make to and switch to it, for less
 *   ili_context_leave (from, to)     go on with to; nobody will switch to from.
 *                                    The compiler must not know that this does
 *                                    not return: it would call what leads here
 *                                    where it can jump, and the return-address
 *                                    stack of the processor would keep an entry
 *                                    that nobody uses up
 *   ili_context_sp (c)               where in its stack it was left, and
 *   ili_context_here ()              where we are in ours; for hints alone
 *
 * What survives a switch is what the ABI makes a callee preserve: the
 * callee-saved registers, the stack pointer and the rounding and exception
 * modes of the floating-point units.  The signal mask is not touched: that
 * would cost a system call. */

#include "config.h"

#if defined(ILI_FORCE_UCONTEXT) || defined(ILI_CONTEXT_UCONTEXT)
#include "context/ucontext.h"
#elif defined(ILI_CONTEXT_X86_64)
#include "context/x86_64.h"
#elif defined(ILI_CONTEXT_AARCH64)
#include "context/aarch64.h"
#else
#error "configure chose no context switch"
#endif

#endif
