/* SPDX-License-Identifier: MIT */

/* watch.c - be told when an object is disposed, in whatever thread.
 *
 * g_object_weak_unref() cannot be called safely while another thread may be
 * disposing of the object: the notification may be on its way already.  So
 * each object that is watched gets one weak reference, for good, and a record
 * with a list of who wants to know.  Lists change under a lock, and a watch
 * that was taken out of its list will not be told. */

#include "config.h"

#include "host/glib/annotate.h"
#include "host/glib/bridge.h"

static GMutex lock;

struct ili_g_watched {
    GQueue watches; /* ili_g_watch.link */
};

static void enter(void)
{
    g_mutex_lock(&lock);
    (void)ili_g_published(&lock);
}

static void leave(void)
{
    ili_g_publish(&lock);
    g_mutex_unlock(&lock);
}

static GQuark record_quark(void)
{
    return g_quark_from_static_string("interloop-watched");
}

/* Called from dispose.  Whoever is told may watch again: a new record. */
static void on_disposed(gpointer data, GObject *object)
{
    struct ili_g_watched *record = data;

    enter();
    g_object_set_qdata(object, record_quark(), NULL);
    leave();
    for (;;) {
        GList *link;
        ili_g_watch *watch;

        enter();
        link = g_queue_pop_head_link(&record->watches);
        watch = link ? link->data : NULL;
        if (watch) {
            watch->record = NULL;
            watch->hold(watch->data); /* or it is freed when we unlock */
        }
        leave();
        if (!watch)
            break;
        watch->gone(watch->data);
    }
    g_free(record);
}

void ili_g_watch_begin(ili_g_watch *watch, GObject *object)
{
    struct ili_g_watched *record;

    enter();
    record = g_object_get_qdata(object, record_quark());
    if (!record) {
        record = g_new0(struct ili_g_watched, 1);
        g_object_set_qdata(object, record_quark(), record);
        g_object_weak_ref(object, on_disposed, record);
    }
    watch->link = (GList){ .data = watch };
    watch->record = record;
    g_queue_push_tail_link(&record->watches, &watch->link);
    leave();
}

void ili_g_watch_end(ili_g_watch *watch)
{
    enter();
    if (watch->record)
        g_queue_unlink(&watch->record->watches, &watch->link);
    watch->record = NULL;
    leave();
}
