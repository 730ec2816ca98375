/* SPDX-License-Identifier: MIT */

/* test_descriptor.c - who waits for which descriptor, and for which file.
 *
 * A descriptor is a number, and numbers are used again.  Whatever the loop
 * remembers of one must not reach the next file that gets it. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_descriptor_second_reader_is_refused(void **state)
{
    struct fixture *f = *state;
    struct reader first = { .name = "first" }, second = { .name = "second" };
    int fds[2];

    make_pipe(fds);
    first.fd = second.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, read_once, &second, NULL), 0);
    settle(f);
    assert_int_equal(second.r, -EBUSY);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(first.r, 1);
    close_both(fds);
}

static void test_descriptor_reader_and_writer_do_not_disturb(void **state)
{
    struct fixture *f = *state;
    struct waiter reader = { .events = IL_READ, .name = "r" };
    struct waiter writer = { .events = IL_WRITE, .name = "w" };
    struct waiter both = { .events = IL_READ | IL_WRITE, .name = "both" };
    int fds[2];

    make_socketpair(fds);
    assert_true(fill(fds[0]) > 0);
    reader.fd = writer.fd = both.fd = fds[0];
    assert_int_equal(il_spawn(NULL, wait_once, &reader, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &writer, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &both, NULL), 0);
    settle(f);
    assert_int_equal(both.r, -EBUSY);
    assert_true(drain(fds[1]) > 0);
    settle(f);
    assert_int_equal(writer.r, IL_WRITE);
    assert_int_equal(reader.r, 12345);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(reader.r, IL_READ);
    close_both(fds);
}

/* The cleaning up of a cancelled wait must not take away the next one. */
static void test_descriptor_cancelled_wait_leaves_the_next_alone(void **state)
{
    struct fixture *f = *state;
    struct reader first = { .name = "first" }, second = { .name = "second" };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    first.fd = second.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &first, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    /* Before the cancelled one has run: the place is free already. */
    assert_int_equal(il_spawn(NULL, read_once, &second, NULL), 0);
    assert_int_equal(second.r, 12345);
    settle(f);
    assert_int_equal(first.r, -ECANCELED);
    assert_int_equal(write(fds[1], "xy", 2), 2);
    settle(f);
    assert_int_equal(second.r, 2);
    il_task_unref(task);
    close_both(fds);
}

static void test_descriptor_cancelled_read_loses_no_bytes(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, &task), 0);
    settle(f);
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reader.r > 0 ? (size_t)reader.r : drain(fds[0]), 3);
    assert_true(reader.r == 3 || reader.r == -ECANCELED);
    il_task_unref(task);
    close_both(fds);
}

static void test_descriptor_close_wakes_who_waits(void **state)
{
    struct fixture *f = *state;
    struct waiter reader = { .events = IL_READ, .name = "r" };
    struct waiter writer = { .events = IL_WRITE, .name = "w" };
    int fds[2];

    make_socketpair(fds);
    assert_true(fill(fds[0]) > 0);
    reader.fd = writer.fd = fds[0];
    assert_int_equal(il_spawn(NULL, wait_once, &reader, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &writer, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[0]), 0);
    fds[0] = -1;
    assert_string_equal(noted(), "");
    settle(f);
    assert_int_equal(reader.r, -EBADF);
    assert_int_equal(writer.r, -EBADF);
    close_both(fds);
}

/* The number is in use again before the tasks that waited for the old file
 * have run. */
static void test_descriptor_close_then_open_at_once(void **state)
{
    struct fixture *f = *state;
    struct reader old = { .name = "old" }, fresh = { .name = "fresh" };
    int fds[2], others[2];

    make_pipe(fds);
    old.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &old, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[0]), 0);
    make_pipe(others);
    assert_int_equal(others[0], old.fd);
    fresh.fd = others[0];
    assert_int_equal(il_spawn(NULL, read_once, &fresh, NULL), 0);
    settle(f);
    assert_int_equal(old.r, -EBADF);
    assert_int_equal(fresh.r, 12345);
    assert_int_equal(write(others[1], "x", 1), 1);
    settle(f);
    assert_int_equal(fresh.r, 1);
    fds[0] = -1;
    close_both(fds);
    close_both(others);
}

enum { BY_DUP2, BY_CLOSE, BY_IL_CLOSE };

/* Wait for a pipe once, put another file behind its number while nobody waits,
 * and wait again. */
