/* SPDX-License-Identifier: MIT */

/* test_buffer.c - reading into memory that the loop lends.
 *
 * Whatever tasks do with it, none may find another one's bytes in what it
 * reads, and what is lent must come back. */

#include "support/borrowers.h"
#include "support/fixture.h"
#include "support/pipes.h"

#include "loop/lender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Reading ---------------------------------------------------------------- */

static void test_buffer_read_waits_for_data_and_holds_it(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    for (int kind = 0; kind < 2; kind++) {
        if (kind)
            make_socketpair(fds);
        else
            make_pipe(fds);
        b.fd = fds[0];
        for (int i = 0; i < 3; i++) {
            assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
            settle(f);
            assert_int_equal(b.r, 12345);
            assert_int_equal(write(fds[1], "hello", 5), 5);
            settle(f);
            assert_int_equal(b.r, 5);
            assert_int_equal(b.buffer.size, 5);
            assert_memory_equal(b.buffer.data, "hello", 5);
            b.buffer.data[IL_BUFFER_SIZE - 1] = 'x'; /* it may be changed */
            assert_int_equal(n_lent(f), 1);
        }
        close_both(fds);
    }
    assert_int_equal(il_buffer_release(&b.buffer), 0);
    assert_null(b.buffer.data);
    assert_int_equal(b.buffer.size, 0);
    assert_int_equal(n_lent(f), 0);
}

static void test_buffer_read_takes_what_is_there_at_once(void **state)
{
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    (void)state;
    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    assert_int_equal(b.r, 3);
    assert_int_equal(il_buffer_release(&b.buffer), 0);
    close_both(fds);
}

static void test_buffer_who_waits_holds_nothing(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    assert_int_equal(n_lent(f), 1);
    /* First by trying, then since the last read was a short one. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
        settle(f);
        assert_int_equal(b.r, 12345);
        assert_int_equal(n_lent(f), 0);
        assert_null(b.buffer.data);
        assert_int_equal(write(fds[1], "abc", 3), 3);
        settle(f);
        assert_int_equal(b.r, 3);
        assert_int_equal(n_lent(f), 1);
    }
    assert_int_equal(il_buffer_release(&b.buffer), 0);
    close_both(fds);
}

static void test_buffer_read_holds_nothing_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct borrower b = { .buffer = IL_BUFFER_INIT };
    int fds[2];

    make_pipe(fds);
    b.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    assert_int_equal(il_close(fds[1]), 0);
    fds[1] = -1;
    assert_int_equal(il_spawn(NULL, borrow, &b, NULL), 0);
    settle(f);
    assert_int_equal(b.r, 0);
    assert_null(b.buffer.data);
    assert_int_equal(n_lent(f), 0);
    close_both(fds);
}

struct stream {
    int fds[2];
    size_t size;
    size_t n_read;
    unsigned n_large; /* reads of all that fits */
};

static char byte_at(size_t i)
{
    return (char)(i * 2654435761u >> 13);
}

static int send_stream(void *arg)
{
    struct stream *s = arg;
    char *bytes = malloc(s->size);

    for (size_t i = 0; bytes && i < s->size; i++)
        bytes[i] = byte_at(i);
    CHECK_INT(il_write_all(s->fds[1], bytes, s->size, NULL), 0);
    free(bytes);
    CHECK_INT(il_close(s->fds[1]), 0);
    s->fds[1] = -1;
    return 0;
}

static int receive_stream(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct stream *s = arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, s->fds[0])) > 0) {
        CHECK_INT(buffer.size, n);
        CHECK(n <= IL_BUFFER_SIZE);
        s->n_large += n == IL_BUFFER_SIZE;
        for (size_t i = 0; i < buffer.size; i++)
            if (!CHECK(buffer.data[i] == byte_at(s->n_read + i)))
                return -EIO;
        s->n_read += buffer.size;
    }
    return (int)n;
}

static void test_buffer_long_stream_comes_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct stream s = { .size = 1000003 };
    il_task *task;

    for (int kind = 0; kind < 2; kind++) {
        s.n_read = 0;
        if (kind)
            make_socketpair(s.fds);
        else
            make_pipe(s.fds);
        assert_int_equal(il_spawn(NULL, send_stream, &s, NULL), 0);
        assert_int_equal(il_spawn(NULL, receive_stream, &s, &task), 0);
        settle(f);
        assert_int_equal(reap(task), 0);
        assert_int_equal(s.n_read, s.size);
        assert_int_equal(n_lent(f), 0);
        close_both(s.fds);
    }
    assert_true(s.n_large > 0);
}

/* --- Whose memory it is ----------------------------------------------------- */

static int hold(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct holder *h = arg;

    CHECK_INT(il_buffer_read(&buffer, h->fd), h->size);
    h->was = buffer.data;
    if (h->nap > 0)
        CHECK_INT(il_sleep(h->nap), 0);
    CHECK(buffer.data == h->was);
    for (size_t i = 0; i < h->size; i++)
        if (!CHECK(buffer.data[i] == h->letter))
            return -EIO;
    return 0;
}

static void fill_with(int fd, char letter, size_t size)
{
    char bytes[4096];

    assert_true(size <= sizeof bytes);
    memset(bytes, letter, size);
    assert_int_equal(write(fd, bytes, size), size);
}

