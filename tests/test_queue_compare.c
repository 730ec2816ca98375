/* SPDX-License-Identifier: MIT */

/* test_queue_compare.c - the function that orders a queue of priorities. */

#include "support/fixture.h"
#include "support/queue_users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct job {
    int urgency; /* small numbers come first */
    int id;
};

static int by_urgency(const void *a, const void *b, void *arg)
{
    const struct job *first = a;
    const struct job *second = b;

    (void)arg;
    return (first->urgency > second->urgency) -
           (first->urgency < second->urgency);
}

/* --- order ------------------------------------------------------------------ */

/* Of equals the one that was put first comes first, however the heap has
 * turned them. */
static void test_queue_of_equals_the_first_comes_first(void **state)
{
    il_queue queue;
    int last[4] = { -1, -1, -1, -1 };
    unsigned random = 1;
    int id = 0;

    (void)state;
    assert_int_equal(il_queue_init_priority(&queue, sizeof(struct job), 50,
                                            by_urgency, NULL),
                     0);
    for (int i = 0; i < 5000; i++) {
        struct job job = { 0, 0 };

        random = random * 1103515245 + 12345;
        job.urgency = (int)(random >> 16) % 4;
        job.id = id;
        if (random & 0x8000 && il_queue_try_put(&queue, &job) == 0) {
            id++;
        } else if (il_queue_try_get(&queue, &job) == 0) {
            assert_true(job.id > last[job.urgency]);
            last[job.urgency] = job.id;
        }
    }
    assert_true(id > 1000);
    il_queue_fini(&queue);
}

static int compare_ints(const void *a, const void *b)
{
    return by_number(a, b, NULL);
}

/* Whatever is put, and however it is mixed with getting. */
static void test_queue_of_priorities_sorts(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 64; n++) {
        il_queue queue = make_queue(PRIORITY, n);
        int values[64];
        unsigned random = (unsigned)n;

        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < n; i++) {
                random = random * 1103515245 + 12345;
                values[i] = (int)(random >> 16) % 100;
                put(&queue, values[i]);
            }
            qsort(values, n, sizeof(int), compare_ints);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(get(&queue), values[i]);
        }
        il_queue_fini(&queue);
    }
}

static int by_first_byte(const void *a, const void *b, void *arg)
{
    int sign = *(int *)arg;

    return sign * (*(const unsigned char *)a - (int)*(const unsigned char *)b);
}

/* Elements of any size, and an order that depends on an argument. */
static void test_queue_copies_elements_of_any_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 7, 8, 16, 24, 1000 };
    unsigned char in[3][1000];
    unsigned char out[1001];
    int sign = -1;

    (void)state;
    for (int n = 0; n < 3; n++)
        for (size_t i = 0; i < sizeof in[0]; i++)
            in[n][i] = (unsigned char)((int)i * 7 + n);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        il_queue queue;

        assert_int_equal(
            il_queue_init_priority(&queue, sizes[i], 3, by_first_byte, &sign),
            0);
        for (int n = 0; n < 3; n++)
            assert_int_equal(il_queue_try_put(&queue, in[n]), 0);
        for (int n = 2; n >= 0; n--) {
            memset(out, 0, sizeof out);
            assert_int_equal(il_queue_try_get(&queue, out), 0);
            assert_memory_equal(in[n], out, sizes[i]);
            assert_int_equal(out[sizes[i]], 0);
        }
        il_queue_fini(&queue);
    }
}

/* --- the function that compares ----------------------------------------------- */

struct meddler {
    il_queue queue;
    int r[6];
    bool sleeps;
};

static int meddle(const void *a, const void *b, void *arg)
{
    struct meddler *m = arg;
    int value = 0;

    m->r[0] = il_queue_try_put(&m->queue, a);
    m->r[1] = il_queue_try_get(&m->queue, &value);
    m->r[2] = il_queue_put(&m->queue, a);
    m->r[3] = il_queue_get(&m->queue, &value);
    m->r[4] = il_queue_close_now(&m->queue);
    il_queue_fini(&m->queue);
    if (m->sleeps)
        m->r[5] = il_sleep(IL_MS(5));
    return by_number(a, b, NULL);
}

