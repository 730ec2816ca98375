/* SPDX-License-Identifier: MIT */

/* test_auto.c - variables whose objects go with them, on every path. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int sleep_for_ever(void *arg)
{
    int r;

    (void)arg;
    r = il_sleep(IL_FOREVER);
    note("%s", il_strerror(r));
    return r;
}

/* --- pointers ---------------------------------------------------------------- */

static int return_task(il_task **ret_task)
{
    il_autoptr(il_task) task = NULL;
    il_autoptr(il_task) other = NULL;
    int r = il_spawn(NULL, sleep_for_ever, NULL, &task);

    if (r < 0)
        return r;
    r = il_spawn(NULL, sleep_for_ever, NULL, &other);
    if (r < 0)
        return r;
    CHECK_INT(il_task_cancel(other), 0);
    *ret_task = IL_STEAL(&task);
    CHECK(task == NULL);
    return 0;
}

static void test_auto_pointer_is_dropped_unless_it_was_taken(void **state)
{
    struct fixture *f = *state;
    il_task *task = NULL;

    assert_int_equal(return_task(&task), 0);
    assert_non_null(task);
    assert_int_equal(il_loop_count_tasks(f->loop), 2);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 1);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_auto_pointers_of_every_kind_may_be_null(void **state)
{
    (void)state;
    {
        il_autoptr(il_task) task = NULL;
        il_autoptr(il_loop) loop = NULL;
        il_autoptr(il_locals) locals = NULL;
        il_autofd fd = -1;
        IL_CLEANUP(il_task) il_task *old_task = NULL;
        IL_CLEANUP(il_loop) il_loop *old_loop = NULL;
        IL_CLEANUP(il_fd) int old_fd = -1;
        IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    }
    {
        il_autoptr(il_loop) loop = il_loop_ref(il_loop_current());

        assert_non_null(loop);
    }
    assert_false(il_loop_is_running(il_loop_current()));
}

struct box {
    int *n_freed;
};

static void box_free(struct box *box)
{
    ++*box->n_freed;
    free(box);
}

typedef struct box box;

IL_AUTOPTR_DEFINE(box, box_free)

static void box_fini(box *b)
{
    ++*b->n_freed;
}

IL_AUTO_DEFINE(box, box_fini)

static void test_auto_knows_types_of_yours(void **state)
{
    int n_freed = 0;

    (void)state;
    {
        il_autoptr(box) none = NULL;
        il_autoptr(box) b = malloc(sizeof *b);
        il_auto(box) value = { &n_freed };

        assert_non_null(b);
        b->n_freed = &n_freed;
    }
    assert_int_equal(n_freed, 2);
}

static void test_auto_descriptor_is_closed(void **state)
{
    int fds[2];
    int number;

    (void)state;
    make_pipe(fds);
    {
        il_autofd fd = fds[0];

        number = fd;
        assert_true(fcntl(number, F_GETFD) >= 0);
    }
    assert_int_equal(fcntl(number, F_GETFD), -1);
    fds[0] = -1;
    close_both(fds);
}

/* --- objects ----------------------------------------------------------------- */

struct objects {
    il_barrier *barrier;
    il_channel *channel;
    il_condition *condition;
    il_event *event;
    il_future *future;
    il_limiter *limiter;
    il_lock *lock;
    il_rwlock *rwlock;
    il_semaphore *semaphore;
    il_waitgroup *waitgroup;
};

enum { N_KINDS = 10 };

static struct objects objects;
static int results[N_KINDS];

static int wait_for_condition(void)
{
    il_auto(il_lock) lock = IL_LOCK_INIT;

    CHECK_INT(il_lock_acquire(&lock), 0);
    return il_condition_wait(objects.condition, &lock);
}

/* One task a kind waits for something that ends with its block. */
static int wait_for_kind(void *arg)
{
    int kind = *(int *)arg;
    il_token token = IL_TOKEN_INIT;
    int element;

    results[kind] = kind == 0   ? il_barrier_wait(objects.barrier)
                    : kind == 1 ? il_channel_receive(objects.channel, &element)
                    : kind == 2 ? wait_for_condition()
                    : kind == 3 ? il_event_wait(objects.event)
                    : kind == 4 ? il_future_wait(objects.future, NULL, NULL)
                    : kind == 5 ? il_limiter_acquire(objects.limiter, &token)
                    : kind == 6 ? il_lock_acquire(objects.lock)
                    : kind == 7 ? il_rwlock_acquire_read(objects.rwlock)
                    : kind == 8 ? il_semaphore_acquire(objects.semaphore, 1)
                                : il_waitgroup_wait(objects.waitgroup);
    return 0;
}

