/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_EXPORT_H
#define INTERLOOP_EXPORT_H

/**
 * @file export.h
 * @brief Visibility and attribute macros that every other header uses.
 */

#ifdef __cplusplus
#define IL_BEGIN_DECLS extern "C" {
#define IL_END_DECLS }
#else
#define IL_BEGIN_DECLS
#define IL_END_DECLS
#endif

/** Marks a function that the shared library exports. */
#define IL_EXPORT __attribute__((visibility("default")))

/** The compiler warns when the result is ignored. */
#define IL_MUST_CHECK __attribute__((warn_unused_result))

#endif
