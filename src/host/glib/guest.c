/* SPDX-License-Identifier: MIT */

/* guest.c - our turns as one GSource.
 *
 * The source polls the descriptor of our poller.  GLib asks each source before
 * every poll whether it is ready and how long it may sleep, also in nested
 * main loops, so nothing has to be armed from outside: whatever changed since
 * the last look is seen then.
 *
 * It may recurse: GLib then neither blocks it during its own dispatch, which
 * would cost two writes to GLib's eventfd each time, nor keeps it from being
 * dispatched by a nested main loop inside a task.
 *
 * As long as there is work, a dispatch goes on for a slice.  If that was not
 * enough, the source steps back behind input, drawing and idles until it has
 * caught up: at the default priority an always-busy guest would let GTK draw
 * no frame at all; below idle priority a busy idle would starve us. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

#define DEFAULT_SLICE IL_MS(2)
/* What il_g_application_run() gives to tasks that are left at the end. */
#define GRACE IL_SEC(5)
/* How often the context is iterated while the loop ends. */
#define PUMP_EVERY IL_MS(1)
#define PUMP_STEPS 16

typedef struct guest_source {
    GSource base;
    il_loop *loop;
    gpointer tag; /* GLib's name for the descriptor below */
    int fd;
    il_time slice;
    gint priority;      /* when it has caught up */
    gint busy_priority; /* when a slice was not enough */
    gboolean asked;     /* GLib has our answer and will sleep by it */
    guint n_turns;      /* that are under way, nested ones counted */
} guest_source;

static __thread ili_g_bridge *current;

ili_g_bridge *ili_g_bridge_get(void)
{
    return current;
}

/* --- the source ---------------------------------------------------------------- */

/* Our loop's descriptor; none while it is native, and somebody else runs it. */
static void follow_descriptor(guest_source *source)
{
    bool native = il_loop_get_mode(source->loop) == IL_MODE_NATIVE;
    int fd = native ? -1 : il_loop_fd(source->loop);

    if (fd == source->fd)
        return;
    if (source->tag)
        g_source_remove_unix_fd(&source->base, source->tag);
    source->tag = fd < 0 ? NULL
                         : g_source_add_unix_fd(&source->base, fd, G_IO_IN);
    source->fd = fd;
}

static gboolean is_detached(guest_source *source)
{
    follow_descriptor(source);
    return source->fd < 0;
}

static gboolean guest_prepare(GSource *base, gint *ret_timeout_ms)
{
    guest_source *source = (guest_source *)base;
    il_time now = 0;
    il_time next;
    il_time wait;

    *ret_timeout_ms = -1;
    source->asked = TRUE;
    if (is_detached(source))
        return FALSE;
    next = il_loop_next_deadline(source->loop);
    if (next == IL_FOREVER)
        return FALSE;
    if (next > 0)
        now = il_now();
    if (next <= now) { /* it may lie before the clock's zero */
        *ret_timeout_ms = 0;
        source->asked = FALSE;
        return TRUE;
    }
    wait = next - now;
    /* Round up, or the last millisecond would be spent spinning. */
    wait = (wait + IL_MS(1) - 1) / IL_MS(1);
    *ret_timeout_ms = wait > G_MAXINT ? G_MAXINT : (gint)wait;
    return FALSE;
}

static gboolean guest_check(GSource *base)
{
    guest_source *source = (guest_source *)base;
    il_time next;

    source->asked = FALSE;
    if (is_detached(source))
        return FALSE;
    if (g_source_query_unix_fd(base, source->tag) != 0)
        return TRUE;
    next = il_loop_next_deadline(source->loop);
    return next != IL_FOREVER && (next == 0 || next <= il_now());
}

static int run_turns(guest_source *source, il_time slice)
{
    int r;

    source->asked = FALSE;
    source->n_turns++;
    r = il_loop_turn(source->loop, slice);
    source->n_turns--;
    return r;
}

static gboolean guest_dispatch(GSource *base, GSourceFunc callback,
                               gpointer data)
{
    guest_source *source = (guest_source *)base;
    int r;
    gint priority;

    (void)callback;
    (void)data;
    /* Another source that was dispatched before may have done it. */
    if (is_detached(source))
        return G_SOURCE_CONTINUE;
    r = run_turns(source, source->slice);
    /* A callback of a nested loop may have ended everything. */
    if (g_source_is_destroyed(base))
        return G_SOURCE_REMOVE;
    follow_descriptor(source);
    priority = r > 0 ? source->busy_priority : source->priority;
    if (priority != g_source_get_priority(base))
        g_source_set_priority(base, priority);
    return G_SOURCE_CONTINUE;
}

