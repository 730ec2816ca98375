/* SPDX-License-Identifier: MIT */

/* 59_shared_select.c - a kitchen that hears of two things at once.
 *
 * Orders come from a waiter, who is a plain thread.  They are cooked by a task of
 * this loop, which at the same time waits for what its own oven has ready, a
 * channel of this loop, and for the token that closes the kitchen, which is
 * cancelled in the other thread.  Of these exactly one happens at a time: an order
 * is not taken and then forgotten because a dish was ready in that moment. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_ORDERS = 5 };

static il_shared_channel orders; /* of int, from the waiter */
static il_channel dishes;        /* of int, from the oven */
static il_cancel_token closing;

/* --- another thread --------------------------------------------------------- */

static void *wait_tables(void *arg)
{
    (void)arg;
    for (int table = 1; table <= N_ORDERS; table++)
        if (il_shared_channel_send(&orders, &table, IL_FOREVER) < 0)
            exit(EXIT_FAILURE);
    (void)il_cancel_token_cancel(&closing);
    return NULL;
}

/* --- the kitchen ------------------------------------------------------------ */

static int bake(void *arg)
{
    int table = *(int *)arg;
    int r = il_sleep(IL_MS(table));

    return r < 0 ? r : il_channel_send(&dishes, &table);
}

/* Until it is closed, and what is in the oven is done. */
static int cook(void *arg)
{
    il_group oven;
    int n_ordered = 0;
    int n_ready = 0;
    bool is_open = true;
    int r = il_group_open(&oven, 0);

    (void)arg;
    while (r >= 0) {
        int order = 0;
        int dish = 0;
        il_case cases[] = {
            IL_CASE_SHARED_RECEIVE(&orders, &order),
            IL_CASE_RECEIVE(&dishes, &dish),
            IL_CASE_CANCELLED(is_open ? &closing : NULL),
        };

        if (!is_open && n_ready == n_ordered)
            break;
        r = il_select(cases, 3, 0);
        if (r == 0) {
            n_ordered++;
            r = il_spawn_copy(&oven, bake, &order, sizeof order, NULL);
        } else if (r == 1) {
            n_ready++;
        } else if (r == 2) {
            is_open = false;
            printf("no more orders\n");
        }
    }
    printf("%d dishes for %d orders\n", n_ready, n_ordered);
    if (r < 0)
        il_group_cancel(&oven);
    r = r < 0 ? r : 0;
    return il_group_close(&oven) < 0 ? EXIT_FAILURE : r;
}

int main(void)
{
    pthread_t waiter;
    int r;

    if (il_shared_channel_init(&orders, sizeof(int), 0) < 0 ||
        il_channel_init(&dishes, sizeof(int), 1) < 0 ||
        pthread_create(&waiter, NULL, wait_tables, NULL) != 0)
        return EXIT_FAILURE;
    r = il_run(cook, NULL);
    (void)pthread_join(waiter, NULL);
    il_shared_channel_fini(&orders);
    il_channel_fini(&dishes);
    il_cancel_token_fini(&closing);
    if (r < 0)
        fprintf(stderr, "59_shared_select: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
