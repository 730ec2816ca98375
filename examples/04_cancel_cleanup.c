/* SPDX-License-Identifier: MIT */

/* 04_cancel_cleanup.c - a task is cancelled and says goodbye properly.
 *
 * A cancel is a state: once a task is cancelled, every wait in it returns
 * -ECANCELED at once.  Clean-up that has to wait says so with IL_SHIELD(),
 * and for how long at most. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static il_time start;

static void say(const char *what)
{
    printf("%3d ms  %s\n", (int)((il_now() - start) / IL_MS(1)), what);
}

/* Logging out takes a round trip of 50 ms. */
static int log_out(void)
{
    return il_sleep(IL_MS(50));
}

static int session(void *arg)
{
    int goodbye = 0;
    int r;

    (void)arg;
    say("session: logged in");
    r = il_sleep(IL_FOREVER);
    printf("        session: the wait returned %s\n", il_strerror(r));

    r = log_out();
    printf("        session: another wait returned %s\n", il_strerror(r));

    IL_SHIELD (IL_SEC(1), &goodbye) {
        goodbye = log_out();
    }
    say(goodbye < 0 ? "session: could not log out" : "session: logged out");
    return r;
}

static int cancel_it(void *arg)
{
    il_task *task;
    int result;
    int r;

    (void)arg;
    start = il_now();
    r = il_spawn(NULL, session, NULL, &task);
    if (r < 0)
        return r;
    r = il_sleep(IL_MS(100));
    if (r < 0)
        goto out;

    say("main: cancel");
    (void)il_task_cancel(task);
    say("main: nothing has run inside the cancel");
    r = il_task_join(task, &result);
    if (r < 0)
        goto out;

    say("main: the session has ended");
    printf("        main: its result is %s\n", il_strerror(result));
out:
    task = il_task_unref(task);
    return r;
}

int main(void)
{
    int r = il_test_run(cancel_it, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "04_cancel_cleanup: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
