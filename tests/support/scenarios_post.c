/* SPDX-License-Identifier: MIT */

/* scenarios_post.c - callbacks in the ready queue. */

#include "config.h"

#include "scenario_tools.h"

#include <stdlib.h>

static int post_waits_for_a_turn(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "post" };
    il_callback callback = IL_CALLBACK_INIT(act_now, &actor);

    (void)arg;
    CHECK_INT(il_post(il_loop_current(), &callback), 0);
    trace_add(&trace, "after");
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "after post");
    return 0;
}

static int posts_and_tasks_share_a_queue(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { .trace = &trace, .word = "post1" },
                              { .trace = &trace, .word = "task1" },
                              { .trace = &trace, .word = "post2" },
                              { .trace = &trace, .word = "task2" } };
    il_callback posts[] = { IL_CALLBACK_INIT(act_now, &actors[0]),
                            IL_CALLBACK_INIT(act_now, &actors[2]) };

    (void)arg;
    CHECK_INT(il_post(il_loop_current(), &posts[0]), 0);
    CHECK_INT(il_spawn_lazy(NULL, act, &actors[1], NULL), 0);
    CHECK_INT(il_post(il_loop_current(), &posts[1]), 0);
    CHECK_INT(il_spawn_lazy(NULL, act, &actors[3], NULL), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "post1 task1 post2 task2");
    return 0;
}

/* --- Turns ---------------------------------------------------------------- */

struct chain {
    struct trace *trace;
    il_loop *loop;
    il_callback callback;
    il_callback other;
    unsigned left;
};

static void post_again(void *arg)
{
    struct chain *chain = arg;

    trace_add(chain->trace, "post");
    if (--chain->left > 0)
        CHECK_INT(il_post(chain->loop, &chain->callback), 0);
}

static int callback_posts_itself_again(void *arg)
{
    struct trace trace = { 0 };
    struct chain chain = { .trace = &trace,
                           .loop = il_loop_current(),
                           .callback = IL_CALLBACK_INIT(post_again, &chain),
                           .left = 3 };

    (void)arg;
    CHECK_INT(il_post(chain.loop, &chain.callback), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(il_yield(), 0);
        trace_add(&trace, "main");
    }
    CHECK_TRACE(&trace, "post main post main post main main");
    return 0;
}

static void add_inner(void *arg)
{
    trace_add(((struct chain *)arg)->trace, "inner");
}

static void add_to_the_turn(void *arg)
{
    struct chain *chain = arg;

    CHECK_INT(il_post(chain->loop, &chain->other), 0);
    trace_add(chain->trace, "outer");
}

/* Two that add to a turn, and one that was in it before they ran. */
static int what_a_turn_adds_runs_in_the_next(void *arg)
{
    struct trace trace = { 0 };
    struct actor last = { .trace = &trace, .word = "last" };
    struct chain chains[2];
    il_callback callback = IL_CALLBACK_INIT(act_now, &last);

    (void)arg;
    for (int i = 0; i < 2; i++) {
        chains[i] =
            (struct chain){ .trace = &trace, .loop = il_loop_current() };
        chains[i].callback =
            (il_callback)IL_CALLBACK_INIT(add_to_the_turn, &chains[i]);
        chains[i].other = (il_callback)IL_CALLBACK_INIT(add_inner, &chains[i]);
        CHECK_INT(il_post(chains[i].loop, &chains[i].callback), 0);
    }
    CHECK_INT(il_post(il_loop_current(), &callback), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "outer outer last");
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "outer outer last inner inner");
    return 0;
}

/* --- Twice, and taken back ------------------------------------------------ */

static int queued_callback_is_busy(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "post" };
    il_callback callback = IL_CALLBACK_INIT(act_now, &actor);
    il_callback empty = IL_CALLBACK_INIT(NULL, NULL);
    il_loop *loop = il_loop_current();

    (void)arg;
    CHECK_INT(il_post(loop, &callback), 0);
    CHECK_INT(il_post(loop, &callback), -EBUSY);
    CHECK_INT(il_post_threadsafe(loop, &callback), -EBUSY);
    CHECK_INT(il_loop_at_close(loop, &callback), -EBUSY);
    CHECK_INT(il_post(loop, &empty), -EINVAL);
    CHECK_INT(il_post(NULL, &callback), -EINVAL);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_post(loop, &callback), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "post post");
    return 0;
}