static void test_buffer_two_tasks_keep_their_own_bytes(void **state)
{
    struct fixture *f = *state;
    struct holder a = { .letter = 'a', .size = 4096, .nap = IL_MS(2) };
    struct holder b = { .letter = 'b', .size = 4000, .nap = IL_MS(1) };
    struct holder c = { .letter = 'c', .size = 4096 };
    int pipes[3][2];

    for (int i = 0; i < 3; i++)
        make_pipe(pipes[i]);
    a.fd = pipes[0][0];
    b.fd = pipes[1][0];
    c.fd = pipes[2][0];
    assert_int_equal(il_spawn(NULL, hold, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, hold, &b, NULL), 0);
    assert_int_equal(il_spawn(NULL, hold, &c, NULL), 0);
    fill_with(pipes[0][1], 'a', 4096);
    fill_with(pipes[1][1], 'b', 4000);
    fill_with(pipes[2][1], 'c', 4096);
    settle(f);
    assert_int_equal(n_lent(f), 2);
    assert_int_equal(il_test_advance(f->loop, IL_MS(2)), 0);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_ptr_not_equal(a.was, b.was);
    assert_int_equal(n_lent(f), 0);
    for (int i = 0; i < 3; i++)
        close_both(pipes[i]);
}

/* What makes it worth while: all of them use the same memory. */
static void test_buffer_tasks_that_do_not_suspend_share_memory(void **state)
{
    struct fixture *f = *state;
    struct holder holders[10];
    int pipes[10][2];

    for (int i = 0; i < 10; i++) {
        make_pipe(pipes[i]);
        holders[i] = (struct holder){ .fd = pipes[i][0],
                                      .letter = (char)('a' + i),
                                      .size = 1000 };
        assert_int_equal(il_spawn(NULL, hold, &holders[i], NULL), 0);
    }
    for (int i = 0; i < 10; i++)
        fill_with(pipes[i][1], (char)('a' + i), 1000);
    settle(f);
    for (int i = 0; i < 10; i++) {
        assert_ptr_equal(holders[i].was, holders[0].was);
        close_both(pipes[i]);
    }
    assert_int_equal(n_lent(f), 0);
}

struct relay {
    int in, out;
    int r;
    size_t n;
};

static int relay(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct relay *relay = arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, relay->in)) > 0) {
        relay->r =
            il_write_all(relay->out, buffer.data, buffer.size, &relay->n);
        if (relay->r < 0)
            return 0;
    }
    return (int)n;
}

/* The writer is in the middle of its bytes while others read. */
static void test_buffer_write_that_would_block_keeps_its_bytes(void **state)
{
    struct fixture *f = *state;
    struct relay relay_a = { .n = 0 };
    struct holder other = { .letter = 'z', .size = 4096 };
    int in[2], out[2], noise[2];
    char back[4096];
    size_t n_filler;
    il_task *task;

    make_pipe(in);
    make_socketpair(out);
    make_pipe(noise);
    n_filler = fill(out[0]);
    relay_a.in = in[0];
    relay_a.out = out[0];
    assert_int_equal(il_spawn(NULL, relay, &relay_a, &task), 0);
    fill_with(in[1], 'a', 4096);
    settle(f);
    assert_int_equal(n_lent(f), 1);
    other.fd = noise[0];
    for (int i = 0; i < 5; i++) {
        fill_with(noise[1], 'z', 4096);
        assert_int_equal(il_spawn(NULL, hold, &other, NULL), 0);
        settle(f);
    }
    while (n_filler > 0) {
        ssize_t n =
            read(out[1], back, n_filler < sizeof back ? n_filler : sizeof back);

        assert_true(n > 0);
        n_filler -= (size_t)n;
    }
    settle(f);
    assert_int_equal(read(out[1], back, sizeof back), 4096);
    for (size_t i = 0; i < sizeof back; i++)
        assert_int_equal(back[i], 'a');
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(n_lent(f), 0);
    close_both(in);
    close_both(out);
    close_both(noise);
}

static int hold_then_wait(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct holder *h = arg;
    int r;

    CHECK_INT(il_buffer_read(&buffer, h->fd), h->size);
    r = il_sleep(IL_FOREVER);
    for (size_t i = 0; i < h->size; i++)
        if (!CHECK(buffer.data[i] == h->letter))
            break;
    return r;
}

/* However many hold some at a time, only a little is kept. */
static void test_buffer_memory_of_many_holders_is_given_back(void **state)
{
    enum { N = 3 * ILI_LENDER_KEEPS };
    struct fixture *f = *state;
    struct holder h = { .letter = 'h', .size = 9 };
    il_task *tasks[N];
    unsigned n_cold = 0;
    int fds[2];

    make_pipe(fds);
    h.fd = fds[0];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++) {
            assert_int_equal(write(fds[1], "hhhhhhhhh", 9), 9);
            assert_int_equal(il_spawn(NULL, hold_then_wait, &h, &tasks[i]), 0);
            settle(f);
        }
        assert_int_equal(n_lent(f), N);
        for (int i = 0; i < N; i++)
            assert_int_equal(il_task_cancel(tasks[i]), 0);
        settle(f);
        for (int i = 0; i < N; i++)
            assert_int_equal(reap(tasks[i]), -ECANCELED);
        assert_int_equal(n_lent(f), 0);
        assert_int_equal(f->loop->lender->n_warm, ILI_LENDER_KEEPS);
    }
    for (ili_block *block = f->loop->lender->cold; block; block = block->next) {
        assert_null(block->data);
        n_cold++;
    }
    assert_int_equal(n_cold, N - ILI_LENDER_KEEPS);
    close_both(fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_buffer_read_waits_for_data_and_holds_it),
        TEST(test_buffer_read_takes_what_is_there_at_once),
        TEST(test_buffer_who_waits_holds_nothing),
        TEST(test_buffer_read_holds_nothing_at_the_end),
        TEST(test_buffer_long_stream_comes_in_pieces),
        TEST(test_buffer_two_tasks_keep_their_own_bytes),
        TEST(test_buffer_tasks_that_do_not_suspend_share_memory),
        TEST(test_buffer_write_that_would_block_keeps_its_bytes),
        TEST(test_buffer_memory_of_many_holders_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
