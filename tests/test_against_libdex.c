/* SPDX-License-Identifier: MIT */

/* test_against_libdex.c - what doc/compare.md says of us beside libdex.
 *
 * Each test is a case that libdex was seen to get wrong or to refuse.  Those
 * that need GLib are in glib/test_against_libdex_guest.c; where a module's own
 * test shows the same, the page names that one instead.
 *
 * What maps and allocates is wrapped by the linker and counted. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned n_mapped, n_allocated;

/* The linker sends our calls of these here. */
void *__real_mmap(void *at, size_t size, int how, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t size, int how, int flags, int fd, off_t off);
int __real_mprotect(void *at, size_t size, int how);
int __wrap_mprotect(void *at, size_t size, int how);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_mmap(void *at, size_t size, int how, int flags, int fd, off_t off)
{
    n_mapped++;
    return __real_mmap(at, size, how, flags, fd, off);
}

int __wrap_mprotect(void *at, size_t size, int how)
{
    n_mapped++;
    return __real_mprotect(at, size, how);
}

void *__wrap_malloc(size_t size)
{
    n_allocated++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    n_allocated++;
    return __real_calloc(n, size);
}

/* --- Order ---------------------------------------------------------------- */

struct waiter {
    il_future *future;
    const char *name;
};

static int wait_and_note(void *arg)
{
    struct waiter *waiter = arg;

    CHECK_INT(il_future_wait(waiter->future, NULL, NULL), 0);
    note("%s", waiter->name);
    return 0;
}

/* There: 4 3 2 1 0. */
static void test_against_libdex_waiters_wake_first_in_first_out(void **state)
{
    static const char *const names[] = { "0", "1", "2", "3", "4" };
    static struct waiter waiters[5];
    static il_future future;
    struct fixture *f = *state;

    future = (il_future)IL_FUTURE_INIT;
    for (int i = 0; i < 5; i++) {
        waiters[i] = (struct waiter){ &future, names[i] };
        assert_int_equal(il_spawn(NULL, wait_and_note, &waiters[i], NULL), 0);
    }
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    note("set");
    settle(f);
    assert_string_equal(noted(), "set 0 1 2 3 4");
}

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

static int note_task(void *arg)
{
    note_it(arg);
    return 0;
}

/* There: all tasks, then all work items. */
static void test_against_libdex_tasks_and_posts_share_one_queue(void **state)
{
    static il_future futures[3];
    static struct waiter waiters[3];
    static il_callback posts[3];
    static const char names[3][3][3] = { { "p0", "t0", "w0" },
                                         { "p1", "t1", "w1" },
                                         { "p2", "t2", "w2" } };
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        futures[i] = (il_future)IL_FUTURE_INIT;
        waiters[i] = (struct waiter){ &futures[i], names[i][2] };
        posts[i] = (il_callback)IL_CALLBACK_INIT(note_it, (void *)names[i][0]);
        assert_int_equal(il_spawn(NULL, wait_and_note, &waiters[i], NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(il_post(f->loop, &posts[i]), 0);
        assert_int_equal(
            il_spawn_lazy(NULL, note_task, (void *)names[i][1], NULL), 0);
        assert_int_equal(il_future_set(&futures[i], 0, NULL), 0);
    }
    settle(f);
    assert_string_equal(noted(), "p0 t0 w0 p1 t1 w1 p2 t2 w2");
}

struct link_of_chain {
    il_future future;
    il_callback hook;
    const char *name;
    struct link_of_chain *next; /* set by the hook of this one */
};

static void set_next(void *arg)
{
    struct link_of_chain *link = arg;

    note("(%s", link->name);
    if (link->next)
        CHECK_INT(il_future_set(&link->next->future, 0, NULL), 0);
    note("%s)", link->name);
}

static int set_in_a_task(void *arg)
{
    struct link_of_chain *first = arg;

    note("(task");
    CHECK_INT(il_future_set(&first->future, 0, NULL), 0);
    note("task)");
    return 0;
}

/* There it depends on who sets, in which scheduler, and how deep. */
static void test_against_libdex_callbacks_never_run_inside_set(void **state)
{
    static struct link_of_chain links[4];
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++) {
        links[i] = (struct link_of_chain){
            .future = IL_FUTURE_INIT,
            .hook = IL_CALLBACK_INIT(set_next, &links[i]),
            .name = i == 0   ? "a"
                    : i == 1 ? "b"
                    : i == 2 ? "c"
                             : "d",
            .next = i == 0 || i == 2 ? &links[i + 1] : NULL,
        };
        assert_int_equal(il_future_on_done(&links[i].future, &links[i].hook),
                         0);
    }
    note("(host");
    assert_int_equal(il_future_set(&links[0].future, 0, NULL), 0);
    note("host)");
    settle(f);
    assert_string_equal(noted(), "(host host) (a a) (b b)");

    forget_notes();
    assert_int_equal(il_spawn(NULL, set_in_a_task, &links[2], NULL), 0);
    settle(f);
    assert_string_equal(noted(), "(task task) (c c) (d d)");
}

