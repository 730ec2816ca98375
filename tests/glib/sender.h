/* SPDX-License-Identifier: MIT */
#ifndef GLIB_SENDER_H
#define GLIB_SENDER_H

/* sender.h - an object with signals of every kind the tests need.
 *
 *   "poked"   (int number, char *text); may have details
 *   "asked"   (int number) -> boolean, the first TRUE ends the emission
 *   "passed"  (GObject *thing)
 *   "level"   an integer property, for notify::level */

#include <glib-object.h>

G_BEGIN_DECLS

#define TEST_TYPE_SENDER (test_sender_get_type())
G_DECLARE_FINAL_TYPE(TestSender, test_sender, TEST, SENDER, GObject)

TestSender *test_sender_new(void);
void test_sender_poke(TestSender *sender, int number, const char *text);
gboolean test_sender_ask(TestSender *sender, int number);

/* How many senders exist. */
unsigned test_sender_count(void);

G_END_DECLS

#endif
