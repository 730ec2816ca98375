/* SPDX-License-Identifier: MIT */

/* dump.c - print the tree of tasks.
 *
 * Tasks know the id of who spawned them, not the task itself: that would keep
 * its stack alive.  So the tree is put together in collect.c.  It is walked
 * without recursion: a chain of spawns may be longer than a stack is deep. */

#include "config.h"

#include <interloop/dump.h>

#include "task/debug.h"
#include "task/dump.h"

#include <interloop/io.h>

#define DEEPEST_INDENT 16

static double seconds(il_time from, il_time to)
{
    return to > from ? (double)(to - from) / 1e9 : 0;
}

static void print_name(FILE *file, const il_task *task)
{
    for (const char *c = ili_task_name(task); *c; c++)
        fputc(ili_printed(*c), file);
}

static void print_quoted(FILE *file, const char *what, const il_task *task)
{
    fprintf(file, "%s '", what);
    print_name(file, task);
    fputc('\'', file);
}

static void print_wait(FILE *file, ili_dump *dump, const il_task *task)
{
    ili_wait wait;

    ili_dump_wait(dump, task, &wait);
    fprintf(file, " %s",
            task->waits_for == ili_noun_end ? "the end" : task->waits_for);
    if (wait.whom)
        print_quoted(file, " of", wait.whom);
    if (wait.n_tasks > 0)
        fprintf(file, " (%zu left)", wait.n_tasks);
    fprintf(file, " since %.3f s", seconds(task->since, dump->now));
    if (wait.until != IL_FOREVER)
        fprintf(file, " for %.3f s more", seconds(dump->now, wait.until));
    if (wait.object)
        fprintf(file, " at %p", wait.object);
    if (wait.fd >= 0)
        fprintf(file, ", fd %d to %s", wait.fd,
                wait.events == IL_READ    ? "read"
                : wait.events == IL_WRITE ? "write"
                                          : "read or write");
}

/* Of what it waits for the first. */
static void print_cases(FILE *file, const ili_dump *dump, const il_task *task)
{
    const char *separator = ":";
    ili_wait wait;

    for (size_t i = 0; ili_wait_case(task, i, &wait); i++) {
        if (!wait.object && !wait.whom && wait.fd < 0 &&
            wait.until == IL_FOREVER)
            continue; /* it is off */
        fputs(separator, file);
        if (wait.object)
            fprintf(file, " %p", wait.object);
        else if (wait.whom)
            print_quoted(file, " the end of", wait.whom);
        else if (wait.fd >= 0)
            fprintf(file, " fd %d", wait.fd);
        else
            fprintf(file, " %.3f s more", seconds(dump->now, wait.until));
        separator = ",";
    }
}

static void print_scopes(FILE *file, const ili_dump *dump, const il_task *task)
{
    bool shielded;
    il_time deadline = ili_scope_deadline(task, &shielded);

    if (task->cancelled)
        fprintf(file, ", %s",
                il_scope_is_timed_out(task->scope->cause) ? "timed out"
                                                          : "cancelled");
    if (task->cancelled && task->ignored > 0)
        fprintf(file, " and refused %u times", task->ignored);
    if (shielded)
        fputs(", shielded", file);
    if (deadline != IL_FOREVER && !task->cancelled)
        fprintf(file, ", deadline in %.3f s", seconds(dump->now, deadline));
}

/* Mostly a task is owned by a group of the task that spawned it, above which it
 * is printed. */
static void print_owner(FILE *file, const il_task *task)
{
    const il_task *owner = task->group->scope.task;

    if (owner && owner->id != task->parent)
        print_quoted(file, ", in a group of", owner);
    if (!owner && task->parent != 0)
        fputs(", in no group", file);
}

static void print_line(FILE *file, ili_dump *dump, const struct ili_node *node,
                       int depth)
{
    const il_task *task = node->task;
    const il_site *site = task->site;

    fprintf(file, "%*s", depth * 2, "");
    print_name(file, task);
    fprintf(file, ": %s", ili_dump_state(node));
    if (ili_is_parked(task)) {
        print_wait(file, dump, task);
        print_cases(file, dump, task);
    }
    print_scopes(file, dump, task);
    print_owner(file, task);
    if (ili_debugs(task->sched, IL_DEBUG_STACK))
        fprintf(file, ", stack %zu of %zu bytes", il_task_stack_used(task),
                il_task_stack_size(task));
    if (site && site->file)
        fprintf(file, " (%s:%u)", site->file, site->line);
    fputc('\n', file);
}

/* Print one root and all below it: down, else right, else up and right. */
static void print_tree(FILE *file, ili_dump *dump, size_t root)
{
    const struct ili_node *nodes = dump->nodes;
    size_t i = root;
    int depth = 0;

    for (;;) {
        print_line(file, dump, &nodes[i],
                   depth < DEEPEST_INDENT ? depth : DEEPEST_INDENT);
        if (nodes[i].first != ILI_NO_NODE) {
            i = nodes[i].first;
            depth++;
            continue;
        }
        while (i != root && nodes[i].next == ILI_NO_NODE) {
            i = nodes[i].parent;
            depth--;
        }
        if (i == root)
            return;
        i = nodes[i].next;
    }
}

static void print_trees(FILE *file, ili_dump *dump)
{
    for (size_t i = 0; i < dump->n; i++)
        if (dump->nodes[i].parent == ILI_NO_NODE)
            print_tree(file, dump, i);
}

int il_dump_tasks(FILE *file)
{
    return ili_dump_tasks(file, print_trees);
}
