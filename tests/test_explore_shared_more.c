/* SPDX-License-Identifier: MIT */

/* test_explore_shared_more.c - shared futures, tokens and submissions, used by the
 * tasks of one thread, in every order, cancelled everywhere. */

#include "support/exploring.h"

#include <string.h>

static int victim; /* number of the task that is cancelled */

/* --- futures ---------------------------------------------------------------------- */

static struct {
    il_shared_future future;
    int n_got;   /* who has got the result */
    int n_ended; /* who was told that it has gone */
    int n_gave_up;
} answer;

static int set_answer(void *arg)
{
    int r = il_yield();

    (void)arg;
    HOLDS(il_shared_future_set(&answer.future, 6, &answer) == 0);
    HOLDS(il_shared_future_set(&answer.future, 7, NULL) == -EALREADY);
    return r;
}

static int end_answer(void *arg)
{
    int r = il_yield();

    (void)arg;
    il_shared_future_fini(&answer.future);
    return r;
}

static int wait_for_answer(void *arg)
{
    il_time timeout = *(const int *)arg == 1 ? IL_FOREVER : IL_MS(1);
    int result = 77;
    void *value = NULL;
    int r = il_shared_future_wait(&answer.future, timeout, &result, &value);

    HOLDS(r == 0 || r == -ECANCELED || r == -ETIMEDOUT || r == -EOWNERDEAD);
    HOLDS(result == (r == 0 ? 6 : 77));
    HOLDS(value == (r == 0 ? &answer : NULL));
    answer.n_got += r == 0;
    answer.n_ended += r == -EOWNERDEAD;
    answer.n_gave_up += r == -ECANCELED || r == -ETIMEDOUT;
    return r == -ECANCELED ? r : 0;
}

static int question(void *arg)
{
    il_task_fn *fns[] = { arg ? end_answer : set_answer, wait_for_answer,
                          wait_for_answer };
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    /* Those who wait come first, as it may be gone afterwards. */
    for (int i = 2; i >= 0; i--)
        start_part(&group, fns[i], &i, sizeof i, i == victim);
    return il_group_close(&group);
}

static int question_setup(void *arg)
{
    (void)arg;
    memset(&answer, 0, sizeof answer);
    return 0;
}

static int question_check(void *arg, int result)
{
    HOLDS(result == 0);
    HOLDS(answer.n_got + answer.n_ended + answer.n_gave_up == 2);
    HOLDS((arg ? answer.n_got : answer.n_ended) == 0);
    il_shared_future_fini(&answer.future);
    return verdict();
}

static int is_ended; /* its address says yes */

static void test_explore_shared_future_answers_everybody(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        const il_test_scenario scenario = { .name = "shared future",
                                            .body = question,
                                            .arg = ends ? &is_ended : NULL,
                                            .setup = question_setup,
                                            .check = question_check };

        for (victim = 0; victim < 3; victim++) {
            explore_all(&scenario);
            inject_all(&scenario, 0);
        }
    }
}

/* --- tokens ------------------------------------------------------------------------ */

static struct {
    il_cancel_token parent;
    il_cancel_token child;
    il_event event;
    int n_out; /* who has left its block */
} stop;

static int listen_to_parent(void *arg)
{
    int r = 0;

    (void)arg;
    IL_UNTIL_CANCELLED (&stop.parent, &r) {
        r = il_event_wait(&stop.event);
    }
    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(r < 0 || il_cancel_token_is_cancelled(&stop.parent));
    stop.n_out++;
    return r;
}

/* A block in a block: either token ends it. */
static int listen_to_both(void *arg)
{
    int outer = 0;
    int inner = 0;

    (void)arg;
    IL_UNTIL_CANCELLED (&stop.child, &outer) {
        IL_UNTIL_CANCELLED (&stop.parent, &inner) {
            inner = il_sleep(IL_SEC(3600));
        }
        outer = inner;
    }
    HOLDS(outer == 0 || outer == -ECANCELED);
    stop.n_out++;
    return outer;
}

static int wait_for_child(void *arg)
{
    int r = il_cancel_token_wait(&stop.child, IL_FOREVER);

    (void)arg;
    HOLDS(r == -ECANCELED || r == 0);
    HOLDS(r < 0 || il_cancel_token_is_cancelled(&stop.child));
    stop.n_out++;
    return r;
}

