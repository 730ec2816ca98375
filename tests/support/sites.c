/* SPDX-License-Identifier: MIT */

/* sites.c - a task that selects among things of its loop and things that threads
 * share. */

#include "sites.h"

#include <string.h>

void open_site(struct site *s, size_t capacity)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(il_shared_channel_init(&s->shared, sizeof(int), capacity),
                     0);
    assert_int_equal(il_shared_channel_init(&s->other, sizeof(int), capacity),
                     0);
    assert_int_equal(il_channel_init(&s->local, sizeof(int), capacity), 0);
}

void close_site(struct site *s)
{
    il_shared_channel_fini(&s->shared);
    il_shared_channel_fini(&s->other);
    il_shared_future_fini(&s->future);
    il_cancel_token_fini(&s->token);
    il_channel_fini(&s->local);
    il_event_fini(&s->event);
}

static int choose(void *arg)
{
    struct site_user *me = arg;
    struct site *s = me->site;
    il_case receive[] = {
        IL_CASE_SHARED_RECEIVE(&s->shared, &me->values[SHARED]),
        IL_CASE_SHARED_RECEIVE(&s->other, &me->values[OTHER]),
        IL_CASE_SHARED_FUTURE(&s->future, &me->values[FUTURE], &me->value),
        IL_CASE_CANCELLED(&s->token),
        IL_CASE_RECEIVE(&s->local, &me->values[LOCAL]),
        IL_CASE_EVENT(&s->event),
        IL_CASE_AFTER(IL_SEC(5)),
    };
    il_case send[] = {
        IL_CASE_SHARED_SEND(&s->shared, &me->values[SHARED]),
        IL_CASE_SHARED_SEND(&s->other, &me->values[OTHER]),
        IL_CASE_SHARED_FUTURE(&s->future, NULL, NULL),
        IL_CASE_CANCELLED(&s->token),
        IL_CASE_SEND(&s->local, &me->values[LOCAL]),
        IL_CASE_EVENT(&s->event),
        IL_CASE_AFTER(IL_SEC(5)),
    };
    il_case *cases = me->sends ? send : receive;

    me->which = -1;
    me->which = il_select(cases, N_CASES, 0);
    me->result = me->which >= 0 ? cases[me->which].result : 1;
    return 0;
}

struct site_user site_user(struct site *site)
{
    struct site_user me = { .site = site, .which = -2 };

    for (int i = 0; i < N_CASES; i++)
        me.values[i] = 70 + i;
    return me;
}

il_task *start_site_user(struct site_user *me)
{
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, choose, me, &task), 0);
    return task;
}

int join_site_user(void *task)
{
    CHECK_INT(il_task_join(task, NULL), 0);
    return 0;
}

void assert_site_fired(const struct site_user *me, int which, int result,
                       int value)
{
    assert_int_equal(me->which, which);
    assert_int_equal(me->result, result);
    for (int i = 0; i < N_CASES; i++)
        assert_int_equal(me->values[i], i == which ? value : 70 + i);
}

int site_give(il_shared_channel *channel, int value)
{
    return il_shared_channel_try_send(channel, &value);
}

int site_take(il_shared_channel *channel)
{
    int value = -1;
    int r = il_shared_channel_try_receive(channel, &value);

    return r < 0 ? r : value;
}

int site_give_local(struct site *s, int value)
{
    return il_channel_try_send(&s->local, &value);
}

int let_site_fire(struct site *s, int which)
{
    switch (which) {
    case SHARED:
        assert_int_equal(site_give(&s->shared, 5), 0);
        return 5;
    case OTHER:
        assert_int_equal(site_give(&s->other, 6), 0);
        return 6;
    case FUTURE:
        assert_int_equal(il_shared_future_set(&s->future, 7, s), 0);
        return 7;
    case TOKEN:
        assert_int_equal(il_cancel_token_cancel(&s->token), 0);
        break;
    case LOCAL:
        assert_int_equal(site_give_local(s, 8), 0);
        return 8;
    case EVENT:
        il_event_set(&s->event);
        break;
    }
    return 70 + which;
}
