/* SPDX-License-Identifier: MIT */

/* test_match.c - a task waits for the emission that it wants, and what asks
 * which one that is may do as it likes, but not suspend. */

#include "guest_fixture.h"

#include <errno.h>

struct search {
    TestSender *sender;
    il_loop *loop;
    GMainLoop *modal;
    il_time timeout;
    int wanted;
    int n_asked;
    int found;
    int r; /* 1 until the wait is over */
    bool over;
};

/* Outlives each test's tasks. */
static struct search search;

static struct search *begin(int wanted)
{
    search = (struct search){ .sender = test_sender_new(),
                              .timeout = IL_FOREVER,
                              .wanted = wanted,
                              .r = 1 };
    return &search;
}

static bool is_wanted(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;

    s->n_asked++;
    CHECK(il_g_emission_get_sender(emission) == s->sender);
    return il_g_emission_get_int(emission, 0) == s->wanted;
}

static int run_search(struct search *s, il_g_match_fn *match)
{
    il_g_emission *emission = NULL;

    s->r = il_g_wait_signal_if(s->sender, "poked", s->timeout, match, s,
                               &emission);
    CHECK((s->r == 0) == (emission != NULL));
    s->found = (int)il_g_emission_get_int(emission, 0);
    (void)il_g_emission_free(emission);
    s->over = true;
    return s->r == -ECANCELED ? s->r : 0;
}

static int find(void *arg)
{
    return run_search(arg, is_wanted);
}

static gulong handler_of(TestSender *sender)
{
    return g_signal_handler_find(sender, G_SIGNAL_MATCH_ID,
                                 g_signal_lookup("poked", TEST_TYPE_SENDER), 0,
                                 NULL, NULL, NULL);
}

static void test_match_finds_the_one_in_a_burst(void **state)
{
    struct search *s = begin(3);
    gulong handler;

    (void)state;
    assert_int_equal(il_spawn(NULL, find, s, NULL), 0);
    handler = handler_of(s->sender);
    assert_true(handler != 0);
    test_sender_poke(s->sender, 1, "x");
    iterate_for(5);
    assert_int_equal(s->r, 1);
    assert_int_equal(handler_of(s->sender), handler);
    for (int i = 2; i < 6; i++)
        test_sender_poke(s->sender, i, "x");
    assert_int_equal(handler_of(s->sender), 0);
    assert_true(iterate_until(&s->over, 5000));
    assert_int_equal(s->r, 0);
    assert_int_equal(s->found, 3);
    assert_int_equal(s->n_asked, 3);
    g_object_unref(s->sender);
}

static gpointer poke_all(gpointer data)
{
    for (int i = 1; i <= 200; i++)
        test_sender_poke(data, i, "x");
    return NULL;
}

static void test_match_is_asked_in_the_thread_of_the_loop(void **state)
{
    struct search *s = begin(150);
    GThread *thread;

    (void)state;
    assert_int_equal(il_spawn(NULL, find, s, NULL), 0);
    thread = g_thread_new("poker", poke_all, s->sender);
    assert_true(iterate_until(&s->over, 5000));
    (void)g_thread_join(thread);
    assert_int_equal(s->found, 150);
    assert_int_equal(s->n_asked, 150);
    iterate_for(2);
    g_object_unref(s->sender);
}

static void test_match_others_do_not_move_the_deadline(void **state)
{
    struct search *s = begin(-1);
    il_time before = il_now();

    (void)state;
    s->timeout = runs_slowly() ? IL_SEC(1) : IL_MS(20);
    assert_int_equal(il_spawn(NULL, find, s, NULL), 0);
    while (!s->over && il_now() - before < IL_SEC(5)) {
        test_sender_poke(s->sender, 1, "x");
        iterate_for(1);
    }
    assert_int_equal(s->r, -ETIMEDOUT);
    assert_true(s->n_asked > 1);
    assert_true(il_now() - before >= s->timeout);
    g_object_unref(s->sender);
}

static void test_match_wait_is_cancelled(void **state)
{
    struct search *s = begin(2);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, find, s, &task), 0);
    test_sender_poke(s->sender, 1, "x");
    assert_int_equal(il_task_cancel(task), 0);
    test_sender_poke(s->sender, 2, "too late");
    assert_true(iterate_until(&s->over, 5000));
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(handler_of(s->sender), 0);
    g_object_unref(s->sender);
}

