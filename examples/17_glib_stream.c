/* SPDX-License-Identifier: MIT */

/* 17_glib_stream.c - three ways to wait for what objects say.
 *
 * Two scales weigh what is put on them and say so.  The clerk first waits for a
 * heavy piece, then for the shop to close, and then reads from a stream what
 * both scales said while he was away: more than it can hold. */

#include <interloop/glib.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EXAMPLE_TYPE_SCALE (scale_get_type())
G_DECLARE_FINAL_TYPE(Scale, scale, EXAMPLE, SCALE, GObject)

struct _Scale {
    GObject parent;
    gboolean closed;
};

G_DEFINE_TYPE(Scale, scale, G_TYPE_OBJECT)

static void scale_get_property(GObject *object, guint id, GValue *value,
                               GParamSpec *spec)
{
    (void)id;
    (void)spec;
    g_value_set_boolean(value, EXAMPLE_SCALE(object)->closed);
}

static void scale_set_property(GObject *object, guint id, const GValue *value,
                               GParamSpec *spec)
{
    (void)id;
    (void)spec;
    EXAMPLE_SCALE(object)->closed = g_value_get_boolean(value);
}

static void scale_class_init(ScaleClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);

    object_class->get_property = scale_get_property;
    object_class->set_property = scale_set_property;
    g_object_class_install_property(
        object_class, 1,
        g_param_spec_boolean("closed", NULL, NULL, FALSE, G_PARAM_READWRITE));
    g_signal_new("weighed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
                 NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                 G_TYPE_DOUBLE);
}

static void scale_init(Scale *self)
{
    (void)self;
}

enum { LEFT, RIGHT };
static const char *const sides[] = { "left", "right" };

struct shop {
    Scale *left;
    Scale *right;
    il_g_stream *stream;
};

static int customers(void *arg)
{
    static const char *const goods[] = { "apple", "pear", "melon", "plum",
                                         "grape" };
    static const double kilos[] = { 0.2, 0.3, 2.5, 0.1, 0.05 };
    const struct shop *shop = arg;

    for (int i = 0; i < 5; i++) {
        int r = il_sleep(IL_MS(1));

        if (r < 0)
            return r;
        g_signal_emit_by_name(i % 2 ? shop->right : shop->left, "weighed",
                              goods[i], kilos[i]);
    }
    g_object_set(shop->left, "closed", TRUE, NULL);
    return 0;
}

/* Asked inside each emission; what does not match is not even copied. */
static bool is_heavy(const il_g_emission *emission, gpointer least)
{
    return il_g_emission_get_double(emission, 1) >= *(double *)least;
}

static int wait_for_heavy(const struct shop *shop)
{
    double least = 1;
    il_g_emission *heavy;
    int r = il_g_wait_signal_if(shop->left, "weighed", IL_SEC(10), is_heavy,
                                &least, &heavy);

    if (r < 0)
        return r;
    printf("heavy: %s, %.1f kg\n", il_g_emission_get_string(heavy, 0),
           il_g_emission_get_double(heavy, 1));
    il_g_emission_free(heavy);
    return 0;
}

static int read_stream(const struct shop *shop)
{
    il_g_emission *e;
    int r;

    while ((r = il_g_stream_next(shop->stream, IL_MS(5), &e)) == 0) {
        printf("%s: %s, %.2f kg\n",
               sides[GPOINTER_TO_INT(il_g_emission_get_tag(e))],
               il_g_emission_get_string(e, 0), il_g_emission_get_double(e, 1));
        il_g_emission_free(e);
    }
    printf("%u lost; no more: %s\n",
           (unsigned)il_g_stream_get_n_lost(shop->stream), il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}

static int keep_shop(struct shop *shop)
{
    int r = il_g_stream_new(3, IL_G_DROP_OLDEST, &shop->stream);

    if (r == 0)
        r = il_g_stream_add(shop->stream, shop->left, "weighed",
                            GINT_TO_POINTER(LEFT));
    if (r == 0)
        r = il_g_stream_add(shop->stream, shop->right, "weighed",
                            GINT_TO_POINTER(RIGHT));
    if (r == 0)
        r = il_spawn(NULL, customers, shop, NULL);
    if (r == 0)
        r = wait_for_heavy(shop);
    if (r == 0)
        r = il_g_wait_property_boolean(shop->left, "closed", TRUE, IL_SEC(10));
    if (r == 0) {
        printf("closed\n");
        r = read_stream(shop);
    }
    shop->stream = il_g_stream_free(shop->stream);
    return r;
}

static int story(void *arg)
{
    g_autoptr(Scale) left = g_object_new(EXAMPLE_TYPE_SCALE, NULL);
    g_autoptr(Scale) right = g_object_new(EXAMPLE_TYPE_SCALE, NULL);
    struct shop shop = { .left = left, .right = right };

    (void)arg;
    return keep_shop(&shop);
}

int main(void)
{
    int r = il_g_run(NULL, story, NULL);

    if (r < 0)
        fprintf(stderr, "17_glib_stream: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
