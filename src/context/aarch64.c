/* SPDX-License-Identifier: MIT */

/* aarch64.c - the first moments on a new stack.
 *
 * ili_context_start finds the entry function in x19, which the switch loads,
 * and jumps to it with a link register that says where the unwind ends; see
 * x86_64.c for the reasons. */

#include "config.h"

#if defined(__aarch64__) && !defined(ILI_FORCE_UCONTEXT) &&                    \
    !defined(ILI_CONTEXT_UCONTEXT)

#include "context/aarch64.h"

__asm__(".text\n"
        ".p2align 4\n"
        ".globl ili_context_start\n"
        ".hidden ili_context_start\n"
        ".type ili_context_start, %function\n"
        "ili_context_start:\n"
        ".cfi_startproc\n"
        ".cfi_undefined x30\n" /* nobody called this: the unwind ends */
        "hint #38\n"           /* bti jc: a landing pad for the first jump */
        "mov x29, xzr\n"       /* AAPCS64 6.4.6: zero ends the frame chain */
        "adr x30, 1f\n"
        "mov x16, x19\n" /* the register that BTI lets jump to functions */
        "br x16\n"
        "1:\n"
        "brk #1\n" /* an entry function never returns */
        ".cfi_endproc\n"
        ".size ili_context_start, .-ili_context_start\n");

void ili_context_make(ili_context *context, void *base, size_t size,
                      void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)base + size) & ~(uintptr_t)15;

    context->sp = (void *)top;
    context->fp = NULL;
    context->pc = (void *)(uintptr_t)ili_context_start;
    context->x19 = (void *)(uintptr_t)entry;
    __asm__ volatile("mrs %0, fpcr" : "=r"(context->fpcr));
}

#else
typedef int ili_context_aarch64_unused; /* ISO C wants a declaration */
#endif
