/* SPDX-License-Identifier: MIT */

/* test_select_fd.c - descriptors among the cases. */

#include "support/chooser.h"
#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <unistd.h>

static void send_byte(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void test_select_waits_for_descriptors(void **state)
{
    struct fixture *f = *state;
    int pipes[2][2];

    make_pipe(pipes[0]);
    make_pipe(pipes[1]);
    {
        il_case cases[] = { IL_CASE_FD(pipes[0][0], IL_READ),
                            IL_CASE_FD(pipes[1][0], IL_READ),
                            IL_CASE_AFTER(IL_SEC(1)) };
        struct chooser chooser = CHOOSE("c", cases);

        for (int i = 0; i < 4; i++) {
            assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
            settle(f);
            assert_int_equal(chooser.r, 12345);
            send_byte(pipes[i % 2][1]);
            settle(f);
            assert_int_equal(drain(pipes[i % 2][0]), 1);
        }
    }
    assert_string_equal(noted(), "c:0=1 c:1=1 c:0=1 c:1=1");
    assert_int_equal(IL_READ, 1);
    close_both(pipes[0]);
    close_both(pipes[1]);
}

static void test_select_of_a_descriptor_knows_both_sides(void **state)
{
    struct fixture *f = *state;
    int fds[2];

    make_socketpair(fds);
    assert_true(fill(fds[0]) > 0);
    {
        il_case apart[] = { IL_CASE_FD(fds[0], IL_READ),
                            IL_CASE_FD(fds[0], IL_WRITE) };
        il_case both[] = { IL_CASE_FD(fds[0], IL_READ | IL_WRITE) };
        struct chooser a = CHOOSE("apart", apart);
        struct chooser b = CHOOSE("both", both);

        assert_int_equal(il_spawn(NULL, choose_once, &a, NULL), 0);
        settle(f);
        assert_true(drain(fds[1]) > 0);
        settle(f);
        assert_int_equal(a.r, 1);
        assert_int_equal(apart[1].result, IL_WRITE);

        assert_true(fill(fds[0]) > 0);
        assert_int_equal(il_spawn(NULL, choose_once, &a, NULL), 0);
        settle(f);
        send_byte(fds[1]);
        settle(f);
        assert_int_equal(a.r, 0);
        assert_int_equal(apart[0].result, IL_READ);
        assert_int_equal(drain(fds[0]), 1);

        assert_int_equal(il_spawn(NULL, choose_once, &b, NULL), 0);
        settle(f);
        assert_true(drain(fds[1]) > 0);
        send_byte(fds[1]);
        settle(f);
        assert_int_equal(b.r, 0);
        assert_int_equal(both[0].result, IL_READ | IL_WRITE);
    }
    close_both(fds);
}

/* A case that comes first in the array comes first, though the kernel must be
 * asked for it. */
static void test_select_prefers_a_descriptor_that_is_first(void **state)
{
    il_event event = IL_EVENT_INIT;
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(il_event_set(&event), 0);
    {
        il_case cases[] = { IL_CASE_FD(-1, IL_READ),
                            IL_CASE_FD(fds[0], IL_READ), IL_CASE_EVENT(&event),
                            IL_CASE_FD(fds[1], IL_WRITE) };

        assert_int_equal(il_select(cases, 4, 0), 2);
        send_byte(fds[1]);
        assert_int_equal(il_select(cases, 4, 0), 1);
        assert_int_equal(cases[1].result, IL_READ);
        il_case_enable(&cases[1], false);
        il_case_enable(&cases[2], false);
        assert_int_equal(il_try_select(cases, 4, 0), 3);
        assert_int_equal(cases[3].result, IL_WRITE);
    }
    close_both(fds);
}

static void test_select_rotates_among_descriptors(void **state)
{
    int fds[2];
    int fired[3] = { 0 };

    (void)state;
    make_pipe(fds);
    send_byte(fds[1]);
    {
        il_case cases[] = { IL_CASE_FD(fds[0], IL_READ),
                            IL_CASE_FD(fds[1], IL_WRITE), IL_CASE_AFTER(0) };

        for (int i = 0; i < 300; i++) {
            int r = il_try_select(cases, 3, IL_SELECT_ROTATE);

            assert_true(r >= 0 && r < 3);
            fired[r]++;
        }
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(fired[i], 90, 110);
    close_both(fds);
}

static void test_select_without_waiting_asks_the_kernel(void **state)
{
    int fds[2];

    (void)state;
    make_pipe(fds);
    {
        il_case cases[] = { IL_CASE_FD(fds[0], IL_READ) };

        assert_int_equal(il_try_select(cases, 1, 0), -EAGAIN);
        send_byte(fds[1]);
        assert_int_equal(il_try_select(cases, 1, 0), 0);
        assert_int_equal(cases[0].result, IL_READ);
        assert_int_equal(drain(fds[0]), 1);
        assert_int_equal(il_close(fds[1]), 0); /* the end can be read, too */
        fds[1] = -1;
        assert_int_equal(il_try_select(cases, 1, 0), 0);
        assert_int_equal(cases[0].result, IL_READ);
    }
    close_both(fds);
}

static int read_after_a_short_read(void *arg)
{
    int fd = *(const int *)arg;
    il_case cases[] = { IL_CASE_FD(fd, IL_READ), IL_CASE_AFTER(0) };
    char buffer[8];

    CHECK_INT(il_read(fd, buffer, sizeof buffer), 1); /* all there was */
    CHECK_INT(il_try_select(cases, 2, 0), 1);
    note("empty");
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_select(cases, 2, 0), 0);
    CHECK_INT(il_read(fd, buffer, sizeof buffer), 1);
    note("read");
    return 0;
}

/* A read that took all there was makes the next one wait first; but not when it
 * is known that there is more. */
static void test_select_tells_a_reader_that_it_need_not_wait(void **state)
{
    struct fixture *f = *state;
    int fds[2];

    make_pipe(fds);
    send_byte(fds[1]);
    assert_int_equal(il_spawn(NULL, read_after_a_short_read, &fds[0], NULL), 0);
    assert_string_equal(noted(), "empty");
    send_byte(fds[1]);
    assert_int_equal(il_loop_turn(f->loop, 0) >= 0, 1);
    assert_string_equal(noted(), "empty read");
    close_both(fds);
}

/* --- mistakes and ends ------------------------------------------------------------ */

static void test_select_of_a_descriptor_in_use_is_refused(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct waiter other = { .events = IL_READ, .name = "other" };
    int fds[2];

    make_pipe(fds);
    other.fd = fds[0];
    {
        il_case cases[] = { IL_CASE_EVENT(&event),
                            IL_CASE_FD(fds[0], IL_READ) };
        struct chooser chooser = CHOOSE("c", cases);

        assert_int_equal(il_spawn(NULL, wait_once, &other, NULL), 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        assert_int_equal(chooser.r, -EBUSY);
        assert_int_equal(il_try_select(cases, 2, 0), -EBUSY);
        assert_true(event.waiters.next == NULL);
        send_byte(fds[1]);
        settle(f);
        assert_string_equal(noted(), "c:-16 other:1");

        /* And the other way round. */
        assert_int_equal(drain(fds[0]), 1);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        assert_int_equal(il_spawn(NULL, wait_once, &other, NULL), 0);
        assert_int_equal(other.r, -EBUSY);
        assert_int_equal(il_event_set(&event), 0);
        /* The select has not run, but its place is free. */
        assert_int_equal(il_spawn(NULL, wait_once, &other, NULL), 0);
        assert_int_equal(other.r, 12345);
        send_byte(fds[1]);
        settle(f);
        assert_int_equal(chooser.r, 0);
        assert_int_equal(other.r, IL_READ);
    }
    close_both(fds);
}

static int choose_one_side_twice(void *arg)
{
    int fd = *(const int *)arg;
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_FD(fd, IL_READ), IL_CASE_EVENT(&event),
                        IL_CASE_FD(fd, IL_READ) };

    CHECK_INT(il_select(cases, 3, 0), -EBUSY);
    CHECK(!event.waiters.next || event.waiters.next == &event.waiters);
    CHECK_INT(il_event_set(&event), 0);
    CHECK_INT(il_select(cases, 3, 0), 1);
    return 0;
}

static void test_select_with_one_side_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    struct waiter other = { .events = IL_READ, .name = "other" };
    int fds[2];

    make_pipe(fds);
    assert_int_equal(il_spawn(NULL, choose_one_side_twice, &fds[0], NULL), 0);
    other.fd = fds[0];
    assert_int_equal(il_spawn(NULL, wait_once, &other, NULL), 0);
    send_byte(fds[1]);
    settle(f);
    assert_string_equal(noted(), "other:1");
    close_both(fds);
}

