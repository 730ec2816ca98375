/* SPDX-License-Identifier: MIT */

/* test_threads.c - posts from other threads: none lost, none twice, in order. */

#include "support/fixture.h"
#include "support/gates.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { N_THREADS = 4, N_POSTS = 20000 };

struct message {
    il_callback callback;
    struct sender *sender;
    unsigned number;
};

struct sender {
    il_loop *loop;
    pthread_t thread;
    struct message *messages;
    unsigned n_received; /* on the loop's thread */
    unsigned n_accepted; /* on the sender's thread, read after joining it */
    bool pauses;
};

static atomic_uint n_threads_done;
static struct sender senders[N_THREADS];

static void receive(void *arg)
{
    struct message *message = arg;

    CHECK_INT(message->number, message->sender->n_received);
    message->sender->n_received++;
}

static void *send_all(void *arg)
{
    struct sender *sender = arg;

    for (unsigned i = 0; i < N_POSTS; i++) {
        struct message *message = &sender->messages[i];

        if (il_post_threadsafe(sender->loop, &message->callback) < 0)
            break;
        sender->n_accepted++;
        if (sender->pauses && i % 1000 == 0)
            sleep_us(100);
    }
    atomic_fetch_add(&n_threads_done, 1);
    return NULL;
}

static void start_senders(il_loop *loop)
{
    atomic_store(&n_threads_done, 0);
    for (int t = 0; t < N_THREADS; t++) {
        struct sender *sender = &senders[t];

        *sender = (struct sender){ .loop = loop, .pauses = t % 2 };
        sender->messages = calloc(N_POSTS, sizeof *sender->messages);
        assert_non_null(sender->messages);
        for (unsigned i = 0; i < N_POSTS; i++) {
            struct message *m = &sender->messages[i];

            *m = (struct message){ IL_CALLBACK_INIT(receive, m), sender, i };
        }
    }
    for (int t = 0; t < N_THREADS; t++)
        assert_int_equal(
            pthread_create(&senders[t].thread, NULL, send_all, &senders[t]), 0);
}

static void join_senders(void)
{
    for (int t = 0; t < N_THREADS; t++)
        assert_int_equal(pthread_join(senders[t].thread, NULL), 0);
}

static void free_messages(void)
{
    for (int t = 0; t < N_THREADS; t++)
        free(senders[t].messages);
}

static bool all_received(void)
{
    for (int t = 0; t < N_THREADS; t++)
        if (senders[t].n_received < N_POSTS)
            return false;
    return true;
}

static int wait_for_messages(void *arg)
{
    (void)arg;
    while (!all_received())
        CHECK_INT(il_sleep(IL_MS(1)), 0);
    return 0;
}

static void test_threads_posts_arrive_in_order_and_none_is_lost(void **state)
{
    struct fixture *f = *state;

    start_senders(f->loop);
    assert_int_equal(il_run(wait_for_messages, NULL), 0);
    join_senders();
    for (int t = 0; t < N_THREADS; t++)
        assert_int_equal(senders[t].n_received, N_POSTS);
    free_messages();
}

/* --- Waking --------------------------------------------------------------- */

static void set_future(void *arg)
{
    CHECK_INT(il_future_set(arg, 0, NULL), 0);
}

struct alarm_clock {
    il_loop *loop;
    il_callback callback;
    il_future rung;
};

static void *ring_later(void *arg)
{
    struct alarm_clock *clock = arg;

    sleep_us(20000);
    CHECK_INT(il_post_threadsafe(clock->loop, &clock->callback), 0);
    return NULL;
}

static int sleep_until_rung(void *arg)
{
    struct alarm_clock *clock = arg;

    return il_future_wait(&clock->rung, NULL, NULL);
}

