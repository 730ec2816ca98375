/* SPDX-License-Identifier: MIT */

/* 03_gather.c - run several functions at the same time and wait for all.
 *
 * Three downloads take as long as the slowest.  Results stay in call order,
 * whoever ends first.  When one fails, the rest are cancelled, and il_gather()
 * returns only after they have ended. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct download {
    const char *name;
    il_time duration;
    int outcome; /* what it comes to, if it is not cancelled */
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static int fetch(void *arg)
{
    const struct download *download = arg;
    int r = il_sleep(download->duration);

    if (r < 0)
        return r; /* cancelled */
    r = download->outcome;
    printf("%3d ms  %s: %s\n", since_start_ms(), download->name,
           r < 0 ? il_strerror(r) : "done");
    return r;
}

static int fetch_all(struct download *downloads)
{
    il_call calls[] = {
        { .fn = fetch, .arg = &downloads[0] },
        { .fn = fetch, .arg = &downloads[1] },
        { .fn = fetch, .arg = &downloads[2] },
    };
    int r;

    start = il_now();
    r = il_gather(calls, 3);
    printf("%3d ms  gather: %s, results", since_start_ms(),
           r < 0 ? il_strerror(r) : "all done");
    for (int i = 0; i < 3; i++) {
        if (calls[i].result < 0)
            printf(" %s", il_strerror(calls[i].result));
        else
            printf(" %d", calls[i].result);
    }
    printf("\n");
    return r;
}

static int gather_twice(void *arg)
{
    struct download downloads[] = {
        { "a", IL_MS(300), 10 },
        { "b", IL_MS(100), 20 },
        { "c", IL_MS(200), 30 },
    };
    int r;

    (void)arg;
    r = fetch_all(downloads);
    if (r < 0)
        return r;

    printf("-- and now b fails\n");
    downloads[1].outcome = -ECONNREFUSED;
    r = fetch_all(downloads);
    return r == -ECONNREFUSED ? 0 : r;
}

int main(void)
{
    int r = il_test_run(gather_twice, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "03_gather: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
