/* SPDX-License-Identifier: MIT */

/* trivial_host.c - a foreign loop in some sixty lines. */

#include "trivial_host.h"

#include "check.h"

#include <errno.h>
#include <poll.h>

static void request_turn(void *data)
{
    struct trivial_host *host = data;

    host->n_requests++;
    host->turn_requested = true;
}

static int depth(void *data)
{
    return ((struct trivial_host *)data)->depth;
}

static void suspend_task(void *data, void **slot)
{
    struct trivial_host *host = data;

    host->n_suspends++;
    *slot = host;
}

static void resume_task(void *data, void **slot)
{
    struct trivial_host *host = data;

    host->n_resumes++;
    CHECK(*slot == NULL || *slot == host);
}

/* Owner mode. */
static int run(void *data)
{
    struct trivial_host *host = data;

    host->quit = false;
    trivial_host_run(host, 10000);
    return 0;
}

static void quit(void *data)
{
    struct trivial_host *host = data;

    host->quit = true;
}

static const il_host trivial = {
    .name = "trivial",
    .request_turn = request_turn,
    .depth = depth,
    .suspend = suspend_task,
    .resume = resume_task,
    .run = run,
    .quit = quit,
};

int trivial_host_attach(struct trivial_host *host, il_loop *loop)
{
    *host = (struct trivial_host){ .loop = loop };
    return il_loop_start(loop, &trivial, host);
}

int trivial_host_own(struct trivial_host *host, il_loop *loop)
{
    *host = (struct trivial_host){ .loop = loop };
    return il_loop_attach(loop, &trivial, host);
}

const il_host *trivial_host_functions(void)
{
    return &trivial;
}

/* How long poll() may sleep.  Rounded up: a turn that comes early finds nothing
 * to do and would be asked for again, which is a spin. */
static int sleep_ms(struct trivial_host *host, int limit_ms)
{
    il_time deadline = il_loop_next_deadline(host->loop);
    il_time left_ms;

    if (host->turn_requested || deadline == 0)
        return 0;
    if (deadline == IL_FOREVER)
        return limit_ms;
    if (deadline <= il_now())
        return 0;
    left_ms = (deadline - il_now() + 999999) / 1000000;
    if (left_ms < 0)
        return 0;
    return left_ms < limit_ms ? (int)left_ms : limit_ms;
}

void trivial_host_iterate(struct trivial_host *host, int limit_ms)
{
    struct pollfd pollfd = { .fd = il_loop_fd(host->loop), .events = POLLIN };
    int n = poll(&pollfd, 1, sleep_ms(host, limit_ms));
    int r;

    host->n_wakes++;
    if (n <= 0 && !host->turn_requested &&
        il_loop_next_deadline(host->loop) > il_now())
        return;
    host->turn_requested = false;
    host->n_turns++;
    host->depth++;
    r = il_loop_turn(host->loop, IL_MS(2));
    host->depth--;
    CHECK(r == 0 || r == 1);
    if (r == 1)
        host->turn_requested = true;
}

void trivial_host_run(struct trivial_host *host, int limit_ms)
{
    il_time end = il_deadline(IL_MS(limit_ms));

    while (!host->quit && il_now() < end)
        trivial_host_iterate(host, (int)((end - il_now()) / 1000000) + 1);
}
