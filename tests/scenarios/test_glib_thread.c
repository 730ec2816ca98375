/* SPDX-License-Identifier: MIT */

/* test_glib_thread.c - every scenario as a guest of GLib, in a thread and on a
 * main context of its own. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("glib_thread", run_glib_thread);
}
