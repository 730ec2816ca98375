/* SPDX-License-Identifier: MIT */

/* test_descriptor_busy.c - descriptors where much is going on.
 *
 * A loop that is never idle spares itself what an idle one can afford; what it
 * owes to descriptors that are quiet meanwhile it must not forget.  The clock is
 * the real one: there is no virtual time in which nothing comes for a while. */

#include "support/fixture.h"
#include "support/pipes.h"

#include "loop/fd.h"

#include <errno.h>
#include <unistd.h>

/* Both ends, and the loop is not told. */
static void close_behind_our_back(const int fds[2])
{
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

/* --- A loop that is never idle --------------------------------------------- */

struct bustle {
    int fds[2];
    struct reader late;
    bool over;
};

static int keep_busy(void *arg)
{
    struct bustle *b = arg;
    char byte;

    while (!b->over) {
        CHECK_INT(il_write(b->fds[1], "x", 1), 1);
        CHECK_INT(il_wait_fd(b->fds[0], IL_READ), IL_READ);
        CHECK_INT(il_read(b->fds[0], &byte, 1), 1);
    }
    return 0;
}

static int read_late(void *arg)
{
    struct bustle *b = arg;

    (void)read_once(&b->late);
    b->over = true;
    return 0;
}

static void stop_bustle(void *arg)
{
    ((struct bustle *)arg)->over = true;
}

/* The other descriptor is always ready, so the loop never sleeps for as long as
 * it lets an unverified wait rest while it is idle. */
static void test_descriptor_busy_loop_notices_a_number_used_again(void **state)
{
    struct fixture *f = *state;
    struct bustle b = { .over = false };
    struct ili_fd *record;
    il_timer limit = IL_TIMER_INIT(stop_bustle, &b);
    int fds[2], others[2];

    make_pipe(b.fds);
    make_pipe(fds);
    b.late.fd = fds[0];
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_spawn(NULL, read_once, &b.late, NULL), 0);
    assert_int_equal(il_spawn(NULL, read_once, &b.late, NULL), 0);
    settle(f);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(b.late.r, 1);
    close_behind_our_back(fds);
    make_pipe(others);
    assert_int_equal(others[0], b.late.fd);
    assert_int_equal(write(others[1], "abc", 3), 3);

    b.late.r = 12345;
    assert_int_equal(il_timer_start(f->loop, &limit, il_deadline(IL_SEC(20))),
                     0);
    assert_int_equal(il_spawn(NULL, read_late, &b, NULL), 0);
    assert_int_equal(b.late.r, 12345); /* it waits first */
    /* A second would be long to be busy for. */
    record = ili_fd_find(b.late.fd);
    if (record)
        record->since -= IL_SEC(1);
    assert_int_equal(il_run(keep_busy, &b), 0);
    assert_int_equal(b.late.r, 3);
    (void)il_timer_stop(&limit);
    close_both(b.fds);
    close_both(others);
}

/* --- Bursts ------------------------------------------------------------------ */

struct burst {
    int fds[2];
    struct waiter late;
    int r;
};

static int throw_back(void *arg)
{
    struct burst *b = arg;
    char byte;

    while (il_read(b->fds[0], &byte, 1) == 1)
        CHECK_INT(il_write(b->fds[0], &byte, 1), 1);
    return 0;
}

static void throw_often(const struct burst *b)
{
    char byte;

    for (int i = 0; i < 1000; i++) {
        CHECK_INT(il_write(b->fds[1], "x", 1), 1);
        CHECK_INT(il_read(b->fds[1], &byte, 1), 1);
    }
}

static int wait_after_bursts(void *arg)
{
    struct burst *b = arg;
    il_time before;

    throw_often(b);
    before = il_now();
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    CHECK(il_now() - before >= IL_MS(5));
    throw_often(b);
    b->r = 0;
    IL_TIMEOUT (IL_SEC(20), &b->r) {
        b->r = wait_once(&b->late);
    }
    return 0;
}

/* Where events come fast the loop does not ask how long it may sleep.  When no
 * more come it has to sleep after all, and to be woken to look after a wait. */
static void test_descriptor_busy_burst_leaves_sleeps_as_they_are(void **state)
{
    struct fixture *f = *state;
    struct burst b = { .late = { .events = IL_READ } };
    int fds[2], others[2];
    il_task *task;

    make_socketpair(b.fds);
    make_pipe(fds);
    b.late.fd = fds[0];
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_run(wait_once, &b.late), 0);
    assert_int_equal(b.late.r, IL_READ);
    close_behind_our_back(fds);
    make_pipe(others);
    assert_int_equal(others[0], b.late.fd);
    assert_int_equal(write(others[1], "abc", 3), 3);

    assert_int_equal(il_spawn(NULL, throw_back, &b, &task), 0);
    assert_int_equal(il_run(wait_after_bursts, &b), 0);
    assert_int_equal(b.r, 0);
    assert_int_equal(b.late.r, IL_READ);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    il_task_unref(task);
    close_both(b.fds);
    close_both(others);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_descriptor_busy_loop_notices_a_number_used_again),
        TEST(test_descriptor_busy_burst_leaves_sleeps_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
