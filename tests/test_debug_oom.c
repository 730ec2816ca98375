/* SPDX-License-Identifier: MIT */

/* test_debug_oom.c - debug mode and dumps when memory runs out, and files. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static unsigned countdown; /* 1: the next allocation fails; 0: none will */

static bool no_streams;

static bool must_fail(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
FILE *__real_open_memstream(char **text, size_t *size);
FILE *__real_fopen(const char *name, const char *mode);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
FILE *__wrap_open_memstream(char **text, size_t *size);
FILE *__wrap_fopen(const char *name, const char *mode);

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return no_streams ? NULL : __real_open_memstream(text, size);
}

FILE *__wrap_fopen(const char *name, const char *mode)
{
    return no_streams ? NULL : __real_fopen(name, mode);
}

static void test_debug_oom_cannot_be_switched_on(void **state)
{
    struct fixture *f = *state;

    countdown = 1;
    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_ALL), -ENOMEM);
    assert_int_equal(il_loop_get_debug(f->loop), 0);
    countdown = 1;
    assert_int_equal(il_loop_set_debug_limits(f->loop, NULL), -ENOMEM);
    countdown = 0;
    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_ALL), 0);
}

/* A loop that was to be watched and cannot be is none. */
static void test_debug_oom_when_a_loop_is_made(void **state)
{
    il_loop *loop;
    int r = -ENOMEM;

    (void)state;
    assert_int_equal(il_set_debug(IL_DEBUG_ALL), 0);
    for (unsigned n = 1; r == -ENOMEM; n++) {
        countdown = n;
        r = il_loop_new(&loop);
        assert_true(n < 100);
    }
    countdown = 0;
    assert_int_equal(r, 0);
    assert_int_equal(il_loop_get_debug(loop), IL_DEBUG_ALL);
    assert_int_equal(il_loop_close(loop, 0), 0);
    (void)il_loop_unref(loop);
    assert_int_equal(il_set_debug(0), 0);
}

static int sleep_long(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(1000));
}

static void test_debug_oom_of_a_dump(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    for (unsigned n = 1; n <= 2; n++) {
        countdown = n;
        assert_int_equal(il_dump_tasks(stdout), -ENOMEM);
        countdown = n;
        assert_int_equal(il_dump_tasks_json(stdout), -ENOMEM);
    }
    countdown = 0;
}

/* --- for other threads -------------------------------------------------------------- */

struct asker {
    il_loop *loop;
    FILE *file;
    il_callback stop;
    int r;
};

static void *ask(void *arg)
{
    struct asker *asker = arg;

    asker->r = il_dump_loop(asker->loop, asker->file, IL_FOREVER);
    CHECK_INT(il_post_threadsafe(asker->loop, &asker->stop), 0);
    return NULL;
}

static void stop(void *loop)
{
    CHECK_INT(il_loop_stop(loop), 0);
}

static int ask_from_a_thread(struct fixture *f, FILE *file)
{
    struct asker asker = { .loop = f->loop,
                           .file = file,
                           .stop = IL_CALLBACK_INIT(stop, f->loop) };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, ask, &asker), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return asker.r;
}

static void *ask_without_memory(void *arg)
{
    countdown = 1; /* the other thread waits for us */
    CHECK_INT(il_dump_loop(arg, stdout, IL_FOREVER), -ENOMEM);
    countdown = 0;
    return NULL;
}

static void test_debug_oom_of_a_question_from_outside(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, ask_without_memory, f->loop),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    no_streams = true;
    assert_int_equal(ask_from_a_thread(f, stdout), -ENOMEM);
    no_streams = false;
}

static void test_debug_oom_answer_that_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen("/dev/full", "w");

    assert_non_null(file);
    assert_int_equal(setvbuf(file, NULL, _IONBF, 0), 0);
    assert_int_equal(il_spawn(NULL, sleep_long, NULL, NULL), 0);
    assert_int_equal(ask_from_a_thread(f, file), -EIO);
    (void)fclose(file);
}

/* --- without /proc ------------------------------------------------------------------ */

static int wait_for_nobody(void *arg)
{
    il_event event = IL_EVENT_INIT;

    (void)arg;
    return il_event_wait(&event);
}

/* Then nobody knows whether somebody could post. */
static void test_debug_oom_deadlock_is_told_later(void **state)
{
    struct fixture *f = *state;
    const il_debug_limits limits = { .blocked = IL_MS(2) };
    struct kept_report report;

    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), 0);
    assert_int_equal(
        il_loop_set_debug(f->loop, IL_DEBUG_DEADLOCK | IL_DEBUG_FATAL), 0);
    no_streams = true;
    assert_int_equal(il_run(wait_for_nobody, NULL), -EDEADLK);
    no_streams = false;
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_DEADLOCK);
    assert_non_null(strstr(report.details, ", for 0.0"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_debug_oom_cannot_be_switched_on),
        cmocka_unit_test_setup_teardown(test_debug_oom_when_a_loop_is_made,
                                        setup_checks, teardown_checks),
        TEST(test_debug_oom_of_a_dump),
        TEST(test_debug_oom_of_a_question_from_outside),
        TEST(test_debug_oom_answer_that_cannot_be_written),
        TEST(test_debug_oom_deadlock_is_told_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
