/* SPDX-License-Identifier: MIT */

/* 25_lock.c - a serial line: one question and its answer at a time.
 *
 * Nothing keeps two tasks from asking at once, since each waits for its answer;
 * and then who gets which?  With a lock the others wait for their turn, in the
 * order they came.  Who cannot wait so long goes, and nothing is lost. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct line {
    il_lock lock;
    const char *question; /* on the line */
};

/* The device answers what it was asked last. */
static int ask(struct line *line, const char *question, const char **ret_answer)
{
    int r;

    line->question = question;
    r = il_sleep(IL_MS(100)); /* it is slow */
    if (r < 0)
        return r;
    *ret_answer = line->question;
    return 0;
}

struct asker {
    struct line *line;
    const char *question;
    il_time patience;
};

static int ask_politely(void *arg)
{
    const struct asker *me = arg;
    const char *answer = "nothing";
    int r = 0;

    IL_TIMEOUT (me->patience, &r) {
        IL_WITH_LOCK (&me->line->lock, &r) {
            printf("%3d ms  %s?\n", since_start_ms(), me->question);
            r = ask(me->line, me->question, &answer);
        }
    }
    printf("%3d ms  %s: %s\n", since_start_ms(), me->question,
           r < 0 ? il_strerror(r) : answer);
    return 0;
}

static int run_line(void *arg)
{
    struct line line = { .lock = IL_LOCK_INIT };
    struct asker askers[] = {
        { &line, "temperature", IL_SEC(1) },
        { &line, "pressure", IL_MS(50) },  /* gives up in the queue */
        { &line, "humidity", IL_MS(150) }, /* gives up while it asks */
        { &line, "wind", IL_SEC(1) },
    };
    il_call calls[4];

    (void)arg;
    start = il_now();
    for (int i = 0; i < 4; i++)
        calls[i] = (il_call){ .fn = ask_politely, .arg = &askers[i] };
    return il_gather(calls, 4);
}

int main(void)
{
    int r = il_test_run(run_line, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "25_lock: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