static void use_number_again(struct fixture *f, int how)
{
    struct reader reader = { 0 };
    int fds[2], others[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(reader.r, 1);

    if (how == BY_DUP2) {
        make_pipe(others);
        assert_int_equal(dup2(others[0], fds[0]), fds[0]);
        assert_int_equal(close(others[0]), 0);
        others[0] = fds[0];
    } else {
        assert_int_equal(how == BY_CLOSE ? close(fds[0]) : il_close(fds[0]), 0);
        make_pipe(others);
    }
    assert_int_equal(others[0], fds[0]);

    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(reader.r, 12345);
    assert_int_equal(write(others[1], "abc", 3), 3);
    settle(f);
    assert_int_equal(reader.r, 3);

    fds[0] = -1;
    close_both(fds);
    close_both(others);
}

static void test_descriptor_number_used_again_after_il_close(void **state)
{
    use_number_again(*state, BY_IL_CLOSE);
}

static void test_descriptor_number_used_again_by_dup2(void **state)
{
    use_number_again(*state, BY_DUP2);
}

static void test_descriptor_number_used_again_after_plain_close(void **state)
{
    use_number_again(*state, BY_CLOSE);
}

/* Misuse: nobody told the loop.  It must say so and live. */
static void test_descriptor_closed_behind_our_back_is_bad(void **state)
{
    struct fixture *f = *state;
    struct waiter before = { .events = IL_READ }, after = before;
    int fds[2];

    make_pipe(fds);
    before.fd = after.fd = fds[0];
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_spawn(NULL, wait_once, &before, NULL), 0);
    settle(f);
    assert_int_equal(before.r, IL_READ);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &after, NULL), 0);
    settle(f);
    assert_int_equal(after.r, -EBADF);
    fds[0] = -1;
    close_both(fds);
}

static void test_descriptor_duplicates_are_separate(void **state)
{
    struct fixture *f = *state;
    struct waiter a = { .events = IL_READ, .name = "a" };
    struct waiter b = { .events = IL_READ, .name = "b" };
    int fds[2];
    int copy;

    make_pipe(fds);
    copy = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    assert_true(copy >= 0);
    a.fd = fds[0];
    b.fd = copy;
    assert_int_equal(il_spawn(NULL, wait_once, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &b, NULL), 0);
    settle(f);
    assert_int_equal(il_close(copy), 0);
    settle(f);
    assert_int_equal(b.r, -EBADF);
    assert_int_equal(a.r, 12345);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(a.r, IL_READ);
    close_both(fds);
}

/* The kernel keeps reporting a closed number while a duplicate holds the file
 * open; that must neither wake anybody nor spin. */
static void test_descriptor_closed_with_a_duplicate_left_is_quiet(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    int fds[2];
    int copy;

    make_pipe(fds);
    copy = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[0]), 0);
    settle(f);
    assert_int_equal(reader.r, -EBADF);
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (int i = 0; i < 3; i++)
        assert_true(il_test_run_until_blocked(f->loop) <= 2);
    assert_int_equal(close(copy), 0);
    fds[0] = -1;
    close_both(fds);
}

static int read_zeros(void *arg)
{
    struct flow *flow = arg;
    char byte;

    for (flow->n_read = 0; flow->n_read < 100000; flow->n_read++)
        if (!CHECK_INT(il_read(flow->fd, &byte, 1), 1))
            break;
    flow->over = true;
    return 0;
}

static void test_descriptor_always_ready_does_not_starve_others(void **state)
{
    struct fixture *f = *state;
    struct flow flow;

    run_flow(f, &flow, read_zeros);
    assert_int_equal(flow.n_read, 100000);
    assert_true(flow.n_other >= 100);
}

static int read_in_scope(void *arg)
{
    struct reader *reader = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        reader->r = il_read(reader->fd, reader->buffer, 1);
        r = (int)reader->r;
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_read(reader->fd, reader->buffer, 1), 1);
    return 0;
}

static void test_descriptor_wait_obeys_a_timeout(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_in_scope, &reader, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(reader.r, -ECANCELED);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    close_both(fds);
}

static void test_descriptor_can_be_closed_after_the_loop(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_int_equal(reader.r, -ECANCELED);
    close_both(fds);
}

/* The table of records grew up to the number before anybody had looked whether
 * it was open: 1.6 GB. */
static void test_descriptor_high_number_costs_no_memory(void **state)
{
    struct waiter waiter = { .fd = 50000000, .events = IL_READ };
    struct rusage before, after;

    (void)state;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &waiter, NULL), 0);
    assert_int_equal(waiter.r, -EBADF);
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024); /* KiB */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_descriptor_second_reader_is_refused),
        TEST(test_descriptor_reader_and_writer_do_not_disturb),
        TEST(test_descriptor_cancelled_wait_leaves_the_next_alone),
        TEST(test_descriptor_cancelled_read_loses_no_bytes),
        TEST(test_descriptor_close_wakes_who_waits),
        TEST(test_descriptor_close_then_open_at_once),
        TEST(test_descriptor_number_used_again_after_il_close),
        TEST(test_descriptor_number_used_again_by_dup2),
        TEST(test_descriptor_number_used_again_after_plain_close),
        TEST(test_descriptor_closed_behind_our_back_is_bad),
        TEST(test_descriptor_duplicates_are_separate),
        TEST(test_descriptor_closed_with_a_duplicate_left_is_quiet),
        TEST(test_descriptor_always_ready_does_not_starve_others),
        TEST(test_descriptor_wait_obeys_a_timeout),
        TEST(test_descriptor_can_be_closed_after_the_loop),
        TEST(test_descriptor_high_number_costs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
