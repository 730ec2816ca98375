/* SPDX-License-Identifier: MIT */

/* test_thread_random.c - everything that threads share, used at random.
 *
 * A few threads have a loop each, over and over again.  Tasks of these loops
 * send and receive, have jobs done and leave them behind, call into the other
 * loops and submit tasks there, with time limits that strike at any moment,
 * while loops close.  In the end everybody was answered, what was sent was
 * received or is still there, and what was left behind was disposed of. */

#include "support/fixture.h"
#include "support/gates.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { N_THREADS = 3, N_TASKS = 4, N_LOOPS = 60, N_ACTS = 40 };

static il_shared_channel channel;
static il_cancel_token everything;
static atomic_long n_sent;
static atomic_long n_received;
static atomic_long n_kept; /* pieces of memory of jobs */

/* The loops that there are. */
static pthread_mutex_t loops_lock = PTHREAD_MUTEX_INITIALIZER;
static il_loop *loops[N_THREADS];

static void publish(int place, il_loop *loop)
{
    il_loop *before;

    CHECK_INT(pthread_mutex_lock(&loops_lock), 0);
    before = loops[place];
    loops[place] = loop;
    CHECK_INT(pthread_mutex_unlock(&loops_lock), 0);
    il_loop_unref(before);
}

/* One of them, with a reference; NULL: there is none now. */
static il_loop *pick_loop(unsigned number)
{
    il_loop *loop;

    CHECK_INT(pthread_mutex_lock(&loops_lock), 0);
    loop = loops[number % N_THREADS];
    if (loop)
        il_loop_ref(loop);
    CHECK_INT(pthread_mutex_unlock(&loops_lock), 0);
    return loop;
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* --- what tasks do ---------------------------------------------------------- */

/* What a wait with a time limit may come to. */
static void check_wait(int r)
{
    CHECK(r == 0 || r == -ETIMEDOUT || r == -ECANCELED || r == -ESHUTDOWN);
}

static void send_one(unsigned number)
{
    int value = (int)number;
    int r = il_shared_channel_send(&channel, &value, IL_US(number % 40));

    check_wait(r);
    if (r == 0)
        atomic_fetch_add(&n_sent, 1);
}

static void receive_one(unsigned number)
{
    int value;
    int r = il_shared_channel_receive(&channel, &value, IL_US(number % 40));

    check_wait(r);
    if (r == 0)
        atomic_fetch_add(&n_received, 1);
}

static int work(void *arg)
{
    unsigned *number = arg;

    for (unsigned i = *number % 4; i > 0; i--)
        (void)sched_yield();
    return (int)(*number % 100);
}

static void offload(unsigned number)
{
    int result = -1;
    int r = 0;

    IL_TIMEOUT (IL_US(number % 50), &r) {
        r = il_offload(work, &number, &result);
        if (r == 0)
            CHECK_INT(result, number % 100);
    }
    check_wait(r);
}

static void dispose(void *arg, int result)
{
    (void)result;
    free(arg);
    atomic_fetch_sub(&n_kept, 1);
}

static void offload_and_leave(unsigned number)
{
    unsigned *copy = malloc(sizeof *copy);
    const il_offload_options options = {
        .fn = work, .arg = copy, .flags = IL_ABANDON, .destroy = dispose
    };
    int r = 0;

    if (!CHECK(copy != NULL))
        return;
    *copy = number;
    atomic_fetch_add(&n_kept, 1);
    IL_TIMEOUT (IL_US(number % 50), &r) {
        r = il_offload_with(&options, NULL);
        if (r != -ECANCELED)
            dispose(copy, 0);
    }
    check_wait(r);
}

static int be_called(void *arg)
{
    return (int)(*(unsigned *)arg % 100);
}

static void call(unsigned number)
{
    il_loop *loop = pick_loop(number);
    int result = -1;
    int r = 0;

    if (!loop)
        return;
    IL_TIMEOUT (IL_US(number % 50), &r) {
        r = il_call_sync(loop, be_called, &number, &result);
        if (r == 0)
            CHECK_INT(result, number % 100);
    }
    check_wait(r);
    il_loop_unref(loop);
}

static int sleep_a_little(void *arg)
{
    return il_sleep(IL_US(*(unsigned *)arg % 30));
}

static void submit(unsigned number)
{
    const il_spawn_options options = { .fn = sleep_a_little,
                                       .arg = &number,
                                       .copy_size = sizeof number,
                                       .flags = number % 2 ? IL_LAZY : 0 };
    il_loop *loop = pick_loop(number / 8);
    il_submission *submission = NULL;
    int r;

    if (!loop)
        return;
    r = il_submit_with(loop, &options, &submission);
    CHECK(r == 0 || r == -ESHUTDOWN);
    if (r == 0)
        check_wait(il_submission_wait(submission, IL_US(number % 60), NULL));
    if (r == 0 && number % 3 == 0)
        (void)il_submission_cancel(submission);
    il_submission_unref(submission);
    il_loop_unref(loop);
}

static int cancel_token(void *token)
{
    (void)il_cancel_token_cancel(token);
    return 0;
}

/* Cancelled from another loop, or by time, or with everything. */
static void listen_for_a_while(unsigned number)
{
    il_cancel_token token;
    il_loop *loop = pick_loop(number);
    il_submission *submission = NULL;
    il_scope shield;
    int r = 0;

    CHECK_INT(il_cancel_token_init_child(&token, &everything), 0);
    if (loop)
        (void)il_submit(loop, cancel_token, &token, &submission);
    IL_UNTIL_CANCELLED (&token, &r) {
        r = il_sleep(IL_US(number % 70));
    }
    check_wait(r);
    /* The token is on our stack. */
    CHECK_INT(il_scope_enter_shield(&shield, IL_FOREVER), 0);
    if (submission)
        check_wait(il_submission_wait(submission, IL_FOREVER, NULL));
    (void)il_scope_leave(&shield, 0);
    il_submission_unref(submission);
    il_cancel_token_fini(&token);
    il_loop_unref(loop);
}

static int wander(void *arg)
{
    static void (*const acts[])(unsigned number) = {
        send_one,          receive_one, send_one, receive_one,        offload,
        offload_and_leave, call,        submit,   listen_for_a_while,
    };
    unsigned state = *(unsigned *)arg;

    for (int i = 0; i < N_ACTS && il_yield() == 0; i++) {
        unsigned act = next_random(&state) % (sizeof acts / sizeof *acts);

        acts[act](next_random(&state));
    }
    return 0;
}

/* --- loops ------------------------------------------------------------------ */

static int live(void *arg)
{
    unsigned state = *(unsigned *)arg;

    for (int i = 0; i < N_TASKS; i++) {
        unsigned seed = next_random(&state);

        CHECK_INT(il_spawn_copy(NULL, wander, &seed, sizeof seed, NULL), 0);
    }
    return il_sleep(IL_US(next_random(&state) % 3000));
}

static void *have_loops(void *arg)
{
    int place = *(int *)arg;

    for (unsigned i = 0; i < N_LOOPS; i++) {
        unsigned seed = (unsigned)place * 1000 + i;
        il_loop *loop = NULL;

        CHECK_INT(il_loop_new(&loop), 0);
        publish(place, il_loop_ref(loop));
        CHECK_INT(il_run(live, &seed), 0);
        /* Tasks of others may come until the very end. */
        CHECK_INT(il_loop_close(loop, IL_SEC(60)), 0);
        publish(place, NULL);
        il_loop_unref(loop);
    }
    return NULL;
}

static void test_thread_random_loses_nothing(void **state)
{
    pthread_t threads[N_THREADS];
    int places[N_THREADS];
    int value;

    (void)state;
    assert_int_equal(il_shared_channel_init(&channel, sizeof(int), 3), 0);
    for (int i = 0; i < N_THREADS; i++) {
        places[i] = i;
        threads[i] = start_thread(have_loops, &places[i]);
    }
    for (int i = 0; i < N_THREADS; i++)
        join_thread(threads[i]);
    while (il_shared_channel_try_receive(&channel, &value) == 0)
        atomic_fetch_add(&n_received, 1);
    assert_int_equal(atomic_load(&n_sent), atomic_load(&n_received));
    assert_int_equal(atomic_load(&n_kept), 0); /* the pool has ended, too */
    assert_int_equal(il_pool_count_threads(NULL), 0);
    il_shared_channel_fini(&channel);
    il_cancel_token_fini(&everything);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_thread_random_loses_nothing,
                                        setup_checks, teardown_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
