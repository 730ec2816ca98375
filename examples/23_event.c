/* SPDX-License-Identifier: MIT */

/* 23_event.c - a pause button.
 *
 * Two copy jobs look at an event before each piece.  While it is set they pass
 * without a delay; when somebody pauses, they stop at the gate, and go on in
 * the order they came there. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

/* Set: jobs may run. */
static il_event running = IL_EVENT_INIT;

struct job {
    const char *name;
    il_time per_piece;
};

static int copy(void *arg)
{
    const struct job *job = arg;
    int r = 0;

    for (int piece = 1; piece <= 4 && r == 0; piece++) {
        r = il_event_wait(&running);
        if (r < 0)
            break; /* cancelled */
        r = il_sleep(job->per_piece);
        if (r == 0)
            printf("%3d ms  %s: piece %d\n", since_start_ms(), job->name,
                   piece);
    }
    return r;
}

/* In a window this is what the button's callback would do. */
static int press_pause_and_continue(void *arg)
{
    int r = il_sleep(IL_MS(150));

    (void)arg;
    if (r < 0)
        return r;
    printf("%3d ms  -- pause\n", since_start_ms());
    il_event_clear(&running);

    r = il_sleep(IL_MS(500));
    if (r < 0)
        return r;
    printf("%3d ms  -- continue\n", since_start_ms());
    return il_event_set(&running);
}

static int copy_with_a_pause(void *arg)
{
    struct job film = { "film", IL_MS(100) };
    struct job song = { "song", IL_MS(70) };
    il_call calls[] = {
        { .fn = copy, .arg = &film },
        { .fn = copy, .arg = &song },
        { .fn = press_pause_and_continue },
    };
    int r;

    (void)arg;
    start = il_now();
    r = il_event_set(&running);
    return r < 0 ? r : il_gather(calls, 3);
}

int main(void)
{
    int r = il_test_run(copy_with_a_pause, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "23_event: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
