/* SPDX-License-Identifier: MIT */
#ifndef GLIB_GUEST_FIXTURE_H
#define GLIB_GUEST_FIXTURE_H

/* guest_fixture.h - a guest of the default main context for one test.
 *
 * The teardown ends the guest and fails the test on failed checks, leaked
 * descriptors, leaked senders and reports that nobody took. */

#include "../support/fixture.h"
#include "sender.h"

#include <interloop/glib.h>

int guest_setup(void **state);
int guest_teardown(void **state);

/* For cmocka_run_group_tests(): makes GLib open the descriptors that it keeps
 * for the life of the process. */
int guest_group_setup(void **state);

/* Let the default context run until *flag or for LIMIT_MS.  Returns *flag. */
bool iterate_until(const bool *flag, int limit_ms);

/* Let the default context run for so long, and until it has caught up. */
void iterate_for(int ms);

/* Let the default context run until as much was noted as is expected, and a
 * moment longer for what is not; fail the test if it is something else.  For
 * machines where others have the processor as well. */
void expect_notes(const char *expected);

#define GUEST_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)

#endif
