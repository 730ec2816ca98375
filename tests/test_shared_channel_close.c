/* SPDX-License-Identifier: MIT */

/* test_shared_channel_close.c - channels between threads: closing, ends, misuse. */

#include "support/fixture.h"
#include "support/shared_parties.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdint.h>

/* --- closing -------------------------------------------------------------- */

static void test_shared_channel_closed_gives_what_is_in_it(void **state)
{
    il_shared_channel channel;
    int value = 9;

    (void)state;
    init_shared(&channel, 3);
    give_shared(&channel, 1);
    give_shared(&channel, 2);
    assert_false(il_shared_channel_is_closed(&channel));
    assert_int_equal(il_shared_channel_close(&channel), 0);
    assert_true(il_shared_channel_is_closed(&channel));
    assert_int_equal(il_shared_channel_close(&channel), -EALREADY);
    assert_int_equal(il_shared_channel_try_send(&channel, &value), -EPIPE);
    assert_int_equal(il_shared_channel_send(&channel, &value, IL_FOREVER),
                     -EPIPE);
    assert_int_equal(take_shared(&channel), 1);
    assert_int_equal(take_shared(&channel), 2);
    assert_int_equal(il_shared_channel_try_receive(&channel, &value), -EPIPE);
    assert_int_equal(il_shared_channel_receive(&channel, &value, IL_FOREVER),
                     -EPIPE);
    assert_int_equal(value, 9);
    il_shared_channel_fini(&channel);
}

static void end_by_close(il_shared_channel *channel)
{
    assert_int_equal(il_shared_channel_close(channel), 0);
}

static void end_by_close_now(il_shared_channel *channel)
{
    assert_int_equal(il_shared_channel_close_now(channel), 0);
}

/* In every way, for those who receive and those who send. */
static void test_shared_channel_end_wakes_the_waiters(void **state)
{
    static const struct {
        void (*end)(il_shared_channel *channel);
        int r;
    } ways[] = {
        { end_by_close, -EPIPE },
        { end_by_close_now, -EPIPE },
        { il_shared_channel_fini, -EOWNERDEAD },
    };
    struct fixture *f = *state;

    for (int n = 0; n < 6; n++) {
        il_shared_channel channel;
        struct party p[2];
        il_task *tasks[2];
        bool sends = n >= 3;

        init_shared(&channel, sends ? 1 : 0);
        if (sends)
            give_shared(&channel, 1);
        for (int i = 0; i < 2; i++) {
            p[i] = party(&channel, 77);
            tasks[i] = spawn(sends ? send_one : receive_one, &p[i]);
        }
        ways[n % 3].end(&channel);
        if (n % 3 == 2) /* from here on it may be anything */
            channel = (il_shared_channel){ .element_size = 1000 };
        settle(f);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(reap(tasks[i]), 0);
            assert_int_equal(p[i].r, ways[n % 3].r);
            assert_int_equal(p[i].value, 77);
        }
        if (n % 3 < 2)
            il_shared_channel_fini(&channel);
    }
}

/* What was handed over before stays so. */
static void test_shared_channel_closed_late_takes_nothing_back(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    struct party r;
    struct party s;
    il_task *tasks[2];

    init_shared(&channel, 0);
    r = party(&channel, 77);
    tasks[0] = spawn(receive_one, &r);
    give_shared(&channel, 1);
    s = party(&channel, 2);
    tasks[1] = spawn(send_one, &s);
    assert_int_equal(take_shared(&channel), 2);
    assert_int_equal(il_shared_channel_close_now(&channel), 0);
    settle(f);
    assert_int_equal(r.r, 0);
    assert_int_equal(r.value, 1);
    assert_int_equal(s.r, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_shared_channel_fini(&channel);
}

static void note_destroyed(void *element, void *arg)
{
    il_shared_channel *channel = arg;
    int value = 0;

    note("d%d", *(int *)element);
    /* It may be used meanwhile. */
    CHECK_INT(il_shared_channel_try_send(channel, &value), -EPIPE);
}

static void test_shared_channel_disposes_of_what_is_in_it(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++) {
        il_shared_channel channel;

        forget_notes();
        init_shared(&channel, 3);
        il_shared_channel_set_destroy(&channel, note_destroyed, &channel);
        for (int i = 1; i <= 3; i++)
            give_shared(&channel, i);
        assert_int_equal(take_shared(&channel), 1);
        give_shared(&channel, 4); /* around the end of the ring */
        if (n == 1)
            assert_int_equal(il_shared_channel_close(&channel), 0);
        assert_string_equal(noted(), "");
        if (n < 2)
            assert_int_equal(il_shared_channel_close_now(&channel), 0);
        il_shared_channel_fini(&channel);
        assert_string_equal(noted(), "d2 d3 d4");
    }
}

