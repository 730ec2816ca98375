/* SPDX-License-Identifier: MIT */

/* machine.c - what benchmarks want of the machine. */

#include "config.h"

#include "machine.h"

#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

void bench_pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void bench_allow_descriptors(long n)
{
    struct rlimit limit;

    BENCH_CHECK(getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_cur < (rlim_t)n + 100)
        limit.rlim_cur = (rlim_t)n + 100;
    BENCH_CHECK(setrlimit(RLIMIT_NOFILE, &limit));
}

int bench_new_descriptor(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    BENCH_CHECK(fd);
    return fd;
}
