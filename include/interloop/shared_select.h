/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SHARED_SELECT_H
#define INTERLOOP_SHARED_SELECT_H

/**
 * @file shared_select.h
 * @brief Cases of il_select() for what several threads share.
 *
 *     il_case cases[] = {
 *         IL_CASE_CANCELLED(&quit),
 *         IL_CASE_SHARED_RECEIVE(&jobs, &job),
 *         IL_CASE_EVENT(&reload),
 *     };
 *
 * They stand beside all others in one select.  As with these exactly one fires,
 * also if several threads want to let different ones fire at the same time: with
 * the others nothing has happened, nothing was sent or received.  What a select
 * was handed by another thread it has; a cancel that comes later is too late.
 *
 * As ever a select waits in one task of one loop; plain threads wait for one
 * thing at a time.
 */

#include <interloop/cancel_token.h>
#include <interloop/export.h>
#include <interloop/select.h>
#include <interloop/shared_channel.h>
#include <interloop/shared_future.h>

IL_BEGIN_DECLS

/**
 * Receive from a shared channel, as il_shared_channel_receive(): 0, -EPIPE,
 * -EOWNERDEAD.
 *
 * @param channel      `il_shared_channel *`; NULL: the case is off.
 * @param ret_element  `void *`: where to put it.
 */
#define IL_CASE_SHARED_RECEIVE(channel, ret_element)                           \
    IL_CASE_(IL_CASE_SHARED_, IL_CASE_IS_(il_shared_channel, channel),         \
             IL_CASE_TO_(ret_element), 0, &il_case_shared_receive_)

/**
 * Send to a shared channel, as il_shared_channel_send(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param channel  `il_shared_channel *`; NULL: the case is off.
 * @param element  `const void *`: copied when the case fires, not before; may be
 *                 read by other threads until il_select() returns.
 */
#define IL_CASE_SHARED_SEND(channel, element)                                  \
    IL_CASE_(IL_CASE_SHARED_, IL_CASE_IS_(il_shared_channel, channel),         \
             (void *)(1 ? (element) : (const void *)1), 0,                     \
             &il_case_shared_send_)

/**
 * Wait for a shared future, as il_shared_future_wait(): 0, -EOWNERDEAD.
 *
 * That of a submission, of il_submission_get_future(), fires with what
 * il_submission_wait() would return.
 *
 * @param future      `il_shared_future *`; NULL: the case is off.
 * @param ret_result  `int *`: becomes its result; may be NULL.
 * @param ret_value   `void **`: becomes its value; may be NULL.
 */
#define IL_CASE_SHARED_FUTURE(future, ret_result, ret_value)                   \
    IL_CASE_(IL_CASE_SHARED_, IL_CASE_IS_(il_shared_future, future),           \
             IL_CASE_IS_(int, ret_result), IL_CASE_IS_(void *, ret_value),     \
             &il_case_shared_future_)

/**
 * Wait until a token is cancelled, as il_cancel_token_wait(): 0, -EOWNERDEAD.
 *
 * @param token  `il_cancel_token *`; NULL: the case is off.
 */
#define IL_CASE_CANCELLED(token)                                               \
    IL_CASE_(IL_CASE_SHARED_, IL_CASE_IS_(il_cancel_token, token), 0, 0,       \
             &il_case_cancelled_)

/** @cond */
IL_EXPORT extern const il_case_kind il_case_shared_receive_;
IL_EXPORT extern const il_case_kind il_case_shared_send_;
IL_EXPORT extern const il_case_kind il_case_shared_future_;
IL_EXPORT extern const il_case_kind il_case_cancelled_;
/** @endcond */

IL_END_DECLS

#endif