static int callback_can_be_taken_back(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "post" };
    il_callback callback = IL_CALLBACK_INIT(act_now, &actor);
    il_loop *loop = il_loop_current();

    (void)arg;
    CHECK(!il_callback_cancel(&callback));
    CHECK_INT(il_post(loop, &callback), 0);
    CHECK(il_callback_cancel(&callback));
    CHECK(!il_callback_cancel(&callback));
    CHECK_INT(il_post_threadsafe(loop, &callback), 0);
    CHECK(il_callback_cancel(&callback));
    CHECK_INT(il_loop_at_close(loop, &callback), 0);
    CHECK(il_callback_cancel(&callback));
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "");
    return 0;
}

static void take_back_the_other(void *arg)
{
    struct chain *chain = arg;

    trace_add(chain->trace, "taken");
    CHECK(!il_callback_cancel(&chain->callback)); /* it runs already */
    CHECK(il_callback_cancel(&chain->other));
}

static int callback_takes_back_the_next(void *arg)
{
    struct trace trace = { 0 };
    struct chain chain = {
        .trace = &trace,
        .loop = il_loop_current(),
        .callback = IL_CALLBACK_INIT(take_back_the_other, &chain),
        .other = IL_CALLBACK_INIT(add_inner, &chain),
    };

    (void)arg;
    CHECK_INT(il_post(chain.loop, &chain.callback), 0);
    CHECK_INT(il_post(chain.loop, &chain.other), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "taken");
    return 0;
}

/* --- Where they run ------------------------------------------------------- */

static void look_around(void *arg)
{
    bool *ran = arg;
    il_group group;
    il_future never = IL_FUTURE_INIT;
    char byte;

    *ran = true;
    CHECK(il_task_current() == NULL);
    CHECK(il_loop_current() != NULL);
    CHECK_INT(il_yield(), -ESRCH);
    CHECK_INT(il_sleep(IL_MS(1)), -ESRCH);
    CHECK_INT(il_future_wait(&never, NULL, NULL), -ESRCH);
    CHECK_INT(il_group_open(&group, 0), -ESRCH);
    CHECK_INT(il_wait_fd(0, IL_READ), -ESRCH);
    CHECK_INT(il_read(-1, &byte, 1), -EBADF);
    CHECK_INT(il_loop_close(il_loop_current(), 0), -EBUSY);
}

static int callbacks_run_outside_tasks(void *arg)
{
    bool ran = false;
    il_callback callback = IL_CALLBACK_INIT(look_around, &ran);
    il_task *me = il_task_current();

    (void)arg;
    CHECK_INT(il_post(il_loop_current(), &callback), 0);
    CHECK_INT(il_yield(), 0);
    CHECK(ran);
    CHECK(il_task_current() == me);
    return 0;
}

static void free_itself(void *arg)
{
    struct chain *chain = arg;

    trace_add(chain->trace, "freed");
    free(chain);
}

static int callback_frees_itself(void *arg)
{
    struct trace trace = { 0 };
    struct chain *chain = calloc(1, sizeof *chain);

    (void)arg;
    if (!CHECK(chain != NULL))
        return 0;
    chain->trace = &trace;
    chain->callback = (il_callback)IL_CALLBACK_INIT(free_itself, chain);
    CHECK_INT(il_post(il_loop_current(), &chain->callback), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "freed");
    return 0;
}

const struct scenario scenarios_post[] = {
    { "a post waits for a turn", post_waits_for_a_turn },
    { "posts and tasks share a queue", posts_and_tasks_share_a_queue },
    { "a callback posts itself again", callback_posts_itself_again },
    { "what a turn adds runs in the next", what_a_turn_adds_runs_in_the_next },
    { "a queued callback is busy", queued_callback_is_busy },
    { "a callback can be taken back", callback_can_be_taken_back },
    { "a callback takes back the next one", callback_takes_back_the_next },
    { "callbacks run outside every task", callbacks_run_outside_tasks },
    { "a callback frees itself", callback_frees_itself },
    { NULL, NULL },
};
