/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_FD_H
#define ILI_LOOP_FD_H

/* fd.h - waiting for descriptors, for the floors above. */

#include "loop/loop.h"
#include "task/park.h"

/* What reading and writing remember of a descriptor from call to call. */
enum ili_fd_hint {
    ILI_FD_DRAINED = 1,    /* the last read took all there was */
    ILI_FD_NOT_SOCKET = 2, /* recv() and send() are of no use */
};

/* What a loop knows of a descriptor.  What an ordinary wait and its end touch
 * are the first two cache lines. */
struct ili_fd {
    il_task *waiters[2]; /* to read, to write; NULL: nobody waits */
    il_time since;       /* when the last wait on an armed watch began */
    il_link link;        /* in il_loop.unverified */
    il_link touched;     /* in il_loop.touched */
    int number;
    uint8_t hints;
    uint8_t armed;        /* IL_READ, IL_WRITE: the watch is started */
    bool in_use;          /* else nothing is known */
    ili_watch watches[2]; /* reading, writing */
};

/* Records come by the page and lie in the order of numbers. */
#define ILI_FD_PAGE 64u

/* NULL: the thread's loop knows nothing of it.  Else the place of that number
 * for good; but what is in it changes when others close the descriptor. */
static inline struct ili_fd *ili_fd_find(int number)
{
    const il_loop *loop = ili_sched_current ? ili_loop_of(ili_sched_current)
                                            : NULL;
    struct ili_fd *fd;

    /* As unsigned numbers negative ones are too large. */
    if (!loop || (unsigned)number / ILI_FD_PAGE >= loop->n_fds)
        return NULL;
    fd = loop->fds[(unsigned)number / ILI_FD_PAGE];
    if (!fd)
        return NULL;
    fd += (unsigned)number % ILI_FD_PAGE;
    return fd->in_use ? fd : NULL;
}

/* Hints are about the number, and only hints: whoever acts on one must be
 * right, if slower, when it is wrong. */
static inline unsigned ili_fd_hints(int number)
{
    const struct ili_fd *fd = ili_fd_find(number);

    return fd ? fd->hints : 0;
}

/* Give a hint, even if nothing was known so far. */
void ili_fd_set_hint(int fd, unsigned hint);

/* Wake who waits for it with -EBADF and forget all about it. */
void ili_fd_forget(int fd);

/* --- waiting ------------------------------------------------------------------ */

/* Nothing has to be done before this can be waited for: the watches are armed
 * and nobody waits for them. */
static inline bool ili_fd_is_prepared(const struct ili_fd *fd, int events)
{
    if (!fd || events & ~fd->armed)
        return false;
    return !(events & IL_READ && fd->waiters[0]) &&
           !(events & IL_WRITE && fd->waiters[1]);
}

/* Do it.  0, or what il_wait_fd() returns if that fails. */
int ili_fd_prepare(int number, int events, struct ili_fd **ret_fd);

/* The wait that begins now rests on watches that were armed before. */
void ili_fd_add_unverified(struct ili_fd *fd);

static inline void ili_fd_note_unverified(struct ili_fd *fd)
{
    fd->since = ili_loop_of(ili_sched_current)->looked_at;
    if (ILI_UNLIKELY(!ili_list_linked(&fd->link)))
        ili_fd_add_unverified(fd);
}

/* What ends a wait from outside: for reading, for writing, for either. */
ili_abort_fn ili_fd_leave_read;
ili_abort_fn ili_fd_leave_write;
ili_abort_fn ili_fd_leave_both;

/* Wait until the descriptor of that number, which is `fd` or NULL, is ready for
 * one of `events`; what il_wait_fd() returns, but only what it was woken for.
 *
 * Inline, as a task that goes on mispredicts where each function of this wait
 * returns to. */
static inline __attribute__((always_inline)) int
ili_fd_wait(int number, struct ili_fd *fd, int events)
{
    il_task *task = ili_current_task();

    if (ILI_LIKELY(task && events != 0 && ili_fd_is_prepared(fd, events))) {
        ili_fd_note_unverified(fd);
    } else {
        int r = ili_fd_prepare(number, events, &fd);

        if (r < 0)
            return r;
    }
    if (events & IL_READ)
        fd->waiters[0] = task;
    if (events & IL_WRITE)
        fd->waiters[1] = task;
    /* The kernel learns of new watches only in a turn. */
    ili_sched_changed(ili_sched_current);

    return ili_park_inline(ili_sched_current, task,
                           events == IL_READ    ? ili_fd_leave_read
                           : events == IL_WRITE ? ili_fd_leave_write
                                                : ili_fd_leave_both,
                           fd, "a descriptor");
}

#endif
