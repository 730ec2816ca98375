/* SPDX-License-Identifier: MIT */

/* 12_poll_loop.c - tasks inside a poll() loop that is your own.
 *
 * The program below has a loop that waits for a pipe.  Three functions are all
 * it needs to run tasks as well: il_loop_fd() is one more descriptor to poll,
 * il_loop_next_deadline() limits the sleep, il_loop_turn() runs what is due. */

#include <interloop/interloop.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define N_TICKS 3

/* A task: writes a byte now and then. */
static int tick(void *arg)
{
    int fd = *(int *)arg;

    for (char c = 'a'; c < 'a' + N_TICKS; c++) {
        int r = il_sleep(IL_MS(3));

        if (r < 0)
            return r;
        printf("task:    sends %c\n", c);
        r = il_write_all(fd, &c, 1, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

/* For poll(): rounded up, for waking too early would only mean to come back. */
static int timeout_ms(il_loop *loop)
{
    il_time deadline = il_loop_next_deadline(loop);
    il_time now = il_now();

    if (deadline == IL_FOREVER)
        return -1;
    return deadline <= now ? 0 : (int)((deadline - now) / IL_MS(1)) + 1;
}

/* The program's own loop. */
static int run(il_loop *loop, int own_fd)
{
    bool more = false;

    for (int n = 0; n < N_TICKS;) {
        struct pollfd fds[] = {
            { .fd = own_fd, .events = POLLIN },
            { .fd = il_loop_fd(loop), .events = POLLIN },
        };
        char c;
        int r;

        if (poll(fds, 2, more ? 0 : timeout_ms(loop)) < 0)
            return -1;
        if (fds[0].revents != 0 && read(own_fd, &c, 1) == 1) {
            printf("program: gets %c\n", c);
            n++;
        }
        r = il_loop_turn(loop, IL_MS(2));
        if (r < 0)
            return r;
        more = r > 0;
    }
    return 0;
}

int main(void)
{
    il_loop *loop;
    int fds[2];
    int r;

    if (pipe(fds) < 0 || il_set_nonblocking(fds[1]) < 0 ||
        il_loop_new(&loop) < 0)
        return EXIT_FAILURE;

    r = il_spawn(NULL, tick, &fds[1], NULL);
    if (r == 0)
        r = run(loop, fds[0]);

    (void)il_loop_close(loop, IL_SEC(1));
    loop = il_loop_unref(loop);
    (void)close(fds[0]);
    (void)il_close(fds[1]);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
