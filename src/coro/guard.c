/* SPDX-License-Identifier: MIT */

/* guard.c - guard regions, cheap where the kernel knows how.
 *
 * MADV_GUARD_INSTALL (Linux 6.13) marks page-table entries and splits no
 * mapping, so a hundred thousand guarded stacks fit into a handful of
 * mappings, and many are installed by one vectored call.  Emulators accept
 * unknown advice and do nothing, so it is tried out once: the kernel must
 * refuse to read from a guard.  Elsewhere, and in memory that is locked,
 * mprotect() serves, at two mappings a stack, which ends at vm.max_map_count.
 *
 * These functions run on the stacks of tasks, the last bytes of a dying one's
 * included, and a page that they touch there stays.  Hence short vectors. */

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
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* With 64 regions a call costs 5 % more for each than with 1,024. */
#define BATCH 64

/* What names the caller instead of a descriptor, since Linux 6.14. */
#define SELF_THREAD (-10000)

static bool has_guard_advice;
static bool has_pidfd_self;
static size_t page_size;

/* One call for the whole vector; false where it is not to be had, and then
 * some of it may have been done: advice is idempotent. */
static bool advise_vector(int self, struct iovec *vector, size_t n, int advice)
{
    size_t total = n * vector[0].iov_len;

    return syscall(SYS_process_madvise, self, vector, n, advice, 0) ==
           (ssize_t)total;
}

static bool advise_each(struct iovec *vector, size_t n, int advice)
{
    for (size_t i = 0; i < n; i++)
        if (madvise(vector[i].iov_base, vector[i].iov_len, advice) < 0)
            return false;
    return true;
}

/* A pipe that is written from a guarded page must say EFAULT. */
static void probe(void)
{
    struct iovec vector[1];
    int fds[2];
    void *p;

    page_size = (size_t)sysconf(_SC_PAGESIZE);
    p = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return;
    vector[0] = (struct iovec){ p, page_size };
    has_pidfd_self = advise_vector(SELF_THREAD, vector, 1, MADV_DONTNEED);
    if (madvise(p, page_size, MADV_GUARD_INSTALL) == 0 &&
        pipe2(fds, O_CLOEXEC) == 0) {
        has_guard_advice = write(fds[1], p, 1) < 0 && errno == EFAULT;
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
    (void)munmap(p, page_size);
}

static void probe_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, probe);
}

/* Names us for process_madvise(); negative, too, where there is no way. */
static int open_self(void)
{
    probe_once();
    return has_pidfd_self ? SELF_THREAD
                          : (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static void close_self(int self)
{
    if (self >= 0)
        (void)close(self);
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
    struct iovec vector[BATCH];
    size_t done = 0;
    int self;

    probe_once();
    if (!has_guard_advice)
        return install_by_mprotect(first, size, stride, n);

    self = open_self();
    while (done < n) {
        size_t k = n - done < BATCH ? n - done : BATCH;

        for (size_t i = 0; i < k; i++)
            vector[i] = (struct iovec){ first + (done + i) * stride, size };
        if (!advise_vector(self, vector, k, MADV_GUARD_INSTALL) &&
            !advise_each(vector, k, MADV_GUARD_INSTALL))
            break;
        done += k;
    }
    close_self(self);
    return done +
           install_by_mprotect(first + done * stride, size, stride, n - done);
}

void ili_guard_release_pages(void *const *regions, size_t size, size_t n)
{
    struct iovec vector[BATCH];
    int self = open_self();

    for (size_t done = 0; done < n;) {
        size_t k = n - done < BATCH ? n - done : BATCH;

        for (size_t i = 0; i < k; i++)
            vector[i] = (struct iovec){ regions[done + i], size };
        if (!advise_vector(self, vector, k, MADV_DONTNEED))
            (void)advise_each(vector, k, MADV_DONTNEED);
        done += k;
    }
    close_self(self);
}

void ili_guard_populate(void *const *regions, size_t size, size_t n)
{
    struct iovec vector[BATCH];
    int self = open_self();

    for (size_t done = 0; done < n;) {
        size_t k = n - done < BATCH ? n - done : BATCH;

        for (size_t i = 0; i < k; i++)
            vector[i] =
                (struct iovec){ (char *)regions[done + i] + size - page_size,
                                page_size };
        if (!advise_vector(self, vector, k, MADV_POPULATE_WRITE))
            break;
        done += k;
    }
    close_self(self);
}