/* --- where it cannot wait ------------------------------------------------- */

static void use_in_callback(void *arg)
{
    il_shared_channel *channel = arg;
    int value = 77;

    CHECK_INT(il_shared_channel_receive(channel, &value, IL_FOREVER), -EDEADLK);
    CHECK_INT(il_shared_channel_receive(channel, &value, 0), -ETIMEDOUT);
    CHECK_INT(value, 77);
    CHECK_INT(il_shared_channel_send(channel, &value, IL_FOREVER), 0);
    CHECK_INT(il_shared_channel_send(channel, &value, IL_FOREVER), -EDEADLK);
}

static void test_shared_channel_does_not_block_a_loop_that_runs(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    il_callback callback = IL_CALLBACK_INIT(use_in_callback, &channel);
    int value = 78;

    init_shared(&channel, 1);
    assert_int_equal(il_post(f->loop, &callback), 0);
    assert_int_equal(il_run(yield, NULL), 0);
    assert_int_equal(take_shared(&channel), 77);
    /* One that does not run may be blocked. */
    assert_int_equal(il_shared_channel_receive(&channel, &value, IL_US(1)),
                     -ETIMEDOUT);
    assert_int_equal(value, 78);
    il_shared_channel_fini(&channel);
}

static void test_shared_channel_misuse_is_refused(void **state)
{
    il_shared_channel zeros = { 0 };
    il_shared_channel channel;
    char storage[4];
    int value = 77;

    (void)state;
    assert_int_equal(il_shared_channel_init(NULL, 4, 1), -EINVAL);
    assert_int_equal(il_shared_channel_init(&channel, 0, 1), -EINVAL);
    assert_int_equal(il_shared_channel_init(&channel, SIZE_MAX, 0), -ENOMEM);
    assert_int_equal(il_shared_channel_init(&channel, 16, SIZE_MAX / 8),
                     -ENOMEM);
    assert_int_equal(il_shared_channel_init_with(&channel, 4, 1, NULL),
                     -EINVAL);
    assert_int_equal(il_shared_channel_init_with(NULL, 4, 1, storage), -EINVAL);
    assert_int_equal(il_shared_channel_init_with(&channel, 0, 1, storage),
                     -EINVAL);
    il_shared_channel_set_destroy(NULL, NULL, NULL);
    il_shared_channel_fini(NULL);
    il_shared_channel_fini(&zeros);
    for (int i = 0; i < 2; i++) {
        il_shared_channel *c = i == 0 ? NULL : &zeros;

        assert_int_equal(il_shared_channel_send(c, &value, 0), -EINVAL);
        assert_int_equal(il_shared_channel_receive(c, &value, 0), -EINVAL);
        assert_int_equal(il_shared_channel_try_send(c, &value), -EINVAL);
        assert_int_equal(il_shared_channel_try_receive(c, &value), -EINVAL);
        assert_int_equal(il_shared_channel_close(c), -EINVAL);
        assert_int_equal(il_shared_channel_close_now(c), -EINVAL);
        assert_true(il_shared_channel_is_closed(c));
        assert_int_equal(il_shared_channel_count(c), 0);
    }
    assert_int_equal(il_shared_channel_init_with(&channel, 4, 1, storage), 0);
    assert_int_equal(il_shared_channel_send(&channel, NULL, 0), -EINVAL);
    assert_int_equal(il_shared_channel_receive(&channel, NULL, 0), -EINVAL);
    assert_int_equal(il_shared_channel_try_send(&channel, NULL), -EINVAL);
    assert_int_equal(il_shared_channel_try_receive(&channel, NULL), -EINVAL);
    assert_int_equal(value, 77);
    il_shared_channel_fini(&channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shared_channel_closed_gives_what_is_in_it),
        TEST(test_shared_channel_end_wakes_the_waiters),
        TEST(test_shared_channel_closed_late_takes_nothing_back),
        TEST(test_shared_channel_disposes_of_what_is_in_it),
        TEST(test_shared_channel_does_not_block_a_loop_that_runs),
        TEST(test_shared_channel_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