/* The idle source that a GTask makes to call back; only its name tells. */
static gboolean is_of_a_gtask(GSource *source)
{
    const char *name = g_source_get_name(source);

    return source->source_funcs == &g_idle_funcs && name &&
           g_str_has_suffix(name, "complete_in_idle_cb");
}

/* GLib dispatches what was ready when it polled: what one of its callbacks wakes
 * would have to wait for another iteration, which costs as much as the callback.
 * But a turn may only run where our source might have been dispatched as well:
 * not inside a turn, nor a private iteration of some other context, nor ahead
 * of what we have stepped back behind, nor beneath a source that must not recurse
 * and that a nested loop in a task could be waiting for.  Above all not inside
 * code of the application that happens to end an operation, which does not
 * expect tasks to run in the midst of it.  A GTask's own source has done its
 * work by then. */
void ili_g_bridge_turn(ili_g_bridge *bridge)
{
    GSource *base = bridge->source;
    guest_source *source = (guest_source *)base;
    GSource *under = g_main_current_source();

    if (!under || !is_of_a_gtask(under) ||
        g_source_get_context(under) != bridge->context)
        return;
    if (source->n_turns > 0 || il_task_current() || is_detached(source) ||
        g_source_get_priority(base) != source->priority ||
        source->priority > g_source_get_priority(under))
        return;
    g_source_ref(base);
    (void)run_turns(source, 0);
    g_source_unref(base);
}

static GSourceFuncs guest_funcs = {
    .prepare = guest_prepare,
    .check = guest_check,
    .dispatch = guest_dispatch,
};

static GSource *attach_source(il_loop *loop, GMainContext *context)
{
    GSource *base = g_source_new(&guest_funcs, sizeof(guest_source));
    guest_source *source = (guest_source *)base;

    source->loop = loop;
    source->fd = -1;
    source->slice = DEFAULT_SLICE;
    source->priority = G_PRIORITY_DEFAULT;
    source->busy_priority = G_PRIORITY_DEFAULT_IDLE;
    follow_descriptor(source);
    g_source_set_static_name(base, "interloop");
    g_source_set_can_recurse(base, TRUE);
    g_source_attach(base, context);
    return base;
}

/* --- the host ------------------------------------------------------------------- */

/* GLib asks the source before each poll: see the essay above.  But between its
 * asking us and the poll it asks other sources, whose code may be anybody's. */
static void host_request_turn(void *data)
{
    const ili_g_bridge *bridge = data;
    guest_source *source = (guest_source *)bridge->source;

    if (source && source->asked) {
        source->asked = FALSE;
        g_main_context_wakeup(bridge->context);
    }
}

/* What must not suspend counts as one level more. */
static int host_depth(void *data)
{
    (void)data;
    return g_main_depth() + ili_g_n_asking;
}

static int host_run(void *data)
{
    ili_g_bridge *bridge = data;

    bridge->main_loop = g_main_loop_new(bridge->context, FALSE);
    g_main_loop_run(bridge->main_loop);
    g_clear_pointer(&bridge->main_loop, g_main_loop_unref);
    return 0;
}

static void host_quit(void *data)
{
    ili_g_bridge *bridge = data;

    if (bridge->main_loop)
        g_main_loop_quit(bridge->main_loop);
}

/* What the main thread has by default.  GTK loads style sheets recursively, and
 * graphics drivers compile shaders: 512 KiB were not enough to make a window.
 * It is address space, not memory. */
#define STACK_SIZE ((size_t)8 << 20)

static const il_host glib_host = {
    .name = "GLib",
    .stack_size = STACK_SIZE,
    .request_turn = host_request_turn,
    .asks = true,
    .depth = host_depth,
    .suspend = ili_g_context_suspend,
    .resume = ili_g_context_resume,
    .hand_over = ili_g_context_hand_over,
    .task_ended = ili_g_context_task_ended,
    .run = host_run,
    .quit = host_quit,
};

/* --- begin and end --------------------------------------------------------------- */

/* While the loop ends natively, nobody iterates the context but us. */
static void pump_context(void *data)
{
    ili_g_bridge *bridge = data;

    /* Not for ever: the application may have sources that are always ready,
     * and the task that an operation wakes runs only after this. */
    for (int i = 0; i < PUMP_STEPS; i++)
        if (!g_main_context_iteration(bridge->context, FALSE))
            break;
    if (bridge->n_calls > 0)
        (void)il_timer_start(bridge->loop, &bridge->pump,
                             il_deadline(PUMP_EVERY));
}

void ili_g_bridge_count_call(ili_g_bridge *bridge, int change)
{
    bridge->n_calls += (guint)change;
    if (bridge->ending && bridge->n_calls > 0 &&
        !il_timer_is_active(&bridge->pump))
        (void)il_timer_start(bridge->loop, &bridge->pump, il_now());
}

