/* SPDX-License-Identifier: MIT */

/* 49_auto.c - who declares it need not think of its end.
 *
 * A function that begins a lot and may return in the midst of it, because
 * something failed or because its task was cancelled: descriptors, locks, timers
 * and whole groups of tasks end with their variables, the latest first.  As
 * g_auto() and g_autoptr() do for GLib's types. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Types of yours can do that, too. */
typedef struct box {
    const char *label;
} box;

static box *box_new(const char *label)
{
    box *b = malloc(sizeof *b);

    if (b)
        b->label = label;
    return b;
}

static void box_free(box *b)
{
    printf("  box of %s: gone\n", b->label);
    free(b);
}

IL_AUTOPTR_DEFINE(box, box_free)

static int fill(void *arg)
{
    int r = il_sleep(*(const il_time *)arg);

    printf("  a worker %s\n", r < 0 ? "was cancelled" : "is done");
    return r;
}

/* Owned by the caller. */
static int pack(il_lock *table, const char *what, il_time takes, box **ret_box)
{
    il_auto(il_lock_guard) guard = IL_LOCK_GUARD_INIT;
    il_autoptr(box) b = box_new(what);
    il_auto(il_group) workers = { 0 };
    il_time slow = IL_MS(30);
    int r;

    if (!b)
        return -ENOMEM;
    r = il_lock_guard_acquire(&guard, table);
    if (r < 0)
        return r;
    r = il_group_open(&workers, 0);
    if (r == 0)
        r = il_spawn(&workers, fill, &takes, NULL);
    if (r == 0)
        r = il_spawn(&workers, fill, &slow, NULL);
    if (r < 0)
        return r;
    if (takes > IL_MS(50))
        return -E2BIG; /* nobody is left at work, the table is free */
    r = il_group_close(&workers);
    if (r < 0)
        return r;
    *ret_box = IL_STEAL(&b);
    return 0;
}

static void show(const char *what, il_time takes, il_time patience)
{
    il_auto(il_lock) table = IL_LOCK_INIT;
    il_autoptr(box) b = NULL;
    int r = 0;

    printf("%s\n", what);
    IL_TIMEOUT (patience, &r) {
        r = pack(&table, what, takes, &b);
    }
    printf("  %s, the table is %s\n", il_strerror(r),
           il_lock_is_held(&table) ? "taken" : "free");
}

static int run_shop(void *arg)
{
    (void)arg;
    show("apples", IL_MS(10), IL_FOREVER);
    show("melons", IL_MS(100), IL_FOREVER);
    show("nuts", IL_MS(50), IL_MS(40));
    return 0;
}

int main(void)
{
    int r = il_test_run(run_shop, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "49_auto: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
