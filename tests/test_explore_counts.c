/* SPDX-License-Identifier: MIT */

/* test_explore_counts.c - semaphores, limiters, barriers, once and wait groups in
 * every order, cancelled everywhere. */

#include "support/exploring.h"

#include <string.h>

/* --- semaphores ----------------------------------------------------------------- */

enum { PERMITS = 2 };

static struct {
    il_semaphore semaphore;
    size_t in_use;
    int served;
    int refused;
} pool;

static int pool_setup(void *arg)
{
    (void)arg;
    memset(&pool, 0, sizeof pool);
    pool.semaphore = (il_semaphore)IL_BOUNDED_SEMAPHORE_INIT(PERMITS);
    return 0;
}

static int use_pool(size_t n)
{
    int r;

    (void)il_yield();
    r = il_semaphore_acquire(&pool.semaphore, n);
    if (r < 0) {
        HOLDS(r == -ECANCELED);
        pool.refused++;
        return r;
    }
    pool.in_use += n;
    HOLDS(pool.in_use <= PERMITS);
    (void)il_yield();
    HOLDS(pool.in_use <= PERMITS);
    pool.in_use -= n;
    pool.served++;
    HOLDS(il_semaphore_release(&pool.semaphore, n) == 0);
    return 0;
}

static int use_one(void *arg)
{
    (void)arg;
    return use_pool(1);
}

static int use_two(void *arg)
{
    (void)arg;
    return use_pool(2);
}

static int pool_check(void *arg, int result)
{
    const struct cast *cast = arg;

    HOLDS(result == 0);
    HOLDS(pool.served + pool.refused == (int)cast->n);
    HOLDS(pool.refused <= 1);
    HOLDS(il_semaphore_count(&pool.semaphore) == PERMITS);
    HOLDS(il_semaphore_try_acquire(&pool.semaphore, PERMITS) == 0);
    return verdict();
}

static il_test_scenario pool_scenario(struct cast *cast)
{
    return (il_test_scenario){ .name = "semaphore",
                               .body = play,
                               .arg = cast,
                               .setup = pool_setup,
                               .check = pool_check };
}

/* Behind one who wants two, and goes, there is one who would have fitted. */
static void test_explore_semaphore_lends_no_more_than_it_has(void **state)
{
    struct cast cast = { { use_one, use_two, use_one, use_one }, 4, 1 };
    il_test_scenario scenario = pool_scenario(&cast);

    (void)state;
    explore_all(&scenario);
}

static void test_inject_semaphore_bpo_45997_loses_no_permit(void **state)
{
    struct cast cast = { { use_two, use_one, use_two, use_one }, 4, 0 };

    (void)state;
    for (cast.victim = 0; cast.victim < cast.n; cast.victim++) {
        il_test_scenario scenario = pool_scenario(&cast);

        inject_all(&scenario, 1);
    }
}

/* One keeps a permit for a second.  Behind a victim that wants both there is one
 * who is content with one. */
static struct {
    il_semaphore semaphore;
    il_time refused_at; /* the victim; 0: was not */
    il_time served_at;
} jam;

static int jam_setup(void *arg)
{
    (void)arg;
    memset(&jam, 0, sizeof jam);
    jam.semaphore = (il_semaphore)IL_SEMAPHORE_INIT(2);
    return 0;
}

static int keep_one(void *arg)
{
    (void)arg;
    HOLDS(il_semaphore_acquire(&jam.semaphore, 1) == 0);
    HOLDS(il_sleep(IL_SEC(1)) == 0);
    return il_semaphore_release(&jam.semaphore, 1);
}

static int want_both(void *arg)
{
    int r = il_semaphore_acquire(&jam.semaphore, 2);

    (void)arg;
    if (r == 0)
        return il_semaphore_release(&jam.semaphore, 2);
    jam.refused_at = il_now();
    return r;
}

static int want_one(void *arg)
{
    (void)arg;
    HOLDS(il_semaphore_acquire(&jam.semaphore, 1) == 0);
    jam.served_at = il_now();
    return il_semaphore_release(&jam.semaphore, 1);
}

static int jam_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(jam.refused_at == 0 || jam.served_at <= jam.refused_at);
    HOLDS(il_semaphore_count(&jam.semaphore) == 2);
    return verdict();
}

static void test_inject_semaphore_who_goes_lets_others_pass(void **state)
{
    struct cast cast = { { keep_one, want_both, want_one }, 3, 1 };
    const il_test_scenario scenario = { .name = "jam",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = jam_setup,
                                        .check = jam_check };

    (void)state;
    inject_all(&scenario, 1);
}

/* --- limiters ------------------------------------------------------------------- */

static struct {
    il_limiter limiter;
    size_t borrowed;
    size_t most;
    int served;
    int refused;
} bank;

static int bank_setup(void *arg)
{
    (void)arg;
    memset(&bank, 0, sizeof bank);
    bank.limiter = (il_limiter)IL_LIMITER_INIT(1);
    bank.most = 2; /* since it may be resized at any time */
    return 0;
}

static int borrow(void *arg)
{
    int r = 0;

    (void)arg;
    (void)il_yield();
    IL_WITH_TOKEN (&bank.limiter, &r) {
        HOLDS(++bank.borrowed <= bank.most);
        (void)il_yield();
        HOLDS(bank.borrowed-- <= bank.most);
    }
    HOLDS(r == 0 || r == -ECANCELED);
    if (r == 0)
        bank.served++;
    else
        bank.refused++;
    return r;
}

static int resize(void *arg)
{
    (void)arg;
    (void)il_yield();
    HOLDS(il_limiter_resize(&bank.limiter, 2) == 0);
    (void)il_yield();
    HOLDS(il_limiter_resize(&bank.limiter, 1) == 0);
    return 0;
}

