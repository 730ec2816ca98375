/* SPDX-License-Identifier: MIT */

/* test_coro.c - stacks: their sizes, their guards, and many at once. */

#include "config.h"

#include "support/check.h"

#include "coro/coro.h"
#include "coro/stack.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static ili_arena *arena;
static ili_coro host;

static int setup(void **state)
{
    (void)state;
    begin_checks();
    arena = ili_arena_new();
    assert_non_null(arena);
    ili_coro_here(&host);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ili_arena_retire(arena);
    end_checks();
    return 0;
}

/* --- Stacks --------------------------------------------------------------- */

static void write_all(const ili_stack *stack)
{
    volatile char *bytes = stack->base;

    for (size_t i = 0; i < stack->size; i += 512)
        bytes[i] = (char)i;
    bytes[stack->size - 1] = 1;
}

static void test_coro_stacks_are_as_large_as_asked(void **state)
{
    static const size_t sizes[] = {
        0, 1, 4096, 256 << 10, (256 << 10) + 1, 1 << 20, 8 << 20, 9 << 20
    };

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ili_stack stack;

        assert_int_equal(ili_arena_get(arena, sizes[i], &stack), 0);
        assert_true(stack.size >= sizes[i]);
        assert_true(stack.size >= 4096);
        write_all(&stack);
        ili_arena_put(arena, &stack);
    }
}

static void test_coro_stack_given_back_is_warm_for_the_next(void **state)
{
    ili_stack a, b, c;

    (void)state;
    assert_int_equal(ili_arena_get(arena, 0, &a), 0);
    assert_int_equal(ili_arena_get(arena, 0, &b), 0);
    assert_ptr_not_equal(a.base, b.base);
    ili_arena_put(arena, &a);
    ili_arena_put(arena, &b);
    assert_int_equal(ili_arena_get(arena, 0, &c), 0);
    assert_ptr_equal(c.base, b.base);
    ili_arena_put(arena, &c);
}

static void test_coro_stack_too_large_is_refused(void **state)
{
    ili_stack stack = { .base = &stack };

    (void)state;
    assert_int_equal(ili_arena_get(arena, (size_t)1 << 47, &stack), -ENOMEM);
    assert_ptr_equal(stack.base, &stack);
}

static unsigned count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned n = 0;
    int c;

    assert_non_null(maps);
    while ((c = getc(maps)) != EOF)
        n += c == '\n';
    assert_int_equal(fclose(maps), 0);
    return n;
}

/* The kernel allows 65,530 mappings; stacks must not use two each. */
static void test_coro_many_stacks_are_a_handful_of_mappings(void **state)
{
    enum { N = 20000 };
    static ili_stack stacks[N];
    ili_arena *other = ili_arena_new();
    unsigned before = count_mappings();
    unsigned meanwhile;

    (void)state;
    for (int i = 0; i < N; i++)
        assert_int_equal(ili_arena_get(other, 0, &stacks[i]), 0);
    for (int i = 0; i < N; i++)
        *(volatile char *)stacks[i].base = 1;
    meanwhile = count_mappings();
    for (int i = 0; i < N; i++)
        ili_arena_put(other, &stacks[i]);
    ili_arena_retire(other);
    /* Where the kernel has no light guards, each is a mapping of its own. */
    if (meanwhile < before + N)
        assert_true(meanwhile <= before + 64);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(count_mappings() <= before + 16);
#endif
}

static void test_coro_retired_arena_waits_for_its_stacks(void **state)
{
    ili_arena *other = ili_arena_new();
    ili_stack small, own;

    (void)state;
    assert_int_equal(ili_arena_get(other, 0, &small), 0);
    assert_int_equal(ili_arena_get(other, 9 << 20, &own), 0);
    ili_arena_retire(other);
    write_all(&small);
    write_all(&own);
    ili_arena_put(other, &own);
    write_all(&small);
    ili_arena_put(other, &small);
}

/* --- Coroutines ----------------------------------------------------------- */

struct strand {
    ili_coro coro;
    ili_stack stack;
    unsigned number;
    unsigned n_steps;
};

static struct strand *running;

static void take_steps(void)
{
    struct strand *me = running;
    unsigned check = me->number * 2654435761u;

    ili_coro_arrived(&me->coro);
    for (int i = 0; i < 10; i++) {
        me->n_steps++;
        ili_coro_switch(&me->coro, &host);
        if (!CHECK(running == me) || !CHECK(check == me->number * 2654435761u))
            break;
    }
    ili_coro_leave(&me->coro, &host);
}

