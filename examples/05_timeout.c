/* SPDX-License-Identifier: MIT */

/* 05_timeout.c - time limits inside time limits.
 *
 * A time limit turns -ECANCELED into -ETIMEDOUT only where its own deadline
 * fired.  The inner block of the second case is cancelled because the outer
 * one ran out of time, and can tell the difference. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static const char *name_of(int r)
{
    return r < 0 ? il_strerror(r) : "in time";
}

static int work(const char *title, il_time limit, il_time duration)
{
    int r = 0;

    IL_TIMEOUT (limit, &r) {
        r = il_sleep(duration);
    }
    printf("%s: after %d ms the inner block: %s\n", title, since_start_ms(),
           name_of(r));
    return r;
}

static int try_limits(const char *title, il_time outer, il_time inner,
                      il_time duration)
{
    int r = 0;

    start = il_now();
    IL_TIMEOUT (outer, &r) {
        (void)work(title, inner, duration);

        /* If only the inner block timed out, that is over and done with. */
        r = il_sleep(IL_MS(10));
    }
    printf("%s: after %d ms the outer block: %s\n", title, since_start_ms(),
           name_of(r));
    return r;
}

static int timeouts(void *arg)
{
    int r;

    (void)arg;
    r = try_limits("inner fires", IL_MS(500), IL_MS(100), IL_SEC(60));
    if (r != 0)
        return r;
    r = try_limits("outer fires", IL_MS(100), IL_MS(500), IL_SEC(60));
    if (r != -ETIMEDOUT)
        return r;
    return try_limits("none fires", IL_MS(500), IL_MS(200), IL_MS(50));
}

int main(void)
{
    int r = il_test_run(timeouts, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "05_timeout: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
