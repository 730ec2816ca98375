/* SPDX-License-Identifier: MIT */

/* 51_inject.c - a clean-up that was forgotten, found by cancelling everywhere.
 *
 * A message goes out over a line that has to be warmed up, and switched off again.
 * The test that everybody writes, and that of a cancel at the beginning, pass.
 * il_test_inject() cancels at the first suspension, at the second and so on, early
 * and late and by deadlines, and finds the one place where the line stays on. */

#include <interloop/explore.h>
#include <interloop/interloop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    bool is_on;
    int n_sent;
} line;

static int warm_up(void)
{
    int r = il_sleep(IL_SEC(2));

    if (r < 0)
        return r;
    line.is_on = true;
    return 0;
}

static int transmit(const char *text)
{
    for (const char *c = text; *c; c++) {
        int r = il_sleep(IL_MS(100));

        if (r < 0)
            return r;
        line.n_sent++;
    }
    return 0;
}

static int send_carelessly(void *arg)
{
    int r = warm_up();

    if (r == 0)
        r = transmit(arg);
    if (r < 0)
        return r; /* and the line? */
    line.is_on = false;
    return 0;
}

static int send_carefully(void *arg)
{
    int r = warm_up();

    if (r < 0)
        return r;
    r = transmit(arg);
    line.is_on = false;
    return r;
}

static int cut_line(void *arg)
{
    (void)arg;
    line.is_on = false;
    line.n_sent = 0;
    return 0;
}

static int expect_it_off(void *arg, int result)
{
    (void)arg;
    if (line.is_on)
        return -EADDRINUSE;
    return result >= 0 || result == -ECANCELED || result == -ETIMEDOUT ? 0
                                                                       : result;
}

static int inject(const char *name, il_task_fn *body)
{
    static char text[] = "SOS";
    const il_test_scenario scenario = { .name = name,
                                        .body = body,
                                        .arg = text,
                                        .setup = cut_line,
                                        .check = expect_it_off,
                                        .log = stdout };
    il_test_report report;
    int r = il_test_inject(&scenario, IL_TEST_ALL, &report);

    printf("-- %s: %s after %lu runs, %u suspensions\n\n", name, il_strerror(r),
           report.n_runs, report.n_choices);
    return r;
}

int main(void)
{
    bool is_found = inject("careless", send_carelessly) == -EADDRINUSE;
    bool is_fine = inject("careful", send_carefully) == 0;

    return is_found && is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