static void test_queue_refuses_who_compares(void **state)
{
    struct meddler m = { .sleeps = false };
    static const int in[] = { 5, 3, 9, 1 };
    static const int out[] = { 1, 3, 5, 9 };

    (void)state;
    assert_int_equal(
        il_queue_init_priority(&m.queue, sizeof(int), 4, meddle, &m), 0);
    for (int i = 0; i < 4; i++)
        put(&m.queue, in[i]);
    for (int i = 0; i < 5; i++)
        assert_int_equal(m.r[i], -EBUSY);
    for (int i = 0; i < 4; i++)
        assert_int_equal(get(&m.queue), out[i]);
    assert_queue_empty(&m.queue);
    il_queue_fini(&m.queue);
}

static int put_and_get(void *arg)
{
    struct meddler *m = arg;
    int value = -1;

    for (int i = 0; i < 4; i++)
        CHECK_INT(il_queue_put(&m->queue, &i), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(il_queue_get(&m->queue, &value), 0);
        CHECK_INT(value, i);
    }
    note("done");
    return 0;
}

/* It should not wait, but if it does, the others are told and nothing breaks. */
static void test_queue_is_busy_while_somebody_compares(void **state)
{
    struct fixture *f = *state;
    struct meddler m = { .sleeps = true };
    il_task *task;
    int value = 7;

    assert_int_equal(
        il_queue_init_priority(&m.queue, sizeof(int), 4, meddle, &m), 0);
    assert_int_equal(il_spawn(NULL, put_and_get, &m, &task), 0);
    assert_int_equal(il_queue_try_put(&m.queue, &value), -EBUSY);
    assert_int_equal(il_queue_try_get(&m.queue, &value), -EBUSY);
    assert_int_equal(il_queue_close_now(&m.queue), -EBUSY);
    il_queue_fini(&m.queue); /* left alone */
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "done");
    assert_int_equal(m.r[5], 0);
    assert_int_equal(reap(task), 0);
    assert_queue_empty(&m.queue);
    il_queue_fini(&m.queue);
}

static int say_done(const void *a, const void *b, void *arg)
{
    CHECK_INT(il_queue_task_done(arg), -EPERM);
    return by_number(a, b, NULL);
}

/* What is being disposed of was not got, so nobody can have done it; it counted
 * as got while those that were left were compared, and was done twice. */
static void test_queue_counts_what_it_disposes_of_once(void **state)
{
    il_queue queue;

    (void)state;
    assert_int_equal(
        il_queue_init_priority(&queue, sizeof(int), 4, say_done, &queue), 0);
    for (int i = 0; i < 4; i++)
        put(&queue, i);
    assert_int_equal(il_queue_close_now(&queue), 0);
    assert_int_equal(il_queue_unfinished(&queue), 0);
    il_queue_fini(&queue);
}

static int at_random(const void *a, const void *b, void *arg)
{
    unsigned *random = arg;

    (void)a;
    (void)b;
    *random = *random * 1103515245 + 12345;
    return (int)(*random >> 16) % 3 - 1;
}

/* A function that is no order: in whatever order they come, all come, once. */
static void test_queue_loses_nothing_to_a_wrong_order(void **state)
{
    il_queue queue;
    unsigned random = 1;
    bool seen[40] = { false };

    (void)state;
    assert_int_equal(
        il_queue_init_priority(&queue, sizeof(int), 40, at_random, &random), 0);
    for (int i = 0; i < 40; i++)
        put(&queue, i);
    for (int i = 0; i < 40; i++) {
        int value = get(&queue);

        assert_true(value >= 0 && value < 40 && !seen[value]);
        seen[value] = true;
    }
    assert_queue_empty(&queue);
    il_queue_fini(&queue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queue_of_equals_the_first_comes_first),
        TEST(test_queue_of_priorities_sorts),
        TEST(test_queue_copies_elements_of_any_size),
        TEST(test_queue_refuses_who_compares),
        TEST(test_queue_is_busy_while_somebody_compares),
        TEST(test_queue_counts_what_it_disposes_of_once),
        TEST(test_queue_loses_nothing_to_a_wrong_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
