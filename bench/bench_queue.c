/* SPDX-License-Identifier: MIT */

/* bench_queue.c - what the relatives of channels cost.
 *
 *   oneshot    a question and its answer: a one-shot is made, its sender goes
 *              through a channel to another task, which answers; the figure is
 *              one question
 *   future     the same with a future on the stack of who asks, which has to
 *              stay until it is answered
 *   fifo, priority
 *              a stream through a queue with room for 128, from one task to
 *              another; of priorities there are 1,000, at random.  The figure is
 *              one element
 *   broadcast  a value for ten subscribers who wait; the figure is one of them
 *   watch      two tasks play ball, each by the watch that the other one looks
 *              at; the figure is one throw, as in bench_wait */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <stdint.h>

#define N_QUESTIONS (2L * 1000 * 1000)
#define N_ELEMENTS (8L * 1000 * 1000)

enum { CAPACITY = 128, N_LISTENERS = 10, WARM_UP = 10000 };

static long n_each;
static long sum;

/* Time two or more tasks, warmed up by fewer operations. */
static int (*players)(void);
static long n_operations;

static int game_main(void *arg)
{
    double start;

    (void)arg;
    n_each = WARM_UP;
    BENCH_CHECK(players());
    n_each = bench_ops(n_operations);
    start = bench_cpu_ns();
    BENCH_CHECK(players());
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_each);
    return 0;
}

static void run_game(int (*fn)(void), long standard)
{
    players = fn;
    n_operations = standard;
    BENCH_CHECK(il_run(game_main, NULL));
}

static int run_both(il_task_fn *one, il_task_fn *other)
{
    il_call calls[] = { { .fn = one }, { .fn = other } };

    return il_gather(calls, 2);
}

/* --- questions -------------------------------------------------------------- */

struct question {
    long number;
    il_sender reply;
    il_future *future;
};

static il_channel questions;

static int answer(void *arg)
{
    struct question question;

    (void)arg;
    while (il_channel_receive(&questions, &question) == 0)
        if (question.future)
            BENCH_CHECK(il_future_set(question.future, 1, NULL));
        else
            BENCH_CHECK(il_oneshot_send(&question.reply, &question.number));
    return 0;
}

static int ask_by_oneshot(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_each; i++) {
        struct question question = { .number = i };
        il_receiver reply;
        long number;

        BENCH_CHECK(il_oneshot_open(sizeof(long), &question.reply, &reply));
        BENCH_CHECK(il_channel_send(&questions, &question));
        BENCH_CHECK(il_receiver_receive(&reply, &number));
        BENCH_ASSERT(number == i);
        il_receiver_drop(&reply);
    }
    return il_channel_close(&questions);
}

static int ask_by_future(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_each; i++) {
        il_future future = IL_FUTURE_INIT;
        struct question question = { .number = i, .future = &future };

        BENCH_CHECK(il_channel_send(&questions, &question));
        BENCH_CHECK(il_future_wait(&future, NULL, NULL));
    }
    return il_channel_close(&questions);
}

static int play_questions(il_task_fn *ask)
{
    int r = il_channel_init(&questions, sizeof(struct question), 1);

    if (r == 0)
        r = run_both(ask, answer);
    il_channel_fini(&questions);
    return r;
}

static int play_oneshot(void)
{
    return play_questions(ask_by_oneshot);
}

static int play_future(void)
{
    return play_questions(ask_by_future);
}

static void run_oneshot(long n)
{
    (void)n;
    run_game(play_oneshot, N_QUESTIONS);
}

static void run_future(long n)
{
    (void)n;
    run_game(play_future, N_QUESTIONS);
}

/* --- queues ----------------------------------------------------------------- */

static il_queue queue;

static int put_all(void *arg)
{
    uint64_t random = UINT64_C(88172645463325252);

    (void)arg;
    for (long i = 0; i < n_each; i++) {
        long number;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        number = (long)(random % 1000);
        BENCH_CHECK(il_queue_put(&queue, &number));
    }
    return il_queue_close(&queue);
}