static int bank_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(bank.served + bank.refused == 3);
    HOLDS(bank.refused <= 1);
    HOLDS(il_limiter_count(&bank.limiter) == 0);
    return verdict();
}

static void test_explore_limiter_loses_no_token(void **state)
{
    struct cast cast = { { borrow, borrow, borrow, resize }, 4, 1 };
    const il_test_scenario scenario = { .name = "limiter",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = bank_setup,
                                        .check = bank_check };

    (void)state;
    explore_all(&scenario);
    for (cast.victim = 0; cast.victim < 3; cast.victim++)
        inject_all(&scenario, 1);
}

/* --- barriers ------------------------------------------------------------------- */

static struct {
    il_barrier barrier;
    int passed;
    int numbers; /* their sum */
    int left;
} gate;

static int gate_setup(void *arg)
{
    (void)arg;
    memset(&gate, 0, sizeof gate);
    gate.barrier = (il_barrier)IL_BARRIER_INIT(2);
    return 0;
}

/* One of three has to stay behind, or two if one was cancelled. */
static int pass(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(1), &r) {
        r = il_barrier_wait(&gate.barrier);
    }
    HOLDS(r >= 0 || r == -ECANCELED || r == -ETIMEDOUT);
    if (r >= 0) {
        gate.passed++;
        gate.numbers += r;
    } else {
        gate.left++;
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int pass_later(void *arg)
{
    int r = il_yield();

    return r < 0 ? r : pass(arg);
}

static int gate_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(gate.passed % 2 == 0);
    HOLDS(gate.numbers == gate.passed / 2);
    HOLDS(il_barrier_count(&gate.barrier) == 0);
    HOLDS(!il_barrier_is_broken(&gate.barrier));
    return verdict();
}

static void test_explore_barrier_lets_pairs_pass_only(void **state)
{
    struct cast cast = { { pass_later, pass_later, pass_later }, 3, 0 };
    const il_test_scenario scenario = { .name = "barrier",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = gate_setup,
                                        .check = gate_check };

    (void)state;
    explore_all(&scenario);
    for (cast.victim = 0; cast.victim < 3; cast.victim++)
        inject_all(&scenario, 1);
}

/* --- once ----------------------------------------------------------------------- */

static struct {
    il_once once;
    int running;
    int tries;
    int done;
    int happy;
    int refused;
} deed;

static int deed_setup(void *arg)
{
    (void)arg;
    memset(&deed, 0, sizeof deed);
    return 0;
}

/* Fails the first time. */
static int do_it(void *arg)
{
    int r;

    (void)arg;
    HOLDS(deed.running++ == 0);
    HOLDS(deed.done == 0);
    deed.tries++;
    r = il_yield();
    HOLDS(--deed.running == 0);
    if (r < 0)
        return r;
    if (deed.tries == 1)
        return -EIO;
    deed.done++;
    return 7;
}

static int want_it(void *arg)
{
    int r;

    (void)il_yield();
    r = il_once_run(&deed.once, do_it, arg);

    HOLDS(r == 7 || r == -EIO || r == -ECANCELED);
    if (r == 7) {
        HOLDS(deed.done == 1);
        deed.happy++;
    }
    deed.refused += r == -ECANCELED;
    return r == -EIO ? 0 : r;
}

static int deed_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(deed.running == 0);
    HOLDS(deed.refused <= 1);
    HOLDS(deed.done == (int)il_once_is_done(&deed.once));
    /* One had the failure, one may have been cancelled. */
    HOLDS(deed.done == 1 && deed.happy >= 2 - deed.refused);
    return verdict();
}

static void test_explore_once_is_done_once_in_spite_of_failures(void **state)
{
    struct cast cast = { { want_it, want_it, want_it }, 3, 1 };
    const il_test_scenario scenario = { .name = "once",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = deed_setup,
                                        .check = deed_check };

    (void)state;
    explore_all(&scenario);
    for (cast.victim = 0; cast.victim < 3; cast.victim++)
        inject_all(&scenario, 1);
}

/* --- wait groups ---------------------------------------------------------------- */

static struct {
    il_waitgroup waitgroup;
    int done;
    int woken;
    int refused;
} team;

static int team_setup(void *arg)
{
    (void)arg;
    memset(&team, 0, sizeof team);
    return il_waitgroup_add(&team.waitgroup, 2);
}

static int work(void *arg)
{
    (void)arg;
    (void)il_yield();
    team.done++;
    HOLDS(il_waitgroup_done(&team.waitgroup) == 0);
    return 0;
}

static int wait_for_work(void *arg)
{
    int r = il_waitgroup_wait(&team.waitgroup);

    (void)arg;
    HOLDS(r == 0 ? team.done == 2 : r == -ECANCELED);
    team.woken += r == 0;
    team.refused += r < 0;
    return r;
}

static int team_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(team.woken + team.refused == 2);
    HOLDS(team.refused <= 1);
    HOLDS(il_waitgroup_count(&team.waitgroup) == 0);
    return verdict();
}

static void test_explore_waitgroup_forgets_nobody(void **state)
{
    struct cast cast = { { wait_for_work, work, work, wait_for_work }, 4, 0 };
    const il_test_scenario scenario = { .name = "wait group",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = team_setup,
                                        .check = team_check };

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_semaphore_lends_no_more_than_it_has),
        BARE_TEST(test_inject_semaphore_bpo_45997_loses_no_permit),
        BARE_TEST(test_inject_semaphore_who_goes_lets_others_pass),
        BARE_TEST(test_explore_limiter_loses_no_token),
        BARE_TEST(test_explore_barrier_lets_pairs_pass_only),
        BARE_TEST(test_explore_once_is_done_once_in_spite_of_failures),
        BARE_TEST(test_explore_waitgroup_forgets_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
