/* SPDX-License-Identifier: MIT */

/* scenarios_spawn.c - how tasks begin. */

#include "config.h"

#include "scenario_tools.h"

#include <string.h>

/* --- Eager and lazy ------------------------------------------------------- */

static int add_yield_add(void *arg)
{
    struct actor *actor = arg;

    trace_add(actor->trace, actor->word);
    CHECK_INT(il_yield(), 0);
    trace_add(actor->trace, actor->word);
    return 0;
}

static int eager_runs_inside_spawn(void *arg)
{
    struct trace trace = { 0 };
    struct actor task = { .trace = &trace, .word = "task" };
    il_task *handle;

    (void)arg;
    trace_add(&trace, "before");
    CHECK_INT(il_spawn(NULL, add_yield_add, &task, &handle), 0);
    trace_add(&trace, "after");
    CHECK_INT(il_task_join(handle, NULL), 0);
    il_task_unref(handle);
    CHECK_TRACE(&trace, "before task after task");
    return 0;
}

static int lazy_waits_for_a_turn(void *arg)
{
    struct trace trace = { 0 };
    struct actor task = { .trace = &trace, .word = "task" };
    il_task *handle;

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, act, &task, &handle), 0);
    CHECK(!il_task_is_done(handle));
    trace_add(&trace, "after");
    CHECK_INT(il_task_join(handle, NULL), 0);
    il_task_unref(handle);
    CHECK_TRACE(&trace, "after task");
    return 0;
}

/* --- Who runs ------------------------------------------------------------- */

struct nest {
    il_task *parent;
    int depth;
};

/* Before, between and after every switch the current task is this one. */
static int spawn_inner(void *arg)
{
    const struct nest *nest = arg;
    il_task *me = il_task_current();
    struct nest inner = { me, nest->depth - 1 };
    il_task *handle = NULL;

    CHECK(me != NULL && me != nest->parent);
    if (nest->depth > 0) {
        CHECK_INT(il_spawn(NULL, spawn_inner, &inner, &handle), 0);
        CHECK(il_task_current() == me);
        CHECK(handle != me);
    }
    CHECK_INT(il_yield(), 0);
    CHECK(il_task_current() == me);
    if (handle) {
        CHECK_INT(il_task_join(handle, NULL), 0);
        CHECK(il_task_current() == me);
        il_task_unref(handle);
    }
    return 0;
}

static int current_task_is_right(void *arg)
{
    struct nest nest = { il_task_current(), 4 };
    il_task *me = nest.parent;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, spawn_inner, &nest, &task), 0);
    CHECK(il_task_current() == me);
    CHECK_INT(il_sleep(IL_US(50)), 0);
    CHECK(il_task_current() == me);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK(il_task_current() == me);
    il_task_unref(task);
    return 0;
}

static int spawns_nest_deep(void *arg)
{
    struct nest nest = { il_task_current(), 100 };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, spawn_inner, &nest, &task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    return 0;
}

static void spawn_from_callback(void *arg)
{
    CHECK(il_task_current() == NULL);
    CHECK_INT(il_spawn(NULL, add_yield_add, arg, NULL), 0);
    CHECK(il_task_current() == NULL);
    trace_add(((struct actor *)arg)->trace, "callback");
}

static int callback_spawns(void *arg)
{
    struct trace trace = { 0 };
    struct actor task = { .trace = &trace, .word = "task" };
    il_callback callback = IL_CALLBACK_INIT(spawn_from_callback, &task);

    (void)arg;
    CHECK_INT(il_post(il_loop_current(), &callback), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "task callback task");
    return 0;
}

/* --- Many ----------------------------------------------------------------- */

static int wait_then_count(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    ++*(unsigned *)arg;
    return 0;
}

static int many_live_at_once(void *arg)
{
    enum { N = 200 };
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < N; i++)
        CHECK_INT(il_spawn(&group, wait_then_count, &n, NULL), 0);
    CHECK_INT(il_group_count(&group), N);
    CHECK_INT(n, 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(n, N);
    return 0;
}

/* --- Options -------------------------------------------------------------- */

struct letter {
    char text[100];
    struct trace *trace;
};

static int read_copy(void *arg)
{
    struct letter *letter = arg;

    CHECK_INT((uintptr_t)arg % 16, 0);
    CHECK_INT(il_yield(), 0);
    trace_add(letter->trace, letter->text);
    return 0;
}

static int copy_outlives_original(void *arg)
{
    struct trace trace = { 0 };
    struct letter letter = { "copy", &trace };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn_copy(NULL, read_copy, &letter, sizeof letter, &task), 0);
    memset(&letter, 'x', sizeof letter);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    CHECK_TRACE(&trace, "copy");
    return 0;
}

