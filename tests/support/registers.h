/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_REGISTERS_H
#define SUPPORT_REGISTERS_H

/* registers.h - look whether a call preserves what the ABI says it must.
 *
 * fill_and_call (fn, seed) puts seed + 1, seed + 2, ... into every register
 * that a callee must preserve, calls fn () and returns a mask of those that
 * came back changed; 0 means that all are well.  Written in assembly: a
 * compiler would not tell which registers it uses. */

#include <stdint.h>

#if defined(__x86_64__)

#define HAVE_FILL_AND_CALL 1
uint64_t fill_and_call(void (*fn)(void), uint64_t seed);

/* ABI 3.2.1: rbx, rbp, r12 to r15 belong to the caller.  The seed and the mask
 * wait on the stack; rsp is 16-aligned at the call. */
__asm__(".text\n"
        ".globl fill_and_call\n"
        ".type fill_and_call, @function\n"
        "fill_and_call:\n"
        "    pushq %rbx\n"
        "    pushq %rbp\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    pushq %rsi\n"
        "    leaq 1(%rsi), %rbx\n"
        "    leaq 2(%rsi), %rbp\n"
        "    leaq 3(%rsi), %r12\n"
        "    leaq 4(%rsi), %r13\n"
        "    leaq 5(%rsi), %r14\n"
        "    leaq 6(%rsi), %r15\n"
        "    call *%rdi\n"
        "    popq %rsi\n"
        "    xorl %eax, %eax\n"
        "    leaq 1(%rsi), %rcx\n"
        "    cmpq %rcx, %rbx\n"
        "    je 1f\n"
        "    orl $1, %eax\n"
        "1:  leaq 2(%rsi), %rcx\n"
        "    cmpq %rcx, %rbp\n"
        "    je 2f\n"
        "    orl $2, %eax\n"
        "2:  leaq 3(%rsi), %rcx\n"
        "    cmpq %rcx, %r12\n"
        "    je 3f\n"
        "    orl $4, %eax\n"
        "3:  leaq 4(%rsi), %rcx\n"
        "    cmpq %rcx, %r13\n"
        "    je 4f\n"
        "    orl $8, %eax\n"
        "4:  leaq 5(%rsi), %rcx\n"
        "    cmpq %rcx, %r14\n"
        "    je 5f\n"
        "    orl $16, %eax\n"
        "5:  leaq 6(%rsi), %rcx\n"
        "    cmpq %rcx, %r15\n"
        "    je 6f\n"
        "    orl $32, %eax\n"
        "6:  popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbp\n"
        "    popq %rbx\n"
        "    ret\n"
        ".size fill_and_call, .-fill_and_call\n");

/* Rounding modes: bits 13-14 of MXCSR, bits 10-11 of the x87 control word. */
#define HAVE_TWO_UNITS 1
static inline void set_rounding_of_each(unsigned sse_mode, unsigned x87_mode)
{
    uint32_t mxcsr;
    uint16_t x87;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
    mxcsr = (mxcsr & ~UINT32_C(0x6000)) | sse_mode << 13;
    x87 = (uint16_t)((x87 & ~0x0c00u) | x87_mode << 10);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
}

static inline void set_rounding(unsigned mode)
{
    set_rounding_of_each(mode, mode);
}

static inline void get_rounding_of_each(unsigned *sse_mode, unsigned *x87_mode)
{
    uint32_t mxcsr;
    uint16_t x87;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
    *sse_mode = mxcsr >> 13 & 3;
    *x87_mode = x87 >> 10 & 3u;
}

/* Both units must agree; 99 if they do not. */
static inline unsigned get_rounding(void)
{
    unsigned sse_mode;
    unsigned x87_mode;

    get_rounding_of_each(&sse_mode, &x87_mode);
    return sse_mode == x87_mode ? sse_mode : 99;
}

#elif defined(__aarch64__)

#define HAVE_FILL_AND_CALL 1
uint64_t fill_and_call(void (*fn)(void), uint64_t seed);

/* AAPCS64 6.1.1 and 6.1.2: x19 to x29 and the low halves of v8 to v15. */
__asm__(".text\n"
        ".global fill_and_call\n"
        ".type fill_and_call, %function\n"
        "fill_and_call:\n"
        "    stp x29, x30, [sp, #-176]!\n"
        "    stp x19, x20, [sp, #16]\n"
        "    stp x21, x22, [sp, #32]\n"
        "    stp x23, x24, [sp, #48]\n"
        "    stp x25, x26, [sp, #64]\n"
        "    stp x27, x28, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    str x1, [sp, #160]\n"
        "    .irp n, 19,20,21,22,23,24,25,26,27,28,29\n"
        "    add x\\n, x1, #\\n\n"
        "    .endr\n"
        "    .irp n, 8,9,10,11,12,13,14,15\n"
        "    add x9, x1, #\\n\n"
        "    fmov d\\n, x9\n"
        "    .endr\n"
        "    blr x0\n"
        "    ldr x1, [sp, #160]\n"
        "    mov x0, #0\n"
        "    .irp n, 19,20,21,22,23,24,25,26,27,28,29\n"
        "    add x9, x1, #\\n\n"
        "    cmp x9, x\\n\n"
        "    cset x10, ne\n"
        "    orr x0, x0, x10, lsl #\\n\n"
        "    .endr\n"
        "    .irp n, 8,9,10,11,12,13,14,15\n"
        "    add x9, x1, #\\n\n"
        "    fmov x11, d\\n\n"
        "    cmp x9, x11\n"
        "    cset x10, ne\n"
        "    orr x0, x0, x10, lsl #\\n\n"
        "    .endr\n"
        "    ldp x19, x20, [sp, #16]\n"
        "    ldp x21, x22, [sp, #32]\n"
        "    ldp x23, x24, [sp, #48]\n"
        "    ldp x25, x26, [sp, #64]\n"
        "    ldp x27, x28, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    ldp x29, x30, [sp], #176\n"
        "    ret\n"
        ".size fill_and_call, .-fill_and_call\n");

/* Bits 22-23 of FPCR. */
static inline void set_rounding(unsigned mode)
{
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr = (fpcr & ~(UINT64_C(3) << 22)) | (uint64_t)mode << 22;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}

static inline unsigned get_rounding(void)
{
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (unsigned)(fpcr >> 22 & 3);
}

#endif
#endif
