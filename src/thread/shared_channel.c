/* SPDX-License-Identifier: MIT */

/* shared_channel.c - a bounded queue of values between threads.
 *
 * There are two latches, one for those who send and one for those who receive.
 * While there is room and there are elements, each side uses its own: the two
 * meet only in the ring and in two counts, how many were sent and how many were
 * received, and each side looks at the other's count only when it has come to
 * the end of what it knows.  So a line of the cache travels between two
 * processors once for many elements.
 *
 * Everything else is done under both, and is what channel.c does.  `state` says
 * whether anything of this is the case.  It is written under both, so each side
 * knows it under its own, and needs no fence to be sure.
 *
 * Whenever nobody has both:
 *   - while receivers wait, the ring is empty and no sender waits;
 *   - while senders wait, the ring is full, which without capacity it always
 *     is, and no receiver waits;
 *   - nobody waits in a closed channel.
 *
 * Who is about to leave does not count as waiting here; see loop/sleeper.h.
 *
 * Rejected: one lock, over which the two sides would fight for each element; a
 * ring without locks, in which those who wait could be overtaken. */

#include "config.h"

#include "thread/shared_channel.h"

#include "sync/element.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* So many bytes of the ring are fetched before they are written to. */
#define AHEAD 192

/* --- the ring ------------------------------------------------------------- */

static inline void *at(const il_shared_channel *channel, size_t place)
{
    return channel->ring + place * channel->element_size;
}

static inline size_t after(const il_shared_channel *channel, size_t place)
{
    return place + 1 < channel->capacity ? place + 1 : 0;
}

/* For one who sends: whether the ring is full. */
static inline bool is_full(il_shared_channel *channel)
{
    if (ILI_LIKELY(channel->sent - channel->seen_received < channel->capacity))
        return false;
    channel->seen_received =
        __atomic_load_n(&channel->received, __ATOMIC_ACQUIRE);
    return channel->sent - channel->seen_received >= channel->capacity;
}

/* For one who receives: whether the ring is empty. */
static inline bool is_empty(il_shared_channel *channel)
{
    if (ILI_LIKELY(channel->seen_sent != channel->received))
        return false;
    channel->seen_sent = __atomic_load_n(&channel->sent, __ATOMIC_ACQUIRE);
    return channel->seen_sent == channel->received;
}

static inline void put(il_shared_channel *channel, const void *element)
{
    void *slot = at(channel, channel->send_place);

    /* The next latch waits for what was written here, and that for the
     * receiver's processor to let go of the line. */
    __builtin_prefetch((char *)slot + AHEAD, 1);
    ili_copy(slot, element, channel->element_size);
    channel->send_place = after(channel, channel->send_place);
    __atomic_store_n(&channel->sent, channel->sent + 1, __ATOMIC_RELEASE);
}

/* The oldest element leaves.  Its place is the next sender's as soon as the
 * count says so. */
static inline void drop_first(il_shared_channel *channel)
{
    channel->receive_place = after(channel, channel->receive_place);
    __atomic_store_n(&channel->received, channel->received + 1,
                     __ATOMIC_RELEASE);
}

static inline void take(il_shared_channel *channel, void *ret_element)
{
    ili_copy(ret_element, at(channel, channel->receive_place),
             channel->element_size);
    drop_first(channel);
}

/* --- life ----------------------------------------------------------------- */

static void make(il_shared_channel *channel, size_t element_size,
                 size_t capacity, void *ring)
{
    memset(channel, 0, sizeof *channel);
    channel->ring = ring;
    channel->element_size = element_size;
    channel->capacity = capacity;
    channel->state = capacity == 0 ? ILI_SHARED_UNBUFFERED : 0;
    ili_list_init(&channel->receivers);
    ili_list_init(&channel->senders);
}

int il_shared_channel_init(il_shared_channel *channel, size_t element_size,
                           size_t capacity)
{
    void *ring;
    int r;

    ILI_RETURN_IF_FAIL(channel, -EINVAL);
    r = ili_ring_new(capacity, element_size, &ring);
    if (r < 0)
        return r;
    make(channel, element_size, capacity, ring);
    channel->owns_ring = true;
    return 0;
}

int il_shared_channel_init_with(il_shared_channel *channel, size_t element_size,
                                size_t capacity, void *storage)
{
    ILI_RETURN_IF_FAIL(channel && (storage || capacity == 0), -EINVAL);
    ILI_RETURN_IF_FAIL(ili_ring_check(capacity, element_size) == 0, -EINVAL);
    make(channel, element_size, capacity, storage);
    return 0;
}

void il_shared_channel_set_destroy(il_shared_channel *channel,
                                   il_shared_channel_destroy_fn *destroy,
                                   void *arg)
{
    if (!channel)
        return;
    channel->destroy = destroy;
    channel->destroy_arg = arg;
}

