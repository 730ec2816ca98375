/* SPDX-License-Identifier: MIT */

/* test_threads_posts.c - one callback, posted from several threads. */

#include "support/fixture.h"
#include "support/gates.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { N_POSTS = 20000 };

struct bell {
    il_loop *loop;
    il_callback callback;
    il_callback other; /* keeps the loop busy, or stops it */
    il_callback stop;  /* posted by a thread that may end before it runs */
    atomic_uint told;  /* written by the poster before it posts */
    atomic_uint heard; /* what the last run has read of it */
    unsigned n_runs;   /* on the loop's thread */
    unsigned n_taken;  /* posts of this thread that were taken */
    unsigned n_theirs; /* posts of the other, read after joining it */
    bool is_lost;
    bool over; /* on the loop's thread */
};

static void hear(void *arg)
{
    struct bell *bell = arg;

    bell->n_runs++;
    atomic_store_explicit(
        &bell->heard, atomic_load_explicit(&bell->told, memory_order_relaxed),
        memory_order_relaxed);
}

static void stop_listening(void *arg)
{
    struct bell *bell = arg;

    bell->over = true;
    il_loop_stop(bell->loop);
}

static void *ring_once(void *arg)
{
    struct bell *bell = arg;

    CHECK_INT(il_post_threadsafe(bell->loop, &bell->callback), 0);
    CHECK_INT(il_post_threadsafe(bell->loop, &bell->callback), -EBUSY);
    return NULL;
}

static void ring_elsewhere(struct bell *bell)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, ring_once, bell), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Another thread cannot know whether a run that il_post() asked for has begun,
 * so its post is taken as well. */
static void test_threads_post_here_and_there_runs_once_for_each(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    ring_elsewhere(&bell);
    assert_int_equal(il_post(f->loop, &bell.callback), -EBUSY);
    settle(f);
    assert_int_equal(bell.n_runs, 2);

    /* The other way round it can be known. */
    ring_elsewhere(&bell);
    assert_int_equal(il_post(f->loop, &bell.callback), -EBUSY);
    settle(f);
    assert_int_equal(bell.n_runs, 3);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    settle(f);
    assert_int_equal(bell.n_runs, 4);
}

static void cancel_bell(void *arg)
{
    struct bell *bell = arg;

    CHECK(il_callback_cancel(&bell->callback));
    CHECK(!il_callback_cancel(&bell->callback));
}

/* Whether the one from the other thread has arrived or not. */
static void test_threads_cancel_takes_back_both_posts(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    bell.other = (il_callback)IL_CALLBACK_INIT(cancel_bell, &bell);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    ring_elsewhere(&bell);
    assert_true(il_callback_cancel(&bell.callback));
    assert_false(il_callback_cancel(&bell.callback));
    settle(f);
    assert_int_equal(bell.n_runs, 0);

    assert_int_equal(il_post(f->loop, &bell.other), 0);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    ring_elsewhere(&bell);
    settle(f);
    assert_int_equal(bell.n_runs, 0);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    settle(f);
    assert_int_equal(bell.n_runs, 1);
}

static void test_threads_close_gives_back_a_callback_posted_twice(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    ring_elsewhere(&bell);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(bell.n_runs, 2);
    assert_int_equal(bell.callback.claim, 0);
}

static void *post_to_own_loop(void *arg)
{
    il_callback *callback = arg;
    il_loop *loop = NULL;

    CHECK_INT(il_loop_new(&loop), 0);
    CHECK_INT(il_post_threadsafe(loop, callback), -EBUSY);
    CHECK_INT(il_post(loop, callback), -EBUSY);
    CHECK_INT(il_loop_close(loop, 0), 0);
    il_loop_unref(loop);
    return NULL;
}

static void test_threads_posted_callback_is_busy_for_another_loop(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };
    pthread_t thread;

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    assert_int_equal(il_post(f->loop, &bell.callback), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, post_to_own_loop, &bell.callback), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_int_equal(bell.n_runs, 1);
}

