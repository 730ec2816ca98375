/* SPDX-License-Identifier: MIT */

/* test_context.c - what must survive when one stack is left for another.
 *
 * Built twice: for the switch of this processor and for the portable one. */

#include "config.h"

#include "support/check.h"
#include "support/registers.h"

#include "context/context.h"
#include "coro/coro.h"
#include "coro/stack.h"

#include <stdlib.h>

static ili_arena *arena;
static ili_stack stack;
static ili_coro host, coro;

static int make_stack(void **state)
{
    (void)state;
    begin_checks();
    arena = ili_arena_new();
    assert_non_null(arena);
    assert_int_equal(ili_arena_get(arena, 0, &stack), 0);
    ili_coro_here(&host);
    return 0;
}

static int drop_stack(void **state)
{
    (void)state;
    ili_arena_put(arena, &stack);
    ili_arena_retire(arena);
    end_checks();
    return 0;
}

static void start(void (*entry)(void))
{
    ili_coro_make(&coro, stack.base, stack.size, entry);
}

static void to_coro(void)
{
    ili_coro_switch(&host, &coro);
}

static void to_host(void)
{
    ili_coro_switch(&coro, &host);
}

/* --- Where we are --------------------------------------------------------- */

static uintptr_t seen_local, seen_frame;

static void look_around(void)
{
    _Alignas(16) volatile char local[16] = { 0 };
    uintptr_t address = (uintptr_t)&local[0];

    ili_coro_arrived(&coro);
    /* The compiler must not conclude what the alignment is. */
    __asm__ volatile("" : "+r"(address));
    seen_local = address;
    seen_frame = (uintptr_t)__builtin_frame_address(0);
    ili_coro_leave(&coro, &host);
}

static void test_context_entry_finds_an_aligned_stack(void **state)
{
    uintptr_t base = (uintptr_t)stack.base;

    (void)state;
    for (size_t shift = 0; shift < 64; shift += 8) {
        ili_coro_make(&coro, stack.base, stack.size - shift, look_around);
        to_coro();
        assert_int_equal(seen_frame % 16, 0);
#ifndef __SANITIZE_ADDRESS__
        assert_int_equal(seen_local % 16, 0);
        assert_true(seen_local >= base);
        assert_true(seen_local < base + stack.size - shift);
#endif
        assert_true(seen_frame > base + stack.size - 1024);
        assert_true(seen_frame <= base + stack.size - shift);
    }
}

/* --- Order ---------------------------------------------------------------- */

static void speak(void)
{
    ili_coro_arrived(&coro);
    note("1");
    to_host();
    note("2");
    to_host();
    note("3");
    ili_coro_leave(&coro, &host);
}

static void test_context_goes_on_where_it_was_left(void **state)
{
    (void)state;
    start(speak);
    note("a");
    to_coro();
    note("b");
    to_coro();
    note("c");
    to_coro();
    note("d");
    assert_string_equal(noted(), "a 1 b 2 c 3 d");
}

/* --- Registers ------------------------------------------------------------ */

#ifdef HAVE_FILL_AND_CALL

static uint64_t mask_of_coro;
static unsigned n_rounds;

static void fill_on_coro(void)
{
    ili_coro_arrived(&coro);
    for (unsigned i = 0; i < n_rounds; i++)
        mask_of_coro |=
            fill_and_call(to_host, UINT64_C(0xc0c0c0c000000000) + i * 64);
    ili_coro_leave(&coro, &host);
}

static void test_context_keeps_callee_saved_registers(void **state)
{
    uint64_t mask = 0;

    (void)state;
    mask_of_coro = 0;
    n_rounds = 100;
    start(fill_on_coro);
    for (unsigned i = 0; i <= n_rounds; i++)
        mask |= fill_and_call(to_coro, UINT64_C(0x1111111100000000) + i * 64);
    assert_int_equal(mask, 0);
    assert_int_equal(mask_of_coro, 0);
}

static unsigned seen_rounding[3];

static void round_differently(void)
{
    ili_coro_arrived(&coro);
    seen_rounding[0] = get_rounding();
    set_rounding(1);
    to_host();
    seen_rounding[1] = get_rounding();
    set_rounding(2);
    to_host();
    seen_rounding[2] = get_rounding();
    ili_coro_leave(&coro, &host);
}

