/* SPDX-License-Identifier: MIT */

/* test_inspect.c - tasks printed for other threads and at signals. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct text {
    char *bytes;
    size_t size;
    FILE *file;
};

static void open_text(struct text *text)
{
    *text = (struct text){ 0 };
    text->file = open_memstream(&text->bytes, &text->size);
    assert_non_null(text->file);
}

/* What has been printed so far. */
static const char *read_text(struct text *text)
{
    assert_int_equal(fflush(text->file), 0);
    return text->bytes;
}

static void close_text(struct text *text)
{
    assert_int_equal(fclose(text->file), 0);
    free(text->bytes);
}

static int sleep_long(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(1000));
}

/* --- other threads ------------------------------------------------------------------ */

struct asker {
    il_loop *loop;
    FILE *file;
    il_time timeout;
    il_callback stop; /* posted when it has its answer */
    int r;
};

static void *ask(void *arg)
{
    struct asker *asker = arg;

    asker->r = il_dump_loop(asker->loop, asker->file, asker->timeout);
    CHECK_INT(il_post_threadsafe(asker->loop, &asker->stop), 0);
    return NULL;
}

static void stop(void *loop)
{
    CHECK_INT(il_loop_stop(loop), 0);
}

static void test_inspect_another_threads_loop(void **state)
{
    struct fixture *f = *state;
    struct text text;
    struct asker asker = { .loop = f->loop,
                           .timeout = IL_FOREVER,
                           .stop = IL_CALLBACK_INIT(stop, f->loop) };
    pthread_t thread;

    open_text(&text);
    asker.file = text.file;
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asker), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asker.r, 1);
    assert_non_null(strstr(read_text(&text), "sleep_long: waits for time"));
    close_text(&text);
}

/* The loop answers when nobody is interested any more. */
static void test_inspect_a_loop_that_does_not_run(void **state)
{
    struct fixture *f = *state;
    struct text text;
    struct asker asker = { .loop = f->loop,
                           .timeout = IL_MS(1),
                           .stop = IL_CALLBACK_INIT(stop, f->loop) };
    pthread_t thread;

    open_text(&text);
    asker.file = text.file;
    assert_int_equal(pthread_create(&thread, NULL, ask, &asker), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asker.r, -ETIMEDOUT);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(read_text(&text), "");
    close_text(&text);
}

static void test_inspect_the_own_loop(void **state)
{
    struct fixture *f = *state;
    struct text text;

    open_text(&text);
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(il_dump_loop(f->loop, text.file, 0), 1);
    assert_non_null(strstr(read_text(&text), "sleep_long"));
    assert_int_equal(il_dump_loop(NULL, text.file, 0), -EINVAL);
    assert_int_equal(il_dump_loop(f->loop, NULL, 0), -EINVAL);
    close_text(&text);
}

static void test_inspect_a_closed_loop(void **state)
{
    struct fixture *f = *state;

    (void)il_loop_ref(f->loop);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_dump_loop(f->loop, stderr, IL_FOREVER), -ESHUTDOWN);
    (void)il_loop_unref(f->loop);
}

/* --- signals ------------------------------------------------------------------------ */

static struct sigaction handler_of(int signo)
{
    struct sigaction action;

    assert_int_equal(sigaction(signo, NULL, &action), 0);
    return action;
}

static void test_inspect_at_a_signal(void **state)
{
    struct fixture *f = *state;
    struct text text;

    open_text(&text);
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, text.file), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_string_equal(read_text(&text), ""); /* not inside the handler */
    settle(f);
    assert_non_null(strstr(read_text(&text), "sleep_long: waits for time"));
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_true(handler_of(SIGUSR1).sa_handler == SIG_DFL);
    close_text(&text);
}

static void *kill_soon(void *arg)
{
    const struct timespec ts = { .tv_nsec = 5000000 };

    (void)nanosleep(&ts, NULL);
    CHECK_INT(pthread_kill(*(pthread_t *)arg, SIGUSR1), 0);
    (void)nanosleep(&ts, NULL);
    CHECK_INT(pthread_kill(*(pthread_t *)arg, SIGUSR1), 0);
    return NULL;
}

static int wait_for_event(void *arg)
{
    return il_event_wait(arg);
}

/* A loop that sleeps is woken, and goes on sleeping afterwards. */
static void test_inspect_at_a_signal_that_wakes_the_loop(void **state)
{
    struct fixture *f = *state;
    pthread_t here = pthread_self();
    il_event event = IL_EVENT_INIT;
    il_task *task;
    pthread_t thread;
    struct text text;

    open_text(&text);
    assert_int_equal(il_spawn(NULL, wait_for_event, &event, &task), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, text.file), 0);
    assert_int_equal(pthread_create(&thread, NULL, kill_soon, &here), 0);
    while (!strstr(read_text(&text), "an event"))
        assert_true(il_loop_turn(f->loop, 0) >= 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    close_text(&text);
}

