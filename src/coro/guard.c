/* SPDX-License-Identifier: MIT */

/* guard.c - guard regions, cheap where the kernel knows how.
 *
 * MADV_GUARD_INSTALL (Linux 6.13) marks page-table entries and splits no
 * mapping, so a hundred thousand guarded stacks fit into a handful of
 * mappings, and many are installed by one vectored call.  Emulators accept
 * unknown advice and do nothing, so it is tried out once: the kernel must
 * refuse to read from a guard.  Elsewhere mprotect() serves, at two mappings a
 * stack, which ends at vm.max_map_count. */

#include "config.h"

#include "coro/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* The kernel's limit on a vector, and a good batch. */
#define BATCH 512

static bool has_guard_advice;

/* A pipe that is written from a guarded page must say EFAULT. */
static void probe(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int fds[2];
    void *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return;
    if (madvise(p, page, MADV_GUARD_INSTALL) == 0 &&
        pipe2(fds, O_CLOEXEC) == 0) {
        has_guard_advice = write(fds[1], p, 1) < 0 && errno == EFAULT;
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
    (void)munmap(p, page);
}

/* One call for the whole vector; false where it is not to be had, and then
 * some of it may have been done: advice is idempotent. */
static bool advise_vector(struct iovec *vector, size_t n, int advice)
{
    size_t total = n * vector[0].iov_len;
    ssize_t done = -1;
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

    if (self >= 0) {
        done = syscall(SYS_process_madvise, self, vector, n, advice, 0);
        (void)close(self);
    }
    return done == (ssize_t)total;
}

static bool advise_each(struct iovec *vector, size_t n, int advice)
{
    for (size_t i = 0; i < n; i++)
        if (madvise(vector[i].iov_base, vector[i].iov_len, advice) < 0)
            return false;
    return true;
}

static size_t install_by_mprotect(char *first, size_t size, size_t stride,
                                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mprotect(first + i * stride, size, PROT_NONE) < 0)
            return i;
    return n;
}

size_t ili_guard_install(char *first, size_t size, size_t stride, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct iovec vector[BATCH];

    (void)pthread_once(&once, probe);
    if (!has_guard_advice)
        return install_by_mprotect(first, size, stride, n);

    for (size_t done = 0; done < n;) {
        size_t k = n - done < BATCH ? n - done : BATCH;

        for (size_t i = 0; i < k; i++)
            vector[i] = (struct iovec){ first + (done + i) * stride, size };
        if (!advise_vector(vector, k, MADV_GUARD_INSTALL) &&
            !advise_each(vector, k, MADV_GUARD_INSTALL))
            return done;
        done += k;
    }
    return n;
}

void ili_guard_release_pages(void *const *regions, size_t size, size_t n)
{
    struct iovec vector[BATCH];

    while (n > 0) {
        size_t k = n < BATCH ? n : BATCH;

        for (size_t i = 0; i < k; i++)
            vector[i] = (struct iovec){ regions[i], size };
        if (!advise_vector(vector, k, MADV_DONTNEED))
            (void)advise_each(vector, k, MADV_DONTNEED);
        regions += k;
        n -= k;
    }
}
