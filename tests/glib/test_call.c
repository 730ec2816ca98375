/* SPDX-License-Identifier: MIT */

/* test_call.c - waiting for the operations of GIO. */

#include "guest_fixture.h"

#include <errno.h>

/* --- An operation that ends when we say so -------------------------------- */

struct operation {
    GTask *task; /* until it has been ended */
    unsigned n_cancelled;
    bool obeys; /* ends by itself when it is cancelled */
};

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
    struct operation *op = data;

    (void)cancellable;
    op->n_cancelled++;
}

static gboolean return_cancelled(gpointer data)
{
    struct operation *op = data;
    GTask *task = op->task;

    op->task = NULL;
    if (task) {
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                "cancelled");
        g_object_unref(task);
    }
    return G_SOURCE_REMOVE;
}

static void obey(GCancellable *cancellable, gpointer data)
{
    on_cancelled(cancellable, data);
    (void)g_idle_add(return_cancelled, data);
}

static void operation_async(struct operation *op, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
    op->task = g_task_new(NULL, cancellable, callback, data);
    g_task_set_check_cancellable(op->task, FALSE);
    (void)g_signal_connect(cancellable, "cancelled",
                           G_CALLBACK(op->obeys ? obey : on_cancelled), op);
}

static void operation_succeed(struct operation *op, gssize value)
{
    GTask *task = op->task;

    op->task = NULL;
    g_task_return_int(task, value);
    g_object_unref(task);
}

struct caller {
    struct operation op;
    int wait; /* what il_g_call_wait() returned; 1 until then */
    gssize value;
    int error_code; /* of the operation; -1 for none */
    bool over;
};

static int call_operation(void *arg)
{
    struct caller *c = arg;
    il_g_call call = IL_G_CALL_INIT;
    g_autoptr(GError) error = NULL;

    c->wait = 1;
    c->value = c->error_code = -1;
    operation_async(&c->op, il_g_call_cancellable(&call), il_g_call_ready,
                    &call);
    c->wait = il_g_call_wait(&call);
    if (c->wait == 0) {
        c->value = g_task_propagate_int(G_TASK(call.result), &error);
        c->error_code = error ? error->code : -1;
    }
    il_g_call_clear(&call);
    CHECK(call.result == NULL);
    c->over = true;
    return c->wait;
}

static void test_call_gives_the_result(void **state)
{
    struct caller c = { .over = false };

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &c, NULL), 0);
    iterate_for(2);
    assert_int_equal(c.wait, 1);
    operation_succeed(&c.op, 42);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, 0);
    assert_int_equal(c.value, 42);
    assert_int_equal(c.op.n_cancelled, 0);
}

static void test_call_cancelled_task_cancels_the_operation(void **state)
{
    struct caller c = { .op = { .obeys = true } };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &c, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.op.n_cancelled, 1);
    assert_int_equal(c.wait, -ECANCELED);
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
}

/* GIO still owns a pointer into the task's stack: the task must stay. */
static void test_call_cancelled_task_waits_for_the_callback(void **state)
{
    struct caller c = { .over = false };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &c, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    iterate_for(20);
    assert_int_equal(c.op.n_cancelled, 1);
    assert_false(c.over);
    (void)return_cancelled(&c.op);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, -ECANCELED);
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_call_value_beats_a_cancel_that_came_first(void **state)
{
    struct caller c = { .over = false };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &c, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    iterate_for(5);
    operation_succeed(&c.op, 7);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, 0);
    assert_int_equal(c.value, 7);
    iterate_for(1);
    il_task_unref(task);
}

struct race {
    struct caller *caller;
    il_task *task;
};

/* Not in an idle source: the task goes on in a turn of its own. */
static gboolean succeed_and_cancel(gpointer data)
{
    struct race *race = data;

    operation_succeed(&race->caller->op, 7);
    CHECK(!race->caller->over);
    CHECK_INT(il_task_cancel(race->task), 0);
    return G_SOURCE_REMOVE;
}

static void test_call_value_beats_a_cancel_in_the_same_iteration(void **state)
{
    struct caller c = { .over = false };
    struct race race = { .caller = &c };

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &c, &race.task), 0);
    iterate_for(2);
    (void)g_timeout_add(0, succeed_and_cancel, &race);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, 0);
    assert_int_equal(c.value, 7);
    iterate_for(1);
    il_task_unref(race.task);
}

/* --- Where the task goes on ------------------------------------------------ */

static void test_call_of_a_finished_task_costs_no_iteration_more(void **state)
{
    static struct caller c;

    (void)state;
    iterate_for(2);
    assert_int_equal(il_spawn(NULL, call_operation, &c, NULL), 0);
    operation_succeed(&c.op, 7);
    assert_false(c.over);
    assert_true(g_main_context_iteration(NULL, FALSE));
    assert_true(c.over);
    assert_int_equal(c.value, 7);
}

