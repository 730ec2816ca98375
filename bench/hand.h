/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_HAND_H
#define IL_BENCH_HAND_H

/* hand.h - the least that tasks can be, as a limit to compare with.
 *
 * A switch in inline assembly that keeps what the ABI wants kept, a queue that
 * is a linked list of parked tasks, stacks from a pool, with the control block
 * on top and no guard below.  Nothing is checked, nothing can be cancelled,
 * waited for with a deadline, named or dumped, and there is one of it in a
 * process.  It uses what pays: a task hands over straight to the next one, its
 * block is next to its first frame, the tops of the stacks are spread over the
 * sets of the cache, and floating-point modes are loaded only if they differ.
 *
 * For x86-64 alone. */

#include <stdint.h>

#ifdef __x86_64__
#define HAVE_HAND 1

typedef struct hand_context {
    void *sp;
    void *fp;
    void *pc;
    uint32_t mxcsr;
    uint16_t x87;
} hand_context;

typedef long hand_fn(void *arg);

typedef struct hand_task {
    struct hand_task *next; /* in the queue or in the pool */
    hand_context context;
    hand_fn *fn;
    void *arg;
    struct hand_task *starter; /* who goes on when it ends; NULL: who is next */
    struct hand_task *joiner;
    long result;
    int done;
} hand_task;

/* Who runs. */
extern hand_task *hand_current;

/* The next switch to the context calls entry () below `top`. */
void hand_context_make(hand_context *context, void *top, void (*entry)(void));

static inline __attribute__((always_inline)) void
hand_switch(hand_context *from, hand_context *to)
{
    __asm__ volatile("movq %%rsp, 0(%%rdi)\n\t"
                     "movq %%rbp, 8(%%rdi)\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rax, 16(%%rdi)\n\t"
                     "stmxcsr 24(%%rdi)\n\t"
                     "fnstcw 28(%%rdi)\n\t"
                     "movq 0(%%rsi), %%rsp\n\t"
                     "movq 8(%%rsi), %%rbp\n\t"
                     "movl 24(%%rdi), %%eax\n\t"
                     "xorl 24(%%rsi), %%eax\n\t"
                     "testl $0xffffffc0, %%eax\n\t"
                     "jne 2f\n\t"
                     "movzwl 28(%%rdi), %%eax\n\t"
                     "cmpw 28(%%rsi), %%ax\n\t"
                     "jne 2f\n\t"
                     "jmpq *16(%%rsi)\n"
                     "2:\n\t"
                     "ldmxcsr 24(%%rsi)\n\t"
                     "fldcw 28(%%rsi)\n\t"
                     "jmpq *16(%%rsi)\n"
                     "1:"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
                       "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                       "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
                       "st(6)", "st(7)", "cc", "memory");
}

/* Make n stacks for the pool; before anything else. */
void hand_begin(long n);

/* Run the task at once, until it ends or yields; then the caller goes on. */
hand_task *hand_spawn(hand_fn *fn, void *arg);

/* Queue it. */
hand_task *hand_spawn_lazy(hand_fn *fn, void *arg);

/* Let all others in the queue run first. */
void hand_yield(void);

/* Wait for its end and put it back into the pool. */
long hand_join(hand_task *task);

#endif
#endif
