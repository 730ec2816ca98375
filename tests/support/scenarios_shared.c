/* SPDX-License-Identifier: MIT */

/* scenarios_shared.c - other threads do things for us, and we for them. */

#include "config.h"

#include "scenario_tools.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static pthread_t start(void *(*fn)(void *), void *arg)
{
    pthread_t thread = 0;

    CHECK_INT(pthread_create(&thread, NULL, fn, arg), 0);
    return thread;
}

static void join(pthread_t thread)
{
    CHECK_INT(pthread_join(thread, NULL), 0);
}

/* --- jobs ----------------------------------------------------------------- */

static int block_a_little(void *arg)
{
    CHECK(il_task_current() == NULL);
    CHECK(il_loop_current() == NULL);
    (void)usleep(300);
    return *(int *)arg;
}

static int offload_number(void *arg)
{
    int result = -1;

    CHECK_INT(il_offload(block_a_little, arg, &result), 0);
    return result;
}

static int tick(void *arg)
{
    for (;;) {
        int r = il_sleep(IL_US(20));

        if (r < 0)
            return r;
        ++*(int *)arg;
    }
}

static int jobs_block_other_threads(void *arg)
{
    int numbers[] = { 1, 2, 3 };
    int n_ticks = 0;
    il_call calls[3];
    il_task *ticker = NULL;

    (void)arg;
    CHECK_INT(il_spawn(NULL, tick, &n_ticks, &ticker), 0);
    for (int i = 0; i < 3; i++)
        calls[i] = (il_call){ offload_number, &numbers[i], 0 };
    CHECK_INT(il_gather(calls, 3), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(calls[i].result, i + 1);
    CHECK(n_ticks > 0);
    CHECK_INT(il_task_cancel(ticker), 0);
    CHECK_INT(il_task_join(ticker, NULL), 0);
    il_task_unref(ticker);
    return 0;
}

struct slow {
    sem_t may_end;
    sem_t is_over;
};

static int wait_in_job(void *arg)
{
    struct slow *slow = arg;

    while (sem_wait(&slow->may_end) != 0)
        continue;
    return 6;
}

static void note_over(void *arg, int result)
{
    struct slow *slow = arg;

    /* If no thread was free it has not begun. */
    CHECK(result == 6 || result == -ECANCELED);
    CHECK_INT(sem_post(&slow->is_over), 0);
}

static int job_is_left_behind(void *arg)
{
    struct slow slow;
    const il_offload_options options = { .fn = wait_in_job,
                                         .arg = &slow,
                                         .flags = IL_ABANDON,
                                         .destroy = note_over };
    int r = 0;

    (void)arg;
    CHECK_INT(sem_init(&slow.may_end, 0, 0), 0);
    CHECK_INT(sem_init(&slow.is_over, 0, 0), 0);
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_offload_with(&options, NULL);
        CHECK_INT(r, -ECANCELED);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(sem_post(&slow.may_end), 0);
    while (sem_wait(&slow.is_over) != 0)
        continue;
    CHECK_INT(sem_destroy(&slow.may_end), 0);
    CHECK_INT(sem_destroy(&slow.is_over), 0);
    return 0;
}

/* --- calls ---------------------------------------------------------------- */

struct visitor {
    il_loop *loop;
    pthread_t host; /* the loop's thread */
    il_shared_future done;
};

static int be_visited(void *arg)
{
    struct visitor *visitor = arg;

    CHECK(pthread_equal(pthread_self(), visitor->host));
    CHECK(il_task_current() == NULL);
    return 3;
}

static int be_visited_for_a_while(void *arg)
{
    struct visitor *visitor = arg;

    CHECK(pthread_equal(pthread_self(), visitor->host));
    CHECK_INT(il_sleep(IL_US(200)), 0);
    return 4;
}

static void *visit(void *arg)
{
    struct visitor *visitor = arg;
    il_submission *submission = NULL;
    int result = 0;

    CHECK_INT(il_call_sync(visitor->loop, be_visited, visitor, &result), 0);
    CHECK_INT(result, 3);
    CHECK_INT(
        il_submit(visitor->loop, be_visited_for_a_while, visitor, &submission),
        0);
    CHECK_INT(il_submission_wait(submission, IL_FOREVER, &result), 0);
    CHECK_INT(result, 4);
    il_submission_unref(submission);
    CHECK_INT(il_submit(visitor->loop, sleep_for_ever, NULL, &submission), 0);
    CHECK_INT(il_submission_wait(submission, IL_US(100), NULL), -ETIMEDOUT);
    CHECK_INT(il_submission_cancel(submission), 0);
    CHECK_INT(il_submission_wait(submission, IL_FOREVER, &result), 0);
    CHECK_INT(result, -ECANCELED);
    il_submission_unref(submission);
    CHECK_INT(il_shared_future_set(&visitor->done, 5, visitor), 0);
    return NULL;
}

static int thread_calls_into_the_loop(void *arg)
{
    struct visitor visitor = { .loop = il_loop_current(),
                               .host = pthread_self(),
                               .done = IL_SHARED_FUTURE_INIT };
    pthread_t thread = start(visit, &visitor);
    int result = 0;
    void *value = NULL;

    (void)arg;
    CHECK_INT(il_shared_future_wait(&visitor.done, IL_FOREVER, &result, &value),
              0);
    CHECK_INT(result, 5);
    CHECK(value == &visitor);
    join(thread);
    il_shared_future_fini(&visitor.done);
    return 0;
}

/* --- channels --------------------------------------------------------------- */

enum { N_VALUES = 200 };

struct echo {
    il_shared_channel there;
    il_shared_channel back;
};

static void *echo_all(void *arg)
{
    struct echo *echo = arg;
    int value;

    while (il_shared_channel_receive(&echo->there, &value, IL_FOREVER) == 0)
        CHECK_INT(il_shared_channel_send(&echo->back, &value, IL_FOREVER), 0);
    CHECK_INT(il_shared_channel_close(&echo->back), 0);
    return NULL;
}

static int send_all(void *arg)
{
    struct echo *echo = arg;

    for (int i = 0; i < N_VALUES; i++)
        CHECK_INT(il_shared_channel_send(&echo->there, &i, IL_FOREVER), 0);
    return il_shared_channel_close(&echo->there);
}

static int values_go_to_a_thread_and_back(void *arg)
{
    (void)arg;
    for (size_t capacity = 0; capacity < 5; capacity += 4) {
        struct echo echo;
        pthread_t thread;
        int value = 77;

        CHECK_INT(il_shared_channel_init(&echo.there, sizeof(int), capacity),
                  0);
        CHECK_INT(il_shared_channel_init(&echo.back, sizeof(int), capacity), 0);
        thread = start(echo_all, &echo);
        CHECK_INT(il_spawn(NULL, send_all, &echo, NULL), 0);
        for (int i = 0; i < N_VALUES; i++) {
            CHECK_INT(il_shared_channel_receive(&echo.back, &value, IL_FOREVER),
                      0);
            CHECK_INT(value, i);
        }
        CHECK_INT(il_shared_channel_receive(&echo.back, &value, IL_FOREVER),
                  -EPIPE);
        join(thread);
        il_shared_channel_fini(&echo.there);
        il_shared_channel_fini(&echo.back);
    }
    return 0;
}

/* --- tokens ----------------------------------------------------------------- */

static void *cancel_token(void *arg)
{
    (void)usleep(300);
    CHECK_INT(il_cancel_token_cancel(arg), 0);
    return NULL;
}

static int sleep_until_cancelled(void *token)
{
    int r = 0;

    IL_UNTIL_CANCELLED (token, &r) {
        r = il_sleep(IL_FOREVER);
        CHECK_INT(r, -ECANCELED);
    }
    CHECK_INT(r, 0);
    return il_yield();
}

static int thread_cancels_tasks_by_a_token(void *arg)
{
    il_cancel_token parent = IL_CANCEL_TOKEN_INIT;
    il_cancel_token token;
    il_call calls[2] = { { sleep_until_cancelled, &token, 0 },
                         { sleep_until_cancelled, &parent, 0 } };
    pthread_t thread;

    (void)arg;
    CHECK_INT(il_cancel_token_init_child(&token, &parent), 0);
    thread = start(cancel_token, &parent);
    CHECK_INT(il_gather(calls, 2), 0);
    CHECK_INT(il_cancel_token_wait(&token, IL_FOREVER), 0);
    join(thread);
    il_cancel_token_fini(&token);
    il_cancel_token_fini(&parent);
    return 0;
}

const struct scenario scenarios_shared[] = {
    { "jobs block other threads", jobs_block_other_threads },
    { "a job is left behind", job_is_left_behind },
    { "a thread calls into the loop", thread_calls_into_the_loop },
    { "values go to a thread and back", values_go_to_a_thread_and_back },
    { "a thread cancels tasks by a token", thread_cancels_tasks_by_a_token },
    { NULL, NULL },
};