static int put_out(void *arg)
{
    int r = il_yield();

    (void)arg;
    HOLDS(il_cancel_token_cancel(&stop.parent) == 0);
    HOLDS(il_cancel_token_is_cancelled(&stop.child));
    stop.n_out++;
    return r;
}

static int shop(void *arg)
{
    static il_task_fn *const fns[] = { listen_to_parent, listen_to_both,
                                       wait_for_child, put_out };

    (void)arg;
    return play_parts(fns, 4, victim);
}

static int shop_setup(void *arg)
{
    (void)arg;
    memset(&stop, 0, sizeof stop);
    return il_cancel_token_init_child(&stop.child, &stop.parent);
}

static int shop_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(stop.n_out == 4);
    il_cancel_token_fini(&stop.child);
    il_cancel_token_fini(&stop.parent);
    il_event_fini(&stop.event);
    return verdict();
}

static const il_test_scenario closing_time = {
    .name = "tokens", .body = shop, .setup = shop_setup, .check = shop_check
};

static void test_explore_cancel_token_reaches_everybody(void **state)
{
    (void)state;
    for (victim = 0; victim < 4; victim++)
        explore_some(&closing_time, 2000);
}

static void test_inject_cancel_token_reaches_everybody(void **state)
{
    (void)state;
    for (victim = 0; victim < 4; victim++)
        inject_all(&closing_time, 0);
}

/* --- submissions to the own loop ----------------------------------------------------- */

static struct {
    int n_begun;
    int n_ended;
    int n_destroyed;
} order;

static int carry_out(void *arg)
{
    int r;

    HOLDS(*(const int *)arg == 5);
    order.n_begun++;
    r = il_yield();
    order.n_ended++;
    return r < 0 ? r : 8;
}

static void destroy_order(void *arg)
{
    HOLDS(*(const int *)arg == 5);
    order.n_destroyed++;
}

static int double_it(void *arg)
{
    return 2 * *(const int *)arg;
}

/* Waits for it, cancels it if arg says so, and waits again, whatever happens. */
static int give_order(void *arg)
{
    const int number = 5;
    il_submission *submission = NULL;
    int result = 77;
    int r = il_submit_with(il_loop_current(),
                           &(il_spawn_options){ .fn = carry_out,
                                                .arg = (void *)&number,
                                                .copy_size = sizeof number,
                                                .destroy = destroy_order },
                           &submission);
    int again = 77;
    int shielded = 0;

    HOLDS(r == 0);
    HOLDS(il_call_sync(il_loop_current(), double_it, (void *)&number, &again) ==
              0 &&
          again == 10);
    if (arg)
        HOLDS(il_submission_cancel(submission) == 0);
    r = il_submission_wait(submission, IL_FOREVER, &result);
    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(result == (r < 0                           ? 77
                     : (arg && result == -ECANCELED) ? -ECANCELED
                                                     : 8));
    IL_SHIELD (IL_FOREVER, &shielded) {
        HOLDS(il_submission_wait(submission, IL_FOREVER, &again) == 0);
    }
    HOLDS(again == 8 || (arg && again == -ECANCELED));
    HOLDS(order.n_begun == order.n_ended);
    HOLDS(order.n_destroyed == 1);
    (void)il_submission_unref(submission);
    return r;
}

static int order_setup(void *arg)
{
    (void)arg;
    memset(&order, 0, sizeof order);
    return 0;
}

static int order_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0 || result == -ECANCELED || result == -ETIMEDOUT);
    return verdict();
}

static void test_explore_submission_ends_whoever_is_cancelled(void **state)
{
    (void)state;
    for (int cancels = 0; cancels < 2; cancels++) {
        const il_test_scenario scenario = { .name = "submission",
                                            .body = give_order,
                                            .arg = cancels ? &is_ended : NULL,
                                            .setup = order_setup,
                                            .check = order_check };

        explore_all(&scenario);
        inject_all(&scenario, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_shared_future_answers_everybody),
        BARE_TEST(test_explore_cancel_token_reaches_everybody),
        BARE_TEST(test_inject_cancel_token_reaches_everybody),
        BARE_TEST(test_explore_submission_ends_whoever_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
