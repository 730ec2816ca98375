/* SPDX-License-Identifier: MIT */

/* scenarios_cancel.c - tasks that are asked to end. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Join and drop. */
static int end_of(il_task *task)
{
    int result = 1;

    CHECK_INT(il_task_join(task, &result), 0);
    il_task_unref(task);
    return result;
}

static int cancelled_before_start(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { .trace = &trace, .word = "ran" };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, act, &actor, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK(il_task_is_cancelled(task));
    CHECK(!il_task_is_done(task));
    CHECK_INT(end_of(task), -ECANCELED);
    CHECK_TRACE(&trace, "");
    return 0;
}

/* --- Each way to wait ----------------------------------------------------- */

struct world {
    int pair[2];
    int listener;
    il_future future;
    il_task *sleeper;
};

static int wait_to_sleep(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(100));
}

static int wait_for_a_future(void *arg)
{
    return il_future_wait(&((struct world *)arg)->future, NULL, NULL);
}

static int wait_for_a_task(void *arg)
{
    return il_task_join(((struct world *)arg)->sleeper, NULL);
}

static int wait_to_read(void *arg)
{
    char byte;

    return (int)il_read(((struct world *)arg)->pair[0], &byte, 1);
}

static int wait_to_write(void *arg)
{
    int fd = ((struct world *)arg)->pair[0];

    (void)fill(fd);
    return (int)il_write(fd, "x", 1);
}

static int wait_for_both(void *arg)
{
    int fd = ((struct world *)arg)->pair[0];

    (void)fill(fd);
    return il_wait_fd(fd, IL_READ | IL_WRITE);
}

static int wait_to_accept(void *arg)
{
    return il_accept(((struct world *)arg)->listener, NULL, NULL);
}

static int wait_to_read_all(void *arg)
{
    char buffer[10];
    size_t done = 5;
    int r = il_read_all(((struct world *)arg)->pair[0], buffer, 10, &done);

    CHECK_INT(done, 0);
    return r;
}

static int wait_for_the_next(void *arg)
{
    il_group group;
    il_task *task;
    int r;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, sleep_for_ever, NULL, NULL), 0);
    r = il_group_next(&group, &task);
    CHECK_INT(il_group_close(&group), -ECANCELED);
    return r;
}

static int wait_to_close_a_group(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, sleep_for_ever, NULL, NULL), 0);
    return il_group_close(&group);
}

static int wait_for_a_gather(void *arg)
{
    il_call calls[] = { { sleep_for_ever, NULL, 0 },
                        { sleep_for_ever, NULL, 0 } };

    (void)arg;
    return il_gather(calls, 2);
}

static int wait_for_a_race(void *arg)
{
    il_call calls[] = { { sleep_for_ever, NULL, 0 },
                        { sleep_for_ever, NULL, 0 } };

    (void)arg;
    return il_race(calls, 2, NULL);
}

static void open_world(struct world *world)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    open_pair(world->pair);
    world->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* An address without a name gets one from the kernel. */
    CHECK_INT(bind(world->listener, (struct sockaddr *)&address,
                   sizeof address.sun_family),
              0);
    CHECK_INT(listen(world->listener, 1), 0);
    world->future = (il_future)IL_FUTURE_INIT;
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &world->sleeper), 0);
}

static void close_world(struct world *world)
{
    CHECK_INT(il_task_cancel(world->sleeper), 0);
    CHECK_INT(end_of(world->sleeper), -ECANCELED);
    close_both(world->pair);
    CHECK_INT(il_close(world->listener), 0);
}

static int every_wait_can_be_cancelled(void *arg)
{
    static il_task_fn *const waits[] = {
        sleep_for_ever,    wait_to_sleep,   wait_for_a_future,
        wait_for_a_task,   wait_to_read,    wait_to_write,
        wait_for_both,     wait_to_accept,  wait_to_read_all,
        wait_for_the_next, wait_for_a_race, wait_to_close_a_group,
        wait_for_a_gather,
    };
    struct world world;

    (void)arg;
    for (unsigned i = 0; i < sizeof waits / sizeof *waits; i++) {
        il_task *task;

        open_world(&world);
        CHECK_INT(il_spawn(NULL, waits[i], &world, &task), 0);
        CHECK_INT(il_yield(), 0);
        CHECK(!il_task_is_done(task));
        CHECK_INT(il_task_cancel(task), 0);
        CHECK(!il_task_is_done(task)); /* nothing runs inside */
        CHECK_INT(end_of(task), -ECANCELED);
        close_world(&world);
    }
    return 0;
}

/* --- What a cancel is ----------------------------------------------------- */