static void test_inspect_signal_refuses_what_makes_no_sense(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_dump_on_signal(NULL, SIGUSR1, NULL), -EINVAL);
    assert_int_equal(il_dump_on_signal(f->loop, -1, NULL), -EINVAL);
    assert_int_equal(il_dump_on_signal(f->loop, 1000, NULL), -EINVAL);
    assert_int_equal(il_dump_on_signal(f->loop, SIGKILL, NULL), -EINVAL);
    assert_int_equal(il_dump_on_signal(f->loop, 0, NULL), 0); /* had none */
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, NULL), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR2, NULL), -EALREADY);
    assert_int_equal(il_dump_on_signal(f->loop, 0, NULL), 0);
    assert_true(handler_of(SIGUSR1).sa_handler == SIG_DFL);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR2, NULL), 0);
    (void)il_loop_ref(f->loop);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, NULL), -ESHUTDOWN);
    (void)il_loop_unref(f->loop);
}

static void own_handler(int signo)
{
    (void)signo;
}

/* The program's own handler, from before or after, stays. */
static void test_inspect_signal_leaves_strangers_alone(void **state)
{
    struct fixture *f = *state;
    const struct sigaction own = { .sa_handler = own_handler };
    struct sigaction before;

    assert_int_equal(sigaction(SIGUSR1, &own, &before), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, NULL), 0);
    assert_true(handler_of(SIGUSR1).sa_handler != own_handler);
    assert_int_equal(il_dump_on_signal(f->loop, 0, NULL), 0);
    assert_true(handler_of(SIGUSR1).sa_handler == own_handler);

    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR1, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &own, NULL), 0);
    assert_int_equal(il_dump_on_signal(f->loop, 0, NULL), 0);
    assert_true(handler_of(SIGUSR1).sa_handler == own_handler);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

/* --- loops in many threads ---------------------------------------------------------- */

enum { N_THREADS = 17 };

static pthread_barrier_t ready, done;

struct member {
    pthread_t thread;
    struct text text;
    int r;
};

static int wait_for_dump(void *arg)
{
    struct member *me = arg;

    while (me->r == 0 && !strstr(me->text.bytes ? me->text.bytes : "", "main"))
        CHECK_INT(il_sleep(IL_MS(1)), 0);
    return 0;
}

static void *run_member(void *arg)
{
    struct member *me = arg;
    il_loop *loop;

    CHECK_INT(il_loop_new(&loop), 0);
    me->r = il_dump_on_signal(loop, SIGUSR1, me->text.file);
    (void)pthread_barrier_wait(&ready);
    CHECK_INT(il_run(wait_for_dump, me), 0);
    (void)pthread_barrier_wait(&done);
    CHECK_INT(il_loop_close(loop, 0), 0);
    (void)il_loop_unref(loop);
    return NULL;
}

static void test_inspect_signal_for_the_loops_of_all_threads(void **state)
{
    struct member members[N_THREADS];
    int n_refused = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&ready, NULL, N_THREADS + 1), 0);
    assert_int_equal(pthread_barrier_init(&done, NULL, N_THREADS), 0);
    for (int i = 0; i < N_THREADS; i++) {
        open_text(&members[i].text);
        assert_int_equal(
            pthread_create(&members[i].thread, NULL, run_member, &members[i]),
            0);
    }
    (void)pthread_barrier_wait(&ready);
    assert_int_equal(raise(SIGUSR1), 0);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(members[i].thread, NULL), 0);
        n_refused += members[i].r == -EMFILE;
        close_text(&members[i].text);
    }
    assert_int_equal(n_refused, 1);
    assert_true(handler_of(SIGUSR1).sa_handler == SIG_DFL);
    (void)pthread_barrier_destroy(&ready);
    (void)pthread_barrier_destroy(&done);
    end_checks();
}

static int begin(void **state)
{
    (void)state;
    begin_checks();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_inspect_another_threads_loop),
        TEST(test_inspect_a_loop_that_does_not_run),
        TEST(test_inspect_the_own_loop),
        TEST(test_inspect_a_closed_loop),
        TEST(test_inspect_at_a_signal),
        TEST(test_inspect_at_a_signal_that_wakes_the_loop),
        TEST(test_inspect_signal_refuses_what_makes_no_sense),
        TEST(test_inspect_signal_leaves_strangers_alone),
        cmocka_unit_test_setup(test_inspect_signal_for_the_loops_of_all_threads,
                               begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
