/* SPDX-License-Identifier: MIT */

/* test_arena.c - stacks by the thousand: whole, guarded, and given back.
 *
 * Most of it uses large stacks.  Their pool follows the same rules with an
 * eighth of the numbers, and their address space costs nothing.
 *
 * The linker sends system calls here, so that memory can run out at every
 * place.  With OLD_KERNEL they also refuse what Linux has learnt since 5.13:
 * then guards are mappings. */

#include "config.h"

#include "support/check.h"

#include "coro/stack.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* More than enough of them to be worth giving up again; see PRICE in
 * stack.c. */
#define MOST 8000

static ili_stack stacks[MOST];
static ili_arena *arena;
static int probe_fd;

/* --- What the kernel does ------------------------------------------------- */

static unsigned countdown; /* 1: the next call fails; 0: none will */
static unsigned n_failed;

static bool must_fail(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    n_failed++;
    return true;
}

static bool is_too_new(int advice)
{
#ifdef OLD_KERNEL
    return advice == 102 /* MADV_GUARD_INSTALL */ ||
           advice == 23 /* MADV_POPULATE_WRITE */;
#else
    (void)advice;
    return false;
#endif
}

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __real_mprotect(void *p, size_t size, int prot);
int __real_madvise(void *p, size_t size, int advice);
long __real_syscall(long number, ...);

void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __wrap_mprotect(void *p, size_t size, int prot);
int __wrap_madvise(void *p, size_t size, int advice);
long __wrap_syscall(long number, ...);

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset)
{
    return must_fail() ? MAP_FAILED
                       : __real_mmap(at, size, prot, flags, fd, offset);
}

int __wrap_mprotect(void *p, size_t size, int prot)
{
    if (must_fail()) {
        errno = ENOMEM;
        return -1;
    }
    return __real_mprotect(p, size, prot);
}

int __wrap_madvise(void *p, size_t size, int advice)
{
    if (is_too_new(advice)) {
        errno = EINVAL;
        return -1;
    }
    return __real_madvise(p, size, advice);
}

long __wrap_syscall(long number, ...)
{
    long a[5];
    va_list list;

    va_start(list, number);
    for (unsigned i = 0; i < 5; i++)
        a[i] = va_arg(list, long);
    va_end(list);
#ifdef OLD_KERNEL
    if (number == SYS_process_madvise || number == SYS_pidfd_open) {
        errno = ENOSYS;
        return -1;
    }
#endif
    if (number == SYS_process_madvise && must_fail()) {
        errno = ENOMEM;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

/* --- Looking -------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    probe_fd = memfd_create("probe", MFD_CLOEXEC);
    assert_true(probe_fd >= 0);
    begin_checks();
    countdown = n_failed = 0;
    arena = ili_arena_new();
    assert_non_null(arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ili_arena_retire(arena);
    end_checks();
    (void)close(probe_fd);
    return 0;
}

/* Emulators, valgrind and sanitizers are slow and have memory of their own. */
static bool is_slow(void)
{
    return SANITIZED || getenv("INTERLOOP_TEST_SECONDS");
}

/* More than a pool keeps warm and cold in any case. */
static unsigned many(void)
{
    return is_slow() ? MOST / 10 : MOST;
}

/* KiB, or -1. */
static long field(const char *path, const char *name)
{
    char line[512];
    long kib = -1;
    FILE *file = fopen(path, "r");

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = atol(line + strlen(name));
    if (file)
        (void)fclose(file);
    return kib;
}

/* What the process holds, page tables included; 0 where nobody knows. */
static long memory(void)
{
    long resident = field("/proc/self/smaps_rollup", "Rss:");
    long tables = field("/proc/self/status", "VmPTE:");

    return is_slow() || resident < 0 || tables < 0 ? 0 : resident + tables;
}

/* Ask the kernel, which says EFAULT where we would crash. */
static bool is_guarded(const ili_stack *stack)
{
    return pwrite(probe_fd, (char *)stack->base - 1, 1, 0) < 0 &&
           pwrite(probe_fd, (char *)stack->base - ILI_STACK_GUARD, 1, 0) < 0;
}

static uintptr_t *top_of(const ili_stack *stack)
{
    return (uintptr_t *)((char *)stack->base + stack->size) - 1;
}

/* Whoever else gets this stack, or its pages, will be seen. */
static void take(unsigned i, size_t size)
{
    assert_int_equal(ili_arena_get(arena, size, &stacks[i]), 0);
    *top_of(&stacks[i]) = i + 1;
}

static void put(unsigned i)
{
    assert_int_equal(*top_of(&stacks[i]), i + 1);
    *top_of(&stacks[i]) = 0;
    ili_arena_put(arena, &stacks[i]);
}

/* --- Whole and guarded ---------------------------------------------------- */

static void test_arena_stacks_are_guarded_and_apart(void **state)
{
    unsigned n = many();

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < n; i++)
            take(i, i % 2 ? 0 : ILI_STACK_LARGE);
        for (unsigned i = 0; i < n; i++)
            assert_true(is_guarded(&stacks[i]));
        for (unsigned i = 0; i < n; i++)
            put(i);
    }
}

