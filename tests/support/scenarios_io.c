/* SPDX-License-Identifier: MIT */

/* scenarios_io.c - reading and writing. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- A ball goes round ---------------------------------------------------- */

enum { N_ROUNDS = 300 };

struct player {
    int in, out;
};

static int play(void *arg)
{
    struct player *p = arg;
    unsigned char ball;

    for (int i = 0; i < N_ROUNDS; i++) {
        CHECK_INT(il_read(p->in, &ball, 1), 1);
        ball++;
        CHECK_INT(il_write(p->out, &ball, 1), 1);
    }
    return 0;
}

static int ball_goes_round(void *arg)
{
    int a[2], b[2];
    unsigned char ball = 0;
    struct player there, back;
    il_call calls[] = { { play, &there, 0 }, { play, &back, 0 } };

    (void)arg;
    open_pipe(a);
    open_pipe(b);
    there = (struct player){ a[0], b[1] };
    back = (struct player){ b[0], a[1] };
    CHECK_INT(il_write(a[1], &ball, 1), 1);
    CHECK_INT(il_gather(calls, 2), 0);
    CHECK_INT(il_read(a[0], &ball, 1), 1);
    CHECK_INT(ball, 2 * N_ROUNDS % 256);
    close_both(a);
    close_both(b);
    return 0;
}

/* --- One side waits for the other ----------------------------------------- */

struct reading {
    int fd;
    char buffer[16];
    ssize_t n;
};

static int read_some(void *arg)
{
    struct reading *reading = arg;

    reading->n = il_read(reading->fd, reading->buffer, sizeof reading->buffer);
    return 0;
}

static int reader_waits_for_its_writer(void *arg)
{
    struct reading reading = { .n = 99 };
    il_task *task;
    int fds[2];

    (void)arg;
    open_pipe(fds);
    reading.fd = fds[0];
    CHECK_INT(il_spawn(NULL, read_some, &reading, &task), 0);
    CHECK_INT(il_sleep(IL_US(300)), 0);
    CHECK_INT(reading.n, 99);
    CHECK_INT(il_write(fds[1], "hello", 5), 5);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_INT(reading.n, 5);
    CHECK(memcmp(reading.buffer, "hello", 5) == 0);
    il_task_unref(task);
    close_both(fds);
    return 0;
}

static int reader_learns_of_the_end(void *arg)
{
    struct reading reading = { .n = 99 };
    il_task *task;
    int fds[2];

    (void)arg;
    open_pipe(fds);
    reading.fd = fds[0];
    CHECK_INT(il_spawn(NULL, read_some, &reading, &task), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_close(fds[1]), 0);
    fds[1] = -1;
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_INT(reading.n, 0);
    CHECK_INT(il_read(fds[0], reading.buffer, 1), 0); /* and again */
    il_task_unref(task);
    close_both(fds);
    return 0;
}

static int write_one(void *arg)
{
    return (int)il_write(*(int *)arg, "x", 1);
}

static int writer_waits_for_room(void *arg)
{
    il_task *task;
    int fds[2];
    int result = 0;

    (void)arg;
    open_pipe(fds);
    (void)fill(fds[1]);
    CHECK_INT(il_spawn(NULL, write_one, &fds[1], &task), 0);
    CHECK_INT(il_sleep(IL_US(300)), 0);
    CHECK(!il_task_is_done(task));
    (void)drain(fds[0]);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, 1);
    il_task_unref(task);
    close_both(fds);
    return 0;
}

/* No SIGPIPE, which would end the program. */
static int writer_learns_that_nobody_reads(void *arg)
{
    il_task *task;
    int pipes[2], pair[2];
    int result = 0;

    (void)arg;
    open_pipe(pipes);
    open_pair(pair);
    (void)fill(pipes[1]);
    CHECK_INT(il_spawn(NULL, write_one, &pipes[1], &task), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_close(pipes[0]), 0);
    CHECK_INT(il_close(pair[0]), 0);
    pipes[0] = pair[0] = -1;
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -EPIPE);
    CHECK_INT(il_write(pipes[1], "x", 1), -EPIPE);
    CHECK_INT(il_write(pair[1], "x", 1), -EPIPE);
    il_task_unref(task);
    close_both(pipes);
    close_both(pair);
    return 0;
}

/* --- Whole buffers -------------------------------------------------------- */

enum { BIG = 300000 };

struct cargo {
    int fd;
    unsigned char *bytes;
};

static int send_all(void *arg)
{
    struct cargo *cargo = arg;
    size_t done = 0;

    CHECK_INT(il_write_all(cargo->fd, cargo->bytes, BIG, &done), 0);
    CHECK_INT(done, BIG);
    return 0;
}

static int receive_all(void *arg)
{
    struct cargo *cargo = arg;
    size_t done = 0;

    CHECK_INT(il_read_all(cargo->fd, cargo->bytes, BIG, &done), 0);
    CHECK_INT(done, BIG);
    return 0;
}

static int big_buffer_goes_through_a_pipe(void *arg)
{
    struct cargo from = { .bytes = malloc(BIG) };
    struct cargo to = { .bytes = calloc(1, BIG) };
    il_call calls[] = { { receive_all, &to, 0 }, { send_all, &from, 0 } };
    int fds[2];

    (void)arg;
    open_pipe(fds);
    from.fd = fds[1];
    to.fd = fds[0];
    if (CHECK(from.bytes && to.bytes)) {
        for (unsigned i = 0; i < BIG; i++)
            from.bytes[i] = (unsigned char)(i * 7 + i / 256);
        CHECK_INT(il_gather(calls, 2), 0);
        CHECK(memcmp(from.bytes, to.bytes, BIG) == 0);
    }
    free(from.bytes);
    free(to.bytes);
    close_both(fds);
    return 0;
}

