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

#include <errno.h>

#define DEEPEST_INDENT 16

static double seconds(il_time from, il_time to)
{
    return to > from ? (double)(to - from) / 1e9 : 0;
}

static void print_wait(FILE *file, ili_dump *dump, const il_task *task)
{
    ili_wait wait;

    ili_dump_wait(dump, task, &wait);
    fprintf(file, " %s",
            task->waits_for == ili_noun_end ? "the end" : task->waits_for);
    if (wait.whom)
        fprintf(file, " of '%s'", ili_task_name(wait.whom));
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
        fprintf(file, ", in a group of '%s'", ili_task_name(owner));
    if (!owner && task->parent != 0)
        fputs(", in no group", file);
}

static void print_line(FILE *file, ili_dump *dump, const struct ili_node *node,
                       int depth)
{
    const il_task *task = node->task;
    const il_site *site = task->site;

    fprintf(file, "%*s%s: %s", depth * 2, "", ili_task_name(task),
            ili_dump_state(node));
    if (ili_is_parked(task))
        print_wait(file, dump, task);
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

int il_dump_tasks(FILE *file)
{
    ili_dump dump;
    int r;

    ILI_RETURN_IF_FAIL(file, -EINVAL);
    r = ili_dump_begin(&dump);
    if (r < 0)
        return r;
    for (size_t i = 0; i < dump.n; i++)
        if (dump.nodes[i].parent == ILI_NO_NODE)
            print_tree(file, &dump, i);
    ili_dump_end(&dump);
    return (int)dump.n;
}

/* --- for programs ---------------------------------------------------------------- */

static void json_string(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":\"", key);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < ' ')
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void json_wait(FILE *file, ili_dump *dump, const il_task *task)
{
    ili_wait wait;

    ili_dump_wait(dump, task, &wait);
    json_string(file, "waits_for", task->waits_for);
    fprintf(file, ",\"since_ns\":%lld",
            (long long)(dump->now > task->since ? dump->now - task->since : 0));
    if (wait.object)
        fprintf(file, ",\"object\":\"%p\"", wait.object);
    if (wait.whom)
        fprintf(file, ",\"whom\":%llu", (unsigned long long)wait.whom->id);
    if (wait.fd >= 0)
        fprintf(file, ",\"fd\":%d,\"events\":%d", wait.fd, wait.events);
    if (wait.n_tasks > 0)
        fprintf(file, ",\"tasks\":%zu", wait.n_tasks);
    if (wait.until != IL_FOREVER)
        fprintf(file, ",\"left_ns\":%lld", (long long)(wait.until - dump->now));
}

static void json_task(FILE *file, ili_dump *dump, const struct ili_node *node)
{
    const il_task *task = node->task;
    const il_task *owner = task->group->scope.task;
    bool shielded;
    il_time deadline = ili_scope_deadline(task, &shielded);

    fprintf(file, "{\"id\":%llu", (unsigned long long)task->id);
    json_string(file, "name", ili_task_name(task));
    json_string(file, "state",
                ili_is_parked(task) ? "waiting" : ili_dump_state(node));
    if (ili_is_parked(task))
        json_wait(file, dump, task);
    if (task->parent != 0)
        fprintf(file, ",\"parent\":%llu", (unsigned long long)task->parent);
    if (owner)
        fprintf(file, ",\"group_of\":%llu", (unsigned long long)owner->id);
    if (task->cancelled)
        fprintf(file, ",\"cancelled\":true,\"refused\":%u", task->ignored);
    if (shielded)
        fputs(",\"shielded\":true", file);
    if (deadline != IL_FOREVER)
        fprintf(file, ",\"deadline_ns\":%lld",
                (long long)(deadline - dump->now));
    fprintf(file, ",\"stack_used\":%zu,\"stack_size\":%zu",
            il_task_stack_used(task), il_task_stack_size(task));
    if (task->site && task->site->file) {
        json_string(file, "file", task->site->file);
        fprintf(file, ",\"line\":%u", task->site->line);
    }
    fputc('}', file);
}

int il_dump_tasks_json(FILE *file)
{
    ili_dump dump;
    int r;

    ILI_RETURN_IF_FAIL(file, -EINVAL);
    r = ili_dump_begin(&dump);
    if (r < 0)
        return r;
    fputc('[', file);
    for (size_t i = 0; i < dump.n; i++) {
        fputs(i > 0 ? ",\n" : "\n", file);
        json_task(file, &dump, &dump.nodes[i]);
    }
    fputs(dump.n > 0 ? "\n]\n" : "]\n", file);
    ili_dump_end(&dump);
    return (int)dump.n;
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
