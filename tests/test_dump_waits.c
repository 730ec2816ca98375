/* SPDX-License-Identifier: MIT */

/* test_dump_waits.c - what a dump says of each wait, in words and in JSON. */

#include "support/dump_text.h"
#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- tasks, times, descriptors ------------------------------------------------------ */

static int sleep_then_join(void *arg)
{
    il_task **other = arg;

    return il_task_join(*other, NULL);
}

static int sleep_ten(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(10));
}

static int limited(void *arg)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(5), &r) {
        r = il_event_wait(arg);
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int shielded(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(7), &r) {
        r = il_event_wait(arg);
    }
    return r;
}

static void test_dump_waits_say_whom_and_how_long(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *sleeper, *joiners[3], *cancelled;

    assert_int_equal(il_spawn(NULL, sleep_ten, NULL, &sleeper), 0);
    il_task_set_name(sleeper, "anna");
    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, sleep_then_join, &sleeper, &joiners[i]),
                         0);
    assert_int_equal(il_spawn(NULL, limited, &event, NULL), 0);
    assert_int_equal(il_spawn(NULL, shielded, &event, &cancelled), 0);
    assert_int_equal(il_task_cancel(cancelled), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    dump_as(il_dump_tasks, 6);
    assert_true(has("anna: waits for time since 1.000 s for 9.000 s more"));
    assert_true(
        has("sleep_then_join: waits for the end of 'anna' since 1.000 s"));
    assert_true(has_at("limited: waits for an event since 1.000 s at ", &event,
                       ", deadline in 4.000 s"));
    assert_true(has_at("shielded: waits for an event since 1.000 s at ", &event,
                       ", shielded, deadline in 6.000 s"));
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(joiners[i]), 0);
    assert_int_equal(reap(sleeper), 0);
    assert_int_equal(reap(cancelled), 0);
}

static int wait_for_any(void *arg)
{
    il_awaited awaited[] = { { .task = *(il_task **)arg } };
    int r = il_wait_any(awaited, 1, NULL);

    return r < 0 ? r : 0;
}

/* In the list of who joins there are also those that wait for several tasks. */
static void test_dump_waits_of_joiners_of_two_kinds(void **state)
{
    struct fixture *f = *state;
    il_task *sleeper;

    assert_int_equal(il_spawn(NULL, sleep_ten, NULL, &sleeper), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_spawn(NULL, wait_for_any, &sleeper, NULL), 0);
        assert_int_equal(il_spawn(NULL, sleep_then_join, &sleeper, NULL), 0);
    }
    dump_as(il_dump_tasks, 5);
    assert_true(has("the end of 'sleep_ten' since"));
    assert_true(has("the end of several tasks since"));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    (void)il_task_unref(sleeper);
}

static int say_ready(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(10));
}

static int wait_until_ready(void *arg)
{
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    r = il_spawn_ready(&group, say_ready, arg, NULL, NULL);
    CHECK(r < 0); /* it ends without saying so */
    return il_group_close(&group);
}

static void test_dump_waits_for_a_task_to_be_ready(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, wait_until_ready, NULL, NULL), 0);
    dump_as(il_dump_tasks, 2);
    assert_true(has("wait_until_ready: waits for a task to be ready (1 left)"));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
}

static void test_dump_waits_for_descriptors_by_number(void **state)
{
    struct fixture *f = *state;
    struct waiter readers = { .events = IL_READ };
    struct waiter both = { .events = IL_READ | IL_WRITE };
    char words[64];
    int fds[2], more[2];

    make_pipe(fds);
    make_socketpair(more);
    (void)fill(more[0]);
    readers.fd = fds[0];
    both.fd = more[0];
    assert_int_equal(il_spawn(NULL, wait_once, &readers, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &both, NULL), 0);
    dump_as(il_dump_tasks, 2);
    (void)snprintf(words, sizeof words,
                   "a descriptor since 0.000 s, fd %d to read (", fds[0]);
    assert_true(has(words));
    (void)snprintf(words, sizeof words, "s, fd %d to read or write", more[0]);
    assert_true(has(words));
    dump_as(il_dump_tasks_json, 2);
    (void)snprintf(words, sizeof words, "\"fd\":%d,\"events\":1", fds[0]);
    assert_true(has(words));
    close_both(fds);
    close_both(more);
    settle(f);
}

static int refuse_some(void *arg)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_event_wait(arg), -ECANCELED);
    dump_as(il_dump_tasks, 1);
    return 0;
}