/* --- Nobody is left behind ------------------------------------------------- */

struct child {
    il_time duration;
    int result;
    il_time clean_up; /* how long it takes when cancelled */
    bool on_stack;
};

static int live(void *arg)
{
    struct child *child = arg;
    int r;

    child->on_stack = true;
    r = il_sleep(child->duration);
    if (r == -ECANCELED && child->clean_up) {
        int cleaned = -1;

        IL_SHIELD (IL_SEC(1), &cleaned) {
            cleaned = il_sleep(child->clean_up);
        }
        CHECK_INT(cleaned, 0);
    }
    child->on_stack = false;
    return r < 0 ? r : child->result;
}

static int gather_in_time(void *arg)
{
    struct child a = { IL_FOREVER, 0, IL_MS(20), false };
    struct child b = { IL_FOREVER, 0, IL_MS(30), false };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_gather(calls, 2);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(!a.on_stack && !b.on_stack);
    CHECK_INT(now_ms(), 40);
    return 0;
}

/* There the result is given at once, with the losers on their stacks still. */
static void test_against_libdex_timeout_waits_for_the_cancelled(void **state)
{
    (void)state;
    run(gather_in_time);
}

static int race_with_clean_up(void *arg)
{
    struct child slow = { IL_FOREVER, 0, IL_MS(30), false };
    struct child fast = { IL_MS(10), 5, 0, false };
    il_call calls[] = { { live, &slow, 0 }, { live, &fast, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race(calls, 2, &winner), 0);
    CHECK_INT(winner, 1);
    CHECK(!slow.on_stack);
    CHECK_INT(now_ms(), 40);
    return 0;
}

static void test_against_libdex_race_waits_for_the_loser(void **state)
{
    (void)state;
    run(race_with_clean_up);
}

static int cancel_group_in_first_step(void *arg)
{
    struct child children[] = { { IL_FOREVER, 0, IL_MS(20), false },
                                { IL_FOREVER, 0, 0, false } };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(il_spawn(&group, live, &children[i], NULL), 0);
    il_group_cancel(&group);
    CHECK(children[0].on_stack && children[1].on_stack);
    CHECK_INT(il_group_close(&group), 0);
    CHECK(!children[0].on_stack && !children[1].on_stack);
    CHECK_INT(now_ms(), 20);
    return 0;
}

/* There the group is done as soon as it is cancelled. */
static void
test_against_libdex_cancelled_group_waits_for_its_tasks(void **state)
{
    (void)state;
    run(cancel_group_in_first_step);
}

static int fail_then_succeed(void *arg)
{
    struct child bad = { IL_MS(5), -EIO, 0, false };
    struct child good = { IL_MS(5), 7, 0, false }; /* due in the same turn */
    il_call calls[] = { { live, &bad, 0 }, { live, &good, 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 2), -EIO);
    CHECK_INT(calls[0].result, -EIO);
    CHECK_INT(calls[1].result, 7);
    return 0;
}

/* There the last result to come counts: all() of these would succeed. */
static void test_against_libdex_gather_keeps_an_early_failure(void **state)
{
    (void)state;
    run(fail_then_succeed);
}

/* --- Waiting anywhere ------------------------------------------------------ */

static int compare_slowly(const void *a, const void *b)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    return *(const int *)a - *(const int *)b;
}

static int sort(void *arg)
{
    int numbers[] = { 4, 2, 5, 1, 3 };

    (void)arg;
    qsort(numbers, 5, sizeof numbers[0], compare_slowly);
    for (int i = 0; i < 5; i++)
        CHECK_INT(numbers[i], i + 1);
    note("sorted");
    return 0;
}

static int tick_thrice(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        note("tick");
        CHECK_INT(il_sleep(IL_MS(1)), 0);
    }
    return 0;
}

/* There, waiting in the callback of a foreign function is undefined. */
static void test_against_libdex_foreign_callbacks_may_wait(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, sort, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, tick_thrice, NULL, NULL), 0);
    settle(f);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "tick tick tick sorted");
}

/* --- Memory ---------------------------------------------------------------- */

