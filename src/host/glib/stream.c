/* SPDX-License-Identifier: MIT */

/* stream.c - emissions of several senders, buffered.
 *
 * Each signal that a stream hears is a *part*: a listener and a tag.  A part
 * ends with its sender or with the stream.
 *
 *     sender --- closure --- listener --- part --.
 *     sender --- closure --- listener --- part ---- stream: buffer, who waits
 *
 * A task that waits is only woken; the emission stays in the buffer until it
 * runs.  So there is nothing to give back when it is cancelled, and of a burst
 * in one turn the same is dropped as if it had not waited.
 *
 * Buffered emissions keep their sender.  A weak reference was rejected: whoever
 * takes an emission would have to be prepared for a sender of NULL, in the rare
 * case that it went just now.
 *
 * Dropping an emission may finalize objects, and that is arbitrary code, which
 * may free the stream.  So everything is in order before anything is dropped,
 * and nothing of the stream is touched afterwards. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

/* On the stack of the task that waits. */
struct waiter {
    il_future future;
    il_g_stream *stream; /* NULL: it was freed */
};

struct il_g_stream {
    ili_g_bridge *bridge; /* NULL: it has ended */
    guint capacity;
    il_g_overflow overflow;
    GQueue buffered; /* il_g_emission, oldest first; never over capacity */
    GQueue parts;    /* struct part */
    guint64 n_lost;
    struct waiter *waiter; /* if one waits, nothing was buffered when it began
                              to, and then it was woken */
};

struct part {
    il_g_stream *stream;
    ili_g_listener *listener;
    gpointer tag;
};

static void wake(il_g_stream *stream, int result)
{
    if (stream->waiter)
        (void)il_future_set(&stream->waiter->future, result, NULL);
}

/* --- parts -------------------------------------------------------------------- */

/* The sender goes.  Letting go of a listener comes last, as dropping does. */
static void part_end(struct part *part)
{
    il_g_stream *stream = part->stream;
    ili_g_listener *listener = part->listener;

    g_queue_remove(&stream->parts, part);
    g_free(part);
    if (stream->parts.length == 0)
        wake(stream, -EOWNERDEAD);
    ili_g_unlisten(listener);
}

static void heard(ili_g_listener *listener, il_g_emission *said)
{
    struct part *part = listener->owner;
    il_g_stream *stream = part->stream;
    il_g_emission *emission;
    il_g_emission *dropped = NULL;

    if (!said) {
        part_end(part);
        return;
    }
    if (stream->buffered.length == stream->capacity) {
        stream->n_lost++;
        if (stream->overflow == IL_G_DROP_NEWEST)
            return;
        dropped = g_queue_pop_head(&stream->buffered);
    }
    emission = ili_g_emission_take(said);
    emission->tag = part->tag;
    g_queue_push_tail(&stream->buffered, emission);
    wake(stream, 0);
    (void)il_g_emission_free(dropped);
}

/* --- life --------------------------------------------------------------------- */

int il_g_stream_new(guint capacity, il_g_overflow overflow,
                    il_g_stream **ret_stream)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    il_g_stream *stream;

    if (overflow == IL_G_LATEST_ONLY)
        capacity = 1;
    if (!ret_stream || capacity == 0 || (guint)overflow > IL_G_LATEST_ONLY)
        return -EINVAL;
    if (!bridge || bridge->ending)
        return -ESHUTDOWN;

    stream = g_new0(il_g_stream, 1);
    stream->bridge = bridge;
    stream->capacity = capacity;
    stream->overflow = overflow;
    g_queue_push_tail(&bridge->streams, stream);
    *ret_stream = stream;
    return 0;
}

static void part_drop(gpointer data)
{
    struct part *part = data;

    ili_g_unlisten(part->listener);
    g_free(part);
}

/* Not known to the bridge any more, and hears nothing.  What it held is given
 * to the caller, to be dropped when he is done with the stream. */
static void detach(il_g_stream *stream, GQueue *ret_parts, GQueue *ret_buffered)
{
    if (stream->bridge)
        g_queue_remove(&stream->bridge->streams, stream);
    stream->bridge = NULL;
    for (GList *link = stream->parts.head; link; link = link->next)
        ((struct part *)link->data)->listener->owner = NULL;
    *ret_parts = stream->parts;
    *ret_buffered = stream->buffered;
    g_queue_init(&stream->parts);
    g_queue_init(&stream->buffered);
}

