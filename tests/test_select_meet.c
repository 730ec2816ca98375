/* SPDX-License-Identifier: MIT */

/* test_select_meet.c - selects that meet each other, themselves, or one object
 * several times. */

#include "base/list.h"
#include "support/chooser.h"
#include "support/fixture.h"

#include <errno.h>

static void open_channel(il_channel *channel, size_t capacity)
{
    assert_int_equal(il_channel_init(channel, sizeof(int), capacity), 0);
}

/* --- both ends of one channel ------------------------------------------------- */

static void test_select_meets_a_select(void **state)
{
    struct fixture *f = *state;

    for (int sender_first = 0; sender_first < 2; sender_first++) {
        il_channel channel;
        il_event never = IL_EVENT_INIT;
        int sent = 8;
        int received = 77;
        il_case sends[] = { IL_CASE_EVENT(&never),
                            IL_CASE_SEND(&channel, &sent) };
        il_case receives[] = { IL_CASE_RECEIVE(&channel, &received),
                               IL_CASE_EVENT(&never) };
        struct chooser s = CHOOSE("s", sends);
        struct chooser v = CHOOSE("v", receives);

        forget_notes();
        open_channel(&channel, 0);
        assert_int_equal(
            il_spawn(NULL, choose_once, sender_first ? &s : &v, NULL), 0);
        settle(f);
        assert_int_equal(
            il_spawn(NULL, choose_once, sender_first ? &v : &s, NULL), 0);
        settle(f);
        assert_string_equal(noted(),
                            sender_first ? "v:0=0 s:1=0" : "s:1=0 v:0=0");
        assert_int_equal(received, 8);
        assert_idle(&channel);
        assert_true(ili_list_empty(&never.waiters));
        il_channel_fini(&channel);
    }
}

static void test_select_does_not_meet_itself(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int sent = 8;
    int received = 77;
    il_case cases[] = { IL_CASE_SEND(&channel, &sent),
                        IL_CASE_RECEIVE(&channel, &received),
                        IL_CASE_AFTER(IL_MS(10)) };
    struct chooser both = CHOOSE("both", cases);

    open_channel(&channel, 0);
    assert_int_equal(il_try_select(cases, 2, 0), -EAGAIN);
    assert_int_equal(il_spawn(NULL, choose_once, &both, NULL), 0);
    settle(f);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "both:2=0");
    assert_int_equal(received, 77);
    assert_idle(&channel);
    il_channel_fini(&channel);
}

/* It waits at both ends, and either is as good as a task that waits there. */
static void test_select_at_both_ends_is_found_at_either(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int sent = 8;
    int received = 77;
    il_case cases[] = { IL_CASE_SEND(&channel, &sent),
                        IL_CASE_RECEIVE(&channel, &received) };
    struct chooser both = CHOOSE("both", cases);

    open_channel(&channel, 0);
    assert_int_equal(il_spawn(NULL, choose_once, &both, NULL), 0);
    assert_int_equal(take(&channel), 8);
    assert_idle(&channel);
    settle(f);
    assert_int_equal(il_spawn(NULL, choose_once, &both, NULL), 0);
    give(&channel, 4);
    assert_idle(&channel);
    settle(f);
    assert_string_equal(noted(), "both:0=0 both:1=0");
    assert_int_equal(received, 4);
    il_channel_fini(&channel);
}

