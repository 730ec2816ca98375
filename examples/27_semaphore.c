/* SPDX-License-Identifier: MIT */

/* 27_semaphore.c - pictures are scaled in 100 MiB of memory.
 *
 * A permit is a MiB.  Each job takes what its picture needs, all at once, and
 * waits until it can have it.  The poster needs nearly all: it is not overtaken
 * for ever by icons, which always fit. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static il_semaphore memory = IL_BOUNDED_SEMAPHORE_INIT(100);

struct picture {
    const char *name;
    size_t mib;
    il_time takes;
};

static int scale(void *arg)
{
    const struct picture *picture = arg;
    int r = 0;

    IL_WITH_PERMITS(&memory, picture->mib, &r)
    {
        printf("%3d ms  %s begins, %zu MiB left\n", since_start_ms(),
               picture->name, il_semaphore_count(&memory));
        r = il_sleep(picture->takes);
    }
    if (r < 0)
        printf("%3d ms  %s: %s\n", since_start_ms(), picture->name,
               il_strerror(r));
    return 0;
}

static int scale_all(void *arg)
{
    struct picture pictures[] = {
        { "photo", 60, IL_MS(100) },  { "icon 1", 10, IL_MS(20) },
        { "poster", 90, IL_MS(100) }, { "icon 2", 10, IL_MS(20) },
        { "icon 3", 10, IL_MS(20) },  { "planet", 200, IL_MS(100) },
    };
    il_call calls[6];

    (void)arg;
    start = il_now();
    for (int i = 0; i < 6; i++)
        calls[i] = (il_call){ .fn = scale, .arg = &pictures[i] };
    return il_gather(calls, 6);
}

int main(void)
{
    int r = il_test_run(scale_all, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "27_semaphore: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
