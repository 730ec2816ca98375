/* SPDX-License-Identifier: MIT */

/* 38_queues.c - first come, first served is not always right.
 *
 * In a hospital the most urgent patient is next, and of two who are equally
 * urgent the one who came first.  Before it closes it waits until everybody has
 * been treated, which is later than when nobody waits any more.
 *
 * In its kitchen the plate that was washed last is on top, and is used first. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int minute(void)
{
    return (int)((il_now() - start) / IL_SEC(60));
}

/* --- most urgent first ------------------------------------------------------ */

struct patient {
    const char *what;
    int urgency; /* 1: at once */
    int takes_minutes;
};

static int by_urgency(const void *a, const void *b, void *arg)
{
    const struct patient *one = a;
    const struct patient *other = b;

    (void)arg;
    return (one->urgency > other->urgency) - (one->urgency < other->urgency);
}

static int treat(void *arg)
{
    il_queue *waiting_room = arg;
    struct patient patient;
    int r;

    while ((r = il_queue_get(waiting_room, &patient)) == 0) {
        printf("minute %2d  %s\n", minute(), patient.what);
        r = il_sleep(IL_SEC(60 * patient.takes_minutes));
        (void)il_queue_task_done(waiting_room); /* cancelled or not */
        if (r < 0)
            break;
    }
    return r == -EPIPE ? 0 : r;
}

static int let_in(il_queue *waiting_room)
{
    static const struct patient patients[] = {
        { "a cold", 5, 10 },         { "a broken arm", 2, 20 },
        { "another cold", 5, 10 },   { "a cut", 3, 10 },
        { "a heart attack", 1, 30 }, { "another cut", 3, 10 },
    };
    int r = 0;

    for (size_t i = 0; i < sizeof patients / sizeof *patients && r == 0; i++) {
        r = il_queue_put(waiting_room, &patients[i]);
        if (r == 0)
            r = il_sleep(IL_SEC(60));
    }
    return r;
}

static int run_hospital(void)
{
    il_queue waiting_room;
    il_group doctors;
    int closed;
    int r = il_queue_init_priority(&waiting_room, sizeof(struct patient), 10,
                                   by_urgency, NULL);

    if (r < 0)
        return r;
    r = il_group_open(&doctors, 0);
    if (r == 0)
        r = il_spawn(&doctors, treat, &waiting_room, NULL);
    if (r == 0)
        r = let_in(&waiting_room);
    if (r == 0)
        r = il_queue_join(&waiting_room);
    printf("minute %2d  everybody has been treated\n", minute());
    (void)il_queue_close(&waiting_room);
    closed = il_group_close(&doctors);
    il_queue_fini(&waiting_room);
    return r < 0 ? r : closed;
}

/* --- the last one first ----------------------------------------------------- */

static int serve_dinner(void)
{
    static const char *const courses[] = { "soup", "fish", "cake" };
    il_queue plates;
    int plate = 0;
    int r = il_queue_init_lifo(&plates, sizeof plate, 4);

    if (r < 0)
        return r;
    while (il_queue_try_put(&plates, &plate) == 0)
        plate++;
    for (int i = 0; i < 3 && r == 0; i++) {
        r = il_queue_get(&plates, &plate);
        if (r < 0)
            break;
        printf("%s on plate %d", courses[i], plate);
        if (i == 0) { /* it is washed at once */
            printf(", which is washed");
            r = il_queue_put(&plates, &plate);
        }
        printf("\n");
    }
    il_queue_fini(&plates);
    return r;
}

static int open_hospital(void *arg)
{
    int r;

    (void)arg;
    start = il_now();
    r = run_hospital();
    return r < 0 ? r : serve_dinner();
}

int main(void)
{
    int r = il_test_run(open_hospital, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "38_queues: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
