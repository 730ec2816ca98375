/* SPDX-License-Identifier: MIT */

/* test_stream_end.c - the sender, the stream or the loop goes first. */

#include "guest_fixture.h"

#include <errno.h>

struct reader {
    il_g_stream *stream;
    int r; /* 1 until it ended */
    bool over;
};

static struct reader reader;

/* Until the stream says why not. */
static int read_on(void *arg)
{
    struct reader *rd = arg;
    il_g_emission *emission = NULL;

    while ((rd->r = il_g_stream_next(rd->stream, IL_FOREVER, &emission)) == 0) {
        CHECK(TEST_IS_SENDER(il_g_emission_get_sender(emission)));
        note("%d", (int)il_g_emission_get_int(emission, 0));
        emission = il_g_emission_free(emission);
        rd->r = 1;
    }
    rd->over = true;
    return rd->r == -ECANCELED ? rd->r : 0;
}

static il_g_stream *make_stream(guint capacity, TestSender *sender)
{
    il_g_stream *stream = NULL;

    assert_int_equal(il_g_stream_new(capacity, IL_G_DROP_OLDEST, &stream), 0);
    assert_int_equal(il_g_stream_add(stream, sender, "poked", NULL), 0);
    return stream;
}

static struct reader *start_reader(il_g_stream *stream)
{
    reader = (struct reader){ .stream = stream, .r = 1 };
    assert_int_equal(il_spawn(NULL, read_on, &reader, NULL), 0);
    return &reader;
}

static bool is_heard(TestSender *sender)
{
    return g_signal_handler_find(sender, G_SIGNAL_MATCH_ID,
                                 g_signal_lookup("poked", TEST_TYPE_SENDER), 0,
                                 NULL, NULL, NULL) != 0;
}

/* --- senders that go ------------------------------------------------------------- */

static void test_stream_end_of_the_last_sender_ends_the_wait(void **state)
{
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    il_g_stream *stream = make_stream(4, a);
    struct reader *rd;

    (void)state;
    assert_int_equal(il_g_stream_add(stream, b, "poked", NULL), 0);
    assert_int_equal(il_g_stream_add(stream, b, "passed", NULL), 0);
    rd = start_reader(stream);
    g_object_unref(a);
    iterate_for(2);
    assert_int_equal(rd->r, 1);
    test_sender_poke(b, 1, "x");
    iterate_for(2);
    g_object_run_dispose(G_OBJECT(b));
    assert_true(iterate_until(&rd->over, 5000));
    assert_int_equal(rd->r, -EOWNERDEAD);
    assert_string_equal(noted(), "1");
    assert_int_equal(il_g_stream_try_next(stream, NULL), -EOWNERDEAD);
    assert_null(il_g_stream_free(stream));
    g_object_unref(b);
}

/* A sender that comes later gives it a new life. */
static void test_stream_end_is_not_final(void **state)
{
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    il_g_stream *stream = make_stream(4, a);

    (void)state;
    g_object_unref(a);
    assert_int_equal(il_g_stream_try_next(stream, NULL), -EOWNERDEAD);
    assert_int_equal(il_g_stream_add(stream, b, "poked", NULL), 0);
    test_sender_poke(b, 1, "x");
    assert_int_equal(il_g_stream_try_next(stream, NULL), 0);
    assert_null(il_g_stream_free(stream));
    g_object_unref(b);
}

