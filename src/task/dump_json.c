/* SPDX-License-Identifier: MIT */

/* dump_json.c - all tasks, printed for programs: what a task does not have is left
 * out. */

#include "config.h"

#include <interloop/debug.h>
#include <interloop/dump.h>

#include "task/dump.h"

#include <errno.h>

/* How many of these bytes are one character of UTF-8; 0: they are none.  Those that
 * are longer than need be are not, nor halves of pairs or what lies beyond. */
static int utf8_length(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    unsigned low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    int n = c[0] < 0x80   ? 1
            : c[0] < 0xc2 ? 0
            : c[0] < 0xe0 ? 2
            : c[0] < 0xf0 ? 3
            : c[0] < 0xf5 ? 4
                          : 0;

    for (int i = 1; i < n; i++) {
        if (c[i] < low || c[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return n;
}

/* A name may be any bytes. */
static void json_string(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":\"", key);
    while (*text) {
        unsigned char c = (unsigned char)*text;
        int n = utf8_length(text);

        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < ' ')
            fprintf(file, "\\u%04x", c);
        else if (n == 0)
            fputs("\\ufffd", file);
        else
            fprintf(file, "%.*s", n, text);
        text += n > 0 ? n : 1;
    }
    fputc('"', file);
}

/* What there is to say of a wait, or of one of several. */
static void json_what(FILE *file, const ili_dump *dump, const ili_wait *wait)
{
    if (wait->object)
        fprintf(file, ",\"object\":\"%p\"", wait->object);
    if (wait->whom)
        fprintf(file, ",\"whom\":%llu", (unsigned long long)wait->whom->id);
    if (wait->fd >= 0)
        fprintf(file, ",\"fd\":%d,\"events\":%d", wait->fd, wait->events);
    if (wait->n_tasks > 0)
        fprintf(file, ",\"tasks\":%zu", wait->n_tasks);
    if (wait->until != IL_FOREVER)
        fprintf(file, ",\"left_ns\":%lld",
                (long long)(wait->until - dump->now));
}

static void json_cases(FILE *file, const ili_dump *dump, const il_task *task)
{
    ili_wait wait;

    if (!ili_wait_case(task, 0, &wait))
        return;
    fputs(",\"cases\":[", file);
    for (size_t i = 0; ili_wait_case(task, i, &wait); i++) {
        fprintf(file, "%s{\"index\":%zu", i > 0 ? "," : "", i);
        json_what(file, dump, &wait);
        fputc('}', file);
    }
    fputc(']', file);
}

static void json_wait(FILE *file, ili_dump *dump, const il_task *task)
{
    ili_wait wait;

    ili_dump_wait(dump, task, &wait);
    json_string(file, "waits_for", task->waits_for);
    fprintf(file, ",\"since_ns\":%lld",
            (long long)(dump->now > task->since ? dump->now - task->since : 0));
    json_what(file, dump, &wait);
    json_cases(file, dump, task);
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

static void json_tasks(FILE *file, ili_dump *dump)
{
    fputc('[', file);
    for (size_t i = 0; i < dump->n; i++) {
        fputs(i > 0 ? ",\n" : "\n", file);
        json_task(file, dump, &dump->nodes[i]);
    }
    fputs(dump->n > 0 ? "\n]\n" : "]\n", file);
}

int il_dump_tasks_json(FILE *file)
{
    return ili_dump_tasks(file, json_tasks);
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
