/* SPDX-License-Identifier: MIT */

/* test_stream.c - emissions of several senders, buffered for one task. */

#include "guest_fixture.h"

#include <errno.h>

/* A task that notes what it reads, "tag number" or what ended it. */
struct reader {
    il_g_stream *stream;
    il_time timeout;
    int n_wanted; /* how many to read */
    int r;        /* of the last; 1 until the first came */
    bool over;
};

static struct reader reader;

static int read_all(void *arg)
{
    struct reader *rd = arg;

    for (int i = 0; i < rd->n_wanted; i++) {
        il_g_emission *emission = NULL;

        rd->r = il_g_stream_next(rd->stream, rd->timeout, &emission);
        CHECK((rd->r == 0) == (emission != NULL));
        if (rd->r < 0)
            break;
        note("%d", (int)il_g_emission_get_int(emission, 0));
        (void)il_g_emission_free(emission);
    }
    rd->over = true;
    return rd->r == -ECANCELED ? rd->r : 0;
}

static il_g_stream *make_stream(guint capacity, il_g_overflow overflow,
                                TestSender *sender)
{
    il_g_stream *stream = NULL;

    assert_int_equal(il_g_stream_new(capacity, overflow, &stream), 0);
    if (sender)
        assert_int_equal(il_g_stream_add(stream, sender, "poked", NULL), 0);
    return stream;
}

static struct reader *start_reader(il_g_stream *stream, int n_wanted,
                                   il_task **ret_task)
{
    reader = (struct reader){
        .stream = stream, .timeout = IL_FOREVER, .n_wanted = n_wanted, .r = 1
    };
    assert_int_equal(il_spawn(NULL, read_all, &reader, ret_task), 0);
    return &reader;
}

static void poke(TestSender *sender, int from, int to)
{
    for (int i = from; i <= to; i++)
        test_sender_poke(sender, i, "x");
}

/* Take all that is buffered, outside every task. */
static void drain(il_g_stream *stream)
{
    il_g_emission *emission;

    while (il_g_stream_try_next(stream, &emission) == 0) {
        note("%d", (int)il_g_emission_get_int(emission, 0));
        (void)il_g_emission_free(emission);
    }
}

/* --- what comes ------------------------------------------------------------------ */

