/* SPDX-License-Identifier: MIT */

/* few_threads.c - threads that cannot be had. */

#include "few_threads.h"

#include <errno.h>
#include <pthread.h>

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);

int n_may_start = -1;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg)
{
    if (n_may_start == 0)
        return EAGAIN;
    if (n_may_start > 0)
        n_may_start--;
    return __real_pthread_create(thread, attr, fn, arg);
}
