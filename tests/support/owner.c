/* SPDX-License-Identifier: MIT */

/* owner.c - the unit tests once more, with GLib around every loop.
 *
 * Linked into a second program of each module, from the same objects: the
 * linker sends the calls of a few functions here.
 *
 *     il_loop_new                a loop in owner mode, attached to GLib
 *     il_run                     makes such a loop if there is none
 *     il_test_run_until_blocked  the context is iterated until it has nothing
 *     il_test_advance            likewise, from deadline to deadline
 *     il_loop_turn, il_loop_next_deadline
 *                                called by a test, not by the host: as if the
 *                                host were running
 *
 * il_run() and il_loop_run() run a real GMainLoop then, because that is what
 * they do in owner mode.  The host is the bridge's, with the bridge's own
 * source.  Each loop has a context of its own, as it may have its own thread.
 * Nothing but GLib sleeps and polls, except while a loop closes, which is
 * native in every mode.
 *
 * A call that must be refused goes to the real function, which knows why.
 *
 * What cannot be the same is in a table below, each with its reason. */

#include "config.h"

#include <interloop/host.h>
#include <interloop/loop.h>
#include <interloop/testing.h>

#include "check.h"
#include "host/glib/bridge.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int __real_il_loop_new(il_loop **ret_loop);
int __wrap_il_loop_new(il_loop **ret_loop);
int __real_il_loop_turn(il_loop *loop, il_time budget);
int __wrap_il_loop_turn(il_loop *loop, il_time budget);
il_time __real_il_loop_next_deadline(il_loop *loop);
il_time __wrap_il_loop_next_deadline(il_loop *loop);
int __real_il_run(il_task_fn *main_fn, void *arg);
int __wrap_il_run(il_task_fn *main_fn, void *arg);
int __real_il_test_run_until_blocked(il_loop *loop);
int __wrap_il_test_run_until_blocked(il_loop *loop);
int __real_il_test_advance(il_loop *loop, il_time duration);
int __wrap_il_test_advance(il_loop *loop, il_time duration);

/* --- a loop with a host ---------------------------------------------------------- */

/* The bridge makes guests.  What it has set up serves an owner as well; but
 * stacks that GTK could use would be many gigabytes of AddressSanitizer's
 * shadow, and the unit tests do not call GTK. */
static void become_owner(il_loop *loop)
{
    static __thread il_host host;
    void *data = loop->sched.host_data;
    int r;

    host = *loop->sched.host;
    host.stack_size = 0;
    r = il_loop_detach(loop);
    ILI_ASSERT(r == 0);
    r = il_loop_attach(loop, &host, data);
    ILI_ASSERT(r == 0);
}

int __wrap_il_loop_new(il_loop **ret_loop)
{
    GMainContext *context;
    il_loop *loop;
    int r = __real_il_loop_new(ret_loop);

    if (r < 0)
        return r;
    context = g_main_context_new();
    r = il_g_begin(context, &loop);
    g_main_context_unref(context);
    ILI_ASSERT(r == 0 && loop == *ret_loop);
    /* One reference is enough: closing the loop ends the bridge. */
    (void)il_loop_unref(loop);
    become_owner(loop);
    return 0;
}

int __wrap_il_run(il_task_fn *main_fn, void *arg)
{
    il_loop *loop;
    int r;

    if (!main_fn || il_loop_current())
        return __real_il_run(main_fn, arg);
    r = __wrap_il_loop_new(&loop);
    if (r < 0)
        return r;
    r = __real_il_run(main_fn, arg);
    (void)il_loop_close(loop, IL_SEC(5));
    (void)il_loop_unref(loop);
    return r;
}

/* --- without a run ---------------------------------------------------------------- */

/* Where a test may drive the loop: an owner that does not run. */
static bool is_idle(const il_loop *loop)
{
    return ili_loop_is_here(loop) && loop->mode == IL_MODE_OWNER &&
           !loop->running && !loop->sched.runner && !loop->sched.current;
}

int __wrap_il_loop_turn(il_loop *loop, il_time budget)
{
    bool idle = is_idle(loop);
    int r;

    if (idle)
        loop->running = true;
    r = __real_il_loop_turn(loop, budget);
    if (idle)
        loop->running = false;
    return r;
}

il_time __wrap_il_loop_next_deadline(il_loop *loop)
{
    bool idle = is_idle(loop);
    il_time next;

    if (idle)
        loop->running = true;
    next = __real_il_loop_next_deadline(loop);
    if (idle)
        loop->running = false;
    return next;
}

int __wrap_il_test_run_until_blocked(il_loop *loop)
{
    bool autojump;
    int n = 0;

    if (!is_idle(loop))
        return __real_il_test_run_until_blocked(loop);
    autojump = loop->autojump;
    loop->autojump = false;
    loop->running = true;
    while (g_main_context_iteration(ili_g_bridge_get()->context, FALSE))
        n++;
    loop->running = false;
    loop->autojump = autojump;
    return n;
}

int __wrap_il_test_advance(il_loop *loop, il_time duration)
{
    il_time target;

    if (!is_idle(loop) || !loop->is_virtual || duration < 0 ||
        duration == IL_FOREVER)
        return __real_il_test_advance(loop, duration);
    target = il_deadline(duration);
    for (;;) {
        il_time next;

        (void)__wrap_il_test_run_until_blocked(loop);
        next = ili_alarms_next(&loop->sched.alarms);
        if (next > target)
            break;
        loop->virtual_now = next;
    }
    loop->virtual_now = target;
    return 0;
}

/* --- what is left out ------------------------------------------------------------ */

/* Sorted. */
static const struct {
    const char *program;
    const char *test;
    const char *reason;
} left_out[] = {
    { "test_loop", "test_loop_next_deadline_is_the_nearest",
      "the host was told of an arming and has a turn to do first" },
    { "test_loop", "test_loop_running_by_itself_has_no_host", "it has one" },
    { "test_loop", "test_loop_stopped_before_main_ended_says_so",
      "it does, but cancels the main task; see il_loop_run_owned()" },
};

static const char *reason_for(const char *test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        if (strcmp(left_out[i].test, test) == 0)
            return left_out[i].reason;
    return NULL;
}

static size_t count_for_this_program(void)
{
    size_t n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        n += strcmp(left_out[i].program, program_invocation_short_name) == 0;
    return n;
}

int __real__cmocka_run_group_tests(const char *name,
                                   const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup,
                                   CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name,
                                   const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup,
                                   CMFixtureFunction teardown);

int __wrap__cmocka_run_group_tests(const char *name,
                                   const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup,
                                   CMFixtureFunction teardown)
{
    g_autofree struct CMUnitTest *chosen = g_new0(struct CMUnitTest, n);
    size_t n_chosen = 0;

    /* A descriptor that GLib keeps as soon as a task has another context. */
    (void)g_main_context_default();
    for (size_t i = 0; i < n; i++) {
        const char *reason = reason_for(tests[i].name);

        if (reason)
            printf("# not in owner mode: %s: %s\n", tests[i].name, reason);
        else
            chosen[n_chosen++] = tests[i];
    }
    printf("# owner mode: %zu tests run, %zu left out\n", n_chosen,
           n - n_chosen);
    (void)fflush(stdout);
    if (n - n_chosen != count_for_this_program()) {
        printf("Bail out! owner.c leaves out a test that does not exist\n");
        return 1;
    }
    return __real__cmocka_run_group_tests(name, chosen, n_chosen, setup,
                                          teardown);
}