static void test_select_at_both_ends_meets_another(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int sent[2] = { 8, 9 };
    int received[2] = { 77, 77 };
    il_case a[] = { IL_CASE_SEND(&channel, &sent[0]),
                    IL_CASE_RECEIVE(&channel, &received[0]) };
    il_case b[] = { IL_CASE_SEND(&channel, &sent[1]),
                    IL_CASE_RECEIVE(&channel, &received[1]) };
    struct chooser first = CHOOSE("first", a);
    struct chooser second = CHOOSE("second", b);

    open_channel(&channel, 0);
    assert_int_equal(il_spawn(NULL, choose_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &second, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "second:0=0 first:1=0");
    assert_int_equal(received[0], 9);
    assert_int_equal(received[1], 77);
    assert_idle(&channel);
    il_channel_fini(&channel);
}

/* Two selects cross over: each sends where the other one receives. */
static void test_select_crosses_a_select(void **state)
{
    struct fixture *f = *state;
    il_channel x;
    il_channel y;
    int sent[2] = { 8, 9 };
    int received[2] = { 77, 77 };
    il_case a[] = { IL_CASE_SEND(&x, &sent[0]),
                    IL_CASE_RECEIVE(&y, &received[0]) };
    il_case b[] = { IL_CASE_SEND(&y, &sent[1]),
                    IL_CASE_RECEIVE(&x, &received[1]) };
    struct chooser first = CHOOSE("first", a);
    struct chooser second = CHOOSE("second", b);

    open_channel(&x, 0);
    open_channel(&y, 0);
    assert_int_equal(il_spawn(NULL, choose_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &second, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "second:0=0 first:1=0");
    assert_int_equal(received[0], 9);
    assert_int_equal(received[1], 77);
    assert_idle(&x);
    assert_idle(&y);
    il_channel_fini(&x);
    il_channel_fini(&y);
}

/* --- order --------------------------------------------------------------------- */

static int receive_once(void *arg)
{
    int value = 0;
    int r = il_channel_receive(arg, &value);

    note("plain:%d=%d", r, value);
    return 0;
}

/* Selects and plain receivers stand in one queue. */
static void test_select_keeps_its_place_in_the_queue(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    il_channel other;
    int values[2] = { 0 };
    il_case a[] = { IL_CASE_RECEIVE(&other, &values[0]),
                    IL_CASE_RECEIVE(&channel, &values[0]) };
    il_case b[] = { IL_CASE_RECEIVE(&channel, &values[1]) };
    struct chooser first = CHOOSE("first", a);
    struct chooser third = CHOOSE("third", b);

    open_channel(&channel, 0);
    open_channel(&other, 0);
    assert_int_equal(il_spawn(NULL, choose_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, receive_once, &channel, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &third, NULL), 0);
    for (int i = 1; i <= 3; i++)
        give(&channel, i);
    assert_idle(&channel);
    assert_idle(&other);
    settle(f);
    assert_string_equal(noted(), "first:1=0 plain:0=2 third:0=0");
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 3);
    il_channel_fini(&channel);
    il_channel_fini(&other);
}

static int send_in_turn(void *arg)
{
    static int value;
    int r = il_channel_send(arg, &value);

    note("sent:%d", r);
    return 0;
}

/* A select that went elsewhere does not leave a hole behind it. */
static void test_select_that_left_lets_the_next_move_up(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    il_event event = IL_EVENT_INIT;
    int value = 5;
    il_case cases[] = { IL_CASE_SEND(&channel, &value), IL_CASE_EVENT(&event) };
    struct chooser chooser = CHOOSE("c", cases);

    open_channel(&channel, 1);
    give(&channel, 1);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    assert_int_equal(il_spawn(NULL, send_in_turn, &channel, NULL), 0);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(take(&channel), 1);
    assert_int_equal(take(&channel), 0);
    settle(f);
    assert_string_equal(noted(), "c:1=0 sent:0");
    assert_idle(&channel);
    il_channel_fini(&channel);
}

/* --- one object several times ---------------------------------------------------- */

static void test_select_with_one_channel_twice_receives_once(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int values[2] = { 77, 77 };
    il_case cases[] = { IL_CASE_RECEIVE(&channel, &values[0]),
                        IL_CASE_RECEIVE(&channel, &values[1]) };
    struct chooser chooser = CHOOSE("c", cases);

    open_channel(&channel, 1);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    give(&channel, 1);
    give(&channel, 2);
    settle(f);
    assert_string_equal(noted(), "c:0=0");
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 77);
    assert_int_equal(take(&channel), 2);
    assert_idle(&channel);
    il_channel_fini(&channel);
}

