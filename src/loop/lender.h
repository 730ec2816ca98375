/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_LENDER_H
#define ILI_LOOP_LENDER_H

/* lender.h - memory that a loop lends to those who read; borrowing and returning
 * are done for each read, hence inline. */

#include "coro/annotate.h"
#include "loop/loop.h"

#include <interloop/buffer.h>

/* IL_BUFFER_SIZE bytes.  Is in one of the pool's lists unless it is lent. */
typedef struct ili_block {
    char *data; /* NULL while in pool->cold */
    struct ili_block *next;
    struct ili_lender *pool;
    size_t loan; /* counts them; only the last one gives a right */
    bool lent;
} ili_block;

/* Made when first needed, freed when the loop is closed and nothing is lent. */
typedef struct ili_lender {
    ili_block *warm; /* with memory, the one returned last on top */
    ili_block *cold; /* without */
    unsigned n_warm;
    size_t n_lent;
    const ili_sched *owner; /* NULL: closed */
} ili_lender;

/* So much memory is kept for the next ones. */
#define ILI_LENDER_KEEPS 16u

/* Where the warm list has none; NULL when out of memory. */
ili_block *ili_lender_make(il_loop *loop);

/* Where the warm list shall not have it. */
void ili_lender_give_up(ili_block *block);

static inline ili_block *ili_lender_borrow(il_loop *loop)
{
    ili_lender *pool = loop->lender;
    ili_block *block = pool ? pool->warm : NULL;

    if (ILI_LIKELY(block != NULL)) {
        pool->warm = block->next;
        pool->n_warm--;
    } else {
        block = ili_lender_make(loop);
        if (!block)
            return NULL;
        pool = block->pool;
    }
    pool->n_lent++;
    block->loan++;
    block->lent = true;
    ili_annotate_lend(block->data, IL_BUFFER_SIZE);
    return block;
}

static inline void ili_lender_return(ili_block *block)
{
    ili_lender *pool = block->pool;

    block->lent = false;
    pool->n_lent--;
    if (ILI_UNLIKELY(!pool->owner || pool->n_warm >= ILI_LENDER_KEEPS)) {
        ili_lender_give_up(block);
        return;
    }
    ili_annotate_returned(block->data, IL_BUFFER_SIZE);
    block->next = pool->warm;
    pool->warm = block;
    pool->n_warm++;
}

#endif
