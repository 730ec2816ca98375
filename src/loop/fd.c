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
 * earlier is therefore *unverified*.  If it is still there after a moment in
 * which nothing came, or after a longer one in which others were served, the
 * watch is set anew, which costs system calls only for waits that had nothing
 * to do anyway.  Those who close with il_close() never get there.
 *
 * The record stays on the list of the unverified when its wait is over: the
 * next one begins soon, and only updates when that was.  The list is gone
 * through now and then, a part at a time, so that neither a busy connection nor
 * ten thousand of them cost a turn more than a few stores.
 *
 * libev aborts when the kernel does not know a descriptor that it is told of,
 * so what was *touched* is checked right before: one that is not open fails.
 *
 * Records lie in pages that stay until the loop closes: with a thousand busy
 * connections what is looked up for each is what costs, and so a record has its
 * watches inside and its place is computed.  Nothing that a task waits with is
 * on its stack; whoever takes a task out of the record wakes it. */

#include "config.h"

#include "loop/fd.h"

#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* While others are served: how long a wait rests on an unverified watch, which
 * should be longer than a busy connection's, and how many are looked at in one
 * go. */
#define VERIFY_BUSY_AFTER IL_SEC(1)
#define VERIFY_AT_ONCE 256

/* The poller's clock is a little behind; a tick must not come too early. */
#define VERIFY_SLACK IL_MS(1)

static const int direction_of[2] = { IL_READ, IL_WRITE };

/* --- waking ------------------------------------------------------------------ */

static il_loop *loop_here(void)
{
    return ili_sched_current ? ili_loop_of(ili_sched_current) : NULL;
}

static void touch(struct ili_fd *fd)
{
    if (!ili_list_linked(&fd->touched))
        ili_list_append(&loop_here()->touched, &fd->touched);
}

static void disarm(struct ili_fd *fd, int i)
{
    ili_watch_stop(loop_here()->poller, &fd->watches[i]);
    fd->armed &= (uint8_t)~direction_of[i];
}

static inline void wake(struct ili_fd *fd, int i, int result)
{
    il_task *task = fd->waiters[i];

    fd->waiters[i] = NULL;
    if (fd->waiters[1 - i] == task)
        fd->waiters[1 - i] = NULL; /* it waits for either */
    ili_wake(task, result);
}

static inline __attribute__((always_inline)) void on_side(struct ili_fd *fd,
                                                          int i, bool failed)
{
    if (i == 0)
        fd->hints &= (uint8_t)~ILI_FD_DRAINED;
    if (ILI_UNLIKELY(!fd->waiters[i] || failed)) {
        /* Level-triggered: it would come back at every poll. */
        disarm(fd, i);
        if (!fd->waiters[i]) {
            touch(fd); /* the other side may stay armed */
            return;
        }
    }
    loop_here()->heard = true;
    wake(fd, i, failed ? -EBADF : direction_of[i]);
}

static void on_readable(void *data, bool failed)
{
    on_side(data, 0, failed);
}

static void on_writable(void *data, bool failed)
{
    on_side(data, 1, failed);
}

/* --- records ----------------------------------------------------------------- */

