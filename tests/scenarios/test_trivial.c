/* SPDX-License-Identifier: MIT */

/* test_trivial.c - every scenario as a guest of the trivial host. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("trivial", run_trivial);
}