static void test_stream_gives_a_burst_in_order(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(16, IL_G_DROP_OLDEST, sender);
    struct reader *rd = start_reader(stream, 6, NULL);

    (void)state;
    iterate_for(2);
    assert_int_equal(rd->r, 1);
    poke(sender, 1, 4);
    assert_string_equal(noted(), "");
    iterate_for(2);
    poke(sender, 5, 6);
    assert_true(iterate_until(&rd->over, 5000));
    assert_string_equal(noted(), "1 2 3 4 5 6");
    assert_int_equal(il_g_stream_get_n_lost(stream), 0);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

/* Nobody waits: nothing is missed. */
static void test_stream_buffers_while_nobody_waits(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(16, IL_G_DROP_OLDEST, sender);
    struct reader *rd;

    (void)state;
    poke(sender, 1, 3);
    rd = start_reader(stream, 3, NULL);
    assert_true(rd->over); /* without suspending */
    assert_string_equal(noted(), "1 2 3");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static void test_stream_keeps_order_across_senders(void **state)
{
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    il_g_stream *stream = make_stream(16, IL_G_DROP_OLDEST, NULL);
    il_g_emission *e;

    (void)state;
    assert_int_equal(il_g_stream_add(stream, a, "poked::blue", TEXT("A")), 0);
    assert_int_equal(il_g_stream_add(stream, b, "poked", TEXT("B")), 0);
    assert_int_equal(il_g_stream_add(stream, b, "passed", TEXT("P")), 0);
    poke(b, 1, 1);
    g_signal_emit_by_name(a, "poked::red", 2, "red");
    g_signal_emit_by_name(a, "poked::blue", 3, "blue");
    g_signal_emit_by_name(b, "passed", a);
    poke(b, 4, 4);
    for (int i = 0; i < 4; i++) {
        const char *detail;

        assert_int_equal(il_g_stream_try_next(stream, &e), 0);
        detail = il_g_emission_get_detail(e);
        note("%s.%s%s%s.%d", (const char *)il_g_emission_get_tag(e),
             il_g_emission_get_signal(e), detail ? "." : "",
             detail ? detail : "", (int)il_g_emission_get_int(e, 0));
        assert_ptr_equal(il_g_emission_get_sender(e), i == 1 ? a : b);
        (void)il_g_emission_free(e);
    }
    assert_string_equal(noted(),
                        "B.poked.1 A.poked.blue.3 P.passed.0 B.poked.4");
    assert_int_equal(il_g_stream_try_next(stream, &e), -EAGAIN);
    assert_null(il_g_stream_free(stream));
    g_object_unref(a);
    g_object_unref(b);
}

static void test_stream_may_be_added_to_while_a_task_waits(void **state)
{
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    il_g_stream *stream = make_stream(4, IL_G_DROP_OLDEST, a);
    struct reader *rd = start_reader(stream, 1, NULL);

    (void)state;
    assert_int_equal(il_g_stream_add(stream, b, "poked", NULL), 0);
    poke(b, 5, 5);
    assert_true(iterate_until(&rd->over, 5000));
    assert_string_equal(noted(), "5");
    assert_null(il_g_stream_free(stream));
    g_object_unref(a);
    g_object_unref(b);
}

static gpointer poke_300(gpointer sender)
{
    poke(sender, 1, 300);
    return NULL;
}

static void test_stream_hears_other_threads(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(1000, IL_G_DROP_OLDEST, sender);
    GThread *thread = g_thread_new("poker", poke_300, sender);
    struct reader *rd = start_reader(stream, 300, NULL);
    g_autoptr(GString) expected = g_string_new("1");

    (void)state;
    for (int i = 2; i <= 300; i++)
        g_string_append_printf(expected, " %d", i);
    assert_true(iterate_until(&rd->over, 5000));
    (void)g_thread_join(thread);
    assert_int_equal(rd->r, 0);
    assert_string_equal(noted(), expected->str);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

/* What is under way finds nobody. */
static void test_stream_freed_while_other_threads_emit(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    for (int i = 0; i < 10; i++) {
        il_g_stream *stream = make_stream(8, IL_G_DROP_OLDEST, sender);
        GThread *thread = g_thread_new("poker", poke_300, sender);

        iterate_for(i % 3);
        assert_null(il_g_stream_free(stream));
        (void)g_thread_join(thread);
    }
    iterate_for(2);
    g_object_unref(sender);
}

/* --- overflow ---------------------------------------------------------------------- */

static void overflow(il_g_overflow policy, guint capacity, const char *expected,
                     unsigned n_lost)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(capacity, policy, sender);
    struct reader *rd;

    forget_notes();
    poke(sender, 1, 5);
    assert_int_equal(il_g_stream_get_n_lost(stream), n_lost);
    drain(stream);
    assert_string_equal(noted(), expected);
    /* The same if a task waits for the first. */
    forget_notes();
    rd = start_reader(stream, 1, NULL);
    poke(sender, 1, 5);
    assert_true(iterate_until(&rd->over, 5000));
    drain(stream);
    assert_string_equal(noted(), expected);
    assert_int_equal(il_g_stream_get_n_lost(stream), 2 * n_lost);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static void test_stream_drops_the_oldest(void **state)
{
    (void)state;
    overflow(IL_G_DROP_OLDEST, 2, "4 5", 3);
    overflow(IL_G_DROP_OLDEST, 5, "1 2 3 4 5", 0);
}

static void test_stream_drops_the_newest(void **state)
{
    (void)state;
    overflow(IL_G_DROP_NEWEST, 2, "1 2", 3);
}

static void test_stream_keeps_the_latest_only(void **state)
{
    (void)state;
    overflow(IL_G_LATEST_ONLY, 0, "5", 4);
    overflow(IL_G_LATEST_ONLY, 100, "5", 4);
}

/* --- waits that end otherwise -------------------------------------------------------- */

static void test_stream_times_out_and_goes_on(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(4, IL_G_DROP_OLDEST, sender);
    il_time before = il_now();

    (void)state;
    reader = (struct reader){ .stream = stream,
                              .timeout = IL_MS(10),
                              .n_wanted = 1 };
    assert_int_equal(il_spawn(NULL, read_all, &reader, NULL), 0);
    assert_true(iterate_until(&reader.over, 5000));
    assert_int_equal(reader.r, -ETIMEDOUT);
    assert_true(il_now() - before >= IL_MS(10));
    poke(sender, 7, 7);
    reader.timeout = 0; /* does not wait, but takes what is there */
    reader.n_wanted = 2;
    assert_int_equal(il_spawn(NULL, read_all, &reader, NULL), 0);
    iterate_for(2);
    expect_notes("7");
    assert_int_equal(reader.r, -ETIMEDOUT);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static void test_stream_cancel_loses_nothing(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(8, IL_G_DROP_OLDEST, sender);
    il_task *task;

    (void)state;
    for (int when = 0; when < 3; when++) {
        (void)start_reader(stream, 1, &task);
        if (when == 1)
            poke(sender, 1, 1); /* granted before the cancel */
        assert_int_equal(il_task_cancel(task), 0);
        if (when == 2)
            poke(sender, 2, 2); /* after it, before the task runs */
        iterate_for(2);
        assert_int_equal(reap(task), when == 1 ? 0 : -ECANCELED);
    }
    poke(sender, 3, 3);
    drain(stream);
    assert_string_equal(noted(), "1 2 3");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static int read_cancelled(void *stream)
{
    il_g_emission *emission = NULL;

    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_g_stream_next(stream, i == 0 ? 0 : IL_FOREVER, &emission),
                  -ECANCELED);
    CHECK(emission == NULL);
    return -ECANCELED;
}

/* A full buffer does not keep a task from noticing. */
static void test_stream_gives_nothing_to_a_cancelled_task(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(8, IL_G_DROP_OLDEST, sender);
    il_task *task;

    (void)state;
    poke(sender, 1, 2);
    assert_int_equal(il_spawn(NULL, read_cancelled, stream, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), -ECANCELED);
    drain(stream);
    assert_string_equal(noted(), "1 2");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static int read_second(void *stream)
{
    CHECK_INT(il_g_stream_next(stream, IL_FOREVER, NULL), -EBUSY);
    CHECK_INT(il_g_stream_try_next(stream, NULL), -EBUSY);
    note("busy");
    return 0;
}

static void test_stream_has_one_reader_at_a_time(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(8, IL_G_DROP_OLDEST, sender);
    struct reader *rd = start_reader(stream, 1, NULL);

    (void)state;
    assert_int_equal(il_spawn(NULL, read_second, stream, NULL), 0);
    poke(sender, 1, 2);
    /* Woken is not yet served. */
    assert_int_equal(il_spawn(NULL, read_second, stream, NULL), 0);
    assert_true(iterate_until(&rd->over, 5000));
    assert_string_equal(noted(), "busy busy 1");
    drain(stream);
    assert_string_equal(noted(), "busy busy 1 2");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static bool nested_over;

static gboolean quit_modal(gpointer modal)
{
    g_main_loop_quit(modal);
    return G_SOURCE_REMOVE;
}

static gboolean read_nested(gpointer stream)
{
    il_g_emission *emission = NULL;

    CHECK_INT(il_g_stream_next(stream, IL_FOREVER, &emission), -EDEADLK);
    CHECK_INT(il_g_stream_try_next(stream, &emission), -EAGAIN);
    CHECK(emission == NULL);
    nested_over = true;
    return G_SOURCE_REMOVE;
}

static int open_modal(void *stream)
{
    GMainLoop *modal = g_main_loop_new(NULL, FALSE);

    (void)g_idle_add(read_nested, stream);
    (void)g_timeout_add(10, quit_modal, modal);
    g_main_loop_run(modal);
    g_main_loop_unref(modal);
    return 0;
}

static void test_stream_cannot_be_waited_for_under_a_nested_loop(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(8, IL_G_DROP_OLDEST, sender);

    nested_over = false;
    assert_int_equal(il_spawn(NULL, open_modal, stream, NULL), 0);
    assert_true(nested_over);
    assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
    poke(sender, 1, 1);
    drain(stream);
    assert_string_equal(noted(), "1");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static int misuse(void *arg)
{
    TestSender *sender = arg;
    il_g_stream *stream = NULL;

    CHECK_INT(il_g_stream_new(0, IL_G_DROP_OLDEST, &stream), -EINVAL);
    CHECK_INT(il_g_stream_new(1, (il_g_overflow)77, &stream), -EINVAL);
    CHECK_INT(il_g_stream_new(1, IL_G_DROP_OLDEST, NULL), -EINVAL);
    CHECK(stream == NULL);
    CHECK_INT(il_g_stream_add(NULL, sender, "poked", NULL), -EINVAL);
    CHECK_INT(il_g_stream_next(NULL, 0, NULL), -EINVAL);
    CHECK_INT(il_g_stream_try_next(NULL, NULL), -EINVAL);
    CHECK_INT((int)il_g_stream_get_n_lost(NULL), 0);
    CHECK(il_g_stream_free(NULL) == NULL);
    CHECK_INT(il_g_stream_new(1, IL_G_DROP_OLDEST, &stream), 0);
    CHECK_INT(il_g_stream_add(stream, NULL, "poked", NULL), -EINVAL);
    CHECK_INT(il_g_stream_add(stream, sender, NULL, NULL), -EINVAL);
    CHECK_INT(il_g_stream_add(stream, sender, "no-such", NULL), -EINVAL);
    CHECK_INT(il_g_stream_next(stream, IL_FOREVER, NULL), -EOWNERDEAD);
    CHECK_INT(il_g_stream_add(stream, sender, "poked", NULL), 0);
    poke(sender, 1, 1);
    CHECK_INT(il_g_stream_next(stream, IL_FOREVER, NULL), 0);
    CHECK(il_g_stream_free(stream) == NULL);
    note("misused");
    return 0;
}

static gpointer misuse_in_thread(gpointer stream)
{
    TestSender *sender = test_sender_new();

    CHECK_INT(il_g_stream_add(stream, sender, "poked", NULL), -ESRCH);
    CHECK_INT(il_g_stream_try_next(stream, NULL), -ESRCH);
    CHECK(il_g_stream_free(stream) == stream);
    g_object_unref(sender);
    return NULL;
}

static void test_stream_refuses_nonsense(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(1, IL_G_DROP_OLDEST, sender);

    (void)state;
    assert_int_equal(il_spawn(NULL, misuse, sender, NULL), 0);
    assert_string_equal(noted(), "misused");
    assert_int_equal(il_g_stream_next(stream, 0, NULL), -ESRCH);
    (void)g_thread_join(g_thread_new("other", misuse_in_thread, stream));
    poke(sender, 1, 1);
    drain(stream);
    assert_string_equal(noted(), "misused 1");
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static void test_stream_needs_a_guest(void **state)
{
    il_g_stream *stream = NULL;

    (void)state;
    assert_int_equal(il_g_stream_new(1, IL_G_DROP_OLDEST, &stream), -ESHUTDOWN);
    assert_null(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_stream_gives_a_burst_in_order),
        GUEST_TEST(test_stream_buffers_while_nobody_waits),
        GUEST_TEST(test_stream_keeps_order_across_senders),
        GUEST_TEST(test_stream_may_be_added_to_while_a_task_waits),
        GUEST_TEST(test_stream_hears_other_threads),
        GUEST_TEST(test_stream_freed_while_other_threads_emit),
        GUEST_TEST(test_stream_drops_the_oldest),
        GUEST_TEST(test_stream_drops_the_newest),
        GUEST_TEST(test_stream_keeps_the_latest_only),
        GUEST_TEST(test_stream_times_out_and_goes_on),
        GUEST_TEST(test_stream_cancel_loses_nothing),
        GUEST_TEST(test_stream_gives_nothing_to_a_cancelled_task),
        GUEST_TEST(test_stream_has_one_reader_at_a_time),
        GUEST_TEST(test_stream_cannot_be_waited_for_under_a_nested_loop),
        GUEST_TEST(test_stream_refuses_nonsense),
        cmocka_unit_test(test_stream_needs_a_guest),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