static int grow(il_loop *loop, size_t at_least)
{
    size_t n = loop->n_fds ? loop->n_fds : 4;
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

/* A page begins with a cache line; what calloc() gave is remembered behind its
 * records. */
struct page {
    struct ili_fd records[ILI_FD_PAGE];
    void *block;
};

#define CACHE_LINE 64u

static struct ili_fd *new_page(void)
{
    char *block = calloc(1, sizeof(struct page) + CACHE_LINE);
    struct page *page;

    if (!block)
        return NULL;
    page = (struct page *)(block + CACHE_LINE - (uintptr_t)block % CACHE_LINE);
    page->block = block;
    return page->records;
}

static void free_page(struct ili_fd *records)
{
    if (records)
        free(((struct page *)records)->block);
}

static int find_or_make(il_loop *loop, int number, struct ili_fd **ret_fd)
{
    size_t i = (size_t)number / ILI_FD_PAGE;
    struct ili_fd *fd = ili_fd_find(number);

    if (fd) {
        *ret_fd = fd;
        return 0;
    }
    if (i >= loop->n_fds && grow(loop, i + 1) < 0)
        return -ENOMEM;
    if (!loop->fds[i])
        loop->fds[i] = new_page();
    if (!loop->fds[i])
        return -ENOMEM;
    fd = loop->fds[i] + (size_t)number % ILI_FD_PAGE;
    fd->number = number;
    fd->hints = 0; /* of a reader that was late may be there */
    fd->in_use = true;
    ili_watch_init(&fd->watches[0], number, IL_READ, on_readable, fd);
    ili_watch_init(&fd->watches[1], number, IL_WRITE, on_writable, fd);
    *ret_fd = fd;
    return 0;
}

/* --- waiting ----------------------------------------------------------------- */

/* Arm one side.  Returns 0 or -ENOMEM. */
static int arm(il_loop *loop, struct ili_fd *fd, int i)
{
    int r;

    touch(fd);
    r = ili_watch_start(loop->poller, &fd->watches[i]);
    if (r == 0)
        fd->armed |= (uint8_t)direction_of[i];
    return r;
}

static int check(const il_loop *loop, int number, int events)
{
    const struct ili_fd *fd = ili_fd_find(number);

    ILI_RETURN_IF_FAIL(events > 0 && events <= (IL_READ | IL_WRITE), -EINVAL);
    ILI_RETURN_IF_FAIL(number >= 0, -EBADF);
    ILI_RETURN_IF_FAIL(loop && loop->sched.current, -ESRCH);
    for (int i = 0; fd && i < 2; i++)
        if (events & direction_of[i] && fd->waiters[i])
            return -EBUSY;
    return 0;
}

/* From now on wait for a moment of silence.  Virtual time has none. */
static void verify_later(il_loop *loop)
{
    loop->verify_at = loop->is_virtual ? 0 : loop->looked_at + ILI_VERIFY_AFTER;
    loop->heard = false;
    ili_fds_ticked(loop, loop->looked_at);
}

void ili_fds_ticked(il_loop *loop, il_time now)
{
    if (now < loop->verify_at && loop->verify_at != IL_FOREVER)
        ili_poller_tick(loop->poller, loop->verify_at - now + VERIFY_SLACK);
}

void ili_fd_add_unverified(struct ili_fd *fd)
{
    il_loop *loop = loop_here();

    ili_list_append(&loop->unverified, &fd->link);
    if (loop->verify_at == IL_FOREVER)
        verify_later(loop);
}

int ili_fd_prepare(int number, int events, struct ili_fd **ret_fd)
{
    il_loop *loop = loop_here();
    struct ili_fd *fd;
    int armed_before;
    int r = check(loop, number, events);

    if (r < 0)
        return r;
    /* A number nobody has opened is not worth a record. */
    if (!ili_fd_find(number) && fcntl(number, F_GETFD) < 0)
        return -EBADF;
    r = find_or_make(loop, number, &fd);
    if (r < 0)
        return r;
    armed_before = fd->armed;
    for (int i = 0; i < 2; i++) {
        r = events & direction_of[i] & ~armed_before ? arm(loop, fd, i) : 0;
        if (r < 0)
            return r;
    }
    if (events & armed_before)
        ili_fd_note_unverified(fd);
    *ret_fd = fd;
    return 0;
}

void ili_fd_leave_read(void *fd)
{
    ((struct ili_fd *)fd)->waiters[0] = NULL;
}

void ili_fd_leave_write(void *fd)
{
    ((struct ili_fd *)fd)->waiters[1] = NULL;
}

void ili_fd_leave_both(void *fd)
{
    ili_fd_leave_read(fd);
    ili_fd_leave_write(fd);
}

/* --- looking after ------------------------------------------------------------ */

/* It is not open: stop watching it and tell who waits. */
static void fail(struct ili_fd *fd)
{
    for (int i = 0; i < 2; i++)
        disarm(fd, i);
    for (int i = 0; i < 2; i++)
        if (fd->waiters[i])
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

static bool is_waited_for(const struct ili_fd *fd)
{
    return fd->waiters[0] || fd->waiters[1];
}

static void verify(struct ili_fd *fd)
{
    if (!is_waited_for(fd))
        return;
    if (!is_open(fd)) {
        fail(fd);
        return;
    }
    for (int i = 0; i < 2; i++)
        if (fd->waiters[i])
            ili_watch_verify(loop_here()->poller, &fd->watches[i]);
}

/* Nothing has come for a moment: now is the time. */
static void verify_all(il_loop *loop)
{
    il_link *link;

    while ((link = ili_list_pop(&loop->unverified)) != NULL)
        verify(ILI_CONTAINER(link, struct ili_fd, link));
}

/* Others are served: only those that have waited for long, and not all at
 * once. */
static void verify_some(il_loop *loop, il_time now)
{
    const il_link *last = loop->unverified.prev;
    il_link *link;

    for (int i = 0; i < VERIFY_AT_ONCE; i++) {
        struct ili_fd *fd;

        link = ili_list_pop(&loop->unverified);
        if (!link)
            break;
        fd = ILI_CONTAINER(link, struct ili_fd, link);
        if (is_waited_for(fd) && now - fd->since < VERIFY_BUSY_AFTER)
            ili_list_append(&loop->unverified, link);
        else
            verify(fd);
        if (link == last)
            break;
    }
}

void ili_fds_verify(il_loop *loop)
{
    if (loop->heard && !loop->is_virtual)
        verify_some(loop, loop->looked_at); /* near enough */
    else
        verify_all(loop);
    if (ili_list_empty(&loop->unverified))
        loop->verify_at = IL_FOREVER;
    else
        verify_later(loop);
}

/* --- hints and the end ------------------------------------------------------- */

void ili_fd_set_hint(int number, unsigned hint)
{
    il_loop *loop = loop_here();
    struct ili_fd *fd;

    if (loop && loop->poller && number >= 0 &&
        find_or_make(loop, number, &fd) == 0)
        fd->hints |= (uint8_t)hint;
}

static void forget(struct ili_fd *fd)
{
    for (int i = 0; i < 2; i++) {
        if (fd->waiters[i])
            wake(fd, i, -EBADF);
        disarm(fd, i);
    }
    if (ili_list_linked(&fd->link))
        ili_list_remove(&fd->link);
    if (ili_list_linked(&fd->touched))
        ili_list_remove(&fd->touched);
    memset(fd, 0, sizeof *fd);
}

void ili_fd_forget(int number)
{
    struct ili_fd *fd = ili_fd_find(number);

    if (fd)
        forget(fd);
}

void ili_fds_free(il_loop *loop)
{
    for (size_t i = 0; i < loop->n_fds; i++) {
        for (unsigned k = 0; loop->fds[i] && k < ILI_FD_PAGE; k++)
            if (loop->fds[i][k].in_use)
                forget(&loop->fds[i][k]);
        free_page(loop->fds[i]);
    }
    free(loop->fds);
    loop->fds = NULL;
    loop->n_fds = 0;
}
