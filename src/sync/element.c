/* SPDX-License-Identifier: MIT */

/* element.c - room for values of one size. */

#include "config.h"

#include "sync/element.h"

#include <errno.h>
#include <stdlib.h>

int ili_ring_check(size_t n, size_t size)
{
    ILI_RETURN_IF_FAIL(size > 0, -EINVAL);
    return ili_is_too_big(n, size, 0) ? -ENOMEM : 0;
}

int ili_ring_new(size_t n, size_t size, void **ret_ring)
{
    void *ring = NULL;
    int r = ili_ring_check(n, size);

    if (r < 0)
        return r;
    if (n > 0) {
        ring = malloc(n * size);
        if (!ring)
            return -ENOMEM;
    }
    *ret_ring = ring;
    return 0;
}
