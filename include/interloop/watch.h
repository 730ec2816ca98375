/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_WATCH_H
#define INTERLOOP_WATCH_H

/**
 * @file watch.h
 * @brief The latest value of something, and waiting until it changes.
 *
 * One side sets the value, any number of tasks look at it or wait for the next
 * one.  Each value has a version, counted from 1, and who waits says which
 * version it has seen: a plain number, 0 for none.
 *
 *     uint64_t seen = 0;
 *
 *     while ((r = il_watch_next(&settings, &seen, &now)) == 0)
 *         apply(&now);
 *     return r == -EPIPE ? 0 : r;
 *
 * Values in between may be skipped, the last one never: what il_watch_next()
 * returns is the latest value at the moment it returns, and the next call knows
 * if there is a newer one.  Where each value counts, see broadcast.h.
 *
 * A watch is caller's storage and belongs to the thread that initialised it;
 * calls from another get -ESRCH.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/** A watch; begin with il_watch_init().  Its fields are private. */
typedef struct il_watch {
    il_link waiters;     /**< private: tasks that have seen the latest value */
    void *value;         /**< private: the latest */
    size_t element_size; /**< private: in bytes */
    uint64_t version;    /**< private: of the latest value; 0: there is none */
    const void *thread;  /**< private: whose it is */
    bool is_closed;      /**< private */
    bool owns_value;     /**< private */
} il_watch;

/**
 * Make a watch that has no value yet.
 *
 * @param watch         Caller's storage; need not be initialised.
 * @param element_size  Bytes of a value, at least 1.
 * @retval 0        Made; end it with il_watch_fini().
 * @retval -EINVAL  No watch, or a value without a size.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int il_watch_init(il_watch *watch, size_t element_size);

/**
 * Make a watch whose value is kept in storage of yours.
 *
 * @param watch         Caller's storage; need not be initialised.
 * @param element_size  Bytes of a value, at least 1.
 * @param storage       Room for a value; must stay until il_watch_fini().
 * @retval 0        Made, without a value; end it with il_watch_fini().
 * @retval -EINVAL  No watch, no storage, or a value without a size.
 */
IL_EXPORT int il_watch_init_with(il_watch *watch, size_t element_size,
                                 void *storage);

/**
 * Set the value, and queue everybody who waits for it.  Runs nothing.
 *
 * It counts as a new one even if it is the same.
 *
 * @param watch  A watch.
 * @param value  The value, copied.
 * @retval 0        Set.
 * @retval -EPIPE   The watch is closed.
 * @retval -EINVAL  No watch or no value.
 * @retval -ESRCH   Another thread's watch.
 */
IL_EXPORT int il_watch_set(il_watch *watch, const void *value);

/**
 * Look at the value.
 *
 * @param      watch        A watch, open or closed.
 * @param[out] ret_value    Where to put it; may be NULL.
 * @param[out] ret_version  Its version; may be NULL.
 * @retval 0        There is one.
 * @retval -EAGAIN  There is none yet.
 * @retval -EINVAL  No watch.
 * @retval -ESRCH   Another thread's watch.
 */
IL_EXPORT int il_watch_get(const il_watch *watch, void *ret_value,
                           uint64_t *ret_version);

/**
 * Wait for a value that the caller has not seen.
 *
 * @suspends If it has seen the latest, and now and then if it has not, so that a
 * task that always finds a new one cannot keep the thread.
 *
 * @param         watch      The watch; must stay until this returns, or be ended
 *                           with il_watch_fini().
 * @param[in,out] version    What the caller has seen, 0 for nothing; becomes the
 *                           version of what this returns.
 * @param[out]    ret_value  Where to put the latest value.
 * @retval 0            There is a new one.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EPIPE       The watch is closed and its last value seen.
 * @retval -EOWNERDEAD  il_watch_fini() was called; do not touch it again.
 * @retval -EINVAL      No watch, no version, or nowhere to put the value.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's watch.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_watch_next(il_watch *watch, uint64_t *version,
                                          void *ret_value);

/** The version of its value; 0: there is none yet. */
IL_EXPORT uint64_t il_watch_version(const il_watch *watch);

/**
 * Close a watch: no value is set any more.
 *
 * Who has not seen the last one still gets it; all others get -EPIPE.  Runs
 * nothing.
 *
 * @retval 0          Closed.
 * @retval -EALREADY  It was closed before.
 * @retval -EINVAL    @p watch is NULL or was ended.
 * @retval -ESRCH     Another thread's watch.
 */
IL_EXPORT int il_watch_close(il_watch *watch);

/** Whether it is closed. */
IL_EXPORT bool il_watch_is_closed(const il_watch *watch);

/**
 * End a watch.  Tasks that still wait get -EOWNERDEAD; those that a value has
 * woken get it.
 *
 * Zeros and NULL are nothing to end; another thread's watch is left alone.
 */
IL_EXPORT void il_watch_fini(il_watch *watch);

IL_END_DECLS

#endif
