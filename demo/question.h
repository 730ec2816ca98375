/* SPDX-License-Identifier: MIT */
#ifndef DEMO_QUESTION_H
#define DEMO_QUESTION_H

/**
 * @file question.h
 * @brief A modal window with a question and a button for each answer.
 *
 * It knows nothing of tasks: it emits "answered" with the answer's index and
 * leaves it to others to wait for that.  Closing it is an answer as well: -1.
 */

#include <gtk/gtk.h>

#define DEMO_TYPE_QUESTION (demo_question_get_type())
G_DECLARE_FINAL_TYPE(DemoQuestion, demo_question, DEMO, QUESTION, GtkWindow)

/** What to ask. */
struct question {
    const char *title;
    const char *text;
    const char *const *answers; /* ends with NULL */
    unsigned suggested;         /* index of the answer for Enter */
};

/** Make the window, not shown yet; GTK owns it until it is closed. */
DemoQuestion *demo_question_new(GtkWindow *parent,
                                const struct question *question);

#endif