static int try_everything(void *arg)
{
    il_future never = IL_FUTURE_INIT;
    int fds[2];
    char byte;

    (void)arg;
    open_pipe(fds);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
        CHECK_INT(il_yield(), -ECANCELED);
        CHECK_INT(il_future_wait(&never, NULL, NULL), -ECANCELED);
        CHECK_INT(il_wait_fd(fds[1], IL_WRITE), -ECANCELED);
        CHECK_INT(il_read(fds[0], &byte, 1), -ECANCELED);
        CHECK_INT(il_write(fds[1], "x", 1), -ECANCELED);
        CHECK(il_task_is_cancelled(il_task_current()));
    }
    close_both(fds);
    return -ECANCELED;
}

static int cancel_goes_on(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    return try_everything(NULL);
}

static int cancel_stays(void *arg)
{
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, cancel_goes_on, NULL, &task), 0);
    CHECK_INT(end_of(task), -ECANCELED);
    return 0;
}

static int take_granted(void *arg)
{
    int result = 0;

    CHECK_INT(il_future_wait(arg, &result, NULL), 0);
    CHECK(il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), -ECANCELED);
    return result;
}

static int granted_value_is_not_lost(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, take_granted, &future, &task), 0);
    CHECK_INT(il_future_set(&future, 9, NULL), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(end_of(task), 9);
    return 0;
}

struct deaf {
    bool sleeps; /* instead of yielding */
    bool over;
};

static int go_on_all_the_same(void *arg)
{
    struct deaf *deaf = arg;
    int n = 0;

    while (il_yield() == 0)
        ;
    while (!deaf->over && ++n < 100000)
        CHECK_INT(deaf->sleeps ? il_sleep(IL_FOREVER) : il_yield(), -ECANCELED);
    CHECK(deaf->over);
    return -ECANCELED;
}

static int deaf_task_gives_way(void *arg)
{
    struct deaf kinds[] = { { .sleeps = false }, { .sleeps = true } };
    il_task *task;

    (void)arg;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(il_spawn(NULL, go_on_all_the_same, &kinds[i], &task), 0);
        CHECK_INT(il_task_cancel(task), 0);
        for (int j = 0; j < 5; j++)
            CHECK_INT(il_yield(), 0);
        CHECK_INT(il_sleep(IL_US(100)), 0);
        expect_report(IL_REPORT_IGNORED_CANCEL, -ECANCELED);
        kinds[i].over = true;
        CHECK_INT(end_of(task), -ECANCELED);
    }
    CHECK_INT(drop_reports(), 0);
    return 0;
}

static int ended_task_cannot_be_cancelled(void *arg)
{
    static int result = 4;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, return_int, &result, &task), 0);
    CHECK_INT(il_task_cancel(task), -EALREADY);
    CHECK_INT(il_task_cancel(task), -EALREADY);
    CHECK_INT(il_task_cancel(NULL), -EINVAL);
    CHECK_INT(end_of(task), 4);
    return 0;
}

static int finish_work(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    return 6;
}

static int cancelled_task_may_succeed(void *arg)
{
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, finish_work, NULL, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(end_of(task), 6);
    return 0;
}

static int clean_up(void *arg)
{
    struct trace *trace = arg;
    int r = il_sleep(IL_FOREVER);
    int clean = 1;

    CHECK_INT(r, -ECANCELED);
    IL_SHIELD (IL_SEC(5), &clean) {
        CHECK(!il_task_is_cancelled(il_task_current()));
        clean = il_sleep(IL_US(200));
        trace_add(trace, "clean");
    }
    CHECK_INT(clean, 0);
    CHECK(il_task_is_cancelled(il_task_current()));
    return r;
}

static int clean_up_may_wait(void *arg)
{
    struct trace trace = { 0 };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, clean_up, &trace, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(end_of(task), -ECANCELED);
    CHECK_TRACE(&trace, "clean");
    return 0;
}

struct killer {
    il_callback callback;
    il_task *task;
};

static void cancel_it(void *arg)
{
    CHECK_INT(il_task_cancel(((struct killer *)arg)->task), 0);
}

static int callback_cancels_its_poster(void *arg)
{
    struct killer killer = { .callback = IL_CALLBACK_INIT(cancel_it, &killer) };

    (void)arg;
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &killer.task), 0);
    CHECK_INT(il_post(il_loop_current(), &killer.callback), 0);
    CHECK_INT(end_of(killer.task), -ECANCELED);
    return 0;
}

const struct scenario scenarios_cancel[] = {
    { "a task cancelled before its start never runs", cancelled_before_start },
    { "every wait can be cancelled", every_wait_can_be_cancelled },
    { "a cancel is a state and not an event", cancel_stays },
    { "a granted value survives a cancel", granted_value_is_not_lost },
    { "a task deaf to its cancel gives way", deaf_task_gives_way },
    { "a task that ended cannot be cancelled", ended_task_cannot_be_cancelled },
    { "a cancelled task may succeed", cancelled_task_may_succeed },
    { "clean up may wait under a shield", clean_up_may_wait },
    { "a callback may cancel a task", callback_cancels_its_poster },
    { NULL, NULL },
};