static void test_select_hears_that_a_descriptor_was_closed(void **state)
{
    struct fixture *f = *state;

    for (int apart = 0; apart < 2; apart++) {
        il_event event = IL_EVENT_INIT;
        int fds[2];

        make_socketpair(fds);
        assert_true(fill(fds[0]) > 0);
        {
            il_case cases[] = {
                IL_CASE_EVENT(&event),
                IL_CASE_FD(fds[0], apart ? IL_READ : IL_READ | IL_WRITE),
                IL_CASE_FD(apart ? fds[0] : -1, IL_WRITE),
            };
            struct chooser chooser = CHOOSE(NULL, cases);

            assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
            settle(f);
            assert_int_equal(il_close(fds[0]), 0);
            fds[0] = -1;
            settle(f);
            assert_int_equal(chooser.r, 1);
            assert_int_equal(cases[1].result, -EBADF);
            assert_int_equal(cases[2].result, 0);
        }
        close_both(fds);
    }
}

/* Waits for what comes, and then closes another one behind the library's back. */
struct closer {
    int fd;
    int *victim;
};

static int close_behind(void *arg)
{
    const struct closer *closer = arg;

    CHECK_INT(il_wait_fd(closer->fd, IL_READ), IL_READ);
    if (*closer->victim >= 0)
        CHECK_INT(close(*closer->victim), 0);
    *closer->victim = -1;
    return 0;
}

