/* SPDX-License-Identifier: MIT */

/* viewers.c - watch channels of numbers, and who watches. */

#include "viewers.h"

#include "check.h"

int view(void *arg)
{
    struct viewer *v = arg;

    for (int i = 0; i < v->wants; i++) {
        v->r = 1;
        v->r = il_watch_next(v->watch, &v->seen, &v->value);
        if (v->r < 0)
            break;
        note("%s%d.%d", v->name, v->value, (int)v->seen);
    }
    return 0;
}

void make_watch(il_watch *watch)
{
    assert_int_equal(il_watch_init(watch, sizeof(int)), 0);
}

void set_watch(il_watch *watch, int value)
{
    assert_int_equal(il_watch_set(watch, &value), 0);
}
