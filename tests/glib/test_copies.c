/* SPDX-License-Identifier: MIT */

/* test_copies.c - what a signal said is copied once, by whoever first has to.
 *
 * Counted with an argument of a boxed type whose copies tell. */

#include "guest_fixture.h"

/* --- a thing that counts ----------------------------------------------------- */

struct parcel {
    int number;
};

static gint n_copies;
static gint n_frees;

static gpointer copy_parcel(gpointer boxed)
{
    struct parcel *copy = g_new(struct parcel, 1);

    *copy = *(struct parcel *)boxed;
    (void)g_atomic_int_add(&n_copies, 1);
    return copy;
}

static void free_parcel(gpointer boxed)
{
    (void)g_atomic_int_add(&n_frees, 1);
    g_free(boxed);
}

static GType parcel_get_type(void)
{
    static GType type;

    if (!type)
        type = g_boxed_type_register_static("TestParcel", copy_parcel,
                                            free_parcel);
    return type;
}

#define TEST_TYPE_POST (test_post_get_type())
G_DECLARE_FINAL_TYPE(TestPost, test_post, TEST, POST, GObject)

struct _TestPost {
    GObject parent_instance;
};

G_DEFINE_TYPE(TestPost, test_post, G_TYPE_OBJECT)

static guint arrived;

