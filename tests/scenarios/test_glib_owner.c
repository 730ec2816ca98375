/* SPDX-License-Identifier: MIT */

/* test_glib_owner.c - every scenario as owner of a GLib main loop. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("glib_owner", run_glib_owner);
}
