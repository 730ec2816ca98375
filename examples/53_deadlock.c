/* SPDX-License-Identifier: MIT */

/* 53_deadlock.c - two tasks that wait for each other.
 *
 * Each transfer locks the account that it takes from, and then the one that it
 * gives to.  Two at once, in opposite directions, and the program would stand
 * still.  In debug mode it is told who waits for whom at the moment when the circle
 * closes, and, since that was asked for, il_run() gives up. */

#include <interloop/interloop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct account {
    il_lock lock;
    int euros;
};

struct transfer {
    struct account *from;
    struct account *to;
    int euros;
};

static int ask_the_bank(void)
{
    return il_sleep(IL_MS(1));
}

/* Locking in a fixed order, by address for instance, would mend it. */
static int transfer(void *arg)
{
    const struct transfer *t = arg;
    int r = 0;

    IL_WITH_LOCK (&t->from->lock, &r) {
        r = ask_the_bank();
        if (r < 0)
            break;
        IL_WITH_LOCK (&t->to->lock, &r) {
            t->from->euros -= t->euros;
            t->to->euros += t->euros;
        }
    }
    return r;
}

static int trade(void *arg)
{
    struct account anna = { IL_LOCK_INIT, 100 };
    struct account bert = { IL_LOCK_INIT, 100 };
    struct transfer there = { &anna, &bert, 20 };
    struct transfer back = { &bert, &anna, 30 };
    const il_spawn_options tasks[] = {
        { .fn = transfer, .arg = &there, .name = "anna to bert" },
        { .fn = transfer, .arg = &back, .name = "bert to anna" },
    };
    il_group group;
    int r = il_group_open(&group, 0);

    (void)arg;
    if (r < 0)
        return r;
    for (int i = 0; i < 2; i++)
        (void)il_spawn_with(&group, &tasks[i], NULL);
    return il_group_close(&group);
}

static void on_report(const il_report *report, void *arg)
{
    (void)arg;
    if (report->kind == IL_REPORT_CIRCLE)
        printf("%s:\n%s\n", report->message, report->details);
    if (report->kind == IL_REPORT_DEADLOCK)
        printf("everybody waits\n");
}

int main(void)
{
    const il_debug_limits limits = { .blocked = IL_MS(50) };
    il_loop *loop;
    int r = il_loop_new(&loop);

    if (r < 0)
        return EXIT_FAILURE;
    il_loop_set_report_handler(loop, on_report, NULL);
    (void)il_loop_set_debug_limits(loop, &limits);
    (void)il_loop_set_debug(loop, IL_DEBUG_DEADLOCK | IL_DEBUG_FATAL);

    r = il_run(trade, NULL);
    printf("il_run: %s\n", il_strerror(r));

    /* Closing cancels whoever is left. */
    r = il_loop_close(loop, IL_SEC(1));
    printf("closed: %s\n", il_strerror(r));
    (void)il_loop_unref(loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
