/* SPDX-License-Identifier: MIT */

/* test_dump_objects.c - a dump says for which object a task waits. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>

static int on_future(void *arg)
{
    return il_future_wait(arg, NULL, NULL);
}

static int on_semaphore(void *arg)
{
    return il_semaphore_acquire(arg, 1);
}

static int on_rwlock(void *arg)
{
    return il_rwlock_acquire_read(arg);
}

static int on_barrier(void *arg)
{
    return il_barrier_wait(arg);
}

static int on_waitgroup(void *arg)
{
    return il_waitgroup_wait(arg);
}

static int on_receive(void *arg)
{
    int element;

    return il_channel_receive(arg, &element);
}

static int on_send(void *arg)
{
    int element = 1;

    return il_channel_send(arg, &element);
}

static int on_limiter(void *arg)
{
    il_token token = IL_TOKEN_INIT;

    return il_limiter_acquire(arg, &token);
}

static int on_condition(void *arg)
{
    il_lock lock = IL_LOCK_INIT;
    int r = il_lock_acquire(&lock);

    if (r == 0)
        r = il_condition_wait(arg, &lock);
    (void)il_lock_release(&lock);
    return r;
}

/* Three at each, so that there is a list to be followed. */
static void spawn_three(il_task_fn *fn, void *object, il_group *group)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(group, fn, object, NULL), 0);
}

struct objects {
    il_event event;
    il_future future;
    il_semaphore semaphore;
    il_lock lock;
    il_rwlock rwlock;
    il_barrier barrier;
    il_waitgroup waitgroup;
    il_channel full, empty;
    il_limiter limiter;
    il_condition condition;
};

static void make(struct objects *o)
{
    int element = 0;

    *o = (struct objects){ .semaphore = IL_SEMAPHORE_INIT(0),
                           .barrier = IL_BARRIER_INIT(9),
                           .limiter = IL_LIMITER_INIT(0) };
    assert_int_equal(il_waitgroup_add(&o->waitgroup, 1), 0);
    assert_int_equal(il_lock_try_acquire(&o->lock), 0);
    assert_int_equal(il_rwlock_try_acquire_write(&o->rwlock), 0);
    assert_int_equal(il_channel_init(&o->full, sizeof element, 1), 0);
    assert_int_equal(il_channel_init(&o->empty, sizeof element, 1), 0);
    assert_int_equal(il_channel_try_send(&o->full, &element), 0);
}

static int wait_for_all(void *arg)
{
    struct objects *o = arg;
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    spawn_three(on_event, &o->event, &group);
    spawn_three(on_future, &o->future, &group);
    spawn_three(on_semaphore, &o->semaphore, &group);
    spawn_three(on_lock, &o->lock, &group);
    spawn_three(on_rwlock, &o->rwlock, &group);
    spawn_three(on_barrier, &o->barrier, &group);
    spawn_three(on_waitgroup, &o->waitgroup, &group);
    spawn_three(on_send, &o->full, &group);
    spawn_three(on_receive, &o->empty, &group);
    spawn_three(on_limiter, &o->limiter, &group);
    spawn_three(on_condition, &o->condition, &group);
    r = il_group_close(&group);
    return r == -ECANCELED ? 0 : r;
}

static void test_dump_objects_say_for_which_object(void **state)
{
    struct fixture *f = *state;
    struct objects o;
    il_task *task;

    make(&o);
    assert_int_equal(il_spawn(NULL, wait_for_all, &o, &task), 0);
    dump_as(il_dump_tasks, 34);
    assert_true(has("the tasks of a group (33 left) since"));
    assert_true(has_at("an event since 0.000 s at ", &o.event, ""));
    assert_true(has_at("a future since 0.000 s at ", &o.future, ""));
    assert_true(has_at("a semaphore since 0.000 s at ", &o.semaphore, ""));
    assert_true(has_at("a lock since 0.000 s at ", &o.lock, ""));
    assert_true(has_at("a lock to read since 0.000 s at ", &o.rwlock, ""));
    assert_true(has_at("a barrier since 0.000 s at ", &o.barrier, ""));
    assert_true(has_at("a wait group since 0.000 s at ", &o.waitgroup, ""));
    assert_true(has_at("room in a channel since 0.000 s at ", &o.full, ""));
    assert_true(
        has_at("something in a channel since 0.000 s at ", &o.empty, ""));
    assert_true(has_at("a token since 0.000 s at ", &o.limiter, ""));
    assert_true(has_at("a condition since 0.000 s at ", &o.condition, ""));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    il_channel_fini(&o.full);
    il_channel_fini(&o.empty);
}

