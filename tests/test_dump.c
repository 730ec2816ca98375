/* SPDX-License-Identifier: MIT */

/* test_dump.c - the list of tasks and what they wait for. */

#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static int n_printed;

static void dump(void)
{
    size_t size = 0;
    FILE *file;

    free(text);
    text = NULL;
    file = open_memstream(&text, &size);
    assert_non_null(file);
    n_printed = il_dump_tasks(file);
    assert_int_equal(fprintf(file, "end"), 3);
    assert_int_equal(fclose(file), 0);
}

static int teardown_text(void **state)
{
    free(text);
    text = NULL;
    return teardown(state);
}

/* The line that names a task; NULL if there is none. */
static const char *line_of(const char *name)
{
    static char line[512];
    const char *found = strstr(text, name);
    const char *begin = found;

    if (!found)
        return NULL;
    while (begin > text && begin[-1] != '\n')
        begin--;
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(begin, "\n"), begin);
    return line;
}

static size_t indent_of(const char *name)
{
    const char *line = line_of(name);

    assert_non_null(line);
    return (size_t)(strstr(line, name) - line);
}

static int wait_for_gate(void *arg)
{
    return il_future_wait(arg, NULL, NULL);
}

static int grow_family(void *arg)
{
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, wait_for_gate, arg, NULL), 0);
    return il_group_close(&group);
}

static int sleep_long(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(1000));
}

static int never_started(void *arg)
{
    (void)arg;
    return 0;
}

static void test_dump_shows_every_task_with_its_place(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    unsigned line;
    char place[32];

    assert_int_equal(il_spawn(NULL, grow_family, &gate, NULL), 0);
    line = __LINE__ - 1;
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, never_started, NULL, NULL), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 4);
    dump();

    assert_int_equal(n_printed, 4);
    assert_string_equal(text + strlen(text) - 3, "end");
    assert_non_null(line_of("grow_family"));
    (void)snprintf(place, sizeof place, "test_dump.c:%u", line);
    assert_non_null(strstr(line_of("grow_family"), place));
    assert_non_null(line_of("sleep_long"));
    assert_non_null(line_of("never_started"));
    assert_true(indent_of("wait_for_gate") > indent_of("grow_family"));
    assert_int_equal(indent_of("sleep_long"), indent_of("grow_family"));
    assert_true(strstr(text, "wait_for_gate") > strstr(text, "grow_family"));

    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
    dump();
    assert_int_equal(n_printed, 1);
    assert_null(line_of("grow_family"));
}

struct level {
    il_future *gate;
    int depth;
};

/* Two groups, one inside the other and both with children, the first of which
 * does the same; and a scope between them. */
static int branch(void *arg)
{
    const struct level *me = arg;
    struct level below = { me->gate, me->depth - 1 };
    il_group outer, inner;
    il_scope scope;

    if (me->depth == 0)
        return il_future_wait(me->gate, NULL, NULL);
    CHECK_INT(il_group_open(&outer, 0), 0);
    CHECK_INT(il_spawn_copy(&outer, branch, &below, sizeof below, NULL), 0);
    CHECK_INT(il_spawn(&outer, wait_for_gate, me->gate, NULL), 0);
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_group_open(&inner, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn_copy(&inner, branch, &below, sizeof below, NULL), 0);
    CHECK_INT(il_spawn_lazy(&inner, never_started, NULL, NULL), 0);
    CHECK_INT(il_group_close(&inner), 0);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    return il_group_close(&outer);
}

