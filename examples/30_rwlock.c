/* SPDX-License-Identifier: MIT */

/* 30_rwlock.c - a price list that is printed often and changed seldom.
 *
 * Printing takes time, so a list that is changed meanwhile would come out half
 * old and half new.  Any number of tasks may print at once; who changes it waits
 * for those that print, and those that come after wait for the change. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct prices {
    il_rwlock lock;
    int bread;
    int milk;
};

struct visitor {
    struct prices *prices;
    const char *name;
    il_time comes_after;
    int raises_by; /* 0: only reads */
};

static int print_prices(const struct visitor *me)
{
    int bread = me->prices->bread;
    int r = il_sleep(IL_MS(100)); /* a slow printer */

    if (r == 0)
        printf("%3d ms  %s reads: bread %d, milk %d\n", since_start_ms(),
               me->name, bread, me->prices->milk);
    return r;
}

static int raise_prices(const struct visitor *me)
{
    int r;

    me->prices->bread += me->raises_by;
    r = il_sleep(IL_MS(50));
    me->prices->milk += me->raises_by; /* also if it was cancelled */
    printf("%3d ms  %s has raised both\n", since_start_ms(), me->name);
    return r;
}

static int visit(void *arg)
{
    const struct visitor *me = arg;
    int r = il_sleep(me->comes_after);

    if (r < 0)
        return r;
    if (me->raises_by) {
        IL_WITH_WRITE_LOCK (&me->prices->lock, &r) {
            r = raise_prices(me);
        }
    } else {
        IL_WITH_READ_LOCK (&me->prices->lock, &r) {
            r = print_prices(me);
        }
    }
    return r;
}

static int open_market(void *arg)
{
    struct prices prices = { IL_RWLOCK_INIT, 3, 1 };
    struct visitor visitors[] = {
        { &prices, "anna", IL_MS(0), 0 },  { &prices, "bert", IL_MS(20), 0 },
        { &prices, "cleo", IL_MS(40), 1 }, { &prices, "dora", IL_MS(60), 0 },
        { &prices, "emil", IL_MS(80), 0 },
    };
    il_call calls[5];

    (void)arg;
    start = il_now();
    for (int i = 0; i < 5; i++)
        calls[i] = (il_call){ .fn = visit, .arg = &visitors[i] };
    return il_gather(calls, 5);
}

int main(void)
{
    int r = il_test_run(open_market, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "30_rwlock: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
