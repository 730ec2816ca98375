/* SPDX-License-Identifier: MIT */

/* call.c - run a function in another thread's loop and wait.
 *
 * Caller and loop share a record on the heap, since a caller that is cancelled
 * does not wait for the loop: it may be busy for long.  Who is first says
 * whether the function runs, by an exchange; the last one of the two frees the
 * record.  While the function runs, the caller is there, and so its argument
 * may be on the caller's stack. */

#include "config.h"

#include <interloop/submit.h>

#include "loop/sleeper.h"

#include <errno.h>
#include <stdlib.h>

enum state { PENDING, RUNS, GIVEN_UP };

struct call {
    il_callback callback; /* on its way to the loop */
    int refs;             /* atomic: of the caller, and of the loop */
    int state;            /* atomic: left once */
    il_sync_fn *fn;
    void *arg;
    int *result;                /* where the caller wants it, and */
    struct ili_sleeper *caller; /* who that is; unless it has given up */
};

static void release(struct call *call)
{
    if (__atomic_fetch_sub(&call->refs, 1, __ATOMIC_ACQ_REL) == 1)
        free(call);
}

static bool settle(struct call *call, int state)
{
    int pending = PENDING;

    return __atomic_compare_exchange_n(&call->state, &pending, state, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* On the loop's thread. */
static void run(void *arg)
{
    struct call *call = arg;

    if (settle(call, RUNS)) {
        *call->result = call->fn(call->arg);
        ili_sleeper_wake(call->caller, 0);
    }
    release(call);
}

/* The caller is cancelled. */
static bool give_up(struct ili_sleeper *me)
{
    return settle(me->slot, GIVEN_UP);
}

static int wait_for(struct ili_sleeper *me)
{
    int r;

    if (!me->loop)
        return ili_sleep(me, IL_FOREVER, "");
    me->loop->n_away++;
    r = ili_sleep(me, IL_FOREVER, "a call into another loop");
    me->loop->n_away--;
    return r;
}

/* With a sleeper for the caller. */
static int call_other(il_loop *loop, il_sync_fn *fn, void *arg, int *result,
                      struct ili_sleeper *me)
{
    struct call *call = malloc(sizeof *call);
    int r;

    if (!call)
        return -ENOMEM;
    *call = (struct call){ .callback = IL_CALLBACK_INIT(run, call),
                           .refs = 2,
                           .fn = fn,
                           .arg = arg,
                           .result = result,
                           .caller = me };
    me->slot = call;
    r = il_post_threadsafe(loop, &call->callback);
    if (r < 0) {
        free(call);
        return r;
    }

    r = wait_for(me);
    release(call);
    return r;
}

int il_call_sync(il_loop *loop, il_sync_fn *fn, void *arg, int *ret_result)
{
    struct ili_sleeper me;
    int result = 0;
    int r;

    ILI_RETURN_IF_FAIL(loop && fn, -EINVAL);
    if (ili_loop_is_here(loop)) {
        result = fn(arg);
        r = 0;
    } else {
        r = ili_sleeper_init(&me, give_up, NULL);
        if (r == 0)
            r = call_other(loop, fn, arg, &result, &me);
    }
    if (r == 0 && ret_result)
        *ret_result = result;
    return r;
}
