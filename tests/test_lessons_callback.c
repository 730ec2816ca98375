/* SPDX-License-Identifier: MIT */

/* test_lessons_callback.c - what CPython learned about callbacks, the loop's stop
 * and end, and who keeps a task, an issue a test; doc/lessons.md has all of them. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- callbacks of a future --------------------------------------------------- */

/* Setting a future only queues, from a list that is taken off first.  So whatever
 * a callback does to the future or to its fellows, nobody is on his way through
 * that list. */
struct hook {
    il_callback callback;
    struct hook *others;
    il_future *future;
    const char *name;
    int n_others;
    bool again;
};

static void note_hook(void *arg)
{
    struct hook *me = arg;

    note("%s", me->name);
}

static void cancel_others(void *arg)
{
    struct hook *me = arg;

    note_hook(me);
    for (int i = 0; i < me->n_others; i++)
        if (il_callback_cancel(&me->others[i].callback))
            note("-%s", me->others[i].name);
}

static void register_again(void *arg)
{
    struct hook *me = arg;

    note_hook(me);
    if (me->again) {
        me->again = false;
        CHECK_INT(il_future_on_done(me->future, &me->callback), 0);
    }
}

static void end_future(void *arg)
{
    struct hook *me = arg;

    note_hook(me);
    il_future_fini(me->future);
    free(me->future);
}

static void free_self(void *arg)
{
    note_hook(arg);
    free(arg);
}

static void make_hooks(struct hook hooks[3], il_future *future,
                       il_callback_fn *first)
{
    static const char *const names[] = { "a", "b", "c" };

    for (int i = 0; i < 3; i++) {
        hooks[i] = (struct hook){ .future = future,
                                  .others = &hooks[1],
                                  .n_others = 2,
                                  .name = names[i] };
        hooks[i].callback = (il_callback)IL_CALLBACK_INIT(
            i == 0 ? first : note_hook, &hooks[i]);
        assert_int_equal(il_future_on_done(future, &hooks[i].callback), 0);
    }
}

/* remove_done_callback() called back itself, by __eq__, and the list changed. */
static void test_lessons_gh_97592_callback_can_take_others_back(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct hook hooks[3];

    make_hooks(hooks, &future, cancel_others);
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    assert_string_equal(noted(), ""); /* nothing runs inside */
    settle(f);
    assert_string_equal(noted(), "a -b -c");
}

/* The only callback went while the future looked at it. */
static void test_lessons_gh_125966_callback_may_free_itself(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct hook *hook = calloc(1, sizeof *hook);

    assert_non_null(hook);
    hook->name = "freed";
    hook->callback = (il_callback)IL_CALLBACK_INIT(free_self, hook);
    assert_int_equal(il_future_on_done(&future, &hook->callback), 0);
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "freed");
}

/* A callback cleared the future's list while it was gone through. */
static void test_lessons_gh_125969_callback_may_end_the_future(void **state)
{
    struct fixture *f = *state;
    il_future *future = calloc(1, sizeof *future);
    struct hook hooks[3];

    assert_non_null(future);
    make_hooks(hooks, future, end_future);
    assert_int_equal(il_future_set(future, 0, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "a b c");
}

static int wait_for_future(void *arg)
{
    int result = 0;

    CHECK_INT(il_future_wait(arg, &result, NULL), 0);
    note("task:%d", result);
    return 0;
}

/* A list of callbacks that user code had changed was used after it was freed. */
static void
test_lessons_gh_125984_future_may_go_before_its_waiters_run(void **state)
{
    struct fixture *f = *state;
    il_future *future = calloc(1, sizeof *future);
    struct hook hooks[3];

    assert_non_null(future);
    assert_int_equal(il_spawn(NULL, wait_for_future, future, NULL), 0);
    make_hooks(hooks, future, note_hook);
    assert_int_equal(il_future_set(future, 5, NULL), 0);
    il_future_fini(future);
    free(future); /* at once */
    settle(f);
    assert_string_equal(noted(), "task:5 a b c");
}

/* Callbacks were added to the list while it was gone through. */
static void
test_lessons_bpo_28963_callback_may_register_itself_again(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct hook hooks[3];

    make_hooks(hooks, &future, register_again);
    hooks[0].again = true;
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "a b c a");
}

/* Taking several out at once wrote behind the end of the list. */
static void
test_lessons_bpo_30828_callbacks_can_be_taken_back_in_any_order(void **state)
{
    struct fixture *f = *state;
    static const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 } };

    for (int i = 0; i < 3; i++) {
        il_future future = IL_FUTURE_INIT;
        struct hook hooks[3];

        make_hooks(hooks, &future, note_hook);
        for (int j = 0; j < 3; j++)
            assert_true(il_callback_cancel(&hooks[orders[i][j]].callback));
        assert_int_equal(il_future_set(&future, 0, NULL), 0);
        settle(f);
    }
    assert_string_equal(noted(), "");
}

/* --- stopping ---------------------------------------------------------------- */

static void stop_and_post(void *arg)
{
    note("stop");
    CHECK_INT(il_loop_stop(il_loop_current()), 0);
    CHECK_INT(il_post(il_loop_current(), arg), 0);
}

static void note_late(void *arg)
{
    note("%s", (const char *)arg);
}

