/* SPDX-License-Identifier: MIT */

/* 02_sleep.c - two tasks sleep at the same time, in one thread.
 *
 * il_test_run() gives the program a virtual clock: when everybody waits, the
 * clock jumps to the next deadline.  The program says 600 ms and needs none.
 * With il_run() in its place it would take them. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

struct ticker {
    const char *name;
    il_time period;
    int ticks;
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static int tick(void *arg)
{
    const struct ticker *ticker = arg;

    for (int i = 1; i <= ticker->ticks; i++) {
        int r = il_sleep(ticker->period);

        if (r < 0)
            return r;
        printf("%3d ms  %s %d\n", since_start_ms(), ticker->name, i);
    }
    return 0;
}

static int run_both(void *arg)
{
    struct ticker quick = { "quick", IL_MS(100), 5 };
    struct ticker slow = { "slow", IL_MS(250), 2 };
    il_group group;
    int closed;
    int r;

    (void)arg;
    start = il_now();
    r = il_group_open(&group, 0);
    if (r < 0)
        return r;

    /* Whatever fails in between, the group is closed below. */
    r = il_spawn(&group, tick, &quick, NULL);
    if (r >= 0)
        r = il_spawn(&group, tick, &slow, NULL);
    if (r >= 0)
        r = il_sleep(IL_MS(600));

    printf("%3d ms  closing the group\n", since_start_ms());
    if (r < 0)
        il_group_cancel(&group);
    closed = il_group_close(&group);
    return r < 0 ? r : closed;
}

int main(void)
{
    int r = il_test_run(run_both, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "02_sleep: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