static void drop(GQueue *parts, GQueue *buffered)
{
    g_queue_clear_full(parts, part_drop);
    while (!g_queue_is_empty(buffered))
        (void)il_g_emission_free(g_queue_pop_head(buffered));
}

il_g_stream *il_g_stream_free(il_g_stream *stream)
{
    GQueue parts, buffered;

    if (!stream || (stream->bridge && stream->bridge != ili_g_bridge_get()))
        return stream;
    detach(stream, &parts, &buffered);
    wake(stream, -EOWNERDEAD);
    if (stream->waiter)
        stream->waiter->stream = NULL;
    g_free(stream);
    drop(&parts, &buffered);
    return NULL;
}

void ili_g_streams_end(ili_g_bridge *bridge)
{
    while (!g_queue_is_empty(&bridge->streams)) {
        GQueue parts, buffered;

        detach(g_queue_peek_head(&bridge->streams), &parts, &buffered);
        drop(&parts, &buffered);
    }
}

/* --- use ---------------------------------------------------------------------- */

/* Whether the caller may use it. */
static int check(const il_g_stream *stream)
{
    const ili_g_bridge *bridge = ili_g_bridge_get();

    if (!stream)
        return -EINVAL;
    if (!stream->bridge)
        return -ESHUTDOWN;
    if (stream->bridge != bridge)
        return -ESRCH;
    return bridge->ending ? -ESHUTDOWN : 0;
}

int il_g_stream_add(il_g_stream *stream, gpointer sender, const char *signal,
                    gpointer tag)
{
    struct part *part;
    guint signal_id;
    GQuark detail;
    int r = check(stream);

    if (r < 0)
        return r;
    if (!ili_g_find_signal(sender, signal, &signal_id, &detail))
        return -EINVAL;
    part = g_new0(struct part, 1);
    part->stream = stream;
    part->tag = tag;
    g_queue_push_tail(&stream->parts, part);
    part->listener = ili_g_listen(stream->bridge->loop, sender, signal_id,
                                  detail, heard, part);
    return 0;
}

static int take(il_g_stream *stream, il_g_emission **ret_emission)
{
    il_g_emission *emission = g_queue_pop_head(&stream->buffered);

    if (ret_emission)
        *ret_emission = emission;
    else
        (void)il_g_emission_free(emission);
    return 0;
}

static int wait_for_next(il_g_stream *stream, il_time timeout)
{
    struct waiter me = { .future = IL_FUTURE_INIT, .stream = stream };
    int result = 0;
    int r;

    stream->waiter = &me;
    r = ili_g_wait_future(stream->bridge, &me.future, timeout, &result, NULL);
    if (me.stream)
        stream->waiter = NULL;
    if (r < 0 || result < 0)
        return r < 0 ? r : result;
    /* It was freed, or everything ended, after this task had been woken. */
    if (!me.stream)
        return -EOWNERDEAD;
    return check(stream);
}

/* Why there is nothing to wait for or to take; 0: there is. */
static int look(const il_g_stream *stream)
{
    if (stream->waiter)
        return -EBUSY;
    if (stream->buffered.length > 0)
        return 0;
    return stream->parts.length > 0 ? -EAGAIN : -EOWNERDEAD;
}

int il_g_stream_next(il_g_stream *stream, il_time timeout,
                     il_g_emission **ret_emission)
{
    const il_task *task = il_task_current();
    int r = check(stream);

    if (r < 0)
        return r;
    if (!task)
        return -ESRCH;
    r = look(stream);
    /* A task that is cancelled takes nothing, or a long buffer would keep it
     * from noticing; waiting will tell it. */
    if (r == -EAGAIN || (r == 0 && il_task_is_cancelled(task)))
        r = wait_for_next(stream, timeout);
    if (r < 0)
        return r;
    r = take(stream, ret_emission);
    (void)il_checkpoint(); /* the last thing: the stream may go meanwhile */
    return r;
}

int il_g_stream_try_next(il_g_stream *stream, il_g_emission **ret_emission)
{
    int r = check(stream);

    if (r == 0)
        r = look(stream);
    return r < 0 ? r : take(stream, ret_emission);
}

guint64 il_g_stream_get_n_lost(const il_g_stream *stream)
{
    return stream ? stream->n_lost : 0;
}
