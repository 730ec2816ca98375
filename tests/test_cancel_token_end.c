/* SPDX-License-Identifier: MIT */

/* test_cancel_token_end.c - tokens that are waited for and that end, while others
 * cancel them. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/listeners.h"
#include "support/tasks.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- waiting -------------------------------------------------------------- */

struct waiter {
    il_cancel_token *token;
    il_time timeout;
    int r;
};

static int wait_in_task(void *arg)
{
    struct waiter *w = arg;

    w->r = 1;
    w->r = il_cancel_token_wait(w->token, w->timeout);
    return 0;
}

static void *wait_in_thread(void *arg)
{
    (void)wait_in_task(arg);
    return NULL;
}

static void test_cancel_token_is_waited_for_in_tasks_and_threads(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    struct waiter w[4];
    il_task *tasks[3];
    pthread_t thread;

    for (int i = 0; i < 4; i++)
        w[i] = (struct waiter){ &token, i == 2 ? IL_MS(1) : IL_FOREVER, 1 };
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn(wait_in_task, &w[i]);
    thread = start_thread(wait_in_thread, &w[3]);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    finish(tasks[2]);
    assert_int_equal(w[1].r, -ECANCELED);
    assert_int_equal(w[2].r, -ETIMEDOUT);
    assert_int_equal(w[0].r, 1);
    join_thread(start_thread(cancel_token, &token));
    join_thread(thread);
    settle(f);
    assert_int_equal(w[0].r, 0);
    assert_int_equal(w[3].r, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_cancel_token_fini(&token);
}

static void test_cancel_token_end_lets_everybody_go(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    struct waiter w = { &token, IL_FOREVER, 1 };
    struct listener l = listener(&token);
    il_task *waiting = spawn(wait_in_task, &w);
    il_task *listening = spawn(wait_in_scope, &l);

    il_cancel_token_fini(&token);
    token.lock = 1000; /* from here on it may be anything */
    token.scopes.next = (void *)&token;
    settle(f);
    assert_int_equal(w.r, -EOWNERDEAD);
    assert_int_equal(l.waited, 1); /* it is in a scope like any other now */
    assert_int_equal(il_task_cancel(listening), 0);
    settle(f);
    assert_int_equal(l.left, -ECANCELED);
    assert_int_equal(reap(waiting), 0);
    assert_int_equal(reap(listening), 0);
}

/* --- ends and races ------------------------------------------------------- */

static int never_end(void *arg)
{
    il_cancel_token_scope scope;
    il_scope shield;
    int r;

    CHECK_INT(il_cancel_token_enter(&scope, arg), 0);
    CHECK_INT(il_scope_enter_shield(&shield, IL_FOREVER), 0);
    r = il_scope_leave(&shield, il_sleep(IL_FOREVER));
    return il_cancel_token_leave(&scope, r);
}

/* A task that is abandoned listens no more, whether the cancel has come or not. */
static void test_cancel_token_of_a_task_that_does_not_end(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    il_cancel_token late = IL_CANCEL_TOKEN_INIT;

    assert_int_equal(il_spawn(NULL, never_end, &token, NULL), 0);
    assert_int_equal(il_spawn(NULL, never_end, &late, NULL), 0);
    join_thread(start_thread(cancel_token, &late));
    assert_int_equal(il_loop_close(f->loop, 0), -ETIMEDOUT);
    for (int i = 0; i < 2; i++)
        assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    il_cancel_token_fini(&token);
    il_cancel_token_fini(&late);
}

enum { N_ROUNDS = 1500 };

static il_cancel_token ending[N_ROUNDS];

static atomic_int round_now;

static void *cancel_all(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        while (atomic_load(&round_now) < i)
            (void)sched_yield();
        CHECK_INT(il_cancel_token_cancel(&ending[i]), 0);
    }
    return NULL;
}

/* The cancel comes while the scope is entered, waited in, or left, and the
 * token ends at once. */
static int enter_and_leave(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        int r = 0;

        atomic_store(&round_now, i);
        IL_UNTIL_CANCELLED (&ending[i], &r) {
            for (int n = i % 5; n > 0 && r == 0; n--)
                r = il_yield();
            if (i % 7 == 0 && r == 0)
                r = il_sleep(IL_FOREVER);
        }
        CHECK_INT(r, 0);
        CHECK_INT(il_cancel_token_wait(&ending[i], IL_FOREVER), 0);
        il_cancel_token_fini(&ending[i]);
    }
    return 0;
}

static void
test_cancel_token_cancel_races_with_the_end_of_its_scope(void **state)
{
    pthread_t thread;

    (void)state;
    atomic_store(&round_now, -1);
    thread = start_thread(cancel_all, NULL);
    assert_int_equal(il_run(enter_and_leave, NULL), 0);
    join_thread(thread);
}

static il_cancel_token root;

static void *grow_and_end(void *arg)
{
    (void)arg;
    while (!il_cancel_token_is_cancelled(&root)) {
        il_cancel_token children[3];

        CHECK_INT(il_cancel_token_init_child(&children[0], &root), 0);
        for (int i = 1; i < 3; i++)
            CHECK_INT(
                il_cancel_token_init_child(&children[i], &children[i - 1]), 0);
        for (int i = 0; i < 3; i++)
            il_cancel_token_fini(&children[i]);
    }
    return NULL;
}

static void *run_a_loop_and_end(void *arg)
{
    il_loop *loop = NULL;
    struct listener l = listener(arg);

    CHECK_INT(il_loop_new(&loop), 0);
    CHECK_INT(il_spawn(NULL, wait_in_scope, &l, NULL), 0);
    CHECK_INT(il_loop_close(loop, IL_SEC(100)), 0);
    il_loop_unref(loop);
    return NULL;
}

/* Loops end, and trees change, while the tree is cancelled. */
static void test_cancel_token_cancel_races_with_the_end_of_loops(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
            threads[i] =
                start_thread(i < 2 ? run_a_loop_and_end : grow_and_end, &root);
        for (int i = round % 10; i > 0; i--)
            (void)sched_yield();
        assert_int_equal(il_cancel_token_cancel(&root), 0);
        for (int i = 0; i < 4; i++)
            join_thread(threads[i]);
        il_cancel_token_fini(&root);
    }
}

/* One for each lock, some way or other. */
static il_cancel_token many[1000];

static int cancel_many(void)
{
    for (int i = 0; i < 1000; i++)
        if (il_cancel_token_cancel(&many[i]) < 0)
            return 1;
    return 42;
}

/* In the child of a fork there is no thread that could give a lock back. */
static void test_cancel_token_works_in_the_child_of_a_fork(void **state)
{
    pthread_t threads[2];
    int status = 0;

    (void)state;
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(grow_and_end, NULL);
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            (void)alarm(60);
            _exit(cancel_many());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
    assert_int_equal(il_cancel_token_cancel(&root), 0);
    for (int i = 0; i < 2; i++)
        join_thread(threads[i]);
    il_cancel_token_fini(&root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cancel_token_is_waited_for_in_tasks_and_threads),
        TEST(test_cancel_token_end_lets_everybody_go),
        TEST(test_cancel_token_of_a_task_that_does_not_end),
        TEST_REAL(test_cancel_token_cancel_races_with_the_end_of_its_scope),
        TEST_REAL(test_cancel_token_cancel_races_with_the_end_of_loops),
        TEST_REAL(test_cancel_token_works_in_the_child_of_a_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
