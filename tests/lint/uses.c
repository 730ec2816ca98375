/* SPDX-License-Identifier: MIT */

/* uses.c - every macro of the public headers, used as a program uses it.
 *
 * headers.sh compiles it as C and as C++ with more warnings than anybody has on:
 * what a macro makes of its arguments is in the user's code, and so are the
 * warnings.  It is not run. */

#include <interloop/interloop.h>

#include <interloop/explore.h>
#include <interloop/testing.h>

#ifdef __cplusplus
#define NOTHING                                                                \
    {                                                                          \
    }
#else
#define NOTHING                                                                \
    {                                                                          \
        0                                                                      \
    }
#endif

int use_blocks(void *arg);
int use_cases(void *arg);
int use_cleanup(void *arg);
int use_spawning(void *arg);

/* --- initialisers of statics ------------------------------------------------ */

static void fn(void *arg)
{
    (void)arg;
}

static const il_local name = IL_LOCAL_INIT(NULL, NULL);
static il_barrier barrier = IL_BARRIER_INIT(2);
static il_buffer buffer = IL_BUFFER_INIT;
static il_callback callback = IL_CALLBACK_INIT(fn, NULL);
static il_cancel_token cancel_token = IL_CANCEL_TOKEN_INIT;
static il_condition condition = IL_CONDITION_INIT;
static il_event event = IL_EVENT_INIT;
static il_future future = IL_FUTURE_INIT;
static il_limiter limiter = IL_LIMITER_INIT(3);
static il_lock lock = IL_LOCK_INIT;
static il_once once = IL_ONCE_INIT;
static il_rwlock rwlock = IL_RWLOCK_INIT;
static il_semaphore bounded = IL_BOUNDED_SEMAPHORE_INIT(2);
static il_semaphore semaphore = IL_SEMAPHORE_INIT(2);
static il_shared_future shared_future = IL_SHARED_FUTURE_INIT;
static il_timer timer = IL_TIMER_INIT(fn, NULL);
static il_token token = IL_TOKEN_INIT;
static il_waitgroup waitgroup = IL_WAITGROUP_INIT;
static const il_time times[] = { IL_NS(5), IL_US(2.5), IL_MS(20), IL_SEC(1.5),
                                 IL_FOREVER };

static int body(void *arg)
{
    (void)arg;
    return il_sleep(times[0]);
}

/* --- blocks ------------------------------------------------------------------- */

int use_blocks(void *arg)
{
    il_failure list[3];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;
    int r = 0;

    IL_TIMEOUT (IL_SEC(5), &r) {
        IL_TIMEOUT_AT (il_now() + IL_MS(3), &r) {
            r = il_yield();
        }
    }
    IL_SHIELD (IL_SEC(1), &r) {
        r = il_yield();
    }
    IL_WITH_GROUP (&group, IL_GROUP_SUPERVISE, &r) {
        r = il_group_keep_failures(&group, &failures);
    }
    IL_WITH_LOCK (&lock, &r) {
        r = il_condition_wait(&condition, &lock);
    }
    IL_WITH_PERMITS (&semaphore, 1, &r) {
        IL_WITH_PERMITS (&bounded, 1, &r) {
            r = il_yield();
        }
    }
    IL_WITH_READ_LOCK (&rwlock, &r) {
        r = il_yield();
    }
    IL_WITH_WRITE_LOCK (&rwlock, &r) {
        r = il_yield();
    }
    IL_WITH_TOKEN (&limiter, &r) {
        r = il_limiter_acquire(&limiter, &token);
    }
    IL_WITH_LOCAL (&name, arg, &r) {
        r = il_local_get(&name) == arg;
    }
    IL_UNTIL_CANCELLED (&cancel_token, &r) {
        r = il_once_run(&once, body, NULL);
    }
    return r;
}

/* --- cases ------------------------------------------------------------------- */

