/* SPDX-License-Identifier: MIT */

/* test_timer.c - callbacks at a point in time. */

#include "support/fixture.h"

#include <errno.h>
#include <stdlib.h>

static void note_it(void *arg)
{
    CHECK(il_task_current() == NULL);
    note("%s", (const char *)arg);
}

static void test_timer_fires_when_due_and_not_before(void **state)
{
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(note_it, TEXT("fired"));

    assert_false(il_timer_is_active(&timer));
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(10))),
                     0);
    assert_true(il_timer_is_active(&timer));
    settle(f);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_SEC(1) + IL_MS(10));
    assert_int_equal(il_test_advance(f->loop, IL_MS(10) - 1), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, 1), 0);
    assert_string_equal(noted(), "fired");
    assert_false(il_timer_is_active(&timer));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "fired");
}

static void test_timer_in_the_past_fires_in_the_next_turn(void **state)
{
    struct fixture *f = *state;
    il_timer past = IL_TIMER_INIT(note_it, TEXT("past"));
    il_timer now = IL_TIMER_INIT(note_it, TEXT("now"));
    il_timer zero = IL_TIMER_INIT(note_it, TEXT("zero"));
    il_timer least = IL_TIMER_INIT(note_it, TEXT("least"));

    assert_int_equal(il_timer_start(f->loop, &now, il_now()), 0);
    assert_int_equal(il_timer_start(f->loop, &past, il_now() - 1), 0);
    assert_int_equal(il_timer_start(f->loop, &zero, 0), 0);
    assert_int_equal(il_timer_start(f->loop, &least, INT64_MIN), 0);
    assert_string_equal(noted(), "");
    settle(f);
    assert_string_equal(noted(), "least zero past now");
}

static void test_timer_of_for_ever_never_fires(void **state)
{
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(note_it, TEXT("ever"));

    assert_int_equal(il_timer_start(f->loop, &timer, IL_FOREVER), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1e8)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_true(il_timer_stop(&timer));
}

static void test_timer_equal_times_fire_in_starting_order(void **state)
{
    struct fixture *f = *state;
    il_timer a = IL_TIMER_INIT(note_it, TEXT("a"));
    il_timer b = IL_TIMER_INIT(note_it, TEXT("b"));
    il_timer c = IL_TIMER_INIT(note_it, TEXT("c"));
    il_time at = il_deadline(IL_MS(5));

    assert_int_equal(il_timer_start(f->loop, &a, at), 0);
    assert_int_equal(il_timer_start(f->loop, &b, at), 0);
    assert_int_equal(il_timer_start(f->loop, &c, at), 0);
    /* Started anew: behind the others now. */
    assert_int_equal(il_timer_start(f->loop, &a, at), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "b c a");
}

static void test_timer_started_twice_moves(void **state)
{
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(note_it, TEXT("fired"));

    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(5))), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(20))),
                     0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(19)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(0)), 0);
    settle(f);
    assert_string_equal(noted(), "fired");
    assert_int_equal(il_test_advance(f->loop, IL_MS(19)), 0);
    assert_string_equal(noted(), "fired");
}

static void test_timer_stopped_one_does_not_fire(void **state)
{
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(note_it, TEXT("fired"));

    assert_false(il_timer_stop(&timer));
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(5))), 0);
    assert_true(il_timer_stop(&timer));
    assert_false(il_timer_stop(&timer));
    assert_false(il_timer_is_active(&timer));
    settle(f);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_string_equal(noted(), "");
}

static void stop_other(void *arg)
{
    note("stopper");
    CHECK(il_timer_is_active(arg));
    CHECK(il_timer_stop(arg));
    CHECK(!il_timer_is_active(arg));
}

