/* SPDX-License-Identifier: MIT */

/* 56_from_go.c - what those who come from Go look for.
 *
 * Each part is the counterpart of a few lines of Go, which doc/go.md has beside
 * it.  Time is virtual. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* goroutines { */
static int square(void *arg)
{
    int *n = arg; /* the caller waits for us, so it may be its local */
    int r = il_sleep(IL_MS(10));

    if (r == 0)
        *n *= *n;
    return r;
}

static int squares(void)
{
    int n[] = { 2, 3, 4 };
    int r = 0;
    il_group group;

    IL_WITH_GROUP (&group, 0, &r) {
        for (int i = 0; i < 3 && r == 0; i++)
            r = il_spawn(&group, square, &n[i], NULL);
    }
    if (r == 0)
        printf("goroutines: %d %d %d\n", n[0], n[1], n[2]);
    return r;
}
/* goroutines } */

/* channel { */
static int generate(void *arg)
{
    il_channel *numbers = arg;
    int r = 0;

    for (int i = 1; i <= 3 && r == 0; i++)
        r = il_channel_send(numbers, &i);
    (void)il_channel_close(numbers);
    return r;
}

static int add_up(void *arg)
{
    il_channel *numbers = arg;
    int sum = 0;
    int n;
    int r;

    while ((r = il_channel_receive(numbers, &n)) == 0)
        sum += n;
    printf("channel: %d\n", sum);
    return r == -EPIPE ? 0 : r;
}

static int channel(void)
{
    il_channel numbers;
    il_call calls[] = {
        { .fn = generate, .arg = &numbers },
        { .fn = add_up, .arg = &numbers },
    };
    int r = il_channel_init(&numbers, sizeof(int), 0); /* 0: unbuffered */

    if (r < 0)
        return r;
    r = il_gather(calls, 2);
    il_channel_fini(&numbers);
    return r;
}
/* channel } */

/* select { */
struct office {
    il_channel jobs;
    il_event quit;
};

static int clerk(void *arg)
{
    struct office *office = arg;

    while (true) {
        int job;
        il_case cases[] = {
            IL_CASE_EVENT(&office->quit), /* listed first: looked at first */
            IL_CASE_RECEIVE(&office->jobs, &job),
            IL_CASE_AFTER(IL_SEC(1)),
        };

        switch (il_select(cases, 3, 0)) {
        case 0:
            return 0;
        case 1:
            printf("select: job %d\n", job);
            break;
        case 2:
            printf("select: nothing to do\n");
            break;
        default:
            return -ECANCELED;
        }
    }
}

static int boss(void *arg)
{
    struct office *office = arg;
    int job = 7;
    int r = il_channel_send(&office->jobs, &job);

    if (r == 0)
        r = il_sleep(IL_MS(1500));
    if (r == 0)
        r = il_event_set(&office->quit);
    return r;
}
/* select } */

static int selecting(void)
{
    struct office office = { .quit = IL_EVENT_INIT };
    il_call calls[] = {
        { .fn = clerk, .arg = &office },
        { .fn = boss, .arg = &office },
    };
    int r = il_channel_init(&office.jobs, sizeof(int), 1);

    if (r < 0)
        return r;
    r = il_gather(calls, 2);
    il_channel_fini(&office.jobs);
    return r;
}

/* context { */
static int query(void)
{
    /* No ctx to pass: each wait knows the scopes around it. */
    return il_sleep(IL_SEC(3600));
}

static int context(void)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(2), &r) {
        r = query();
    }
    printf("context: %s\n", il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}
/* context } */

/* fairness { */
static bool is_counted;
static unsigned n_seen;

static int count(void *arg)
{
    int number = 0;
    int r = 0;

    (void)arg;
    while (number < 10000 && r == 0) {
        number++;
        r = il_checkpoint(); /* here it can pause */
    }
    is_counted = true;
    return r < 0 ? r : number;
}

static int look_on(void *arg)
{
    int r = 0;

    (void)arg;
    for (n_seen = 0; !is_counted && r >= 0; n_seen++)
        r = il_yield();
    return r;
}

static int fairness(void)
{
    il_call calls[] = { { .fn = count }, { .fn = look_on } };
    int r = il_gather(calls, 2);

    printf("fairness: counted to %d, looked on %u times\n", calls[0].result,
           n_seen);
    return r;
}
/* fairness } */

/* defer { */
static void say(void *arg)
{
    printf("defer: %s\n", (const char *)arg);
}

static int deferring(void)
{
    char what[] = "closed";

    IL_DEFER(say, what); /* on every path out of the block */
    printf("defer: opened\n");
    return il_sleep(IL_MS(10));
}
/* defer } */

/* errgroup { */
static int fetch(void *arg)
{
    const int *page = arg;
    int r = il_sleep(IL_MS(100));

    return r == 0 && *page == 4 ? -ENOENT : r; /* cancels the others */
}

static int errgroup(void)
{
    int pages[] = { 1, 2, 3, 4, 5, 6, 7 };
    int results[7];
    int r = il_map(pages, 7, sizeof *pages, 3, fetch, results);

    printf("errgroup: %s, and page 7: %s\n", il_strerror(r),
           il_strerror(results[6]));
    return r == -ENOENT ? 0 : r;
}
/* errgroup } */

/* once { */
static il_once config = IL_ONCE_INIT;

static int load(void *arg)
{
    (void)arg;
    printf("once: loading\n");
    return il_sleep(IL_MS(100)); /* the other one waits; a failure is retried */
}

static int use(void *arg)
{
    int r = il_once_run(&config, load, arg);

    if (r >= 0)
        printf("once: using\n");
    return r;
}
/* once } */

static int once(void)
{
    il_call calls[] = { { .fn = use }, { .fn = use } };

    return il_gather(calls, 2);
}

/* waitgroup { */
struct requests {
    il_waitgroup left;
    il_timer timers[2]; /* stand for something that calls back */
};

static void on_reply(void *arg)
{
    struct requests *requests = arg;

    (void)il_waitgroup_done(&requests->left);
}

static int waitgroup(void)
{
    struct requests requests = { .left = IL_WAITGROUP_INIT };
    int r = il_waitgroup_add(&requests.left, 2);

    for (int i = 0; i < 2 && r == 0; i++) {
        requests.timers[i] = (il_timer)IL_TIMER_INIT(on_reply, &requests);
        r = il_timer_start(il_loop_current(), &requests.timers[i],
                           il_deadline(IL_MS(10)));
    }
    if (r == 0)
        r = il_waitgroup_wait(&requests.left);
    for (int i = 0; i < 2; i++)
        (void)il_timer_stop(&requests.timers[i]);
    printf("WaitGroup: %zu left\n", il_waitgroup_count(&requests.left));
    return r;
}
/* waitgroup } */

typedef int part_fn(void);

static int everything(void *arg)
{
    static part_fn *const parts[] = { squares,  channel,  selecting,
                                      context,  fairness, deferring,
                                      errgroup, once,     waitgroup };
    int r = 0;

    (void)arg;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && r >= 0; i++)
        r = parts[i]();
    return r;
}

int main(void)
{
    int r = il_test_run(everything, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "56_from_go: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