/* --- a match that would suspend ----------------------------------------------- */

static int suspend_results[4];

static bool suspends(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;

    (void)emission;
    s->n_asked++;
    suspend_results[0] = il_sleep(IL_MS(1));
    suspend_results[1] = il_yield();
    suspend_results[2] = il_g_wait_signal(s->sender, "poked", IL_FOREVER, NULL);
    suspend_results[3] =
        il_g_wait_property_int(s->sender, "level", 99, IL_FOREVER);
    return s->n_asked == 2;
}

static int find_suspending(void *arg)
{
    return run_search(arg, suspends);
}

static void test_match_cannot_suspend_outside_tasks(void **state)
{
    struct search *s = begin(0);

    (void)state;
    assert_int_equal(il_spawn(NULL, find_suspending, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    for (int i = 0; i < 4; i++)
        assert_int_equal(suspend_results[i], -ESRCH);
    test_sender_poke(s->sender, 2, "x");
    assert_true(iterate_until(&s->over, 5000));
    assert_int_equal(s->found, 2);
    g_object_unref(s->sender);
}

static int poke_in_a_task(void *arg)
{
    struct search *s = arg;

    for (int i = 1; i < 3; i++) {
        test_sender_poke(s->sender, i, "x");
        for (int k = 0; k < 4; k++)
            CHECK_INT(suspend_results[k], -EDEADLK);
        CHECK_INT(il_yield(), 0); /* but here one can */
        CHECK_INT(il_sleep(IL_MS(1)), 0);
    }
    note("poked");
    return 0;
}

static void test_match_cannot_suspend_the_task_that_emits(void **state)
{
    struct fixture *f = *state;
    struct search *s = begin(0);

    assert_int_equal(il_spawn(NULL, find_suspending, s, NULL), 0);
    assert_int_equal(il_spawn(NULL, poke_in_a_task, s, NULL), 0);
    assert_true(iterate_until(&s->over, 5000));
    iterate_for(5);
    assert_int_equal(s->found, 2);
    assert_string_equal(noted(), "poked");
    while (f->n_reports > 0)
        assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
    g_object_unref(s->sender);
}

static int helper(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("helped");
    return 0;
}

/* A task of its own may: it has its own stack. */
static bool spawns(const il_g_emission *emission, gpointer data)
{
    (void)emission;
    (void)data;
    CHECK_INT(il_spawn(NULL, helper, NULL, NULL), 0);
    return true;
}

static int find_spawning(void *arg)
{
    return run_search(arg, spawns);
}

static void test_match_may_spawn(void **state)
{
    struct search *s = begin(0);

    (void)state;
    assert_int_equal(il_spawn(NULL, find_spawning, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    assert_true(iterate_until(&s->over, 5000));
    expect_notes("helped");
    g_object_unref(s->sender);
}

static int poke_once(void *arg)
{
    struct search *s = arg;

    test_sender_poke(s->sender, 1, "x");
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("slept");
    return 0;
}

/* Both tasks can suspend afterwards. */
static void test_match_may_spawn_inside_a_task(void **state)
{
    struct search *s = begin(0);

    (void)state;
    assert_int_equal(il_spawn(NULL, find_spawning, s, NULL), 0);
    assert_int_equal(il_spawn(NULL, poke_once, s, NULL), 0);
    assert_true(iterate_until(&s->over, 5000));
    expect_notes("slept helped");
    g_object_unref(s->sender);
}

/* --- a match that ends what it is asked for ------------------------------------- */

static bool disposes(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;

    g_object_run_dispose(il_g_emission_get_sender(emission));
    return s->wanted == (int)il_g_emission_get_int(emission, 0);
}

static int find_disposing(void *arg)
{
    return run_search(arg, disposes);
}

/* GObject lets the emission end before it takes the handlers away. */
static void test_match_that_disposes_the_sender(void **state)
{
    (void)state;
    for (int wanted = 1; wanted < 3; wanted++) {
        struct search *s = begin(wanted);

        assert_int_equal(il_spawn(NULL, find_disposing, s, NULL), 0);
        test_sender_poke(s->sender, 1, "x");
        test_sender_poke(s->sender, 2, "unheard");
        assert_true(iterate_until(&s->over, 5000));
        assert_int_equal(s->r, wanted == 1 ? 0 : -EOWNERDEAD);
        g_object_unref(s->sender);
    }
}

/* The inner emission is found first. */
static bool emits_again(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;
    int number = (int)il_g_emission_get_int(emission, 0);

    if (number < 5)
        test_sender_poke(s->sender, number + 1, "x");
    return number >= 2;
}

static int find_emitting(void *arg)
{
    return run_search(arg, emits_again);
}

static void test_match_that_emits_again(void **state)
{
    struct search *s = begin(0);

    (void)state;
    assert_int_equal(il_spawn(NULL, find_emitting, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    assert_true(iterate_until(&s->over, 5000));
    assert_int_equal(s->found, 5);
    g_object_unref(s->sender);
}

static gboolean quit_when_over(gpointer data)
{
    struct search *s = data;

    if (!s->over)
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(s->modal);
    return G_SOURCE_REMOVE;
}

/* The waiting task returns meanwhile: its record is gone. */
static bool runs_a_loop(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;

    s->modal = g_main_loop_new(NULL, FALSE);
    (void)g_timeout_add(1, quit_when_over, s);
    g_main_loop_run(s->modal);
    g_main_loop_unref(s->modal);
    CHECK(s->over);
    CHECK_INT(il_g_emission_get_int(emission, 0), 1);
    note("asked");
    return true;
}

static int find_modally(void *arg)
{
    return run_search(arg, runs_a_loop);
}

static void test_match_outlives_the_wait(void **state)
{
    struct search *s = begin(0);

    (void)state;
    s->timeout = IL_MS(10);
    assert_int_equal(il_spawn(NULL, find_modally, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    assert_string_equal(noted(), "asked");
    assert_int_equal(s->r, -ETIMEDOUT);
    g_object_unref(s->sender);
}

static void test_match_outlives_the_wait_in_a_task(void **state)
{
    struct search *s = begin(0);

    (void)state;
    s->timeout = IL_MS(10);
    assert_int_equal(il_spawn(NULL, find_modally, s, NULL), 0);
    assert_int_equal(il_spawn(NULL, poke_once, s, NULL), 0);
    iterate_for(10);
    expect_notes("asked slept");
    assert_int_equal(s->r, -ETIMEDOUT);
    g_object_unref(s->sender);
}

static bool ends_the_guest(const il_g_emission *emission, gpointer data)
{
    struct search *s = data;

    (void)emission;
    CHECK_INT(il_g_end(s->loop, IL_SEC(1)), 0);
    CHECK(s->over);
    return true;
}

static int find_ending(void *arg)
{
    return run_search(arg, ends_the_guest);
}

static void test_match_that_ends_the_guest(void **state)
{
    struct fixture *f = *state;
    struct search *s = begin(0);

    s->loop = f->loop;
    assert_int_equal(il_spawn(NULL, find_ending, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    f->loop = NULL;
    assert_int_equal(s->r, -ECANCELED);
    g_object_unref(s->sender);
}

static int find_shielded(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(60), &r) {
        (void)find(arg);
    }
    return 0;
}

static void test_match_wait_ends_with_the_guest(void **state)
{
    struct fixture *f = *state;
    struct search *s = begin(2);

    assert_int_equal(il_spawn(NULL, find_shielded, s, NULL), 0);
    test_sender_poke(s->sender, 1, "x");
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_int_equal(s->r, -ESHUTDOWN);
    assert_int_equal(handler_of(s->sender), 0);
    g_object_unref(s->sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_match_finds_the_one_in_a_burst),
        GUEST_TEST(test_match_is_asked_in_the_thread_of_the_loop),
        GUEST_TEST(test_match_others_do_not_move_the_deadline),
        GUEST_TEST(test_match_wait_is_cancelled),
        GUEST_TEST(test_match_cannot_suspend_outside_tasks),
        GUEST_TEST(test_match_cannot_suspend_the_task_that_emits),
        GUEST_TEST(test_match_may_spawn),
        GUEST_TEST(test_match_may_spawn_inside_a_task),
        GUEST_TEST(test_match_that_disposes_the_sender),
        GUEST_TEST(test_match_that_emits_again),
        GUEST_TEST(test_match_outlives_the_wait),
        GUEST_TEST(test_match_outlives_the_wait_in_a_task),
        GUEST_TEST(test_match_that_ends_the_guest),
        GUEST_TEST(test_match_wait_ends_with_the_guest),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
