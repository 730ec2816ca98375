/* SPDX-License-Identifier: MIT */

/* test_budget.c - what need not wait takes turns all the same.
 *
 * One table of everything that may succeed without waiting.  A task that does
 * nothing but one of these must let another one run after so many at most. */

#include "support/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What is always ready. */
struct things {
    int zero; /* /dev/zero: there is always something to read */
    int null; /* /dev/null: there is always room */
    int server;
    struct sockaddr_un address;
    il_buffer buffer;
    il_barrier barrier;
    il_channel channel;
    il_event event;
    il_future future;
    il_limiter limiter;
    il_lock lock;
    il_once once;
    il_rwlock rwlock;
    il_semaphore semaphore;
    il_waitgroup waitgroup;
    il_task *ended;
    il_group group; /* of the busy task; collects */
};

static int succeed(void *arg)
{
    (void)arg;
    return 0;
}

/* --- the operations ---------------------------------------------------------- */

static int do_read(void *things)
{
    struct things *t = things;
    char byte;

    return (int)il_read(t->zero, &byte, 1);
}

static int do_read_all(void *things)
{
    struct things *t = things;
    char bytes[3];

    return il_read_all(t->zero, bytes, sizeof bytes, NULL);
}

static int do_write(void *things)
{
    struct things *t = things;
    return (int)il_write(t->null, "x", 1);
}

static int do_write_all(void *things)
{
    struct things *t = things;
    return il_write_all(t->null, "xyz", 3, NULL);
}

static int do_buffer_read(void *things)
{
    struct things *t = things;
    return (int)il_buffer_read(&t->buffer, t->zero);
}

static int do_connect_and_accept(void *things)
{
    struct things *t = things;
    il_autofd client =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    il_autofd connection = -1;
    int r = il_connect(client, (const struct sockaddr *)&t->address,
                       sizeof t->address);

    if (r < 0)
        return r;
    connection = il_accept(t->server, NULL, NULL);
    return connection < 0 ? connection : 0;
}

static int do_barrier(void *things)
{
    struct things *t = things;
    return il_barrier_wait(&t->barrier);
}

static int do_channel(void *things)
{
    struct things *t = things;
    int element = 1;
    int r = il_channel_send(&t->channel, &element);

    return r < 0 ? r : il_channel_receive(&t->channel, &element);
}

static int do_event(void *things)
{
    struct things *t = things;
    return il_event_wait(&t->event);
}

static int do_future(void *things)
{
    struct things *t = things;
    return il_future_wait(&t->future, NULL, NULL);
}

static int do_join(void *things)
{
    struct things *t = things;
    return il_task_join(t->ended, NULL);
}

static int do_limiter(void *things)
{
    struct things *t = things;
    il_token token = IL_TOKEN_INIT;
    int r = il_limiter_acquire(&t->limiter, &token);

    return r < 0 ? r : il_limiter_release(&t->limiter, &token);
}

static int do_lock(void *things)
{
    struct things *t = things;
    int r = il_lock_acquire(&t->lock);

    return r < 0 ? r : il_lock_release(&t->lock);
}

static int do_lock_block(void *things)
{
    struct things *t = things;
    int r = -EIO;

    IL_WITH_LOCK (&t->lock, &r) {
        r = 0;
    }
    return r;
}

static int do_once(void *things)
{
    struct things *t = things;
    return il_once_run(&t->once, succeed, NULL);
}

static int do_rwlock_read(void *things)
{
    struct things *t = things;
    int r = il_rwlock_acquire_read(&t->rwlock);

    return r < 0 ? r : il_rwlock_release_read(&t->rwlock);
}

static int do_rwlock_write(void *things)
{
    struct things *t = things;
    int r = il_rwlock_acquire_write(&t->rwlock);

    return r < 0 ? r : il_rwlock_release_write(&t->rwlock);
}

static int do_semaphore(void *things)
{
    struct things *t = things;
    int r = il_semaphore_acquire(&t->semaphore, 1);

    return r < 0 ? r : il_semaphore_release(&t->semaphore, 1);
}

static int do_waitgroup(void *things)
{
    struct things *t = things;
    return il_waitgroup_wait(&t->waitgroup);
}

static int do_group(void *things)
{
    il_auto(il_group) group = { 0 };
    int r = il_group_open(&group, 0);

    (void)things;
    if (r == 0)
        r = il_spawn(&group, succeed, NULL, NULL);
    return r < 0 ? r : il_group_close(&group);
}

static int do_group_next(void *things)
{
    struct things *t = things;
    il_autoptr(il_task) task = NULL;
    int r = il_spawn(&t->group, succeed, NULL, NULL);

    return r < 0 ? r : il_group_next(&t->group, &task);
}