/* Code outside tasks has the locks, which are gone with the block all the same. */
static void test_auto_objects_end_and_say_so_to_those_who_wait(void **state)
{
    struct fixture *f = *state;

    {
        il_auto(il_barrier) barrier = IL_BARRIER_INIT(2);
        il_auto(il_channel) channel = { 0 };
        il_auto(il_condition) condition = IL_CONDITION_INIT;
        il_auto(il_event) event = IL_EVENT_INIT;
        il_auto(il_future) future = IL_FUTURE_INIT;
        il_auto(il_limiter) limiter = IL_LIMITER_INIT(0);
        il_auto(il_lock) lock = IL_LOCK_INIT;
        il_auto(il_once) once = IL_ONCE_INIT;
        il_auto(il_rwlock) rwlock = IL_RWLOCK_INIT;
        il_auto(il_semaphore) semaphore = IL_SEMAPHORE_INIT(0);
        il_auto(il_waitgroup) waitgroup = IL_WAITGROUP_INIT;
        il_auto(il_broadcast) broadcast = { 0 };
        il_auto(il_subscriber) subscriber = { 0 };
        il_auto(il_queue) queue = { 0 };
        il_auto(il_watch) watch = { 0 };
        il_auto(il_sender) sender = IL_SENDER_INIT;
        il_auto(il_receiver) receiver = IL_RECEIVER_INIT;
        il_auto(il_shared_channel) shared_channel = { 0 };
        il_auto(il_shared_sender) shared_sender = IL_SHARED_SENDER_INIT;
        il_auto(il_shared_receiver) shared_receiver = IL_SHARED_RECEIVER_INIT;
        il_auto(il_shared_future) shared_future = IL_SHARED_FUTURE_INIT;
        il_auto(il_cancel_token) token = IL_CANCEL_TOKEN_INIT;
        il_autoptr(il_submission) submission = NULL;

        assert_int_equal(il_broadcast_init(&broadcast, 4, 1), 0);
        assert_int_equal(il_subscriber_init(&subscriber, &broadcast), 0);
        assert_int_equal(il_queue_init(&queue, 4, 1), 0);
        assert_int_equal(il_watch_init(&watch, 4), 0);
        assert_int_equal(il_channel_open(4, 1, &sender, &receiver), 0);
        assert_int_equal(il_shared_channel_init(&shared_channel, 4, 1), 0);
        assert_int_equal(
            il_shared_channel_open(4, 1, &shared_sender, &shared_receiver), 0);
        assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
        assert_int_equal(il_lock_acquire(&lock), 0);
        assert_int_equal(il_rwlock_acquire_write(&rwlock), 0);
        assert_int_equal(il_waitgroup_add(&waitgroup, 1), 0);
        assert_false(il_once_is_done(&once));
        objects = (struct objects){ &barrier,   &channel,  &condition, &event,
                                    &future,    &limiter,  &lock,      &rwlock,
                                    &semaphore, &waitgroup };
        for (int kind = 0; kind < N_KINDS; kind++) {
            results[kind] = 1;
            assert_int_equal(il_spawn(NULL, wait_for_kind, &kind, NULL), 0);
            assert_int_equal(results[kind], 1);
        }
    }
    settle(f);
    for (int kind = 0; kind < N_KINDS; kind++)
        assert_int_equal(results[kind], -EOWNERDEAD);
}

static void never(void *arg)
{
    (void)arg;
    note("never");
}

static void test_auto_timer_and_callback_do_not_come_later(void **state)
{
    struct fixture *f = *state;

    {
        il_auto(il_timer) timer = IL_TIMER_INIT(never, NULL);
        il_auto(il_callback) callback = IL_CALLBACK_INIT(never, NULL);
        il_auto(il_buffer) buffer = IL_BUFFER_INIT;

        assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(1))),
                         0);
        assert_int_equal(il_post(f->loop, &callback), 0);
    }
    assert_int_equal(il_test_advance(f->loop, IL_MS(2)), 0);
    assert_string_equal(noted(), "");
}

/* --- what is held ------------------------------------------------------------ */

static il_lock shared_lock = IL_LOCK_INIT;

static int hold_a_lock(void *arg)
{
    int how = *(int *)arg;
    il_auto(il_lock_guard) guard = IL_LOCK_GUARD_INIT;
    int r = il_lock_guard_acquire(&guard, &shared_lock);

    if (r < 0)
        return r;
    CHECK_INT(il_lock_guard_acquire(&guard, &shared_lock), -EBUSY);
    CHECK(il_lock_get_owner(&shared_lock) == il_task_current());
    if (how == 0)
        il_lock_guard_release(&guard);
    if (how == 1)
        CHECK_INT(il_lock_release(&shared_lock), 0); /* behind its back */
    if (how == 2)
        il_lock_fini(&shared_lock);
    if (how == 3)
        return il_sleep(IL_FOREVER);
    return 0;
}

