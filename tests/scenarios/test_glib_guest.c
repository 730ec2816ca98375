/* SPDX-License-Identifier: MIT */

/* test_glib_guest.c - every scenario as a guest of GLib's default context. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("glib_guest", run_glib_guest);
}