static int do_gather(void *things)
{
    il_call calls[] = { { succeed, NULL, 0 }, { succeed, NULL, 0 } };

    (void)things;
    return il_gather(calls, 2);
}

static int do_gather_nothing(void *things)
{
    (void)things;
    return il_gather(NULL, 0);
}

static int do_race(void *things)
{
    il_call calls[] = { { succeed, NULL, 0 } };

    (void)things;
    return il_race(calls, 1, NULL);
}

static int do_yield(void *things)
{
    (void)things;
    return il_yield();
}

static int do_sleep(void *things)
{
    (void)things;
    return il_sleep(0);
}

static int do_sleep_until(void *things)
{
    (void)things;
    return il_sleep_until(0);
}

static int do_checkpoint(void *things)
{
    (void)things;
    return il_checkpoint();
}

static const struct op ops[] = {
    { "il_read", do_read, false },
    { "il_read_all", do_read_all, false },
    { "il_write", do_write, false },
    { "il_write_all", do_write_all, false },
    { "il_buffer_read", do_buffer_read, false },
    { "il_connect, il_accept", do_connect_and_accept, false },
    { "il_barrier_wait", do_barrier, false },
    { "il_channel_send, il_channel_receive", do_channel, false },
    { "il_event_wait", do_event, false },
    { "il_future_wait", do_future, true },
    { "il_task_join", do_join, true },
    { "il_limiter_acquire", do_limiter, false },
    { "il_lock_acquire", do_lock, false },
    { "IL_WITH_LOCK", do_lock_block, false },
    { "il_once_run", do_once, true },
    { "il_rwlock_acquire_read", do_rwlock_read, false },
    { "il_rwlock_acquire_write", do_rwlock_write, false },
    { "il_semaphore_acquire", do_semaphore, false },
    { "il_waitgroup_wait", do_waitgroup, false },
    { "il_group_close", do_group, false },
    { "il_group_next", do_group_next, false },
    { "il_gather", do_gather, false },
    { "il_gather of nothing", do_gather_nothing, false },
    { "il_race", do_race, false },
    { "il_yield", do_yield, false },
    { "il_sleep", do_sleep, false },
    { "il_sleep_until", do_sleep_until, false },
    { "il_checkpoint", do_checkpoint, false },
};

enum { N_KINDS = sizeof ops / sizeof ops[0] };

/* --- the tests --------------------------------------------------------------- */

static void open_server(struct things *t)
{
    t->server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    t->address.sun_family = AF_UNIX;
    /* In the abstract name space: nothing is left behind. */
    (void)snprintf(t->address.sun_path + 1, sizeof t->address.sun_path - 1,
                   "interloop-test-budget-%d", (int)getpid());
    assert_int_equal(bind(t->server, (const struct sockaddr *)&t->address,
                          sizeof t->address),
                     0);
    assert_int_equal(listen(t->server, 8), 0);
}

static void open_things(struct things *t)
{
    *t = (struct things){ .buffer = IL_BUFFER_INIT,
                          .barrier = IL_BARRIER_INIT(1),
                          .limiter = IL_LIMITER_INIT(1),
                          .semaphore = IL_SEMAPHORE_INIT(1) };
    t->zero = open("/dev/zero", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    t->null = open("/dev/null", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(t->zero >= 0 && t->null >= 0);
    open_server(t);
    assert_int_equal(il_channel_init(&t->channel, sizeof(int), 1), 0);
    assert_int_equal(il_event_set(&t->event), 0);
    assert_int_equal(il_future_set(&t->future, 0, NULL), 0);
    assert_int_equal(il_once_run(&t->once, succeed, NULL), 0);
    assert_int_equal(il_spawn(NULL, succeed, NULL, &t->ended), 0);
}

static void close_things(struct things *t)
{
    (void)il_task_unref(t->ended);
    il_channel_fini(&t->channel);
    (void)il_buffer_release(&t->buffer);
    (void)il_close(t->server);
    (void)il_close(t->zero);
    (void)il_close(t->null);
}

static void test_budget_busy_task_lets_others_run(void **state)
{
    struct things things;

    open_things(&things);
    check_turns(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

static void test_budget_holds_in_the_first_step(void **state)
{
    struct things things;

    open_things(&things);
    check_first_step(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

/* What is ready is no reason to go on for ever, but for results that are there for
 * good: those a clean-up may need. */
static void test_budget_cancelled_task_is_refused_or_gets_results(void **state)
{
    struct things things;

    open_things(&things);
    check_cancelled(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_budget_busy_task_lets_others_run),
        TEST(test_budget_holds_in_the_first_step),
        TEST(test_budget_cancelled_task_is_refused_or_gets_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