static void test_select_with_one_object_often_is_woken_once(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_future future = IL_FUTURE_INIT;
    int results[3] = { 77, 77, 77 };
    il_case events[] = { IL_CASE_EVENT(&event), IL_CASE_EVENT(&event),
                         IL_CASE_EVENT(&event) };
    il_case futures[] = { IL_CASE_FUTURE(&future, &results[0], NULL),
                          IL_CASE_FUTURE(&future, &results[1], NULL),
                          IL_CASE_FUTURE(&future, &results[2], NULL) };
    struct chooser e = CHOOSE("e", events);
    struct chooser u = CHOOSE("u", futures);

    assert_int_equal(il_spawn(NULL, choose_once, &e, NULL), 0);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &u, NULL), 0);
    assert_int_equal(il_future_set(&future, 4, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "e:0=0 u:0=0");
    assert_int_equal(results[0], 4);
    assert_int_equal(results[1], 77);
    assert_int_equal(results[2], 77);
}

static int get_future(void *arg)
{
    int result = 0;
    int r = il_future_wait(arg, &result, NULL);

    note("plain:%d=%d", r, result);
    return 0;
}

/* The queue is walked through while selects take nodes out of it. */
static void test_select_among_others_that_wait_for_a_future(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_future other = IL_FUTURE_INIT;
    int results[4] = { 77, 77, 77, 77 };
    il_case a[] = { IL_CASE_FUTURE(&other, &results[0], NULL),
                    IL_CASE_FUTURE(&future, &results[0], NULL),
                    IL_CASE_FUTURE(&future, &results[1], NULL) };
    il_case b[] = { IL_CASE_FUTURE(&future, &results[2], NULL),
                    IL_CASE_FUTURE(&other, &results[3], NULL),
                    IL_CASE_FUTURE(&future, &results[3], NULL) };
    struct chooser first = CHOOSE("first", a);
    struct chooser second = CHOOSE("second", b);

    assert_int_equal(il_spawn(NULL, get_future, &future, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &second, NULL), 0);
    assert_int_equal(il_spawn(NULL, get_future, &future, NULL), 0);
    assert_int_equal(il_spawn(NULL, get_future, &other, NULL), 0);
    assert_int_equal(il_future_set(&future, 4, NULL), 0);
    assert_int_equal(il_future_set(&other, 5, NULL), 0);
    settle(f);
    assert_string_equal(noted(),
                        "plain:0=4 first:1=0 second:0=0 plain:0=4 plain:0=5");
    assert_int_equal(results[0], 4);
    assert_int_equal(results[1], 77);
    assert_int_equal(results[2], 4);
    assert_int_equal(results[3], 77);
}

static int nap(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(5));
}

static int join_it(void *arg)
{
    int result = 77;
    int r = il_task_join(arg, &result);

    note("plain:%d=%d", r, result);
    return 0;
}

static void test_select_among_others_that_join(void **state)
{
    struct fixture *f = *state;
    int results[2] = { 77, 77 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, nap, NULL, &task), 0);
    {
        il_case cases[] = { IL_CASE_JOIN(task, &results[0]),
                            IL_CASE_JOIN(task, &results[1]) };
        struct chooser chooser = CHOOSE("c", cases);

        assert_int_equal(il_spawn(NULL, join_it, task, NULL), 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        assert_int_equal(il_spawn(NULL, join_it, task, NULL), 0);
        assert_null(il_task_unref(task)); /* the last handle */
        assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
        assert_string_equal(noted(), "plain:0=0 c:0=0 plain:0=0");
        assert_int_equal(results[0], 0);
        assert_int_equal(results[1], 77);
    }
}

/* --- semaphores, where leaving may serve others ------------------------------------ */

static int take_one(void *arg)
{
    int r = il_semaphore_acquire(arg, 1);

    note("one:%d", r);
    return 0;
}

static void test_select_that_leaves_a_semaphore_lets_others_in(void **state)
{
    struct fixture *f = *state;

    for (int by_cancel = 0; by_cancel < 2; by_cancel++) {
        il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
        il_event event = IL_EVENT_INIT;
        il_case cases[] = { IL_CASE_PERMITS(&semaphore, 3),
                            IL_CASE_EVENT(&event) };
        struct chooser chooser = CHOOSE("c", cases);
        il_task *task;

        forget_notes();
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        assert_int_equal(il_spawn(NULL, take_one, &semaphore, NULL), 0);
        settle(f);
        assert_string_equal(noted(), "");
        assert_int_equal(
            by_cancel ? il_task_cancel(task) : il_event_set(&event), 0);
        assert_int_equal(il_semaphore_count(&semaphore), 0);
        settle(f);
        assert_string_equal(noted(),
                            by_cancel ? "one:0 c:-125" : "one:0 c:1=0");
        assert_int_equal(reap(task), 0);
    }
}

