/* SPDX-License-Identifier: MIT */

/* fd.c - tasks that wait for descriptors.
 *
 * Each descriptor number that was ever waited for has a record with one watch
 * a direction.  A watch stays armed when its wait is over: most descriptors
 * are waited for again soon, and a fresh watch costs a system call.  If an
 * event comes while nobody waits, the watch is stopped then.
 *
 * The price: behind our back a number may be closed and opened again, and the
 * kernel forgets a watch without a word.  A wait that begins on a watch armed
 * earlier is therefore *unverified*.  If it is still there after a moment of
 * sleep, the watch is set anew, which costs a system call only for waits that
 * had nothing to do anyway.  Those who close with il_close() never get there.
 *
 * libev aborts when the kernel does not know a descriptor that it is told of,
 * so what was *touched* is checked right before: one that is not open fails.
 *
 * A waiter is on the stack of its task and hangs in the record; whoever takes
 * it off wakes the task. */

#include "config.h"

#include "loop/fd.h"

#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* On the stack of a task that waits. */
struct waiter {
    il_task *task;
    struct ili_fd *fd;
    int ready; /* directions that are */
};

struct side {
    ili_watch *watch;      /* NULL: never waited for */
    struct waiter *waiter; /* NULL: nobody waits */
};

struct ili_fd {
    struct side sides[2]; /* reading, writing */
    il_link link;         /* in il_loop.unverified */
    il_link touched;      /* in il_loop.touched */
    il_loop *loop;
    int number;
    unsigned hints;
};

static const int direction_of[2] = { IL_READ, IL_WRITE };

/* --- records ----------------------------------------------------------------- */

static il_loop *loop_here(void)
{
    return ili_sched_current ? ili_loop_of(ili_sched_current) : NULL;
}

static struct ili_fd *find(const il_loop *loop, int number)
{
    return loop && number >= 0 && (size_t)number < loop->n_fds
               ? loop->fds[number]
               : NULL;
}

static int grow(il_loop *loop, size_t at_least)
{
    size_t n = loop->n_fds ? loop->n_fds : 64;
    struct ili_fd **fds;

    while (n < at_least)
        n *= 2;
    fds = realloc(loop->fds, n * sizeof *fds);
    if (!fds)
        return -ENOMEM;
    memset(fds + loop->n_fds, 0, (n - loop->n_fds) * sizeof *fds);
    loop->fds = fds;
    loop->n_fds = n;
    return 0;
}

static int find_or_make(il_loop *loop, int number, struct ili_fd **ret_fd)
{
    struct ili_fd *fd = find(loop, number);

    if (!fd) {
        if ((size_t)number >= loop->n_fds && grow(loop, (size_t)number + 1) < 0)
            return -ENOMEM;
        fd = calloc(1, sizeof *fd);
        if (!fd)
            return -ENOMEM;
        fd->loop = loop;
        fd->number = number;
        loop->fds[number] = fd;
    }
    *ret_fd = fd;
    return 0;
}

/* --- waking ------------------------------------------------------------------ */

static void unlink_unverified(struct ili_fd *fd)
{
    if (ili_list_linked(&fd->link))
        ili_list_remove(&fd->link);
}

static void touch(struct ili_fd *fd)
{
    if (!ili_list_linked(&fd->touched))
        ili_list_append(&fd->loop->touched, &fd->touched);
}

/* Take a waiter off both sides. */
static void detach(struct waiter *waiter)
{
    struct ili_fd *fd = waiter->fd;

    for (int i = 0; i < 2; i++)
        if (fd->sides[i].waiter == waiter)
            fd->sides[i].waiter = NULL;
    if (!fd->sides[0].waiter && !fd->sides[1].waiter)
        unlink_unverified(fd);
}

static void on_side(struct ili_fd *fd, int i, bool failed)
{
    struct waiter *waiter = fd->sides[i].waiter;

    if (i == 0)
        fd->hints &= ~(unsigned)ILI_FD_DRAINED;
    if (!waiter) {
        /* Level-triggered: it would come back at every poll. */
        ili_watch_stop(fd->sides[i].watch);
        touch(fd); /* the other side may stay armed */
        return;
    }
    detach(waiter);
    waiter->ready = direction_of[i];
    ili_wake(waiter->task, failed ? -EBADF : 0);
}

static void on_readable(void *data, bool failed)
{
    on_side(data, 0, failed);
}

static void on_writable(void *data, bool failed)
{
    on_side(data, 1, failed);
}

/* --- waiting ----------------------------------------------------------------- */

/* Arm one side.  Returns 1 if it was armed before, 0, or -ENOMEM. */
static int arm(struct ili_fd *fd, int i)
{
    struct side *side = &fd->sides[i];

    if (!side->watch)
        side->watch = ili_watch_new(fd->loop->poller, fd->number,
                                    direction_of[i],
                                    i == 0 ? on_readable : on_writable, fd);
    if (!side->watch)
        return -ENOMEM;
    if (ili_watch_is_started(side->watch))
        return 1;
    touch(fd);
    return ili_watch_start(side->watch);
}

