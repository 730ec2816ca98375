/* SPDX-License-Identifier: MIT */

/* buffer.c - reading into memory that the loop lends.
 *
 * As il_read(), but a block is borrowed right before each try and returned right
 * after one that got nothing, so that nobody holds one while waiting here. */

#include "config.h"

#include <interloop/buffer.h>

#include "base/assert.h"
#include "io/read.h"
#include "loop/lender.h"

static inline __attribute__((always_inline)) ssize_t
read_block(il_buffer *buffer, int fd, unsigned hints)
{
    ili_block *block = ili_lender_borrow(ili_loop_of(ili_sched_current));
    ssize_t n;

    if (ILI_UNLIKELY(!block))
        return -ENOMEM;
    n = ili_read_now(fd, hints, block->data, IL_BUFFER_SIZE);
    if (ILI_UNLIKELY(n <= 0)) {
        ili_lender_return(block);
        return n;
    }
    buffer->data = block->data;
    buffer->size = (size_t)n;
    buffer->block = block;
    buffer->loan = block->loan;
    return n;
}

/* What is to be released is not nothing. */
static inline int release(il_buffer *buffer)
{
    ili_block *block = buffer->block;
    bool mine = block->lent && block->loan == buffer->loan;

    if (ILI_UNLIKELY(block->pool->owner != ili_sched_current &&
                     block->pool->owner))
        return -ESRCH;
    *buffer = (il_buffer)IL_BUFFER_INIT;
    if (ILI_UNLIKELY(!mine))
        return -EALREADY;
    ili_lender_return(block);
    return 0;
}

int il_buffer_release(il_buffer *buffer)
{
    return buffer && buffer->block ? release(buffer) : 0;
}

ssize_t il_buffer_read(il_buffer *buffer, int fd)
{
    il_task *task;
    struct ili_fd *known;
    unsigned hints;
    ssize_t n;

    ILI_RETURN_IF_FAIL(buffer, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_sched_current, -ESRCH);
    if (buffer->block && release(buffer) == -ESRCH)
        return -ESRCH;
    task = ili_current_task();
    if (ili_must_refuse(task))
        return ili_refuse(task);
    known = ili_fd_find(fd);
    hints = known ? known->hints : 0;
    if (ILI_UNLIKELY(!(task && hints & ILI_FD_DRAINED))) {
        n = read_block(buffer, fd, hints);
        if (!ili_would_block(n)) {
            ili_note_read(known, n, IL_BUFFER_SIZE);
            (void)ili_spent(task);
            return n;
        }
    }
    do {
        int r = ili_fd_wait(fd, known, IL_READ);

        if (ILI_UNLIKELY(r < 0))
            return r;
        n = read_block(buffer, fd, hints);
    } while (ILI_UNLIKELY(ili_would_block(n)));
    ili_note_read(known ? known : ili_fd_find(fd), n, IL_BUFFER_SIZE);
    return n;
}