/* What stop() still runs, and what it does before a run. */
static void
test_lessons_bpo_25593_stop_ends_after_the_present_turn(void **state)
{
    struct fixture *f = *state;
    il_callback late = IL_CALLBACK_INIT(note_late, TEXT("late"));
    il_callback first = IL_CALLBACK_INIT(stop_and_post, &late);
    il_callback second = IL_CALLBACK_INIT(note_late, TEXT("same turn"));

    assert_int_equal(il_post(f->loop, &first), 0);
    assert_int_equal(il_post(f->loop, &second), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "stop same turn");
    assert_int_equal(il_loop_stop(f->loop), 0); /* before a run: one turn */
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "stop same turn late");
}

static int stop_and_go_on(void *arg)
{
    il_time *more = arg;

    CHECK_INT(il_loop_stop(il_loop_current()), 0);
    (void)!il_sleep(*more);
    note("first");
    return 0;
}

static int outlive(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    note("second");
    return 7;
}

/* The hook of a run that was interrupted ended the next one. */
static void
test_lessons_bpo_22429_interrupted_run_does_not_end_the_next_one(void **state)
{
    static il_time more; /* the task outlives the run */

    (void)state;
    more = IL_MS(5);
    assert_int_equal(il_run(stop_and_go_on, &more), -EINTR);
    assert_int_equal(il_run(outlive, NULL), 7);
    assert_string_equal(noted(), "first second");
}

static void stop_it(void *loop)
{
    note("stopped");
    CHECK_INT(il_loop_stop(loop), 0);
}

/* ... or a run for ever. */
static void
test_lessons_bpo_22601_interrupted_run_does_not_end_a_run_for_ever(void **state)
{
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(stop_it, f->loop);
    static il_time more;

    more = IL_MS(5);
    assert_int_equal(il_run(stop_and_go_on, &more), -EINTR);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(50))),
                     0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "first stopped");
}

/* --- the end ----------------------------------------------------------------- */

static void never(void *arg)
{
    (void)arg;
    note("never");
}

struct poster {
    il_loop *loop; /* a reference */
    il_callback callback;
    int r;
};

static void *post_it(void *arg)
{
    struct poster *me = arg;

    me->r = il_post_threadsafe(me->loop, &me->callback);
    (void)il_loop_unref(me->loop);
    return NULL;
}

/* A thread that was done when the loop was closed left a traceback. */
static void
test_lessons_gh_96827_post_to_a_closed_loop_is_refused_quietly(void **state)
{
    struct fixture *f = *state;
    struct poster poster = { .loop = il_loop_ref(f->loop),
                             .callback = IL_CALLBACK_INIT(never, NULL),
                             .r = 1 };
    pthread_t thread;

    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, post_it, &poster), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(poster.r, -ESHUTDOWN);
    assert_string_equal(noted(), "");
}

static void *post_for_ever(void *arg)
{
    struct poster *me = arg;

    do {
        me->r = il_post_threadsafe(me->loop, &me->callback);
    } while (me->r != -ESHUTDOWN);
    (void)il_loop_unref(me->loop);
    return NULL;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* ... and one that posted while it was being closed crashed. */
static void
test_lessons_bpo_39651_post_races_with_the_close_of_the_loop(void **state)
{
    struct fixture *f = *state;
    struct poster poster = { .loop = il_loop_ref(f->loop),
                             .callback = IL_CALLBACK_INIT(nothing, NULL),
                             .r = 1 };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, post_for_ever, &poster), 0);
    for (int i = 0; i < 100; i++)
        (void)il_loop_turn(f->loop, 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(poster.r, -ESHUTDOWN);
}

/* --- who keeps them ---------------------------------------------------------- */

static int go_on_alone(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    note("%s", (const char *)arg);
    return 0;
}

static int keep_no_reference(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, go_on_alone, TEXT("group's"), NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* Tasks of a group were collected as garbage while they ran. */
static void test_lessons_gh_93297_group_keeps_its_tasks(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, keep_no_reference, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "group's");
}

/* So were handlers of connections, to which nobody else had a reference. */
static void test_lessons_gh_90467_task_without_a_reference_goes_on(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, go_on_alone, TEXT("nobody's"), NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "nobody's");
}

/* "Save a reference to the result of this function", says the manual. */
static void
test_lessons_gh_88831_dropping_a_reference_ends_nothing(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, go_on_alone, TEXT("dropped"), &task), 0);
    assert_null(il_task_unref(task));
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "dropped");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define REAL(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lessons_gh_97592_callback_can_take_others_back),
        TEST(test_lessons_gh_125966_callback_may_free_itself),
        TEST(test_lessons_gh_125969_callback_may_end_the_future),
        TEST(test_lessons_gh_125984_future_may_go_before_its_waiters_run),
        TEST(test_lessons_bpo_28963_callback_may_register_itself_again),
        TEST(test_lessons_bpo_30828_callbacks_can_be_taken_back_in_any_order),
        TEST(test_lessons_bpo_25593_stop_ends_after_the_present_turn),
        TEST(test_lessons_bpo_22429_interrupted_run_does_not_end_the_next_one),
        TEST(
            test_lessons_bpo_22601_interrupted_run_does_not_end_a_run_for_ever),
        TEST(test_lessons_gh_96827_post_to_a_closed_loop_is_refused_quietly),
        REAL(test_lessons_bpo_39651_post_races_with_the_close_of_the_loop),
        TEST(test_lessons_gh_93297_group_keeps_its_tasks),
        TEST(test_lessons_gh_90467_task_without_a_reference_goes_on),
        TEST(test_lessons_gh_88831_dropping_a_reference_ends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
