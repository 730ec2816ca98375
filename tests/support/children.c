/* SPDX-License-Identifier: MIT */

/* children.c - tasks that sleep and end as they are told. */

#include "children.h"

#include "check.h"

int live(void *arg)
{
    const struct child *child = arg;
    int r = child->duration ? il_sleep(child->duration) : 0;

    if (r < 0)
        return child->instead ? child->instead : r;
    return child->result;
}

il_task *begin_child(struct child *child)
{
    il_task *task = NULL;

    CHECK_INT(il_spawn(NULL, live, child, &task), 0);
    return task;
}

void drop_awaited(il_awaited *awaited, int n)
{
    for (int i = 0; i < n; i++)
        awaited[i].task = il_task_unref(awaited[i].task);
}
