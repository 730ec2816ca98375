/* SPDX-License-Identifier: MIT */

/* 52_debug.c - what debug mode tells.
 *
 * A program with four mistakes in it: a step that keeps the thread, a lock that is
 * released by a stranger, a cancel that is ignored, an event that goes while a
 * task waits for it.  Without debug mode it would only be slow, and wrong.  A
 * program that is not to be changed is run with INTERLOOP_DEBUG=1. */

#include <interloop/interloop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static il_lock lock = IL_LOCK_INIT;

static int keep_the_lock(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_LOCK (&lock, &r) {
        r = il_sleep(IL_MS(20));
    }
    return r;
}

static int release_a_strangers_lock(void *arg)
{
    (void)arg;
    (void)il_lock_release(&lock); /* mistake: it is not ours */
    return 0;
}

static int block(void *arg)
{
    const struct timespec ts = { .tv_nsec = 300 * 1000 * 1000 };
    int r = il_yield();

    (void)arg;
    (void)nanosleep(&ts, NULL); /* mistake: nothing else runs meanwhile */
    return r;
}

static int ignore(void *arg)
{
    for (int i = 0; i < 30; i++)
        if (il_yield() == -ECANCELED)
            continue; /* mistake: and once more */
    (void)arg;
    return 0;
}

static int wait_for_event(void *arg)
{
    return il_event_wait(arg) == -EOWNERDEAD ? 0 : -EPROTO;
}

static int forget_who_waits(void *arg)
{
    il_event event = IL_EVENT_INIT;
    int r = il_spawn(NULL, wait_for_event, &event, NULL);

    (void)arg;
    il_event_fini(&event); /* mistake: somebody waits */
    return r;
}

static int make_mistakes(void *arg)
{
    il_task *task;
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    (void)il_spawn(&group, keep_the_lock, NULL, NULL);
    (void)il_spawn(&group, release_a_strangers_lock, NULL, NULL);
    (void)il_spawn(&group, block, NULL, NULL);
    (void)il_spawn(&group, forget_who_waits, NULL, NULL);
    if (il_spawn(&group, ignore, NULL, &task) == 0) {
        (void)il_task_cancel(task);
        (void)il_task_unref(task);
    }
    return il_group_close(&group);
}

/* Without a handler each would be a line on stderr, with times, numbers and the
 * place where the task was spawned. */
static void on_report(const il_report *report, void *arg)
{
    int *n = arg;

    printf("%d. %s: %s\n", ++*n, report->task_name, report->message);
    if (report->kind == IL_REPORT_NOT_OWNER)
        printf("   %s\n", report->details);
    if (report->kind == IL_REPORT_SLOW && report->duration >= IL_MS(300))
        printf("   for more than 300 ms\n");
}

int main(void)
{
    const il_debug_limits limits = { .step = IL_MS(250) };
    il_loop *loop;
    int n = 0;
    int r = il_loop_new(&loop);

    if (r < 0)
        return EXIT_FAILURE;
    il_loop_set_report_handler(loop, on_report, &n);
    r = il_loop_set_debug_limits(loop, &limits);
    if (r == 0)
        r = il_loop_set_debug(loop, IL_DEBUG_ALL);
    if (r == 0)
        r = il_run(make_mistakes, NULL);
    (void)il_loop_close(loop, IL_SEC(1));
    (void)il_loop_unref(loop);
    if (r < 0)
        fprintf(stderr, "52_debug: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
