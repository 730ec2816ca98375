/* SPDX-License-Identifier: MIT */

/* test_emission.c - arguments of slots, and answers to those who emit. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

struct seen {
    TestSender *sender;
    bool over;
};

static struct seen seen;

static int look_twice(il_g_emission *e, void *receiver)
{
    (void)receiver;
    for (int i = 0; i < 2; i++) {
        CHECK(il_g_emission_get_sender(e) == seen.sender);
        CHECK_INT(il_g_emission_get_n_args(e), 2);
        CHECK_INT(il_g_emission_get_int(e, 0), 41);
        CHECK(strcmp(il_g_emission_get_string(e, 1), "words") == 0);
        CHECK(G_VALUE_HOLDS_INT(il_g_emission_get_arg(e, 0)));
        CHECK(G_VALUE_HOLDS_STRING(il_g_emission_get_arg(e, 1)));
        CHECK(il_g_emission_get_arg(e, 2) == NULL);
        CHECK_INT(il_g_emission_get_int(e, 1), 0);
        CHECK_INT(il_g_emission_get_int(e, 99), 0);
        CHECK(il_g_emission_get_string(e, 0) == NULL);
        CHECK(il_g_emission_get_string(e, 99) == NULL);
        CHECK(il_g_emission_get_object(e, 0) == NULL);
        CHECK(il_g_emission_get_object(e, 99) == NULL);
        CHECK_INT(il_sleep(IL_MS(2)), 0);
    }
    seen.over = true;
    return 0;
}

/* The emitter's string is gone when the slot looks for the second time. */
static void test_emission_arguments_are_copied(void **state)
{
    char text[] = "words";

    (void)state;
    seen = (struct seen){ .sender = test_sender_new() };
    assert_true(il_g_connect(seen.sender, "poked", look_twice, NULL,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(seen.sender, 41, text);
    memset(text, 'x', sizeof text - 1);
    assert_true(iterate_until(&seen.over, 5000));
    g_object_unref(seen.sender);
}

static int hold_object(il_g_emission *e, void *receiver)
{
    GObject *thing = il_g_emission_get_object(e, 0);

    (void)receiver;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    CHECK(G_IS_OBJECT(thing));
    CHECK(il_g_emission_get_object(e, 0) == thing);
    CHECK(g_object_get_data(thing, "mark") == thing);
    seen.over = true;
    return 0;
}

static void test_emission_objects_stay_as_long_as_the_slot(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *thing = test_sender_new();

    (void)state;
    seen = (struct seen){ .over = false };
    g_object_set_data(G_OBJECT(thing), "mark", thing);
    assert_true(
        il_g_connect(sender, "passed", hold_object, NULL, IL_G_PARALLEL) != 0);
    g_signal_emit_by_name(sender, "passed", thing);
    g_object_unref(thing);
    assert_int_equal(test_sender_count(), 2);
    assert_true(iterate_until(&seen.over, 5000));
    iterate_for(1);
    assert_int_equal(test_sender_count(), 1);
    g_object_unref(sender);
}

/* A slot that waits in the queue needs its own copy as well. */
static int note_text(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("%s", il_g_emission_get_string(e, 1));
    return 0;
}

static void test_emission_queued_arguments_are_copied_too(void **state)
{
    TestSender *sender = test_sender_new();
    char text[] = "a";

    (void)state;
    assert_true(il_g_connect(sender, "poked", note_text, NULL, IL_G_QUEUE) !=
                0);
    for (; text[0] <= 'd'; text[0]++)
        test_sender_poke(sender, 0, text);
    iterate_for(50);
    expect_notes("a b c d");
    g_object_unref(sender);
}

/* --- Who and what --------------------------------------------------------- */

static int tell_names(il_g_emission *e, void *receiver)
{
    const char *detail = il_g_emission_get_detail(e);

    (void)receiver;
    note("%s/%s", il_g_emission_get_signal(e), detail ? detail : "-");
    CHECK(il_g_emission_get_tag(e) == NULL);
    return 0;
}

static void test_emission_knows_signal_and_detail(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(
        il_g_connect(sender, "poked", tell_names, NULL, IL_G_PARALLEL) != 0);
    assert_true(
        il_g_connect(sender, "notify", tell_names, NULL, IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    g_signal_emit_by_name(sender, "poked::blue", 0, "x");
    g_object_set(sender, "level", 4, NULL);
    assert_string_equal(noted(), "poked/- poked/blue notify/level");
    g_object_unref(sender);
}

static void test_emission_of_null_says_nothing(void **state)
{
    (void)state;
    assert_null(il_g_emission_get_sender(NULL));
    assert_null(il_g_emission_get_signal(NULL));
    assert_null(il_g_emission_get_detail(NULL));
    assert_null(il_g_emission_get_tag(NULL));
    assert_int_equal(il_g_emission_get_n_args(NULL), 0);
    assert_null(il_g_emission_get_arg(NULL, 0));
    assert_int_equal(il_g_emission_get_int(NULL, 0), 0);
    assert_null(il_g_emission_get_boxed(NULL, 0));
    assert_null(il_g_emission_free(NULL));
    assert_int_equal(il_g_emission_set_return(NULL, NULL), -EINVAL);
    assert_int_equal(il_g_emission_set_return_boolean(NULL, TRUE), -EINVAL);
}

/* --- Answers -------------------------------------------------------------- */

static int answer_yes(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_g_emission_set_return_boolean(e, TRUE), 0);
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    CHECK_INT(il_g_emission_set_return_boolean(e, FALSE), -EALREADY);
    seen.over = true;
    return 0;
}

static void test_emission_answer_reaches_the_emitter(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    seen = (struct seen){ .over = false };
    assert_false(test_sender_ask(sender, 1));
    assert_true(
        il_g_connect(sender, "asked", answer_yes, NULL, IL_G_PARALLEL) != 0);
    assert_true(test_sender_ask(sender, 1));
    assert_true(iterate_until(&seen.over, 5000));
    g_object_unref(sender);
}

static int answer_nothing(il_g_emission *e, void *receiver)
{
    GValue text = G_VALUE_INIT;

    (void)receiver;
    g_value_init(&text, G_TYPE_STRING);
    CHECK_INT(il_g_emission_set_return(e, &text), -EINVAL);
    g_value_unset(&text);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    seen.over = true;
    return 0;
}

static void test_emission_without_answer_gives_the_default(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    seen = (struct seen){ .over = false };
    assert_true(il_g_connect(sender, "asked", answer_nothing, NULL,
                             IL_G_PARALLEL) != 0);
    assert_false(test_sender_ask(sender, 1));
    assert_true(iterate_until(&seen.over, 5000));
    g_object_unref(sender);
}

static int answer_in_vain(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_g_emission_set_return_boolean(e, TRUE), -EINVAL);
    CHECK_INT(il_g_emission_set_return(e, NULL), -EINVAL);
    note("asked");
    return 0;
}

static void test_emission_of_a_mute_signal_takes_no_answer(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", answer_in_vain, NULL,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    assert_string_equal(noted(), "asked");
    g_object_unref(sender);
}

static int answer_by_value(il_g_emission *e, void *receiver)
{
    GValue yes = G_VALUE_INIT;

    (void)receiver;
    g_value_init(&yes, G_TYPE_BOOLEAN);
    g_value_set_boolean(&yes, TRUE);
    CHECK_INT(il_g_emission_set_return(e, &yes), 0);
    g_value_unset(&yes);
    return 0;
}

static void test_emission_answer_of_a_slot_that_ended_counts(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "asked", answer_by_value, NULL,
                             IL_G_PARALLEL) != 0);
    assert_true(test_sender_ask(sender, 1));
    g_object_unref(sender);
}