static void note_post(void *arg)
{
    note("%s", (const char *)arg);
}

/* Whoever iterates a context of their own wants nothing of ours to happen. */
static void test_call_in_a_private_context_runs_no_turn(void **state)
{
    GMainContext *context = g_main_context_new();
    static il_callback callback;
    static struct caller c;

    (void)state;
    callback = (il_callback)IL_CALLBACK_INIT(note_post, TEXT("post"));
    iterate_for(2);
    g_main_context_push_thread_default(context);
    assert_int_equal(il_spawn(NULL, call_operation, &c, NULL), 0);
    operation_succeed(&c.op, 7);
    assert_int_equal(il_post(il_loop_current(), &callback), 0);
    while (g_main_context_iteration(context, FALSE))
        continue;
    assert_false(c.over);
    assert_string_equal(noted(), "");
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.value, 7);
}

struct application {
    struct caller caller;
    bool was_called_back; /* before operation_succeed() returned */
    bool was_disturbed;
};

static gboolean work(gpointer data)
{
    struct application *app = data;
    GTask *task = g_object_ref(app->caller.op.task);

    operation_succeed(&app->caller.op, 7);
    app->was_called_back = g_task_get_completed(task);
    app->was_disturbed = app->caller.over;
    g_object_unref(task);
    return G_SOURCE_REMOVE;
}

/* Tasks ran in the midst of a callback of the application, an idle one, because
 * that was taken for the one by which GTask calls back. */
static void test_call_runs_no_turn_inside_what_ends_the_operation(void **state)
{
    static struct application app;

    (void)state;
    assert_int_equal(il_spawn(NULL, call_operation, &app.caller, NULL), 0);
    iterate_for(2);
    (void)g_idle_add(work, &app);
    assert_true(iterate_until(&app.caller.over, 5000));
    assert_true(app.was_called_back);
    assert_false(app.was_disturbed);
    assert_int_equal(app.caller.value, 7);
}

static int cancel_cancellable(void *arg)
{
    struct caller *c = arg;
    il_g_call call = IL_G_CALL_INIT;
    GCancellable *cancellable = il_g_call_cancellable(&call);
    g_autoptr(GError) error = NULL;

    CHECK(il_g_call_cancellable(&call) == cancellable);
    operation_async(&c->op, cancellable, il_g_call_ready, &call);
    g_cancellable_cancel(cancellable);
    c->wait = il_g_call_wait(&call);
    if (c->wait == 0)
        (void)g_task_propagate_int(G_TASK(call.result), &error);
    CHECK(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    CHECK(!il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), 0);
    il_g_call_clear(&call);
    c->over = true;
    return 0;
}

/* Cancelling the operation alone is for _finish to tell. */
static void test_call_cancelled_operation_is_no_cancelled_task(void **state)
{
    struct caller c = { .op = { .obeys = true }, .wait = 1 };

    (void)state;
    assert_int_equal(il_spawn(NULL, cancel_cancellable, &c, NULL), 0);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, 0);
}

static int call_with_limit(void *arg)
{
    struct caller *c = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = call_operation(c);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(c->op.n_cancelled, 1);
    c->over = true;
    return 0;
}

static void test_call_obeys_a_timeout_around_it(void **state)
{
    struct caller c = { .op = { .obeys = true } };

    (void)state;
    assert_int_equal(il_spawn(NULL, call_with_limit, &c, NULL), 0);
    assert_true(iterate_until(&c.over, 5000));
    assert_int_equal(c.wait, -ECANCELED);
    iterate_for(1);
}

/* --- Real ones ------------------------------------------------------------ */

static int load_file(void *arg)
{
    g_autoptr(GFile) file = g_file_new_for_path(arg);
    g_autofree char *contents = NULL;
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;
    gsize size = 0;
    int result = 0;

    for (int i = 0; i < 3; i++) {
        g_clear_pointer(&contents, g_free);
        g_clear_error(&error);
        g_file_load_contents_async(file, il_g_call_cancellable(&call),
                                   il_g_call_ready, &call);
        CHECK_INT(il_g_call_wait(&call), 0);
        result = g_file_load_contents_finish(file, call.result, &contents,
                                             &size, NULL, &error)
                     ? 1
                     : -error->code - 1000;
        il_g_call_clear(&call);
    }
    return result;
}