/* Up and down by chance, so that every list is filled and emptied, chunks are
 * razed and used again, and slabs come and go. */
static void test_arena_survives_a_random_life(void **state)
{
    static bool is_out[MOST];
    unsigned n = many();

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
                put(i);
                is_out[i] = false;
            } else if (!is_out[i] && rand() % 100 >= share) {
                take(i, ILI_STACK_LARGE);
                assert_true(is_guarded(&stacks[i]));
                is_out[i] = true;
            }
        }
    }
    for (unsigned i = 0; i < n; i++)
        if (is_out[i])
            put(i);
}

static void test_arena_leaves_errno_alone(void **state)
{
    unsigned n = many();

    (void)state;
    errno = EXDEV;
    for (unsigned i = 0; i < n; i++)
        take(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++)
        put(i);
    assert_int_equal(errno, EXDEV);
}

/* --- Given back ----------------------------------------------------------- */

/* Page tables of a chunk of large stacks take half of it, in KiB. */
#define LITTLE 1024

/* How much more is held after n stacks were put back in this order. */
static long left_after(unsigned n, unsigned step)
{
    long before;

    take(n, ILI_STACK_LARGE); /* one that stays in use */
    take(n + 1, ILI_STACK_LARGE);
    put(n + 1);
    before = memory();
    for (unsigned i = 0; i < n; i++)
        take(i, ILI_STACK_LARGE);
    if (before > 0)
        assert_true(memory() - before > (long)n * 4);
    for (unsigned i = 0; i < n; i++)
        put(i * step % n);
    before = memory() - before;
    put(n);
    return before;
}

static void test_arena_gives_back_what_thousands_took(void **state)
{
    (void)state;
    assert_true(left_after(many() - 2, 1) < LITTLE);
}

static void test_arena_gives_back_what_ended_backwards(void **state)
{
    unsigned n = many() - 2;

    (void)state;
    assert_true(left_after(n, n - 1) < LITTLE);
}

static void test_arena_gives_back_what_ended_in_disorder(void **state)
{
    unsigned n = many() - 2;
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
        take(i, ILI_STACK_LARGE);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < N; i++) {
            bases[i] = stacks[i].base;
            *top_of(&stacks[i]) = 0;
            /* A page that goes to the kernel forgets this. */
            top_of(&stacks[i])[-1] = round + 1;
            ili_arena_put(arena, &stacks[i]);
        }
        for (unsigned i = 0; i < N; i++) {
            take(i, ILI_STACK_LARGE);
            assert_ptr_equal(stacks[i].base, bases[N - 1 - i]);
            assert_int_equal(top_of(&stacks[i])[-1], round + 1);
        }
    }
    for (unsigned i = 0; i < N; i++)
        put(i);
}

/* Whoever puts a stack may be executing on it until the next call. */
static void test_arena_leaves_the_last_stack_alone(void **state)
{
    unsigned n = many();

    (void)state;
    for (unsigned i = 0; i < n; i++)
        take(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++) {
        ili_arena_put(arena, &stacks[i]);
        assert_int_equal(*top_of(&stacks[i]), i + 1);
        assert_true(is_guarded(&stacks[i]));
    }
}

/* --- What the kernel refuses ---------------------------------------------- */

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
    unsigned n = many();

    (void)state;
    for (unsigned i = 0; i < n; i++)
        take(i, ILI_STACK_LARGE);
    for (unsigned i = 0; i < n; i++) {
        countdown = 1;
        put(i);
    }
    countdown = 0;
    for (unsigned i = 0; i < n; i++) {
        take(i, ILI_STACK_LARGE);
        assert_true(is_guarded(&stacks[i]));
    }
    for (unsigned i = 0; i < n; i++)
        put(i);
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
    long now = field("/proc/self/status", "VmSize:");
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
    if (!is_slow())
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
    if (!is_slow())
        in_child(guard_locked_memory);
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
    if (!is_slow())
        assert_int_equal(n_on_one_page, N_PARKED - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(test_arena_out_of_memory_at_every_place),
        TEST(test_arena_out_of_memory_while_giving_back),
        TEST(test_arena_makes_do_with_little_address_space),
        TEST(test_arena_guards_locked_memory),
        TEST(test_arena_waiting_task_takes_one_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
