/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_INTERLOOP_H
#define INTERLOOP_INTERLOOP_H

/**
 * @file interloop.h
 * @brief Everything of libinterloop at once; tests add testing.h, GLib
 * programs glib.h.
 */

#include <interloop/barrier.h>
#include <interloop/broadcast.h>
#include <interloop/buffer.h>
#include <interloop/cancel_token.h>
#include <interloop/channel.h>
#include <interloop/cleanup.h>
#include <interloop/combine.h>
#include <interloop/condition.h>
#include <interloop/debug.h>
#include <interloop/defer.h>
#include <interloop/dump.h>
#include <interloop/ends.h>
#include <interloop/error.h>
#include <interloop/event.h>
#include <interloop/export.h>
#include <interloop/future.h>
#include <interloop/group.h>
#include <interloop/host.h>
#include <interloop/inline.h>
#include <interloop/io.h>
#include <interloop/limiter.h>
#include <interloop/local.h>
#include <interloop/lock.h>
#include <interloop/loop.h>
#include <interloop/modal.h>
#include <interloop/node.h>
#include <interloop/offload.h>
#include <interloop/once.h>
#include <interloop/oneshot.h>
#include <interloop/queue.h>
#include <interloop/ready.h>
#include <interloop/rwlock.h>
#include <interloop/scope.h>
#include <interloop/select.h>
#include <interloop/semaphore.h>
#include <interloop/shared_channel.h>
#include <interloop/shared_ends.h>
#include <interloop/shared_future.h>
#include <interloop/shared_select.h>
#include <interloop/submit.h>
#include <interloop/task.h>
#include <interloop/time.h>
#include <interloop/timer.h>
#include <interloop/wait.h>
#include <interloop/waitgroup.h>
#include <interloop/watch.h>

#endif
