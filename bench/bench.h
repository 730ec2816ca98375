/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_H
#define IL_BENCH_H

/* bench.h - what all benchmark programs share.
 *
 * A program measures one thing for several contenders and runs one of them at
 * a time: `bench_yield ours 64`.  It prints lines of "metric value"; the main
 * metric is called ns.  run.py alternates the contenders, because two numbers
 * taken minutes apart on a shared machine cannot be compared. */

#include <stddef.h>

/* Exit status for a contender that was not installed at build time; run.py
 * knows it.  Automake's word for "skipped", too. */
#define BENCH_ABSENT 77

/* One contender; n is the number on the command line. */
typedef void bench_fn(long n);

struct bench_contender {
    const char *name;
    bench_fn *fn; /* NULL: its library was absent at build time */
    long n;       /* what n is when the command line has none */
};

/* Run the contender that the command line names; the table ends with a NULL
 * name.  Returns main()'s result. */
int bench_main(int argc, char **argv, const struct bench_contender *table);

/* How many operations to do: $INTERLOOP_BENCH_OPS if it is set, else the
 * standard of the program.  The driver counts instructions and system calls of
 * two runs with different numbers and divides the difference, so neither
 * set-up nor warm-up may depend on it. */
long bench_ops(long standard);

/* Processor time of this process in ns: what other processes do while we are
 * not running does not count.  For single-threaded rows. */
double bench_cpu_ns(void);

/* Wall time in ns, for what a user sees. */
double bench_wall_ns(void);

/* Print one line of the result. */
void bench_print(const char *metric, double value);

/* A benchmark whose calls fail measures something else: stop. */
_Noreturn void bench_fail(const char *what, long result);

#define BENCH_CHECK(call)                                                      \
    do {                                                                       \
        long bench_result_ = (long)(call);                                     \
        if (bench_result_ < 0)                                                 \
            bench_fail(#call, bench_result_);                                  \
    } while (0)

#define BENCH_ASSERT(condition)                                                \
    do {                                                                       \
        if (!(condition))                                                      \
            bench_fail(#condition, 0);                                         \
    } while (0)

#endif
