/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_OTHER_LOOP_H
#define SUPPORT_OTHER_LOOP_H

/* other_loop.h - a loop that runs in a thread of its own, on the real clock. */

#include <interloop/interloop.h>

#include <pthread.h>
#include <semaphore.h>

struct other_loop {
    il_loop *loop; /* a reference, until it was ended */
    pthread_t thread;
    sem_t ready;
    il_callback stop;
    il_time grace;
    int closed; /* what il_loop_close() has returned */
    bool is_quiet;
};

/* It runs when this returns. */
void other_loop_start(struct other_loop *other);

/* Stop it, close it with `grace`, and wait for its thread. */
void other_loop_end(struct other_loop *other, il_time grace);

#endif