/* --- what is rare --------------------------------------------------------- */

/* Under both latches: do it without waiting.  -EAGAIN: that is not possible. */
typedef int step_fn(il_shared_channel *channel, void *element,
                    il_shared_waiter **ret_served);

static int send_now(il_shared_channel *channel, void *element,
                    il_shared_waiter **ret_served)
{
    il_shared_waiter *receiver;

    if (channel->state & ILI_SHARED_CLOSED)
        return -EPIPE;
    receiver = ili_sleepers_pop(&channel->receivers);
    *ret_served = receiver;
    if (!receiver && is_full(channel))
        return -EAGAIN;
    if (receiver)
        ili_copy(receiver->slot, element, channel->element_size);
    else
        put(channel, element);
    return 0;
}

/* Room that becomes free is filled by the sender that has waited longest,
 * before anybody else can. */
static int receive_now(il_shared_channel *channel, void *element,
                       il_shared_waiter **ret_served)
{
    il_shared_waiter *sender;
    bool was_empty = is_empty(channel);

    if (!was_empty)
        take(channel, element);
    sender = ili_sleepers_pop(&channel->senders);
    *ret_served = sender;
    if (sender && was_empty)
        ili_copy(element, sender->slot, channel->element_size);
    else if (sender)
        put(channel, sender->slot);
    else if (was_empty)
        return channel->state & ILI_SHARED_CLOSED ? -EPIPE : -EAGAIN;
    return 0;
}

/* On the stack of who waits. */
struct waiting {
    struct ili_sleeper sleeper; /* its slot is the element */
    il_shared_channel *channel;
};

static bool leave_channel(struct ili_sleeper *me)
{
    il_shared_channel *channel =
        ILI_CONTAINER(me, struct waiting, sleeper)->channel;

    if (!ili_sleeper_claim(me))
        return false;
    ili_shared_latch(channel);
    ili_list_remove(&me->node.link);
    ili_shared_unlatch(channel);
    return true;
}

/* If it is not possible, join `list`, if that is given, as `me`. */
static int try_or_join(il_shared_channel *channel, step_fn *step, void *element,
                       ili_list *list, struct ili_sleeper *me)
{
    il_shared_waiter *served = NULL;
    int r;

    ili_shared_latch(channel);
    r = step(channel, element, &served);
    if (r == -EAGAIN && list)
        ili_list_append(list, &me->node.link);
    ili_shared_unlatch(channel);
    if (served)
        ili_waiter_wake(served, 0);
    return r;
}

static __attribute__((noinline)) int try_slowly(il_shared_channel *channel,
                                                step_fn *step, void *element)
{
    return try_or_join(channel, step, element, NULL, NULL);
}

static __attribute__((noinline)) int
wait_for_it(il_shared_channel *channel, step_fn *step, void *element,
            ili_list *list, il_time timeout, const char *what)
{
    struct waiting me = { .channel = channel };
    int r = try_slowly(channel, step, element);

    if (r != -EAGAIN)
        return r;
    ILI_RETURN_IF_FAIL(timeout > 0, -ETIMEDOUT);
    r = ili_sleeper_init(&me.sleeper, leave_channel, element);
    if (r < 0)
        return r;
    r = try_or_join(channel, step, element, list, &me.sleeper);
    if (r != -EAGAIN)
        return r;

    return ili_sleep(&me.sleeper, timeout, what);
}

/* The last thing to be done, since the channel may go meanwhile. */
static inline int spend(il_task *task, int r)
{
    if (ILI_LIKELY(r == 0) && task && ili_must_pause(task))
        ili_pause(task);
    return r;
}

/* --- sending -------------------------------------------------------------- */

/* While nothing is unusual; else false. */
static inline bool send_fast(il_shared_channel *channel, const void *element)
{
    bool done = false;

    ili_latch(&channel->send_latch);
    if (ILI_LIKELY(channel->state == 0) && ILI_LIKELY(!is_full(channel))) {
        put(channel, element);
        done = true;
    }
    ili_unlatch(&channel->send_latch);
    return done;
}

int il_shared_channel_try_send(il_shared_channel *channel, const void *element)
{
    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel) && element, -EINVAL);
    return send_fast(channel, element)
               ? 0
               : try_slowly(channel, send_now, (void *)element);
}

int il_shared_channel_send(il_shared_channel *channel, const void *element,
                           il_time timeout)
{
    il_task *task = ili_current_task();
    int r = 0;

    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel) && element, -EINVAL);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (ILI_UNLIKELY(!send_fast(channel, element)))
        r = wait_for_it(channel, send_now, (void *)element, &channel->senders,
                        timeout, "room in a shared channel");
    return spend(task, r);
}

