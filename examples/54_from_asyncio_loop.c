/* SPDX-License-Identifier: MIT */

/* 54_from_asyncio_loop.c - what those who come from asyncio look for: the loop.
 *
 * Callbacks, descriptors, signals and threads, as 54_from_asyncio.c has tasks. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Future { */
static void answer(void *arg) /* a callback: runs outside every task */
{
    il_future *future = arg;

    (void)il_future_set(future, 42, NULL);
}

static int future(void)
{
    il_future future = IL_FUTURE_INIT;
    il_timer timer = IL_TIMER_INIT(answer, &future);
    int result;
    int r = il_timer_start(il_loop_current(), &timer, il_deadline(IL_MS(50)));

    if (r < 0)
        return r;
    r = il_future_wait(&future, &result, NULL);
    if (r == 0)
        printf("Future: %d\n", result);
    (void)il_timer_stop(
        &timer); /* if we were cancelled: it lies on our stack */
    return r;
}
/* Future } */

/* add_reader { */
static int reader(void *arg)
{
    int fd = *(const int *)arg;
    char c;
    int r;

    while ((r = il_wait_fd(fd, IL_READ)) > 0) {
        if (read(fd, &c, 1) <= 0)
            return 0; /* the other end is closed */
        printf("add_reader: %c\n", c);
    }
    return r; /* cancelled: that is remove_reader() */
}
/* add_reader } */

static int readers(void)
{
    int fds[2];
    il_task *task;
    int r;

    if (pipe(fds) < 0)
        return -errno;
    r = il_spawn(NULL, reader, &fds[0], &task);
    if (r == 0) {
        r = write(fds[1], "io", 2) == 2 ? 0 : -EIO;
        (void)il_close(fds[1]);
        if (r == 0)
            r = il_task_join(task, NULL);
        il_task_unref(task);
    } else {
        (void)il_close(fds[1]);
    }
    (void)il_close(fds[0]);
    return r;
}

/* signal { */
static int wait_for_a_signal(const sigset_t *set)
{
    struct signalfd_siginfo info;
    int fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = il_read(fd, &info, sizeof info);
    if (n > 0)
        printf("signal: %s\n", info.ssi_signo == SIGUSR1 ? "SIGUSR1" : "?");
    (void)il_close(fd);
    return n < 0 ? (int)n : 0;
}
/* signal } */

static int signals(void)
{
    sigset_t set;
    int r;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (r < 0)
        return r;
    (void)kill(getpid(), SIGUSR1);
    r = wait_for_a_signal(&set);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return r;
}

/* threadsafe { */
struct news {
    il_loop *loop;
    il_future arrived;
    il_callback callback;
};

static void arrive(void *arg) /* on the loop's thread */
{
    struct news *news = arg;

    (void)il_future_set(&news->arrived, 1, NULL);
}

static void *another_thread(void *arg)
{
    struct news *news = arg;

    (void)il_post_threadsafe(news->loop, &news->callback);
    return NULL;
}
/* threadsafe } */

static int threads(void)
{
    struct news news = {
        .loop = il_loop_current(),
        .arrived = IL_FUTURE_INIT,
        .callback = IL_CALLBACK_INIT(arrive, &news),
    };
    pthread_t thread;
    int r = -pthread_create(&thread, NULL, another_thread, &news);

    if (r < 0)
        return r;
    r = il_future_wait(&news.arrived, NULL, NULL);
    (void)pthread_join(thread, NULL);
    if (r == 0)
        printf("call_soon_threadsafe: called\n");
    return r;
}

/* to_thread { */
static int block(void *arg) /* in a thread of the pool */
{
    int n = *(const int *)arg;

    (void)usleep(1000);
    return 2 * n;
}

static int to_thread(void)
{
    int n = 21;
    int result;
    int r = il_offload(block, &n, &result); /* only this task waits */

    if (r == 0)
        printf("to_thread: %d\n", result);
    return r;
}
/* to_thread } */

/* run_coroutine_threadsafe { */
static int greet(void *arg) /* a task of the loop */
{
    int r = il_sleep(IL_MS(1));

    (void)arg;
    return r < 0 ? r : 7;
}

static void *ask_the_loop(void *arg) /* in a thread without a loop */
{
    il_submission *submission;
    int result;

    if (il_submit(arg, greet, NULL, &submission) < 0)
        return NULL;
    if (il_submission_wait(submission, IL_SEC(20), &result) == 0)
        printf("run_coroutine_threadsafe: %d\n", result);
    il_submission_unref(submission);
    return NULL;
}
/* run_coroutine_threadsafe } */

static int join(void *arg)
{
    return -pthread_join(*(pthread_t *)arg, NULL);
}

static int run_threadsafe(void)
{
    pthread_t thread;
    int r = -pthread_create(&thread, NULL, ask_the_loop, il_loop_current());

    return r < 0 ? r : il_offload(join, &thread, NULL);
}

typedef int part_fn(void);

static int everything(void *arg)
{
    static part_fn *const parts[] = { future,  readers,   signals,
                                      threads, to_thread, run_threadsafe };
    int r = 0;

    (void)arg;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && r >= 0; i++)
        r = parts[i]();
    return r;
}

int main(void)
{
    int r = il_run(everything, NULL);

    if (r < 0)
        fprintf(stderr, "54_from_asyncio_loop: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
