/* SPDX-License-Identifier: MIT */

/* scenarios_time.c - tasks that wait for a time. */

#include "config.h"

#include "scenario_tools.h"

struct sleeper {
    struct trace *trace;
    const char *word;
    il_time until;
};

static int sleep_until(void *arg)
{
    struct sleeper *sleeper = arg;

    CHECK_INT(il_sleep_until(sleeper->until), 0);
    trace_add(sleeper->trace, sleeper->word);
    return 0;
}

/* Five tasks sleep, the i-th for a millisecond and i times `step`; they wake
 * in this order or, if the step is negative, in the opposite one.  Again,
 * and more slowly, if the last could not begin to sleep before the first had to
 * wake. */
static void sleep_in_steps(il_time step, const char *expected)
{
    static const char *const words[] = { "a", "b", "c", "d", "e" };
    struct sleeper sleepers[5];
    struct trace trace;
    bool in_time = false;

    for (int attempt = 0; attempt < 9 && !in_time; attempt++) {
        il_time base = il_deadline(IL_MS(1) << attempt);
        il_group group;

        trace = (struct trace){ 0 };
        CHECK_INT(il_group_open(&group, 0), 0);
        for (int i = 0; i < 5; i++) {
            sleepers[i] = (struct sleeper){ &trace, words[i], base + i * step };
            CHECK_INT(il_spawn(&group, sleep_until, &sleepers[i], NULL), 0);
        }
        in_time = il_now() < base + (step < 0 ? 4 * step : 0);
        CHECK_INT(il_group_close(&group), 0);
    }
    if (CHECK(in_time))
        CHECK_TRACE(&trace, expected);
}

static int sleeps_end_in_order(void *arg)
{
    (void)arg;
    sleep_in_steps(IL_US(200), "a b c d e");
    sleep_in_steps(-IL_US(100), "e d c b a");
    sleep_in_steps(-1, "e d c b a");
    return 0;
}

static int equal_sleeps_end_in_their_order(void *arg)
{
    (void)arg;
    sleep_in_steps(0, "a b c d e");
    return 0;
}

static int sleep_is_never_early(void *arg)
{
    const il_time durations[] = { IL_NS(1),   IL_US(3),    IL_US(70),
                                  IL_US(999), IL_US(1001), IL_MS(2.5) };

    (void)arg;
    for (unsigned i = 0; i < sizeof durations / sizeof *durations; i++) {
        il_time before = il_now();

        CHECK_INT(il_sleep(durations[i]), 0);
        CHECK(il_now() - before >= durations[i]);
    }
    return 0;
}

/* Late by what the kernel and a millisecond's rounding cost; what others on
 * the machine cost may be more, so the best of some attempts counts. */
static int sleep_is_hardly_late(void *arg)
{
    il_time best = IL_FOREVER;

    (void)arg;
    for (int i = 0; i < 50 && best > IL_MS(2); i++) {
        il_time until = il_deadline(IL_US(300));

        CHECK_INT(il_sleep_until(until), 0);
        if (il_now() - until < best)
            best = il_now() - until;
    }
    CHECK(best <= IL_MS(2));
    return 0;
}

static int sleep_for_nothing_yields(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "other" };
    const il_time nothing[] = { 0, -1, -IL_FOREVER };

    (void)arg;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_spawn_lazy(NULL, act, &actor, NULL), 0);
        CHECK_INT(il_sleep(nothing[i]), 0);
    }
    CHECK_TRACE(&trace, "other other other");
    CHECK_INT(il_spawn_lazy(NULL, act, &actor, NULL), 0);
    CHECK_INT(il_sleep_until(il_now() - IL_SEC(1)), 0);
    CHECK_TRACE(&trace, "other other other other");
    return 0;
}

static int time_does_not_go_back(void *arg)
{
    il_time last = il_now();

    (void)arg;
    for (int i = 0; i < 200; i++) {
        CHECK_INT(i % 50 ? il_yield() : il_sleep(IL_US(50)), 0);
        CHECK(il_now() >= last);
        last = il_now();
    }
    CHECK(il_deadline(IL_MS(1)) >= last + IL_MS(1));
    CHECK_INT(il_deadline(IL_FOREVER), IL_FOREVER);
    CHECK(il_deadline(-5) >= last && il_deadline(-5) <= il_now());
    return 0;
}

static int sleep_often(void *arg)
{
    for (int i = 0; i < 10; i++)
        CHECK_INT(il_sleep(IL_US(100)), 0);
    ++*(unsigned *)arg;
    return 0;
}

static int many_sleepers_share_the_clock(void *arg)
{
    enum { N = 100 };
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < N; i++)
        CHECK_INT(il_spawn(&group, sleep_often, &n, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(n, N);
    return 0;
}

/* A long sleep that is under way must not hold up a short one. */
static int short_sleep_overtakes_a_long_one(void *arg)
{
    struct trace trace = { 0 };
    struct sleeper quick = { &trace, "quick", 0 };
    il_task *long_one;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &long_one), 0);
    CHECK_INT(il_sleep(IL_US(100)), 0);
    quick.until = il_deadline(IL_MS(1));
    CHECK_INT(il_spawn(NULL, sleep_until, &quick, &task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_TRACE(&trace, "quick");
    CHECK(!il_task_is_done(long_one));
    CHECK_INT(il_task_cancel(long_one), 0);
    CHECK_INT(il_task_join(long_one, NULL), 0);
    il_task_unref(long_one);
    il_task_unref(task);
    return 0;
}

const struct scenario scenarios_time[] = {
    { "sleeps end in order", sleeps_end_in_order },
    { "a sleep is never early", sleep_is_never_early },
    { "a sleep is hardly late", sleep_is_hardly_late },
    { "equal sleeps end in their order", equal_sleeps_end_in_their_order },
    { "a sleep for nothing yields", sleep_for_nothing_yields },
    { "time does not go back", time_does_not_go_back },
    { "many sleepers share the clock", many_sleepers_share_the_clock },
    { "a short sleep overtakes a long one", short_sleep_overtakes_a_long_one },
    { NULL, NULL },
};
