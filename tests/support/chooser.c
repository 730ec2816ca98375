/* SPDX-License-Identifier: MIT */

/* chooser.c - tasks that select. */

#include "config.h"

#include "chooser.h"

#include "base/list.h"
#include "check.h"

int choose_once(void *arg)
{
    struct chooser *chooser = arg;
    int r;

    chooser->r = 12345;
    r = il_select(chooser->cases, chooser->n, chooser->flags);
    chooser->r = r;
    if (chooser->name && r >= 0)
        note("%s:%d=%d", chooser->name, r, chooser->cases[r].result);
    else if (chooser->name)
        note("%s:%d", chooser->name, r);
    return 0;
}

void assert_idle(il_channel *channel)
{
    assert_true(ili_list_empty(&channel->receivers));
    assert_true(ili_list_empty(&channel->senders));
    assert_int_equal(il_channel_count(channel), 0);
}