static void test_stream_end_dispose_is_noticed_what_came_is_kept(void **state)
{
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(4, sender);
    struct reader *rd;

    (void)state;
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    g_object_run_dispose(G_OBJECT(sender));
    assert_false(is_heard(sender));
    test_sender_poke(sender, 3, "x");
    rd = start_reader(stream);
    assert_true(rd->over);
    assert_string_equal(noted(), "1 2");
    assert_int_equal(rd->r, -EOWNERDEAD);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

/* The buffered emission is the last that holds it; whoever reads it gets a
 * sender, and its end is told after that. */
static void
test_stream_end_of_a_sender_waits_for_its_last_emission(void **state)
{
    unsigned before = test_sender_count();
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(4, sender);
    il_g_emission *emission;

    (void)state;
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    g_object_unref(sender);
    assert_int_equal(test_sender_count(), before + 1);
    assert_int_equal(il_g_stream_try_next(stream, NULL), 0);
    assert_int_equal(il_g_stream_try_next(stream, &emission), 0);
    assert_ptr_equal(il_g_emission_get_sender(emission), sender);
    assert_int_equal(il_g_stream_try_next(stream, NULL), -EAGAIN);
    (void)il_g_emission_free(emission);
    assert_int_equal(test_sender_count(), before);
    assert_int_equal(il_g_stream_try_next(stream, NULL), -EOWNERDEAD);
    assert_null(il_g_stream_free(stream));
}

static void test_stream_end_lets_senders_go(void **state)
{
    unsigned before = test_sender_count();
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    il_g_stream *stream = make_stream(2, a);

    (void)state;
    assert_int_equal(il_g_stream_add(stream, b, "poked", NULL), 0);
    test_sender_poke(a, 1, "x");
    g_object_unref(a);
    assert_int_equal(test_sender_count(), before + 2);
    /* By overflow, in the middle of an emission of another sender. */
    test_sender_poke(b, 2, "x");
    test_sender_poke(b, 3, "x");
    assert_int_equal(test_sender_count(), before + 1);
    g_object_unref(b);
    assert_int_equal(test_sender_count(), before + 1);
    assert_null(il_g_stream_free(stream));
    assert_int_equal(test_sender_count(), before);
}

static gpointer poke_and_let_go(gpointer sender)
{
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    g_object_unref(sender);
    return NULL;
}

static void test_stream_end_in_another_thread(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        TestSender *sender = test_sender_new();
        il_g_stream *stream = make_stream(4, sender);
        struct reader *rd = start_reader(stream);
        GThread *thread = g_thread_new("last", poke_and_let_go, sender);

        forget_notes();
        assert_true(iterate_until(&rd->over, 5000));
        (void)g_thread_join(thread);
        assert_int_equal(rd->r, -EOWNERDEAD);
        assert_string_equal(noted(), "1 2");
        assert_null(il_g_stream_free(stream));
    }
}

/* --- streams that go --------------------------------------------------------------- */

static void test_stream_end_by_free_ends_the_wait(void **state)
{
    (void)state;
    for (int woken = 0; woken < 2; woken++) {
        TestSender *sender = test_sender_new();
        il_g_stream *stream = make_stream(4, sender);
        struct reader *rd = start_reader(stream);

        if (woken) /* what it was woken for goes with the stream */
            test_sender_poke(sender, 1, "x");
        assert_null(il_g_stream_free(stream));
        assert_false(is_heard(sender));
        test_sender_poke(sender, 2, "x");
        assert_true(iterate_until(&rd->over, 5000));
        assert_int_equal(rd->r, -EOWNERDEAD);
        assert_string_equal(noted(), "");
        g_object_unref(sender);
    }
}

static int free_in_slot(il_g_emission *emission, void *stream)
{
    (void)emission;
    CHECK(il_g_stream_free(stream) == NULL);
    return 0;
}

/* The slot may run before the stream hears the same emission, or after. */
static void test_stream_end_by_free_in_a_slot(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        TestSender *sender = test_sender_new();
        il_g_stream *stream = NULL;
        struct reader *rd;

        assert_int_equal(il_g_stream_new(1, IL_G_DROP_OLDEST, &stream), 0);
        if (!before)
            assert_int_equal(il_g_stream_add(stream, sender, "poked", NULL), 0);
        assert_true(il_g_connect_data(sender, "poked", free_in_slot, stream,
                                      NULL, IL_G_PARALLEL) != 0);
        if (before)
            assert_int_equal(il_g_stream_add(stream, sender, "poked", NULL), 0);
        rd = start_reader(stream);
        test_sender_poke(sender, 1, "x");
        assert_true(iterate_until(&rd->over, 5000));
        assert_int_equal(rd->r, -EOWNERDEAD);
        g_object_unref(sender);
    }
}

static il_g_stream *doomed;

