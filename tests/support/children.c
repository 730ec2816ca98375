/* SPDX-License-Identifier: MIT */

/* children.c - tasks that sleep and end as they are told. */

#include "children.h"

int live(void *arg)
{
    const struct child *child = arg;
    int r = child->duration ? il_sleep(child->duration) : 0;

    if (r < 0)
        return child->instead ? child->instead : r;
    return child->result;
}
