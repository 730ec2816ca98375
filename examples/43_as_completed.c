/* SPDX-License-Identifier: MIT */

/* 43_as_completed.c - take results in the order in which they come.
 *
 * Mirrors are asked at the same time, and each answer is printed when it is
 * there, good or bad.  What is too slow is given up: the group is cancelled, and
 * its close waits until all have ended.
 *
 * Then the same for tasks that belong to somebody else: waiting for any of them
 * leaves the others alone. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct mirror {
    const char *name;
    il_time delay;
    int answer; /* or an error */
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static int ask(void *arg)
{
    const struct mirror *mirror = arg;
    int r = il_sleep(mirror->delay);

    return r < 0 ? r : mirror->answer;
}

static void print_answer(const il_task *task)
{
    const struct mirror *mirror = il_task_get_arg(task);
    int result = 0;

    (void)il_task_try_join((il_task *)task, &result);
    if (result < 0)
        printf("%3d ms  %s: %s\n", since_start_ms(), mirror->name,
               il_strerror(result));
    else
        printf("%3d ms  %s: %d\n", since_start_ms(), mirror->name, result);
}

/* As they come, for 250 ms at most. */
static int print_as_completed(il_group *group)
{
    il_task *task;
    int r = 0;

    IL_TIMEOUT (IL_MS(250), &r) {
        while ((r = il_group_next(group, &task)) == 0) {
            print_answer(task);
            il_task_unref(task);
        }
    }
    return r == -ENOENT ? 0 : r;
}

static int ask_all(struct mirror *mirrors, int n)
{
    il_group group;
    int r = il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE);

    for (int i = 0; i < n && r == 0; i++)
        r = il_spawn(&group, ask, &mirrors[i], NULL);
    if (r == 0)
        r = print_as_completed(&group);
    if (r == -ETIMEDOUT) {
        printf("%3d ms  %zu too slow\n", since_start_ms(),
               il_group_count(&group));
        il_group_cancel(&group);
        r = 0;
    }
    (void)il_group_close(&group);
    return r;
}

/* Two that run anyway, whoever looks at them. */
static int wait_for_others(struct mirror *mirrors)
{
    il_awaited awaited[2] = { { .task = NULL } };
    size_t which = 0;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++)
        r = il_spawn(NULL, ask, &mirrors[i], &awaited[i].task);
    if (r == 0)
        r = il_wait_any(awaited, 2, &which);
    if (r > 0) {
        printf("%3d ms  %s is first\n", since_start_ms(), mirrors[which].name);
        r = il_wait_all(awaited, 2);
    }
    if (r > 0)
        printf("%3d ms  both: %d and %d\n", since_start_ms(), awaited[0].result,
               awaited[1].result);
    for (int i = 0; i < 2; i++)
        il_task_unref(awaited[i].task);
    return r < 0 ? r : 0;
}

static int compare(void *arg)
{
    struct mirror mirrors[] = { { "Vienna", IL_MS(200), 17 },
                                { "Paris", IL_MS(100), 16 },
                                { "Lima", IL_MS(900), 17 },
                                { "Oslo", IL_MS(150), -ECONNREFUSED } };
    int r;

    (void)arg;
    start = il_now();
    r = ask_all(mirrors, 4);
    printf("-- tasks of somebody else\n");
    start = il_now();
    return r < 0 ? r : wait_for_others(mirrors);
}

int main(void)
{
    int r = il_test_run(compare, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "43_as_completed: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
