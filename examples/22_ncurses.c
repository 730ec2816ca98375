/* SPDX-License-Identifier: MIT */

/* 22_ncurses.c - a program in the terminal: one task a clock, one the keyboard.
 *
 * Tasks take turns on one thread, so all of them may draw.  The only call of
 * ncurses that would wait is getch(): it is told not to, and il_wait_fd() waits
 * instead.  Note three things: ncurses may have read more than one key, so all
 * are taken each time; an escape sequence that is not complete makes getch()
 * wait after all, for ESCDELAY; and a new size is told by the next key.
 *
 * Without a terminal it types by itself, into the void. */

#include <interloop/interloop.h>

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char typed[16];
static int n_ticks;
static bool leave;

static int tick(void *arg)
{
    int r;

    (void)arg;
    while ((r = il_sleep(IL_MS(20))) == 0) {
        mvprintw(1, 2, "%d ticks", ++n_ticks);
        refresh();
    }
    return r;
}

/* Take every key that is there; returns how many that were. */
static int take_keys(void)
{
    int n = 0;

    for (int key; (key = getch()) != ERR; n++) {
        size_t length = strlen(typed);

        if (key == 'q')
            leave = true;
        else if (key > 0 && key < 128 && length + 1 < sizeof typed)
            typed[length] = (char)key;
    }
    mvprintw(3, 2, "typed: %s (q quits)", typed);
    refresh();
    return n;
}

static int read_keys(int fd)
{
    int r;

    do {
        r = il_wait_fd(fd, IL_READ);
        if (r >= 0)
            r = take_keys();
        /* Readable, but nothing to read: the terminal has gone. */
    } while (r > 0 && !leave);
    return r < 0 ? r : 0;
}

static int screen(void *arg)
{
    il_group group;
    int r = il_group_open(&group, 0);
    int closed;

    if (r < 0)
        return r;
    r = il_spawn(&group, tick, NULL, NULL);
    if (r == 0)
        r = read_keys(*(int *)arg);
    il_group_cancel(&group); /* the clock need not run any longer */
    closed = il_group_close(&group);
    return r < 0 ? r : closed;
}

/* --- Without a terminal --------------------------------------------------- */

static int type(void *arg)
{
    int r = 0;

    for (const char *key = "abcq"; r == 0 && *key; key++) {
        r = il_sleep(IL_MS(30));
        if (r == 0)
            r = il_write_all(((int *)arg)[1], key, 1, NULL);
    }
    return r;
}

static int screen_and_typist(void *arg)
{
    il_call calls[] = { { screen, arg, 0 }, { type, arg, 0 } };

    return il_gather(calls, 2);
}

int main(void)
{
    bool alone = !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
    int fds[2] = { STDIN_FILENO, -1 };
    FILE *in = stdin, *out = stdout;
    SCREEN *terminal;
    int r;

    if (alone) {
        if (pipe(fds) < 0 || !(in = fdopen(fds[0], "r")) ||
            !(out = fopen("/dev/null", "w")))
            return EXIT_FAILURE;
    }
    terminal = newterm(alone ? "xterm" : NULL, out, in);
    if (!terminal)
        return 77; /* nothing is known about this kind of terminal */
    (void)cbreak();
    (void)noecho();
    (void)nodelay(stdscr, TRUE);
    (void)keypad(stdscr, TRUE);
    (void)set_escdelay(25);

    r = il_run(alone ? screen_and_typist : screen, fds);

    (void)endwin();
    delscreen(terminal);
    printf("typed %s, %s\n", typed,
           n_ticks > 0 ? "and time went by" : "at once");
    if (r < 0)
        fprintf(stderr, "22_ncurses: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
