/* SPDX-License-Identifier: MIT */

/* submit.c - run a task in another thread's loop.
 *
 * A submission is shared by its handles, which are in any thread, and by its
 * loop, from when it is posted until its task has ended.  What belongs to the
 * task is touched on the loop's thread alone; the handles have the future.
 *
 * The future gets its answer in each of these cases:
 *
 *   - the task has ended, or was cancelled before its first step;
 *   - it could not be spawned, since the loop closes, or for want of a stack;
 *   - the loop has closed and the task would not end.
 *
 * So nobody waits for a loop that is gone.  The loop itself is kept by the
 * submission, for cancels. */

#include "config.h"

#include <interloop/submit.h>

#include "loop/loop.h"
#include "task/spawn.h"
#include "thread/shared_future.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct il_submission {
    int refs;      /* atomic: of handles, of the loop, of a cancel under way */
    il_loop *loop; /* a reference */
    il_shared_future future;
    int is_cancelled;         /* atomic: asked for */
    il_callback begin;        /* on its way to the loop, once */
    il_callback cancel;       /* on its way to the loop, now and then */
    il_callback at_close;     /* while the task is there */
    il_spawn_options options; /* of who submitted it */
    il_task *task;            /* the loop's: a reference while it is there */
    int result;               /* the loop's: of the body, or -ECANCELED */
    char name[ILI_NAME_SIZE];
    _Alignas(16) unsigned char copy[]; /* of the argument, if any */
};

static void release(il_submission *submission)
{
    if (__atomic_fetch_sub(&submission->refs, 1, __ATOMIC_ACQ_REL) > 1)
        return;
    il_shared_future_fini(&submission->future);
    (void)il_loop_unref(submission->loop);
    free(submission);
}

/* --- on the loop's thread ------------------------------------------------- */

/* The task was abandoned. */
static void on_close(void *arg)
{
    il_submission *submission = arg;

    submission->task = NULL;
    ili_shared_future_give_up(&submission->future, -ESHUTDOWN);
    release(submission);
}

static void destroy_argument(const il_submission *submission)
{
    if (submission->options.destroy)
        submission->options.destroy(submission->options.arg);
}

static int body(void *arg)
{
    il_submission *submission = arg;
    bool is_alone;

    submission->result = submission->options.fn(submission->options.arg);
    is_alone = __atomic_load_n(&submission->refs, __ATOMIC_ACQUIRE) == 1;
    /* If nobody can ask, it is the loop that has to tell. */
    return is_alone ? submission->result : 0;
}

/* The body has returned, or was never run.  In the task. */
static void end(void *arg)
{
    il_submission *submission = arg;

    destroy_argument(submission);
    (void)il_callback_cancel(&submission->at_close);
    submission->task = il_task_unref(submission->task);
    (void)il_shared_future_set(&submission->future, submission->result, NULL);
    release(submission);
}

/* There will be no task. */
static void fail(il_submission *submission, int error)
{
    destroy_argument(submission);
    if (error == -ECANCELED &&
        __atomic_load_n(&submission->is_cancelled, __ATOMIC_RELAXED))
        (void)il_shared_future_set(&submission->future, error, NULL);
    else
        ili_shared_future_give_up(&submission->future,
                                  error == -ENOMEM ? error : -ESHUTDOWN);
    release(submission);
}

static void on_begin(void *arg)
{
    il_submission *submission = arg;
    il_spawn_options options = submission->options;
    int r = -ECANCELED;

    options.fn = body;
    options.arg = submission;
    options.copy_size = 0;
    options.destroy = end;
    submission->result = -ECANCELED;
    if (!__atomic_load_n(&submission->is_cancelled, __ATOMIC_ACQUIRE)) {
        (void)il_loop_at_close(submission->loop, &submission->at_close);
        r = il_spawn_with(NULL, &options, &submission->task);
        if (r < 0)
            (void)il_callback_cancel(&submission->at_close);
    }
    if (r < 0)
        fail(submission, r);
}