enum { N_STRANDS = MANY(10000) };

static void test_coro_ten_thousand_keep_to_themselves(void **state)
{
    static struct strand strands[N_STRANDS];

    (void)state;
    for (unsigned i = 0; i < N_STRANDS; i++) {
        struct strand *s = &strands[i];

        *s = (struct strand){ .number = i };
        assert_int_equal(ili_arena_get(arena, 0, &s->stack), 0);
        ili_coro_make(&s->coro, s->stack.base, s->stack.size, take_steps);
    }
    for (int step = 0; step < 11; step++) {
        for (unsigned i = 0; i < N_STRANDS; i++) {
            running = &strands[i];
            ili_coro_switch(&host, &running->coro);
        }
    }
    for (unsigned i = 0; i < N_STRANDS; i++) {
        assert_int_equal(strands[i].n_steps, 10);
        ili_arena_put(arena, &strands[i].stack);
    }
}

/* --- Overflow ------------------------------------------------------------- */

static struct strand victim;

static unsigned recurse(unsigned depth)
{
    volatile char frame[2048];

    frame[0] = (char)depth;
    if (depth == 0)
        return 0;
    return recurse(depth - 1) + (unsigned char)frame[0];
}

/* One frame larger than a page, smaller than the guard: a guard of a single
 * page would be jumped. */
static __attribute__((noinline)) void jump_far(void)
{
    volatile char frame[48 * 1024];

    frame[0] = 1;
    frame[sizeof frame - 1] = 1;
}

/* Each frame is seen by the next one, or a compiler makes this a loop. */
static unsigned approach_the_end(unsigned depth, volatile char *above)
{
    volatile char frame[4096];

    above[0] = frame[0] = (char)depth;
    if (depth == 0) {
        jump_far();
        return 0;
    }
    return approach_the_end(depth - 1, frame) + (unsigned char)frame[0];
}

static void overflow_slowly(void)
{
    ili_coro_arrived(&victim.coro);
    (void)recurse(1u << 20);
    ili_coro_leave(&victim.coro, &host);
}

static void overflow_in_one_jump(void)
{
    volatile char frame[1];

    ili_coro_arrived(&victim.coro);
    for (unsigned depth = 40; depth < 80; depth++)
        (void)approach_the_end(depth, frame);
    ili_coro_leave(&victim.coro, &host);
}

/* A child of ours must die of it; what lies below the guard is unharmed. */
static void overflow_in_child(void (*entry)(void), size_t size)
{
    int status = 0;
    pid_t child;

    assert_int_equal(ili_arena_get(arena, size, &victim.stack), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = { 0, 0 };

        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(3);
        alarm(20);
        ili_coro_make(&victim.coro, victim.stack.base, victim.stack.size,
                      entry);
        ili_coro_switch(&host, &victim.coro);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    ili_arena_put(arena, &victim.stack);
    /* Sanitizers and valgrind turn the signal into a report and an exit. */
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGSEGV);
    else
        assert_true(WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 3);
}

static void test_coro_overflow_meets_the_guard(void **state)
{
    (void)state;
    overflow_in_child(overflow_slowly, 0);
}

static void test_coro_overflow_of_a_large_stack_meets_the_guard(void **state)
{
    (void)state;
    overflow_in_child(overflow_slowly, 1 << 20);
    overflow_in_child(overflow_slowly, 9 << 20);
}

static void test_coro_big_frame_does_not_jump_the_guard(void **state)
{
    (void)state;
    overflow_in_child(overflow_in_one_jump, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_coro_stacks_are_as_large_as_asked),
        TEST(test_coro_stack_given_back_is_warm_for_the_next),
        TEST(test_coro_stack_too_large_is_refused),
        TEST(test_coro_many_stacks_are_a_handful_of_mappings),
        TEST(test_coro_retired_arena_waits_for_its_stacks),
        TEST(test_coro_ten_thousand_keep_to_themselves),
        TEST(test_coro_overflow_meets_the_guard),
        TEST(test_coro_overflow_of_a_large_stack_meets_the_guard),
        TEST(test_coro_big_frame_does_not_jump_the_guard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
