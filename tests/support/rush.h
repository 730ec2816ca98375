/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RUSH_H
#define SUPPORT_RUSH_H

/* rush.h - threads that want something of a loop while it closes. */

#include <interloop/interloop.h>

#include <stdatomic.h>

struct rush {
    il_loop *loop;
    atomic_int n_begun; /* counted by the threads */
    int n_ran;          /* counted in the loop */
};

/* Often: two threads run `fn` with a struct rush, which tries until it is
 * refused; after some tries the loop is closed with `grace`. */
void rush_while_it_closes(void *(*fn)(void *rush), il_time grace);

#endif
