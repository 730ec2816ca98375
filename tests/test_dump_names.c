/* SPDX-License-Identifier: MIT */

/* test_dump_names.c - names that are longer than their place, that are no text, or
 * that try to look like something else. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int sleep_long(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(1));
}

/* Dump one task of this name, and end it. */
static void dump_one(struct fixture *f, int (*print)(FILE *file),
                     const char *name)
{
    const il_spawn_options options = { .fn = sleep_long, .name = name };
    il_task *task;

    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    dump_as(print, 1);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static void assert_json_name(struct fixture *f, const char *name,
                             const char *expected)
{
    char words[200];

    dump_one(f, il_dump_tasks_json, name);
    (void)snprintf(words, sizeof words,
                   ",\"name\":\"%s\",\"state\":", expected);
    assert_true(has(words));
}

#define NO_TEXT "\\ufffd"

/* JSON is UTF-8, and whoever reads it refuses all of it for one bad byte. */
static void test_dump_names_that_are_no_text_are_valid_json(void **state)
{
    struct fixture *f = *state;

    assert_json_name(f, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
                     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_json_name(f, "a\xff\xfe\x80z", "a" NO_TEXT NO_TEXT NO_TEXT "z");
    assert_json_name(f, "cut\xc3", "cut" NO_TEXT);
    assert_json_name(f, "cut\xf0\x9f\x98", "cut" NO_TEXT NO_TEXT NO_TEXT);
    assert_json_name(f, "\xc3\"", NO_TEXT "\\\"");
    /* Too long for what they say, half of a pair, beyond all there is. */
    assert_json_name(f, "\xc0\xaf", NO_TEXT NO_TEXT);
    assert_json_name(f, "\xe0\x80\xaf", NO_TEXT NO_TEXT NO_TEXT);
    assert_json_name(f, "\xed\xa0\x80", NO_TEXT NO_TEXT NO_TEXT);
    assert_json_name(f, "\xf4\x90\x80\x80", NO_TEXT NO_TEXT NO_TEXT NO_TEXT);
    assert_json_name(f, "\xed\x9f\xbf \xf4\x8f\xbf\xbf",
                     "\xed\x9f\xbf \xf4\x8f\xbf\xbf");
}

/* One line a task, and none that a name has made up. */
static void test_dump_names_do_not_leave_their_line(void **state)
{
    struct fixture *f = *state;

    dump_one(f, il_dump_tasks, "a\nb: running\x1b[31m\x7f\xc3\xa9");
    assert_int_equal(strncmp(dumped(),
                             "a?b: running?[31m?\xc3\xa9: waits for time",
                             strlen("a?b: running?[31m?\xc3\xa9: waits for ")),
                     0);
    assert_ptr_equal(strchr(dumped(), '\n'), dumped() + strlen(dumped()) - 1);
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return -EIO;
}

/* Nor do reports to stderr. */
static void test_dump_names_do_not_leave_the_line_of_a_report(void **state)
{
    static const il_site site = { NULL, "file\n.c", 7 };
    const il_spawn_options options = { .fn = fail_at_once,
                                       .name = "a\nb",
                                       .site = &site };
    struct fixture *f = *state;
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    char line[200];

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    il_loop_set_report_handler(f->loop, NULL, NULL);
    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    settle(f);
    assert_true(dup2(old, STDERR_FILENO) >= 0);
    assert_int_equal(close(old), 0);
    rewind(file);
    line[fread(line, 1, sizeof line - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_string_equal(line, "interloop: task failed and nobody asked why: "
                              "'a?b' spawned at file?.c:7: EIO\n");
}

#define TEN "0123456789"

static void test_dump_names_are_cut_between_characters(void **state)
{
    const il_spawn_options options = { .fn = sleep_long,
                                       .name = TEN TEN TEN "\xc3\xa9" };
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_string_equal(il_task_get_name(task), TEN TEN TEN);
    il_task_set_name(task, TEN TEN "12345678\xf0\x9f\x98\x80");
    assert_string_equal(il_task_get_name(task), TEN TEN "12345678");
    il_task_set_name(task, TEN TEN "1234567\xf0\x9f\x98\x80z");
    assert_string_equal(il_task_get_name(task),
                        TEN TEN "1234567\xf0\x9f\x98\x80");
    il_task_set_name(task, TEN TEN TEN "xyz");
    assert_string_equal(il_task_get_name(task), TEN TEN TEN "x");
    /* No characters at all. */
    il_task_set_name(task, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                           "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                           "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
    assert_in_range(strlen(il_task_get_name(task)), 28, 31);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_dump_names_may_be_set_to_what_they_are(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_long, NULL, &task), 0);
    il_task_set_name(task, "anna");
    il_task_set_name(task, il_task_get_name(task));
    assert_string_equal(il_task_get_name(task), "anna");
    il_task_set_name(task, il_task_get_name(task) + 2);
    assert_string_equal(il_task_get_name(task), "na");
    il_task_set_name(task, NULL);
    assert_string_equal(il_task_get_name(task), "sleep_long");
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dump_names_that_are_no_text_are_valid_json),
        TEST(test_dump_names_do_not_leave_their_line),
        TEST(test_dump_names_do_not_leave_the_line_of_a_report),
        TEST(test_dump_names_are_cut_between_characters),
        TEST(test_dump_names_may_be_set_to_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
