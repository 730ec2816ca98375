/* SPDX-License-Identifier: MIT */

/* 27_limits.c - pictures are fetched, and scaled in 100 MiB of memory.
 *
 * The server likes three connections, and later two: each job borrows a token
 * for its connection and gives it back.
 *
 * Memory is a semaphore, a permit is a MiB.  Each job takes what its picture
 * needs, all at once, and waits until it can have it.  The poster needs nearly
 * all: it is not overtaken for ever by icons, which always fit. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct picture {
    const char *name;
    size_t mib;
    il_time takes;
};

static il_limiter server = IL_LIMITER_INIT(3);

static int fetch(const struct picture *picture)
{
    int r = 0;

    IL_WITH_TOKEN (&server, &r) {
        printf("%3d ms  %s is fetched, %zu of %zu connections\n",
               since_start_ms(), picture->name, il_limiter_count(&server),
               il_limiter_get_total(&server));
        r = il_sleep(IL_MS(50));
    }
    return r;
}

static il_semaphore memory = IL_BOUNDED_SEMAPHORE_INIT(100);

static int scale(const struct picture *picture)
{
    int r = 0;

    IL_WITH_PERMITS (&memory, picture->mib, &r) {
        printf("%3d ms  %s is scaled, %zu MiB left\n", since_start_ms(),
               picture->name, il_semaphore_count(&memory));
        r = il_sleep(picture->takes);
    }
    return r;
}

static int fetch_and_scale(void *arg)
{
    const struct picture *picture = arg;
    int r = fetch(picture);

    if (r == 0)
        r = scale(picture);
    if (r < 0)
        printf("%3d ms  %s: %s\n", since_start_ms(), picture->name,
               il_strerror(r));
    return 0;
}

/* The server has much to do. */
static int slow_down(void *arg)
{
    int r = il_sleep(IL_MS(20));

    (void)arg;
    if (r < 0)
        return r;
    printf("%3d ms  -- two connections, please\n", since_start_ms());
    return il_limiter_resize(&server, 2);
}

static int make_page(void *arg)
{
    struct picture pictures[] = {
        { "photo", 60, IL_MS(150) },  { "icon 1", 10, IL_MS(20) },
        { "poster", 90, IL_MS(100) }, { "icon 2", 10, IL_MS(20) },
        { "icon 3", 10, IL_MS(20) },  { "planet", 200, IL_MS(100) },
    };
    il_call calls[7] = { { .fn = slow_down } };

    (void)arg;
    start = il_now();
    for (int i = 0; i < 6; i++)
        calls[i + 1] = (il_call){ .fn = fetch_and_scale, .arg = &pictures[i] };
    return il_gather(calls, 7);
}

int main(void)
{
    int r = il_test_run(make_page, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "27_limits: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
