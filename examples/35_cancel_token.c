/* SPDX-License-Identifier: MIT */

/* 35_cancel_token.c - stop what belongs together, in several threads, by one
 * call.
 *
 * A search runs in three places: in a task of this loop, in a task of a loop in
 * another thread, and in a plain thread that computes.  Who finds something
 * first cancels the token that they share.  The tasks are cancelled wherever
 * they wait, the thread looks at the token between two steps.
 *
 * The search has a token of its own below the program's: stopping the search
 * stops nothing else, but to stop the program is to stop its searches. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static il_cancel_token program = IL_CANCEL_TOKEN_INIT;

struct search {
    il_cancel_token token;
    int here;  /* what the task here came to */
    int there; /* and the other loop's */
    long n_steps;
};

/* This place is empty: only the token ends it. */
static int search_in_vain(void *arg)
{
    struct search *search = arg;
    int r = 0;

    IL_UNTIL_CANCELLED (&search->token, &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r; /* 0: it was this token, and no other cancel */
}

static int find(void *arg)
{
    struct search *search = arg;
    int r = il_sleep(IL_MS(5));

    if (r < 0)
        return r;
    printf("found\n");
    (void)il_cancel_token_cancel(&search->token);
    return 0;
}

static int search_here(void *arg)
{
    il_call calls[] = { { .fn = search_in_vain, .arg = arg },
                        { .fn = find, .arg = arg } };

    return il_gather(calls, 2);
}

/* --- other threads -------------------------------------------------------- */

static void *search_in_loop(void *arg)
{
    struct search *search = arg;

    search->there = il_run(search_in_vain, search);
    return NULL;
}

static void *compute(void *arg)
{
    struct search *search = arg;

    do
        search->n_steps++;
    while (!il_cancel_token_is_cancelled(&search->token));
    return NULL;
}

int main(void)
{
    struct search search = { .here = -EIO, .there = -EIO };
    pthread_t threads[2];

    if (il_cancel_token_init_child(&search.token, &program) < 0 ||
        pthread_create(&threads[0], NULL, search_in_loop, &search) != 0)
        return EXIT_FAILURE;
    if (pthread_create(&threads[1], NULL, compute, &search) != 0)
        exit(EXIT_FAILURE);
    search.here = il_run(search_here, &search);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    printf("here: %d, in the other loop: %d\n", search.here, search.there);
    printf("the thread has %s\n", search.n_steps > 0 ? "stopped" : "idled");
    printf("the program goes %s\n",
           il_cancel_token_is_cancelled(&program) ? "down" : "on");
    il_cancel_token_fini(&search.token);
    il_cancel_token_fini(&program);
    return EXIT_SUCCESS;
}
