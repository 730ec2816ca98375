/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_DEEP_H
#define IL_BENCH_DEEP_H

/* deep.h - call something at the bottom of eight nested functions.
 *
 * BENCH_DEEP (name, fn) defines `long name (void)`.  Each level is a function of
 * its own: the addresses to return to differ, as they do in real programs, and
 * a processor whose stack of return addresses is out of step predicts them all
 * wrongly.  All are aligned alike, so that contenders do not differ by luck. */

#define BENCH_LEVEL(name, next)                                                \
    static __attribute__((noinline, aligned(64))) long name(void)              \
    {                                                                          \
        long r = next();                                                       \
                                                                               \
        __asm__ volatile("" : "+r"(r)); /* no jump instead of the call */      \
        return r;                                                              \
    }

#define BENCH_DEEP(name, fn)                                                   \
    BENCH_LEVEL(name##_8, fn)                                                  \
    BENCH_LEVEL(name##_7, name##_8)                                            \
    BENCH_LEVEL(name##_6, name##_7)                                            \
    BENCH_LEVEL(name##_5, name##_6)                                            \
    BENCH_LEVEL(name##_4, name##_5)                                            \
    BENCH_LEVEL(name##_3, name##_4)                                            \
    BENCH_LEVEL(name##_2, name##_3)                                            \
    BENCH_LEVEL(name, name##_2)

#endif
