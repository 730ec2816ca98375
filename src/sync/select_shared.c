/* SPDX-License-Identifier: MIT */

/* select_shared.c - a select that waits for other threads, too.
 *
 * What several threads share has a lock, and others grant while our thread is
 * elsewhere.  So two threads may want to let different cases fire at the same
 * time, and "waking claims the task", by which select.c lives, is not enough:
 * such a select has a sleeper, which is claimed by an exchange.  Whoever wins
 * it lets its case fire:
 *
 *   - another thread, which has then moved the value and sends a wake-up;
 *   - a grant of our thread, inside ili_wake();
 *   - a cancel.
 *
 * If our thread comes too late, ili_wake() says so, and who wanted to grant has
 * still got the value, the lock or the room: a grant is moved after the wake-up,
 * and the next one in the queue is tried.  From then on the select is in no queue
 * any more but waits for the wake-up that is on its way.  Nothing is ever taken
 * back, and so nobody can see that it was gone for a while.
 *
 * Nobody has to claim two selects: who grants does not wait at that time.  A case
 * that could fire after all while the select queues up, because another thread has
 * done something since it was looked at, makes the select leave all queues and
 * look again, in order; each time somebody else has got on.
 *
 * The sleeper is here on the stack, the nodes are in the cases.  What a kind of
 * case does is in a table of functions that the case points to: these kinds
 * belong to higher floors.
 *
 * Rejected: telling the select that it may try again.  Others could be faster
 * then, again and again; and of two selects that meet in a channel without room,
 * neither could say that the other one has fired.  Handing over and taking back:
 * a sender that waits for its receiver has returned by then. */

#include "config.h"

#include "sync/case.h"

#include <errno.h>

/* On the stack of who waits. */
struct choice {
    struct ili_selection selection;
    struct ili_sleeper sleeper;
    bool is_out; /* of all queues */
};

static const il_case_kind *kind_of(const il_case *c)
{
    return c->from;
}

static bool is_shared(const il_case *c)
{
    return c->kind == IL_CASE_SHARED_ && c->object;
}

static int join(struct choice *me, il_case *c)
{
    if (!is_shared(c))
        return ili_case_enqueue(c, me->selection.task);
    ILI_RETURN_IF_FAIL(!ili_list_linked(ili_case_link(c)), -EBUSY);
    return kind_of(c)->join(c, &me->sleeper);
}

static void leave_all(struct choice *me, bool is_mine)
{
    struct ili_selection *selection = &me->selection;

    for (size_t i = 0; i < selection->n; i++) {
        il_case *c = &selection->cases[i];

        if (!is_shared(c)) {
            if (ili_case_leave(c, selection) && is_mine && !selection->fired)
                selection->fired = c;
        } else if (!is_mine &&
                   ili_choice_is_taken(&me->sleeper, &c->node.shared)) {
            selection->fired = c;
        } else if (ili_choice_must_leave(&c->node.shared)) {
            kind_of(c)->leave(c);
        } else {
            ili_case_link(c)->next = NULL;
        }
    }
    if (selection->has_left)
        ili_cases_serve();
}

/* Something has fired here, or it is a cancel; or the wake-up of another thread
 * is here. */
static void leave(void *arg)
{
    struct choice *me = arg;
    bool is_mine = ili_choice_claim(&me->sleeper);

    if (!me->is_out) {
        me->is_out = true;
        leave_all(me, is_mine);
    }
    /* Too late: its wake-up is on its way.  A cancel goes on and finds that out
     * in the task. */
    if (!is_mine && !me->sleeper.arrived &&
        me->selection.task->state == ILI_PARKED)
        me->selection.task->state = ILI_SELECTING;
}

/* 0, or why not, and then `n` says how many are queued. */
static int join_all(struct choice *me)
{
    struct ili_selection *selection = &me->selection;
    size_t n = selection->n;

    for (selection->n = 0; selection->n < n; selection->n++) {
        int r = join(me, &selection->cases[selection->n]);

        if (r < 0)
            return r;
    }
    return 0;
}

int ili_select_shared(il_case *cases, size_t n, il_task *task)
{
    static const char what[] =
        "the first of several, for some in other threads";
    struct choice me = { .selection = {
                             .cases = cases, .n = n, .task = task } };
    struct ili_selection *selection = &me.selection;
    int r = ili_choice_init(&me.sleeper);

    if (r < 0)
        return r;
    r = join_all(&me);
    if (r < 0) {
        leave(&me);
        if (r == -EBADF && !selection->fired) /* it is a descriptor */
            selection->fired = &cases[selection->n];
    } else {
        r = ili_park_selecting(leave, &me, what);
    }

    while (!me.sleeper.has_left && !me.sleeper.arrived)
        (void)ili_park(NULL, NULL, what);
    if (!selection->fired)
        return r;
    selection->fired->result = me.sleeper.has_left
                                   ? ili_case_complete(selection->fired, r)
                                   : me.sleeper.result;
    return (int)(selection->fired - cases);
}
