/* SPDX-License-Identifier: MIT */

/* test_local_end.c - callbacks that have values of tasks, and the end of values. */

#include "support/fixture.h"

#include <interloop/timer.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const il_local user = IL_LOCAL_INIT("nobody", NULL);

static const char *who(void)
{
    return il_local_get(&user);
}

static int set_user(const char *name)
{
    return il_local_set(&user, (void *)(uintptr_t)name);
}

/* --- callbacks --------------------------------------------------------------- */

static void note_in_callback(void *arg)
{
    int r = 0;

    note("%s%s", (const char *)arg, who());
    CHECK_INT(il_local_set(&user, TEXT("callback")), -EPERM);
    IL_WITH_LOCAL (&user, "block", &r) {
        CHECK(strcmp(who(), "block") == 0);
    }
    CHECK_INT(r, 0);
}

struct hooks {
    il_callback post, done, cancel;
    il_timer timer;
    il_future future;
};

static int register_all(void *arg)
{
    struct hooks *h = arg;
    il_loop *loop = il_loop_current();
    il_scope scope;

    h->post = (il_callback)IL_CALLBACK_INIT(note_in_callback, TEXT("post:"));
    h->done = (il_callback)IL_CALLBACK_INIT(note_in_callback, TEXT("done:"));
    h->cancel =
        (il_callback)IL_CALLBACK_INIT(note_in_callback, TEXT("cancel:"));
    h->timer = (il_timer)IL_TIMER_INIT(note_in_callback, TEXT("timer:"));
    h->future = (il_future)IL_FUTURE_INIT;
    CHECK_INT(set_user("ann"), 0);
    CHECK_INT(il_post(loop, &h->post), 0);
    CHECK_INT(il_future_on_done(&h->future, &h->done), 0);
    CHECK_INT(il_timer_start(loop, &h->timer, il_deadline(IL_MS(5))), 0);
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &h->cancel), 0);
    CHECK_INT(set_user("bob"), 0);
    il_scope_cancel(&scope);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    return 0;
}

