/* SPDX-License-Identifier: MIT */

/* dump.c - print the tree of tasks.
 *
 * Tasks know the id of who spawned them, not the task itself: that would keep
 * its stack alive.  So the tree is put together here.  It is walked without
 * recursion: a chain of spawns may be longer than a stack is deep. */

#include "config.h"

#include <interloop/dump.h>

#include "task/hold.h"
#include "task/task.h"

#include <errno.h>
#include <stdlib.h>

#define NONE ((size_t)-1)
#define DEEPEST_INDENT 16

struct node {
    const il_task *task;
    bool is_nested; /* a task that it spawned is in its first step */
    size_t parent;  /* index, or NONE */
    size_t first;   /* child, or NONE */
    size_t next;    /* sibling, or NONE */
};

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct node *)a)->task->id;
    uint64_t y = ((const struct node *)b)->task->id;

    return x < y ? -1 : x > y;
}

/* Nodes are in the order of spawning, hence sorted by id. */
static size_t find(const struct node *nodes, size_t n, uint64_t id)
{
    size_t low = 0;
    size_t high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (nodes[middle].task->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && nodes[low].task->id == id ? low : NONE;
}

static size_t collect(ili_sched *sched, struct node *nodes)
{
    size_t n = 0;

    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task))
        if (task->state != ILI_DONE)
            nodes[n++] = (struct node){ task, false, NONE, NONE, NONE };
    qsort(nodes, n, sizeof *nodes, compare);
    /* From the last, so that children end up in the order of spawning. */
    for (size_t i = n; i-- > 0;) {
        size_t parent = find(nodes, n, nodes[i].task->parent);

        nodes[i].parent = parent;
        if (parent != NONE) {
            nodes[i].next = nodes[parent].first;
            nodes[parent].first = i;
        }
    }
    return n;
}

/* Few tasks are in their first step at a time, one inside the other. */
static void find_nested(struct node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; nodes[i].task->is_eager && j < n; j++)
            if (&nodes[j].task->coro == nodes[i].task->return_to)
                nodes[j].is_nested = true;
}

static const char *state_name(const struct node *node)
{
    static const char *const names[] = {
        [ILI_READY] = "ready",
        [ILI_ASIDE] = "running",
        [ILI_PARKED] = "waits for",
        [ILI_DONE] = "done",
    };

    if (node->is_nested)
        return "nested";
    return node->task == ili_current_task() ? "running"
                                            : names[node->task->state];
}

static void print_line(FILE *file, const struct node *node, int depth,
                       il_time now)
{
    const il_task *task = node->task;
    const il_site *site = task->site;

    fprintf(file, "%*s%s: %s", depth * 2, "", ili_task_name(task),
            state_name(node));
    if (task->state == ILI_PARKED) {
        il_time since = now > task->since ? now - task->since : 0;

        const il_task *owner = ili_waits_for_whom(task);

        fprintf(file, " %s", task->waits_for);
        if (owner)
            fprintf(file, " of '%s'", ili_task_name(owner));
        fprintf(file, " since %.3f s", (double)since / 1e9);
    }
    if (task->cancelled)
        fputs(", cancelled", file);
    if (site && site->file)
        fprintf(file, " (%s:%u)", site->file, site->line);
    fputc('\n', file);
}

/* Print one root and all below it: down, else right, else up and right. */
static void print_tree(FILE *file, const struct node *nodes, size_t root,
                       il_time now)
{
    size_t i = root;
    int depth = 0;

    for (;;) {
        print_line(file, &nodes[i],
                   depth < DEEPEST_INDENT ? depth : DEEPEST_INDENT, now);
        if (nodes[i].first != NONE) {
            i = nodes[i].first;
            depth++;
            continue;
        }
        while (i != root && nodes[i].next == NONE) {
            i = nodes[i].parent;
            depth--;
        }
        if (i == root)
            return;
        i = nodes[i].next;
    }
}

int il_dump_tasks(FILE *file)
{
    ili_sched *sched = ili_sched_current;
    struct node *nodes;
    size_t n;

    ILI_RETURN_IF_FAIL(file, -EINVAL);
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    nodes = malloc((sched->n_tasks + 1) * sizeof *nodes);
    if (!nodes)
        return -ENOMEM;
    n = collect(sched, nodes);
    find_nested(nodes, n);
    for (size_t i = 0; i < n; i++)
        if (nodes[i].parent == NONE)
            print_tree(file, nodes, i, ili_sched_now(sched));
    free(nodes);
    return (int)n;
}

int il_loop_get_tasks(il_loop *loop, il_task **ret_tasks, size_t capacity)
{
    ili_sched *sched = ili_sched_current;
    size_t n = 0;

    ILI_RETURN_IF_FAIL(loop && sched == ili_sched_of(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(ret_tasks || capacity == 0, -EINVAL);
    for (il_task *task = ili_task_after(sched, NULL); task && n < capacity;
         task = ili_task_after(sched, task))
        if (task->state != ILI_DONE)
            ret_tasks[n++] = il_task_ref(task);
    return (int)sched->n_tasks;
}
