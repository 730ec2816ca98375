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
 * context, never below the stack pointer: the compiler may use the red zone.
 *
 * The control words are compared and loaded only if they differ.  Loading an
 * equal MXCSR takes longer than comparing it, and a different one some forty
 * nanoseconds on Intel's processors.  MXCSR's lower six bits, which say what
 * exceptions have occurred, do not count: the ABI does not ask for them, and
 * two tasks of which only one has ever rounded a number would pay these forty
 * at each switch.  (On AMD's Zen 4 a compared switch was measured to take about
 * a nanosecond longer than an unconditional one.) */

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

/* Where a fresh stack begins: as after a call (ABI 3.2.2) from there. */
static inline void **ili_context_top(void *base, size_t size)
{
    void **sp = (void **)((((uintptr_t)base + size) & ~(uintptr_t)15) - 8);

    *sp = (void *)(uintptr_t)ili_context_end;
    return sp;
}

static inline void ili_context_make(ili_context *context, void *base,
                                    size_t size, void (*entry)(void))
{
    context->sp = ili_context_top(base, size);
    context->fp = NULL; /* ABI 3.4.1: zero marks the deepest frame */
    context->pc = (void *)(uintptr_t)entry;

    /* A task starts with the modes of whoever spawns it, as a thread does. */
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                     : "=m"(context->mxcsr), "=m"(context->x87));
}

#ifdef __AVX512F__
#define ILI_CONTEXT_CLOBBER_AVX512                                             \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",  \
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",         \
        "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define ILI_CONTEXT_CLOBBER_AVX512
#endif

#define ILI_CONTEXT_CLOBBER                                                    \
    "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",        \
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",  \
        "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)",   \
        "cc", "memory" ILI_CONTEXT_CLOBBER_AVX512

/* The steps of which the functions below are made: rdi is `from`, rsi `to`. */
#define ILI_CONTEXT_KEEP_STACK                                                 \
    "movq  %%rsp, 0(%%rdi)\n\t"  /* the stack, as it is right here */          \
    "movq  %%rbp, 8(%%rdi)\n\t"  /* cannot be declared clobbered */            \
    "leaq  1f(%%rip), %%rax\n\t" /* no call: see the essay above */            \
    "movq  %%rax, 16(%%rdi)\n\t"
#define ILI_CONTEXT_KEEP_MODES                                                 \
    "stmxcsr 24(%%rdi)\n\t" /* rounding and exception masks of SSE */          \
    "fnstcw  28(%%rdi)\n\t" /* the same of x87 */
#define ILI_CONTEXT_GO_ON                                                      \
    "movq  0(%%rsi), %%rsp\n\t"                                                \
    "movq  8(%%rsi), %%rbp\n\t"                                                \
    "movl  24(%%rdi), %%eax\n\t"                                               \
    "xorl  24(%%rsi), %%eax\n\t"                                               \
    "testl $0xffffffc0, %%eax\n\t" /* all but what has occurred */             \
    "jne   2f\n\t"                                                             \
    "movzwl 28(%%rdi), %%eax\n\t"                                              \
    "cmpw  28(%%rsi), %%ax\n\t"                                                \
    "jne   2f\n\t"                                                             \
    "jmpq  *16(%%rsi)\n"                                                       \
    "2:\n\t"                                                                   \
    "ldmxcsr 24(%%rsi)\n\t"                                                    \
    "fldcw   28(%%rsi)\n\t"                                                    \
    "jmpq  *16(%%rsi)\n"

static inline __attribute__((always_inline)) void
ili_context_switch(ili_context *from, ili_context *to)
{
    __asm__ volatile(
        ILI_CONTEXT_KEEP_STACK ILI_CONTEXT_KEEP_MODES ILI_CONTEXT_GO_ON "1:"
        : "+D"(from), "+S"(to)
        :
        : "rdx", ILI_CONTEXT_CLOBBER);
}

/* `from` is only where the present modes are put to be compared. */
static inline __attribute__((always_inline)) void
ili_context_leave(ili_context *from, ili_context *to)
{
    __asm__ volatile(ILI_CONTEXT_KEEP_MODES ILI_CONTEXT_GO_ON
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "cc", "memory");
}

/* The modes stay as they are, hence `to` need not know them. */
static inline __attribute__((always_inline)) void
ili_context_enter(ili_context *from, ili_context *to, void *base, size_t size,
                  void (*entry)(void))
{
    void **sp = ili_context_top(base, size);

    (void)to;
    __asm__ volatile(ILI_CONTEXT_KEEP_STACK ILI_CONTEXT_KEEP_MODES
                     "movq  %%rsi, %%rsp\n\t"
                     "xorl  %%ebp, %%ebp\n\t" /* ABI 3.4.1: the deepest frame */
                     "jmpq  *%%rdx\n"
                     "1:"
                     : "+D"(from), "+S"(sp), "+d"(entry)
                     :
                     : ILI_CONTEXT_CLOBBER);
}

/* Where it is parked, roughly; for what is only a hint. */
static inline const void *ili_context_sp(const ili_context *context)
{
    return context->sp;
}

static inline __attribute__((always_inline)) const void *ili_context_here(void)
{
    const void *sp;

    __asm__("movq %%rsp, %0" : "=r"(sp));
    return sp;
}

#endif