static void note_unverified(struct ili_fd *fd)
{
    il_loop *loop = fd->loop;

    if (ili_list_empty(&loop->unverified))
        loop->verify_at = loop->looked_at + ILI_VERIFY_AFTER;
    if (!ili_list_linked(&fd->link))
        ili_list_append(&loop->unverified, &fd->link);
}

static int check(const il_loop *loop, int number, int events)
{
    struct ili_fd *fd = find(loop, number);

    ILI_RETURN_IF_FAIL(events > 0 && events <= (IL_READ | IL_WRITE), -EINVAL);
    ILI_RETURN_IF_FAIL(number >= 0, -EBADF);
    ILI_RETURN_IF_FAIL(loop && loop->sched.current, -ESRCH);
    for (int i = 0; fd && i < 2; i++)
        if (events & direction_of[i] && fd->sides[i].waiter)
            return -EBUSY;
    return 0;
}

/* The first event wakes; another may have come with it. */
static int also_ready(int number)
{
    struct pollfd pollfd = { .fd = number, .events = POLLIN | POLLOUT };

    if (poll(&pollfd, 1, 0) <= 0)
        return 0;
    return (pollfd.revents & POLLIN ? IL_READ : 0) |
           (pollfd.revents & POLLOUT ? IL_WRITE : 0);
}

static void wait_abort(void *arg)
{
    detach(arg);
}

int ili_fd_wait(int number, int events)
{
    il_loop *loop = loop_here();
    struct waiter me = { 0 };
    struct ili_fd *fd;
    int armed = 0;
    int r = check(loop, number, events);

    if (r < 0)
        return r;
    /* A number nobody has opened is not worth a record. */
    if (!find(loop, number) && fcntl(number, F_GETFD) < 0)
        return -EBADF;
    r = find_or_make(loop, number, &fd);
    if (r < 0)
        return r;
    for (int i = 0; i < 2; i++) {
        r = events & direction_of[i] ? arm(fd, i) : 0;
        if (r < 0)
            return r;
        armed |= r;
    }

    me.task = loop->sched.current;
    me.fd = fd;
    for (int i = 0; i < 2; i++)
        if (events & direction_of[i])
            fd->sides[i].waiter = &me;
    if (armed)
        note_unverified(fd);
    /* The kernel learns of new watches only in a turn. */
    ili_sched_changed(&loop->sched);

    r = ili_park(wait_abort, &me, "a descriptor");
    if (r == 0 && events == (IL_READ | IL_WRITE))
        me.ready |= also_ready(number);
    return r < 0 ? r : me.ready;
}

/* It is not open: stop watching it and tell who waits. */
static void fail(struct ili_fd *fd)
{
    for (int i = 0; i < 2; i++)
        if (fd->sides[i].watch)
            ili_watch_stop(fd->sides[i].watch);
    for (int i = 0; i < 2; i++)
        if (fd->sides[i].waiter)
            on_side(fd, i, true);
}

static bool is_open(const struct ili_fd *fd)
{
    return fcntl(fd->number, F_GETFD) >= 0;
}

bool ili_fds_check(il_loop *loop)
{
    bool failed = false;
    il_link *link;

    while ((link = ili_list_pop(&loop->touched)) != NULL) {
        struct ili_fd *fd = ILI_CONTAINER(link, struct ili_fd, touched);

        if (!is_open(fd)) {
            fail(fd);
            failed = true;
        }
    }
    return failed;
}

void ili_fds_verify(il_loop *loop)
{
    il_link *link;

    while ((link = ili_list_pop(&loop->unverified)) != NULL) {
        struct ili_fd *fd = ILI_CONTAINER(link, struct ili_fd, link);

        if (!is_open(fd)) {
            fail(fd);
            continue;
        }
        for (int i = 0; i < 2; i++)
            if (fd->sides[i].waiter)
                ili_watch_verify(fd->sides[i].watch);
    }
}

/* --- hints and the end ------------------------------------------------------- */

bool ili_fd_hint(int number, unsigned hint)
{
    struct ili_fd *fd = find(loop_here(), number);

    return fd && fd->hints & hint;
}

void ili_fd_set_hint(int number, unsigned hint, bool on)
{
    il_loop *loop = loop_here();
    struct ili_fd *fd;

    if (!loop || !loop->poller || find_or_make(loop, number, &fd) < 0)
        return;
    fd->hints = on ? fd->hints | hint : fd->hints & ~hint;
}

static void free_record(struct ili_fd *fd)
{
    for (int i = 0; i < 2; i++) {
        struct waiter *waiter = fd->sides[i].waiter;

        if (waiter) {
            detach(waiter);
            ili_wake(waiter->task, -EBADF);
        }
        fd->sides[i].watch = ili_watch_free(fd->sides[i].watch);
    }
    unlink_unverified(fd);
    if (ili_list_linked(&fd->touched))
        ili_list_remove(&fd->touched);
    fd->loop->fds[fd->number] = NULL;
    free(fd);
}

void ili_fd_forget(int number)
{
    struct ili_fd *fd = find(loop_here(), number);

    if (fd)
        free_record(fd);
}

void ili_fds_free(il_loop *loop)
{
    for (size_t i = 0; i < loop->n_fds; i++)
        if (loop->fds[i])
            free_record(loop->fds[i]);
    free(loop->fds);
    loop->fds = NULL;
    loop->n_fds = 0;
}
