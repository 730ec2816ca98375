/* SPDX-License-Identifier: MIT */

/* borrowers.c - tasks that read what is lent to them. */

#include "borrowers.h"

#include "loop/lender.h"

size_t n_lent(const struct fixture *f)
{
    return f->loop->lender ? f->loop->lender->n_lent : 0;
}

int borrow(void *arg)
{
    struct borrower *b = arg;

    b->r = 12345;
    b->r = il_buffer_read(&b->buffer, b->fd);
    return 0;
}
