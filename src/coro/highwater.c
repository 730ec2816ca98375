/* SPDX-License-Identifier: MIT */

/* highwater.c - how much of a stack was touched.
 *
 * mincore() tells of whole pages; what was swapped out is missed if it is below
 * all that was not. */

#include "config.h"

#include "coro/highwater.h"

#include "coro/annotate.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define AT_ONCE 256u

static uintptr_t page_size(void)
{
    return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static const char *page_of(const void *p)
{
    return (const char *)((uintptr_t)p & ~(uintptr_t)(page_size() - 1));
}

/* The lowest page with memory; that of `top` at the latest. */
static const char *find_page(const char *base, const char *top)
{
    unsigned char pages[AT_ONCE];
    const char *last = page_of(top);

    for (const char *p = base; p < last;) {
        size_t n = (size_t)(last - p) / page_size();

        n = n < AT_ONCE ? n : AT_ONCE;
        if (mincore((void *)p, n * page_size(), pages) < 0)
            return last;
        for (size_t i = 0; i < n; i++)
            if (pages[i] & 1)
                return p + i * page_size();
        p += n * page_size();
    }
    return last;
}

/* The lowest word that is not zero. */
ILI_NO_SANITIZE static const char *find_word(const char *from, const char *top)
{
    const volatile uintptr_t *word = (const volatile uintptr_t *)from;

    while ((const char *)word < top && *word == 0)
        word++;
    return (const char *)word;
}

size_t ili_stack_used(const void *base, const void *top)
{
    int errno_before = errno;
    const char *lowest = find_page(base, top);

    errno = errno_before;
    if (ili_annotate_may_look())
        lowest = find_word(lowest, top);
    return (size_t)((const char *)top - lowest);
}

ILI_NO_SANITIZE static void zero(char *from, const char *to)
{
    for (volatile char *p = from; p < to; p++)
        *p = 0;
}

void ili_stack_clean(void *base, const void *top)
{
    int errno_before = errno;
    char *last = (char *)base + (page_of(top) - (const char *)base);

    if (last > (char *)base)
        (void)madvise(base, (size_t)(last - (char *)base), MADV_DONTNEED);
    errno = errno_before;
    if (ili_annotate_may_look())
        zero(last, top);
}