/* Each turn, so that the other thread meets every moment of a run. */
static void keep_ringing(void *arg)
{
    struct bell *bell = arg;

    if (bell->over)
        return;
    if (il_post(bell->loop, &bell->callback) == 0)
        bell->n_taken++;
    CHECK_INT(il_post(bell->loop, &bell->other), 0);
}

static void *keep_ringing_too(void *arg)
{
    struct bell *bell = arg;
    il_time limit = il_now() + IL_SEC(1);

    for (unsigned i = 0; i < N_POSTS && il_now() < limit; i++) {
        if (il_post_threadsafe(bell->loop, &bell->callback) == 0)
            bell->n_theirs++;
        for (volatile unsigned k = 0; k < i % 300; k++)
            ;
    }
    bell->stop = (il_callback)IL_CALLBACK_INIT(stop_listening, bell);
    CHECK_INT(il_post_threadsafe(bell->loop, &bell->stop), 0);
    return NULL;
}

/* il_post() looks and then takes, in two steps; what another thread takes in
 * between must harm nothing. */
static void test_threads_posts_from_both_sides_are_all_run(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };
    pthread_t thread;

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    bell.other = (il_callback)IL_CALLBACK_INIT(keep_ringing, &bell);
    assert_int_equal(il_post(f->loop, &bell.other), 0);
    assert_int_equal(pthread_create(&thread, NULL, keep_ringing_too, &bell), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_int_equal(bell.n_runs, bell.n_taken + bell.n_theirs);
    assert_true(bell.n_taken > 0);
    assert_true(bell.n_theirs > 0);
}

static void spin(void *arg)
{
    struct bell *bell = arg;

    if (!bell->over)
        CHECK_INT(il_post(bell->loop, &bell->other), 0);
}

static bool is_heard(struct bell *bell, unsigned what)
{
    il_time limit = il_now() + IL_SEC(10);

    for (unsigned i = 1;
         atomic_load_explicit(&bell->heard, memory_order_relaxed) != what;
         i++) {
        if (i % 1000)
            continue;
        if (il_now() > limit)
            return false;
        (void)sched_yield(); /* with one processor it is the loop's turn */
    }
    return true;
}

static void *tell_twice(void *arg)
{
    struct bell *bell = arg;
    il_time limit = il_now() + IL_SEC(1);

    for (unsigned i = 0; i < N_POSTS && il_now() < limit; i++) {
        /* The second meets the run of the first, somewhere. */
        for (unsigned k = 1; k <= 2; k++) {
            atomic_store_explicit(&bell->told, 2 * i + k, memory_order_relaxed);
            (void)il_post_threadsafe(bell->loop, &bell->callback);
            for (volatile unsigned j = 0; k == 1 && j < i * 7919 % 1500; j++)
                ;
        }
        if (!is_heard(bell, 2 * i + 2)) {
            bell->is_lost = true;
            break;
        }
    }
    bell->stop = (il_callback)IL_CALLBACK_INIT(stop_listening, bell);
    CHECK_INT(il_post_threadsafe(bell->loop, &bell->stop), 0);
    return NULL;
}

/* A post that finds the callback queued says so, and the poster relies on the
 * run for what it has just written.  A run that had begun to look by then would
 * lose it: three times in a million, before this was mended. */
static void test_threads_refused_post_is_seen_by_the_run(void **state)
{
    struct fixture *f = *state;
    struct bell bell = { .loop = f->loop };
    pthread_t thread;

    bell.callback = (il_callback)IL_CALLBACK_INIT(hear, &bell);
    bell.other = (il_callback)IL_CALLBACK_INIT(spin, &bell);
    assert_int_equal(il_post(f->loop, &bell.other), 0);
    assert_int_equal(pthread_create(&thread, NULL, tell_twice, &bell), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_false(bell.is_lost);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threads_post_here_and_there_runs_once_for_each),
        TEST(test_threads_cancel_takes_back_both_posts),
        TEST(test_threads_close_gives_back_a_callback_posted_twice),
        TEST(test_threads_posted_callback_is_busy_for_another_loop),
        TEST(test_threads_posts_from_both_sides_are_all_run),
        TEST(test_threads_refused_post_is_seen_by_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
