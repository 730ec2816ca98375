/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_BORROWERS_H
#define SUPPORT_BORROWERS_H

/* borrowers.h - tasks that read what is lent to them. */

#include "fixture.h"

#include <sys/types.h>

/* How many buffers of the loop hold something. */
size_t n_lent(const struct fixture *f);

struct borrower {
    int fd;
    il_buffer buffer;
    ssize_t r; /* 12345 until il_buffer_read() has returned */
};

/* A task with a struct borrower: read once. */
int borrow(void *arg);

/* A task that keeps what it has read for a while. */
struct holder {
    int fd;
    char letter;     /* all its bytes */
    size_t size;     /* how many come */
    il_time nap;     /* how long it holds them */
    const char *was; /* where they were */
};

#endif
