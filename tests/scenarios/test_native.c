/* SPDX-License-Identifier: MIT */

/* test_native.c - every scenario on a loop that sleeps by itself. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("native", run_native);
}
