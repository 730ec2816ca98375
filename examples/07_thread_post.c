/* SPDX-License-Identifier: MIT */

/* 07_thread_post.c - threads post results into the loop.
 *
 * il_post_threadsafe() is the one way in from another thread.  The callback
 * runs on the loop's thread, so it may touch everything that tasks touch: here
 * it counts, and the last one sets the future that the main task waits for.
 * Posts of one thread arrive in their order. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define N_THREADS 4
#define N_POSTS 1000

struct board {
    il_future complete;
    unsigned n_arrived;
    unsigned n_out_of_order;
};

struct worker {
    pthread_t thread;
    il_loop *loop;       /* a reference of its own */
    struct board *board; /* for the loop's thread only */
    unsigned next;       /* for the loop's thread only: the post expected */
    struct note {
        il_callback callback;
        struct worker *worker;
        unsigned number;
    } notes[N_POSTS];
};

/* On the loop's thread. */
static void arrive(void *arg)
{
    struct note *note = arg;
    struct worker *worker = note->worker;
    struct board *board = worker->board;

    if (note->number != worker->next++)
        board->n_out_of_order++;
    if (++board->n_arrived == N_THREADS * N_POSTS)
        (void)il_future_set(&board->complete, 0, NULL);
}

/* On a thread of its own. */
static void *work(void *arg)
{
    struct worker *worker = arg;

    for (unsigned i = 0; i < N_POSTS; i++) {
        struct note *note = &worker->notes[i];

        *note = (struct note){ IL_CALLBACK_INIT(arrive, note), worker, i };
        if (il_post_threadsafe(worker->loop, &note->callback) < 0)
            break;
    }
    worker->loop = il_loop_unref(worker->loop);
    return NULL;
}

static struct worker workers[N_THREADS];

static int collect(void *arg)
{
    struct board board = { .complete = IL_FUTURE_INIT };
    unsigned n_started = 0;
    int r = 0;

    (void)arg;
    for (; n_started < N_THREADS; n_started++) {
        struct worker *worker = &workers[n_started];

        worker->board = &board;
        worker->loop = il_loop_ref(il_loop_current());
        r = -pthread_create(&worker->thread, NULL, work, worker);
        if (r < 0) {
            worker->loop = il_loop_unref(worker->loop);
            break;
        }
    }
    if (r >= 0)
        r = il_future_wait(&board.complete, NULL, NULL);

    /* All posts have arrived, so this waits for nothing but the exits. */
    for (unsigned i = 0; i < n_started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    printf("%u posts of %u threads arrived, %u out of order\n", board.n_arrived,
           n_started, board.n_out_of_order);
    return r;
}

int main(void)
{
    int r = il_run(collect, NULL);

    if (r < 0)
        fprintf(stderr, "07_thread_post: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
