/* SPDX-License-Identifier: MIT */

/* 41_select.c - a task that listens to several things at once.
 *
 * A weather station: wind and rain are measured at their own pace, by tasks that
 * send what they found and stop after a while.  The keeper writes down what
 * comes, complains when nothing has come for five seconds, and goes home when the
 * bell rings.  Each round of the loop exactly one of these happens; of those
 * that could happen at once it is the one that stands first. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct sensor {
    il_channel readings; /* of int */
    int first;
    int n;
    il_time pace;
};

static int measure(void *arg)
{
    struct sensor *sensor = arg;
    int r = 0;

    for (int i = 0; i < sensor->n && r == 0; i++) {
        int reading = sensor->first + i;

        r = il_sleep(sensor->pace);
        if (r == 0)
            r = il_channel_send(&sensor->readings, &reading);
    }
    (void)il_channel_close(&sensor->readings);
    return r;
}

static int ring(void *arg)
{
    int r = il_sleep(IL_SEC(18));

    (void)il_event_set(arg);
    return r;
}

static int second(il_time start)
{
    return (int)((il_now() - start) / IL_SEC(1));
}

struct station {
    struct sensor wind;
    struct sensor rain;
    il_event bell;
};

/* keep { */
static int keep(struct station *station)
{
    enum { BELL, WIND, RAIN, SILENCE, N };
    int wind = 0;
    int rain = 0;
    il_time start = il_now();
    il_case cases[N] = {
        IL_CASE_EVENT(&station->bell),
        IL_CASE_RECEIVE(&station->wind.readings, &wind),
        IL_CASE_RECEIVE(&station->rain.readings, &rain),
        IL_CASE_AFTER(IL_SEC(5)), /* counted anew in each round */
    };

    for (;;) {
        int r = il_select(cases, N, 0);

        if (r < 0)
            return r;
        if (r == BELL) {
            printf("%2d s  the bell: going home\n", second(start));
            return 0;
        }
        if (r == SILENCE) {
            printf("%2d s  nothing but silence\n", second(start));
        } else if (cases[r].result == -EPIPE) {
            printf("%2d s  no more %s\n", second(start),
                   r == WIND ? "wind" : "rain");
            il_case_enable(&cases[r], false); /* or it would fire for ever */
        } else {
            printf("%2d s  %s %d\n", second(start), r == WIND ? "wind" : "rain",
                   r == WIND ? wind : rain);
        }
    }
}

/* keep } */

static int run_station(struct station *station)
{
    il_group group;
    int r = il_group_open(&group, 0);
    int closed;

    if (r < 0)
        return r;
    r = il_spawn(&group, measure, &station->wind, NULL);
    if (r == 0)
        r = il_spawn(&group, measure, &station->rain, NULL);
    if (r == 0)
        r = il_spawn(&group, ring, &station->bell, NULL);
    if (r == 0)
        r = keep(station);
    il_group_cancel(&group);
    closed = il_group_close(&group);
    return r < 0 ? r : closed;
}

static int spend_a_day(void *arg)
{
    struct station station = {
        .wind = { .first = 10, .n = 3, .pace = IL_SEC(2) },
        .rain = { .first = 70, .n = 2, .pace = IL_SEC(3) },
    };
    int r = il_channel_init(&station.wind.readings, sizeof(int), 0);

    (void)arg;
    if (r < 0)
        return r;
    r = il_channel_init(&station.rain.readings, sizeof(int), 0);
    if (r == 0)
        r = run_station(&station);
    il_channel_fini(&station.rain.readings);
    il_channel_fini(&station.wind.readings);
    return r;
}

int main(void)
{
    int r = il_test_run(spend_a_day, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "41_select: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
