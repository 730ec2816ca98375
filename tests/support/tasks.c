/* SPDX-License-Identifier: MIT */

/* tasks.c - run this or that in the fixture's loop. */

#include "tasks.h"

il_time now_ms(void)
{
    /* Virtual time begins at 1 s. */
    return (il_now() - IL_SEC(1)) / IL_MS(1);
}

void run(il_task_fn *body)
{
    assert_int_equal(il_run(body, NULL), 0);
}

il_task *spawn(il_task_fn *fn, void *arg)
{
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, fn, arg, &task), 0);
    return task;
}

static int join(void *task)
{
    CHECK_INT(il_task_join(task, NULL), 0);
    return 0;
}

void run_until_ended(il_task *task)
{
    assert_int_equal(il_run(join, task), 0);
}

void finish(il_task *task)
{
    run_until_ended(task);
    assert_int_equal(reap(task), 0);
}

int yield(void *arg)
{
    (void)arg;
    return il_yield();
}
