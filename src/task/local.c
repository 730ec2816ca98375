/* SPDX-License-Identifier: MIT */

/* local.c - values that belong to a task.
 *
 *     task A --+
 *              +--> il_locals, 2 refs ---> value x ---> what the user has set
 *     task B --+                      +--> value y
 *                                     |
 *     task C -----> il_locals, 1 ref -+--> value z
 *
 * All values that somebody sees are one array, which tasks share as long as they
 * see the same: to inherit is to take a reference.  Who sets a value in an array
 * that others have, too, gets a copy of it, whose other values are shared.  So
 * there are as many entries as there are names, however often one is set, and a
 * look goes over a few of them.
 *
 * A block goes back to the array that there was before, which needs no memory
 * and cannot fail; so it undoes all that was set inside.
 *
 * A job in another thread sees the array of its task, which waits for it: as
 * long as the task has its reference, nobody writes to any part of the array but
 * counts, which a look does not read.
 *
 * Rejected: a chain of what was set, the latest first.  A block would cost less,
 * but a task that sets one name for each request, and spawns in between, would
 * make the chain longer for ever.  Restoring one name, as contextvars do: if the
 * array is shared by then, it takes memory that may not be there. */

#include "config.h"

#include "task/local.h"

#include <errno.h>
#include <stdlib.h>

struct value {
    unsigned refs; /* arrays it is in */
    void *value;
    void (*destroy)(void *value); /* may be NULL */
};

struct binding {
    const il_local *local;
    struct value *value;
};

struct il_locals {
    unsigned refs;
    unsigned n;
    struct binding bindings[];
};

__thread const il_locals *ili_locals_lent;

/* --- values ------------------------------------------------------------------ */

static struct value *value_new(const il_local *local, void *value)
{
    struct value *v = malloc(sizeof *v);

    if (v)
        *v = (struct value){ 1, value, local->destroy };
    return v;
}

/* The destructor may set values, too: nothing is in hand when it is called. */
static void value_unref(struct value *v)
{
    struct value last = *v;

    if (--v->refs > 0)
        return;
    free(v);
    if (last.destroy && last.value)
        last.destroy(last.value);
}

/* --- arrays ------------------------------------------------------------------ */

/* Its place, or the one behind the last. */
static unsigned find(const il_locals *locals, const il_local *local)
{
    unsigned i = 0;

    while (i < locals->n && locals->bindings[i].local != local)
        i++;
    return i;
}

/* The same with `value`, whose reference it gets, at `i`.  NULL: no memory. */
static il_locals *copy_with(const il_locals *locals, unsigned i,
                            struct binding binding)
{
    unsigned n = locals ? locals->n : 0;
    unsigned new_n = i < n ? n : n + 1;
    il_locals *new = malloc(sizeof *new + new_n * sizeof binding);

    if (!new)
        return NULL;
    new->refs = 1;
    new->n = new_n;
    for (unsigned j = 0; j < n; j++) {
        new->bindings[j] = locals->bindings[j];
        if (j != i)
            new->bindings[j].value->refs++;
    }
    new->bindings[i] = binding;
    return new;
}

il_locals *il_locals_ref(il_locals *locals)
{
    if (locals)
        locals->refs++;
    return locals;
}

il_locals *il_locals_unref(il_locals *locals)
{
    if (!locals || --locals->refs > 0)
        return NULL;
    for (unsigned i = 0; i < locals->n; i++)
        value_unref(locals->bindings[i].value);
    free(locals);
    return NULL;
}

/* --- who has which ----------------------------------------------------------- */

/* The end of a task looks at the flags of its outermost scope in any case. */
static void has_some(ili_sched *sched, il_task *task)
{
    sched->has_locals = true;
    if (task)
        task->root.flags |= ILI_SCOPE_LOCALS;
}

void ili_locals_give(ili_sched *sched, il_task *task, il_locals *locals)
{
    if (!locals)
        return;
    task->locals = il_locals_ref(locals);
    has_some(sched, task);
}

static int set(ili_sched *sched, const il_local *local, void *value)
{
    il_locals **place = ili_locals_place(sched);
    il_locals *old = *place;
    struct binding binding = { local, value_new(local, value) };
    unsigned i = old ? find(old, local) : 0;
    il_locals *new;

    ILI_RETURN_IF_FAIL(binding.value, -ENOMEM);
    if (old && old->refs == 1 && i < old->n) {
        struct value *before = old->bindings[i].value;

        old->bindings[i] = binding;
        value_unref(before);
        return 0;
    }
    new = copy_with(old, i, binding);
    if (!new) {
        free(binding.value); /* and not what it points to */
        return -ENOMEM;
    }
    *place = new;
    has_some(sched, sched->current);
    (void)il_locals_unref(old);
    return 0;
}

int il_local_set(const il_local *local, void *value)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(local, -EINVAL);
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    /* It would be a value for everybody outside tasks, or until the callback
     * returns, depending on where that was posted. */
    ILI_RETURN_IF_FAIL(sched->current || !sched->runner, -EPERM);
    return set(sched, local, value);
}

void *il_local_get(const il_local *local)
{
    ili_sched *sched = ili_sched_current;
    const il_locals *locals;
    unsigned i;

    ILI_RETURN_IF_FAIL(local, NULL);
    locals = sched ? *ili_locals_place(sched) : ili_locals_lent;
    i = locals ? find(locals, local) : 0;
    return locals && i < locals->n ? locals->bindings[i].value->value
                                   : local->initial;
}

il_locals *il_locals_capture(void)
{
    ili_sched *sched = ili_sched_current;

    return sched ? il_locals_ref(*ili_locals_place(sched)) : NULL;
}

/* Back to what there was; who has suspended meanwhile is current again.  Outside
 * tasks the loop may have been closed, which has dropped its values. */
static void go_back(const ili_sched *sched, il_locals *outer)
{
    il_locals *inner = outer;

    if (sched == ili_sched_current) {
        il_locals **place = ili_locals_place(ili_sched_current);

        inner = *place;
        *place = outer;
    }
    (void)il_locals_unref(inner);
}

int il_locals_run(il_locals *locals, il_task_fn *fn, void *arg)
{
    ili_sched *sched = ili_sched_current;
    il_locals *outer;
    int r;

    ILI_RETURN_IF_FAIL(fn, -EINVAL);
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    outer = *ili_locals_place(sched);
    *ili_locals_place(sched) = il_locals_ref(locals);
    if (locals)
        has_some(sched, sched->current);
    r = fn(arg);
    go_back(sched, outer);
    return r;
}

/* --- blocks ------------------------------------------------------------------ */

void il_local_block_enter_(struct il_local_block_ *block, const il_local *local,
                           void *value, int *result)
{
    ili_sched *sched = ili_sched_current;
    int r;

    *block = (struct il_local_block_){ NULL, NULL, false };
    if (!sched || !local) {
        *result = sched ? -EINVAL : -ESRCH;
        return;
    }
    /* What others have, too, is not changed. */
    block->outer = il_locals_ref(*ili_locals_place(sched));
    r = set(sched, local, value);
    if (r < 0) {
        (void)il_locals_unref(block->outer);
        *result = r;
        return;
    }
    block->loop = sched;
    block->once = true;
}

void il_local_block_leave_(struct il_local_block_ *block)
{
    if (block->loop)
        go_back(block->loop, block->outer);
}
