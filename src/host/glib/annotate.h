/* SPDX-License-Identifier: MIT */
#ifndef ILI_HOST_GLIB_ANNOTATE_H
#define ILI_HOST_GLIB_ANNOTATE_H

/* annotate.h - what ThreadSanitizer cannot see.
 *
 * GLib is not instrumented, and its locks are its own: who connects to a signal
 * in one thread is ordered before who emits it in another, but only GLib knows.
 * So what a closure uses is published before it is connected. */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ILI_G_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ILI_G_TSAN 1
#endif

#ifdef ILI_G_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Others may use it from now on. */
static inline void ili_g_publish(void *data)
{
#ifdef ILI_G_TSAN
    __tsan_release(data);
#else
    (void)data;
#endif
}

/* What was published: the same pointer. */
static inline void *ili_g_published(void *data)
{
#ifdef ILI_G_TSAN
    __tsan_acquire(data);
#endif
    return data;
}

#endif
