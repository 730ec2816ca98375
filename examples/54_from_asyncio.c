/* SPDX-License-Identifier: MIT */

/* 54_from_asyncio.c - what those who come from asyncio look for: tasks.
 *
 * Each part is the counterpart of a few lines of Python, which doc/asyncio.md has
 * beside it.  Time is virtual, so the seconds that they sleep take no time. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* create_task { */
static int twice(void *arg)
{
    int n = *(const int *)arg; /* before the first wait: it may be a local */
    int r = il_sleep(IL_MS(100));

    return r < 0 ? r : 2 * n;
}

static int create_task(void)
{
    int n = 21;
    int result;
    il_task *task;
    int r = il_spawn(NULL, twice, &n, &task); /* runs up to il_sleep() */

    if (r < 0)
        return r;
    r = il_task_join(task, &result); /* r: how the waiting went */
    if (r == 0)
        printf("create_task: %d\n", result); /* what the task returned */
    il_task_unref(task);
    return r;
}
/* create_task } */

/* gather { */
static int gather(void)
{
    int a = 1;
    int b = 2;
    il_call calls[] = {
        { .fn = twice, .arg = &a },
        { .fn = twice, .arg = &b },
    };
    int r = il_gather(calls, 2);

    if (r == 0)
        printf("gather: %d and %d\n", calls[0].result, calls[1].result);
    return r;
}
/* gather } */

/* TaskGroup { */
static int refuse(void *arg)
{
    int r = il_sleep(IL_MS(50));

    (void)arg;
    return r < 0 ? r : -ECONNREFUSED;
}

static int task_group(void)
{
    int n = 3;
    int r = 0;
    il_group group;

    IL_WITH_GROUP (&group, 0, &r) {
        r = il_spawn(&group, twice, &n, NULL); /* will be cancelled */
        if (r == 0)
            r = il_spawn(&group, refuse, NULL, NULL);
    }
    /* Both have ended; r is the first error. */
    printf("TaskGroup: %s\n", il_strerror(r));
    return r == -ECONNREFUSED ? 0 : r;
}
/* TaskGroup } */

