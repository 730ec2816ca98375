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
    int r = 0;
    il_group group;

    IL_WITH_GROUP (&group, 0, &r) {
        r = il_spawn(&group, child, one, NULL);
        if (r == 0)
            r = il_spawn(&group, child, two, NULL);
    }
    return r; /* both have ended */
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

/* start { */
static int serve(void *arg)
{
    int r = il_sleep(IL_MS(50)); /* until it listens */

    if (r == 0)
        r = il_ready(arg); /* task_status.started(arg) */
    if (r == 0)
        r = il_sleep(IL_FOREVER);
    return r;
}

static int start_server(void)
{
    char name[] = "port 8000";
    int r = 0;
    il_group group;

    IL_WITH_GROUP (&group, 0, &r) {
        void *address;

        r = il_spawn_ready(&group, serve, name, NULL, &address);
        if (r == 0)
            printf("start: %s\n", (const char *)address);
        il_group_cancel(&group);
    }
    return r;
}
/* start } */

/* memory_channel { */
static int listener(void *arg)
{
    const il_receiver *in = arg;
    int value;
    int r;

    while ((r = il_receiver_receive(in, &value)) == 0)
        printf("memory channel: %d\n", value);
    return r == -EPIPE ? 0 : r; /* EndOfChannel: the last sender is gone */
}

static int sender(void *arg)
{
    IL_CLEANUP(il_sender) il_sender out = *(il_sender *)arg; /* ours now */
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++)
        r = il_sender_send(&out, &i);
    return r;
}

static int memory_channel(void)
{
    IL_CLEANUP(il_receiver) il_receiver in = IL_RECEIVER_INIT;
    il_sender ends[2] = { IL_SENDER_INIT, IL_SENDER_INIT };
    il_call calls[3];
    int r = il_channel_open(sizeof(int), 0, &ends[0], &in);

    if (r < 0)
        return r;
    r = il_sender_clone(&ends[0], &ends[1]);
    if (r < 0) {
        il_sender_drop(&ends[0]);
        return r;
    }
    calls[0] = (il_call){ .fn = sender, .arg = &ends[0] };
    calls[1] = (il_call){ .fn = sender, .arg = &ends[1] };
    calls[2] = (il_call){ .fn = listener, .arg = &in };
    return il_gather(calls, 3);
}
/* memory_channel } */

/* CapacityLimiter { */
static il_limiter limiter = IL_LIMITER_INIT(2);

static int limited(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_TOKEN (&limiter, &r) {
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
    static part_fn *const parts[] = { nursery,        patience,
                                      cancel_scope,   start_server,
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
