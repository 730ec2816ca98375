/* SPDX-License-Identifier: MIT */

/* bench.c - command line, clocks and output of the benchmark programs. */

#include "config.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double clock_ns(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        bench_fail("clock_gettime", -1);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

long bench_ops(long standard)
{
    const char *ops = getenv("INTERLOOP_BENCH_OPS");

    return ops && atol(ops) > 0 ? atol(ops) : standard;
}

double bench_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void bench_print(const char *metric, double value)
{
    printf("%s %.3f\n", metric, value);
}

void bench_fail(const char *what, long result)
{
    fprintf(stderr, "benchmark failed: %s: %ld\n", what, result);
    exit(1);
}

int bench_main(int argc, char **argv, const struct bench_contender *table)
{
    const struct bench_contender *c = table;
    long n;

    while (c->name && (argc < 2 || strcmp(c->name, argv[1]) != 0))
        c++;
    n = argc > 2 ? atol(argv[2]) : c->n;
    if (!c->name || argc > 3 || n < 1) {
        fprintf(stderr, "usage: %s CONTENDER [N], where CONTENDER is", argv[0]);
        for (c = table; c->name; c++)
            fprintf(stderr, " %s", c->name);
        fputc('\n', stderr);
        return 2;
    }
    if (!c->fn)
        return BENCH_ABSENT;
    c->fn(n);
    return 0;
}
