/* SPDX-License-Identifier: MIT */

/* 21_frame_loop.c - tasks in a game that draws 60 frames a second.
 *
 * The game's loop belongs to the game.  Once a frame it calls il_loop_turn()
 * with a budget: what the tasks may take of the frame's 16 ms.  In the menu
 * nothing moves, so there it sleeps until il_loop_next_deadline() or until
 * il_loop_fd() is readable, and uses no processor at all.
 *
 * Tasks wait for the next frame, for a time, or for nobody: the one that loads
 * the level yields now and then, and gets what is left of each budget. */

#include <interloop/interloop.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FRAME (IL_SEC(1) / 60)
#define BUDGET IL_MS(4)
#define N_FRAMES 30

static il_future frame_begins; /* the next one */
static int frame;
static int hero, ghost; /* columns */
static int n_blinks;
static bool loaded, lamp, menu_closed;

/* --- Tasks ---------------------------------------------------------------- */

/* Until the next frame is about to be drawn. */
static int next_frame(void)
{
    return il_future_wait(&frame_begins, NULL, NULL);
}

/* Much work in small portions. */
static int load_level(void *arg)
{
    unsigned hash = 1;

    (void)arg;
    for (int portion = 0; portion < 300; portion++) {
        int r;

        for (int i = 0; i < 20000; i++)
            hash = hash * 31 + (unsigned)i;
        r = il_yield();
        if (r < 0)
            return r;
    }
    loaded = hash != 0;
    return 0;
}

/* One column a frame. */
static int walk(void *arg)
{
    int r;

    (void)arg;
    while ((r = next_frame()) == 0)
        hero++;
    return r;
}

/* A movement is a piece of code: there, and back again. */
static int haunt(void *arg)
{
    int r = 0;

    (void)arg;
    while (r == 0) {
        for (int i = 0; r == 0 && i < 7; i++, ghost++)
            r = next_frame();
        for (int i = 0; r == 0 && i < 7; i++, ghost--)
            r = next_frame();
    }
    return r;
}

/* By the clock, however many frames there are. */
static int blink(void *arg)
{
    il_time start = il_now();

    (void)arg;
    for (n_blinks = 0; n_blinks < 5; n_blinks++) {
        int r = il_sleep_until(start + (n_blinks + 1) * IL_MS(50));

        if (r < 0)
            return r;
        lamp = !lamp;
    }
    return 0;
}

/* The menu closes by itself. */
static int show_menu(void *arg)
{
    int r;

    (void)arg;
    r = il_sleep(IL_MS(40));
    menu_closed = true;
    return r;
}

/* --- The game ------------------------------------------------------------- */

static void draw(void)
{
    char line[41] = "                                        ";

    if (!loaded || frame % 5 != 0)
        return; /* the reader of this example is slower than that */
    line[ghost] = 'G';
    line[hero] = '@';
    printf("%2d |%s|\n", frame, line);
}

/* If il_loop_turn() returns 1, there is work left; the next frame comes anyway. */
static int run_frame(il_loop *loop, il_time *next)
{
    const struct timespec when = { *next / IL_SEC(1), *next % IL_SEC(1) };
    int r;

    /* Stands for the display's vertical blank. */
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
    *next += FRAME;
    if (*next < il_now())
        *next = il_now(); /* late: do not hurry after what was missed */
    (void)il_future_set(&frame_begins, 0, NULL);
    frame_begins = (il_future)IL_FUTURE_INIT;
    r = il_loop_turn(loop, BUDGET);
    if (r >= 0)
        draw();
    return r;
}

static int play(il_loop *loop)
{
    static il_task_fn *const actors[] = { walk, haunt, blink };
    il_time next = il_now();
    int r = il_spawn(NULL, load_level, NULL, NULL);

    while (r >= 0 && !loaded)
        r = run_frame(loop, &next);
    for (size_t i = 0; r >= 0 && i < sizeof actors / sizeof *actors; i++)
        r = il_spawn(NULL, actors[i], NULL, NULL);
    for (frame = 1; r >= 0 && frame <= N_FRAMES; frame++)
        r = run_frame(loop, &next);
    if (r >= 0)
        printf("%d blinks, the lamp is %s\n", n_blinks, lamp ? "on" : "off");
    return r;
}

/* Rounded up: waking too early would only mean to come back. */
static int timeout_ms(il_loop *loop)
{
    il_time deadline = il_loop_next_deadline(loop);
    il_time now = il_now();

    if (deadline == IL_FOREVER)
        return -1;
    return deadline <= now ? 0 : (int)((deadline - now) / IL_MS(1)) + 1;
}

/* No frames here: whoever is not needed sleeps. */
static int run_menu(il_loop *loop)
{
    int n_wakes = 0;
    int r = il_spawn(NULL, show_menu, NULL, NULL);

    while (r >= 0 && !menu_closed) {
        struct pollfd fd = { .fd = il_loop_fd(loop), .events = POLLIN };

        (void)poll(&fd, 1, r > 0 ? 0 : timeout_ms(loop));
        n_wakes++;
        r = il_loop_turn(loop, BUDGET);
    }
    printf("the menu %s\n", n_wakes <= 3 ? "slept" : "kept the machine busy");
    return r;
}

int main(void)
{
    il_loop *loop;
    int r;

    if (il_loop_new(&loop) < 0)
        return EXIT_FAILURE;
    r = play(loop);
    if (r >= 0)
        r = run_menu(loop);
    (void)il_loop_close(loop, IL_SEC(1));
    loop = il_loop_unref(loop);
    if (r < 0)
        fprintf(stderr, "21_frame_loop: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