static void on_cancel(void *arg)
{
    il_submission *submission = arg;

    if (submission->task)
        (void)il_task_cancel(submission->task);
    release(submission);
}

/* --- from any thread ------------------------------------------------------ */

static il_submission *make(il_loop *loop, const il_spawn_options *options)
{
    il_submission *submission =
        calloc(1, sizeof *submission + options->copy_size);

    if (!submission)
        return NULL;
    submission->refs = 2; /* the loop's, and a handle */
    submission->loop = il_loop_ref(loop);
    submission->begin = (il_callback)IL_CALLBACK_INIT(on_begin, submission);
    submission->cancel = (il_callback)IL_CALLBACK_INIT(on_cancel, submission);
    submission->at_close = (il_callback)IL_CALLBACK_INIT(on_close, submission);
    submission->options = *options;
    if (options->copy_size > 0)
        submission->options.arg =
            memcpy(submission->copy, options->arg, options->copy_size);
    if (options->name)
        submission->options.name =
            strncpy(submission->name, options->name, ILI_NAME_SIZE - 1);
    return submission;
}

int il_submit_with(il_loop *loop, const il_spawn_options *options,
                   il_submission **ret_submission)
{
    il_submission *submission;
    int r;

    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    r = ili_spawn_check(options);
    if (r < 0)
        return r;
    /* They belong to this thread, and nobody would keep them until then. */
    ILI_RETURN_IF_FAIL(!(options->flags & IL_LOCALS), -EINVAL);
    submission = make(loop, options);
    if (!submission)
        return -ENOMEM;
    r = il_post_threadsafe(loop, &submission->begin);
    if (r < 0) {
        submission->refs = 1;
        release(submission);
        return r;
    }
    if (ret_submission)
        *ret_submission = submission;
    else
        release(submission);
    return 0;
}

int il_submit_at(il_loop *loop, il_task_fn *fn, void *arg,
                 il_submission **ret_submission, const il_site *site)
{
    const il_spawn_options options = { .fn = fn, .arg = arg, .site = site };

    return il_submit_with(loop, &options, ret_submission);
}

/* Whether the caller is the task itself. */
static bool is_self(const il_submission *submission)
{
    return ili_loop_is_here(submission->loop) && submission->task &&
           submission->task == ili_current_task();
}

int il_submission_wait(il_submission *submission, il_time timeout,
                       int *ret_result)
{
    ILI_RETURN_IF_FAIL(submission, -EINVAL);
    ILI_RETURN_IF_FAIL(!is_self(submission), -EDEADLK);
    return ili_shared_future_wait(&submission->future, timeout, ret_result,
                                  NULL, "a submitted task");
}

int il_submission_try_get(il_submission *submission, int *ret_result)
{
    ILI_RETURN_IF_FAIL(submission, -EINVAL);
    return il_shared_future_try_get(&submission->future, ret_result, NULL);
}

int il_submission_cancel(il_submission *submission)
{
    ILI_RETURN_IF_FAIL(submission, -EINVAL);
    if (il_shared_future_is_done(&submission->future))
        return -EALREADY;
    if (__atomic_exchange_n(&submission->is_cancelled, 1, __ATOMIC_ACQ_REL))
        return 0;
    (void)il_submission_ref(submission);
    if (il_post_threadsafe(submission->loop, &submission->cancel) < 0) {
        release(submission);
        return -EALREADY;
    }
    return 0;
}

il_shared_future *il_submission_get_future(il_submission *submission)
{
    return submission ? &submission->future : NULL;
}

il_submission *il_submission_ref(il_submission *submission)
{
    (void)__atomic_fetch_add(&submission->refs, 1, __ATOMIC_RELAXED);
    return submission;
}

il_submission *il_submission_unref(il_submission *submission)
{
    if (submission)
        release(submission);
    return NULL;
}
