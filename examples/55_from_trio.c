/* SPDX-License-Identifier: MIT */

/* 55_from_trio.c - what those who come from Trio look for.
 *
 * Each part is the counterpart of a few lines of Python, which doc/trio.md has
 * beside it.  Time is virtual: il_test_run() is MockClock with autojump. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int now_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

/* nursery { */
static int child(void *arg)
{
    const char *name = arg;
    int r = il_sleep(IL_MS(100));

    if (r == 0)
        printf("nursery: %s at %d ms\n", name, now_ms());
    return r;
}

static int nursery(void)
{
    char one[] = "one";
    char two[] = "two";
    il_group group;
    int r = il_group_open(&group, 0);

    if (r < 0)
        return r;
    (void)il_spawn(&group, child, one, NULL);
    (void)il_spawn(&group, child, two, NULL);
    return il_group_close(&group); /* waits for both */
}
/* nursery } */

/* move_on_after { */
static int patience(void)
{
    int late = 0;
    int r = 0;

    IL_TIMEOUT (IL_MS(500), &late) { /* fail_after: -ETIMEDOUT */
        late = il_sleep(IL_FOREVER);
    }
    IL_TIMEOUT (IL_MS(500), &r) { /* move_on_after: not an error here */
        r = il_sleep(IL_FOREVER);
    }
    if (r == -ETIMEDOUT)
        r = 0;
    printf("fail_after: %s, move_on_after: %s\n", il_strerror(late),
           il_strerror(r));
    return r;
}
/* move_on_after } */

/* CancelScope { */
static int cancel_scope(void)
{
    il_scope scope;
    int closing = 0;
    int r = il_scope_enter(&scope, il_deadline(IL_SEC(60)));

    if (r < 0)
        return r;
    il_scope_cancel(&scope); /* anybody on this thread may do so */
    r = il_sleep(IL_SEC(1));
    IL_SHIELD (IL_SEC(1), &closing) { /* always with a limit */
        closing = il_sleep(IL_MS(10));
    }
    printf("CancelScope: %s inside, shielded %s", il_strerror(r),
           il_strerror(closing));
    r = il_scope_leave(&scope, r); /* 0: this scope was cancelled by hand */
    printf(", %s outside\n", il_strerror(r));
    return r;
}
/* CancelScope } */

/* memory_channel { */
static int sender(void *arg)
{
    il_channel *channel = arg;
    int r = 0;

    for (int i = 0; i < 3 && r == 0; i++)
        r = il_channel_send(channel, &i);
    (void)il_channel_close(channel);
    return r;
}

static int memory_channel(void)
{
    il_channel channel;
    il_group group;
    int value;
    int closed;
    int r = il_channel_init(&channel, sizeof(int), 0);

    if (r < 0)
        return r;
    r = il_group_open(&group, 0);
    if (r == 0) {
        (void)il_spawn(&group, sender, &channel, NULL);
        while ((r = il_channel_receive(&channel, &value)) == 0)
            printf("memory channel: %d\n", value);
        closed = il_group_close(&group);
        r = r == -EPIPE ? closed : r; /* EndOfChannel */
    }
    il_channel_fini(&channel);
    return r;
}
/* memory_channel } */

/* CapacityLimiter { */
static il_limiter limiter = IL_LIMITER_INIT(2);

static int limited(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_TOKEN(&limiter, &r)
    {
        r = il_sleep(IL_MS(100));
    }
    return r;
}
/* CapacityLimiter } */

static int capacity(void)
{
    il_call calls[] = { { .fn = limited },
                        { .fn = limited },
                        { .fn = limited } };
    int before = now_ms();
    int r = il_gather(calls, 3);

    printf("CapacityLimiter: %d ms\n", now_ms() - before);
    return r;
}

typedef int part_fn(void);

static int everything(void *arg)
{
    static part_fn *const parts[] = { nursery, patience, cancel_scope,
                                      memory_channel, capacity };
    int r = 0;

    (void)arg;
    start = il_now();
    for (size_t i = 0; i < sizeof parts / sizeof *parts && r >= 0; i++)
        r = parts[i]();
    return r;
}

int main(void)
{
    int r = il_test_run(everything, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "55_from_trio: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
