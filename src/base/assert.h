/* SPDX-License-Identifier: MIT */
#ifndef ILI_BASE_ASSERT_H
#define ILI_BASE_ASSERT_H

/* assert.h - two kinds of checks.
 *
 * ILI_ASSERT guards our own invariants and stays on in release builds: a
 * scheduler must not run on with a broken list.  ILI_RETURN_IF_FAIL guards the
 * public edge against callers' mistakes: a negative code and no damage. */

#define ILI_LIKELY(x) __builtin_expect(!!(x), 1)
#define ILI_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define ILI_ASSERT(condition)                                                  \
    (ILI_LIKELY(condition)                                                     \
         ? (void)0                                                             \
         : ili_assert_failed(#condition, __FILE__, __LINE__))

#define ILI_RETURN_IF_FAIL(condition, result)                                  \
    do {                                                                       \
        if (ILI_UNLIKELY(!(condition)))                                        \
            return (result);                                                   \
    } while (0)

/* Says what broke and aborts. */
_Noreturn void ili_assert_failed(const char *condition, const char *file,
                                 unsigned line);

#endif