static void free_doomed(gpointer data, GObject *where)
{
    (void)data;
    (void)where;
    doomed = il_g_stream_free(doomed);
    note("freed");
}

/* An overflow drops the last reference to a sender, whose end frees the
 * stream. */
static void test_stream_end_by_free_in_what_an_overflow_drops(void **state)
{
    TestSender *a = test_sender_new();
    TestSender *b = test_sender_new();
    struct reader *rd;

    (void)state;
    doomed = make_stream(1, a);
    assert_int_equal(il_g_stream_add(doomed, b, "poked", NULL), 0);
    g_object_weak_ref(G_OBJECT(a), free_doomed, NULL);
    rd = start_reader(doomed);
    test_sender_poke(a, 1, "x");
    g_object_unref(a);
    test_sender_poke(b, 2, "x");
    assert_string_equal(noted(), "freed");
    assert_null(doomed);
    assert_true(iterate_until(&rd->over, 5000));
    assert_int_equal(rd->r, -EOWNERDEAD);
    g_object_unref(b);
}

/* --- loops that go ------------------------------------------------------------------- */

static int read_shielded(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(60), &r) {
        (void)read_on(arg);
    }
    return 0;
}

static void test_stream_end_of_the_guest(void **state)
{
    struct fixture *f = *state;
    unsigned before = test_sender_count();

    for (int way = 0; way < 3; way++) { /* cancelled, shielded, nobody waits */
        TestSender *sender = test_sender_new();
        il_g_stream *stream = make_stream(4, sender);

        reader = (struct reader){ .stream = stream, .r = 1 };
        if (way < 2)
            assert_int_equal(
                il_spawn(NULL, way ? read_shielded : read_on, &reader, NULL),
                0);
        else
            test_sender_poke(sender, 1, "x");
        assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
        if (way < 2)
            assert_int_equal(reader.r, way ? -ESHUTDOWN : -ECANCELED);
        assert_false(is_heard(sender));
        assert_int_equal(il_g_stream_try_next(stream, NULL), -ESHUTDOWN);
        assert_int_equal(il_g_stream_add(stream, sender, "poked", NULL),
                         -ESHUTDOWN);
        g_object_unref(sender);
        assert_int_equal(test_sender_count(), before);
        assert_null(il_g_stream_free(stream));
        assert_int_equal(il_g_begin(NULL, &f->loop), 0);
        keep_reports(f, f->loop);
    }
}

static void test_stream_end_of_a_loop_closed_as_a_guest(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(4, sender);

    test_sender_poke(sender, 1, "x");
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    f->loop = il_loop_unref(f->loop);
    assert_false(is_heard(sender));
    assert_int_equal(il_g_stream_try_next(stream, NULL), -ESHUTDOWN);
    assert_null(il_g_stream_free(stream));
    g_object_unref(sender);
}

static int free_at_the_end(void *stream)
{
    CHECK_INT(il_g_stream_next(stream, IL_FOREVER, NULL), -ECANCELED);
    CHECK(il_g_stream_free(stream) == NULL);
    return -ECANCELED;
}

static void test_stream_end_by_free_in_a_cleanup(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    il_g_stream *stream = make_stream(4, sender);

    assert_int_equal(il_spawn(NULL, free_at_the_end, stream, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_false(is_heard(sender));
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_stream_end_of_the_last_sender_ends_the_wait),
        GUEST_TEST(test_stream_end_is_not_final),
        GUEST_TEST(test_stream_end_dispose_is_noticed_what_came_is_kept),
        GUEST_TEST(test_stream_end_of_a_sender_waits_for_its_last_emission),
        GUEST_TEST(test_stream_end_lets_senders_go),
        GUEST_TEST(test_stream_end_in_another_thread),
        GUEST_TEST(test_stream_end_by_free_ends_the_wait),
        GUEST_TEST(test_stream_end_by_free_in_a_slot),
        GUEST_TEST(test_stream_end_by_free_in_what_an_overflow_drops),
        GUEST_TEST(test_stream_end_of_the_guest),
        GUEST_TEST(test_stream_end_of_a_loop_closed_as_a_guest),
        GUEST_TEST(test_stream_end_by_free_in_a_cleanup),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
