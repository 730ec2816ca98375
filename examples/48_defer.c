/* SPDX-License-Identifier: MIT */

/* 48_defer.c - a robot is set up step by step, and put to rest in reverse.
 *
 * How many axes there are is known at run time only, and each step may fail.  So
 * each one says at once what undoes it.  An axis has to be parked, which takes a
 * while: it is done under a shield, since a robot that is stopped has to be
 * parked all the more.  asyncio has AsyncExitStack for this. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct axis {
    char name;
    il_time takes; /* to move it */
    int error;     /* of switching it on */
};

static void park(void *arg)
{
    const struct axis *axis = arg;
    int r = 0;

    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(axis->takes);
    }
    printf("  %c: %s\n", axis->name, r < 0 ? "parked? it hangs" : "parked");
}

static void switch_off(void *arg)
{
    printf("  %c: off\n", ((const struct axis *)arg)->name);
}

static int switch_on(struct axis *axis)
{
    int r;

    if (axis->error < 0)
        return axis->error;
    printf("  %c: on\n", axis->name);
    r = il_defer(switch_off, axis);
    if (r < 0) {
        switch_off(axis);
        return r;
    }
    r = il_sleep(axis->takes);
    if (r < 0)
        return r;
    return il_defer(park, axis);
}

struct robot {
    struct axis axes[3];
};

static int run_robot(void *arg)
{
    struct robot *robot = arg;
    int n_moves = 0;

    for (int i = 0; i < 3; i++) {
        int r = switch_on(&robot->axes[i]);

        if (r < 0)
            return r;
    }
    printf("  moves\n");
    while (il_sleep(IL_MS(100)) == 0)
        n_moves++;
    printf("  stopped after %d moves\n", n_moves);
    return 0;
}

static int run_for_a_second(void *arg)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(1), &r) {
        il_call call = { run_robot, arg, 0 };

        r = il_gather(&call, 1);
    }
    return r;
}

static int run_both(void *arg)
{
    struct robot good = {
        { { 'x', IL_MS(20), 0 }, { 'y', IL_MS(20), 0 }, { 'z', IL_MS(20), 0 } }
    };
    struct robot bad = { { { 'x', IL_MS(20), 0 },
                           { 'y', IL_SEC(5), 0 },
                           { 'z', IL_MS(20), -EIO } } };

    (void)arg;
    printf("a good one\n");
    printf("%s\n", il_strerror(run_for_a_second(&good)));
    printf("one that hangs\n");
    printf("%s\n", il_strerror(run_for_a_second(&bad)));
    bad.axes[1].takes = IL_MS(20);
    printf("one that fails\n");
    printf("%s\n", il_strerror(run_for_a_second(&bad)));
    return 0;
}

int main(void)
{
    int r = il_test_run(run_both, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "48_defer: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
