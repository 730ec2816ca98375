/* SPDX-License-Identifier: MIT */

/* map.c - one function for many items, so many at a time.
 *
 * Each item is a task of its own, begun by the caller's, which waits for room in
 * between.  An item that ends makes room and wakes it.
 *
 * Rejected: as many tasks as may run, each of which takes one item after the
 * other.  That saves a few nanoseconds an item; but what an item leaves in its
 * task, such as a lock it forgot, would be found by the next one.
 *
 * Rejected: an item that begins the next one when it ends.  Where items end in
 * their first step, each would be on the stack of the one before. */

#include "config.h"

#include <interloop/combine.h>

#include "task/combine.h"

struct map {
    il_group group;
    il_task_fn *fn;
    char *items;
    size_t size;
    int *results; /* may be NULL */
    size_t n_running;
    size_t n_failed;
    bool goes_on;    /* after errors */
    il_task *waiter; /* the caller, while it waits for room */
};

/* Read in the first step, while it is there. */
struct runner {
    struct map *map;
    size_t index;
};

static int run_item(void *arg)
{
    struct runner me = *(struct runner *)arg;
    struct map *map = me.map;
    int result = map->fn(map->items + me.index * map->size);
    il_task *waiter = map->waiter;

    if (map->results)
        map->results[me.index] = result;
    map->n_failed += result < 0;
    map->n_running--;
    if (waiter) {
        map->waiter = NULL;
        ili_wake(waiter, 0);
    }
    return map->goes_on ? 0 : result;
}

static void stop_waiting(void *arg)
{
    ((struct map *)arg)->waiter = NULL;
}

/* Items that never suspend would keep the thread, all together. */
static int wait_for_room(struct map *map, size_t limit)
{
    il_task *task = map->group.scope.task;

    if (ili_must_pause(task))
        ili_pause(task);
    if (map->n_running < limit)
        return 0;
    map->waiter = task;

    return ili_park(stop_waiting, map, "room for the next item of a map");
}

static int begin_all(struct map *map, size_t n, size_t limit,
                     const il_site *site)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct runner runner = { map, i };

        r = wait_for_room(map, limit);
        if (r < 0)
            break;
        map->n_running++;
        r = il_spawn_at(&map->group, run_item, &runner, NULL, site);
    }
    return r;
}

static int run(struct map *map, size_t n, size_t limit, const il_site *site)
{
    int r;

    ILI_RETURN_IF_FAIL(map->items || n == 0, -EINVAL);
    ILI_RETURN_IF_FAIL(map->fn && limit > 0, -EINVAL);
    r = il_group_open(&map->group, 0);
    if (r < 0)
        return r;
    if (map->results)
        map->group.flags |= ILI_GROUP_SEES_ALL;
    for (size_t i = 0; map->results && i < n; i++)
        map->results[i] = -ECANCELED;
    return ili_group_finish(&map->group, begin_all(map, n, limit, site));
}

int il_map(void *items, size_t n, size_t size, size_t limit, il_task_fn *fn,
           int *ret_results)
{
    static const il_site site = { "il_map", __FILE__, __LINE__ };
    struct map map = {
        .fn = fn, .items = items, .size = size, .results = ret_results
    };

    return run(&map, n, limit, &site);
}

int il_map_all(void *items, size_t n, size_t size, size_t limit, il_task_fn *fn,
               int *ret_results)
{
    static const il_site site = { "il_map_all", __FILE__, __LINE__ };
    struct map map = { .fn = fn,
                       .items = items,
                       .size = size,
                       .results = ret_results,
                       .goes_on = true };
    int r = run(&map, n, limit, &site);

    return r < 0 ? r : ili_count(map.n_failed);
}
