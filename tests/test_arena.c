/* SPDX-License-Identifier: MIT */

/* test_arena.c - stacks by the thousand: whole, guarded, and given back.
 *
 * Most of it uses large stacks.  Their pool follows the same rules with an
 * eighth of the numbers, and their address space costs nothing.
 *
 * With OLD_KERNEL the kernel refuses what Linux has learnt since 5.13. */

#include "config.h"

#include "support/arena_stacks.h"
#include "support/check.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- Whole and guarded ---------------------------------------------------- */

static void test_arena_stacks_are_guarded_and_apart(void **state)
{
    unsigned n = many_stacks();

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < n; i++)
            take_stack(i, i % 2 ? 0 : ILI_STACK_LARGE);
        for (unsigned i = 0; i < n; i++)
            assert_true(is_guarded(&stacks[i]));
        for (unsigned i = 0; i < n; i++)
            put_stack(i);
    }
}

/* Up and down by chance, so that every list is filled and emptied, chunks are
 * razed and used again, and slabs come and go. */
static void test_arena_survives_a_random_life(void **state)
{
    static bool is_out[MOST];
    unsigned n = many_stacks();

    (void)state;
    srand(1);
    memset(is_out, 0, sizeof is_out);
    for (unsigned round = 0; round < 12; round++) {
        /* Nobody, few, about half, nearly all. */
        int share = (int[]){ 100, 97, 50, 3 }[(round * 7 + 3) % 4];

        for (unsigned k = 0; k < n; k++) {
            unsigned i = (unsigned)rand() % n;

            if (round % 3 == 0)
                i = k; /* in order, so that neighbours go together */
            if (is_out[i] && rand() % 100 < share) {
                put_stack(i);
                is_out[i] = false;
            } else if (!is_out[i] && rand() % 100 >= share) {
                take_stack(i, ILI_STACK_LARGE);
                assert_true(is_guarded(&stacks[i]));
                is_out[i] = true;
            }
        }
    }
    for (unsigned i = 0; i < n; i++)
        if (is_out[i])
            put_stack(i);
}

static void test_arena_leaves_errno_alone(void **state)
{
    unsigned n = many_stacks();

    (void)state;
    errno = EXDEV;
    for (unsigned i = 0; i < n; i++)
        take_stack(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++)
        put_stack(i);
    assert_int_equal(errno, EXDEV);
}

/* --- Given back ----------------------------------------------------------- */

/* Page tables of a chunk of large stacks take half of it, in KiB. */
#define LITTLE 1024

/* How much more is held after n stacks were put back in this order. */
static long left_after(unsigned n, unsigned step)
{
    long before;

    take_stack(n, ILI_STACK_LARGE); /* one that stays in use */
    take_stack(n + 1, ILI_STACK_LARGE);
    put_stack(n + 1);
    before = memory_held();
    for (unsigned i = 0; i < n; i++)
        take_stack(i, ILI_STACK_LARGE);
    if (before > 0)
        assert_true(memory_held() - before > (long)n * 4);
    for (unsigned i = 0; i < n; i++)
        put_stack(i * step % n);
    before = memory_held() - before;
    put_stack(n);
    return before;
}

static void test_arena_gives_back_what_thousands_took(void **state)
{
    (void)state;
    assert_true(left_after(many_stacks() - 2, 1) < LITTLE);
}

static void test_arena_gives_back_what_ended_backwards(void **state)
{
    unsigned n = many_stacks() - 2;

    (void)state;
    assert_true(left_after(n, n - 1) < LITTLE);
}

static void test_arena_gives_back_what_ended_in_disorder(void **state)
{
    unsigned n = many_stacks() - 2;
    unsigned step = 4243; /* a prime that does not divide n */

    (void)state;
    assert_true(n % step != 0);
    assert_true(left_after(n, step) < LITTLE);
}

/* The stacks of a burst are kept, for there will be another one. */
static void test_arena_keeps_what_is_needed_again(void **state)
{
    enum { N = 120 }; /* less than the most that are warm */
    void *bases[N];

    (void)state;
    for (unsigned i = 0; i < N; i++)
        take_stack(i, ILI_STACK_LARGE);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < N; i++) {
            bases[i] = stacks[i].base;
            *top_of(&stacks[i]) = 0;
            /* A page that goes to the kernel forgets this. */
            top_of(&stacks[i])[-1] = round + 1;
            ili_arena_put(arena, &stacks[i]);
        }
        for (unsigned i = 0; i < N; i++) {
            take_stack(i, ILI_STACK_LARGE);
            assert_ptr_equal(stacks[i].base, bases[N - 1 - i]);
            assert_int_equal(top_of(&stacks[i])[-1], round + 1);
        }
    }
    for (unsigned i = 0; i < N; i++)
        put_stack(i);
}

/* Whoever puts a stack may be executing on it until the next call. */
static void test_arena_leaves_the_last_stack_alone(void **state)
{
    unsigned n = many_stacks();

    (void)state;
    for (unsigned i = 0; i < n; i++)
        take_stack(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++) {
        ili_arena_put(arena, &stacks[i]);
        assert_int_equal(*top_of(&stacks[i]), i + 1);
        assert_true(is_guarded(&stacks[i]));
    }
}

/* --- Tasks ---------------------------------------------------------------- */

enum { N_PARKED = 200 };

static unsigned n_on_one_page;
static il_future gate;

static int park(void *arg)
{
    static void *pages[N_PARKED];
    unsigned i = (unsigned)(uintptr_t)arg;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char here = 0, below = 0;

    pages[i] = (void *)((uintptr_t)&i & ~(page - 1));
    if (i < N_PARKED - 1)
        return il_future_wait(&gate, NULL, NULL);

    /* The last one looks at the others, which are waiting. */
    for (unsigned k = 0; k < i; k++) {
        CHECK_INT(mincore(pages[k], page, &here), 0);
        CHECK_INT(mincore((char *)pages[k] - page, page, &below), 0);
        CHECK(here & 1);
        n_on_one_page += !(below & 1);
    }
    return il_future_set(&gate, 0, NULL);
}

static int park_many(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (uintptr_t i = 0; i < N_PARKED; i++)
        CHECK_INT(il_spawn(&group, park, (void *)i, NULL), 0);
    return il_group_close(&group);
}

/* Control block and frames of a task that waits at once, in every colour. */
static void test_arena_waiting_task_takes_one_page(void **state)
{
    (void)state;
    n_on_one_page = 0;
    gate = (il_future)IL_FUTURE_INIT;
    assert_int_equal(il_run(park_many, NULL), 0);
    if (!is_slow_here())
        assert_int_equal(n_on_one_page, N_PARKED - 1);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_arena, teardown_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_arena_stacks_are_guarded_and_apart),
        TEST(test_arena_survives_a_random_life),
        TEST(test_arena_leaves_errno_alone),
        TEST(test_arena_gives_back_what_thousands_took),
        TEST(test_arena_gives_back_what_ended_backwards),
        TEST(test_arena_gives_back_what_ended_in_disorder),
        TEST(test_arena_keeps_what_is_needed_again),
        TEST(test_arena_leaves_the_last_stack_alone),
        TEST(test_arena_waiting_task_takes_one_page),
    };

    kernel_is_old = BUILT_FOR_OLD_KERNEL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
