/* SPDX-License-Identifier: MIT */

/* scenarios_order.c - who runs when, and that all get their turn. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <pthread.h>
#include <unistd.h>

static int yield_often(void *arg)
{
    for (int i = 0; i < 200; i++)
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
    CHECK_INT(il_sleep(IL_US(200)), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(n, 50);
    return 0;
}

static int ready_tasks_run_in_order(void *arg)
{
    static const char *const words[] = { "a", "b", "c", "d", "e", "f" };
    struct trace trace = { 0 };
    struct actor actors[6];
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 6; i++) {
        actors[i] = (struct actor){ .trace = &trace, .word = words[i] };
        CHECK_INT(il_spawn_lazy(&group, act, &actors[i], NULL), 0);
    }
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "a b c d e f");
    return 0;
}

static int add_three_times(void *arg)
{
    struct actor *actor = arg;

    for (int i = 0; i < 3; i++) {
        trace_add(actor->trace, actor->word);
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

static int yielding_tasks_alternate(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { .trace = &trace, .word = "a" },
                              { .trace = &trace, .word = "b" } };
    il_call calls[] = { { add_three_times, &actors[0], 0 },
                        { add_three_times, &actors[1], 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 2), 0);
    CHECK_TRACE(&trace, "a b a b a b");
    return 0;
}

/* The order of tasks that were woken together is the order of the wakes. */
static int woken_tasks_run_in_order_of_wakes(void *arg)
{
    struct trace trace = { 0 };
    struct actor slow = { .trace = &trace, .word = "lazy" };
    il_future futures[2] = { IL_FUTURE_INIT, IL_FUTURE_INIT };
    il_callback hooks[2];
    struct actor actors[] = { { .trace = &trace, .word = "first" },
                              { .trace = &trace, .word = "second" } };

    (void)arg;
    for (int i = 0; i < 2; i++) {
        hooks[i] = (il_callback)IL_CALLBACK_INIT(act_now, &actors[i]);
        CHECK_INT(il_future_on_done(&futures[i], &hooks[i]), 0);
    }
    CHECK_INT(il_future_set(&futures[1], 0, NULL), 0);
    CHECK_INT(il_spawn_lazy(NULL, act, &slow, NULL), 0);
    CHECK_INT(il_future_set(&futures[0], 0, NULL), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "second lazy first");
    return 0;
}

/* --- Busy tasks ----------------------------------------------------------- */

struct mill {
    bool over;
    unsigned n_steps;
};

static int grind(void *arg)
{
    struct mill *mill = arg;

    while (!mill->over) {
        mill->n_steps++;
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

static void start_mill(il_group *group, struct mill *mill)
{
    CHECK_INT(il_group_open(group, 0), 0);
    for (int i = 0; i < 20; i++)
        CHECK_INT(il_spawn(group, grind, mill, NULL), 0);
}

/* Counted in the time this thread had the processor: others may have it for
 * much longer than the sleep. */
static int busy_tasks_do_not_delay_a_sleeper(void *arg)
{
    struct mill mill = { 0 };
    il_group group;
    il_time before, until;

    (void)arg;
    start_mill(&group, &mill);
    before = thread_time();
    until = il_deadline(IL_MS(2));
    CHECK_INT(il_sleep_until(until), 0);
    CHECK(il_now() >= until);
    CHECK(thread_time() - before < IL_MS(20));
    CHECK(mill.n_steps > 20);
    mill.over = true;
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int busy_tasks_do_not_starve_a_reader(void *arg)
{
    struct mill mill = { 0 };
    il_group group;
    int fds[2];
    char byte;

    (void)arg;
    open_pipe(fds);
    start_mill(&group, &mill);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(il_write(fds[1], "x", 1), 1);
        CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ);
        CHECK_INT(il_read(fds[0], &byte, 1), 1);
    }
    mill.over = true;
    CHECK_INT(il_group_close(&group), 0);
    close_both(fds);
    return 0;
}

struct letter {
    il_loop *loop;
    il_future arrived;
    il_callback callback;
};

static void deliver(void *arg)
{
    CHECK_INT(il_future_set(&((struct letter *)arg)->arrived, 0, NULL), 0);
}

static void *post_letter(void *arg)
{
    struct letter *letter = arg;

    (void)usleep(300);
    CHECK_INT(il_post_threadsafe(letter->loop, &letter->callback), 0);
    return NULL;
}

static int busy_tasks_do_not_starve_a_thread(void *arg)
{
    struct mill mill = { 0 };
    struct letter letter = { .loop = il_loop_current(),
                             .arrived = IL_FUTURE_INIT,
                             .callback = IL_CALLBACK_INIT(deliver, &letter) };
    il_group group;
    pthread_t thread;

    (void)arg;
    start_mill(&group, &mill);
    CHECK_INT(pthread_create(&thread, NULL, post_letter, &letter), 0);
    CHECK_INT(il_future_wait(&letter.arrived, NULL, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    mill.over = true;
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int read_and_write(void *arg)
{
    struct mill *mill = arg;
    int fds[2];
    char byte;

    open_pipe(fds);
    while (!mill->over) {
        CHECK_INT(il_write(fds[1], "x", 1), 1);
        CHECK_INT(il_read(fds[0], &byte, 1), 1);
        mill->n_steps++;
    }
    close_both(fds);
    return 0;
}

static void end_mill(void *arg)
{
    ((struct mill *)arg)->over = true;
}

static int busy_reader_lets_a_timer_fire(void *arg)
{
    struct mill mill = { 0 };
    il_timer timer = IL_TIMER_INIT(end_mill, &mill);

    (void)arg;
    CHECK_INT(il_timer_start(il_loop_current(), &timer, il_deadline(IL_MS(1))),
              0);
    CHECK_INT(read_and_write(&mill), 0);
    CHECK(mill.n_steps > 1);
    return 0;
}

const struct scenario scenarios_order[] = {
    { "many tasks take turns", many_tasks_take_turns },
    { "ready tasks run in order", ready_tasks_run_in_order },
    { "yielding tasks alternate", yielding_tasks_alternate },
    { "hooks run in the order of their wakes",
      woken_tasks_run_in_order_of_wakes },
    { "busy tasks do not delay a sleeper", busy_tasks_do_not_delay_a_sleeper },
    { "busy tasks do not starve a reader", busy_tasks_do_not_starve_a_reader },
    { "busy tasks do not starve a thread", busy_tasks_do_not_starve_a_thread },
    { "a busy reader lets a timer fire", busy_reader_lets_a_timer_fire },
    { NULL, NULL },
};
