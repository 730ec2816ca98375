/* SPDX-License-Identifier: MIT */

/* 50_explore.c - a race that the usual order hides, found by trying all orders.
 *
 * Two people take money from one account.  One of them counts it in between, and
 * waits for that.  As long as the other one happens to run first nothing is wrong,
 * and a test that runs once passes.  il_test_explore() runs it in every order, and
 * tells how it went when it went wrong. */

#include <interloop/explore.h>
#include <interloop/interloop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    int balance;
    il_lock lock;
    bool is_careful;
} account;

static int look_then_take(int amount, bool counts)
{
    int balance = account.balance;

    if (balance < amount)
        return -EDQUOT;
    if (counts)
        (void)il_yield(); /* others run */
    account.balance = balance - amount;
    return 0;
}

static int take(int amount, bool counts)
{
    int r = 0;

    if (!account.is_careful)
        return look_then_take(amount, counts);
    IL_WITH_LOCK (&account.lock, &r) {
        r = look_then_take(amount, counts);
    }
    return r;
}

static int alice(void *arg)
{
    int r = il_sleep(IL_MS(10));

    (void)arg;
    return r < 0 ? r : take(30, false);
}

static int bob(void *arg)
{
    int r = il_sleep(IL_MS(10));

    (void)arg;
    return r < 0 ? r : take(50, true);
}

static int go_shopping(void *arg)
{
    il_group group;
    int r = il_group_open(&group, 0);

    (void)arg;
    if (r < 0)
        return r;
    (void)il_spawn(&group, alice, NULL, NULL);
    (void)il_spawn(&group, bob, NULL, NULL);
    return il_group_close(&group);
}

/* Before each run, and after it. */
static int open_account(void *arg)
{
    (void)arg;
    account.balance = 100;
    account.lock = (il_lock)IL_LOCK_INIT;
    return 0;
}

static int audit(void *arg, int result)
{
    (void)arg;
    if (result < 0)
        return result;
    return account.balance == 20 ? 0 : -EUCLEAN;
}

static int explore(const char *name, bool is_careful)
{
    const il_test_scenario scenario = { .name = name,
                                        .body = go_shopping,
                                        .setup = open_account,
                                        .check = audit,
                                        .log = stdout };
    il_test_report report;
    int r;

    account.is_careful = is_careful;
    r = il_test_explore(&scenario, NULL, &report);
    printf("-- %s: %s after %lu runs\n\n", name, il_strerror(r), report.n_runs);
    return r;
}

int main(void)
{
    bool is_found = explore("careless", false) == -EUCLEAN;
    bool is_fine = explore("careful", true) == 0;

    return is_found && is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
