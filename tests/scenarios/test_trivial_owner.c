/* SPDX-License-Identifier: MIT */

/* test_trivial_owner.c - every scenario as owner of the trivial host. */

#include "runner.h"

int main(void)
{
    return run_all_scenarios("trivial_owner", run_trivial_owner);
}
