/* SPDX-License-Identifier: MIT */

/* collect.c - all tasks, for a dump.
 *
 * Who has spawned whom is found by id.  What a task waits for has a list that it
 * is in: the one link of that which is in no task is the list's head, and that is
 * a part of the object.  So waiting need not write down what it waits for.  The
 * links that are in tasks are those that parked tasks would be detached by, and
 * that is looked up in an array; each list is gone round once or twice. */

#include "config.h"

#include "task/dump.h"

#include <errno.h>
#include <stdlib.h>

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = ((const struct ili_node *)a)->task->id;
    uint64_t y = ((const struct ili_node *)b)->task->id;

    return x < y ? -1 : x > y;
}

static size_t find(const ili_dump *dump, uint64_t id)
{
    size_t low = 0;
    size_t high = dump->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (dump->nodes[middle].task->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < dump->n && dump->nodes[low].task->id == id ? low : ILI_NO_NODE;
}

static void collect(ili_sched *sched, ili_dump *dump)
{
    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task))
        if (task->state != ILI_DONE)
            dump->nodes[dump->n++] =
                (struct ili_node){ task, false, ILI_NO_NODE, ILI_NO_NODE,
                                   ILI_NO_NODE };
    qsort(dump->nodes, dump->n, sizeof *dump->nodes, compare_ids);
}

/* From the last, so that children end up in the order of spawning. */
static void link_children(ili_dump *dump)
{
    for (size_t i = dump->n; i-- > 0;) {
        struct ili_node *node = &dump->nodes[i];

        node->parent = find(dump, node->task->parent);
        if (node->parent != ILI_NO_NODE) {
            node->next = dump->nodes[node->parent].first;
            dump->nodes[node->parent].first = i;
        }
    }
}

/* Few tasks are in their first step at a time, one inside the other. */
static void find_nested(ili_dump *dump)
{
    for (size_t i = 0; i < dump->n; i++) {
        const il_task *task = dump->nodes[i].task;

        for (size_t j = 0; task->is_eager && j < dump->n; j++)
            if (&dump->nodes[j].task->coro == task->return_to)
                dump->nodes[j].is_nested = true;
    }
}

/* --- lists ---------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct ili_place *)a)->node;
    uintptr_t y = (uintptr_t)((const struct ili_place *)b)->node;

    return x < y ? -1 : x > y;
}

static size_t count_nodes(const il_task *task)
{
    return ili_is_parked(task) ? ili_wait_count_nodes(task) : 0;
}

static int make_places(ili_dump *dump)
{
    size_t n = 1;

    for (size_t i = 0; i < dump->n; i++)
        n += count_nodes(dump->nodes[i].task);
    dump->places = malloc(n * sizeof *dump->places);
    return dump->places ? 0 : -ENOMEM;
}

static void collect_places(ili_dump *dump)
{
    for (size_t i = 0; i < dump->n; i++) {
        const il_task *task = dump->nodes[i].task;

        for (size_t k = 0; k < count_nodes(task); k++)
            dump->places[dump->n_places++] =
                (struct ili_place){ ili_wait_node(task, k), NULL };
    }
    qsort(dump->places, dump->n_places, sizeof *dump->places, compare_places);
}

static struct ili_place *place_of(const ili_dump *dump, const il_link *node)
{
    const struct ili_place key = { node, NULL };

    return bsearch(&key, dump->places, dump->n_places, sizeof key,
                   compare_places);
}

/* The one link that is in no task; if there are several, none: who else is in the
 * list is not known here. */
static const il_link *find_head(const ili_dump *dump, const il_link *node)
{
    const il_link *head = NULL;

    if (!node->next)
        return NULL;
    for (const il_link *link = node->next; link != node; link = link->next) {
        if (place_of(dump, link))
            continue;
        if (head)
            return NULL;
        head = link;
    }
    return head;
}

static const il_link *head_of(ili_dump *dump, const il_task *task)
{
    struct ili_place *place = task->abort_arg ? place_of(dump, task->abort_arg)
                                              : NULL;
    const il_link *head;

    if (!place || !ili_wait_is_in_list(task))
        return NULL;
    if (place->head)
        return place->head;
    head = find_head(dump, place->node);
    if (!head)
        return NULL;
    for (const il_link *link = head->next; link != head; link = link->next) {
        place = place_of(dump, link);
        if (place)
            place->head = head;
    }
    return head;
}

void ili_dump_wait(ili_dump *dump, const il_task *task, ili_wait *ret_wait)
{
    ili_wait_describe(task, head_of(dump, task), ret_wait);
}

/* --- the whole -------------------------------------------------------------------- */

static void forget(ili_dump *dump)
{
    free(dump->nodes);
    free(dump->places);
}

static int begin(ili_dump *dump)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    *dump = (ili_dump){ .now = ili_sched_now(sched) };
    dump->nodes = malloc((sched->n_tasks + 1) * sizeof *dump->nodes);
    if (!dump->nodes)
        return -ENOMEM;
    collect(sched, dump);
    if (make_places(dump) < 0) {
        forget(dump);
        return -ENOMEM;
    }
    link_children(dump);
    find_nested(dump);
    collect_places(dump);
    return 0;
}

int ili_dump_tasks(FILE *file, void (*print)(FILE *file, ili_dump *dump))
{
    ili_dump dump;
    int r;

    ILI_RETURN_IF_FAIL(file, -EINVAL);
    r = begin(&dump);
    if (r < 0)
        return r;
    print(file, &dump);
    forget(&dump);
    return (int)dump.n;
}

const char *ili_dump_state(const struct ili_node *node)
{
    static const char *const names[] = {
        [ILI_READY] = "ready",      [ILI_ASIDE] = "running",
        [ILI_PARKED] = "waits for", [ILI_SELECTING] = "waits for",
        [ILI_DONE] = "done",
    };

    if (node->is_nested)
        return "nested";
    return node->task == ili_current_task() ? "running"
                                            : names[node->task->state];
}