static void destroy_source(ili_g_bridge *bridge)
{
    g_source_destroy(bridge->source);
    g_source_unref(bridge->source);
    bridge->source = NULL;
    bridge->ending = TRUE;
    ili_g_connections_end(bridge);
}

static void free_bridge(ili_g_bridge *bridge)
{
    ili_g_streams_end(bridge);
    ili_g_exports_end(bridge);
    /* il_g_end() in such a callback; and a task that was abandoned still waits. */
    (void)il_callback_cancel(&bridge->closing);
    g_queue_clear(&bridge->waiters);
    g_hash_table_unref(bridge->by_id);
    g_main_context_unref(bridge->context);
    g_free(bridge);
    current = NULL;
}

/* il_loop_close() instead of il_g_end(): the loop is gone, so are we. */
static void on_closing(void *data)
{
    ili_g_bridge *bridge = data;

    if (bridge->ending)
        return;
    destroy_source(bridge);
    free_bridge(bridge);
}

static ili_g_bridge *make_bridge(il_loop *loop, GMainContext *context)
{
    ili_g_bridge *bridge = g_new0(ili_g_bridge, 1);

    bridge->loop = loop;
    bridge->context =
        g_main_context_ref(context ? context : g_main_context_default());
    bridge->is_default = bridge->context == g_main_context_default();
    bridge->by_id = g_hash_table_new(NULL, NULL);
    bridge->pump = (il_timer)IL_TIMER_INIT(pump_context, bridge);
    bridge->end_waits =
        (il_callback)IL_CALLBACK_INIT(ili_g_waiters_end, bridge);
    bridge->closing = (il_callback)IL_CALLBACK_INIT(on_closing, bridge);
    return bridge;
}

int il_g_begin(GMainContext *context, il_loop **ret_loop)
{
    il_loop *loop = il_loop_current();
    int r = 0;

    if (!ret_loop)
        return -EINVAL;
    if (current)
        return -EBUSY;
    if (loop)
        (void)il_loop_ref(loop);
    else
        r = il_loop_new(&loop);
    if (r < 0)
        return r;

    current = make_bridge(loop, context);
    r = il_loop_start(loop, &glib_host, current);
    if (r < 0) {
        free_bridge(current);
        (void)il_loop_unref(loop);
        return r;
    }
    (void)il_loop_at_close(loop, &current->closing);
    current->source = attach_source(loop, current->context);
    *ret_loop = loop;
    return 0;
}

int il_g_end(il_loop *loop, il_time grace)
{
    ili_g_bridge *bridge = current;
    int r;

    if (!bridge || bridge->loop != loop || bridge->ending)
        return -EINVAL;
    if (il_loop_is_in_turn(loop) || bridge->main_loop)
        return -EBUSY;
    destroy_source(bridge);
    /* In the first turn of closing, when tasks have been cancelled: those that
     * a shield keeps waiting would wait for ever. */
    (void)il_post(loop, &bridge->end_waits);
    ili_g_bridge_count_call(bridge, 0);

    r = il_loop_close(loop, grace);
    free_bridge(bridge);
    (void)il_loop_unref(loop);
    return r;
}

static guest_source *source_of(il_loop *loop)
{
    if (!current || current->loop != loop || !current->source)
        return NULL;
    return (guest_source *)current->source;
}

int il_g_set_slice(il_loop *loop, il_time slice)
{
    guest_source *source = source_of(loop);

    if (!source || slice <= 0)
        return -EINVAL;
    source->slice = slice;
    return 0;
}

int il_g_set_priority(il_loop *loop, int priority, int busy_priority)
{
    guest_source *source = source_of(loop);

    if (!source || busy_priority < priority)
        return -EINVAL;
    source->priority = priority;
    source->busy_priority = busy_priority;
    g_source_set_priority(&source->base, priority);
    return 0;
}

/* --- in one call ------------------------------------------------------------------ */

int il_g_application_run(GApplication *application, int argc, char **argv)
{
    il_loop *loop;
    int status;
    int r;

    if (!G_IS_APPLICATION(application))
        return -EINVAL;
    r = il_g_begin(NULL, &loop);
    if (r < 0)
        return r;
    status = g_application_run(application, argc, argv);
    (void)il_g_end(loop, GRACE);
    return status;
}

int il_g_run(GMainContext *context, il_task_fn *main_fn, void *arg)
{
    il_loop *loop;
    int result;
    int r = il_g_begin(context, &loop);

    if (r < 0)
        return r;
    result = il_loop_run_owned(loop, main_fn, arg);
    (void)il_g_end(loop, GRACE);
    return result;
}