struct owned {
    unsigned n_destroyed;
    unsigned n_run;
    int result;
};

static int use(void *arg)
{
    struct owned *owned = arg;

    owned->n_run++;
    CHECK_INT(owned->n_destroyed, 0);
    return owned->result < 0 ? owned->result : il_sleep(IL_US(20));
}

static void destroy(void *arg)
{
    ((struct owned *)arg)->n_destroyed++;
}

/* It ends well, it fails in its first step, it is cancelled before it. */
static int destroy_is_called_once(void *arg)
{
    struct owned owned[3] = { { .result = 0 }, { .result = -EIO } };
    const int expected[3] = { 0, -EIO, -ECANCELED };
    il_task *tasks[3];

    (void)arg;
    for (int i = 0; i < 3; i++) {
        il_spawn_options options = { .fn = use,
                                     .arg = &owned[i],
                                     .destroy = destroy,
                                     .flags = i == 2 ? IL_LAZY : 0 };

        CHECK_INT(il_spawn_with(NULL, &options, &tasks[i]), 0);
    }
    CHECK_INT(il_task_cancel(tasks[2]), 0);
    for (int i = 0; i < 3; i++) {
        int result = 1;

        CHECK_INT(il_task_join(tasks[i], &result), 0);
        CHECK_INT(result, expected[i]);
        CHECK_INT(owned[i].n_destroyed, 1);
        CHECK_INT(owned[i].n_run, i < 2);
        il_task_unref(tasks[i]);
    }
    return 0;
}

static __attribute__((noinline)) unsigned use_stack(unsigned depth)
{
    volatile unsigned char frame[1024];

    for (unsigned i = 0; i < sizeof frame; i++)
        frame[i] = (unsigned char)depth;
    if (depth > 0 && use_stack(depth - 1) != depth - 1)
        return 0;
    return frame[depth % sizeof frame] == (unsigned char)depth ? depth : 0;
}

static int use_two_megabytes(void *arg)
{
    (void)arg;
    CHECK_INT(use_stack(2000), 2000);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(use_stack(2000), 2000);
    return 0;
}

static int stack_can_be_big(void *arg)
{
    const il_spawn_options options = { .fn = use_two_megabytes,
                                       .stack_size = (size_t)8 << 20 };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn_with(NULL, &options, &task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    return 0;
}

static int tasks_have_names(void *arg)
{
    static int result = 3;
    const il_spawn_options options = { .fn = return_int,
                                       .arg = &result,
                                       .name = "given" };
    il_task *a, *b;

    (void)arg;
    CHECK_INT(il_spawn_with(NULL, &options, &a), 0);
    CHECK_INT(il_spawn(NULL, return_int, &result, &b), 0);
    CHECK(strcmp(il_task_get_name(a), "given") == 0);
    CHECK(strcmp(il_task_get_name(b), "return_int") == 0);
    il_task_set_name(b, "renamed");
    CHECK(strcmp(il_task_get_name(b), "renamed") == 0);
    il_task_unref(a);
    il_task_unref(b);
    return 0;
}

static int bad_options_do_nothing(void *arg)
{
    static char big[2000];
    const il_spawn_options bad[] = {
        { .fn = NULL },
        { .fn = sleep_for_ever, .flags = 1u << 30 },
        { .fn = sleep_for_ever, .arg = big, .copy_size = sizeof big },
        { .fn = sleep_for_ever, .stack_size = (size_t)2 << 30 },
    };
    size_t before = il_loop_count_tasks(il_loop_current());
    il_task *task = il_task_current();

    (void)arg;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(il_spawn_with(NULL, &bad[i], &task), -EINVAL);
    CHECK(task == il_task_current());
    CHECK_INT(il_loop_count_tasks(il_loop_current()), before);
    return 0;
}

const struct scenario scenarios_spawn[] = {
    { "an eager task runs inside the spawn", eager_runs_inside_spawn },
    { "a lazy task waits for a turn", lazy_waits_for_a_turn },
    { "the current task is right at every moment", current_task_is_right },
    { "spawns nest a hundred deep", spawns_nest_deep },
    { "a callback may spawn a task", callback_spawns },
    { "many tasks live at once", many_live_at_once },
    { "a copied argument outlives its original", copy_outlives_original },
    { "an argument is destroyed once", destroy_is_called_once },
    { "a stack can be big", stack_can_be_big },
    { "tasks have names", tasks_have_names },
    { "bad options of a spawn do nothing", bad_options_do_nothing },
    { NULL, NULL },
};
