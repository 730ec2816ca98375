/* SPDX-License-Identifier: MIT */

/* glib_hosts.c - GLib as host and as owner, on whatever main context is the
 * default of the thread. */

#include "config.h"

#include "hosts.h"

#include "../support/check.h"

#include <interloop/glib.h>

#include <errno.h>
#include <pthread.h>

enum { LIMIT_MS = 30000 };

struct main_task {
    il_task_fn *fn;
    void *arg;
    GMainLoop *main_loop;
    int result;
};

static int run_then_quit(void *arg)
{
    struct main_task *m = arg;

    m->result = m->fn(m->arg);
    g_main_loop_quit(m->main_loop);
    return 0;
}

static gboolean give_up(gpointer data)
{
    CHECK(!"the main task ended in time");
    g_main_loop_quit(data);
    return G_SOURCE_CONTINUE;
}

int run_glib_guest(il_task_fn *fn, void *arg)
{
    GMainContext *context = g_main_context_ref_thread_default();
    GSource *limit = g_timeout_source_new(LIMIT_MS);
    struct main_task m = { fn, arg, g_main_loop_new(context, FALSE), -ETIME };
    il_loop *loop;

    g_source_set_callback(limit, give_up, m.main_loop, NULL);
    (void)g_source_attach(limit, context);
    CHECK_INT(il_g_begin(context, &loop), 0);
    CHECK(il_loop_is_guest(loop));
    /* Lazy, or it might quit a loop that does not run yet. */
    CHECK_INT(il_spawn_lazy(NULL, run_then_quit, &m, NULL), 0);
    g_main_loop_run(m.main_loop);
    CHECK_INT(il_loop_count_tasks(loop), 0);
    CHECK_INT(il_g_end(loop, IL_SEC(5)), 0);
    CHECK(il_loop_current() == NULL);

    g_source_destroy(limit);
    g_source_unref(limit);
    g_main_loop_unref(m.main_loop);
    g_main_context_unref(context);
    return m.result;
}

int run_glib_owner(il_task_fn *fn, void *arg)
{
    GMainContext *context = g_main_context_ref_thread_default();
    int r = il_g_run(context, fn, arg);

    CHECK(il_loop_current() == NULL);
    g_main_context_unref(context);
    return r;
}

/* --- In a thread of its own ----------------------------------------------- */

static void *run_on_own_context(void *arg)
{
    struct main_task *m = arg;
    GMainContext *context = g_main_context_new();

    g_main_context_push_thread_default(context);
    m->result = run_glib_guest(m->fn, m->arg);
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    return NULL;
}

int run_glib_thread(il_task_fn *fn, void *arg)
{
    struct main_task m = { fn, arg, NULL, -ETIME };
    pthread_t thread;

    if (!CHECK_INT(pthread_create(&thread, NULL, run_on_own_context, &m), 0))
        return -EAGAIN;
    CHECK_INT(pthread_join(thread, NULL), 0);
    return m.result;
}
