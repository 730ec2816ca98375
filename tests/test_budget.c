/* SPDX-License-Identifier: MIT */

/* test_budget.c - what need not wait takes turns all the same.
 *
 * One table of everything that may succeed without waiting.  A task that does
 * nothing but one of these must let another one run after so many at most. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As many as src/task/task.h allows, and what comes before and after. */
enum { LIMIT = 66, N_OPS = 1000 };

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

static int do_read(struct things *t)
{
    char byte;

    return (int)il_read(t->zero, &byte, 1);
}

static int do_read_all(struct things *t)
{
    char bytes[3];

    return il_read_all(t->zero, bytes, sizeof bytes, NULL);
}

static int do_write(struct things *t)
{
    return (int)il_write(t->null, "x", 1);
}

static int do_write_all(struct things *t)
{
    return il_write_all(t->null, "xyz", 3, NULL);
}

static int do_buffer_read(struct things *t)
{
    return (int)il_buffer_read(&t->buffer, t->zero);
}

static int do_connect_and_accept(struct things *t)
{
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

static int do_barrier(struct things *t)
{
    return il_barrier_wait(&t->barrier);
}

static int do_channel(struct things *t)
{
    int element = 1;
    int r = il_channel_send(&t->channel, &element);

    return r < 0 ? r : il_channel_receive(&t->channel, &element);
}

static int do_event(struct things *t)
{
    return il_event_wait(&t->event);
}

static int do_future(struct things *t)
{
    return il_future_wait(&t->future, NULL, NULL);
}

static int do_select(struct things *t)
{
    il_case cases[] = { IL_CASE_AT(IL_FOREVER), IL_CASE_EVENT(&t->event) };

    return il_select(cases, 2, 0);
}

static int do_join(struct things *t)
{
    return il_task_join(t->ended, NULL);
}

static int do_limiter(struct things *t)
{
    il_token token = IL_TOKEN_INIT;
    int r = il_limiter_acquire(&t->limiter, &token);

    return r < 0 ? r : il_limiter_release(&t->limiter, &token);
}

static int do_lock(struct things *t)
{
    int r = il_lock_acquire(&t->lock);

    return r < 0 ? r : il_lock_release(&t->lock);
}

static int do_lock_block(struct things *t)
{
    int r = -EIO;

    IL_WITH_LOCK(&t->lock, &r)
    {
        r = 0;
    }
    return r;
}

static int do_once(struct things *t)
{
    return il_once_run(&t->once, succeed, NULL);
}

static int do_rwlock_read(struct things *t)
{
    int r = il_rwlock_acquire_read(&t->rwlock);

    return r < 0 ? r : il_rwlock_release_read(&t->rwlock);
}

static int do_rwlock_write(struct things *t)
{
    int r = il_rwlock_acquire_write(&t->rwlock);

    return r < 0 ? r : il_rwlock_release_write(&t->rwlock);
}

static int do_semaphore(struct things *t)
{
    int r = il_semaphore_acquire(&t->semaphore, 1);

    return r < 0 ? r : il_semaphore_release(&t->semaphore, 1);
}

static int do_waitgroup(struct things *t)
{
    return il_waitgroup_wait(&t->waitgroup);
}

static int do_group(struct things *t)
{
    il_auto(il_group) group = { 0 };
    int r = il_group_open(&group, 0);

    (void)t;
    if (r == 0)
        r = il_spawn(&group, succeed, NULL, NULL);
    return r < 0 ? r : il_group_close(&group);
}

static int do_group_next(struct things *t)
{
    il_autoptr(il_task) task = NULL;
    int r = il_spawn(&t->group, succeed, NULL, NULL);

    return r < 0 ? r : il_group_next(&t->group, &task);
}

static int do_gather(struct things *t)
{
    il_call calls[] = { { succeed, NULL, 0 }, { succeed, NULL, 0 } };

    (void)t;
    return il_gather(calls, 2);
}

static int do_gather_nothing(struct things *t)
{
    (void)t;
    return il_gather(NULL, 0);
}

static int do_race(struct things *t)
{
    il_call calls[] = { { succeed, NULL, 0 } };

    (void)t;
    return il_race(calls, 1, NULL);
}

static int do_yield(struct things *t)
{
    (void)t;
    return il_yield();
}

static int do_sleep(struct things *t)
{
    (void)t;
    return il_sleep(0);
}

static int do_sleep_until(struct things *t)
{
    (void)t;
    return il_sleep_until(0);
}

static int do_checkpoint(struct things *t)
{
    (void)t;
    return il_checkpoint();
}

static const struct op {
    const char *name;
    int (*fn)(struct things *t);
} ops[] = {
    { "il_read", do_read },
    { "il_read_all", do_read_all },
    { "il_write", do_write },
    { "il_write_all", do_write_all },
    { "il_buffer_read", do_buffer_read },
    { "il_connect, il_accept", do_connect_and_accept },
    { "il_barrier_wait", do_barrier },
    { "il_channel_send, il_channel_receive", do_channel },
    { "il_event_wait", do_event },
    { "il_future_wait", do_future },
    { "il_task_join", do_join },
    { "il_limiter_acquire", do_limiter },
    { "il_lock_acquire", do_lock },
    { "IL_WITH_LOCK", do_lock_block },
    { "il_once_run", do_once },
    { "il_rwlock_acquire_read", do_rwlock_read },
    { "il_rwlock_acquire_write", do_rwlock_write },
    { "il_select", do_select },
    { "il_semaphore_acquire", do_semaphore },
    { "il_waitgroup_wait", do_waitgroup },
    { "il_group_close", do_group },
    { "il_group_next", do_group_next },
    { "il_gather", do_gather },
    { "il_gather of nothing", do_gather_nothing },
    { "il_race", do_race },
    { "il_yield", do_yield },
    { "il_sleep", do_sleep },
    { "il_sleep_until", do_sleep_until },
    { "il_checkpoint", do_checkpoint },
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

struct busy {
    const struct op *op;
    struct things *things;
    int longest;    /* the most operations in a row */
    int n_in_a_row; /* since the other one ran */
    bool over;
};

static int repeat(struct busy *b, int n)
{
    int r = 0;

    for (int i = 0; i < n && r >= 0; i++) {
        r = b->op->fn(b->things);
        if (++b->n_in_a_row > b->longest)
            b->longest = b->n_in_a_row;
    }
    return r;
}

static int be_busy(void *arg)
{
    struct busy *b = arg;
    int r;

    CHECK_INT(il_group_open(&b->things->group, IL_GROUP_COLLECT), 0);
    r = repeat(b, N_OPS);
    b->over = true;
    CHECK_INT(il_group_close(&b->things->group), 0);
    return r < 0 ? r : 0;
}

static int be_another(void *arg)
{
    struct busy *b = arg;

    while (!b->over) {
        b->n_in_a_row = 0;
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

static void test_budget_busy_task_lets_others_run(void **state)
{
    struct fixture *f = *state;
    struct things things;

    open_things(&things);
    for (int i = 0; i < N_KINDS; i++) {
        struct busy busy = { .op = &ops[i], .things = &things };
        il_task *task;

        /* The other one first: it must come round while the busy one is on. */
        assert_int_equal(il_spawn(NULL, be_another, &busy, NULL), 0);
        assert_int_equal(il_spawn_lazy(NULL, be_busy, &busy, &task), 0);
        settle(f);
        if (busy.longest > LIMIT)
            print_error("%s: %d in a row\n", ops[i].name, busy.longest);
        assert_true(busy.longest <= LIMIT);
        assert_int_equal(reap(task), 0);
    }
    close_things(&things);
}

/* In its first step it lets the one that spawned it go on. */
static void test_budget_holds_in_the_first_step(void **state)
{
    struct fixture *f = *state;
    struct things things;

    open_things(&things);
    for (int i = 0; i < N_KINDS; i++) {
        struct busy busy = { .op = &ops[i], .things = &things };
        il_task *task;

        assert_int_equal(il_spawn(NULL, be_busy, &busy, &task), 0);
        assert_true(busy.longest <= LIMIT);
        assert_false(il_task_is_done(task));
        settle(f);
        assert_int_equal(reap(task), 0);
    }
    close_things(&things);
}

/* What is ready is no reason to go on for ever, but for results that are there
 * for good: those a clean-up may need. */
static int be_busy_cancelled(void *arg)
{
    struct busy *b = arg;
    int r;

    CHECK_INT(il_group_open(&b->things->group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    r = repeat(b, 2);
    CHECK_INT(il_group_close(&b->things->group), -ECANCELED);
    note("%s", il_strerror(r));
    return 0;
}

static void test_budget_cancelled_task_is_refused_or_gets_results(void **state)
{
    static const char *const results[] = { "il_future_wait", "il_task_join",
                                           "il_once_run" };
    struct fixture *f = *state;
    struct things things;

    open_things(&things);
    for (int i = 0; i < N_KINDS; i++) {
        struct busy busy = { .op = &ops[i], .things = &things };
        bool is_result = false;

        for (int j = 0; j < 3; j++)
            is_result |= strcmp(ops[i].name, results[j]) == 0;
        forget_notes();
        assert_int_equal(il_spawn(NULL, be_busy_cancelled, &busy, NULL), 0);
        settle(f);
        assert_string_equal(noted(), is_result ? "success" : "ECANCELED");
    }
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
