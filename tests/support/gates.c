/* SPDX-License-Identifier: MIT */

/* gates.c - threads that wait for each other. */

#include "gates.h"

#include "check.h"

#include <interloop/offload.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        CHECK_INT(errno, EINTR);
}

void gate_init(struct gate *gate, int result)
{
    *gate = (struct gate){ .result = result };
    CHECK_INT(sem_init(&gate->begun, 0, 0), 0);
    CHECK_INT(sem_init(&gate->may_end, 0, 0), 0);
}

void gate_fini(struct gate *gate)
{
    CHECK_INT(sem_destroy(&gate->begun), 0);
    CHECK_INT(sem_destroy(&gate->may_end), 0);
}

int gate_pass(void *arg)
{
    struct gate *gate = arg;

    CHECK_INT(sem_post(&gate->begun), 0);
    wait_for(&gate->may_end);
    gate->n_ran++;
    gate->cancelled = il_job_is_cancelled();
    return gate->result;
}

void gate_wait_begun(struct gate *gate)
{
    wait_for(&gate->begun);
}

void gate_open(struct gate *gate)
{
    CHECK_INT(sem_post(&gate->may_end), 0);
}

pthread_t start_thread(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, fn, arg) != 0)
        abort();
    return thread;
}

void join_thread(pthread_t thread)
{
    if (pthread_join(thread, NULL) != 0)
        abort();
}

void sleep_us(long us)
{
    struct timespec time = { 0, us * 1000 };

    (void)nanosleep(&time, NULL);
}
