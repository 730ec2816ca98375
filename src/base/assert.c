/* SPDX-License-Identifier: MIT */

/* assert.c - the end of a program whose invariants are broken. */

#include "config.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void ili_assert_failed(const char *condition, const char *file, unsigned line)
{
    fprintf(stderr, "interloop: broken invariant: %s (%s:%u)\n", condition,
            file, line);
    abort();
}