/* What came is granted before the descriptor is closed, and who selects runs
 * after.  One closer is told before it and one after, for either order. */
static void test_select_keeps_an_event_of_what_was_closed_since(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    int fds[2], before[2], after[2];

    make_socketpair(fds);
    make_socketpair(before);
    make_socketpair(after);
    assert_true(fill(fds[0]) > 0);
    {
        il_case cases[] = { IL_CASE_EVENT(&event),
                            IL_CASE_FD(fds[0], IL_READ | IL_WRITE) };
        struct chooser chooser = CHOOSE(NULL, cases);
        struct closer closers[] = { { before[0], &fds[0] },
                                    { after[0], &fds[0] } };

        assert_int_equal(il_spawn(NULL, close_behind, &closers[0], NULL), 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        assert_int_equal(il_spawn(NULL, close_behind, &closers[1], NULL), 0);
        settle(f);
        assert_int_equal(write(before[1], "x", 1), 1);
        assert_int_equal(write(fds[1], "x", 1), 1);
        assert_int_equal(write(after[1], "x", 1), 1);
        settle(f);
        assert_int_equal(chooser.r, 1);
        assert_int_equal(cases[1].result, IL_READ);
        assert_int_equal(fds[0], -1);
    }
    close_both(fds);
    close_both(before);
    close_both(after);
}

static void test_select_finds_a_descriptor_that_is_not_open(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    int fds[2];
    int closed;

    make_pipe(fds);
    closed = fds[0];
    close_both(fds);
    {
        il_case cases[] = { IL_CASE_EVENT(&event), IL_CASE_FD(closed, IL_READ),
                            IL_CASE_AFTER(IL_SEC(1)) };
        struct chooser chooser = CHOOSE("c", cases);

        assert_int_equal(il_try_select(cases, 3, 0), 1);
        assert_int_equal(cases[1].result, -EBADF);
        cases[1].result = 0;
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        settle(f);
        assert_string_equal(noted(), "c:1=-9");
    }
}

static void test_select_cancelled_lets_the_descriptor_go(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { .name = "reader" };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    {
        il_case cases[] = { IL_CASE_FD(fds[0], IL_READ) };
        struct chooser chooser = CHOOSE("c", cases);
        il_task *task;

        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
        send_byte(fds[1]);
        settle(f);
        assert_int_equal(chooser.r, -ECANCELED);
        assert_int_equal(reader.r, 1);
        assert_int_equal(reap(task), 0);
    }
    close_both(fds);
}

/* Both are ready in one poll: one fires, the other is ready the next time. */
static void test_select_loses_no_readiness(void **state)
{
    struct fixture *f = *state;
    int pipes[2][2];

    make_pipe(pipes[0]);
    make_pipe(pipes[1]);
    {
        il_case cases[] = { IL_CASE_FD(pipes[0][0], IL_READ),
                            IL_CASE_FD(pipes[1][0], IL_READ) };
        struct chooser chooser = CHOOSE(NULL, cases);
        int first;

        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        settle(f);
        send_byte(pipes[0][1]);
        send_byte(pipes[1][1]);
        settle(f);
        first = chooser.r;
        assert_in_range(first, 0, 1);
        assert_int_equal(drain(pipes[first][0]), 1);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        settle(f);
        assert_int_equal(chooser.r, 1 - first);
    }
    close_both(pipes[0]);
    close_both(pipes[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_waits_for_descriptors),
        TEST(test_select_of_a_descriptor_knows_both_sides),
        TEST(test_select_prefers_a_descriptor_that_is_first),
        TEST(test_select_rotates_among_descriptors),
        TEST(test_select_without_waiting_asks_the_kernel),
        TEST(test_select_tells_a_reader_that_it_need_not_wait),
        TEST(test_select_of_a_descriptor_in_use_is_refused),
        TEST(test_select_with_one_side_twice_is_refused),
        TEST(test_select_hears_that_a_descriptor_was_closed),
        TEST(test_select_keeps_an_event_of_what_was_closed_since),
        TEST(test_select_finds_a_descriptor_that_is_not_open),
        TEST(test_select_cancelled_lets_the_descriptor_go),
        TEST(test_select_loses_no_readiness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