/* Each that is served leaves the head of the next one's queue. */
static void test_select_serves_a_chain_of_semaphores(void **state)
{
    enum { N = 5000 };
    static il_semaphore semaphores[N + 1];
    static il_case cases[N][2];
    static struct chooser choosers[N];
    struct fixture *f = *state;

    for (int i = 0; i <= N; i++)
        semaphores[i] = (il_semaphore)IL_SEMAPHORE_INIT(i > 0);
    for (int i = N - 1; i >= 0; i--) {
        cases[i][0] = (il_case)IL_CASE_PERMITS(&semaphores[i], 1);
        cases[i][1] = (il_case)IL_CASE_PERMITS(&semaphores[i + 1], 2);
    }
    /* Each waits behind the one before it, which wants two of what has one. */
    for (int i = 0; i < N; i++) {
        choosers[i] = (struct chooser){ cases[i], 2, 0, NULL, 0 };
        assert_int_equal(il_spawn(NULL, choose_once, &choosers[i], NULL), 0);
    }
    settle(f);
    assert_int_equal(choosers[N - 1].r, 12345);
    assert_int_equal(il_semaphore_release(&semaphores[0], 1), 0);
    settle(f);
    for (int i = 0; i < N; i++) {
        assert_int_equal(choosers[i].r, 0);
        assert_int_equal(il_semaphore_count(&semaphores[i]), 0);
    }
    assert_int_equal(il_semaphore_count(&semaphores[N]), 1);
}

/* What was ended serves nobody, though one that leaves makes room. */
static void test_select_of_an_ended_semaphore_takes_nothing(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
    il_case cases[] = { IL_CASE_PERMITS(&semaphore, 3),
                        IL_CASE_PERMITS(&semaphore, 2) };
    struct chooser chooser = CHOOSE("c", cases);

    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    assert_int_equal(il_spawn(NULL, take_one, &semaphore, NULL), 0);
    il_semaphore_fini(&semaphore);
    settle(f);
    assert_string_equal(noted(), "c:0=-130 one:-130");
}

/* --- many ------------------------------------------------------------------------------ */

static void test_select_has_many_cases(void **state)
{
    enum { N = 1000 };
    static il_channel channels[N];
    static il_case cases[N];
    struct fixture *f = *state;
    struct chooser chooser = { cases, N, IL_SELECT_ROTATE, NULL, 0 };
    int value = 77;

    for (int i = 0; i < N; i++) {
        open_channel(&channels[i], 0);
        cases[i] = (il_case)IL_CASE_RECEIVE(&channels[i], &value);
    }
    for (int i = 0; i < N; i += 7) {
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        give(&channels[i], i);
        settle(f);
        assert_int_equal(chooser.r, i);
        assert_int_equal(value, i);
    }
    for (int i = 0; i < N; i++) {
        assert_idle(&channels[i]);
        il_channel_fini(&channels[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define MANUAL(name)                                                           \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_meets_a_select),
        MANUAL(test_select_does_not_meet_itself),
        TEST(test_select_at_both_ends_is_found_at_either),
        TEST(test_select_at_both_ends_meets_another),
        TEST(test_select_crosses_a_select),
        TEST(test_select_keeps_its_place_in_the_queue),
        TEST(test_select_that_left_lets_the_next_move_up),
        TEST(test_select_with_one_channel_twice_receives_once),
        TEST(test_select_with_one_object_often_is_woken_once),
        TEST(test_select_among_others_that_wait_for_a_future),
        MANUAL(test_select_among_others_that_join),
        TEST(test_select_that_leaves_a_semaphore_lets_others_in),
        TEST(test_select_serves_a_chain_of_semaphores),
        TEST(test_select_of_an_ended_semaphore_takes_nothing),
        TEST(test_select_has_many_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
