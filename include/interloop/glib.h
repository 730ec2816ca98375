/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_H
#define INTERLOOP_GLIB_H

/**
 * @file glib.h
 * @brief Tasks in GLib and GTK programs: everything of glib/ at once.
 *
 * GLib aborts when memory runs out, so nothing here returns -ENOMEM.
 */

#include <interloop/glib/call.h>
#include <interloop/glib/cancel.h>
#include <interloop/glib/connect.h>
#include <interloop/glib/emission.h>
#include <interloop/glib/error.h>
#include <interloop/glib/guest.h>
#include <interloop/glib/stream.h>
#include <interloop/glib/task.h>
#include <interloop/glib/wait.h>
#include <interloop/interloop.h>

#endif
