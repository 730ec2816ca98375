/* SPDX-License-Identifier: MIT */

/* scenarios_thread.c - other threads post to the loop. */

#include "config.h"

#include "scenario_tools.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_t start(void *(*fn)(void *), void *arg)
{
    pthread_t thread = 0;

    CHECK_INT(pthread_create(&thread, NULL, fn, arg), 0);
    return thread;
}

/* --- One letter ----------------------------------------------------------- */

struct letter {
    il_loop *loop;
    il_future arrived;
    il_callback callback;
};

static void deliver(void *arg)
{
    struct letter *letter = arg;

    CHECK_INT(il_future_set(&letter->arrived, 5, NULL), 0);
}

static void *post_letter(void *arg)
{
    struct letter *letter = arg;

    (void)usleep(300);
    CHECK_INT(il_post_threadsafe(letter->loop, &letter->callback), 0);
    return NULL;
}

static int thread_wakes_a_task(void *arg)
{
    int result = 0;

    (void)arg;
    for (int i = 0; i < 5; i++) {
        struct letter letter = { .loop = il_loop_current(),
                                 .arrived = IL_FUTURE_INIT,
                                 .callback =
                                     IL_CALLBACK_INIT(deliver, &letter) };
        pthread_t thread = start(post_letter, &letter);

        CHECK_INT(il_future_wait(&letter.arrived, &result, NULL), 0);
        CHECK_INT(result, 5);
        CHECK_INT(pthread_join(thread, NULL), 0);
    }
    return 0;
}

/* --- Many posts ----------------------------------------------------------- */

enum { N_POSTS = 200, N_THREADS = 4 };

struct post {
    il_callback callback;
    struct poster *from;
    int number;
};

struct poster {
    il_loop *loop;
    unsigned *n_left; /* of all posters */
    il_future *over;
    int last; /* number that came last */
    struct post posts[N_POSTS];
};

static void count(void *arg)
{
    struct post *post = arg;
    struct poster *from = post->from;

    CHECK_INT(post->number, from->last + 1);
    from->last = post->number;
    if (--*from->n_left == 0)
        CHECK_INT(il_future_set(from->over, 0, NULL), 0);
}

static void prepare(struct poster *poster, unsigned *n_left, il_future *over)
{
    poster->loop = il_loop_current();
    poster->n_left = n_left;
    poster->over = over;
    poster->last = -1;
    for (int i = 0; i < N_POSTS; i++)
        poster->posts[i] =
            (struct post){ IL_CALLBACK_INIT(count, &poster->posts[i]), poster,
                           i };
    *n_left += N_POSTS;
}

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (int i = 0; i < N_POSTS; i++) {
        CHECK_INT(il_post_threadsafe(poster->loop, &poster->posts[i].callback),
                  0);
        if (i % 50 == 0)
            (void)sched_yield();
    }
    return NULL;
}

