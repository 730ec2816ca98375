/* SPDX-License-Identifier: MIT */

/* test_channel.c - what is sent arrives: once, in order, and nothing else. */

#include "support/channel_users.h"
#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* --- order ------------------------------------------------------------------ */

static void test_channel_keeps_the_order_around_the_ring(void **state)
{
    il_channel channel;
    int sent = 0;
    int received = 0;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 3), 0);
    for (int round = 0; round < 20; round++) {
        while (il_channel_try_send(&channel, &sent) == 0)
            sent++;
        assert_int_equal(il_channel_count(&channel), 3);
        for (int i = 0; i <= round % 3; i++)
            assert_int_equal(take(&channel), received++);
    }
    while (received < sent)
        assert_int_equal(take(&channel), received++);
    assert_channel_empty(&channel);
    il_channel_fini(&channel);
}

static void test_channel_copies_elements_of_any_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 7, 8, 16, 24, 1000 };
    unsigned char in[1000];
    unsigned char out[1001];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        il_channel channel;

        memset(out, 0, sizeof out);
        assert_int_equal(il_channel_init(&channel, sizes[i], 2), 0);
        for (int n = 0; n < 2; n++)
            assert_int_equal(il_channel_try_send(&channel, in), 0);
        for (int n = 0; n < 2; n++)
            assert_int_equal(il_channel_try_receive(&channel, out), 0);
        assert_memory_equal(in, out, sizes[i]);
        assert_int_equal(out[sizes[i]], 0);
        il_channel_fini(&channel);
    }
}

static void test_channel_serves_receivers_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 3; capacity++) {
        il_channel channel;
        struct receiver v[3] = { { &channel, 1, 0, 0 },
                                 { &channel, 1, 0, 0 },
                                 { &channel, 1, 0, 0 } };

        assert_int_equal(il_channel_init(&channel, sizeof(int), capacity), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, receive_some, &v[i], NULL), 0);
        for (int i = 0; i < 3; i++)
            give(&channel, i + 1);
        settle(f);
        for (int i = 0; i < 3; i++)
            assert_int_equal(v[i].value, i + 1);
        assert_channel_empty(&channel);
        il_channel_fini(&channel);
    }
}

/* A sender that waits comes before one that comes later, who finds no room
 * though one element was just taken. */
static void test_channel_serves_senders_in_the_order_they_came(void **state)
{
    static const char *const expected[] = {
        "0 10 20 30 1 11 21 31",
        "0 1 10 20 30 11 21 31",
        "0 1 10 20 30 11 21 31",
    };
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 3; capacity++) {
        il_channel channel;
        struct sender s[4];
        int values[8];
        int late = 99;

        assert_int_equal(il_channel_init(&channel, sizeof(int), capacity), 0);
        for (int i = 0; i < 4; i++) {
            s[i] = (struct sender){ &channel, 10 * i, 10 * i + 1, 0 };
            assert_int_equal(il_spawn(NULL, send_all, &s[i], NULL), 0);
        }
        assert_int_equal(il_channel_try_send(&channel, &late), -EAGAIN);
        for (int i = 0; i < 8; i++) {
            values[i] = take(&channel);
            if (i == 0)
                assert_int_equal(il_channel_try_send(&channel, &late), -EAGAIN);
            settle(f);
        }
        forget_notes();
        for (int i = 0; i < 8; i++)
            note("%d", values[i]);
        assert_string_equal(noted(), expected[capacity]);
        assert_channel_empty(&channel);
        il_channel_fini(&channel);
    }
}

/* --- meeting ---------------------------------------------------------------- */

static void test_channel_without_room_returns_when_received(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct sender s = { &channel, 1, 2, 0 };
    struct receiver v = { &channel, 2, 0, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
    assert_int_equal(il_spawn(NULL, send_all, &s, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "");
    assert_int_equal(il_channel_count(&channel), 0);
    assert_int_equal(il_spawn(NULL, receive_some, &v, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "r1 s1 s2 r2");
    assert_channel_empty(&channel);
    il_channel_fini(&channel);
}

/* The sender writes into the receiver's variable: nothing is left to be done
 * when the receiver runs. */
static void test_channel_hands_over_before_the_receiver_runs(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct receiver v = { &channel, 1, 0, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 4), 0);
    assert_int_equal(il_spawn(NULL, receive_some, &v, NULL), 0);
    assert_int_equal(v.value, 77);
    give(&channel, 5);
    assert_int_equal(v.value, 5);
    assert_channel_empty(&channel);
    settle(f);
    assert_int_equal(v.r, 0);
    il_channel_fini(&channel);
}

static void test_channel_that_is_full_makes_senders_wait(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct sender s = { &channel, 1, 5, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 2), 0);
    assert_int_equal(il_spawn(NULL, send_all, &s, NULL), 0);
    assert_string_equal(noted(), "s1 s2");
    assert_int_equal(il_channel_count(&channel), 2);
    assert_int_equal(take(&channel), 1);
    assert_int_equal(il_channel_count(&channel), 2); /* 3 took the place */
    settle(f);
    assert_string_equal(noted(), "s1 s2 s3");
    for (int i = 2; i <= 5; i++) {
        assert_int_equal(take(&channel), i);
        settle(f);
    }
    assert_channel_empty(&channel);
    assert_int_equal(s.r, 0);
    il_channel_fini(&channel);
}

/* --- where it works --------------------------------------------------------- */

static void test_channel_outside_tasks_works_without_waiting(void **state)
{
    il_channel channel;
    int value = 3;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_channel_send(&channel, &value), 0);
    assert_int_equal(il_channel_send(&channel, &value), -ESRCH);
    value = 0;
    assert_int_equal(il_channel_receive(&channel, &value), 0);
    assert_int_equal(value, 3);
    value = 99;
    assert_int_equal(il_channel_receive(&channel, &value), -ESRCH);
    assert_int_equal(value, 99);
    il_channel_fini(&channel);
}