/* timeout { */
static int timeout(void)
{
    int r = 0;

    IL_TIMEOUT (IL_MS(20), &r) {
        r = il_sleep(IL_MS(10));
        if (r < 0)
            break; /* leaves the block */
        r = il_sleep(IL_SEC(10));
    }
    printf("timeout: %s\n", il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}
/* timeout } */

/* cancel { */
static int worker(void *arg)
{
    int r = il_sleep(IL_SEC(3600));
    int closing = 0;

    (void)arg;
    if (r == -ECANCELED) { /* every other wait would say so, too, but here: */
        IL_SHIELD (IL_SEC(1), &closing) {
            closing = il_sleep(IL_MS(10));
        }
        printf("cancel: cleaned up\n");
    }
    return r;
}

static int cancel(void)
{
    int result;
    il_task *task;
    int r = il_spawn(NULL, worker, NULL, &task);

    if (r < 0)
        return r;
    (void)il_task_cancel(task);
    r = il_task_join(task, &result);
    if (r == 0)
        printf("cancel: %s\n", il_strerror(result));
    il_task_unref(task);
    return r;
}
/* cancel } */

/* as_completed { */
static int nap(void *arg)
{
    int ms = *(const int *)arg;
    int r = il_sleep(IL_MS(ms));

    return r < 0 ? r : ms;
}

static int as_completed(void)
{
    int slow = 80;
    int quick = 30;
    int closed;
    int result;
    il_task *task;
    il_group group;
    int r = il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    (void)il_spawn(&group, nap, &slow, NULL);
    (void)il_spawn(&group, nap, &quick, NULL);
    while ((r = il_group_next(&group, &task)) == 0) {
        if (il_task_try_join(task, &result) == 0)
            printf("as_completed: %d\n", result);
        il_task_unref(task);
    }
    closed = il_group_close(&group);
    return r == -ENOENT ? closed : r; /* -ENOENT: that was the last one */
}
/* as_completed } */

/* wait { */
static int wait_for_the_first(void)
{
    int slow = 80;
    int quick = 30;
    size_t which;
    il_awaited tasks[2] = { { .task = NULL }, { .task = NULL } };
    int r = il_spawn(NULL, nap, &slow, &tasks[0].task);

    if (r == 0)
        r = il_spawn(NULL, nap, &quick, &tasks[1].task);
    if (r == 0)
        r = il_wait_any(tasks, 2, &which);
    if (r > 0) /* so many have ended; the others go on */
        printf("wait: %d\n", tasks[which].result);
    for (int i = 0; i < 2 && tasks[i].task; i++) {
        (void)il_task_stop(tasks[i].task, IL_SEC(1), NULL);
        il_task_unref(tasks[i].task);
    }
    return r < 0 ? r : 0;
}
/* wait } */

/* Queue { */
static int produce(void *arg)
{
    il_channel *queue = arg;
    int r = 0;

    for (int i = 1; i <= 4 && r == 0; i++)
        r = il_channel_send(queue, &i); /* copies i; waits while it is full */
    (void)il_channel_close(queue);
    return r;
}

static int consume(void *arg)
{
    il_channel *queue = arg;
    int sum = 0;
    int item;
    int r;

    while ((r = il_channel_receive(queue, &item)) == 0)
        sum += item;
    printf("Queue: %d\n", sum);
    return r == -EPIPE ? 0 : r; /* -EPIPE: closed, and all is received */
}

static int queue(void)
{
    il_channel queue;
    il_call calls[] = {
        { .fn = produce, .arg = &queue },
        { .fn = consume, .arg = &queue },
    };
    int r = il_channel_init(&queue, sizeof(int), 2);

    if (r < 0)
        return r;
    r = il_gather(calls, 2);
    il_channel_fini(&queue);
    return r;
}
/* Queue } */

/* Lock { */
static il_lock lock = IL_LOCK_INIT;
static int balance;

static int deposit(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_LOCK (&lock, &r) {
        int before = balance;

        r = il_sleep(IL_MS(10)); /* without the lock, both would read 0 */
        if (r == 0)
            balance = before + 1;
    }
    return r;
}
/* Lock } */

static int locked(void)
{
    il_call calls[] = { { .fn = deposit }, { .fn = deposit } };
    int r = il_gather(calls, 2);

    printf("Lock: %d\n", balance);
    return r;
}

/* Event { */
static int wait_at_the_gate(void *arg)
{
    il_event *gate = arg;
    int r = il_event_wait(gate);

    if (r == 0)
        printf("Event: passed\n");
    return r;
}

static int event(void)
{
    il_event gate = IL_EVENT_INIT;
    il_task *task;
    int r = il_spawn(NULL, wait_at_the_gate, &gate, &task);

    if (r < 0)
        return r;
    (void)il_event_set(&gate); /* runs nothing, wakes whoever waits */
    r = il_task_join(task, NULL);
    il_task_unref(task);
    il_event_fini(&gate);
    return r;
}
/* Event } */

/* Condition { */
struct store {
    il_lock lock;
    il_condition filled;
    int n;
};

static int take(void *arg)
{
    struct store *store = arg;
    int r = 0;

    IL_WITH_LOCK (&store->lock, &r) {
        while (store->n == 0 && r == 0)
            r = il_condition_wait(&store->filled, &store->lock);
        if (r == 0)
            printf("Condition: %d left\n", --store->n);
    }
    return r;
}

static int fill(void *arg)
{
    struct store *store = arg;
    int r = 0;

    IL_WITH_LOCK (&store->lock, &r) {
        store->n = 2;
        r = il_condition_notify_all(&store->filled);
    }
    return r;
}
/* Condition } */

static int condition(void)
{
    struct store store = { IL_LOCK_INIT, IL_CONDITION_INIT, 0 };
    il_call calls[] = {
        { .fn = take, .arg = &store },
        { .fn = take, .arg = &store },
        { .fn = fill, .arg = &store },
    };

    return il_gather(calls, 3);
}

/* Semaphore { */
static il_semaphore two_at_a_time = IL_BOUNDED_SEMAPHORE_INIT(2);

static int download(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_PERMITS (&two_at_a_time, 1, &r) {
        r = il_sleep(IL_MS(100));
    }
    return r;
}
/* Semaphore } */

static int semaphore(void)
{
    il_call calls[] = {
        { .fn = download },
        { .fn = download },
        { .fn = download },
        { .fn = download },
    };
    il_time start = il_now();
    int r = il_gather(calls, 4);

    printf("Semaphore: %d ms\n", (int)((il_now() - start) / IL_MS(1)));
    return r;
}

/* contextvars { */
static const il_local request = IL_LOCAL_INIT("none", NULL);

static int show_request(void *arg)
{
    (void)arg;
    printf("contextvars: %s\n", (const char *)il_local_get(&request));
    return 0;
}

static int context(void)
{
    int r = 0;

    IL_WITH_LOCAL (&request, "GET /", &r) {
        r = il_spawn(NULL, show_request, NULL, NULL); /* inherits it */
    }
    return r < 0 ? r : show_request(NULL); /* as before */
}
/* contextvars } */

typedef int part_fn(void);

static int everything(void *arg)
{
    static part_fn *const parts[] = {
        create_task, gather,       task_group,         timeout,
        cancel,      as_completed, wait_for_the_first, queue,
        locked,      event,        condition,          semaphore,
        context
    };
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
        fprintf(stderr, "54_from_asyncio: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
