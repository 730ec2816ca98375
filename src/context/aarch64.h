/* SPDX-License-Identifier: MIT */
#ifndef ILI_CONTEXT_AARCH64_H
#define ILI_CONTEXT_AARCH64_H

/* aarch64.h - the switch for the procedure call standard of AArch64.
 *
 * See x86_64.h for why this is inline assembly without call and return.  sp,
 * the frame pointer x29, the address to go on at and FPCR are stored by hand;
 * x19, which compilers may take as a base pointer, too.  The rest is declared
 * clobbered, x18 as well: on Linux it is an ordinary register.  FPCR, which has
 * no bits that change by themselves, is written only if it differs. */

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

#define ILI_CONTEXT_CLOBBER                                                    \
    "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",      \
        "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23", "x24",  \
        "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", \
        "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",      \
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",  \
        "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory"

/* The steps of which the functions below are made: x0 is `from`, x1 `to`. */
#define ILI_CONTEXT_KEEP                                                       \
    "mov  x9, sp\n\t"                                                          \
    "adr  x10, 1f\n\t" /* no call: return prediction stays in step */          \
    "mrs  x11, fpcr\n\t"                                                       \
    "stp  x9, x29, [x0, #0]\n\t"                                               \
    "stp  x10, x19, [x0, #16]\n\t"                                             \
    "str  x11, [x0, #32]\n\t"
#define ILI_CONTEXT_GO_ON                                                      \
    "ldr  x12, [x1, #32]\n\t"                                                  \
    "ldp  x9, x29, [x1, #0]\n\t"                                               \
    "ldp  x16, x19, [x1, #16]\n\t"                                             \
    "mov  sp, x9\n\t"                                                          \
    "cmp  x11, x12\n\t" /* writing FPCR may stall the pipeline */              \
    "b.eq 2f\n\t"                                                              \
    "msr  fpcr, x12\n"                                                         \
    "2:\n\t"                                                                   \
    "br   x16\n" /* x16: a BTI landing pad of kind j or c will do */
#define ILI_CONTEXT_ARRIVE                                                     \
    "1:\n\t"                                                                   \
    "hint #36" /* bti j */

static inline __attribute__((always_inline)) void
ili_context_switch(ili_context *from, ili_context *to)
{
    register ili_context *x0 __asm__("x0") = from;
    register ili_context *x1 __asm__("x1") = to;

    __asm__ volatile(ILI_CONTEXT_KEEP ILI_CONTEXT_GO_ON ILI_CONTEXT_ARRIVE
                     : "+r"(x0), "+r"(x1)
                     :
                     : "x2", ILI_CONTEXT_CLOBBER);
}

static inline __attribute__((always_inline)) void
ili_context_leave(ili_context *from, ili_context *to)
{
    register ili_context *x1 __asm__("x1") = to;

    (void)from;
    __asm__ volatile("mrs  x11, fpcr\n\t" ILI_CONTEXT_GO_ON
                     : "+r"(x1)
                     :
                     : "x9", "x11", "x12", "x16", "cc", "memory");
}

static inline __attribute__((always_inline)) void
ili_context_enter(ili_context *from, ili_context *to, void *base, size_t size,
                  void (*entry)(void))
{
    register ili_context *x0 __asm__("x0") = from;
    register uintptr_t x1 __asm__("x1") = ((uintptr_t)base + size) &
                                          ~(uintptr_t)15;
    register void (*x2)(void) __asm__("x2") = entry;

    (void)to;
    __asm__ volatile(ILI_CONTEXT_KEEP
                     "mov  x19, x2\n\t"
                     "mov  sp, x1\n\t"
                     "b    ili_context_start\n" ILI_CONTEXT_ARRIVE
                     : "+r"(x0), "+r"(x1), "+r"(x2)
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

    __asm__("mov %0, sp" : "=r"(sp));
    return sp;
}

#endif