static void test_channel_keeps_elements_in_storage_of_the_caller(void **state)
{
    il_channel channel;
    int storage[3] = { -1, -1, -1 };

    (void)state;
    assert_int_equal(il_channel_init_with(&channel, sizeof(int), 2, storage),
                     0);
    give(&channel, 1);
    give(&channel, 2);
    assert_int_equal(storage[0] + storage[1], 3);
    assert_int_equal(il_channel_try_send(&channel, storage), -EAGAIN);
    assert_int_equal(take(&channel), 1);
    assert_int_equal(take(&channel), 2);
    assert_int_equal(storage[2], -1);
    il_channel_fini(&channel);

    assert_int_equal(il_channel_init_with(&channel, sizeof(int), 0, NULL), 0);
    assert_int_equal(il_channel_try_send(&channel, storage), -EAGAIN);
    il_channel_fini(&channel);
}

static void test_channel_misuse_is_refused(void **state)
{
    il_channel channel;
    il_channel zeros = { .capacity = 0 };
    int value = 0;

    (void)state;
    assert_int_equal(il_channel_init(NULL, 1, 1), -EINVAL);
    assert_int_equal(il_channel_init(&channel, 0, 1), -EINVAL);
    assert_int_equal(il_channel_init(&channel, 2, SIZE_MAX / 2 + 1), -ENOMEM);
    assert_int_equal(il_channel_init(&channel, SIZE_MAX, 0), -ENOMEM);
    assert_int_equal(il_channel_init_with(&channel, 4, 1, NULL), -EINVAL);
    assert_int_equal(il_channel_init_with(NULL, 4, 1, &value), -EINVAL);
    assert_int_equal(il_channel_init_with(&channel, 0, 1, &value), -EINVAL);
    assert_int_equal(
        il_channel_init_with(&channel, 2, SIZE_MAX / 2 + 1, &value), -EINVAL);

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_channel_send(NULL, &value), -EINVAL);
    assert_int_equal(il_channel_send(&channel, NULL), -EINVAL);
    assert_int_equal(il_channel_try_send(NULL, &value), -EINVAL);
    assert_int_equal(il_channel_try_send(&channel, NULL), -EINVAL);
    assert_int_equal(il_channel_receive(NULL, &value), -EINVAL);
    assert_int_equal(il_channel_receive(&channel, NULL), -EINVAL);
    assert_int_equal(il_channel_try_receive(NULL, &value), -EINVAL);
    assert_int_equal(il_channel_try_receive(&channel, NULL), -EINVAL);
    assert_int_equal(il_channel_close(NULL), -EINVAL);
    assert_int_equal(il_channel_close_now(NULL), -EINVAL);
    assert_true(il_channel_is_closed(NULL));
    assert_int_equal(il_channel_count(NULL), 0);
    il_channel_set_destroy(NULL, NULL, NULL);
    il_channel_fini(NULL);
    il_channel_fini(&channel);

    /* What was never made, or has been ended. */
    assert_int_equal(il_channel_send(&zeros, &value), -EINVAL);
    assert_int_equal(il_channel_receive(&zeros, &value), -EINVAL);
    assert_int_equal(il_channel_close(&zeros), -EINVAL);
    assert_int_equal(il_channel_try_send(&channel, &value), -EINVAL);
    il_channel_fini(&zeros);
    il_channel_fini(&channel);
}

static void *use_from_other_thread(void *arg)
{
    il_channel *channel = arg;
    int value = 99;

    CHECK_INT(il_channel_send(channel, &value), -ESRCH);
    CHECK_INT(il_channel_try_send(channel, &value), -ESRCH);
    CHECK_INT(il_channel_receive(channel, &value), -ESRCH);
    CHECK_INT(il_channel_try_receive(channel, &value), -ESRCH);
    CHECK_INT(il_channel_close(channel), -ESRCH);
    CHECK_INT(il_channel_close_now(channel), -ESRCH);
    il_channel_fini(channel);
    CHECK_INT(value, 99);
    return NULL;
}

static void test_channel_of_another_thread_is_refused(void **state)
{
    il_channel channel;
    pthread_t thread;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 2), 0);
    give(&channel, 7);
    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &channel), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(il_channel_is_closed(&channel));
    assert_int_equal(take(&channel), 7);
    il_channel_fini(&channel);
}

static void test_channel_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct sender s = { &channel, 1, 2, 0 };
    struct receiver v = { &channel, 9, 0, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_spawn(NULL, send_all, &s, NULL), 0);
    dump_now();
    assert_true(has("room in a channel"));
    assert_int_equal(il_spawn(NULL, receive_some, &v, NULL), 0);
    settle(f);
    dump_now();
    assert_true(has("something in a channel"));
    il_channel_fini(&channel);
    settle(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_channel_keeps_the_order_around_the_ring),
        TEST(test_channel_copies_elements_of_any_size),
        TEST(test_channel_serves_receivers_in_the_order_they_came),
        TEST(test_channel_serves_senders_in_the_order_they_came),
        TEST(test_channel_without_room_returns_when_received),
        TEST(test_channel_hands_over_before_the_receiver_runs),
        TEST(test_channel_that_is_full_makes_senders_wait),
        TEST(test_channel_outside_tasks_works_without_waiting),
        TEST(test_channel_keeps_elements_in_storage_of_the_caller),
        TEST(test_channel_misuse_is_refused),
        TEST(test_channel_of_another_thread_is_refused),
        TEST(test_channel_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
