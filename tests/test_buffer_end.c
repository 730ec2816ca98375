/* SPDX-License-Identifier: MIT */

/* test_buffer_end.c - buffered reading: cancels, ends, and misuse. */

#include "support/borrowers.h"
#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* --- Ends of all kinds ------------------------------------------------------- */

static void test_buffer_cancelled_read_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    assert_int_equal(b.r, 3);
    assert_int_equal(il_spawn(NULL, borrow, &b, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    /* What it held before is given back all the same. */
    assert_int_equal(b.r, -ECANCELED);
    assert_null(b.buffer.data);
    assert_int_equal(n_lent(f), 0);
    il_task_unref(task);

    assert_int_equal(write(fds[1], "de", 2), 2);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    settle(f);
    assert_int_equal(b.r, 2);
    assert_memory_equal(b.buffer.data, "de", 2);
    assert_int_equal(il_buffer_release(&b.buffer), 0);
    close_both(fds);
}

static int read_though_cancelled(void *arg)
{
    struct borrower *b = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_buffer_read(&b->buffer, b->fd), -ECANCELED);
    CHECK(!b->buffer.data);
    return 0;
}

static void test_buffer_cancelled_task_reads_nothing(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, read_though_cancelled, &b, NULL), 0);
    settle(f);
    assert_int_equal(drain(fds[0]), 3);
    close_both(fds);
}

static void test_buffer_close_wakes_who_waits(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[0]), 0);
    fds[0] = -1;
    settle(f);
    assert_int_equal(b.r, -EBADF);
    assert_int_equal(n_lent(f), 0);
    close_both(fds);
}

