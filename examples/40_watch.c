/* SPDX-License-Identifier: MIT */

/* 40_watch.c - a lighthouse: settings that change, and questions that are
 * answered.
 *
 * The lamp wants to know how it has to shine, and only what holds now: settings
 * that were replaced while it turned are of no interest.  That is a watch.
 *
 * Ships ask the keeper what the weather will be.  Each question brings along
 * where the answer goes, a one-shot.  One ship does not wait for it; and when the
 * keeper has gone, those who have asked get to know that, too. */

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

/* --- the lamp --------------------------------------------------------------- */

struct light {
    const char *colour;
    int brightness;
};

static int shine(void *arg)
{
    il_watch *setting = arg;
    struct light light;
    uint64_t seen = 0;
    int r;

    while ((r = il_watch_next(setting, &seen, &light)) == 0) {
        printf("minute %2d  the lamp turns %s %d\n", minute(), light.colour,
               light.brightness);
        r = il_sleep(IL_SEC(60 * 10));
        if (r < 0)
            break;
    }
    return r == -EPIPE ? 0 : r;
}

static int set_lamp(void *arg)
{
    static const struct light lights[] = {
        { "white", 5 }, { "white", 7 }, { "red", 7 }, { "green", 1 }
    };
    il_watch *setting = arg;
    int r = 0;

    for (int i = 0; i < 4 && r == 0; i++) {
        (void)il_watch_set(setting, &lights[i]);
        r = il_sleep(IL_SEC(60 * 4));
    }
    (void)il_watch_close(setting); /* the last light will be seen */
    return r;
}

/* --- the keeper ------------------------------------------------------------- */

struct question {
    const char *ship;
    il_sender answer; /* of const char * */
};

/* A question that nobody will look at any more. */
static void drop_question(void *element, void *arg)
{
    struct question *question = element;

    (void)arg;
    il_sender_drop(&question->answer);
}

static int keep_watch(void *arg)
{
    static const char *const weather[] = { "fog", "rain" };
    il_channel *questions = arg;
    struct question question;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        r = il_channel_receive(questions, &question);
        if (r < 0)
            break;
        r = il_sleep(IL_SEC(60 * 15)); /* looks at the sky */
        if (il_oneshot_send(&question.answer, &weather[i]) == -EPIPE)
            printf("minute %2d  the %s has gone\n", minute(), question.ship);
    }
    printf("minute %2d  the keeper goes to bed\n", minute());
    (void)il_channel_close_now(questions);
    return r;
}

struct ship {
    const char *name;
    il_channel *questions;
    il_time patience;
};

static int ask(const struct ship *me, const char **ret_weather)
{
    struct question question = { .ship = me->name };
    IL_CLEANUP(il_receiver) il_receiver answer = IL_RECEIVER_INIT;
    int r = il_oneshot_open(sizeof *ret_weather, &question.answer, &answer);

    if (r == 0)
        r = il_channel_send(me->questions, &question);
    if (r < 0) {
        il_sender_drop(&question.answer);
        return r;
    }
    return il_receiver_receive(&answer, ret_weather);
}

static int sail(void *arg)
{
    const struct ship *me = arg;
    const char *weather = NULL;
    int r = 0;

    IL_TIMEOUT (me->patience, &r) {
        r = ask(me, &weather);
    }
    printf("minute %2d  the %s: %s\n", minute(), me->name,
           r == 0            ? weather
           : r == -ETIMEDOUT ? "too late for us"
                             : "nobody answers");
    return 0;
}

static int light_the_lamp(void *arg)
{
    il_watch setting;
    il_channel questions;
    struct ship ships[] = { { "Anna", &questions, IL_SEC(60 * 10) },
                            { "Berta", &questions, IL_FOREVER },
                            { "Clara", &questions, IL_FOREVER } };
    il_call calls[] = { { .fn = shine, .arg = &setting },
                        { .fn = set_lamp, .arg = &setting },
                        { .fn = sail, .arg = &ships[0] },
                        { .fn = sail, .arg = &ships[1] },
                        { .fn = sail, .arg = &ships[2] },
                        { .fn = keep_watch, .arg = &questions } };
    int r = il_watch_init(&setting, sizeof(struct light));

    (void)arg;
    if (r < 0)
        return r;
    r = il_channel_init(&questions, sizeof(struct question), 5);
    if (r == 0) {
        il_channel_set_destroy(&questions, drop_question, NULL);
        start = il_now();
        r = il_gather(calls, sizeof calls / sizeof *calls);
        il_channel_fini(&questions);
    }
    il_watch_fini(&setting);
    return r;
}

int main(void)
{
    int r = il_test_run(light_the_lamp, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "40_watch: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
