/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_SHUFFLE_H
#define ILI_LOOP_SHUFFLE_H

/* shuffle.h - the ready tasks of a turn in an order from a seed. */

#include "loop/loop.h"

typedef struct ili_shuffle {
    uint64_t random;  /* what the next number comes from */
    il_link **places; /* room for the tasks between two callbacks */
    size_t n_places;
} ili_shuffle;

/* The next number of a sequence that looks random; `state` may be anything. */
uint64_t ili_random(uint64_t *state);

/* A turn begins: put what is ready into its order. */
void ili_shuffle_turn(il_loop *loop);

/* First in, first out again. */
void ili_shuffle_end(il_loop *loop);

#endif
