/* SPDX-License-Identifier: MIT */
#ifndef ILI_CONTEXT_AARCH64_H
#define ILI_CONTEXT_AARCH64_H

/* aarch64.h - the switch for the procedure call standard of AArch64.
 *
 * See x86_64.h for why this is inline assembly without call and return.  sp,
 * the frame pointer x29, the address to go on at and FPCR are stored by hand;
 * x19, which compilers may take as a base pointer, too.  The rest is declared
 * clobbered, x18 as well: on Linux it is an ordinary register. */

#include <stddef.h>
#include <stdint.h>

typedef struct ili_context {
    void *sp;      /* AAPCS64 6.4.5 */
    void *fp;      /* x29; AAPCS64 6.1.1: callee-saved */
    void *pc;      /* where to go on */
    void *x19;     /* AAPCS64 6.1.1: callee-saved */
    uint64_t fpcr; /* AAPCS64 6.1.3: rounding and exception modes */
} ili_context;

/* First code on a new stack: calls the entry function, which is in x19. */
void ili_context_start(void);

/* aarch64.c */
void ili_context_make(ili_context *context, void *base, size_t size,
                      void (*entry)(void));

static inline __attribute__((always_inline)) void
ili_context_switch(ili_context *from, ili_context *to)
{
    register ili_context *x0 __asm__("x0") = from;
    register ili_context *x1 __asm__("x1") = to;

    __asm__ volatile(
        "mov  x9, sp\n\t"
        "adr  x10, 1f\n\t" /* no call: return prediction stays in step */
        "mrs  x11, fpcr\n\t"
        "stp  x9, x29, [x0, #0]\n\t"
        "stp  x10, x19, [x0, #16]\n\t"
        "str  x11, [x0, #32]\n\t"
        "ldp  x9, x29, [x1, #0]\n\t"
        "ldp  x16, x19, [x1, #16]\n\t"
        "ldr  x11, [x1, #32]\n\t"
        "mov  sp, x9\n\t"
        "msr  fpcr, x11\n\t"
        "br   x16\n" /* x16: a BTI landing pad of kind j or c will do */
        "1:\n\t"
        "hint #36" /* bti j */
        : "+r"(x0), "+r"(x1)
        :
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
          "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23",
          "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3",
          "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
          "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

#endif
