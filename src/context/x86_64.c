/* SPDX-License-Identifier: MIT */

/* x86_64.c - the first moments on a new stack.
 *
 * The switch jumps straight to the entry function, which finds on top of its
 * stack, as if it had been called, the address of ili_context_end.  There is
 * no `call` on the way in, because nothing ever returns that far: it would
 * leave the return-address stack of the processor one entry too long, and
 * every return of whoever started the task would be predicted wrong.
 *
 * The code at ili_context_end is never reached.  It is there for its CFI,
 * which ends the unwind: the return address is undefined.  Linking it to
 * whoever resumed the task would give debuggers a longer story, but would also
 * let a C++ exception cross the switch. */

#include "config.h"

#if defined(__x86_64__) && !defined(ILI_FORCE_UCONTEXT) &&                     \
    !defined(ILI_CONTEXT_UCONTEXT)

#include "context/x86_64.h"

/* The unwinder looks up the instruction before a return address, hence the
 * byte in front. */
__asm__(".text\n"
        ".p2align 4\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n" /* nobody called this: the unwind ends */
        "nop\n"
        ".globl ili_context_end\n"
        ".hidden ili_context_end\n"
        ".type ili_context_end, @function\n"
        "ili_context_end:\n"
        "ud2\n" /* an entry function never returns */
        ".cfi_endproc\n"
        ".size ili_context_end, .-ili_context_end\n");

#else
typedef int ili_context_x86_64_unused; /* ISO C wants a declaration */
#endif
