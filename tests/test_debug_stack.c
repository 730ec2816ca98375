/* SPDX-License-Identifier: MIT */

/* test_debug_stack.c - how much of their stacks tasks use. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include "coro/annotate.h"
#include "coro/highwater.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KIB = 1024 };

static int setup_stack(void **state)
{
    int r = setup(state);
    struct fixture *f = *state;

    return r < 0 ? r : il_loop_set_debug(f->loop, IL_DEBUG_STACK);
}

/* --- a stack alone ------------------------------------------------------------------ */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* To a few words, or to pages where memory must not be looked at. */
static void assert_used(size_t used, size_t expected)
{
    assert_true(used >= expected);
    assert_true(used < expected + (ili_annotate_may_look() ? 64 : page_size()));
}

static void test_debug_stack_is_measured_to_a_word(void **state)
{
    const size_t size = 700 * page_size();
    char *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *top = base + size - 256;

    (void)state;
    assert_true(base != MAP_FAILED);
    ili_stack_clean(base, top);
    assert_true(ili_stack_used(base, top) < page_size());
    top[-8] = 1;
    if (ili_annotate_may_look())
        assert_int_equal(ili_stack_used(base, top), 8);
    top[-5000] = 1;
    assert_used(ili_stack_used(base, top), 5000);
    base[3] = 1; /* beyond what is asked for in one call */
    assert_used(ili_stack_used(base, top), size - 256 - 8);
    ili_stack_clean(base, top);
    assert_true(ili_stack_used(base, top) < page_size());
    assert_int_equal(munmap(base, size), 0);
}

/* --- tasks -------------------------------------------------------------------------- */

/* How much of the running task's stack is above something. */
static size_t above(const void *thing)
{
    return (size_t)((const char *)il_task_current() - (const char *)thing);
}

/* Use so much of the stack, then do something there.  The frames are not to be
 * joined into one, or left out. */
static __attribute__((noinline)) int dig(size_t depth, int (*fn)(void))
{
    volatile char frame[KIB];
    int r;

    for (int i = 0; i < KIB; i++)
        frame[i] = 1;
    if (above((const char *)frame) < depth)
        r = dig(depth, fn);
    else
        r = fn();
    return r + frame[7] - frame[5];
}

static int do_nothing(void)
{
    return 0;
}

static int sleep_there(void)
{
    return il_sleep(IL_MS(1));
}

static int use(void *arg)
{
    int r = dig(*(size_t *)arg, do_nothing);

    return r < 0 ? r : il_yield();
}

/* Of an ordinary stack; frames are larger under sanitizers. */
static size_t percent(unsigned n)
{
    return (size_t)(256 - 2) * KIB / 100 * n;
}

static size_t stack_used_by(struct fixture *f, size_t depth)
{
    il_task *task;
    size_t used;

    assert_int_equal(il_spawn(NULL, use, &depth, &task), 0);
    settle(f);
    assert_true(il_task_is_done(task));
    used = il_task_stack_used(task);
    assert_int_equal(reap(task), 0);
    return used;
}

static void test_debug_stack_of_a_task_is_what_it_has_used(void **state)
{
    struct fixture *f = *state;
    size_t little = stack_used_by(f, KIB);
    size_t much = stack_used_by(f, 60u * KIB);

    assert_true(much >= 60 * KIB);
    assert_true(much > little + 50 * KIB);
    /* The stack is the same; what is left on it counts no more. */
    assert_true(stack_used_by(f, KIB) < 30 * KIB);
    assert_int_equal(f->n_reports, 0);
}

static void test_debug_stack_size_is_what_was_asked_for(void **state)
{
    struct fixture *f = *state;
    const il_spawn_options options = { .fn = use,
                                       .arg = &(size_t){ KIB },
                                       .stack_size = 20u << 20 };
    il_task *task;

    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    settle(f);
    assert_true(il_task_stack_size(task) > (20u << 20) - 8 * KIB);
    assert_true(il_task_stack_used(task) < 64 * KIB);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_task_stack_size(NULL), 0);
    assert_int_equal(il_task_stack_used(NULL), 0);
}

static void take_stack_report(struct fixture *f)
{
    struct kept_report report = take_report(f);

    assert_int_equal(report.kind, IL_REPORT_STACK);
    assert_string_equal(report.task_name, "use");
    assert_non_null(strstr(report.details, " bytes"));
    assert_int_equal(f->n_reports, 0);
}

static void test_debug_stack_nearly_full_is_told_once(void **state)
{
    struct fixture *f = *state;

    (void)stack_used_by(f, percent(85));
    take_stack_report(f);
}

static void test_debug_stack_limit_can_be_chosen(void **state)
{
    struct fixture *f = *state;
    const il_debug_limits limits = { .stack_percent = 30 };

    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), 0);
    (void)stack_used_by(f, percent(40));
    take_stack_report(f);
}

static int wait_far_down(void *arg)
{
    return dig(*(size_t *)arg, sleep_there);
}

/* Not only at its end, which it may never see. */
static void test_debug_stack_of_a_task_that_waits_deep_down(void **state)
{
    struct fixture *f = *state;
    il_task *task;
    size_t depth = percent(85);

    assert_int_equal(il_spawn(NULL, wait_far_down, &depth, &task), 0);
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_STACK);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), 0);
}

static void test_debug_stack_in_a_dump(void **state)
{
    struct fixture *f = *state;
    il_task *task;
    size_t depth = KIB;

    assert_int_equal(il_spawn(NULL, wait_far_down, &depth, &task), 0);
    dump_as(il_dump_tasks, 1);
    assert_true(has(", stack "));
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(reap(task), 0);
}

/* Nothing was cleaned, so it is at least what it was. */
static void test_debug_stack_off_is_an_upper_bound(void **state)
{
    struct fixture *f = *state;

    assert_true(stack_used_by(f, 60u * KIB) >= 60 * KIB);
    assert_true(stack_used_by(f, KIB) >= 60 * KIB);
    assert_int_equal(f->n_reports, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_stack, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_debug_stack_is_measured_to_a_word),
        TEST(test_debug_stack_of_a_task_is_what_it_has_used),
        TEST(test_debug_stack_size_is_what_was_asked_for),
        TEST(test_debug_stack_nearly_full_is_told_once),
        TEST(test_debug_stack_limit_can_be_chosen),
        TEST(test_debug_stack_of_a_task_that_waits_deep_down),
        TEST(test_debug_stack_in_a_dump),
        cmocka_unit_test_setup_teardown(test_debug_stack_off_is_an_upper_bound,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