static void test_dump_waits_refused_are_counted(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *task;

    assert_int_equal(il_spawn_lazy(NULL, refuse_some, &event, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_true(has("refuse_some: running, cancelled and refused 2 times"));
    assert_int_equal(reap(task), 0);
}

static int sleep_behind_a_shield(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(8), &r) {
        r = il_event_wait(arg);
    }
    return r;
}

static int join_behind_a_shield(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(8), &r) {
        r = il_task_join(*(il_task **)arg, NULL);
    }
    return r;
}

/* A task that is cancelled waits for children that are not done. */
static int close_with_children(void *arg)
{
    il_group group;
    il_task *task;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, sleep_behind_a_shield, arg, &task), 0);
    CHECK_INT(il_spawn(&group, join_behind_a_shield, &task, NULL), 0);
    r = il_group_close(&group);
    (void)il_task_unref(task);
    return r == -ECANCELED ? 0 : r;
}

struct chosen {
    il_event event;
    il_channel *channel;
    il_task *task;
    int fd;
};

static int on_several(void *arg)
{
    struct chosen *chosen = arg;
    int element;
    il_case cases[] = {
        IL_CASE_EVENT(&chosen->event),
        IL_CASE_RECEIVE(chosen->channel, &element),
        IL_CASE_RECEIVE(NULL, NULL), /* off */
        IL_CASE_JOIN(chosen->task, NULL),
        IL_CASE_FD(chosen->fd, IL_READ),
        IL_CASE_AFTER(IL_SEC(4)),
    };
    int i = il_select(cases, sizeof cases / sizeof cases[0], 0);

    return i < 0 ? i : 0;
}

/* Who waits for one of these things alone is in the same lists. */
static void test_dump_waits_for_the_first_of_several(void **state)
{
    struct fixture *f = *state;
    struct chosen chosen = { .event = IL_EVENT_INIT };
    il_channel channel;
    char words[200];
    int fds[2];

    make_pipe(fds);
    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    chosen.channel = &channel;
    chosen.fd = fds[0];
    assert_int_equal(il_spawn(NULL, sleep_ten, NULL, &chosen.task), 0);
    assert_int_equal(il_spawn(NULL, on_event, &chosen.event, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_then_join, &chosen.task, NULL), 0);
    assert_int_equal(il_spawn(NULL, on_several, &chosen, NULL), 0);
    dump_as(il_dump_tasks, 4);
    (void)snprintf(words, sizeof words,
                   "on_several: waits for the first of several since 0.000 s: "
                   "%p, %p, the end of 'sleep_ten', fd %d, 4.000 s more (",
                   (void *)&chosen.event, (void *)&channel, fds[0]);
    assert_true(has(words));
    assert_true(has_at("an event since 0.000 s at ", &chosen.event, " "));
    assert_true(has("sleep_then_join: waits for the end of 'sleep_ten' since"));
    dump_as(il_dump_tasks_json, 4);
    (void)snprintf(words, sizeof words,
                   ",\"cases\":[{\"index\":0,\"object\":\"%p\"},{\"index\":1,"
                   "\"object\":\"%p\"},{\"index\":2},{\"index\":3,\"whom\":1},"
                   "{\"index\":4,\"fd\":%d,\"events\":1},{\"index\":5,"
                   "\"left_ns\":4000000000}]",
                   (void *)&chosen.event, (void *)&channel, fds[0]);
    assert_true(has(words));
    assert_int_equal(il_event_set(&chosen.event), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    (void)il_task_unref(chosen.task);
    il_channel_fini(&channel);
    close_both(fds);
}

/* --- groups ------------------------------------------------------------------------- */

static int spawn_elsewhere(void *arg)
{
    CHECK_INT(il_spawn(arg, sleep_ten, NULL, NULL), 0); /* somebody else's */
    CHECK_INT(il_spawn(NULL, sleep_ten, NULL, NULL), 0);
    return il_sleep(IL_SEC(10));
}

static int open_for_others(void *arg)
{
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, spawn_elsewhere, &group, NULL), 0);
    (void)arg;
    return il_group_close(&group);
}

static void test_dump_waits_in_groups_of_others(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, open_for_others, NULL, NULL), 0);
    dump_as(il_dump_tasks, 4);
    assert_true(has("more, in a group of 'open_for_others' ("));
    assert_true(has("more, in no group ("));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
}

/* --- for programs ------------------------------------------------------------------- */

