/* SPDX-License-Identifier: MIT */

/* scenarios.c - a bit of everything, for native mode and for every host. */

#include "config.h"

#include "scenarios.h"

#include "check.h"
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* --- Sleeping ------------------------------------------------------------- */

struct sleeper {
    int ms;
    unsigned *n_awake;
    unsigned place;
};

static int sleep_ms(void *arg)
{
    struct sleeper *s = arg;
    il_time before = il_now();

    CHECK_INT(il_sleep(IL_MS(s->ms)), 0);
    CHECK(il_now() - before >= IL_MS(s->ms));
    s->place = ++*s->n_awake;
    return 0;
}

static int sleeps_end_in_order(void *arg)
{
    unsigned n = 0;
    struct sleeper s[] = { { 12, &n, 0 }, { 1, &n, 0 }, { 6, &n, 0 } };
    il_call calls[] = { { sleep_ms, &s[0], 0 },
                        { sleep_ms, &s[1], 0 },
                        { sleep_ms, &s[2], 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 3), 0);
    CHECK_INT(s[0].place, 3);
    CHECK_INT(s[1].place, 1);
    CHECK_INT(s[2].place, 2);
    return 0;
}

/* --- Descriptors ---------------------------------------------------------- */

enum { N_ROUNDS = 300 };

struct player {
    int in, out;
};

static int play(void *arg)
{
    struct player *p = arg;
    unsigned char ball;

    for (int i = 0; i < N_ROUNDS; i++) {
        CHECK_INT(il_read(p->in, &ball, 1), 1);
        ball++;
        CHECK_INT(il_write(p->out, &ball, 1), 1);
    }
    return 0;
}

static int ball_goes_round(void *arg)
{
    int a[2], b[2];
    unsigned char ball = 0;
    struct player there, back;
    il_call calls[] = { { play, &there, 0 }, { play, &back, 0 } };

    (void)arg;
    CHECK_INT(pipe2(a, O_NONBLOCK | O_CLOEXEC), 0);
    CHECK_INT(pipe2(b, O_NONBLOCK | O_CLOEXEC), 0);
    there = (struct player){ a[0], b[1] };
    back = (struct player){ b[0], a[1] };
    CHECK_INT(il_write(a[1], &ball, 1), 1);
    CHECK_INT(il_gather(calls, 2), 0);
    CHECK_INT(il_read(a[0], &ball, 1), 1);
    CHECK_INT(ball, 2 * N_ROUNDS % 256);
    close_both(a);
    close_both(b);
    return 0;
}

/* --- Cancelling ----------------------------------------------------------- */

static int sleep_forever(void *arg)
{
    ++*(unsigned *)arg;
    return il_sleep(IL_FOREVER);
}

static int fail_soon(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    return -EIO;
}

static int error_ends_the_group(void *arg)
{
    unsigned n = 0;
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 10; i++)
        CHECK_INT(il_spawn(&group, sleep_forever, &n, NULL), 0);
    CHECK_INT(il_spawn(&group, fail_soon, NULL, NULL), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(n, 10);
    IL_TIMEOUT (IL_MS(3), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK_INT(r, -ETIMEDOUT);
    return 0;
}

/* --- Much to do ----------------------------------------------------------- */

static int yield_often(void *arg)
{
    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_yield(), 0);
    ++*(unsigned *)arg;
    return 0;
}

static int many_tasks_take_turns(void *arg)
{
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 50; i++)
        CHECK_INT(il_spawn(&group, yield_often, &n, NULL), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(n, 50);
    return 0;
}

/* --- Threads -------------------------------------------------------------- */

struct letter {
    il_loop *loop;
    il_future arrived;
    il_callback callback;
};

static void deliver(void *arg)
{
    struct letter *letter = arg;

    CHECK_INT(il_future_set(&letter->arrived, 5, NULL), 0);
}

static void *post_letter(void *arg)
{
    struct letter *letter = arg;

    (void)usleep(2000);
    CHECK_INT(il_post_threadsafe(letter->loop, &letter->callback), 0);
    return NULL;
}

static int thread_wakes_a_task(void *arg)
{
    pthread_t thread;
    int result = 0;

    (void)arg;
    for (int i = 0; i < 5; i++) {
        struct letter letter = { .loop = il_loop_current(),
                                 .arrived = IL_FUTURE_INIT };

        letter.callback = (il_callback)IL_CALLBACK_INIT(deliver, &letter);
        CHECK_INT(pthread_create(&thread, NULL, post_letter, &letter), 0);
        CHECK_INT(il_future_wait(&letter.arrived, &result, NULL), 0);
        CHECK_INT(result, 5);
        CHECK_INT(pthread_join(thread, NULL), 0);
    }
    return 0;
}

/* --- Posts and timers ----------------------------------------------------- */

struct relay {
    il_loop *loop;
    il_callback post;
    il_timer timer;
    il_future over;
    unsigned left;
};

static void start_timer(void *arg)
{
    struct relay *relay = arg;

    CHECK_INT(il_timer_start(relay->loop, &relay->timer, il_deadline(IL_MS(1))),
              0);
}

static void post_or_end(void *arg)
{
    struct relay *relay = arg;

    if (--relay->left)
        CHECK_INT(il_post(relay->loop, &relay->post), 0);
    else
        CHECK_INT(il_future_set(&relay->over, 0, NULL), 0);
}

static int posts_and_timers_alternate(void *arg)
{
    struct relay relay = {
        .loop = il_loop_current(),
        .post = IL_CALLBACK_INIT(start_timer, &relay),
        .timer = IL_TIMER_INIT(post_or_end, &relay),
        .over = IL_FUTURE_INIT,
        .left = 5,
    };

    (void)arg;
    CHECK_INT(il_post(relay.loop, &relay.post), 0);
    CHECK_INT(il_future_wait(&relay.over, NULL, NULL), 0);
    CHECK_INT(relay.left, 0);
    return 0;
}

const struct scenario scenarios[] = {
    { "sleeps end in order", sleeps_end_in_order },
    { "a ball goes round", ball_goes_round },
    { "an error ends the group", error_ends_the_group },
    { "many tasks take turns", many_tasks_take_turns },
    { "a thread wakes a task", thread_wakes_a_task },
    { "posts and timers alternate", posts_and_timers_alternate },
};

const unsigned n_scenarios = sizeof scenarios / sizeof *scenarios;
