/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_GATES_H
#define SUPPORT_GATES_H

/* gates.h - threads that wait for each other, so that a test with threads
 * depends on no time. */

#include <pthread.h>
#include <semaphore.h>

/* A job that says when it has begun, and ends when it may. */
struct gate {
    sem_t begun;
    sem_t may_end;
    int result;    /* what the job returns */
    int n_ran;     /* how often it has, to be read when it has ended */
    int cancelled; /* what il_job_is_cancelled() was at its end */
};

void gate_init(struct gate *gate, int result);
void gate_fini(struct gate *gate);

/* The job. */
int gate_pass(void *gate);

/* Block until the job has begun. */
void gate_wait_begun(struct gate *gate);

/* Let it end, now or later. */
void gate_open(struct gate *gate);

/* Start a thread; none is the end of the test program. */
pthread_t start_thread(void *(*fn)(void *arg), void *arg);
void join_thread(pthread_t thread);

/* Sleep, where no order depends on it. */
void sleep_us(long us);

#endif
