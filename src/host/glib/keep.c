/* SPDX-License-Identifier: MIT */

/* keep.c - keep an object in memory without keeping it alive.
 *
 * A slot that is suspended uses its sender and its receiver when it goes on,
 * if only in its clean-up.  So both must stay in memory; but a slot must not
 * be what keeps a closed window around.  GObject's toggle references do just
 * that: they tell when they are the last one.  Then the slot is cancelled, and
 * when it has returned the object goes.
 *
 * Toggle references tell nothing when an object has several, so all keepers of
 * an object share one, and a record in the object's data.  Several loops may
 * keep an object, each in its thread.  So records and their lists change under
 * a lock, but references come and go without it: that may run anybody's code.
 * While one record goes and the next is there already, the object has two of
 * our references, and tells when the first has gone. */

#include "config.h"

#include "host/glib/bridge.h"

static GMutex lock;

struct record {
    GPtrArray *keepers; /* ili_g_keeper */
};

static GQuark record_quark(void)
{
    return g_quark_from_static_string("interloop-keepers");
}

/* Runs inside somebody's g_object_unref(): the keepers only queue. */
static void on_toggle(gpointer data, GObject *object, gboolean is_last)
{
    struct record *record = data;

    (void)object;
    g_mutex_lock(&lock);
    for (guint i = 0; is_last && i < record->keepers->len; i++) {
        ili_g_keeper *keeper = g_ptr_array_index(record->keepers, i);

        keeper->alone(keeper->data);
    }
    g_mutex_unlock(&lock);
}

void ili_g_keep(ili_g_keeper *keeper, gpointer object, ili_g_keeper_fn *alone,
                gpointer data)
{
    struct record *record;
    gboolean is_first;

    keeper->object = object;
    keeper->alone = alone;
    keeper->data = data;
    if (!object)
        return;
    g_mutex_lock(&lock);
    record = g_object_get_qdata(object, record_quark());
    is_first = !record;
    if (is_first) {
        record = g_new0(struct record, 1);
        record->keepers = g_ptr_array_new();
        g_object_set_qdata(object, record_quark(), record);
    }
    g_ptr_array_add(record->keepers, keeper);
    g_mutex_unlock(&lock);
    /* Whoever finds the record before this has a caller with a reference. */
    if (is_first)
        g_object_add_toggle_ref(object, on_toggle, record);
}

void ili_g_let_go(ili_g_keeper *keeper)
{
    GObject *object = keeper->object;
    struct record *record;
    gboolean was_last;

    if (!object)
        return;
    keeper->object = NULL;
    g_mutex_lock(&lock);
    record = g_object_get_qdata(object, record_quark());
    g_ptr_array_remove_fast(record->keepers, keeper);
    was_last = record->keepers->len == 0;
    if (was_last) /* nobody finds it any more */
        g_object_set_qdata(object, record_quark(), NULL);
    g_mutex_unlock(&lock);
    if (!was_last)
        return;
    g_object_remove_toggle_ref(object, on_toggle, record);
    g_ptr_array_unref(record->keepers);
    g_free(record);
}
