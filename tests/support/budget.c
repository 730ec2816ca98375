/* SPDX-License-Identifier: MIT */

/* budget.c - count how often one thing is done before others run. */

#include "budget.h"

#include <errno.h>

/* Once more than the limit, for what comes before and after. */
enum { LIMIT = 66, N_OPS = 1000 };

struct busy {
    const struct op *op;
    void *things;
    il_group *group;
    int longest;    /* the most operations in a row */
    int n_in_a_row; /* since the other one ran */
    bool over;
};

static int repeat(struct busy *b, int n)
{
    int r = 0;

    for (int i = 0; i < n && r >= 0; i++) {
        r = b->op->fn(b->things);
        if (++b->n_in_a_row > b->longest)
            b->longest = b->n_in_a_row;
    }
    return r;
}

static int be_busy(void *arg)
{
    struct busy *b = arg;
    int r;

    CHECK_INT(il_group_open(b->group, IL_GROUP_COLLECT), 0);
    r = repeat(b, N_OPS);
    b->over = true;
    CHECK_INT(il_group_close(b->group), 0);
    return r < 0 ? r : 0;
}

static int be_another(void *arg)
{
    struct busy *b = arg;

    while (!b->over) {
        b->n_in_a_row = 0;
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

/* What is done in threads takes time on the real clock. */
static void settle_all(struct fixture *f, const il_task *task)
{
    il_time limit = il_now() + IL_SEC(60);

    do {
        settle(f);
    } while (!il_task_is_done(task) && il_now() < limit);
}

static void assert_short(const struct busy *b)
{
    if (b->longest > LIMIT)
        print_error("%s: %d in a row\n", b->op->name, b->longest);
    assert_true(b->longest <= LIMIT);
}

void check_turns(struct fixture *f, const struct op *ops, size_t n,
                 il_group *group, void *things)
{
    for (size_t i = 0; i < n; i++) {
        struct busy busy = { .op = &ops[i], .things = things, .group = group };
        il_task *task;

        /* The other one first: it must come round while the busy one is on. */
        assert_int_equal(il_spawn(NULL, be_another, &busy, NULL), 0);
        assert_int_equal(il_spawn_lazy(NULL, be_busy, &busy, &task), 0);
        settle_all(f, task);
        settle(f);
        assert_short(&busy);
        assert_int_equal(reap(task), 0);
    }
}

void check_first_step(struct fixture *f, const struct op *ops, size_t n,
                      il_group *group, void *things)
{
    for (size_t i = 0; i < n; i++) {
        struct busy busy = { .op = &ops[i], .things = things, .group = group };
        il_task *task;

        assert_int_equal(il_spawn(NULL, be_busy, &busy, &task), 0);
        assert_short(&busy);
        assert_false(il_task_is_done(task));
        settle_all(f, task);
        assert_int_equal(reap(task), 0);
    }
}

static int be_busy_cancelled(void *arg)
{
    struct busy *b = arg;
    int r;

    CHECK_INT(il_group_open(b->group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    r = repeat(b, 2);
    CHECK_INT(il_group_close(b->group), -ECANCELED);
    note("%s", il_strerror(r));
    return 0;
}

void check_cancelled(struct fixture *f, const struct op *ops, size_t n,
                     il_group *group, void *things)
{
    for (size_t i = 0; i < n; i++) {
        struct busy busy = { .op = &ops[i], .things = things, .group = group };

        forget_notes();
        assert_int_equal(il_spawn(NULL, be_busy_cancelled, &busy, NULL), 0);
        settle(f);
        assert_string_equal(noted(),
                            ops[i].is_result ? "success" : "ECANCELED");
    }
}