/* --- receiving ------------------------------------------------------------ */

static inline bool receive_fast(il_shared_channel *channel, void *ret_element)
{
    bool done = false;

    ili_latch(&channel->receive_latch);
    if (ILI_LIKELY(channel->state == 0) && ILI_LIKELY(!is_empty(channel))) {
        take(channel, ret_element);
        done = true;
    }
    ili_unlatch(&channel->receive_latch);
    return done;
}

int il_shared_channel_try_receive(il_shared_channel *channel, void *ret_element)
{
    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel) && ret_element, -EINVAL);
    return receive_fast(channel, ret_element)
               ? 0
               : try_slowly(channel, receive_now, ret_element);
}

int il_shared_channel_receive(il_shared_channel *channel, void *ret_element,
                              il_time timeout)
{
    il_task *task = ili_current_task();
    int r = 0;

    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel) && ret_element, -EINVAL);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (ILI_UNLIKELY(!receive_fast(channel, ret_element)))
        r = wait_for_it(channel, receive_now, ret_element, &channel->receivers,
                        timeout, "something in a shared channel");
    return spend(task, r);
}

/* --- closing -------------------------------------------------------------- */

static void take_all(ili_list *list, ili_list *taken)
{
    il_shared_waiter *node;

    while ((node = ili_sleepers_pop(list)) != NULL)
        ili_list_append(taken, &node->link);
}

bool ili_shared_end(il_shared_channel *channel, ili_list *taken)
{
    bool was_open = !(channel->state & ILI_SHARED_CLOSED);

    ili_list_init(taken);
    ili_shared_set_state(channel, ILI_SHARED_CLOSED, true);
    take_all(&channel->receivers, taken);
    take_all(&channel->senders, taken);
    return was_open;
}

/* Returns whether it was open, and whether somebody is still about to leave by
 * himself. */
static bool end_waits(il_shared_channel *channel, int result, bool *ret_leaving)
{
    ili_list taken;
    bool was_open;

    ili_shared_latch(channel);
    was_open = ili_shared_end(channel, &taken);
    *ret_leaving = !ili_list_empty(&channel->receivers) ||
                   !ili_list_empty(&channel->senders);
    ili_shared_unlatch(channel);
    ili_sleepers_wake(&taken, result);
    return was_open;
}

void ili_shared_dispose(il_shared_channel *channel)
{
    for (;;) {
        void *element = NULL;

        ili_shared_latch(channel);
        if (!is_empty(channel)) {
            element = at(channel, channel->receive_place);
            drop_first(channel);
        }
        ili_shared_unlatch(channel);
        if (!element)
            return;
        if (channel->destroy)
            channel->destroy(element, channel->destroy_arg);
    }
}

int il_shared_channel_close(il_shared_channel *channel)
{
    bool leaving;

    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel), -EINVAL);
    return end_waits(channel, -EPIPE, &leaving) ? 0 : -EALREADY;
}

int il_shared_channel_close_now(il_shared_channel *channel)
{
    bool is_open, leaving;

    ILI_RETURN_IF_FAIL(ili_shared_is_valid(channel), -EINVAL);
    is_open = channel->is_open;
    ili_shared_add_use(channel);
    (void)end_waits(channel, -EPIPE, &leaving);
    ili_shared_dispose(channel);
    ili_shared_drop_use(channel, is_open);
    return 0;
}

bool il_shared_channel_is_closed(il_shared_channel *channel)
{
    return !ili_shared_is_valid(channel) ||
           __atomic_load_n(&channel->state, __ATOMIC_RELAXED) &
               ILI_SHARED_CLOSED;
}

size_t il_shared_channel_count(il_shared_channel *channel)
{
    size_t n = 0;

    if (ili_shared_is_valid(channel)) {
        ili_shared_latch(channel);
        n = channel->sent - channel->received;
        ili_shared_unlatch(channel);
    }
    return n;
}

void il_shared_channel_fini(il_shared_channel *channel)
{
    bool is_open, leaving;

    if (!ili_shared_is_valid(channel))
        return;
    is_open = channel->is_open;
    ili_shared_add_use(channel);
    do {
        (void)end_waits(channel, -EOWNERDEAD, &leaving);
        if (leaving)
            (void)sched_yield();
    } while (leaving);
    ili_shared_dispose(channel);
    if (channel->owns_ring)
        free(channel->ring);
    /* Its ends are still there, and may be what keeps its storage. */
    *channel = (il_shared_channel){ .n_senders = channel->n_senders,
                                    .n_receivers = channel->n_receivers,
                                    .n_uses = channel->n_uses,
                                    .is_open = is_open };
    ili_shared_drop_use(channel, is_open);
}
