/* SPDX-License-Identifier: MIT */

/* 28_barrier.c - three walkers, two huts.
 *
 * They walk at their own pace and go on together: at each hut they wait for the
 * last one.  Who came first makes tea; that is one of them in each round. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static il_barrier hut = IL_BARRIER_INIT(3);

struct walker {
    const char *name;
    il_time stages[2]; /* how long each takes */
};

static int walk(void *arg)
{
    const struct walker *me = arg;

    for (int i = 0; i < 2; i++) {
        int r = il_sleep(me->stages[i]);

        if (r < 0)
            return r;
        printf("%3d ms  %s is at hut %d\n", since_start_ms(), me->name, i + 1);
        r = il_barrier_wait(&hut);
        if (r < 0)
            return r;
        if (r == 0)
            printf("%3d ms  %s made tea, all go on\n", since_start_ms(),
                   me->name);
    }
    return 0;
}

static int walk_all(void *arg)
{
    struct walker walkers[] = {
        { "anna", { IL_MS(100), IL_MS(80) } },
        { "bert", { IL_MS(150), IL_MS(60) } },
        { "cleo", { IL_MS(70), IL_MS(90) } },
    };
    il_call calls[3];

    (void)arg;
    start = il_now();
    for (int i = 0; i < 3; i++)
        calls[i] = (il_call){ .fn = walk, .arg = &walkers[i] };
    return il_gather(calls, 3);
}

int main(void)
{
    int r = il_test_run(walk_all, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "28_barrier: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
