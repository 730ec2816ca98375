/* SPDX-License-Identifier: MIT */

/* sender.c - an object that says what it is told to say. */

#include "sender.h"

struct _TestSender {
    GObject parent_instance;
    gint level; /* atomic */
};

G_DEFINE_TYPE(TestSender, test_sender, G_TYPE_OBJECT)

enum { POKED, ASKED, PASSED, N_SIGNALS };
enum { PROP_LEVEL = 1 };

static guint signals[N_SIGNALS];
static gint n_senders; /* atomic: they may go in any thread */

static void get_property(GObject *object, guint id, GValue *value,
                         GParamSpec *spec)
{
    (void)id;
    (void)spec;
    g_value_set_int(value, g_atomic_int_get(&TEST_SENDER(object)->level));
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *spec)
{
    (void)id;
    (void)spec;
    g_atomic_int_set(&TEST_SENDER(object)->level, g_value_get_int(value));
}

static void finalize(GObject *object)
{
    (void)g_atomic_int_add(&n_senders, -1);
    G_OBJECT_CLASS(test_sender_parent_class)->finalize(object);
}

static void test_sender_class_init(TestSenderClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = get_property;
    object_class->set_property = set_property;
    object_class->finalize = finalize;
    g_object_class_install_property(
        object_class, PROP_LEVEL,
        g_param_spec_int("level", NULL, NULL, 0, 100, 0, G_PARAM_READWRITE));
    signals[POKED] = g_signal_new(
        "poked", TEST_TYPE_SENDER, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0,
        NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);
    signals[ASKED] = g_signal_new("asked", TEST_TYPE_SENDER, G_SIGNAL_RUN_LAST,
                                  0, g_signal_accumulator_true_handled, NULL,
                                  NULL, G_TYPE_BOOLEAN, 1, G_TYPE_INT);
    signals[PASSED] = g_signal_new("passed", TEST_TYPE_SENDER,
                                   G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_OBJECT);
}

static void test_sender_init(TestSender *sender)
{
    (void)sender;
    g_atomic_int_inc(&n_senders);
}

TestSender *test_sender_new(void)
{
    return g_object_new(TEST_TYPE_SENDER, NULL);
}

void test_sender_poke(TestSender *sender, int number, const char *text)
{
    g_signal_emit(sender, signals[POKED], 0, number, text);
}

gboolean test_sender_ask(TestSender *sender, int number)
{
    gboolean answer = FALSE;

    g_signal_emit(sender, signals[ASKED], 0, number, &answer);
    return answer;
}

unsigned test_sender_count(void)
{
    return (unsigned)g_atomic_int_get(&n_senders);
}
