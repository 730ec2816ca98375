/* SPDX-License-Identifier: MIT */

/* test_poll.c - every scenario inside a plain loop around ppoll(). */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("poll", run_polled);
}
