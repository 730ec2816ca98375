/* SPDX-License-Identifier: MIT */

/* lender.c - memory that a loop lends to those who read.
 *
 * The last one returned is the first one lent: what one task has just written
 * from, the next one reads into, and it never leaves the cache.  Only tasks that
 * suspend while they hold a block make more of them necessary.  When these are
 * returned a few are kept; the memory of the others is freed, but not what
 * tells whether a loan is over, so that a copy of an il_buffer that comes too
 * late finds out as long as the loop is there.
 *
 * A block that is lent when the loop closes belongs to whoever holds it; the
 * last one to be returned takes the pool with it.
 *
 * Rejected: one block for all, valid until the task suspends.  Whoever forgets
 * that writes somebody else's data into a connection, and only under load.  Also
 * rejected: copying, behind the back of a task that suspends, what it has not
 * used up.  Nobody knows how much that is, and pointers to it would have to
 * move. */

#include "config.h"

#include "loop/lender.h"

#include <stdlib.h>

static ili_lender *pool_of(il_loop *loop)
{
    if (!loop->lender) {
        loop->lender = calloc(1, sizeof *loop->lender);
        if (loop->lender)
            loop->lender->owner = &loop->sched;
    }
    return loop->lender;
}

ili_block *ili_lender_make(il_loop *loop)
{
    ili_lender *pool = pool_of(loop);
    ili_block *block;
    char *data;

    if (!pool)
        return NULL;
    data = malloc(IL_BUFFER_SIZE);
    if (!data)
        return NULL;
    block = pool->cold;
    if (block) {
        pool->cold = block->next;
    } else {
        block = calloc(1, sizeof *block);
        if (!block) {
            free(data);
            return NULL;
        }
    }
    block->pool = pool;
    block->data = data;
    return block;
}

void ili_lender_give_up(ili_block *block)
{
    ili_lender *pool = block->pool;

    free(block->data);
    block->data = NULL;
    if (pool->owner) {
        block->next = pool->cold;
        pool->cold = block;
        return;
    }
    free(block);
    if (pool->n_lent == 0)
        free(pool);
}

static void free_list(ili_block *block)
{
    while (block) {
        ili_block *next = block->next;

        if (block->data)
            ili_annotate_lend(block->data, IL_BUFFER_SIZE);
        free(block->data);
        free(block);
        block = next;
    }
}

void ili_lender_close(il_loop *loop)
{
    ili_lender *pool = loop->lender;

    if (!pool)
        return;
    free_list(pool->warm);
    free_list(pool->cold);
    pool->owner = NULL;
    if (pool->n_lent == 0)
        free(pool);
    loop->lender = NULL;
}