static void test_post_class_init(TestPostClass *class)
{
    /* Of static scope, so that the emission itself copies nothing. */
    arrived = g_signal_new("arrived", G_TYPE_FROM_CLASS(class),
                           G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                           1, parcel_get_type() | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void test_post_init(TestPost *post)
{
    (void)post;
}

static gpointer emit_here(gpointer post)
{
    struct parcel parcel = { .number = 7 };

    g_signal_emit(post, arrived, 0, &parcel);
    parcel.number = -1;
    return NULL;
}

static void emit_elsewhere(TestPost *post)
{
    (void)g_thread_join(g_thread_new("emitter", emit_here, post));
}

static TestPost *begin(void)
{
    n_copies = 0;
    n_frees = 0;
    return g_object_new(TEST_TYPE_POST, NULL);
}

static bool seven(const il_g_emission *emission)
{
    const struct parcel *parcel = il_g_emission_get_boxed(emission, 0);

    return parcel && parcel->number == 7;
}

/* --- slots ------------------------------------------------------------------- */

static unsigned n_slots;

static int look_later(il_g_emission *emission, void *receiver)
{
    (void)receiver;
    CHECK(seven(emission));
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    CHECK(seven(emission));
    n_slots++;
    return 0;
}

static void count_for_slots(il_g_policy policy, bool elsewhere, int n_emitted,
                            int n_expected)
{
    TestPost *post = begin();

    n_slots = 0;
    assert_true(il_g_connect(post, "arrived", look_later, NULL, policy) != 0);
    for (int i = 0; i < n_emitted; i++) {
        if (elsewhere)
            emit_elsewhere(post);
        else
            (void)emit_here(post);
    }
    for (int i = 0; n_slots < (unsigned)n_expected && i < 5000; i++)
        iterate_for(1);
    iterate_for(5); /* time for one too many */
    assert_int_equal(n_slots, n_expected);
    /* Those that another thread emitted are copied before anybody knows. */
    assert_int_equal(n_copies, elsewhere ? n_emitted : n_expected);
    assert_int_equal(n_frees, n_copies);
    g_object_unref(post);
}

static void test_copies_one_for_a_slot(void **state)
{
    (void)state;
    count_for_slots(IL_G_PARALLEL, false, 1, 1);
}

static void test_copies_one_for_a_slot_that_queues(void **state)
{
    (void)state;
    count_for_slots(IL_G_QUEUE, false, 3, 3);
}

static void test_copies_none_for_a_slot_that_is_skipped(void **state)
{
    (void)state;
    count_for_slots(IL_G_SKIP_WHILE_BUSY, false, 3, 1);
}

static void test_copies_one_for_a_slot_of_another_thread(void **state)
{
    (void)state;
    count_for_slots(IL_G_PARALLEL, true, 1, 1);
    count_for_slots(IL_G_QUEUE, true, 3, 3);
    count_for_slots(IL_G_SKIP_WHILE_BUSY, true, 3, 1);
}

/* --- waits ------------------------------------------------------------------- */

static bool over;

static int wait_once(void *post)
{
    il_g_emission *emission = NULL;

    if (CHECK_INT(il_g_wait_signal(post, "arrived", IL_SEC(5), &emission), 0))
        CHECK(seven(emission));
    (void)il_g_emission_free(emission);
    over = true;
    return 0;
}

static void count_for_wait(bool elsewhere)
{
    TestPost *post = begin();

    over = false;
    assert_int_equal(il_spawn(NULL, wait_once, post, NULL), 0);
    if (elsewhere)
        emit_elsewhere(post);
    else
        (void)emit_here(post);
    assert_true(iterate_until(&over, 5000));
    assert_int_equal(n_copies, 1);
    assert_int_equal(n_frees, 1);
    g_object_unref(post);
}

static void test_copies_one_for_a_wait(void **state)
{
    (void)state;
    count_for_wait(false);
    count_for_wait(true);
}

static bool third(const il_g_emission *emission, gpointer n_asked)
{
    CHECK(seven(emission));
    return ++*(int *)n_asked == 3;
}

static int wait_for_third(void *post)
{
    int n_asked = 0;

    CHECK_INT(
        il_g_wait_signal_if(post, "arrived", IL_SEC(5), third, &n_asked, NULL),
        0);
    CHECK_INT(n_asked, 3);
    over = true;
    return 0;
}

static void test_copies_none_for_what_does_not_match(void **state)
{
    TestPost *post = begin();

    (void)state;
    over = false;
    assert_int_equal(il_spawn(NULL, wait_for_third, post, NULL), 0);
    for (int i = 0; i < 5; i++)
        (void)emit_here(post);
    assert_true(iterate_until(&over, 5000));
    assert_int_equal(n_copies, 1);
    assert_int_equal(n_frees, 1);
    g_object_unref(post);
}

/* --- streams ----------------------------------------------------------------- */

static void count_for_stream(il_g_overflow overflow, bool elsewhere,
                             int n_expected)
{
    TestPost *post = begin();
    il_g_emission *emission = NULL;
    il_g_stream *stream;

    assert_int_equal(il_g_stream_new(1, overflow, &stream), 0);
    assert_int_equal(il_g_stream_add(stream, post, "arrived", NULL), 0);
    for (int i = 0; i < 3; i++) {
        if (elsewhere)
            emit_elsewhere(post);
        else
            (void)emit_here(post);
    }
    if (elsewhere)
        iterate_for(5);
    assert_int_equal(il_g_stream_try_next(stream, &emission), 0);
    assert_true(seven(emission));
    assert_int_equal(il_g_stream_get_n_lost(stream), 2);
    assert_int_equal(n_copies, n_expected);
    assert_int_equal(n_frees, n_expected - 1);
    (void)il_g_emission_free(emission);
    (void)il_g_stream_free(stream);
    assert_int_equal(n_frees, n_expected);
    g_object_unref(post);
}

static void test_copies_one_for_a_stream(void **state)
{
    (void)state;
    count_for_stream(IL_G_DROP_OLDEST, false, 3);
    count_for_stream(IL_G_DROP_OLDEST, true, 3);
    count_for_stream(IL_G_DROP_NEWEST, false, 1);
    count_for_stream(IL_G_DROP_NEWEST, true, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_copies_one_for_a_slot),
        GUEST_TEST(test_copies_one_for_a_slot_that_queues),
        GUEST_TEST(test_copies_none_for_a_slot_that_is_skipped),
        GUEST_TEST(test_copies_one_for_a_slot_of_another_thread),
        GUEST_TEST(test_copies_one_for_a_wait),
        GUEST_TEST(test_copies_none_for_what_does_not_match),
        GUEST_TEST(test_copies_one_for_a_stream),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
