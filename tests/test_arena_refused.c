/* SPDX-License-Identifier: MIT */

/* test_arena_refused.c - stacks, and a kernel that gives no memory.
 *
 * With OLD_KERNEL it refuses what Linux has learnt since 5.13 as well. */

#include "config.h"

#include "support/arena_stacks.h"
#include "support/check.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each time more calls succeed before one fails, in the end all. */
static void test_arena_out_of_memory_at_every_place(void **state)
{
    enum { N = 700 };

    (void)state;
    for (unsigned at = 1;; at += 1 + at / 16) {
        unsigned n = 0;
        ili_arena *other;

        n_failed = 0;
        countdown = at;
        other = ili_arena_new();
        for (unsigned i = 0; other && n < N && i < N + 10; i++) {
            ili_stack *stack = &stacks[n];
            ili_stack before = { .base = &before };
            int r;

            *stack = before;
            r = ili_arena_get(other, ILI_STACK_LARGE, stack);
            if (r == 0) {
                *top_of(stack) = ++n;
                continue;
            }
            assert_int_equal(r, -ENOMEM);
            assert_ptr_equal(stack->base, &before);
        }
        countdown = 0;
        if (other) {
            assert_int_equal(n, N);
            for (unsigned i = 0; i < n; i++) {
                assert_int_equal(*top_of(&stacks[i]), i + 1);
                assert_true(is_guarded(&stacks[i]));
                ili_arena_put(other, &stacks[i]);
            }
            ili_arena_retire(other);
        }
        if (n_failed == 0)
            break;
    }
}

/* No chunk can be razed and none guarded, for a while. */
static void test_arena_out_of_memory_while_giving_back(void **state)
{
    unsigned n = many_stacks();

    (void)state;
    for (unsigned i = 0; i < n; i++)
        take_stack(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++) {
        countdown = 1;
        put_stack(i);
    }
    countdown = 0;
    for (unsigned i = 0; i < n; i++) {
        take_stack(i, ILI_STACK_LARGE);
        assert_true(is_guarded(&stacks[i]));
    }
    for (unsigned i = 0; i < n; i++)
        put_stack(i);
}

/* Run `body` in a child, which may change its limits. */
static void in_child(void (*body)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* As many stacks as fit; then all of them again. */
static void fill_small_address_space(void)
{
    long now = proc_field("/proc/self/status", "VmSize:");
    rlim_t most = ((rlim_t)now + 100 * 1024) * 1024;
    unsigned n[2] = { 0, 0 };

    if (now < 0 || setrlimit(RLIMIT_AS, &(struct rlimit){ most, most }) < 0)
        return;
    for (unsigned round = 0; round < 2; round++) {
        int r = 0;

        while (n[round] < MOST && r == 0) {
            r = ili_arena_get(arena, ILI_STACK_LARGE, &stacks[n[round]]);
            n[round] += r == 0;
        }
        if (r != -ENOMEM)
            _exit(2);
        for (unsigned i = 0; i < n[round]; i++)
            ili_arena_put(arena, &stacks[i]);
    }
    /* Of 100 MiB, eight-MiB stacks and their guards use most. */
    if (n[0] < 8 || n[1] < n[0])
        _exit(3);
}

static void test_arena_makes_do_with_little_address_space(void **state)
{
    (void)state;
    if (!is_slow_here())
        in_child(fill_small_address_space);
}

static void guard_locked_memory(void)
{
    ili_stack stack;

    /* Not everybody may. */
    if (mlockall(MCL_FUTURE) < 0)
        return;
    if (ili_arena_get(arena, 0, &stack) < 0)
        _exit(2);
    if (!is_guarded(&stack))
        _exit(3);
}

/* Locked memory takes no light guards; MCL_FUTURE locks every new mapping. */
static void test_arena_guards_locked_memory(void **state)
{
    (void)state;
    if (!is_slow_here())
        in_child(guard_locked_memory);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_arena, teardown_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_arena_out_of_memory_at_every_place),
        TEST(test_arena_out_of_memory_while_giving_back),
        TEST(test_arena_makes_do_with_little_address_space),
        TEST(test_arena_guards_locked_memory),
    };

    kernel_is_old = BUILT_FOR_OLD_KERNEL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
