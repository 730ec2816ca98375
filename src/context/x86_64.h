/* SPDX-License-Identifier: MIT */
#ifndef ILI_CONTEXT_X86_64_H
#define ILI_CONTEXT_X86_64_H

/* x86_64.h - the switch for the System V ABI of x86-64.
 *
 * It is inline assembly without a call or a return: the processor's
 * return-address stack then stays in step with what the resumed code returns
 * through, as long as tasks park at the same depth in the same code, which is
 * what servers do.  A switch behind a `call` that leaves by `jmp` makes each
 * later `ret` mispredict.
 *
 * Only rsp, rbp, the address to go on at and the control words are stored by
 * hand.  Everything else is declared clobbered, so that the compiler itself
 * saves what is live here, and nothing that is not.  State goes into the
 * context, never below the stack pointer: the compiler may use the red zone. */

#include <stddef.h>
#include <stdint.h>

typedef struct ili_context {
    void *sp;       /* rsp; ABI 3.2.1: callee-saved */
    void *fp;       /* rbp; ABI 3.2.1: callee-saved */
    void *pc;       /* where to go on */
    uint32_t mxcsr; /* SSE control; ABI 3.2.1: control bits callee-saved */
    uint16_t x87;   /* x87 control word; ABI 3.2.1: callee-saved */
} ili_context;

/* Where an entry function would return to. */
void ili_context_end(void);

/* x86_64.c */
void ili_context_make(ili_context *context, void *base, size_t size,
                      void (*entry)(void));

#ifdef __AVX512F__
#define ILI_CONTEXT_CLOBBER_AVX512                                             \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",  \
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",         \
        "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define ILI_CONTEXT_CLOBBER_AVX512
#endif

static inline __attribute__((always_inline)) void
ili_context_switch(ili_context *from, ili_context *to)
{
    __asm__ volatile(
        "movq  %%rsp, 0(%%rdi)\n\t"  /* the stack, as it is right here */
        "movq  %%rbp, 8(%%rdi)\n\t"  /* cannot be declared clobbered */
        "leaq  1f(%%rip), %%rax\n\t" /* no call: see the essay above */
        "movq  %%rax, 16(%%rdi)\n\t"
        "stmxcsr 24(%%rdi)\n\t" /* rounding and exception masks of SSE */
        "fnstcw  28(%%rdi)\n\t" /* the same of x87 */
        "movq  0(%%rsi), %%rsp\n\t"
        "movq  8(%%rsi), %%rbp\n\t"
        "ldmxcsr 24(%%rsi)\n\t"
        "fldcw   28(%%rsi)\n\t"
        "jmpq  *16(%%rsi)\n"
        "1:"
        : "+D"(from), "+S"(to)
        :
        : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
          "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
          "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
          "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
          "st(7)", "cc", "memory" ILI_CONTEXT_CLOBBER_AVX512);
}

#endif
