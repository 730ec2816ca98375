/* SPDX-License-Identifier: MIT */

/* scenarios_timer.c - callbacks at a point in time. */

#include "config.h"

#include "scenario_tools.h"

static int equal_timers_fire_in_their_order(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { .trace = &trace, .word = "a" },
                              { .trace = &trace, .word = "b" },
                              { .trace = &trace, .word = "c" },
                              { .trace = &trace, .word = "early" } };
    il_time at = il_deadline(IL_MS(1));
    il_timer timers[4];

    (void)arg;
    for (int i = 0; i < 4; i++) {
        timers[i] = (il_timer)IL_TIMER_INIT(act_now, &actors[i]);
        CHECK_INT(
            il_timer_start(il_loop_current(), &timers[i], i < 3 ? at : at - 1),
            0);
    }
    settle_for(IL_MS(1));
    CHECK_TRACE(&trace, "early a b c");
    return 0;
}

/* Deadlines that come in no order at all, and times that repeat. */
static int many_timers_fire_in_order(void *arg)
{
    enum { N = 16 };
    static const char *const words[N] = { "a", "b", "c", "d", "e", "f",
                                          "g", "h", "i", "j", "k", "l",
                                          "m", "n", "o", "p" };
    struct trace trace = { 0 };
    il_time at = il_deadline(IL_MS(1));
    struct actor actors[N];
    il_timer timers[N];

    (void)arg;
    for (int i = 0; i < N; i++) {
        int place = i * 7 % N;

        actors[place] = (struct actor){ .trace = &trace, .word = words[place] };
        timers[place] = (il_timer)IL_TIMER_INIT(act_now, &actors[place]);
        CHECK_INT(il_timer_start(il_loop_current(), &timers[place],
                                 at + place * IL_US(20)),
                  0);
    }
    settle_for(at + N * IL_US(20) - il_now());
    CHECK_TRACE(&trace, "a b c d e f g h i j k l m n o p");
    return 0;
}

static int timer_in_the_past_fires_soon(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "timer" };
    il_timer timer = IL_TIMER_INIT(act_now, &actor);
    il_time before = il_now();

    (void)arg;
    CHECK_INT(il_timer_start(il_loop_current(), &timer, before - IL_SEC(1)), 0);
    CHECK_TRACE(&trace, ""); /* not inside the call */
    CHECK(il_timer_is_active(&timer));
    settle_for(IL_US(100));
    CHECK_TRACE(&trace, "timer");
    CHECK(!il_timer_is_active(&timer));
    return 0;
}

static int stopped_timer_does_not_fire(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "timer" };
    il_timer timer = IL_TIMER_INIT(act_now, &actor);

    (void)arg;
    CHECK(!il_timer_stop(&timer));
    CHECK_INT(
        il_timer_start(il_loop_current(), &timer, il_deadline(IL_US(500))), 0);
    CHECK(il_timer_stop(&timer));
    CHECK(!il_timer_stop(&timer));
    CHECK(!il_timer_is_active(&timer));
    settle_for(IL_MS(1));
    CHECK_TRACE(&trace, "");
    return 0;
}

struct stamp {
    il_time at;
    unsigned n;
};

static void stamp_now(void *arg)
{
    struct stamp *stamp = arg;

    stamp->at = il_now();
    stamp->n++;
}

static int moved_timer_fires_once(void *arg)
{
    struct stamp stamp = { 0 };
    il_timer timer = IL_TIMER_INIT(stamp_now, &stamp);
    il_loop *loop = il_loop_current();
    il_time later = il_deadline(IL_MS(2));

    (void)arg;
    CHECK_INT(il_timer_start(loop, &timer, il_deadline(IL_US(500))), 0);
    CHECK_INT(il_timer_start(loop, &timer, later), 0);
    settle_for(later + IL_US(300) - il_now());
    CHECK_INT(stamp.n, 1);
    CHECK(stamp.at >= later);

    CHECK_INT(il_timer_start(loop, &timer, il_deadline(IL_SEC(50))), 0);
    CHECK_INT(il_timer_start(loop, &timer, il_deadline(IL_US(300))), 0);
    settle_for(IL_MS(1));
    CHECK_INT(stamp.n, 2);
    return 0;
}