/* --- Details, errors, misuse ---------------------------------------------- */

static int note_level(il_g_emission *e, void *receiver)
{
    int level = -1;

    (void)receiver;
    g_object_get(il_g_emission_get_sender(e), "level", &level, NULL);
    CHECK(G_IS_PARAM_SPEC(g_value_get_param(il_g_emission_get_arg(e, 0))));
    note("%d", level);
    return 0;
}

static void test_emission_details_are_respected(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "notify::level", note_level, NULL,
                             IL_G_PARALLEL) != 0);
    assert_true(il_g_connect(sender, "poked::blue", note_text, NULL,
                             IL_G_PARALLEL) != 0);
    g_object_set(sender, "level", 4, NULL);
    g_object_set(sender, "level", 7, NULL);
    assert_string_equal(noted(), "4 7");
    g_signal_emit_by_name(sender, "poked::red", 0, "red");
    g_signal_emit_by_name(sender, "poked::blue", 0, "blue");
    iterate_for(20);
    expect_notes("4 7 blue");
    g_object_unref(sender);
}

static int fail_slot(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    return -EIO;
}

static void test_emission_error_of_a_slot_is_reported(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    struct kept_report report;
    unsigned line;

    assert_true(il_g_connect(sender, "poked", fail_slot, NULL, 0) != 0);
    line = __LINE__ - 1;
    test_sender_poke(sender, 1, "x");
    iterate_for(5);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -EIO);
    assert_string_equal(report.task_name, "fail_slot");
    assert_int_equal(report.line, line);
    g_object_unref(sender);
}

/* Who connects in vain is told why. */
static void assert_refused(gpointer sender, const char *signal,
                           il_g_slot_fn *slot, unsigned flags, const char *why)
{
    g_test_expect_message("interloop", G_LOG_LEVEL_CRITICAL, why);
    assert_int_equal(il_g_connect(sender, signal, slot, NULL, flags), 0);
    g_test_assert_expected_messages();
}

static void test_emission_misuse_connects_nothing_and_says_why(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_refused(sender, "no-such", fail_slot, 0,
                   "*'no-such' of TestSender: there is no such signal");
    assert_refused(sender, "poked", NULL, 0, "*slot*no sense");
    assert_refused(NULL, "poked", fail_slot, 0, "*no GObject");
    assert_refused(sender, NULL, fail_slot, 0, "*no signal*");
    assert_refused(sender, "poked", fail_slot, 77, "*flags*no sense");
    assert_refused(sender, "poked", fail_slot, IL_G_ANSWER_TRUE, "*answer");
    test_sender_poke(sender, 1, "x");
    g_object_unref(sender);
}

static void
test_emission_without_a_guest_connects_nothing_and_says_why(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_null(il_loop_current());
    assert_refused(sender, "poked", fail_slot, 0, "*no guest*il_g_begin()*");
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_emission_arguments_are_copied),
        GUEST_TEST(test_emission_objects_stay_as_long_as_the_slot),
        GUEST_TEST(test_emission_queued_arguments_are_copied_too),
        GUEST_TEST(test_emission_knows_signal_and_detail),
        cmocka_unit_test(test_emission_of_null_says_nothing),
        GUEST_TEST(test_emission_answer_reaches_the_emitter),
        GUEST_TEST(test_emission_without_answer_gives_the_default),
        GUEST_TEST(test_emission_of_a_mute_signal_takes_no_answer),
        GUEST_TEST(test_emission_answer_of_a_slot_that_ended_counts),
        GUEST_TEST(test_emission_details_are_respected),
        GUEST_TEST(test_emission_error_of_a_slot_is_reported),
        GUEST_TEST(test_emission_misuse_connects_nothing_and_says_why),
        cmocka_unit_test(
            test_emission_without_a_guest_connects_nothing_and_says_why),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