static int on_get(void *arg)
{
    int element;

    return il_queue_get(arg, &element);
}

static int on_put(void *arg)
{
    int element = 1;

    return il_queue_put(arg, &element);
}

static int on_queue_join(void *arg)
{
    return il_queue_join(arg);
}

static int on_watch(void *arg)
{
    uint64_t version = 0;
    int value;

    return il_watch_next(arg, &version, &value);
}

static int on_broadcast(void *arg)
{
    int element;

    return il_subscriber_receive(arg, &element, NULL);
}

struct relatives {
    il_queue full, empty;
    il_watch watch;
    il_broadcast broadcast;
    il_subscriber subscriber;
};

static int wait_for_relatives(void *arg)
{
    struct relatives *o = arg;
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    spawn_three(on_get, &o->empty, &group);
    spawn_three(on_put, &o->full, &group);
    spawn_three(on_queue_join, &o->full, &group);
    spawn_three(on_watch, &o->watch, &group);
    spawn_three(on_broadcast, &o->subscriber, &group);
    r = il_group_close(&group);
    return r == -ECANCELED ? 0 : r;
}

static void test_dump_objects_for_relatives_of_channels(void **state)
{
    struct fixture *f = *state;
    struct relatives o;
    int element = 0;
    il_task *task;

    assert_int_equal(il_queue_init(&o.full, sizeof element, 1), 0);
    assert_int_equal(il_queue_init(&o.empty, sizeof element, 1), 0);
    assert_int_equal(il_queue_try_put(&o.full, &element), 0);
    assert_int_equal(il_watch_init(&o.watch, sizeof element), 0);
    assert_int_equal(il_broadcast_init(&o.broadcast, sizeof element, 2), 0);
    assert_int_equal(il_subscriber_init(&o.subscriber, &o.broadcast), 0);
    assert_int_equal(il_spawn(NULL, wait_for_relatives, &o, &task), 0);
    dump_as(il_dump_tasks, 16);
    assert_true(has_at("in a queue since 0.000 s at ", &o.empty, " "));
    assert_true(has_at("room in a queue since 0.000 s at ", &o.full, " "));
    assert_true(has_at("a queue to be done since 0.000 s at ", &o.full, " "));
    assert_true(has_at("a change since 0.000 s at ", &o.watch, " "));
    assert_true(has_at("a broadcast since 0.000 s at ", &o.subscriber, " "));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    il_queue_fini(&o.full);
    il_queue_fini(&o.empty);
    il_watch_fini(&o.watch);
    il_subscriber_fini(&o.subscriber);
    il_broadcast_fini(&o.broadcast);
}

static int do_it(void *arg)
{
    return il_event_wait(arg);
}

struct once {
    il_once once;
    il_event event;
};

static int on_once(void *arg)
{
    struct once *once = arg;

    return il_once_run(&once->once, do_it, &once->event);
}

static void test_dump_objects_for_what_is_done_once(void **state)
{
    struct fixture *f = *state;
    struct once once = { .once = IL_ONCE_INIT };

    assert_int_equal(il_spawn(NULL, on_once, &once, NULL), 0);
    assert_int_equal(il_spawn(NULL, on_once, &once, NULL), 0);
    dump_as(il_dump_tasks, 2);
    assert_true(has_at("what is done once since 0.000 s at ", &once.once, ""));
    assert_int_equal(il_event_set(&once.event), 0);
    settle(f);
}

/* Many at one object: each list is gone round once. */
static void test_dump_objects_of_very_many_for_one_event(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    const int n = MANY(5000);

    for (int i = 0; i < n; i++)
        assert_int_equal(il_spawn(NULL, on_event, &event, NULL), 0);
    dump_as(il_dump_tasks, n);
    assert_true(has_at("an event since 0.000 s at ", &event, ""));
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dump_objects_say_for_which_object),
        TEST(test_dump_objects_for_relatives_of_channels),
        TEST(test_dump_objects_for_what_is_done_once),
        TEST(test_dump_objects_of_very_many_for_one_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
