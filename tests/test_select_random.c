/* SPDX-License-Identifier: MIT */

/* test_select_random.c - many tasks select at random among channels of all
 * capacities, semaphores and times, to send and to receive at once, beside others
 * that send and receive alone, with cancels and closes at random moments.
 *
 * Every value has a number of its own.  What a select or a send says it has sent
 * is received exactly once or is left in a channel, and what it says it has not
 * sent never arrives; in the end nobody is left in any queue. */

#include "base/list.h"
#include "support/fixture.h"

#include <errno.h>

enum {
    N_TASKS = 10,
    N_STEPS = 30,
    N_SEEDS = 400,
    N_CHANNELS = 4,
    N_CASES = 5,
    N_VALUES = N_TASKS * N_STEPS * (N_CASES + 1)
};

enum { NEVER, OFFERED, SENT };

struct world {
    uint64_t random;
    il_channel channels[N_CHANNELS];
    il_semaphore semaphore;
    size_t permits; /* in use */
    il_task *tasks[N_TASKS];
    char state[N_VALUES];
    char received[N_VALUES];
    int done; /* transfers */
    int left; /* given up */
};

struct actor {
    struct world *world;
    int index;
    int next; /* the next value is the task's first and so many */
};

static unsigned pick(struct world *w, unsigned n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % n;
}

static int owner_of(int value)
{
    return value / (N_VALUES / N_TASKS);
}

static int new_value(struct actor *a)
{
    int value = a->index * (N_VALUES / N_TASKS) + a->next++;

    CHECK_INT(owner_of(value), a->index);
    a->world->state[value] = OFFERED;
    return value;
}

static void came(struct world *w, int value)
{
    CHECK(value >= 0 && value < N_VALUES);
    /* A sender learns of it later than the receiver, but it has offered it. */
    CHECK(w->state[value] != NEVER);
    CHECK_INT(w->received[value]++, 0);
    w->done++;
}

struct choice {
    il_case cases[N_CASES];
    int values[N_CASES]; /* to send, or what came */
};

static void make_case(struct actor *a, struct choice *c, int i)
{
    struct world *w = a->world;
    int k = (int)pick(w, N_CHANNELS);

    c->values[i] = -1;
    switch (pick(w, 8)) {
    case 0:
        c->cases[i] = (il_case)IL_CASE_AFTER(IL_MS(pick(w, 4)));
        break;
    case 1:
        c->cases[i] = (il_case)IL_CASE_PERMITS(&w->semaphore, 1 + pick(w, 3));
        break;
    case 2:
        c->cases[i] = (il_case)IL_CASE_NONE;
        break;
    case 3:
    case 4:
        c->values[i] = new_value(a);
        c->cases[i] = (il_case)IL_CASE_SEND(&w->channels[k], &c->values[i]);
        break;
    default:
        c->cases[i] = (il_case)IL_CASE_RECEIVE(&w->channels[k], &c->values[i]);
    }
}

static int use_permits(struct world *w, const il_case *c)
{
    size_t n = (uintptr_t)c->node.future.waiter.slot;
    int r;

    w->permits += n;
    CHECK(w->permits <= 3);
    r = il_yield();
    w->permits -= n;
    CHECK_INT(il_semaphore_release(&w->semaphore, n), 0);
    return r;
}

static int select_once(struct actor *a)
{
    struct world *w = a->world;
    unsigned flags = pick(w, 2) ? IL_SELECT_ROTATE : 0;
    struct choice c;
    const il_case *fired;
    int r;

    for (int i = 0; i < N_CASES; i++)
        make_case(a, &c, i);
    r = pick(w, 4) == 0 ? il_try_select(c.cases, N_CASES, flags)
                        : il_select(c.cases, N_CASES, flags);
    for (int i = 0; i < N_CASES; i++) {
        CHECK(!ili_list_linked(&c.cases[i].node.future.waiter.link));
        if (i != r)
            CHECK_INT(c.cases[i].result, 0);
        if (c.cases[i].kind == IL_CASE_SEND_ && (i != r || c.cases[i].result))
            w->state[c.values[i]] = NEVER;
        if (c.cases[i].kind == IL_CASE_RECEIVE_ && i != r)
            CHECK_INT(c.values[i], -1);
    }
    if (r < 0) {
        CHECK(r == -ECANCELED || r == -EAGAIN || r == -EINVAL);
        return r == -ECANCELED ? r : 0;
    }
    fired = &c.cases[r];
    CHECK(fired->result == 0 || fired->result == -EPIPE);
    if (fired->kind == IL_CASE_PERMITS_)
        return use_permits(w, fired);
    if (fired->result == 0 && fired->kind == IL_CASE_SEND_)
        w->state[c.values[r]] = SENT;
    if (fired->result == 0 && fired->kind == IL_CASE_RECEIVE_)
        came(w, c.values[r]);
    return 0;
}

