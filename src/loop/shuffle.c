/* SPDX-License-Identifier: MIT */

/* shuffle.c - the ready tasks of a turn in an order from a seed.
 *
 * Programs come to rely on which of two ready tasks runs first, and break when
 * something between the two gets slower.  A test that shuffles finds out.
 *
 * A turn has all that is ready, so it is enough to put that into another order
 * when the turn begins: each task runs once in it, as ever, and nobody on the hot
 * path knows.  Tasks change places with tasks only.  A callback stays where it
 * is, after what became ready before it: il_post() promises that, and what is
 * to be told of a cancel is told before the cancelled task goes on.
 *
 * Rejected: picking at random wherever a task gives up the thread.  That is the
 * hot path; and a task that yields could come back before others have run. */

#include "config.h"

#include "loop/shuffle.h"

#include <interloop/testing.h>

#include <errno.h>
#include <stdlib.h>

/* Splitmix64: every seed is a good one. */
uint64_t ili_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool is_task(const ili_list *ready, il_link *link)
{
    return link != ready && !ILI_CONTAINER(link, il_item, link)->run;
}

static bool make_room(ili_shuffle *shuffle, size_t n)
{
    size_t size = shuffle->n_places > 0 ? shuffle->n_places : 64;
    il_link **places;

    if (n <= shuffle->n_places)
        return true;
    while (size < n)
        size *= 2;
    places = realloc(shuffle->places, size * sizeof *places);
    if (!places)
        return false;
    shuffle->places = places;
    shuffle->n_places = size;
    return true;
}

/* Shuffle the tasks before `end`, which lie next to each other.  Without memory
 * they stay as they are. */
static void shuffle_run(ili_shuffle *shuffle, il_link *first, il_link *end,
                        size_t n)
{
    il_link *before = first->prev;
    size_t i = 0;

    if (n < 2 || !make_room(shuffle, n))
        return;
    for (il_link *link = first; link != end; link = link->next)
        shuffle->places[i++] = link;
    for (i = n - 1; i > 0; i--) {
        size_t j = (size_t)(ili_random(&shuffle->random) % (i + 1));
        il_link *other = shuffle->places[j];

        shuffle->places[j] = shuffle->places[i];
        shuffle->places[i] = other;
    }
    for (i = 0; i < n; i++) {
        before->next = shuffle->places[i];
        before->next->prev = before;
        before = before->next;
    }
    before->next = end;
    end->prev = before;
}

void ili_shuffle_turn(il_loop *loop)
{
    ili_list *ready = &loop->sched.ready;
    il_link *link = ready->next;

    while (link != ready) {
        il_link *first = link;
        size_t n = 0;

        for (; is_task(ready, link); link = link->next)
            n++;
        shuffle_run(loop->shuffle, first, link, n);
        if (link != ready)
            link = link->next; /* a callback */
    }
}

void ili_shuffle_end(il_loop *loop)
{
    if (loop->shuffle)
        free(loop->shuffle->places);
    free(loop->shuffle);
    loop->shuffle = NULL;
}

int il_test_use_seed(il_loop *loop, uint64_t seed)
{
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    if (seed == 0) {
        ili_shuffle_end(loop);
        return 0;
    }
    if (!loop->shuffle) {
        loop->shuffle = calloc(1, sizeof *loop->shuffle);
        if (!loop->shuffle)
            return -ENOMEM;
    }
    loop->shuffle->random = seed;
    loop->sched.may_cross = false;
    return 0;
}