/* Both are due: the second is on the ready queue when the first stops it. */
static void test_timer_can_be_stopped_when_it_is_due_already(void **state)
{
    struct fixture *f = *state;
    il_timer victim = IL_TIMER_INIT(note_it, TEXT("victim"));
    il_timer stopper = IL_TIMER_INIT(stop_other, &victim);

    assert_int_equal(il_timer_start(f->loop, &stopper, il_deadline(IL_MS(5))),
                     0);
    assert_int_equal(il_timer_start(f->loop, &victim, il_deadline(IL_MS(5))),
                     0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_string_equal(noted(), "stopper");
}

struct metronome {
    il_loop *loop;
    il_timer timer;
    unsigned n;
};

static void tick(void *arg)
{
    struct metronome *m = arg;

    m->n++;
    CHECK_INT(il_now(), IL_SEC(1) + (il_time)m->n * IL_MS(10));
    CHECK_INT(il_timer_start(m->loop, &m->timer, il_deadline(IL_MS(10))), 0);
}

static void test_timer_may_be_started_in_its_own_callback(void **state)
{
    struct fixture *f = *state;
    struct metronome m = { f->loop, IL_TIMER_INIT(tick, &m), 0 };

    assert_int_equal(il_timer_start(f->loop, &m.timer, il_deadline(IL_MS(10))),
                     0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    assert_int_equal(m.n, 1000);
    assert_true(il_timer_stop(&m.timer));
}

static void free_it(void *arg)
{
    free(arg);
    note("freed");
}

static void test_timer_may_be_freed_in_its_own_callback(void **state)
{
    struct fixture *f = *state;
    il_timer *timer = malloc(sizeof *timer);

    assert_non_null(timer);
    *timer = (il_timer)IL_TIMER_INIT(free_it, timer);
    assert_int_equal(il_timer_start(f->loop, timer, 0), 0);
    settle(f);
    assert_string_equal(noted(), "freed");
}

static unsigned last, n_fired;

static void check_order(void *arg)
{
    unsigned *due_ms = arg;

    n_fired++;
    CHECK(*due_ms >= last);
    CHECK_INT(il_now(), IL_SEC(1) + IL_MS(*due_ms));
    last = *due_ms;
}

/* Half of them are stopped again, neighbours too, some before and some after
 * others have fired. */
static void test_timer_ten_thousand_fire_in_order(void **state)
{
    enum { N = 10000 };
    struct fixture *f = *state;
    static il_timer timers[N];
    static unsigned due_ms[N];
    unsigned random = 1;
    unsigned n_stopped = 0;

    last = n_fired = 0;
    for (int i = 0; i < N; i++) {
        random = random * 1103515245 + 12345;
        due_ms[i] = random >> 16 & 1023;
        timers[i] = (il_timer)IL_TIMER_INIT(check_order, &due_ms[i]);
        assert_int_equal(
            il_timer_start(f->loop, &timers[i], IL_SEC(1) + IL_MS(due_ms[i])),
            0);
    }
    for (int pass = 0; pass < 4; pass++) {
        for (int i = pass % 2; i < N; i += 2)
            if ((i / 2 + pass / 2) % 4 == 0)
                n_stopped += il_timer_stop(&timers[i]);
        assert_int_equal(il_test_advance(f->loop, IL_MS(100)), 0);
    }
    assert_int_equal(il_test_advance(f->loop, IL_SEC(2)), 0);
    for (int i = 0; i < N; i++)
        assert_false(il_timer_is_active(&timers[i]));
    assert_int_equal(n_fired + n_stopped, N);
    assert_true(n_stopped > N / 4);
    assert_true(last > 1000);
}

/* So many that looking through them all each time would not do. */
static void
test_timer_next_deadline_is_exact_when_the_earliest_stops(void **state)
{
    enum { N = 500 };
    struct fixture *f = *state;
    static il_timer timers[N];
    il_time begin = il_deadline(IL_SEC(60));

    for (int i = 0; i < N; i++) {
        int place = i * 77 % N;

        timers[place] = (il_timer)IL_TIMER_INIT(note_it, TEXT("fired"));
        assert_int_equal(
            il_timer_start(f->loop, &timers[place], begin + place * IL_US(7)),
            0);
    }
    settle(f);
    for (int i = 0; i < N; i++) {
        assert_int_equal(il_loop_next_deadline(f->loop), begin + i * IL_US(7));
        assert_true(il_timer_stop(&timers[i]));
    }
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_string_equal(noted(), "");
}

static void test_timer_is_refused_by_a_closed_loop(void **state)
{
    struct fixture *f = *state;
    static il_timer timer, left;

    timer = (il_timer)IL_TIMER_INIT(note_it, TEXT("fired"));
    left = (il_timer)IL_TIMER_INIT(note_it, TEXT("left"));
    assert_int_equal(il_timer_start(f->loop, &left, il_deadline(IL_SEC(9))), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, 0), -ESHUTDOWN);
    assert_false(il_timer_is_active(&timer));
    assert_false(il_timer_is_active(&left));
    assert_false(il_timer_stop(&left));
    assert_string_equal(noted(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timer_fires_when_due_and_not_before),
        TEST(test_timer_in_the_past_fires_in_the_next_turn),
        TEST(test_timer_of_for_ever_never_fires),
        TEST(test_timer_equal_times_fire_in_starting_order),
        TEST(test_timer_started_twice_moves),
        TEST(test_timer_stopped_one_does_not_fire),
        TEST(test_timer_can_be_stopped_when_it_is_due_already),
        TEST(test_timer_may_be_started_in_its_own_callback),
        TEST(test_timer_may_be_freed_in_its_own_callback),
        TEST(test_timer_ten_thousand_fire_in_order),
        TEST(test_timer_next_deadline_is_exact_when_the_earliest_stops),
        TEST(test_timer_is_refused_by_a_closed_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