static void test_auto_guard_gives_the_lock_back(void **state)
{
    struct fixture *f = *state;

    for (int how = 0; how < 4; how++) {
        il_task *task;

        assert_int_equal(il_spawn(NULL, hold_a_lock, &how, &task), 0);
        assert_int_equal(il_lock_is_held(&shared_lock), how == 3);
        (void)il_task_cancel(task);
        settle(f);
        assert_int_equal(reap(task), how == 3 ? -ECANCELED : 0);
        assert_false(il_lock_is_held(&shared_lock));
    }
}

static int wait_for_the_guard(void *arg)
{
    int how = 4;

    (void)arg;
    return hold_a_lock(&how);
}

static void test_auto_guard_without_a_lock_releases_nothing(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_lock_acquire(&shared_lock), 0);
    assert_int_equal(il_spawn(NULL, wait_for_the_guard, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_true(il_lock_is_held(&shared_lock));
    assert_int_equal(il_lock_release(&shared_lock), 0);
}

static int borrow(void *limiter)
{
    il_auto(il_token) token = IL_TOKEN_INIT;
    il_auto(il_token) unused = IL_TOKEN_INIT;

    CHECK_INT(il_limiter_acquire(limiter, &token), 0);
    CHECK_INT(il_limiter_count(limiter), 1);
    return 0;
}

static void test_auto_token_goes_back(void **state)
{
    il_limiter limiter = IL_LIMITER_INIT(1);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, borrow, &limiter, NULL), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
}

/* --- scopes and groups ------------------------------------------------------- */

static int return_from_a_scope(void *arg)
{
    il_auto(il_scope) outer = { 0 };
    il_auto(il_scope) inner = { 0 };
    il_auto(il_scope) never_entered = { 0 };

    CHECK_INT(il_scope_enter(&outer, IL_FOREVER), 0);
    CHECK_INT(il_scope_enter(&inner, il_deadline(IL_MS(1))), 0);
    if (*(int *)arg)
        return il_scope_leave(&inner, il_sleep(IL_SEC(1)));
    return 7;
}

static void test_auto_scope_is_left(void **state)
{
    struct fixture *f = *state;
    il_task *task;
    int waits = 0;

    assert_int_equal(il_spawn(NULL, return_from_a_scope, &waits, &task), 0);
    assert_int_equal(reap(task), 7);
    waits = 1;
    assert_int_equal(il_spawn(NULL, return_from_a_scope, &waits, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(reap(task), -ETIMEDOUT);
}

static int slow_cleanup(void *arg)
{
    int r = 0;

    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(IL_MS(5));
    }
    note("cleaned");
    return 0;
}

static int return_from_a_group(void *arg)
{
    il_auto(il_group) group = { 0 };
    il_auto(il_group) never_opened = { 0 };

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, slow_cleanup, NULL, NULL), 0);
    if (*(int *)arg)
        return -EIO; /* something else went wrong */
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    note("closed");
    return 0;
}

static void test_auto_group_is_cancelled_and_waited_for(void **state)
{
    struct fixture *f = *state;

    for (int early = 0; early < 2; early++) {
        il_task *task;

        forget_notes();
        assert_int_equal(il_spawn(NULL, return_from_a_group, &early, &task), 0);
        assert_false(il_task_is_done(task));
        assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
        assert_string_equal(noted(), early ? "cleaned" : "cleaned closed");
        assert_int_equal(reap(task), early ? -EIO : 0);
    }
}

/* --- order ------------------------------------------------------------------- */

static void say(void *arg)
{
    note("%s", (const char *)arg);
}

typedef const char *word;

static void word_fini(word *w)
{
    note("%s", *w);
}

IL_AUTO_DEFINE(word, word_fini)

static void test_auto_latest_goes_first_together_with_defer(void **state)
{
    (void)state;
    {
        il_auto(word) a = "a";
        IL_DEFER(say, TEXT("b"));
        il_auto(word) c = "c";

        assert_non_null(a);
        assert_non_null(c);
    }
    assert_string_equal(noted(), "c b a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_auto_pointer_is_dropped_unless_it_was_taken),
        TEST(test_auto_pointers_of_every_kind_may_be_null),
        TEST(test_auto_knows_types_of_yours),
        TEST(test_auto_descriptor_is_closed),
        TEST(test_auto_objects_end_and_say_so_to_those_who_wait),
        TEST(test_auto_timer_and_callback_do_not_come_later),
        TEST(test_auto_guard_gives_the_lock_back),
        TEST(test_auto_guard_without_a_lock_releases_nothing),
        TEST(test_auto_token_goes_back),
        TEST(test_auto_scope_is_left),
        TEST(test_auto_group_is_cancelled_and_waited_for),
        TEST(test_auto_latest_goes_first_together_with_defer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
