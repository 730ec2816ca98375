/* SPDX-License-Identifier: MIT */

/* 33_shared_future.c - one result, for whoever waits, in any thread.
 *
 * A thread that knows nothing of loops works something out.  Two tasks of this
 * loop wait for it, and so does another plain thread.  One task has not the
 * patience; that is its own business, nobody else notices. */

#include <interloop/interloop.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static il_shared_future answer = IL_SHARED_FUTURE_INIT;
static sem_t may_go_on;

/* --- plain threads -------------------------------------------------------- */

static void *work_it_out(void *arg)
{
    static const char question[] = "six by nine, base thirteen";

    (void)arg;
    while (sem_wait(&may_go_on) != 0)
        continue; /* it takes its time */
    (void)il_shared_future_set(&answer, 42, (void *)(size_t)question);
    return NULL;
}

/* In a thread it blocks. */
static void *wait_in_thread(void *arg)
{
    int *result = arg;

    if (il_shared_future_wait(&answer, IL_FOREVER, result, NULL) < 0)
        *result = -1;
    return NULL;
}

/* --- tasks ---------------------------------------------------------------- */

static int wait_in_task(void *arg)
{
    int result = 0;
    void *question = NULL;
    int r;

    (void)arg;
    r = il_shared_future_wait(&answer, IL_FOREVER, &result, &question);
    if (r == 0)
        printf("task: %d is %s\n", result, (const char *)question);
    return r;
}

static int wait_briefly(void *arg)
{
    int r = il_shared_future_wait(&answer, IL_MS(1), NULL, NULL);

    (void)arg;
    printf("impatient task: %s\n", il_strerror(r));
    (void)sem_post(&may_go_on);
    return 0;
}

static int wait_together(void *arg)
{
    il_call calls[] = { { .fn = wait_in_task }, { .fn = wait_briefly } };

    (void)arg;
    return il_gather(calls, 2);
}

int main(void)
{
    pthread_t threads[2];
    int result = 0;
    int r;

    if (sem_init(&may_go_on, 0, 0) != 0 ||
        pthread_create(&threads[0], NULL, work_it_out, NULL) != 0)
        return EXIT_FAILURE;
    if (pthread_create(&threads[1], NULL, wait_in_thread, &result) != 0)
        exit(EXIT_FAILURE);
    r = il_run(wait_together, NULL);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    printf("thread: %d\n", result);
    il_shared_future_fini(&answer);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