int use_cases(void *arg)
{
    il_channel *channel = (il_channel *)arg;
    il_queue *queue = NULL;
    il_subscriber *subscriber = NULL;
    il_task *task = NULL;
    il_watch *watch = NULL;
    uint64_t version = 0;
    uint64_t missed;
    void *value;
    int result;
    int v = 0;
    il_case cases[] = {
        IL_CASE_RECEIVE(channel, &v),
        IL_CASE_SEND(channel, &v),
        IL_CASE_GET(queue, &v),
        IL_CASE_PUT(queue, &v),
        IL_CASE_SUBSCRIBER(subscriber, &v, &missed),
        IL_CASE_SUBSCRIBER(subscriber, &v, NULL),
        IL_CASE_WATCH(watch, &version, &v),
        IL_CASE_FD(v, IL_READ | IL_WRITE),
        IL_CASE_JOIN(task, &result),
        IL_CASE_JOIN(task, NULL),
        IL_CASE_FUTURE(&future, &result, &value),
        IL_CASE_FUTURE(&future, NULL, NULL),
        IL_CASE_EVENT(&event),
        IL_CASE_LOCK(&lock),
        IL_CASE_PERMITS(&semaphore, 2),
        IL_CASE_AT(IL_FOREVER),
        IL_CASE_AFTER(IL_SEC(2)),
        IL_CASE_NONE,
    };
    const size_t n = sizeof cases / sizeof *cases;

    il_case_enable(&cases[0], false);
    v = il_try_select(cases, n, 0);
    return v < 0 ? il_select(cases, n, IL_SELECT_ROTATE) : v;
}

/* --- clean-up ------------------------------------------------------------------- */

typedef struct thing {
    int number;
} thing;

static void thing_fini(thing *t)
{
    t->number = 0;
}

static thing *thing_free(thing *t)
{
    (void)t;
    return NULL;
}

IL_AUTO_DEFINE(thing, thing_fini)
IL_AUTOPTR_DEFINE(thing, thing_free)

int use_cleanup(void *arg)
{
    il_auto(il_channel) channel = NOTHING;
    il_auto(il_group) group = NOTHING;
    il_auto(il_lock_guard) guard = IL_LOCK_GUARD_INIT;
    il_auto(il_receiver) receiver = IL_RECEIVER_INIT;
    il_auto(il_sender) sender = IL_SENDER_INIT;
    il_auto(thing) a = NOTHING;
    il_autofd fd = -1;
    il_autoptr(il_task) task = NULL;
    il_autoptr(thing) b = NULL;
    IL_CLEANUP(il_fd) int fd_too = -1;
    IL_CLEANUP(il_task) il_task *task_too = IL_STEAL(&task);
    IL_DEFER(fn, arg);
    IL_DEFER(fn, NULL);

    if (fd_too >= 0 || task_too || b || a.number > 0)
        return -1;
    fd = il_channel_open(sizeof a, 1, &sender, &receiver);
    return fd < 0 ? fd : il_lock_guard_acquire(&guard, &lock);
}

/* --- tasks and threads ---------------------------------------------------------- */

int use_spawning(void *arg)
{
    il_loop *loop = (il_loop *)arg;
    il_pool *pool = NULL;
    il_submission *submission;
    il_task *task;
    void *value;
    int result;
    int r = il_spawn(NULL, body, NULL, &task);

    if (r == 0)
        r = il_spawn_lazy(NULL, body, NULL, NULL);
    if (r == 0)
        r = il_spawn_copy(NULL, body, &result, sizeof result, NULL);
    if (r == 0)
        r = il_spawn_ready(NULL, body, NULL, &task, &value);
    if (r == 0)
        r = il_offload(body, NULL, &result);
    if (r == 0)
        r = il_offload_to(pool, body, NULL, NULL);
    if (r == 0)
        r = il_submit(loop, body, NULL, &submission);
    if (r == 0)
        r = il_post(loop, &callback);
    if (r == 0)
        r = il_timer_start(loop, &timer, times[4]);
    if (r == 0)
        r = il_barrier_wait(&barrier) + il_waitgroup_wait(&waitgroup);
    (void)il_buffer_release(&buffer);
    return il_shared_future_is_done(&shared_future) ? r : 0;
}
