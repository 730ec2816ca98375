/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_PIPES_H
#define SUPPORT_PIPES_H

/* pipes.h - descriptors for tests, and tasks that use them. */

#include <interloop/interloop.h>

#include <stddef.h>

/* fds[0] reads what was written to fds[1]; both non-blocking.  These fail the
 * test if the kernel refuses. */
void make_pipe(int fds[2]);
void make_socketpair(int fds[2]);

/* Close both with il_close(); -1 is nothing to do. */
void close_both(int fds[2]);

/* Write until nothing more fits.  Returns how much did. */
size_t fill(int fd);

/* Read everything that is there.  Returns how much it was. */
size_t drain(int fd);

/* A task that calls il_read() once and notes "name:result". */
struct reader {
    int fd;
    const char *name; /* NULL: note nothing */
    char buffer[64];
    ssize_t r; /* 12345 until il_read() returned */
};
int read_once(void *reader);

/* A task that calls il_wait_fd() once and notes "name:result". */
struct waiter {
    int fd;
    int events;
    const char *name;
    int r;
};
int wait_once(void *waiter);

struct fixture;

/* Somebody who never has to wait for his descriptor. */
struct flow {
    int fd; /* always ready to be read */
    unsigned n_read;
    unsigned n_other; /* steps of another task meanwhile */
    bool over;        /* set by who reads */
};

/* Run a reader, whose argument is the flow, beside a task that always yields. */
void run_flow(struct fixture *f, struct flow *flow, il_task_fn *reader);

#endif
