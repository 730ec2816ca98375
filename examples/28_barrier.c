/* SPDX-License-Identifier: MIT */

/* 28_barrier.c - three walkers, two huts.
 *
 * They walk at their own pace and go on together: at each hut they wait for the
 * last one.  Who came first makes tea; that is one of them in each round.  At the
 * end each sends a postcard; at home somebody waits until all have come, which
 * is what a wait group counts. */

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

static il_waitgroup mail = IL_WAITGROUP_INIT;

struct walker {
    const char *name;
    il_time stages[2]; /* how long each takes */
    il_timer postman;
};

/* A callback, no task: a group could not wait for it. */
static void deliver(void *arg)
{
    const struct walker *sender = arg;

    printf("%3d ms  a card from %s\n", since_start_ms(), sender->name);
    (void)il_waitgroup_done(&mail);
}

static int send_card(struct walker *me, il_time takes)
{
    int r = il_waitgroup_add(&mail, 1);

    me->postman = (il_timer)IL_TIMER_INIT(deliver, me);
    if (r == 0)
        r = il_timer_start(il_loop_current(), &me->postman, il_deadline(takes));
    return r;
}

static int walk(void *arg)
{
    struct walker *me = arg;

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
    return send_card(me, me->stages[0]);
}

static int walk_all(void *arg)
{
    struct walker walkers[] = {
        { .name = "anna", .stages = { IL_MS(100), IL_MS(80) } },
        { .name = "bert", .stages = { IL_MS(150), IL_MS(60) } },
        { .name = "cleo", .stages = { IL_MS(70), IL_MS(90) } },
    };
    il_call calls[3];
    int r;

    (void)arg;
    start = il_now();
    for (int i = 0; i < 3; i++)
        calls[i] = (il_call){ .fn = walk, .arg = &walkers[i] };
    r = il_gather(calls, 3);
    printf("%3d ms  %zu cards are on their way\n", since_start_ms(),
           il_waitgroup_count(&mail));
    if (r == 0)
        r = il_waitgroup_wait(&mail);
    printf("%3d ms  all are here\n", since_start_ms());
    return r;
}

int main(void)
{
    int r = il_test_run(walk_all, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "28_barrier: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