static int transfer_once(struct actor *a)
{
    struct world *w = a->world;
    int k = (int)pick(w, N_CHANNELS);
    int value = -1;
    int r = 0;

    IL_TIMEOUT (IL_MS(pick(w, 5)), &r) {
        if (pick(w, 2)) {
            value = new_value(a);
            r = il_channel_send(&w->channels[k], &value);
            w->state[value] = r == 0 ? SENT : NEVER;
        } else {
            r = il_channel_receive(&w->channels[k], &value);
            if (r == 0)
                came(w, value);
        }
    }
    return r;
}

static int act(void *arg)
{
    struct actor *a = arg;
    struct world *w = a->world;
    int r = 0;

    for (int i = 0; i < N_STEPS && r != -ECANCELED; i++) {
        r = pick(w, 3) ? select_once(a) : transfer_once(a);
        if (pick(w, 30) == 0)
            (void)il_task_cancel(w->tasks[pick(w, N_TASKS)]);
        if (pick(w, 200) == 0)
            (void)il_channel_close(&w->channels[pick(w, N_CHANNELS)]);
    }
    w->left += r == -ECANCELED;
    return 0;
}

/* Whoever still waits is let go. */
static int close_at_last(void *arg)
{
    struct world *w = arg;
    int r = il_sleep(IL_SEC(10));

    for (int i = 0; i < N_CHANNELS; i++)
        (void)il_channel_close(&w->channels[i]);
    return r;
}

static void check_channel(struct world *w, int k)
{
    int value;

    while (il_channel_try_receive(&w->channels[k], &value) == 0)
        came(w, value);
    assert_true(ili_list_empty(&w->channels[k].receivers));
    assert_true(ili_list_empty(&w->channels[k].senders));
    il_channel_fini(&w->channels[k]);
}

static int run_world(void *arg)
{
    struct world *w = arg;
    static struct actor actors[N_TASKS];
    il_group group;
    int r = il_group_open(&group, 0);

    for (int i = 0; i < N_TASKS && r == 0; i++) {
        actors[i] = (struct actor){ w, i, 0 };
        r = il_spawn_lazy(&group, act, &actors[i], &w->tasks[i]);
    }
    CHECK_INT(r, 0);
    CHECK_INT(il_spawn(NULL, close_at_last, w, NULL), 0);
    r = il_group_close(&group);
    for (int i = 0; i < N_TASKS; i++)
        w->tasks[i] = il_task_unref(w->tasks[i]);
    return r;
}

static void test_select_at_random_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    static struct world w;
    int done = 0;
    int left = 0;

    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        il_task *task;

        w = (struct world){ .random = seed * 0x9e3779b97f4a7c15u,
                            .semaphore = IL_BOUNDED_SEMAPHORE_INIT(3) };
        for (int i = 0; i < N_CHANNELS; i++)
            assert_int_equal(
                il_channel_init(&w.channels[i], sizeof(int), (size_t)i / 2), 0);
        assert_int_equal(il_spawn(NULL, run_world, &w, &task), 0);
        assert_int_equal(il_test_advance(f->loop, IL_SEC(20)), 0);
        assert_int_equal(reap(task), 0);
        for (int i = 0; i < N_CHANNELS; i++)
            check_channel(&w, i);
        assert_int_equal(il_semaphore_count(&w.semaphore), 3);
        for (int i = 0; i < N_VALUES; i++)
            assert_int_equal(w.received[i], w.state[i] == SENT);
        done += w.done;
        left += w.left;
    }
    assert_true(done > 10 * N_SEEDS);
    assert_true(left > N_SEEDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_at_random_loses_and_doubles_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
