/* SPDX-License-Identifier: MIT */

/* 31_offload.c - functions that block, without blocking the loop.
 *
 * A library gives us nothing but a call that takes its time.  il_offload() runs
 * it in another thread, and only the task that asked waits: three calls take as
 * long as the slowest, and meanwhile a task counts.  The arguments are local
 * variables, since a task that is cancelled waits until its function is done
 * with them.
 *
 * A function that may take for ever is better left behind.  Its argument is on
 * the heap then, and goes when the function has ended. */

#include <interloop/interloop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void block_ms(long ms)
{
    const struct timespec time = { .tv_nsec = ms * 1000000 };

    (void)nanosleep(&time, NULL);
}

/* --- functions that block, in a thread of the pool ------------------------ */

struct query {
    const char *name;
    int length;
};

static int look_up(void *arg)
{
    struct query *query = arg;
    int n = 0;

    while (query->name[n] != '\0') {
        block_ms(1);
        n++;
    }
    query->length = n;
    return n > 0 ? 0 : -ENOENT;
}

/* It looks now and then whether it should go on. */
static int search_everywhere(void *arg)
{
    int *n_places = arg;

    while (!il_job_is_cancelled()) {
        block_ms(1);
        ++*n_places;
    }
    return 0;
}

/* In that thread, too: argument and result are nobody's any more. */
static void forget_search(void *n_places, int result)
{
    (void)result;
    printf("the search has ended, too\n");
    free(n_places);
}

/* --- tasks ---------------------------------------------------------------- */

static int ask(void *arg)
{
    struct query *query = arg;
    int result = 0;
    int r = il_offload(look_up, query, &result);

    /* Whether it has run, and what it came to, are two things. */
    return r < 0 ? r : result;
}

static int count_turns(void *arg)
{
    int *n = arg;
    int r;

    while ((r = il_sleep(IL_MS(1))) == 0)
        ++*n;
    return r;
}

static int ask_all(struct query *queries, size_t n)
{
    il_call calls[3];
    int n_turns = 0;
    il_task *counter;
    int joined;
    int r = il_spawn(NULL, count_turns, &n_turns, &counter);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        calls[i] = (il_call){ .fn = ask, .arg = &queries[i] };
    r = il_gather(calls, n);
    for (size_t i = 0; i < n && r == 0; i++)
        printf("%s: %d\n", queries[i].name, queries[i].length);
    printf("the loop has %s meanwhile\n", n_turns > 0 ? "run" : "stood still");
    (void)il_task_cancel(counter);
    joined = il_task_join(counter, NULL);
    il_task_unref(counter);
    return r < 0 ? r : joined;
}

static int search_for_a_while(void)
{
    int *n_places = calloc(1, sizeof *n_places);
    const il_offload_options options = { .fn = search_everywhere,
                                         .arg = n_places,
                                         .flags = IL_ABANDON,
                                         .destroy = forget_search };
    int r = 0;

    if (!n_places)
        return -ENOMEM;
    IL_TIMEOUT (IL_MS(20), &r) {
        r = il_offload_with(&options, NULL);
        if (r != -ECANCELED)
            free(n_places); /* it was not left behind */
    }
    printf("searching: %s\n", il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}

static int look_up_and_search(void *arg)
{
    struct query queries[] = { { "three", 0 }, { "fourteen", 0 }, { "a", 0 } };
    int r = ask_all(queries, 3);

    (void)arg;
    return r < 0 ? r : search_for_a_while();
}

int main(void)
{
    int r = il_run(look_up_and_search, NULL);

    /* The last loop is closed, and with it the threads have ended. */
    if (r < 0)
        fprintf(stderr, "31_offload: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
