/* SPDX-License-Identifier: MIT */

/* inspect.c - print the tasks when somebody asks from outside: another thread, or
 * a signal.
 *
 * Only the loop's own thread can look at its tasks, so both post to it.  What
 * another thread wants is printed into memory and handed over; who has given up
 * waiting leaves the request to the loop.
 *
 * A signal handler may do little, but it may post: that takes no lock, allocates
 * nothing and writes to a descriptor.  What it posts to is in a table of fixed
 * size that a closing loop leaves; it waits for handlers that run in other
 * threads at that moment. */

#include "config.h"

#include <interloop/dump.h>

#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- for other threads ----------------------------------------------------------- */

struct request {
    il_callback callback;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned n_shares; /* the asker's, the loop's; who drops the last, frees */
    bool is_done;
    char *text; /* NULL: there was no memory */
    size_t size;
    int result;
};

static void drop_share(struct request *request)
{
    bool last = --request->n_shares == 0;

    (void)pthread_mutex_unlock(&request->lock);
    if (!last)
        return;
    (void)pthread_cond_destroy(&request->answered);
    (void)pthread_mutex_destroy(&request->lock);
    free(request->text);
    free(request);
}

static int print_to_memory(struct request *request)
{
    FILE *file = open_memstream(&request->text, &request->size);
    int r;

    if (!file)
        return -ENOMEM;
    r = il_dump_tasks(file);
    return fclose(file) == 0 ? r : -ENOMEM;
}

static void answer(void *arg)
{
    struct request *request = arg;
    int r = print_to_memory(request);

    (void)pthread_mutex_lock(&request->lock);
    request->result = r;
    request->is_done = true;
    (void)pthread_cond_signal(&request->answered);
    drop_share(request);
}

static struct request *new_request(void)
{
    struct request *request = calloc(1, sizeof *request);
    pthread_condattr_t attributes;

    if (!request)
        return NULL;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&request->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&request->lock, NULL);
    request->callback = (il_callback)IL_CALLBACK_INIT(answer, request);
    request->n_shares = 2;
    return request;
}

static int wait_for_answer(struct request *request, il_time deadline)
{
    const struct timespec ts = { .tv_sec = (time_t)(deadline / 1000000000),
                                 .tv_nsec = (long)(deadline % 1000000000) };
    int r = 0;

    while (!request->is_done && r != ETIMEDOUT)
        r = deadline == IL_FOREVER
                ? pthread_cond_wait(&request->answered, &request->lock)
                : pthread_cond_timedwait(&request->answered, &request->lock,
                                         &ts);
    return request->is_done ? request->result : -ETIMEDOUT;
}

int il_dump_loop(il_loop *loop, FILE *file, il_time timeout)
{
    struct request *request;
    int r;

    ILI_RETURN_IF_FAIL(loop && file, -EINVAL);
    if (ili_loop_is_here(loop))
        return il_dump_tasks(file);
    request = new_request();
    if (!request)
        return -ENOMEM;
    r = il_post_threadsafe(loop, &request->callback);
    (void)pthread_mutex_lock(&request->lock);
    if (r < 0)
        request->n_shares--;
    else
        r = wait_for_answer(request,
                            ili_deadline_after(ili_clock_real(), timeout));
    if (r >= 0 && request->size > 0 &&
        fwrite(request->text, 1, request->size, file) != request->size)
        r = -EIO;
    drop_share(request);
    return r;
}

/* --- for signals ------------------------------------------------------------------- */

#define N_ENTRIES 16

static struct entry {
    _Atomic(il_loop *) loop; /* NULL: the entry is free */
    atomic_int signo;
    FILE *file;
    il_callback callback;
} entries[N_ENTRIES];

static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_in_handler;
static struct sigaction before[NSIG]; /* what we have replaced */

static void on_signal(int signo)
{
    int errno_before = errno;

    atomic_fetch_add(&n_in_handler, 1);
    for (int i = 0; i < N_ENTRIES; i++) {
        il_loop *loop = atomic_load(&entries[i].loop);

        if (loop && atomic_load(&entries[i].signo) == signo)
            (void)il_post_threadsafe(loop, &entries[i].callback);
    }
    atomic_fetch_sub(&n_in_handler, 1);
    errno = errno_before;
}

static void print_entry(void *arg)
{
    const struct entry *entry = arg;
    FILE *file = entry->file ? entry->file : stderr;

    (void)il_dump_tasks(file);
    (void)fflush(file);
}

static bool is_in_use(int signo)
{
    for (int i = 0; i < N_ENTRIES; i++)
        if (atomic_load(&entries[i].loop) &&
            atomic_load(&entries[i].signo) == signo)
            return true;
    return false;
}

static bool is_ours(int signo)
{
    struct sigaction now;

    return sigaction(signo, NULL, &now) == 0 && now.sa_handler == on_signal;
}

bool ili_dump_is_signal(int signo)
{
    return is_ours(signo);
}

static int take_signal(int signo)
{
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = SA_RESTART };

    if (is_ours(signo))
        return 0;
    (void)sigemptyset(&action.sa_mask);
    return sigaction(signo, &action, &before[signo]) < 0 ? -EINVAL : 0;
}

static struct entry *find_entry(const il_loop *loop)
{
    for (int i = 0; i < N_ENTRIES; i++)
        if (atomic_load(&entries[i].loop) == loop)
            return &entries[i];
    return NULL;
}

static int add_entry(il_loop *loop, int signo, FILE *file)
{
    struct entry *entry = find_entry(NULL);
    int r;

    ILI_RETURN_IF_FAIL(!find_entry(loop), -EALREADY);
    ILI_RETURN_IF_FAIL(entry, -EMFILE);
    entry->file = file;
    entry->callback = (il_callback)IL_CALLBACK_INIT(print_entry, entry);
    atomic_store(&entry->signo, signo);
    r = take_signal(signo);
    if (r == 0)
        atomic_store(&entry->loop, loop);
    return r;
}

static void remove_entry(const il_loop *loop)
{
    struct entry *entry = find_entry(loop);
    int signo = entry ? atomic_load(&entry->signo) : 0;

    if (!entry)
        return;
    atomic_store(&entry->loop, NULL);
    while (atomic_load(&n_in_handler) > 0)
        (void)sched_yield();
    (void)il_callback_cancel(&entry->callback);
    if (!is_in_use(signo) && is_ours(signo))
        (void)sigaction(signo, &before[signo], NULL);
}

void ili_dump_signals_close(const il_loop *loop)
{
    (void)pthread_mutex_lock(&entries_lock);
    remove_entry(loop);
    (void)pthread_mutex_unlock(&entries_lock);
}

int il_dump_on_signal(il_loop *loop, int signo, FILE *file)
{
    int r = 0;

    ILI_RETURN_IF_FAIL(loop && signo >= 0 && signo < NSIG, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    (void)pthread_mutex_lock(&entries_lock);
    if (signo == 0)
        remove_entry(loop);
    else
        r = add_entry(loop, signo, file);
    (void)pthread_mutex_unlock(&entries_lock);
    return r;
}
