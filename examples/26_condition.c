/* SPDX-License-Identifier: MIT */

/* 26_condition.c - a baker's shop with one counter.
 *
 * At the counter is one at a time: the baker, who puts rolls there, or a
 * customer.  Whoever finds too few rolls steps back and waits until there are
 * more, and has the counter again before looking.  Not all will wait for ever;
 * who gives up has the counter in that moment, too. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct shop {
    il_lock counter;
    il_condition baked;
    int rolls;
};

struct customer {
    struct shop *shop;
    const char *name;
    int wants;
    il_time patience;
};

static int buy(void *arg)
{
    const struct customer *me = arg;
    struct shop *shop = me->shop;
    int r = 0;

    IL_WITH_LOCK (&shop->counter, &r) {
        IL_TIMEOUT (me->patience, &r) {
            while (shop->rolls < me->wants && r == 0)
                r = il_condition_wait(&shop->baked, &shop->counter);
        }
        if (r < 0) {
            printf("%3d ms  %s goes: %d are not enough\n", since_start_ms(),
                   me->name, shop->rolls);
            r = 0;
            break;
        }
        shop->rolls -= me->wants;
        printf("%3d ms  %s takes %d, leaves %d\n", since_start_ms(), me->name,
               me->wants, shop->rolls);
        r = il_sleep(IL_MS(30)); /* pays, still at the counter */
    }
    return r;
}

static int bake(void *arg)
{
    struct shop *shop = arg;
    int r = 0;

    for (int batch = 0; batch < 4 && r == 0; batch++) {
        r = il_sleep(IL_MS(100));
        if (r < 0)
            break;
        IL_WITH_LOCK (&shop->counter, &r) {
            shop->rolls += 3;
            printf("%3d ms  baker brings 3, now %d\n", since_start_ms(),
                   shop->rolls);
            (void)il_condition_notify_all(&shop->baked);
        }
    }
    return r;
}

static int open_shop(void *arg)
{
    struct shop shop = { IL_LOCK_INIT, IL_CONDITION_INIT, 0 };
    struct customer anna = { &shop, "anna", 4, IL_SEC(1) };
    struct customer bert = { &shop, "bert", 2, IL_SEC(1) };
    struct customer cleo = { &shop, "cleo", 9, IL_MS(250) };
    struct customer dora = { &shop, "dora", 1, IL_SEC(1) };
    il_call calls[] = {
        { .fn = buy, .arg = &anna },  { .fn = buy, .arg = &bert },
        { .fn = buy, .arg = &cleo },  { .fn = buy, .arg = &dora },
        { .fn = bake, .arg = &shop },
    };

    (void)arg;
    start = il_now();
    return il_gather(calls, 5);
}

int main(void)
{
    int r = il_test_run(open_shop, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "26_condition: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
