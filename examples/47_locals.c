/* SPDX-License-Identifier: MIT */

/* 47_locals.c - every line of a log says which request it is about.
 *
 * No function gets the request as an argument, least of all look_up(), which
 * knows nothing of requests.  What a request spawns, or has called back later,
 * inherits it, and a job in another thread sees it. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static const il_local request = IL_LOCAL_INIT("server", NULL);

static void say(const char *what)
{
    printf("%-8s %s\n", (const char *)il_local_get(&request), what);
}

static void say_later(void *what)
{
    say(what);
}

/* Somebody else's function. */
static int look_up(void *arg)
{
    int r = il_sleep(*(const il_time *)arg);

    say(r < 0 ? "nothing found" : "found");
    return r;
}

static int answer(void *arg)
{
    il_time patience = IL_MS(15);
    il_call calls[] = { { look_up, arg, 0 }, { look_up, &patience, 0 } };
    int r;

    say("looks up two things");
    r = il_gather(calls, 2);
    say(r < 0 ? "failed" : "answered");
    return r;
}

/* A job: it blocks. */
static int write_down(void *arg)
{
    (void)arg;
    say("written down");
    return 0;
}

struct visit {
    const char *name;
    il_time takes;
    il_timer note;
};

static int serve(void *arg)
{
    static char question[] = "still at it?";
    struct visit *visit = arg;
    int r = 0;

    IL_WITH_LOCAL (&request, visit->name, &r) {
        visit->note = (il_timer)IL_TIMER_INIT(say_later, question);
        r = il_timer_start(il_loop_current(), &visit->note,
                           il_deadline(IL_MS(12)));
        if (r == 0)
            r = answer(&visit->takes);
        if (r == 0)
            r = il_offload(write_down, NULL, NULL);
    }
    say("is free again");
    return r;
}

static int run_server(void *arg)
{
    struct visit visits[] = { { "index", IL_MS(10), IL_TIMER_INIT(0, 0) },
                              { "search", IL_MS(20), IL_TIMER_INIT(0, 0) } };
    il_call calls[] = { { serve, &visits[0], 0 }, { serve, &visits[1], 0 } };

    (void)arg;
    say("open");
    return il_gather(calls, 2);
}

int main(void)
{
    int r = il_test_run(run_server, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "47_locals: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
