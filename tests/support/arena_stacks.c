/* SPDX-License-Identifier: MIT */

/* arena_stacks.c - stacks of an arena, on a kernel that refuses things. */

#include "config.h"

#include "arena_stacks.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

bool kernel_is_old;
ili_stack stacks[MOST];
ili_arena *arena;
static int probe_fd;

/* --- What the kernel does ------------------------------------------------- */

unsigned countdown;
unsigned n_failed;

static bool must_fail(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    n_failed++;
    return true;
}

static bool is_too_new(int advice)
{
    return kernel_is_old && (advice == 102 /* MADV_GUARD_INSTALL */ ||
                             advice == 23 /* MADV_POPULATE_WRITE */);
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
    if (kernel_is_old &&
        (number == SYS_process_madvise || number == SYS_pidfd_open)) {
        errno = ENOSYS;
        return -1;
    }
    if (number == SYS_process_madvise && must_fail()) {
        errno = ENOMEM;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

/* --- Looking -------------------------------------------------------------- */

int setup_arena(void **state)
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

int teardown_arena(void **state)
{
    (void)state;
    ili_arena_retire(arena);
    end_checks();
    (void)close(probe_fd);
    return 0;
}

bool is_slow_here(void)
{
    return SANITIZED || getenv("INTERLOOP_TEST_SECONDS");
}

unsigned many_stacks(void)
{
    return is_slow_here() ? MOST / 10 : MOST;
}

long proc_field(const char *path, const char *name)
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

long memory_held(void)
{
    long resident = proc_field("/proc/self/smaps_rollup", "Rss:");
    long tables = proc_field("/proc/self/status", "VmPTE:");

    return is_slow_here() || resident < 0 || tables < 0 ? 0 : resident + tables;
}

bool is_guarded(const ili_stack *stack)
{
    return pwrite(probe_fd, (char *)stack->base - 1, 1, 0) < 0 &&
           pwrite(probe_fd, (char *)stack->base - ILI_STACK_GUARD, 1, 0) < 0;
}

uintptr_t *top_of(const ili_stack *stack)
{
    return (uintptr_t *)((char *)stack->base + stack->size) - 1;
}

void take_stack(unsigned i, size_t size)
{
    assert_int_equal(ili_arena_get(arena, size, &stacks[i]), 0);
    *top_of(&stacks[i]) = i + 1;
}

void put_stack(unsigned i)
{
    assert_int_equal(*top_of(&stacks[i]), i + 1);
    *top_of(&stacks[i]) = 0;
    ili_arena_put(arena, &stacks[i]);
}