/* The loop sleeps without any deadline: only the post can wake it. */
static void test_threads_post_wakes_a_sleeping_loop(void **state)
{
    struct fixture *f = *state;
    struct alarm_clock clock = { .loop = f->loop, .rung = IL_FUTURE_INIT };
    pthread_t thread;

    clock.callback = (il_callback)IL_CALLBACK_INIT(set_future, &clock.rung);
    assert_int_equal(pthread_create(&thread, NULL, ring_later, &clock), 0);
    assert_int_equal(il_run(sleep_until_rung, &clock), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

struct ping_pong {
    il_loop *loops[2];
    il_callback callbacks[2];
    il_callback done;
    unsigned left;
};

static void pong(void *arg);

static void ping(void *arg)
{
    struct ping_pong *game = arg;

    (void)il_post_threadsafe(game->loops[1], &game->callbacks[1]);
}

static void pong(void *arg)
{
    struct ping_pong *game = arg;

    if (--game->left == 0) {
        il_loop_stop(game->loops[1]);
        (void)il_post_threadsafe(game->loops[0], &game->done);
        return;
    }
    (void)il_post_threadsafe(game->loops[0], &game->callbacks[0]);
}

static void stop_first(void *arg)
{
    struct ping_pong *game = arg;

    il_loop_stop(game->loops[0]);
}

struct other_loop {
    struct ping_pong *game;
    pthread_barrier_t *ready;
};

static void *run_other_loop(void *arg)
{
    struct other_loop *other = arg;
    il_loop *loop = NULL;

    CHECK_INT(il_loop_new(&loop), 0);
    CHECK(il_loop_current() == loop);
    other->game->loops[1] = il_loop_ref(loop);
    (void)pthread_barrier_wait(other->ready);
    CHECK_INT(il_loop_run(loop), 0);
    CHECK_INT(il_loop_close(loop, 0), 0);
    CHECK(il_loop_current() == NULL);
    il_loop_unref(loop);
    return NULL;
}

/* Each side sleeps until the other one posts: a wake-up lost between the last
 * look at the inbox and the sleep would hang this for good. */
static void test_threads_two_loops_never_lose_a_wake_up(void **state)
{
    struct fixture *f = *state;
    struct ping_pong game = { .left = 20000 };
    pthread_barrier_t ready;
    struct other_loop other = { &game, &ready };
    pthread_t thread;

    game.loops[0] = f->loop;
    game.callbacks[0] = (il_callback)IL_CALLBACK_INIT(ping, &game);
    game.callbacks[1] = (il_callback)IL_CALLBACK_INIT(pong, &game);
    game.done = (il_callback)IL_CALLBACK_INIT(stop_first, &game);
    assert_int_equal(pthread_barrier_init(&ready, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_other_loop, &other), 0);
    (void)pthread_barrier_wait(&ready);

    assert_int_equal(il_post(f->loop, &game.callbacks[0]), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(game.left, 0);
    il_loop_unref(game.loops[1]);
    assert_int_equal(pthread_barrier_destroy(&ready), 0);
}

/* --- Closing -------------------------------------------------------------- */

/* Every post is either refused or run before close returns: the library does
 * not touch a callback afterwards, so its storage may go. */
static void test_threads_close_while_others_post(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 20; round++) {
        il_loop *loop = NULL;

        if (round)
            assert_int_equal(il_loop_new(&loop), 0);
        else
            loop = il_loop_ref(f->loop);
        keep_reports(f, loop);
        start_senders(loop);
        sleep_us(100 * round);
        assert_int_equal(il_loop_close(loop, 0), 0);
        join_senders();
        for (int t = 0; t < N_THREADS; t++)
            assert_true(senders[t].n_received <= senders[t].n_accepted);
        free_messages();
        il_loop_unref(loop);
    }
}

static void *unref_loop(void *arg)
{
    sleep_us(1000);
    il_loop_unref(arg);
    return NULL;
}

static void test_threads_last_reference_may_go_in_any_thread(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    il_loop_ref(f->loop);
    assert_int_equal(pthread_create(&thread, NULL, unref_loop, f->loop), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    il_loop_unref(f->loop);
    f->loop = NULL;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- Strangers ------------------------------------------------------------ */

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *trespass(void *arg)
{
    il_loop *loop = arg;
    il_callback callback = IL_CALLBACK_INIT(set_future, NULL);
    il_timer timer = IL_TIMER_INIT(set_future, NULL);

    CHECK(il_loop_current() == NULL);
    CHECK_INT(il_post(loop, &callback), -ESRCH);
    CHECK_INT(il_loop_at_close(loop, &callback), -ESRCH);
    CHECK_INT(il_timer_start(loop, &timer, 0), -ESRCH);
    CHECK_INT(il_spawn(NULL, do_nothing, NULL, NULL), -ESRCH);
    CHECK_INT(il_dump_tasks(stderr), -ESRCH);
    return NULL;
}

static void test_threads_strangers_are_refused(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, trespass, f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threads_posts_arrive_in_order_and_none_is_lost),
        TEST(test_threads_post_wakes_a_sleeping_loop),
        TEST(test_threads_two_loops_never_lose_a_wake_up),
        TEST(test_threads_close_while_others_post),
        TEST(test_threads_last_reference_may_go_in_any_thread),
        TEST(test_threads_strangers_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
