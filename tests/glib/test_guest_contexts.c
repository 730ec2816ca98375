/* SPDX-License-Identifier: MIT */

/* test_guest_contexts.c - guests and tasks with main contexts of their own. */

#include "guest_fixture.h"

#include <errno.h>
#include <pthread.h>

static int use_own_context(void *arg)
{
    GMainContext *own = g_main_context_new();

    g_main_context_push_thread_default(own);
    CHECK_INT(il_yield(), 0);
    CHECK(g_main_context_get_thread_default() == own);
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    CHECK(g_main_context_get_thread_default() == own);
    g_main_context_pop_thread_default(own);
    g_main_context_unref(own);
    *(bool *)arg = true;
    return 0;
}

static int see_no_context(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        CHECK(g_main_context_get_thread_default() == NULL);
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

static void test_guest_thread_default_context_belongs_to_the_task(void **state)
{
    bool over[2] = { false, false };

    (void)state;
    assert_int_equal(il_spawn(NULL, use_own_context, &over[0], NULL), 0);
    assert_null(g_main_context_get_thread_default());
    assert_int_equal(il_spawn(NULL, see_no_context, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, use_own_context, &over[1], NULL), 0);
    assert_null(g_main_context_get_thread_default());
    assert_true(iterate_until(&over[1], 5000));
    assert_true(iterate_until(&over[0], 5000));
}

struct pusher {
    int n;               /* contexts of its own */
    GMainContext *found; /* what every task has */
    int *n_left;
};

/* Each has others on top at each yield, and hands over to one with more or less. */
static int push_some(void *arg)
{
    const struct pusher *me = arg;
    GMainContext *own[3];

    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < me->n; i++) {
            own[i] = g_main_context_new();
            g_main_context_push_thread_default(own[i]);
            CHECK_INT(il_yield(), 0);
            CHECK(g_main_context_get_thread_default() == own[i]);
        }
        for (int i = me->n - 1; i >= 0; i--) {
            CHECK(g_main_context_get_thread_default() == own[i]);
            g_main_context_pop_thread_default(own[i]);
            g_main_context_unref(own[i]);
            CHECK_INT(il_yield(), 0);
        }
        CHECK(g_main_context_get_thread_default() == me->found);
        CHECK_INT(il_yield(), 0);
    }
    --*me->n_left;
    return 0;
}

static void push_in_four_tasks(GMainContext *context, GMainContext *found)
{
    struct pusher pushers[4];
    int n_left = 4;

    for (int i = 0; i < 4; i++) {
        pushers[i] = (struct pusher){ i, found, &n_left };
        assert_int_equal(il_spawn_lazy(NULL, push_some, &pushers[i], NULL), 0);
    }
    while (n_left > 0)
        (void)g_main_context_iteration(context, TRUE);
    assert_null(g_main_context_get_thread_default());
}

static void test_guest_tasks_hand_over_without_their_contexts(void **state)
{
    (void)state;
    push_in_four_tasks(NULL, NULL);
}

static void test_guest_tasks_of_another_context_all_have_it(void **state)
{
    GMainContext *context = g_main_context_new();
    il_loop *loop = NULL;

    (void)state;
    assert_int_equal(il_g_begin(context, &loop), 0);
    push_in_four_tasks(context, context);
    assert_int_equal(il_g_end(loop, 0), 0);
    g_main_context_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_guest_thread_default_context_belongs_to_the_task),
        GUEST_TEST(test_guest_tasks_hand_over_without_their_contexts),
        cmocka_unit_test(test_guest_tasks_of_another_context_all_have_it),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