static int posts_of_threads_keep_their_order(void *arg)
{
    il_future over = IL_FUTURE_INIT;
    pthread_t threads[N_THREADS];
    struct poster posters[N_THREADS];
    unsigned n_left = 0;

    (void)arg;
    for (int i = 0; i < N_THREADS; i++)
        prepare(&posters[i], &n_left, &over);
    for (int i = 0; i < N_THREADS; i++)
        threads[i] = start(post_all, &posters[i]);
    CHECK_INT(il_future_wait(&over, NULL, NULL), 0);
    for (int i = 0; i < N_THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(n_left, 0);
    return 0;
}

/* While the loop is busy with us, nobody needs to wake it; all that has come
 * by then is there in the next turn. */
static int posts_to_a_busy_loop_come_together(void *arg)
{
    il_future over = IL_FUTURE_INIT;
    struct poster poster;
    unsigned n_left = 0;

    (void)arg;
    prepare(&poster, &n_left, &over);
    CHECK_INT(pthread_join(start(post_all, &poster), NULL), 0);
    CHECK_INT(n_left, N_POSTS);
    /* The first yield may still belong to the turn we are in. */
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(n_left, 0);
    return 0;
}

static int own_thread_may_post_so_too(void *arg)
{
    il_future over = IL_FUTURE_INIT;
    struct poster poster;
    unsigned n_left = 0;

    (void)arg;
    prepare(&poster, &n_left, &over);
    (void)post_all(&poster);
    CHECK_INT(il_future_wait(&over, NULL, NULL), 0);
    CHECK_INT(n_left, 0);
    return 0;
}

static void fail_check(void *arg)
{
    CHECK(arg != arg); /* runs though it was taken back */
}

static void *post_it(void *arg)
{
    struct letter *letter = arg;

    CHECK_INT(il_post_threadsafe(letter->loop, &letter->callback), 0);
    return NULL;
}

static int post_of_a_thread_can_be_taken_back(void *arg)
{
    struct letter letter = { .loop = il_loop_current(),
                             .callback = IL_CALLBACK_INIT(fail_check, NULL) };

    (void)arg;
    CHECK_INT(pthread_join(start(post_it, &letter), NULL), 0);
    CHECK_INT(il_post(letter.loop, &letter.callback), -EBUSY);
    CHECK(il_callback_cancel(&letter.callback));
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* --- Whose loop ----------------------------------------------------------- */

struct foreign {
    il_loop *loop;
    il_task *task;
    il_future future;
    il_callback callback;
    il_timer timer;
};

static void *try_everything(void *arg)
{
    struct foreign *foreign = arg;

    CHECK(il_task_current() == NULL);
    CHECK(il_loop_current() == NULL);
    CHECK_INT(il_post(foreign->loop, &foreign->callback), -ESRCH);
    CHECK_INT(il_timer_start(foreign->loop, &foreign->timer, 0), -ESRCH);
    CHECK_INT(il_task_cancel(foreign->task), -ESRCH);
    CHECK_INT(il_future_set(&foreign->future, 0, NULL), -ESRCH);
    CHECK_INT(il_loop_close(foreign->loop, 0), -ESRCH);
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, NULL), -ESRCH);
    CHECK_INT(il_yield(), -ESRCH);
    return NULL;
}

static int wait_for_it(void *arg)
{
    return il_future_wait(arg, NULL, NULL);
}

static int other_threads_are_refused(void *arg)
{
    struct foreign foreign = { .loop = il_loop_current(),
                               .future = IL_FUTURE_INIT,
                               .callback = IL_CALLBACK_INIT(fail_check, NULL),
                               .timer = IL_TIMER_INIT(fail_check, NULL) };

    (void)arg;
    CHECK_INT(il_spawn(NULL, wait_for_it, &foreign.future, &foreign.task), 0);
    CHECK_INT(pthread_join(start(try_everything, &foreign), NULL), 0);
    CHECK_INT(il_future_set(&foreign.future, 0, NULL), 0);
    CHECK_INT(il_task_join(foreign.task, NULL), 0);
    il_task_unref(foreign.task);
    return 0;
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_US(300)), 0);
    return 11;
}

static void *run_own_loop(void *arg)
{
    struct letter *letter = arg;

    CHECK_INT(il_run(sleep_a_little, NULL), 11);
    CHECK(il_loop_current() == NULL);
    CHECK_INT(il_post_threadsafe(letter->loop, &letter->callback), 0);
    return NULL;
}

static int thread_has_a_loop_of_its_own(void *arg)
{
    struct letter letter = { .loop = il_loop_current(),
                             .arrived = IL_FUTURE_INIT,
                             .callback = IL_CALLBACK_INIT(deliver, &letter) };
    pthread_t thread = start(run_own_loop, &letter);

    (void)arg;
    CHECK_INT(il_sleep(IL_US(200)), 0);
    CHECK_INT(il_future_wait(&letter.arrived, NULL, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(il_loop_current() == letter.loop);
    return 0;
}

const struct scenario scenarios_thread[] = {
    { "a thread wakes a task", thread_wakes_a_task },
    { "posts of several threads keep their order",
      posts_of_threads_keep_their_order },
    { "posts to a busy loop come together",
      posts_to_a_busy_loop_come_together },
    { "the own thread may post so too", own_thread_may_post_so_too },
    { "a post of a thread can be taken back",
      post_of_a_thread_can_be_taken_back },
    { "other threads are refused", other_threads_are_refused },
    { "a thread has a loop of its own", thread_has_a_loop_of_its_own },
    { NULL, NULL },
};
