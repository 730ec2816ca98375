/* SPDX-License-Identifier: MIT */

/* 34_shared_channel.c - values that flow from thread to thread.
 *
 * A counting house: this loop's task sends numbers, two loops in threads of
 * their own have tasks that count their divisors, and a plain thread adds up
 * what comes out.  There is room for a few numbers, so whoever is ahead waits,
 * a task by parking and a thread by blocking.  The end runs down the line: who
 * has sent everything closes, and the next one finds that nothing will come. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_NUMBERS = 1000, N_LOOPS = 2 };

struct house {
    il_shared_channel numbers; /* of int */
    il_shared_channel counts;  /* of int */
    atomic_int n_counting;     /* tasks that are not done */
    long sum;
};

/* Nothing will come any more: no error, but the end of the work. */
static int at_the_end(int r)
{
    return r == -EPIPE ? 0 : r;
}

static int send_numbers(void *arg)
{
    struct house *house = arg;
    int r = 0;

    for (int i = 1; i <= N_NUMBERS && r == 0; i++)
        r = il_shared_channel_send(&house->numbers, &i, IL_FOREVER);
    (void)il_shared_channel_close(&house->numbers);
    return r;
}

/* --- loops in other threads ----------------------------------------------- */

static int count_divisors(int number)
{
    int n = 0;

    for (int i = 1; i <= number; i++)
        n += number % i == 0;
    return n;
}

static int count(void *arg)
{
    struct house *house = arg;
    int number;
    int r;

    while ((r = il_shared_channel_receive(&house->numbers, &number,
                                          IL_FOREVER)) == 0) {
        int n = count_divisors(number);

        r = il_shared_channel_send(&house->counts, &n, IL_FOREVER);
        if (r < 0)
            break;
    }
    /* The last one turns out the light. */
    if (atomic_fetch_sub(&house->n_counting, 1) == 1)
        (void)il_shared_channel_close(&house->counts);
    return at_the_end(r);
}

static void *run_loop(void *arg)
{
    if (il_run(count, arg) < 0)
        fprintf(stderr, "34_shared_channel: a loop failed\n");
    return NULL;
}

/* --- a thread without a loop ---------------------------------------------- */

static void *add_up(void *arg)
{
    struct house *house = arg;
    int n;

    while (il_shared_channel_receive(&house->counts, &n, IL_FOREVER) == 0)
        house->sum += n;
    return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    if (pthread_create(thread, NULL, fn, arg) != 0)
        exit(EXIT_FAILURE);
}

int main(void)
{
    static struct house house = { .n_counting = N_LOOPS };
    pthread_t loops[N_LOOPS];
    pthread_t adder;
    int r;

    if (il_shared_channel_init(&house.numbers, sizeof(int), 8) < 0 ||
        il_shared_channel_init(&house.counts, sizeof(int), 8) < 0)
        return EXIT_FAILURE;
    start(&adder, add_up, &house);
    for (int i = 0; i < N_LOOPS; i++)
        start(&loops[i], run_loop, &house);
    r = il_run(send_numbers, &house);
    for (int i = 0; i < N_LOOPS; i++)
        (void)pthread_join(loops[i], NULL);
    (void)pthread_join(adder, NULL);
    il_shared_channel_fini(&house.numbers);
    il_shared_channel_fini(&house.counts);
    printf("the numbers up to %d have %ld divisors\n", N_NUMBERS, house.sum);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