static int ask_for_next(void *arg)
{
    il_group group;
    il_task *task;
    int r;

    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, shielded, arg, NULL), 0);
    r = il_group_next(&group, &task);
    if (r == 0)
        (void)il_task_unref(task);
    return il_group_close(&group);
}

static int close_within(void *arg)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(3), &r) {
        r = close_with_children(arg);
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static void test_dump_waits_as_json_with_all_there_is(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *cancelled;

    assert_int_equal(il_spawn(NULL, ask_for_next, &event, NULL), 0);
    assert_int_equal(il_spawn(NULL, close_within, &event, &cancelled), 0);
    assert_int_equal(il_task_cancel(cancelled), 0);
    dump_as(il_dump_tasks, 5);
    assert_true(has("the next task of a group (1 left) since"));
    dump_as(il_dump_tasks_json, 5);
    assert_true(has("\"parent\":1,\"group_of\":1"));
    assert_true(has("\"shielded\":true,\"deadline_ns\":7000000000"));
    assert_true(has("\"tasks\":1"));
    assert_true(has("\"cancelled\":true,\"refused\":0"));
    assert_true(has("\"whom\":"));
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    assert_int_equal(reap(cancelled), 0);
}

static int dump_here(void *arg)
{
    (void)arg;
    dump_as(il_dump_tasks, 2);
    return 0;
}

static int spawn_a_dump(void *arg)
{
    CHECK_INT(il_spawn(NULL, dump_here, arg, NULL), 0);
    return 0;
}

static void test_dump_waits_for_a_first_step_to_end(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, spawn_a_dump, NULL, NULL), 0);
    assert_true(has("spawn_a_dump: nested ("));
    assert_true(has("  dump_here: running, in no group ("));
}

static int work_elsewhere(void *arg)
{
    return *(int *)arg;
}

static int offload_it(void *arg)
{
    return il_offload(work_elsewhere, arg, NULL);
}

/* A noun that nobody has described is printed all the same. */
static void test_dump_waits_for_what_is_not_described(void **state)
{
    int result = 0;
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, offload_it, &result, &task), 0);
    dump_as(il_dump_tasks, 1);
    assert_true(has("offload_it: waits for a job in another thread since"));
    while (!il_task_is_done(task))
        assert_true(il_loop_turn(il_loop_current(), 0) >= 0);
    assert_int_equal(reap(task), 0);
}

static void test_dump_waits_as_json(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *tasks[2];
    char words[64];

    dump_as(il_dump_tasks_json, 0);
    assert_string_equal(dumped(), "[]\n");
    assert_int_equal(il_spawn(NULL, sleep_ten, NULL, &tasks[0]), 0);
    il_task_set_name(tasks[0], "a \"b\"\\\n");
    assert_int_equal(il_lock_try_acquire(&lock), 0);
    assert_int_equal(il_spawn(NULL, on_lock, &lock, &tasks[1]), 0);
    dump_as(il_dump_tasks_json, 2);
    assert_int_equal(dumped()[0], '[');
    assert_true(has("{\"id\":1,\"name\":\"a \\\"b\\\"\\\\\\u000a\",\"state\":"
                    "\"waiting\",\"waits_for\":\"time\",\"since_ns\":0,"
                    "\"left_ns\":10000000000,\"stack_used\":"));
    (void)snprintf(words, sizeof words, "\"waits_for\":\"a lock\"");
    assert_true(has(words));
    assert_true(has_at("\"object\":\"", &lock, "\""));
    assert_true(has("test_dump_waits.c\",\"line\":"));
    assert_string_equal(dumped() + strlen(dumped()) - 4, "}\n]\n");
    assert_int_equal(il_lock_release(&lock), 0);
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_int_equal(reap(tasks[1]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(il_dump_tasks_json(NULL), -EINVAL);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dump_waits_say_whom_and_how_long),
        TEST(test_dump_waits_of_joiners_of_two_kinds),
        TEST(test_dump_waits_for_a_task_to_be_ready),
        TEST(test_dump_waits_for_descriptors_by_number),
        TEST(test_dump_waits_refused_are_counted),
        TEST(test_dump_waits_in_groups_of_others),
        TEST(test_dump_waits_for_the_first_of_several),
        TEST(test_dump_waits_for_a_first_step_to_end),
        TEST(test_dump_waits_for_what_is_not_described),
        TEST(test_dump_waits_as_json),
        TEST(test_dump_waits_as_json_with_all_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