static void test_buffer_second_reader_is_refused(void **state)
{
    struct fixture *f = *state;
    struct borrower a = { .buffer = IL_BUFFER_INIT }, b = a;
    int fds[2];

    make_pipe(fds);
    a.fd = b.fd = fds[0];
    assert_int_equal(il_spawn(NULL, borrow, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    settle(f);
    assert_int_equal(b.r, -EBUSY);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(a.r, 1);
    assert_int_equal(il_buffer_release(&a.buffer), 0);
    close_both(fds);
}

static void test_buffer_outside_tasks_only_waiting_is_refused(void **state)
{
    il_buffer buffer = IL_BUFFER_INIT;
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(il_buffer_read(&buffer, fds[0]), -ESRCH);
    assert_int_equal(il_buffer_read(NULL, fds[0]), -EINVAL);
    assert_int_equal(write(fds[1], "xy", 2), 2);
    assert_int_equal(il_buffer_read(&buffer, fds[0]), 2);
    assert_int_equal(il_buffer_read(&buffer, -1), -EBADF);
    assert_null(buffer.data);
    assert_int_equal(il_buffer_release(NULL), 0);
    close_both(fds);
}

static int read_zeros(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct flow *flow = arg;

    for (int i = 0; i < 1000; i++)
        if (!CHECK_INT(il_buffer_read(&buffer, flow->fd), IL_BUFFER_SIZE))
            break;
    flow->over = true;
    return 0;
}

static void test_buffer_always_ready_does_not_starve_others(void **state)
{
    struct fixture *f = *state;
    struct flow flow;

    run_flow(f, &flow, read_zeros);
    assert_in_range(flow.n_other, 1000 / 64, 1000);
}

/* --- Misuse ------------------------------------------------------------------ */

static void test_buffer_copy_that_comes_too_late_does_no_damage(void **state)
{
    struct fixture *f = *state;
    il_buffer buffer = IL_BUFFER_INIT, copy, other = IL_BUFFER_INIT;
    int fds[2];

    make_pipe(fds);
    assert_int_equal(write(fds[1], "a", 1), 1);
    assert_int_equal(il_buffer_read(&buffer, fds[0]), 1);
    copy = buffer;
    assert_int_equal(il_buffer_release(&buffer), 0);
    assert_int_equal(il_buffer_release(&buffer), 0);
    /* While it is lent to nobody, and when it is another one's. */
    assert_int_equal(write(fds[1], "b", 1), 1);
    assert_int_equal(il_buffer_read(&other, fds[0]), 1);
    assert_ptr_equal(other.data, copy.data);
    assert_int_equal(il_buffer_release(&copy), -EALREADY);
    assert_null(copy.data);
    assert_int_equal(n_lent(f), 1);
    assert_int_equal(*other.data, 'b');
    copy = other;
    assert_int_equal(il_buffer_release(&other), 0);
    assert_int_equal(n_lent(f), 0);
    assert_int_equal(write(fds[1], "c", 1), 1);
    assert_int_equal(il_buffer_read(&copy, fds[0]), 1);
    assert_int_equal(*copy.data, 'c');
    assert_int_equal(n_lent(f), 1);
    assert_int_equal(il_buffer_release(&copy), 0);
    close_both(fds);
}

static void *use_from_a_thread(void *arg)
{
    struct borrower *b = arg;
    il_buffer none = IL_BUFFER_INIT;

    CHECK_INT(il_buffer_release(&b->buffer), -ESRCH);
    CHECK_INT(il_buffer_read(&b->buffer, b->fd), -ESRCH);
    CHECK_INT(il_buffer_read(&none, b->fd), -ESRCH);
    CHECK_INT(il_buffer_release(&none), 0);
    return NULL;
}

static void test_buffer_other_threads_are_refused(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    pthread_t thread;
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_buffer_read(&b.buffer, fds[0]), 3);
    assert_int_equal(pthread_create(&thread, NULL, use_from_a_thread, &b), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(b.buffer.size, 3);
    assert_memory_equal(b.buffer.data, "abc", 3);
    assert_int_equal(n_lent(f), 1);
    assert_int_equal(il_buffer_release(&b.buffer), 0);
    close_both(fds);
}

static void test_buffer_outlives_its_loop(void **state)
{
    struct fixture *f = *state;
    il_buffer a = IL_BUFFER_INIT, b = IL_BUFFER_INIT, c = IL_BUFFER_INIT;
    int fds[2];

    make_pipe(fds);
    assert_int_equal(write(fds[1], "a", 1), 1);
    assert_int_equal(il_buffer_read(&a, fds[0]), 1);
    assert_int_equal(write(fds[1], "bb", 2), 2);
    assert_int_equal(il_buffer_read(&b, fds[0]), 2);
    assert_int_equal(write(fds[1], "c", 1), 1);
    assert_int_equal(il_buffer_read(&c, fds[0]), 1);
    assert_int_equal(il_buffer_release(&c), 0);
    close_both(fds);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(*a.data, 'a');
    assert_memory_equal(b.data, "bb", 2);
    assert_int_equal(il_buffer_release(&a), 0);
    assert_int_equal(il_buffer_read(&b, 0), -ESRCH);
    assert_int_equal(il_buffer_release(&b), 0);
}

static int hold_whatever_happens(void *arg)
{
    il_buffer buffer = IL_BUFFER_INIT;
    struct holder *h = arg;
    int r = 0;

    CHECK_INT(il_buffer_read(&buffer, h->fd), h->size);
    IL_SHIELD (IL_FOREVER, &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK(false); /* it is abandoned */
    return r;
}

static void test_buffer_abandoned_task_keeps_its_own(void **state)
{
    struct fixture *f = *state;
    struct holder h = { .size = 5 };
    int fds[2];

    make_pipe(fds);
    h.fd = fds[0];
    assert_int_equal(write(fds[1], "abcde", 5), 5);
    assert_int_equal(il_spawn(NULL, hold_whatever_happens, &h, NULL), 0);
    assert_int_equal(n_lent(f), 1);
    close_both(fds);
    assert_int_equal(il_loop_close(f->loop, IL_MS(1)), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_buffer_cancelled_read_loses_nothing),
        TEST(test_buffer_cancelled_task_reads_nothing),
        TEST(test_buffer_close_wakes_who_waits),
        TEST(test_buffer_second_reader_is_refused),
        TEST(test_buffer_outside_tasks_only_waiting_is_refused),
        TEST(test_buffer_always_ready_does_not_starve_others),
        TEST(test_buffer_copy_that_comes_too_late_does_no_damage),
        TEST(test_buffer_other_threads_are_refused),
        TEST(test_buffer_outlives_its_loop),
        TEST(test_buffer_abandoned_task_keeps_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
