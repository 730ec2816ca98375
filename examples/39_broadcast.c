/* SPDX-License-Identifier: MIT */

/* 39_broadcast.c - a radio station does not wait for who is slow.
 *
 * It tells the price of wheat every minute.  The broker listens all the time and
 * hears each price.  The farmer turns the radio on between two fields: he hears
 * the last three prices, for which there is room, and how many he has missed. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int minute(void)
{
    return (int)((il_now() - start) / IL_SEC(60));
}

static int tell_prices(void *arg)
{
    il_broadcast *station = arg;
    int r = 0;

    for (int price = 101; price <= 109 && r == 0; price++) {
        (void)il_broadcast_send(station, &price);
        r = il_sleep(IL_SEC(60));
    }
    (void)il_broadcast_close(station);
    return r;
}

struct listener {
    const char *name;
    il_broadcast *station;
    int field_minutes; /* after each price; 0: listens all the time */
};

static int listen_to(void *arg)
{
    const struct listener *me = arg;
    il_subscriber radio;
    uint64_t missed;
    int price;
    int r = il_subscriber_init(&radio, me->station);

    if (r < 0)
        return r;
    while ((r = il_subscriber_receive(&radio, &price, &missed)) == 0) {
        if (missed > 0)
            printf("minute %2d  %s has missed %" PRIu64 "\n", minute(),
                   me->name, missed);
        printf("minute %2d  %s hears %d\n", minute(), me->name, price);
        if (me->field_minutes)
            r = il_sleep(IL_SEC(60 * me->field_minutes));
        if (r < 0)
            break;
    }
    il_subscriber_fini(&radio);
    return r == -EPIPE ? 0 : r;
}

static int open_station(void *arg)
{
    il_broadcast station;
    int prices[3];
    struct listener broker = { "the broker", &station, 0 };
    struct listener farmer = { "the farmer", &station, 5 };
    il_call calls[] = { { .fn = listen_to, .arg = &broker },
                        { .fn = listen_to, .arg = &farmer },
                        { .fn = tell_prices, .arg = &station } };
    int r = il_broadcast_init_with(&station, sizeof *prices, 3, prices);

    (void)arg;
    if (r < 0)
        return r;
    start = il_now();
    r = il_gather(calls, 3);
    il_broadcast_fini(&station);
    return r;
}

int main(void)
{
    int r = il_test_run(open_station, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "39_broadcast: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