static il_future gate;
static unsigned n_parked, n_done;
static uintptr_t stacks[MANY(33000)]; /* where on it each task ran */

static int park(void *arg)
{
    (void)arg;
    stacks[n_parked++] = (uintptr_t)__builtin_frame_address(0);
    CHECK_INT(il_future_wait(&gate, NULL, NULL), 0);
    n_done++;
    return 0;
}

static void open_gate(struct fixture *f)
{
    assert_int_equal(il_future_set(&gate, 0, NULL), 0);
    settle(f);
    assert_int_equal(n_done, n_parked);
}

static int compare_stacks(const void *a, const void *b)
{
    const uintptr_t *x = a;
    const uintptr_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* There: 20,000 of them, 1,000 at a time, cost 60,000 system calls. */
static void test_against_libdex_stacks_are_used_again(void **state)
{
    static uintptr_t first[MANY(1000)];
    struct fixture *f = *state;

    for (int round = 0; round < 20; round++) {
        gate = (il_future)IL_FUTURE_INIT;
        n_parked = n_done = 0;
        for (int i = 0; i < MANY(1000); i++)
            assert_int_equal(il_spawn(NULL, park, NULL, NULL), 0);
        open_gate(f);
        qsort(stacks, MANY(1000), sizeof stacks[0], compare_stacks);
        if (round == 0) {
            memcpy(first, stacks, sizeof first);
            n_mapped = 0;
        }
        assert_memory_equal(stacks, first, sizeof first);
    }
    assert_int_equal(n_mapped, 0);
}

/* There the program is aborted at about 32,710, the limit on mappings.  Kernels
 * without guard regions have it here too, as an error of il_spawn(). */
static void
test_against_libdex_more_tasks_park_than_mappings_exist(void **state)
{
    struct fixture *f = *state;
    const unsigned n = MANY(33000);
    int r = 0;

    gate = (il_future)IL_FUTURE_INIT;
    n_parked = n_done = 0;
    while (n_parked < n && r == 0)
        r = il_spawn(NULL, park, NULL, NULL);
    assert_true(n_parked == n || r == -ENOMEM);
    assert_true(n_parked >= MANY(30000));
    open_gate(f);
    assert_int_equal(il_spawn(NULL, note_task, TEXT("alive"), NULL), 0);
    assert_string_equal(noted(), "alive");
}

struct pair {
    il_future there, back;
};

static int answer(void *arg)
{
    struct pair *pair = arg;

    CHECK_INT(il_future_wait(&pair->there, NULL, NULL), 0);
    CHECK_INT(il_future_set(&pair->back, 0, NULL), 0);
    return 0;
}

static int wait_in_every_way(void *arg)
{
    static struct pair pair;
    il_task *task = NULL;
    int r = 0;

    (void)arg;
    pair = (struct pair){ IL_FUTURE_INIT, IL_FUTURE_INIT };
    CHECK_INT(il_spawn(NULL, answer, &pair, &task), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    n_allocated = n_mapped = 0;
    for (int i = 0; i < 100; i++) {
        CHECK_INT(il_yield(), 0);
        CHECK_INT(il_sleep(IL_MS(1)), 0);
        r = 0;
        IL_TIMEOUT (IL_MS(1), &r) {
            r = il_sleep(IL_FOREVER);
        }
        CHECK_INT(r, -ETIMEDOUT);
    }
    CHECK_INT(il_future_set(&pair.there, 0, NULL), 0);
    CHECK_INT(il_future_wait(&pair.back, NULL, NULL), 0);
    CHECK_INT(il_task_join(task, &r), 0);
    CHECK_INT(n_allocated, 0);
    CHECK_INT(n_mapped, 0);
    il_task_unref(task);
    return 0;
}

/* There, each wait allocates, and running out of memory aborts. */
static void test_against_libdex_waiting_allocates_nothing(void **state)
{
    (void)state;
    run(wait_in_every_way);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_against_libdex_waiters_wake_first_in_first_out),
        TEST(test_against_libdex_tasks_and_posts_share_one_queue),
        TEST(test_against_libdex_callbacks_never_run_inside_set),
        TEST(test_against_libdex_timeout_waits_for_the_cancelled),
        TEST(test_against_libdex_race_waits_for_the_loser),
        TEST(test_against_libdex_cancelled_group_waits_for_its_tasks),
        TEST(test_against_libdex_gather_keeps_an_early_failure),
        TEST(test_against_libdex_foreign_callbacks_may_wait),
        TEST(test_against_libdex_stacks_are_used_again),
        TEST(test_against_libdex_more_tasks_park_than_mappings_exist),
        TEST(test_against_libdex_waiting_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
