/* SPDX-License-Identifier: MIT */

/* inbox.c - posts from other threads.
 *
 * The inbox is a stack: pushing is one compare-and-swap, and the loop takes
 * all of it at once and turns it round.  Nobody locks, nobody allocates.
 *
 * A wake-up is a write to an eventfd, but only if the loop sleeps:
 *
 *     poster                          loop
 *       push the callback               say need_wake
 *       take need_wake; if it was set:  look into the inbox once more
 *         write                         sleep
 *
 * Both sides write before they read, in one total order, so at least one of
 * them sees the other.  However many post while it sleeps, one writes.
 *
 * The same holds for a callback that several threads post, to say that there is
 * something to be looked at:
 *
 *     poster                          loop
 *       write what is to be seen        clear the claim
 *       set the claim; if it was set:   run: look
 *         leave it at that
 *
 * A locked instruction for each callback would keep the processor from loading
 * the next one's line meanwhile, so there is one fence for all that arrive
 * together, and another for the poster that is refused. */

#include "config.h"

#include "loop/loop.h"
#include "loop/sleeper.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the inbox of a closed loop holds. */
static il_callback closed;

/* Not atomic_thread_fence(), of which compilers warn under ThreadSanitizer. */
static void full_fence(void)
{
    __sync_synchronize();
}

static bool claim(il_callback *callback)
{
    while (!ili_callback_claim(callback)) {
        full_fence();
        if (__atomic_load_n(&callback->claim, __ATOMIC_RELAXED))
            return false;
    }
    return true;
}

/* What needs a look at the callback, which the processor has to fetch from
 * another: not before the claim, or it would be fetched twice, to read and to
 * write. */
static int check_claimed(const il_loop *loop, const il_callback *callback)
{
    ILI_RETURN_IF_FAIL(callback->fn, -EINVAL);
    /* Of this loop: it runs once more. */
    ILI_RETURN_IF_FAIL(ili_callback_state(callback) == ILI_CALLBACK_IDLE ||
                           __atomic_load_n(&callback->loop, __ATOMIC_RELAXED) ==
                               loop,
                       -EBUSY);
    return 0;
}

int il_post_threadsafe(il_loop *loop, il_callback *callback)
{
    il_callback *head;
    int r;

    ILI_RETURN_IF_FAIL(loop && callback, -EINVAL);
    /* Here it is known whether it is ready. */
    ILI_RETURN_IF_FAIL(!ili_loop_is_here(loop) ||
                           ili_callback_state(callback) == ILI_CALLBACK_IDLE,
                       -EBUSY);
    ILI_RETURN_IF_FAIL(claim(callback), -EBUSY);
    r = check_claimed(loop, callback);
    if (ILI_UNLIKELY(r < 0)) {
        ili_callback_unclaim(callback);
        return r;
    }
    head = atomic_load(&loop->inbox);
    do {
        if (head == &closed) {
            ili_callback_unclaim(callback);
            return -ESHUTDOWN;
        }
        callback->next = head;
    } while (!atomic_compare_exchange_weak(&loop->inbox, &head, callback));

    if (atomic_load(&loop->need_wake) &&
        atomic_exchange(&loop->need_wake, false)) {
        const uint64_t one = 1;

        /* It fails only when the counter is full, and then it is readable. */
        if (write(loop->wake_fd, &one, sizeof one) < 0)
            return 0;
    }
    return 0;
}

/* Turn a stack of callbacks round: oldest first. */
static il_callback *turn_round(il_callback *newest)
{
    il_callback *oldest = NULL;

    while (newest) {
        il_callback *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* What was accepted will run. */
static void queue_all(ili_sched *sched, il_callback *newest)
{
    il_callback *callback = newest == &closed ? NULL : turn_round(newest);

    while (callback) {
        il_callback *next = callback->next;

        if (callback->fn == ili_sleeper_arrive) {
            ili_sleeper_arrive(callback->arg); /* never posted again */
        } else {
            ili_callback_owe(sched, callback);
            ili_callback_unclaim(callback);
            /* And its `next` is not ours any more. */
        }
        callback = next;
    }
    full_fence();
}

void ili_inbox_collect(ili_sched *sched)
{
    il_loop *loop = ili_loop_of(sched);
    il_callback *newest = atomic_load(&loop->inbox);

    if (newest && newest != &closed)
        queue_all(sched, atomic_exchange(&loop->inbox, NULL));
}

bool ili_inbox_is_empty(const il_loop *loop)
{
    return atomic_load_explicit(&loop->inbox, memory_order_relaxed) == NULL;
}

bool ili_inbox_may_sleep(il_loop *loop)
{
    /* If it is still set from before, nobody who posted since then has written
     * and been forgotten: that is a locked instruction less for a loop that is
     * polled by its user. */
    if (!atomic_load_explicit(&loop->need_wake, memory_order_relaxed))
        atomic_store(&loop->need_wake, true);
    if (atomic_load(&loop->inbox) == NULL)
        return true;
    ili_inbox_awake(loop); /* else the next post would write for nothing */
    return false;
}

void ili_inbox_awake(il_loop *loop)
{
    atomic_store_explicit(&loop->need_wake, false, memory_order_relaxed);
}

/* The inbox is looked at in every turn; here the eventfd is only made quiet. */
static void quieten(const il_loop *loop)
{
    uint64_t count;

    if (read(loop->wake_fd, &count, sizeof count) < 0)
        return;
}

static void on_wake(void *data, bool failed)
{
    (void)failed;
    quieten(data);
}

void ili_inbox_quieten(il_loop *loop)
{
    /* Whoever took the flag writes, but perhaps has not yet: then the host's
     * next poll finds it. */
    if (!atomic_load_explicit(&loop->need_wake, memory_order_relaxed))
        quieten(loop);
}

int ili_inbox_open(il_loop *loop)
{
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        return -errno;
    ili_watch_init(&loop->wake_watch, loop->wake_fd, IL_READ, on_wake, loop);
    return ili_watch_start(loop->poller, &loop->wake_watch);
}

void ili_inbox_close(il_loop *loop)
{
    queue_all(&loop->sched, atomic_exchange(&loop->inbox, &closed));
    ili_watch_stop(loop->poller, &loop->wake_watch);
}
