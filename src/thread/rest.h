/* SPDX-License-Identifier: MIT */
#ifndef ILI_THREAD_REST_H
#define ILI_THREAD_REST_H

/* rest.h - how a thread waits that has nothing to do; see rest.c. */

#include <interloop/time.h>

#include <stdbool.h>

/* One thread's waiting.  On its own stack. */
struct ili_rest {
    int word;          /* atomic: see rest.c */
    il_time spin_time; /* it looks for so long before it sleeps */
    il_time since;     /* when it began */
    il_time called_at; /* IL_FOREVER: not yet */
    il_time away;      /* so long it was kept from looking by other threads */
};

/* What the threads of a pool have learned of it.  Zeros are a valid start. */
struct ili_spin {
    il_time time; /* the next one looks for so long; 0: not at all */
    il_time not_before;
    bool is_off; /* atomic, for good: one processor */
};

static inline bool ili_spin_is_off(const struct ili_spin *spin)
{
    return __atomic_load_n(&spin->is_off, __ATOMIC_RELAXED);
}

/* Fill it in for this process. */
void ili_spin_init(struct ili_spin *spin);

/* For how long to look after `n_jobs` that were begun at `since`. */
il_time ili_spin_time(const struct ili_spin *spin, il_time now, il_time since,
                      unsigned n_jobs);

/* A rest with a job at its end has been, or one that ended by itself. */
void ili_spin_learn(struct ili_spin *spin, const struct ili_rest *rest);

/* Begin; under the lock under which others call. */
void ili_rest_begin(struct ili_rest *rest, il_time now, il_time spin_time);

/* Wait, without the lock, until somebody calls or `deadline` has passed. */
void ili_rest(struct ili_rest *rest, il_time deadline);

/* Whether it still looks, and so is called for nothing. */
bool ili_rest_is_spinning(const struct ili_rest *rest);

/* Whether somebody has called. */
bool ili_rest_is_over(const struct ili_rest *rest);

/* Call; under that lock.  If it has to be woken with ili_futex_wake(), which can
 * wait until the lock is free, `*ret_word` says where, else it is left. */
void ili_rest_call(struct ili_rest *rest, int **ret_word);

#endif
