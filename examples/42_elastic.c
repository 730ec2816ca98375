/* SPDX-License-Identifier: MIT */

/* 42_elastic.c - send and receive in one select.
 *
 * A post office between a newspaper that prints when it has news and a reader who
 * is slow.  It takes in and hands out in one place: the case that sends is on
 * while there is a paper to be handed out, the one that receives while there is
 * room on the shelf.  When the shelf is full and no reader comes for three
 * seconds, the oldest paper is thrown away: yesterday's news. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHELF = 3 };

static il_time start;

static int second(void)
{
    return (int)((il_now() - start) / IL_SEC(1));
}

struct office {
    il_channel in;  /* of int: the number of a paper */
    il_channel out; /* likewise */
    int shelf[SHELF];
    int n; /* how many are on it, the oldest first */
};

static int drop_first(struct office *office)
{
    int first = office->shelf[0];

    office->n--;
    memmove(office->shelf, office->shelf + 1,
            (size_t)office->n * sizeof *office->shelf);
    return first;
}

static int run_office(struct office *office)
{
    enum { OUT, IN, OLD, N };
    int paper = 0;
    il_case cases[N] = {
        IL_CASE_SEND(&office->out, &office->shelf[0]),
        IL_CASE_RECEIVE(&office->in, &paper),
        IL_CASE_AFTER(IL_SEC(3)),
    };
    bool is_over = false;

    while (office->n > 0 || !is_over) {
        int r;

        il_case_enable(&cases[OUT], office->n > 0);
        il_case_enable(&cases[IN], office->n < SHELF && !is_over);
        il_case_enable(&cases[OLD], office->n == SHELF);
        r = il_select(cases, N, 0);
        if (r < 0)
            return r;
        if (r == OUT)
            (void)drop_first(office); /* the reader has it */
        else if (r == OLD)
            printf("%2d s  paper %d is old\n", second(), drop_first(office));
        else if (cases[IN].result == -EPIPE)
            is_over = true;
        else
            office->shelf[office->n++] = paper;
    }
    (void)il_channel_close(&office->out);
    return 0;
}

static int work_in_office(void *arg)
{
    return run_office(arg);
}

static int print_papers(void *arg)
{
    struct office *office = arg;
    int r = 0;

    for (int i = 1; i <= 8 && r == 0; i++) {
        printf("%2d s  paper %d is printed\n", second(), i);
        r = il_channel_send(&office->in, &i);
        if (r == 0)
            r = il_sleep(IL_SEC(1));
    }
    (void)il_channel_close(&office->in);
    return r;
}

static int read_papers(void *arg)
{
    struct office *office = arg;
    int paper = 0;
    int r;

    while ((r = il_channel_receive(&office->out, &paper)) == 0) {
        printf("%2d s  paper %d is read\n", second(), paper);
        r = il_sleep(paper == 1 ? IL_SEC(9) : IL_SEC(1));
        if (r < 0)
            return r;
    }
    return r == -EPIPE ? 0 : r;
}

static int live(void *arg)
{
    struct office office = { .n = 0 };
    il_call calls[] = {
        { .fn = work_in_office, .arg = &office },
        { .fn = print_papers, .arg = &office },
        { .fn = read_papers, .arg = &office },
    };
    int r = il_channel_init(&office.in, sizeof(int), 0);

    (void)arg;
    if (r < 0)
        return r;
    r = il_channel_init(&office.out, sizeof(int), 0);
    start = il_now();
    if (r == 0)
        r = il_gather(calls, 3);
    il_channel_fini(&office.out);
    il_channel_fini(&office.in);
    return r;
}

int main(void)
{
    int r = il_test_run(live, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "42_elastic: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
