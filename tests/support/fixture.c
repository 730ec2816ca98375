/* SPDX-License-Identifier: MIT */

/* fixture.c - make, watch and destroy the loop of one test. */

#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct fixture fixture;

static void keep(const il_report *report, void *arg)
{
    struct fixture *f = arg;
    struct kept_report *kept = &f->reports[f->n_reports];

    if (f->n_reports == MAX_REPORTS)
        return;
    f->n_reports++;
    kept->kind = report->kind;
    kept->error = report->error;
    kept->line = report->line;
    kept->duration = report->duration;
    kept->outside_tasks = il_task_current() == NULL;
    (void)snprintf(kept->task_name, sizeof kept->task_name, "%s",
                   report->task_name ? report->task_name : "(null)");
    (void)snprintf(kept->waits_for, sizeof kept->waits_for, "%s",
                   report->waits_for ? report->waits_for : "");
    (void)snprintf(kept->details, sizeof kept->details, "%s",
                   report->details ? report->details : "");
    (void)snprintf(kept->file, sizeof kept->file, "%s",
                   report->file ? report->file : "(null)");
    CHECK(report->message != NULL);
}

void keep_reports(struct fixture *f, il_loop *loop)
{
    il_loop_set_report_handler(loop, keep, f);
}

/* Tests that state an order fail then; but nothing else may. */
static void shuffle(il_loop *loop)
{
    const char *seed = getenv("INTERLOOP_TEST_SEED");

    if (seed)
        assert_int_equal(il_test_use_seed(loop, strtoull(seed, NULL, 0)), 0);
}

static void make_loop(void **state)
{
    fixture = (struct fixture){ 0 };
    *state = &fixture;
    begin_checks();
    assert_int_equal(il_loop_new(&fixture.loop), 0);
    keep_reports(&fixture, fixture.loop);
    shuffle(fixture.loop);
}

int setup(void **state)
{
    make_loop(state);
    assert_int_equal(il_test_use_virtual_time(fixture.loop, IL_TEST_AUTOJUMP),
                     0);
    return 0;
}

int setup_manual(void **state)
{
    make_loop(state);
    assert_int_equal(il_test_use_virtual_time(fixture.loop, IL_TEST_MANUAL), 0);
    return 0;
}

int setup_real(void **state)
{
    make_loop(state);
    return 0;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    int r = f->loop ? il_loop_close(f->loop, IL_SEC(5)) : 0;

    f->loop = il_loop_unref(f->loop);
    for (unsigned i = 0; i < f->n_reports; i++)
        print_error(
            "report nobody took: kind %d, error %d, task %s, %s:%u %s\n",
            (int)f->reports[i].kind, f->reports[i].error,
            f->reports[i].task_name, f->reports[i].file, f->reports[i].line,
            f->reports[i].details);
    end_checks();
    assert_int_equal(f->n_reports, 0);
    if (r != -EALREADY)
        assert_int_equal(r, 0);
    return 0;
}

struct kept_report take_report(struct fixture *f)
{
    struct kept_report first = f->reports[0];

    assert_true(f->n_reports > 0);
    f->n_reports--;
    for (unsigned i = 0; i < f->n_reports; i++)
        f->reports[i] = f->reports[i + 1];
    return first;
}

struct kept_report take_report_of(struct fixture *f, il_report_kind kind,
                                  int error, const char *task_name)
{
    struct kept_report report = take_report(f);

    assert_int_equal(report.kind, kind);
    assert_int_equal(report.error, error);
    assert_string_equal(report.task_name, task_name);
    assert_true(report.outside_tasks);
    return report;
}

void settle(struct fixture *f)
{
    assert_true(il_test_run_until_blocked(f->loop) >= 0);
}

int reap(il_task *task)
{
    int result = 0x5eed;

    assert_non_null(task);
    assert_true(il_task_is_done(task));
    assert_int_equal(il_task_try_join(task, &result), 0);
    assert_null(il_task_unref(task));
    return result;
}
