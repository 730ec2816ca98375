/* SPDX-License-Identifier: MIT */

/* 24_channel.c - work that flows from one task to the next.
 *
 * A kitchen: orders go through a channel to two cooks, dishes through another
 * one to the waiter.  There is room for two orders, so whoever takes them has
 * to wait when the cooks are behind.  At closing time no order is taken any
 * more, what was ordered is cooked, and then each in turn finds that nothing
 * will come: the end runs down the line by itself. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct order {
    int table;
    const char *dish;
};

struct kitchen {
    il_channel orders; /* of struct order */
    il_channel dishes; /* of struct order, cooked */
    il_time opened;
};

static int minute(const struct kitchen *kitchen)
{
    return (int)((il_now() - kitchen->opened) / IL_SEC(60));
}

/* Nothing will come any more: no error, but the end of the work. */
static int at_the_end(int r)
{
    return r == -EPIPE ? 0 : r;
}

static int take_orders(struct kitchen *kitchen)
{
    static const struct order menu[] = {
        { 1, "soup" }, { 2, "goulash" }, { 3, "soup" },
        { 4, "fish" }, { 5, "pancake" }, { 6, "soup" },
    };
    int r = 0;

    for (size_t i = 0; i < sizeof menu / sizeof *menu && r == 0; i++) {
        r = il_channel_send(&kitchen->orders, &menu[i]);
        if (r == 0)
            printf("minute %2d  table %d ordered %s\n", minute(kitchen),
                   menu[i].table, menu[i].dish);
    }
    return r;
}

static int cook(void *arg)
{
    struct kitchen *kitchen = arg;
    struct order order;
    int r;

    while ((r = il_channel_receive(&kitchen->orders, &order)) == 0) {
        r = il_sleep(IL_SEC(60 * 10));
        if (r == 0)
            r = il_channel_send(&kitchen->dishes, &order);
        if (r < 0)
            break;
    }
    return at_the_end(r);
}

/* Both cooks in a group: when it is closed, the last dish is done. */
static int cook_all(void *arg)
{
    struct kitchen *kitchen = arg;
    il_group cooks;
    int r = il_group_open(&cooks, 0);
    int closed;

    for (int i = 0; i < 2 && r == 0; i++)
        r = il_spawn(&cooks, cook, kitchen, NULL);
    closed = il_group_close(&cooks);
    (void)il_channel_close(&kitchen->dishes);
    return r < 0 ? r : closed;
}

static int serve(void *arg)
{
    struct kitchen *kitchen = arg;
    struct order order;
    int r;

    while ((r = il_channel_receive(&kitchen->dishes, &order)) == 0)
        printf("minute %2d  table %d gets %s\n", minute(kitchen), order.table,
               order.dish);
    if (r == -EPIPE)
        printf("minute %2d  the kitchen is closed\n", minute(kitchen));
    return at_the_end(r);
}

static int run_kitchen(struct kitchen *kitchen)
{
    il_group staff;
    int r = il_group_open(&staff, 0);
    int closed;

    if (r < 0)
        return r;
    r = il_spawn(&staff, cook_all, kitchen, NULL);
    if (r == 0)
        r = il_spawn(&staff, serve, kitchen, NULL);
    if (r == 0)
        r = take_orders(kitchen);
    (void)il_channel_close(&kitchen->orders);
    if (r < 0)
        il_group_cancel(&staff);
    closed = il_group_close(&staff);
    return r < 0 ? r : closed;
}

static int open_for_an_evening(void *arg)
{
    struct kitchen kitchen = { .opened = il_now() };
    int r = il_channel_init(&kitchen.orders, sizeof(struct order), 2);

    (void)arg;
    if (r < 0)
        return r;
    r = il_channel_init(&kitchen.dishes, sizeof(struct order), 0);
    if (r == 0)
        r = run_kitchen(&kitchen);
    il_channel_fini(&kitchen.dishes);
    il_channel_fini(&kitchen.orders);
    return r;
}

int main(void)
{
    int r = il_test_run(open_for_an_evening, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "24_channel: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
