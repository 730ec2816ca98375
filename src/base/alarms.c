/* SPDX-License-Identifier: MIT */

/* alarms.c - a pairing heap of deadlines.
 *
 * Each node keeps its first child, its next sibling and, in `prev`, its
 * previous sibling or, for a first child, its parent.  The root's `prev` is
 * itself: NULL means "not armed", also in zeroed storage.
 *
 *         root
 *          |child
 *          v
 *          a --next--> b --next--> c        prev: a->root, b->a, c->b
 *
 * Arming and looking are O(1), disarming is O(log n) amortised.  An array heap
 * would be faster to walk but may have to grow, and waiting must not have an
 * out-of-memory path; a timing wheel is flatter still for a million timers and
 * can take this place behind the same five functions. */

#include "config.h"

#include "base/alarms.h"
#include "base/assert.h"

static bool earlier(const il_alarm *a, const il_alarm *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

/* Join two trees; the earlier root becomes the root of both. */
static il_alarm *meld(il_alarm *a, il_alarm *b)
{
    il_alarm *top = earlier(a, b) ? a : b;
    il_alarm *sub = top == a ? b : a;

    sub->next = top->child;
    sub->prev = top;
    if (sub->next)
        sub->next->prev = sub;
    top->child = sub;
    return top;
}

/* Join a list of siblings into one tree: in pairs from the left, then the
 * pairs from the right.  Without the pairs this would be O(n) each time. */
static il_alarm *meld_siblings(il_alarm *first)
{
    il_alarm *pairs = NULL; /* linked by next, last pair first */
    il_alarm *tree = NULL;

    while (first) {
        il_alarm *a = first;
        il_alarm *b = a->next;
        il_alarm *pair = a;

        first = b ? b->next : NULL;
        a->next = NULL;
        if (b) {
            b->next = NULL;
            pair = meld(a, b);
        }
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        il_alarm *rest = pairs->next;

        pairs->next = NULL;
        tree = tree ? meld(tree, pairs) : pairs;
        pairs = rest;
    }
    return tree;
}

static void set_root(ili_alarms *alarms, il_alarm *root)
{
    alarms->root = root;
    if (root) {
        root->prev = root;
        root->next = NULL;
    }
}

void ili_alarms_add(ili_alarms *alarms, il_alarm *alarm)
{
    ILI_ASSERT(!ili_alarm_armed(alarm));

    alarm->order = alarms->next_order++;
    alarm->child = alarm->next = NULL;
    set_root(alarms, alarms->root ? meld(alarms->root, alarm) : alarm);
    alarms->n++;
}

void ili_alarms_remove(ili_alarms *alarms, il_alarm *alarm)
{
    il_alarm *children = meld_siblings(alarm->child);

    ILI_ASSERT(ili_alarm_armed(alarm));

    if (alarm == alarms->root) {
        set_root(alarms, children);
    } else {
        if (alarm->prev->child == alarm)
            alarm->prev->child = alarm->next;
        else
            alarm->prev->next = alarm->next;
        if (alarm->next)
            alarm->next->prev = alarm->prev;
        if (children)
            set_root(alarms, meld(alarms->root, children));
    }
    alarm->prev = alarm->next = alarm->child = NULL;
    alarms->n--;
}

void ili_alarms_fire(ili_alarms *alarms, il_time now)
{
    while (alarms->root && alarms->root->at <= now) {
        il_alarm *due = alarms->root;

        ili_alarms_remove(alarms, due);
        due->fire(due);
    }
}