static void test_context_keeps_the_rounding_mode(void **state)
{
    unsigned seen[3];

    (void)state;
    start(round_differently);
    to_coro();
    seen[0] = get_rounding();
    set_rounding(3);
    to_coro();
    seen[1] = get_rounding();
    to_coro();
    seen[2] = get_rounding();
    set_rounding(0);

    assert_int_equal(seen_rounding[0], 0);
    assert_int_equal(seen[0], 0);
    assert_int_equal(seen_rounding[1], 1);
    assert_int_equal(seen[1], 3);
    assert_int_equal(seen_rounding[2], 2);
    assert_int_equal(seen[2], 3);
}

/* A coroutine starts with the modes of whoever makes it. */
static void test_context_inherits_the_rounding_mode(void **state)
{
    (void)state;
    set_rounding(3);
    start(round_differently);
    set_rounding(0);
    to_coro();
    assert_int_equal(seen_rounding[0], 3);
    assert_int_equal(get_rounding(), 0);
    to_coro();
    to_coro();
}

static void test_context_entered_at_once_has_the_same_modes(void **state)
{
    uint64_t mask;

    (void)state;
    set_rounding(3);
    ili_coro_enter(&host, &coro, stack.base, stack.size, round_differently);
    assert_int_equal(seen_rounding[0], 3);
    assert_int_equal(get_rounding(), 3);
    mask = fill_and_call(to_coro, UINT64_C(0x1111111100000000));
    assert_int_equal(mask, 0);
    assert_int_equal(seen_rounding[1], 1);
    assert_int_equal(get_rounding(), 3);
    to_coro();
    assert_int_equal(seen_rounding[2], 2);
    assert_int_equal(get_rounding(), 3);
    set_rounding(0);
}

#ifdef HAVE_TWO_UNITS

static unsigned seen_sse, seen_x87;

static void change_one_unit(void)
{
    ili_coro_arrived(&coro);
    set_rounding_of_each(1, 0);
    to_host();
    get_rounding_of_each(&seen_sse, &seen_x87);
    set_rounding_of_each(0, 2);
    to_host();
    get_rounding_of_each(&seen_sse, &seen_x87);
    set_rounding_of_each(0, 3);
    ili_coro_leave(&coro, &host);
}

/* Modes are compared before they are loaded, those of each unit. */
static void test_context_keeps_the_modes_of_each_unit(void **state)
{
    (void)state;
    start(change_one_unit);
    to_coro();
    assert_int_equal(get_rounding(), 0);
    to_coro();
    assert_int_equal(get_rounding(), 0);
    assert_int_equal(seen_sse, 1);
    assert_int_equal(seen_x87, 0);
    to_coro();
    assert_int_equal(get_rounding(), 0);
    assert_int_equal(seen_sse, 0);
    assert_int_equal(seen_x87, 2);
}

#endif
#endif

static double sum_on_coro;

static void add_up(void)
{
    double sum = 0;

    ili_coro_arrived(&coro);
    for (int i = 1; i <= 50; i++) {
        sum += 1.0 / i;
        to_host();
    }
    sum_on_coro = sum;
    ili_coro_leave(&coro, &host);
}

static void test_context_keeps_floating_point_values(void **state)
{
    double sum = 0, expected = 0;

    (void)state;
    start(add_up);
    for (int i = 1; i <= 50; i++) {
        to_coro();
        sum += 1.0 / i;
    }
    to_coro();
    for (volatile int i = 1; i <= 50; i++)
        expected += 1.0 / i;
    assert_true(!(sum < expected) && !(sum > expected));
    assert_true(!(sum_on_coro < expected) && !(sum_on_coro > expected));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_stack, drop_stack)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_context_entry_finds_an_aligned_stack),
        TEST(test_context_goes_on_where_it_was_left),
#ifdef HAVE_FILL_AND_CALL
        TEST(test_context_keeps_callee_saved_registers),
        TEST(test_context_keeps_the_rounding_mode),
        TEST(test_context_inherits_the_rounding_mode),
        TEST(test_context_entered_at_once_has_the_same_modes),
#ifdef HAVE_TWO_UNITS
        TEST(test_context_keeps_the_modes_of_each_unit),
#endif
#endif
        TEST(test_context_keeps_floating_point_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