static void test_call_loads_a_file(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(
        il_spawn(NULL, load_file, TEXT("/proc/self/status"), &task), 0);
    while (!il_task_is_done(task))
        (void)g_main_context_iteration(NULL, TRUE);
    assert_int_equal(reap(task), 1);
    assert_int_equal(il_spawn(NULL, load_file, TEXT("/no/such/file"), &task),
                     0);
    while (!il_task_is_done(task))
        (void)g_main_context_iteration(NULL, TRUE);
    assert_int_equal(reap(task), -1000 - G_IO_ERROR_NOT_FOUND);
}

static int call_nothing(void *arg)
{
    il_g_call call = IL_G_CALL_INIT;

    (void)arg;
    il_g_call_clear(&call);
    CHECK(il_g_call_cancellable(&call) != NULL);
    il_g_call_clear(&call);
    return 0;
}

static void test_call_that_was_never_made_is_cleared(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, call_nothing, NULL, NULL), 0);
}

static void test_call_outside_tasks_is_refused(void **state)
{
    il_g_call call = IL_G_CALL_INIT;

    (void)state;
    assert_int_equal(il_g_call_wait(&call), -ESRCH);
    il_g_call_clear(&call);
}

struct elsewhere {
    GMainContext *context;
    int r;
};

static bool has_default(const GMainContext *wanted)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();

    return context == wanted;
}

static int load_elsewhere(void *arg)
{
    const struct elsewhere *e = arg;
    g_autoptr(GFile) file = g_file_new_for_path("/proc/self/status");
    il_g_call call = IL_G_CALL_INIT;
    int r = has_default(e->context) ? 0 : -EXDEV;

    for (int i = 0; r == 0 && i < 2; i++) {
        g_file_load_contents_async(file, il_g_call_cancellable(&call),
                                   il_g_call_ready, &call);
        r = il_g_call_wait(&call);
        il_g_call_clear(&call);
        CHECK(has_default(e->context));
    }
    return r;
}

static gpointer run_elsewhere(gpointer data)
{
    struct elsewhere *e = data;

    e->context = g_main_context_new();
    e->r = il_g_run(e->context, load_elsewhere, e);
    CHECK(g_main_context_get_thread_default() == NULL);
    g_main_context_unref(e->context);
    return NULL;
}

/* The callback came in the thread of the default context, if anybody iterated
 * that, and the task was never woken. */
static void test_call_in_another_thread_calls_back_there(void **state)
{
    struct elsewhere e = { .r = 1 };

    (void)state;
    (void)g_thread_join(g_thread_new("elsewhere", run_elsewhere, &e));
    assert_int_equal(e.r, 0);
}

static void test_call_that_is_null_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_g_call_wait(NULL), -EINVAL);
    assert_null(il_g_call_cancellable(NULL));
    il_g_call_clear(NULL);
}

static int call_twice(void *arg)
{
    il_g_call call = IL_G_CALL_INIT;
    GTask *task = g_task_new(NULL, NULL, NULL, NULL);

    g_task_return_int(task, 1);
    il_g_call_ready(NULL, G_ASYNC_RESULT(task), &call);
    il_g_call_ready(NULL, G_ASYNC_RESULT(task), &call);
    CHECK_INT(il_g_call_wait(&call), 0);
    il_g_call_clear(&call);
    g_object_add_weak_pointer(G_OBJECT(task), arg);
    g_object_unref(task);
    return 0;
}

static void test_call_second_callback_is_ignored(void **state)
{
    gpointer kept = *state; /* anything but NULL */

    assert_int_equal(il_spawn(NULL, call_twice, &kept, NULL), 0);
    iterate_for(1); /* the GTask would have told somebody */
    assert_null(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_call_gives_the_result),
        GUEST_TEST(test_call_cancelled_task_cancels_the_operation),
        GUEST_TEST(test_call_cancelled_task_waits_for_the_callback),
        GUEST_TEST(test_call_value_beats_a_cancel_that_came_first),
        GUEST_TEST(test_call_value_beats_a_cancel_in_the_same_iteration),
        GUEST_TEST(test_call_of_a_finished_task_costs_no_iteration_more),
        GUEST_TEST(test_call_in_a_private_context_runs_no_turn),
        GUEST_TEST(test_call_runs_no_turn_inside_what_ends_the_operation),
        GUEST_TEST(test_call_cancelled_operation_is_no_cancelled_task),
        GUEST_TEST(test_call_obeys_a_timeout_around_it),
        GUEST_TEST(test_call_loads_a_file),
        GUEST_TEST(test_call_that_was_never_made_is_cleared),
        GUEST_TEST(test_call_outside_tasks_is_refused),
        GUEST_TEST(test_call_in_another_thread_calls_back_there),
        GUEST_TEST(test_call_that_is_null_is_refused),
        GUEST_TEST(test_call_second_callback_is_ignored),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