static int write_in_pieces(void *arg)
{
    int fd = *(int *)arg;

    for (int i = 0; i < 5; i++) {
        CHECK_INT(il_write(fd, "ab", 2), 2);
        CHECK_INT(il_sleep(IL_US(50)), 0);
    }
    return 0;
}

static int pieces_make_a_whole(void *arg)
{
    char buffer[10];
    il_task *task;
    int fds[2];
    size_t done = 99;

    (void)arg;
    open_pair(fds);
    CHECK_INT(il_spawn_lazy(NULL, write_in_pieces, &fds[1], &task), 0);
    CHECK_INT(il_read_all(fds[0], buffer, sizeof buffer, &done), 0);
    CHECK_INT(done, sizeof buffer);
    CHECK(memcmp(buffer, "ababababab", sizeof buffer) == 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    close_both(fds);
    return 0;
}

static int early_end_tells_how_far_it_came(void *arg)
{
    char buffer[10];
    int fds[2];
    size_t done = 99;

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_write(fds[1], "abc", 3), 3);
    CHECK_INT(il_close(fds[1]), 0);
    fds[1] = -1;
    CHECK_INT(il_read_all(fds[0], buffer, sizeof buffer, &done), -EPIPE);
    CHECK_INT(done, 3);
    close_both(fds);
    return 0;
}

static int timeout_tells_how_far_it_came(void *arg)
{
    char buffer[10];
    int fds[2];
    size_t done = 99;
    int r = 0;

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_write(fds[1], "abc", 3), 3);
    IL_TIMEOUT (IL_US(500), &r) {
        r = il_read_all(fds[0], buffer, sizeof buffer, &done);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(done, 3);
    CHECK_INT(il_write(fds[1], "d", 1), 1);
    CHECK_INT(il_read(fds[0], buffer, sizeof buffer), 1);
    CHECK_INT(buffer[0], 'd');
    close_both(fds);
    return 0;
}

/* Not even a reader that never has to wait keeps the thread to itself. */
static int read_without_end(void *arg)
{
    struct actor *actor = arg;
    char byte;
    int fds[2];

    open_pipe(fds);
    CHECK_INT(il_close(fds[1]), 0);
    for (int i = 0; i < 70; i++)
        CHECK_INT(il_read(fds[0], &byte, 1), 0);
    trace_add(actor->trace, actor->word);
    CHECK_INT(il_close(fds[0]), 0);
    return 0;
}

static int ready_reader_gives_way(void *arg)
{
    struct trace trace = { 0 };
    struct actor reader = { .trace = &trace, .word = "reader" };
    struct actor other = { .trace = &trace, .word = "other" };

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, read_without_end, &reader, NULL), 0);
    CHECK_INT(il_spawn_lazy(NULL, act, &other, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "other reader");
    return 0;
}

/* --- Memory of the loop ------------------------------------------------------ */

struct relay {
    int in, out;
};

/* Suspends between reading and writing, so that others read meanwhile. */
static int relay(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    const struct relay *relay = arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, relay->in)) > 0) {
        CHECK_INT(il_sleep(IL_US(100)), 0);
        CHECK_INT(il_write_all(relay->out, buffer.data, buffer.size, NULL), 0);
    }
    return (int)n;
}

static int lent_buffers_do_not_mix(void *arg)
{
    enum { N = 5, SIZE = 1000 };
    int in[N][2], out[N][2];
    struct relay relays[N];
    char bytes[SIZE], back[SIZE];
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < N; i++) {
        open_pair(in[i]);
        open_pipe(out[i]);
        relays[i] = (struct relay){ in[i][0], out[i][1] };
        CHECK_INT(il_spawn(&group, relay, &relays[i], NULL), 0);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            memset(bytes, 'a' + i + round, SIZE);
            CHECK_INT(il_write_all(in[i][1], bytes, SIZE, NULL), 0);
        }
        for (int i = 0; i < N; i++) {
            memset(bytes, 'a' + i + round, SIZE);
            CHECK_INT(il_read_all(out[i][0], back, SIZE, NULL), 0);
            CHECK(memcmp(back, bytes, SIZE) == 0);
        }
    }
    for (int i = 0; i < N; i++) {
        CHECK_INT(il_close(in[i][1]), 0);
        in[i][1] = -1;
    }
    CHECK_INT(il_group_close(&group), 0);
    for (int i = 0; i < N; i++) {
        close_both(in[i]);
        close_both(out[i]);
    }
    return 0;
}

const struct scenario scenarios_io[] = {
    { "a ball goes round", ball_goes_round },
    { "a reader waits for its writer", reader_waits_for_its_writer },
    { "a reader learns of the end", reader_learns_of_the_end },
    { "a writer waits for room", writer_waits_for_room },
    { "a writer learns that nobody reads", writer_learns_that_nobody_reads },
    { "a big buffer goes through a pipe", big_buffer_goes_through_a_pipe },
    { "pieces make a whole", pieces_make_a_whole },
    { "an early end tells how far it came", early_end_tells_how_far_it_came },
    { "a timeout tells how far it came", timeout_tells_how_far_it_came },
    { "a reader that need not wait gives way", ready_reader_gives_way },
    { "what was read into lent buffers does not mix", lent_buffers_do_not_mix },
    { NULL, NULL },
};