static void test_dump_finds_tasks_in_groups_of_all_depths(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    struct level top = { &gate, 3 };

    assert_int_equal(il_spawn(NULL, branch, &top, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    /* Of branch() 1 + 2 + 4 + 8; each of the upper seven has two more. */
    assert_int_equal(il_loop_count_tasks(f->loop), 30);
    dump();
    assert_int_equal(n_printed, 30);
    assert_true(strstr(text, "sleep_long") > strstr(text, "wait_for_gate"));

    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
    dump();
    assert_int_equal(n_printed, 1);
}

static void test_dump_tells_waiting_from_ready(void **state)
{
    struct fixture *f = *state;
    static il_future gate;
    static char sleeping[512];

    gate = (il_future)IL_FUTURE_INIT;
    assert_int_equal(il_spawn(NULL, wait_for_gate, &gate, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, never_started, NULL, NULL), 0);
    dump();
    (void)snprintf(sleeping, sizeof sleeping, "%s", line_of("sleep_long"));
    assert_non_null(strstr(sleeping, "waits for"));
    assert_null(strstr(sleeping, "future"));
    assert_non_null(strstr(line_of("wait_for_gate"), "waits for"));
    assert_non_null(strstr(line_of("wait_for_gate"), "future"));
    assert_null(strstr(line_of("never_started"), "waits for"));
    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
}

static int dump_in_task(void *arg)
{
    n_printed = il_dump_tasks(arg);
    return 0;
}

static void test_dump_works_inside_a_task(void **state)
{
    FILE *file = fopen("/dev/null", "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(il_spawn(NULL, dump_in_task, file, NULL), 0);
    assert_int_equal(n_printed, 1);
    assert_int_equal(fclose(file), 0);
}

static void test_dump_shows_new_names_and_forgets_the_ended(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    il_task *parent;

    assert_int_equal(il_spawn(NULL, grow_family, &gate, &parent), 0);
    il_task_set_name(parent, "renamed");
    dump();
    assert_int_equal(n_printed, 2);
    assert_non_null(line_of("renamed"));
    il_task_unref(parent);
    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
    dump();
    assert_int_equal(n_printed, 0);
    assert_string_equal(text, "end");
}

static int spawn_and_end(void *arg)
{
    return il_spawn(NULL, sleep_long, arg, NULL);
}

static void test_dump_child_of_an_ended_parent_is_shown(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, spawn_and_end, NULL, NULL), 0);
    dump();
    assert_int_equal(n_printed, 1);
    assert_non_null(line_of("sleep_long"));
}

static void test_dump_gives_the_tasks_themselves(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    il_task *tasks[3] = { NULL };
    il_task *parent;

    assert_int_equal(il_spawn(NULL, grow_family, &gate, &parent), 0);
    assert_int_equal(il_loop_get_tasks(f->loop, NULL, 0), 2);
    assert_int_equal(il_loop_get_tasks(f->loop, tasks, 1), 2);
    assert_non_null(tasks[0]);
    assert_null(tasks[1]);
    il_task_unref(tasks[0]);
    assert_int_equal(il_loop_get_tasks(f->loop, tasks, 3), 2);
    assert_true(tasks[0] == parent || tasks[1] == parent);
    assert_true(tasks[0] != tasks[1]);
    assert_null(tasks[2]);
    il_task_unref(tasks[0]);
    il_task_unref(tasks[1]);
    assert_int_equal(il_loop_get_tasks(f->loop, NULL, 3), -EINVAL);
    assert_int_equal(il_loop_get_tasks(NULL, tasks, 3), -ESRCH);
    il_task_unref(parent);
    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_get_tasks(f->loop, tasks, 3), 0);
}

static void test_dump_needs_a_loop(void **state)
{
    (void)state;
    assert_null(il_loop_current());
    assert_int_equal(il_loop_get_tasks(NULL, NULL, 0), -ESRCH);
    assert_int_equal(il_dump_tasks(stderr), -ESRCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dump_shows_every_task_with_its_place),
        TEST(test_dump_finds_tasks_in_groups_of_all_depths),
        TEST(test_dump_tells_waiting_from_ready),
        TEST(test_dump_works_inside_a_task),
        TEST(test_dump_shows_new_names_and_forgets_the_ended),
        TEST(test_dump_child_of_an_ended_parent_is_shown),
        TEST(test_dump_gives_the_tasks_themselves),
        cmocka_unit_test(test_dump_needs_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