static int get_all(void *arg)
{
    long number;
    long n = 0;

    (void)arg;
    for (; il_queue_get(&queue, &number) == 0; n++)
        sum += number;
    BENCH_ASSERT(n == n_each);
    return 0;
}

static int play_fifo(void)
{
    int r = il_queue_init(&queue, sizeof(long), CAPACITY);

    if (r == 0)
        r = run_both(put_all, get_all);
    il_queue_fini(&queue);
    return r;
}

static int compare(const void *a, const void *b, void *arg)
{
    long one = *(const long *)a;
    long other = *(const long *)b;

    (void)arg;
    return (one > other) - (one < other);
}

static int play_priority(void)
{
    int r =
        il_queue_init_priority(&queue, sizeof(long), CAPACITY, compare, NULL);

    if (r == 0)
        r = run_both(put_all, get_all);
    il_queue_fini(&queue);
    return r;
}

static void run_fifo(long n)
{
    (void)n;
    run_game(play_fifo, N_ELEMENTS);
}

static void run_priority(long n)
{
    (void)n;
    run_game(play_priority, N_ELEMENTS);
}

/* --- broadcasts ------------------------------------------------------------- */

static il_broadcast broadcast;

static int listen_to(void *arg)
{
    il_subscriber subscriber;
    uint64_t missed = 0;
    long number;

    (void)arg;
    BENCH_CHECK(il_subscriber_init(&subscriber, &broadcast));
    while (il_subscriber_receive(&subscriber, &number, &missed) == 0) {
        BENCH_ASSERT(missed == 0);
        sum += number;
    }
    il_subscriber_fini(&subscriber);
    return 0;
}

static int speak(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_each / N_LISTENERS; i++) {
        BENCH_CHECK(il_broadcast_send(&broadcast, &i));
        BENCH_CHECK(il_yield()); /* until all wait again */
    }
    return il_broadcast_close(&broadcast);
}

static int play_broadcast(void)
{
    il_call calls[N_LISTENERS + 1];
    int r = il_broadcast_init(&broadcast, sizeof(long), CAPACITY);

    for (int i = 0; i < N_LISTENERS; i++)
        calls[i] = (il_call){ .fn = listen_to };
    calls[N_LISTENERS] = (il_call){ .fn = speak };
    if (r == 0)
        r = il_gather(calls, N_LISTENERS + 1);
    il_broadcast_fini(&broadcast);
    return r;
}

static void run_broadcast(long n)
{
    (void)n;
    run_game(play_broadcast, N_ELEMENTS);
}

/* --- watches ---------------------------------------------------------------- */

static il_watch watches[2];

static int watch_player(void *arg)
{
    long me = (long)(intptr_t)arg;
    uint64_t seen = 0;
    long ball = 0;

    if (me == 1)
        BENCH_CHECK(il_watch_next(&watches[1], &seen, &ball));
    for (long i = 0; i < n_each / 2; i++) {
        BENCH_CHECK(il_watch_set(&watches[1 - me], &ball));
        if (i + me < n_each / 2)
            BENCH_CHECK(il_watch_next(&watches[me], &seen, &ball));
    }
    return 0;
}

static int play_watch(void)
{
    il_call calls[] = { { .fn = watch_player, .arg = (void *)0 },
                        { .fn = watch_player, .arg = (void *)1 } };
    int r;

    for (int i = 0; i < 2; i++)
        BENCH_CHECK(il_watch_init(&watches[i], sizeof(long)));
    r = il_gather(calls, 2);
    for (int i = 0; i < 2; i++)
        il_watch_fini(&watches[i]);
    return r;
}

static void run_watch(long n)
{
    (void)n;
    run_game(play_watch, N_ELEMENTS);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "oneshot", run_oneshot, 1 },
        { "future", run_future, 1 },
        { "fifo", run_fifo, 1 },
        { "priority", run_priority, 1 },
        { "broadcast", run_broadcast, 1 },
        { "watch", run_watch, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
