/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_NODE_H
#define INTERLOOP_NODE_H

/**
 * @file node.h
 * @brief The nodes that callers embed so that waiting never allocates.
 *
 * Their fields are private: they are spelled out only because the compiler
 * must know the size.  All of them are valid when filled with zeros.
 */

#include <interloop/export.h>
#include <interloop/time.h>

IL_BEGIN_DECLS

/** A link in a circular list.  Zeros: in no list. */
typedef struct il_link {
    struct il_link *next; /**< private */
    struct il_link *prev; /**< private */
} il_link;

/** A task in the queue of what it waits for. */
typedef struct il_waiter {
    il_link link;         /**< private: in the order they came */
    struct il_task *task; /**< private */
    void *slot;           /**< private: where a value goes to or comes from */
} il_waiter;

/** Likewise, for what brings two things, as a future a result and a value. */
typedef struct il_future_waiter {
    il_waiter waiter; /**< private: of a future, the slot is an int or NULL */
    void **ret_value; /**< private: of others, not what it seems */
} il_future_waiter;

/** Somebody who waits, in the queue of what several threads share. */
typedef struct il_shared_waiter {
    il_link link;  /**< private: in the order they came */
    void *sleeper; /**< private: who that is; may be marked */
    void *slot;    /**< private: where a value goes to or comes from */
    void *more;    /**< private: where something else goes to */
} il_shared_waiter;

/** Something that one task at a time owns.  Zeros: nobody does. */
typedef struct il_hold {
    il_link waiters;                /**< private: tasks, in order */
    struct il_hold *outer;          /**< private: of the same owner, before */
    struct il_task *owner;          /**< private: may be no task */
    void (*lost)(struct il_hold *); /**< private: its owner has ended; NULL: as
                                         for a lock */
} il_hold;

/** Somebody who waits for the end of a task. */
typedef struct il_joiner {
    il_link link;         /**< private: in that task's list */
    struct il_task *task; /**< private: waits for nothing else; NULL: `ended`
                               knows */
    void (*ended)(struct il_joiner *, struct il_task *); /**< private: it has
                                         ended; queues, runs nothing */
} il_joiner;

/** Something the ready queue can hold. */
typedef struct il_item {
    il_link link;                  /**< private: in the ready queue */
    void (*run)(struct il_item *); /**< private: NULL for a task */
} il_item;

/** Something that is due at a point in time. */
typedef struct il_alarm {
    il_link link;                    /**< private: when armed, in a list */
    il_time at;                      /**< private: when it is due */
    void (*fire)(struct il_alarm *); /**< private: queues, runs nothing */
} il_alarm;

IL_END_DECLS

#endif