static void
test_local_end_callback_sees_the_values_of_who_registered_it(void **state)
{
    struct fixture *f = *state;
    struct hooks h;

    assert_int_equal(set_user("base"), 0);
    assert_int_equal(il_spawn(NULL, register_all, &h, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "post:ann cancel:ann");
    assert_int_equal(il_future_set(&h.future, 0, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "post:ann cancel:ann done:ann timer:ann");
    assert_string_equal(who(), "base");
    assert_int_equal(il_post(f->loop, &h.post), 0); /* it can be used anew */
    assert_int_equal(il_timer_start(f->loop, &h.timer, il_now()), 0);
    assert_int_equal(il_timer_start(f->loop, &h.timer, il_now()), 0);
    settle(f);
    assert_non_null(strstr(noted(), "post:base timer:base"));
}

/* What another thread posts sees what code outside tasks sees; also where the
 * callback is queued already, with the values of a task. */
static int post_with_values(void *arg)
{
    CHECK_INT(set_user("ann"), 0);
    return il_post(il_loop_current(), arg);
}

static void *post_it(void *arg)
{
    il_callback *callback = arg;

    CHECK_INT(il_post_threadsafe(callback->loop, callback), 0);
    return NULL;
}

static void test_local_end_post_of_another_thread_sees_the_base(void **state)
{
    struct fixture *f = *state;
    il_callback callback = IL_CALLBACK_INIT(note_in_callback, TEXT(""));
    pthread_t thread;

    assert_int_equal(set_user("base"), 0);
    assert_int_equal(il_spawn(NULL, post_with_values, &callback, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, post_it, &callback), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "ann base");
}

/* --- ends of values ---------------------------------------------------------- */

static int n_destroyed;

static void destroy(void *value)
{
    n_destroyed++;
    free(value);
}

static const il_local owned = IL_LOCAL_INIT(NULL, destroy);

static int set_owned(const char *text)
{
    char *copy = strdup(text);
    int r = il_local_set(&owned, copy);

    if (r < 0)
        free(copy);
    return r;
}

static int wait_a_little(void *arg)
{
    CHECK_INT(il_sleep(*(il_time *)arg), 0);
    CHECK(strcmp(il_local_get(&owned), "v") == 0);
    return 0;
}

static int share(void *arg)
{
    static il_time times[] = { IL_MS(1), IL_MS(2) };

    (void)arg;
    CHECK_INT(set_owned("v"), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(il_spawn(NULL, wait_a_little, &times[i], NULL), 0);
    return 0;
}

static void test_local_end_value_goes_with_the_last_who_has_it(void **state)
{
    struct fixture *f = *state;

    n_destroyed = 0;
    assert_int_equal(il_spawn(NULL, share, NULL, NULL), 0);
    assert_int_equal(n_destroyed, 0); /* the parent has ended */
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(n_destroyed, 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(n_destroyed, 1);
}

static int replace(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(set_owned("v"), 0);
        CHECK_INT(n_destroyed, i);
    }
    CHECK_INT(il_local_set(&owned, NULL), 0); /* NULL is not destroyed */
    CHECK_INT(n_destroyed, 10);
    IL_WITH_LOCAL (&owned, strdup("w"), &r) {
        CHECK(il_local_get(&owned) != NULL);
    }
    CHECK_INT(n_destroyed, 11);
    CHECK(il_local_get(&owned) == NULL);
    return 0;
}

static void test_local_end_value_that_is_replaced_goes_at_once(void **state)
{
    (void)state;
    n_destroyed = 0;
    assert_int_equal(il_spawn(NULL, replace, NULL, NULL), 0);
    assert_int_equal(n_destroyed, 11);
}

/* A server that sets one name for each request must not grow. */
static int serve_many(void *arg)
{
    il_time nothing = 0;

    (void)arg;
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(set_owned("v"), 0);
        CHECK_INT(
            il_spawn_copy(NULL, wait_a_little, &nothing, sizeof nothing, NULL),
            0);
        CHECK_INT(il_yield(), 0);
        CHECK_INT(il_yield(), 0);
        CHECK(n_destroyed >= i - 1);
    }
    return 0;
}

static void test_local_end_set_again_and_again_does_not_grow(void **state)
{
    struct fixture *f = *state;

    n_destroyed = 0;
    assert_int_equal(il_spawn(NULL, serve_many, NULL, NULL), 0);
    settle(f);
    assert_int_equal(n_destroyed, 1000);
}

/* What waits is given back: cancelled, stopped, forgotten at the end. */
static int register_and_leave(void *arg)
{
    struct hooks *h = arg;

    CHECK_INT(set_owned("v"), 0);
    CHECK_INT(register_all(h), 0);
    return 0;
}

static void test_local_end_callback_taken_back_lets_values_go(void **state)
{
    struct fixture *f = *state;
    struct hooks h;

    n_destroyed = 0;
    assert_int_equal(il_spawn(NULL, register_and_leave, &h, NULL), 0);
    assert_true(il_callback_cancel(&h.post));
    assert_true(il_callback_cancel(&h.cancel));
    assert_true(il_callback_cancel(&h.done));
    assert_int_equal(n_destroyed, 0);
    assert_true(il_timer_stop(&h.timer));
    assert_int_equal(n_destroyed, 1);

    assert_int_equal(il_spawn(NULL, register_and_leave, &h, NULL), 0);
    il_future_fini(&h.future);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(n_destroyed, 2);
    assert_false(il_timer_is_active(&h.timer));
}

static void set_on_destroy(void *value)
{
    int *n = value;

    if (--*n > 0)
        CHECK_INT(il_local_set(&(il_local)IL_LOCAL_INIT(NULL, NULL), NULL), 0);
}

static int die_with_a_talkative_value(void *arg)
{
    static const il_local talkative = IL_LOCAL_INIT(NULL, set_on_destroy);

    CHECK_INT(il_local_set(&talkative, arg), 0);
    return 0;
}

static void test_local_end_destructor_may_set_values(void **state)
{
    int n = 2;

    (void)state;
    assert_int_equal(il_spawn(NULL, die_with_a_talkative_value, &n, NULL), 0);
    assert_int_equal(n, 1);
}

static void set_owned_on_destroy(void *value)
{
    (void)value;
    CHECK_INT(il_local_set(&owned, malloc(1)), 0);
}

/* Of code outside tasks, when the loop closes: nobody is left to do it later. */
static void test_local_end_destructor_may_set_values_at_the_close(void **state)
{
    static const il_local talkative = IL_LOCAL_INIT(NULL, set_owned_on_destroy);
    struct fixture *f = *state;

    n_destroyed = 0;
    assert_int_equal(il_local_set(&talkative, TEXT("last words")), 0);
    assert_ptr_equal(il_loop_ref(f->loop), f->loop);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(n_destroyed, 1);
    (void)il_loop_unref(f->loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_local_end_callback_sees_the_values_of_who_registered_it),
        TEST(test_local_end_post_of_another_thread_sees_the_base),
        TEST(test_local_end_value_goes_with_the_last_who_has_it),
        TEST(test_local_end_value_that_is_replaced_goes_at_once),
        TEST(test_local_end_set_again_and_again_does_not_grow),
        TEST(test_local_end_callback_taken_back_lets_values_go),
        TEST(test_local_end_destructor_may_set_values),
        TEST(test_local_end_destructor_may_set_values_at_the_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