struct clockwork {
    il_loop *loop;
    il_timer timer;
    il_timer other;
    il_callback post;
    il_future over;
    unsigned left;
    struct trace *trace;
};

static void tick(void *arg)
{
    struct clockwork *c = arg;

    CHECK(!il_timer_is_active(&c->timer));
    if (--c->left)
        CHECK_INT(il_timer_start(c->loop, &c->timer, il_deadline(IL_US(200))),
                  0);
    else
        CHECK_INT(il_future_set(&c->over, 0, NULL), 0);
}

static int timer_starts_itself_again(void *arg)
{
    struct clockwork c = { .loop = il_loop_current(),
                           .timer = IL_TIMER_INIT(tick, &c),
                           .over = IL_FUTURE_INIT,
                           .left = 10 };
    il_time before = il_now();

    (void)arg;
    CHECK_INT(il_timer_start(c.loop, &c.timer, il_now()), 0);
    CHECK_INT(il_future_wait(&c.over, NULL, NULL), 0);
    CHECK_INT(c.left, 0);
    CHECK(il_now() - before >= 9 * IL_US(200));
    return 0;
}

/* Both are due and queued: whoever runs first stops the other all the same. */
static void stop_the_other(void *arg)
{
    struct clockwork *c = arg;

    trace_add(c->trace, "one");
    (void)il_timer_stop(&c->timer);
    (void)il_timer_stop(&c->other);
}

static int due_timer_can_be_stopped(void *arg)
{
    struct trace trace = { 0 };
    struct clockwork c = { .timer = IL_TIMER_INIT(stop_the_other, &c),
                           .other = IL_TIMER_INIT(stop_the_other, &c),
                           .trace = &trace };
    il_time at = il_deadline(IL_US(300));

    (void)arg;
    CHECK_INT(il_timer_start(il_loop_current(), &c.timer, at), 0);
    CHECK_INT(il_timer_start(il_loop_current(), &c.other, at), 0);
    settle_for(IL_US(600));
    CHECK_TRACE(&trace, "one");
    return 0;
}

static void start_timer(void *arg)
{
    struct clockwork *c = arg;

    CHECK_INT(il_timer_start(c->loop, &c->timer, il_deadline(IL_US(300))), 0);
}

static void post_or_end(void *arg)
{
    struct clockwork *c = arg;

    if (--c->left)
        CHECK_INT(il_post(c->loop, &c->post), 0);
    else
        CHECK_INT(il_future_set(&c->over, 0, NULL), 0);
}

static int posts_and_timers_alternate(void *arg)
{
    struct clockwork c = { .loop = il_loop_current(),
                           .post = IL_CALLBACK_INIT(start_timer, &c),
                           .timer = IL_TIMER_INIT(post_or_end, &c),
                           .over = IL_FUTURE_INIT,
                           .left = 5 };

    (void)arg;
    CHECK_INT(il_post(c.loop, &c.post), 0);
    CHECK_INT(il_future_wait(&c.over, NULL, NULL), 0);
    CHECK_INT(c.left, 0);
    return 0;
}

const struct scenario scenarios_timer[] = {
    { "equal timers fire in their order", equal_timers_fire_in_their_order },
    { "many timers fire in order", many_timers_fire_in_order },
    { "a timer in the past fires soon", timer_in_the_past_fires_soon },
    { "a stopped timer does not fire", stopped_timer_does_not_fire },
    { "a moved timer fires once", moved_timer_fires_once },
    { "a timer starts itself again", timer_starts_itself_again },
    { "a due timer can be stopped", due_timer_can_be_stopped },
    { "posts and timers alternate", posts_and_timers_alternate },
    { NULL, NULL },
};
