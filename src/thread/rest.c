/* SPDX-License-Identifier: MIT */

/* rest.c - how a thread waits that has nothing to do.
 *
 * To wake a thread on a processor that sleeps takes 40 µs on a virtual machine,
 * and a system call of who wakes it.  A task that offloads one short job after
 * the other would pay that for each.  So a thread that has just done a short
 * job looks for the next one for a while before it sleeps:
 *
 *     word      | the thread              | who calls
 *     ----------+-------------------------+--------------------------------
 *     SPINNING  | looks at the word       | sets CALLED, and that is all
 *     ASLEEP    | sleeps in the kernel    | sets CALLED, and wakes it
 *     CALLED    | goes on                 | is late
 *
 * SPINNING is left by one exchange, either by the thread or by who calls; so a
 * thread that falls asleep has been called by nobody, and nobody who calls it
 * believes that it still looks.
 *
 * How long it looks is learned, by a simple rule:  a job that came soon doubles
 * the time, one that did not halves it, and below SPIN_SHORTEST it is 0.  What
 * counts is when the job came, not whether it was found: so a pool whose threads
 * do not look at all begins to when that would help.  Of a processor's time it
 * takes, where jobs come
 *
 *     every 50 µs or more often     up to all: the thread never sleeps
 *     every 100 µs, at random       8 %
 *     every 200 µs, at random       1 %
 *     every 100 µs or more seldom   0, in a fixed rhythm
 *
 * and 90 µs once when a sequence of jobs has ended.
 *
 * A thread that looks must not be in the way of those that have something to
 * do, of the loop least of all.  So it offers its processor every few
 * microseconds; when somebody takes the offer, processors are scarce, and for a
 * while no thread looks: PAUSE times as long as it was kept away.  It may have
 * been called meanwhile, but so jobs are late by one part in PAUSE at most.
 *
 * Rejected: a time that is always the same; between jobs that come every
 * millisecond each would be paid for. */

#include "config.h"

#include "thread/rest.h"

#include "base/lock.h"
#include "loop/loop.h"

#include <sched.h>

enum { ASLEEP, CALLED, SPINNING };

/* What it takes to wake a thread where that is slow: whoever looks for longer
 * than that had better slept. */
#define SPIN_LONGEST IL_US(50)
#define SPIN_SHORTEST IL_US(6)
/* Jobs that take longer gain little. */
#define SHORT_JOB IL_US(200)
/* Looks, each of some ten nanoseconds, between two at the clock. */
#define N_LOOKS 32
/* Between two of those, if nobody else had the processor; a tick takes less. */
#define LONG_AWAY IL_US(20)
#define PAUSE 32

/* --- how long ------------------------------------------------------------- */

void ili_spin_init(struct ili_spin *spin)
{
    cpu_set_t set;

    /* An error means that there are more than the set has room for. */
    spin->is_off = sched_getaffinity(0, sizeof set, &set) == 0 &&
                   CPU_COUNT(&set) < 2;
}

il_time ili_spin_time(const struct ili_spin *spin, il_time now, il_time since,
                      unsigned n_jobs)
{
    if (ili_spin_is_off(spin) || n_jobs == 0 || now < spin->not_before ||
        now - since > SHORT_JOB * n_jobs)
        return 0;
    return spin->time;
}

void ili_spin_learn(struct ili_spin *spin, const struct ili_rest *rest)
{
    if (rest->away > 0) {
        spin->time = 0;
        spin->not_before = rest->since + rest->away * (PAUSE + 1);
    } else if (rest->called_at - rest->since <= SPIN_LONGEST) {
        spin->time *= 2;
        if (spin->time < SPIN_SHORTEST)
            spin->time = SPIN_SHORTEST;
        if (spin->time > SPIN_LONGEST)
            spin->time = SPIN_LONGEST;
    } else {
        spin->time /= 2;
        if (spin->time < SPIN_SHORTEST)
            spin->time = 0;
    }
}

/* --- one rest ------------------------------------------------------------- */

void ili_rest_begin(struct ili_rest *rest, il_time now, il_time spin_time)
{
    *rest = (struct ili_rest){ .word = spin_time > 0 ? SPINNING : ASLEEP,
                               .spin_time = spin_time,
                               .since = now,
                               .called_at = IL_FOREVER };
}

static bool look(const struct ili_rest *rest)
{
    for (int i = 0; i < N_LOOKS; i++) {
        if (ili_rest_is_over(rest))
            return true;
        ili_relax();
    }
    return false;
}

/* A look at the clock; whoever was away for long shares its processor. */
static il_time look_at_clock(struct ili_rest *rest, il_time last)
{
    il_time now = ili_clock_real();

    if (now - last > LONG_AWAY)
        rest->away = now - last;
    return now;
}

static bool fall_asleep(struct ili_rest *rest)
{
    int spinning = SPINNING;

    return __atomic_compare_exchange_n(&rest->word, &spinning, ASLEEP, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* False: nobody has called, and the word is ASLEEP. */
static bool spin(struct ili_rest *rest)
{
    il_time last = rest->since;

    while (!look(rest)) {
        (void)sched_yield();
        last = look_at_clock(rest, last);
        if ((rest->away > 0 || last - rest->since >= rest->spin_time) &&
            fall_asleep(rest))
            return false;
    }
    rest->called_at = look_at_clock(rest, last);
    return true;
}

void ili_rest(struct ili_rest *rest, il_time deadline)
{
    if (rest->spin_time > 0 && spin(rest))
        return;
    while (!ili_rest_is_over(rest))
        if (!ili_futex_wait(&rest->word, ASLEEP, deadline))
            return;
}

bool ili_rest_is_spinning(const struct ili_rest *rest)
{
    return __atomic_load_n(&rest->word, __ATOMIC_RELAXED) == SPINNING;
}

bool ili_rest_is_over(const struct ili_rest *rest)
{
    return __atomic_load_n(&rest->word, __ATOMIC_ACQUIRE) == CALLED;
}

void ili_rest_call(struct ili_rest *rest, int **ret_word)
{
    if (__atomic_exchange_n(&rest->word, CALLED, __ATOMIC_ACQ_REL) != ASLEEP)
        return;
    rest->called_at = ili_clock_real();
    *ret_word = &rest->word;
}
