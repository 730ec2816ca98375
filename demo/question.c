/* SPDX-License-Identifier: MIT */

/* question.c - a modal window that emits a signal.
 *
 * GtkMessageDialog would do, but GTK has deprecated it, and a window of thirty
 * lines shows better that nothing special is needed.
 *
 * That it was closed is told by the signal, not by its end: GTK disposes of a
 * window that was closed when nobody holds it any more, and who waits for an
 * answer does. */

#include "question.h"

#include "layout.h"

#include <interloop/glib.h>

struct _DemoQuestion {
    GtkWindow parent;
    GtkLabel *text;
    GtkBox *buttons;
};

G_DEFINE_FINAL_TYPE(DemoQuestion, demo_question, GTK_TYPE_WINDOW)

static guint answered;

static int on_answer(il_g_emission *emission, void *question)
{
    GObject *button = il_g_emission_get_sender(emission);
    int index = GPOINTER_TO_INT(g_object_get_data(button, "answer"));

    g_signal_emit(question, answered, 0, index);
    return 0;
}

static gboolean demo_question_close_request(GtkWindow *window)
{
    g_signal_emit(window, answered, 0, -1);
    return GTK_WINDOW_CLASS(demo_question_parent_class)->close_request(window);
}

static void on_map(GtkWidget *widget, gpointer data)
{
    (void)data;
    layout_watch_close(GTK_WINDOW(widget), "question");
}

static void add_answer(DemoQuestion *self, const char *label, unsigned index,
                       gboolean suggested)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);
    char key[16];

    g_object_set_data(G_OBJECT(button), "answer", GINT_TO_POINTER(index));
    gtk_widget_set_size_request(button, 96, -1);
    gtk_box_append(self->buttons, button);
    if (suggested) {
        gtk_widget_add_css_class(button, "suggested-action");
        gtk_window_set_default_widget(GTK_WINDOW(self), button);
    }
    il_g_connect(button, "clicked", on_answer, self, IL_G_SKIP_WHILE_BUSY);
    g_snprintf(key, sizeof key, "answer%u", index);
    layout_watch(button, "question", key);
}

static void demo_question_class_init(DemoQuestionClass *class)
{
    GTK_WINDOW_CLASS(class)->close_request = demo_question_close_request;
    answered = g_signal_new("answered", G_TYPE_FROM_CLASS(class),
                            G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                            1, G_TYPE_INT);
    gtk_widget_class_add_binding_action(GTK_WIDGET_CLASS(class), GDK_KEY_Escape,
                                        0, "window.close", NULL);
}

static void demo_question_init(DemoQuestion *self)
{
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 24);

    self->text = GTK_LABEL(gtk_label_new(NULL));
    self->buttons = GTK_BOX(gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12));
    gtk_box_set_homogeneous(self->buttons, TRUE);
    gtk_widget_set_halign(GTK_WIDGET(self->buttons), GTK_ALIGN_CENTER);
    gtk_label_set_wrap(self->text, TRUE);
    gtk_label_set_justify(self->text, GTK_JUSTIFY_CENTER);
    gtk_label_set_max_width_chars(self->text, 40);
    gtk_box_append(GTK_BOX(column), GTK_WIDGET(self->text));
    gtk_box_append(GTK_BOX(column), GTK_WIDGET(self->buttons));
    gtk_widget_add_css_class(column, "question");
    gtk_window_set_child(GTK_WINDOW(self), column);
    gtk_window_set_titlebar(GTK_WINDOW(self), gtk_header_bar_new());
    g_signal_connect_after(self, "map", G_CALLBACK(on_map), NULL);
}

DemoQuestion *demo_question_new(GtkWindow *parent,
                                const struct question *question)
{
    DemoQuestion *self =
        g_object_new(DEMO_TYPE_QUESTION, "transient-for", parent, "modal", TRUE,
                     "destroy-with-parent", TRUE, "resizable", FALSE, "title",
                     question->title, "application",
                     gtk_window_get_application(parent), NULL);

    gtk_label_set_text(self->text, question->text);
    for (unsigned i = 0; question->answers[i]; i++)
        add_answer(self, question->answers[i], i, i == question->suggested);
    return self;
}
