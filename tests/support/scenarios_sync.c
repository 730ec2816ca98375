/* SPDX-License-Identifier: MIT */

/* scenarios_sync.c - events and channels. */

#include "config.h"

#include "scenario_tools.h"

#include <stdlib.h>

struct visitor {
    struct trace *trace;
    const char *word;
    il_event *event;
};

static int pass(void *arg)
{
    struct visitor *visitor = arg;
    int r = il_event_wait(visitor->event);

    if (r == 0)
        trace_add(visitor->trace, visitor->word);
    return r;
}

static int event_lets_one_batch_pass(void *arg)
{
    struct trace trace = { 0 };
    il_event event = IL_EVENT_INIT;
    struct visitor visitors[] = { { &trace, "a", &event },
                                  { &trace, "b", &event },
                                  { &trace, "late", &event } };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(il_spawn(&group, pass, &visitors[i], NULL), 0);
    CHECK_INT(il_event_set(&event), 0);
    il_event_clear(&event);
    CHECK_INT(il_spawn(&group, pass, &visitors[2], NULL), 0);
    settle_for(IL_MS(1));
    CHECK_TRACE(&trace, "a b");
    CHECK_INT(il_event_set(&event), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "a b late");
    return 0;
}

static void set_event(void *event)
{
    CHECK_INT(il_event_set(event), 0);
}

static int event_is_set_by_a_callback(void *arg)
{
    il_event event = IL_EVENT_INIT;
    il_timer timer = IL_TIMER_INIT(set_event, &event);

    (void)arg;
    CHECK_INT(il_timer_start(il_loop_current(), &timer, il_deadline(IL_MS(2))),
              0);
    CHECK_INT(il_event_wait(&event), 0);
    CHECK_INT(il_event_wait(&event), 0);
    return 0;
}

struct pipeline {
    il_channel in;
    il_channel out;
};

/* Double what comes in; the end of one channel ends the other. */
static int double_all(void *arg)
{
    struct pipeline *pipeline = arg;
    int value;
    int r;

    while ((r = il_channel_receive(&pipeline->in, &value)) == 0) {
        value *= 2;
        CHECK_INT(il_channel_send(&pipeline->out, &value), 0);
    }
    CHECK_INT(r, -EPIPE);
    CHECK_INT(il_channel_close(&pipeline->out), 0);
    return 0;
}

static int feed(void *arg)
{
    struct pipeline *pipeline = arg;

    for (int i = 1; i <= 300; i++)
        CHECK_INT(il_channel_send(&pipeline->in, &i), 0);
    CHECK_INT(il_channel_close(&pipeline->in), 0);
    return 0;
}

static int channels_make_a_pipeline(void *arg)
{
    struct pipeline pipeline;
    il_group group;
    int expected = 0;
    int value;
    int r;

    (void)arg;
    CHECK_INT(il_channel_init(&pipeline.in, sizeof(int), 4), 0);
    CHECK_INT(il_channel_init(&pipeline.out, sizeof(int), 0), 0);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, double_all, &pipeline, NULL), 0);
    CHECK_INT(il_spawn(&group, feed, &pipeline, NULL), 0);
    while ((r = il_channel_receive(&pipeline.out, &value)) == 0)
        CHECK_INT(value, expected += 2);
    CHECK_INT(r, -EPIPE);
    CHECK_INT(expected, 600);
    CHECK_INT(il_group_close(&group), 0);
    il_channel_fini(&pipeline.out);
    il_channel_fini(&pipeline.in);
    return 0;
}

static int channel_wait_ends_in_time(void *arg)
{
    il_channel channel;
    int value = 5;
    int r = 0;

    (void)arg;
    CHECK_INT(il_channel_init(&channel, sizeof(int), 0), 0);
    IL_TIMEOUT (IL_MS(2), &r) {
        r = il_channel_receive(&channel, &value);
    }
    CHECK_INT(r, -ETIMEDOUT);
    r = 0;
    IL_TIMEOUT (IL_MS(2), &r) {
        r = il_channel_send(&channel, &value);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(value, 5);
    CHECK_INT(il_channel_try_receive(&channel, &value), -EAGAIN);
    il_channel_fini(&channel);
    return 0;
}

/* Of a channel whose storage goes before this returns. */
static int receive_from_the_dead(void *arg)
{
    int value;

    return il_channel_receive(arg, &value);
}

static int channel_that_ends_tells_who_waits(void *arg)
{
    il_channel *channel = malloc(sizeof *channel);
    int result = 0;
    il_task *task;

    (void)arg;
    if (!CHECK(channel != NULL))
        return -ENOMEM;
    CHECK_INT(il_channel_init(channel, sizeof(int), 1), 0);
    CHECK_INT(il_spawn(NULL, receive_from_the_dead, channel, &task), 0);
    il_channel_fini(channel);
    free(channel);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -EOWNERDEAD);
    il_task_unref(task);
    return 0;
}

const struct scenario scenarios_sync[] = {
    { "an event lets one batch pass", event_lets_one_batch_pass },
    { "an event is set by a callback", event_is_set_by_a_callback },
    { "channels make a pipeline", channels_make_a_pipeline },
    { "a wait in a channel ends in time", channel_wait_ends_in_time },
    { "a channel that ends tells who waits",
      channel_that_ends_tells_who_waits },
    { NULL, NULL },
};
