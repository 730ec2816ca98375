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
 * an object share one, and a record in the object's data.
 *
 * Keepers come and go on the threads of several loops, the last reference of
 * somebody else on any, and GObject calls on_toggle() without a lock: it may
 * come when the toggle reference has been removed.  So it gets no pointer but
 * the number of a record, which is never used again.
 *
 * And it looks at the object before it calls us, though that thread has no
 * reference any more (up to GLib 2.78): the object must not go in between.
 * GObject tells of each step of the count from two to one, and back.  While we
 * hold a plain reference besides the toggle reference there were as many of one
 * kind as of the other; so if fewer ends were told than beginnings, a thread is
 * on its way.  Then the last keeper leaves an *orphan*, and that thread, when
 * it arrives, lets go of the object.
 *
 * But not every beginning that is told is one.  A thread that takes the second
 * reference to an object looks for toggle references afterwards, and may find
 * one that we have added meanwhile; nobody will tell the end of that, and the
 * orphan stayed for ever.  Such a thread has its reference since before ours:
 * until it has told, nobody can be the last.  So a beginning counts only when an
 * end was told before, or when it is that of ili_g_let_go() itself, whose record
 * is there for certain. */

#include "config.h"

#include "host/glib/bridge.h"

#include <pthread.h>

struct record {
    gpointer number;
    GPtrArray *keepers; /* ili_g_keeper */
    guint n_up, n_down; /* notifications: others hold it again; nobody does.
                           Those that cannot be trusted are not counted. */
    gboolean orphan;    /* no keepers; a plain reference is held, see below */
};

/* Of what follows and of all that is in records.  Nobody else's code runs under
 * it: toggle references and finalizers are called where the count of references
 * becomes one or none, and here it is kept above.  Not a GMutex, which
 * ThreadSanitizer cannot see. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *records; /* struct record, by number */
static gsize last_number;

/* This thread takes the reference that ili_g_let_go() needs. */
static __thread gboolean letting_go;

static GQuark record_quark(void)
{
    return g_quark_from_static_string("interloop-keepers");
}

/* Whether a thread is about to tell that nobody else holds the object. */
static gboolean is_awaited(const struct record *record)
{
    return record->n_down < record->n_up;
}

static void tell_keepers(const struct record *record)
{
    for (guint i = 0; i < record->keepers->len; i++) {
        ili_g_keeper *keeper = g_ptr_array_index(record->keepers, i);

        keeper->alone(keeper->data);
    }
}

static void on_toggle(gpointer number, GObject *object, gboolean is_last);

static void record_free(struct record *record, GObject *object)
{
    g_object_set_qdata(object, record_quark(), NULL);
    g_object_remove_toggle_ref(object, on_toggle, record->number);
    (void)g_hash_table_remove(records, record->number);
    if (g_hash_table_size(records) == 0)
        g_clear_pointer(&records, g_hash_table_unref);
    g_ptr_array_unref(record->keepers);
    g_free(record);
}

/* Runs inside somebody's g_object_unref(): the keepers only queue. */
static void on_toggle(gpointer number, GObject *object, gboolean is_last)
{
    struct record *record;
    gboolean let_go = FALSE;

    (void)pthread_mutex_lock(&lock);
    record = records ? g_hash_table_lookup(records, number) : NULL;
    if (record && is_last) {
        record->n_down++;
        tell_keepers(record);
        let_go = record->orphan && !is_awaited(record);
    } else if (record && (letting_go || record->n_down > 0)) {
        record->n_up++;
    }
    if (let_go)
        record_free(record, object);
    (void)pthread_mutex_unlock(&lock);
    if (let_go)
        g_object_unref(object);
}

static struct record *record_new(GObject *object)
{
    struct record *record = g_new0(struct record, 1);

    if (!records)
        records = g_hash_table_new(NULL, NULL);
    record->number = GSIZE_TO_POINTER(++last_number);
    record->keepers = g_ptr_array_new();
    (void)g_hash_table_insert(records, record->number, record);
    g_object_set_qdata(object, record_quark(), record);
    g_object_add_toggle_ref(object, on_toggle, record->number);
    return record;
}

void ili_g_keep(ili_g_keeper *keeper, gpointer object, ili_g_keeper_fn *alone,
                gpointer data)
{
    struct record *record;
    gboolean was_orphan;

    keeper->object = object;
    keeper->alone = alone;
    keeper->data = data;
    if (!object)
        return;
    g_object_ref(object);
    (void)pthread_mutex_lock(&lock);
    record = g_object_get_qdata(object, record_quark());
    if (!record)
        record = record_new(object);
    was_orphan = record->orphan;
    record->orphan = FALSE;
    g_ptr_array_add(record->keepers, keeper);
    (void)pthread_mutex_unlock(&lock);
    g_object_unref(object);
    if (was_orphan)
        g_object_unref(object);
}

void ili_g_let_go(ili_g_keeper *keeper)
{
    GObject *object = keeper->object;
    struct record *record;
    gboolean orphan = FALSE;

    if (!object)
        return;
    keeper->object = NULL;
    letting_go = TRUE;
    g_object_ref(object);
    letting_go = FALSE;
    (void)pthread_mutex_lock(&lock);
    record = g_object_get_qdata(object, record_quark());
    g_ptr_array_remove_fast(record->keepers, keeper);
    if (record->keepers->len == 0)
        orphan = record->orphan = is_awaited(record);
    if (record->keepers->len == 0 && !orphan)
        record_free(record, object);
    (void)pthread_mutex_unlock(&lock);
    if (!orphan)
        g_object_unref(object);
}
