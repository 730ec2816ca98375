/* SPDX-License-Identifier: MIT */

/* debug.c - debug mode: on and off, and how its reports reach somebody.
 *
 * A loop gets its room for debugging when it is switched on for the first time,
 * and keeps it: who holds a pointer into it need not know of a switch.
 *
 * Notes are told by one item in the ready queue, in their order, outside every
 * task.  When there is no room, the newest are lost and counted: the first
 * mistakes tell more. */

#include "config.h"

#include "task/debug.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_FLAGS (IL_DEBUG_ALL | IL_DEBUG_FATAL)

static const il_debug_limits usual = { .step = IL_MS(100),
                                       .blocked = IL_SEC(5),
                                       .cancel = IL_SEC(1),
                                       .n_refused = 10,
                                       .stack_percent = 80 };

/* What il_set_debug() has chosen; the environment decides until then. */
#define UNCHOSEN UINT32_MAX
static atomic_uint chosen = UNCHOSEN;

/* --- reports ------------------------------------------------------------------ */

static void name_it(const il_task *task, struct ili_note *note)
{
    const il_site *site = task ? task->site : NULL;
    const char *name = task ? ili_task_name(task) : "(no task)";

    (void)snprintf(note->name, sizeof note->name, "%s", name);
    note->file = site && site->file ? site->file : "?";
    note->line = site ? site->line : 0;
    note->waits_for = task && ili_is_parked(task) ? task->waits_for : NULL;
}

static void tell(ili_sched *sched, const struct ili_note *note)
{
    const il_report report = { .kind = note->kind,
                               .error = note->error,
                               .task_name = note->name,
                               .file = note->file,
                               .line = note->line,
                               .message = note->message,
                               .waits_for = note->waits_for,
                               .details = note->details[0] ? note->details
                                                           : NULL,
                               .duration = note->duration };

    ili_report_tell(sched, &report);
}

/* Tell the oldest note, and see that the others are told.  The handler may do
 * what is noted next. */
static void tell_first(il_item *item)
{
    ili_debug *debug = ILI_CONTAINER(item, ili_debug, item);
    ili_sched *sched = ili_sched_current;
    struct ili_note note = debug->notes[0];
    size_t length = strlen(note.details);

    debug->n_notes--;
    memmove(debug->notes, debug->notes + 1,
            debug->n_notes * sizeof debug->notes[0]);
    if (debug->n_notes > 0 && !sched->closed) {
        ili_sched_queue(sched, item);
    } else if (debug->n_lost > 0) {
        (void)snprintf(note.details + length, sizeof note.details - length,
                       "%s%u later reports were lost", length > 0 ? "; " : "",
                       debug->n_lost);
        debug->n_lost = 0;
    }
    tell(sched, &note);
}

static __attribute__((format(printf, 6, 0))) void
write_note(struct ili_note *note, const il_task *task, il_report_kind kind,
           int error, const char *message, const char *format,
           va_list arguments)
{
    name_it(task, note);
    note->kind = kind;
    note->error = error;
    note->message = message;
    note->duration = 0;
    (void)vsnprintf(note->details, sizeof note->details, format, arguments);
}

struct ili_note *ili_debug_note(ili_sched *sched, const il_task *task,
                                il_report_kind kind, int error,
                                const char *message, const char *format, ...)
{
    ili_debug *debug = sched->debug;
    struct ili_note *note;
    va_list arguments;

    if (debug->n_notes == ILI_NOTES) {
        debug->n_lost++;
        return NULL;
    }
    note = &debug->notes[debug->n_notes++];
    va_start(arguments, format);
    write_note(note, task, kind, error, message, format, arguments);
    va_end(arguments);
    if (!ili_list_linked(&debug->item.link)) {
        debug->item.run = tell_first;
        ili_sched_queue(sched, &debug->item);
    }
    return note;
}

void ili_debug_tell(ili_sched *sched, const il_task *task, il_report_kind kind,
                    int error, const char *message, const char *format, ...)
{
    struct ili_note note;
    va_list arguments;

    va_start(arguments, format);
    write_note(&note, task, kind, error, message, format, arguments);
    va_end(arguments);
    tell(sched, &note);
}

/* --- what is rare enough to be seen to here ------------------------------------- */

void ili_debug_freed(ili_sched *sched, const il_task *first, size_t n)
{
    (void)ili_debug_note(sched, first, IL_REPORT_FREED, -EOWNERDEAD,
                         "what a task waited for was ended",
                         "%zu task%s waited for it", n, n == 1 ? "" : "s");
}

void ili_debug_not_owner(ili_sched *sched, const il_task *owner, int error)
{
    const il_task *task = sched->current;
    const char *message = error == -EPERM ? "released by who does not own it"
                                          : "acquired by who owns it already";

    if (owner && owner != task)
        (void)ili_debug_note(sched, task, IL_REPORT_NOT_OWNER, error, message,
                             "'%s' owns it", ili_task_name(owner));
    else
        (void)ili_debug_note(sched, task, IL_REPORT_NOT_OWNER, error, message,
                             "%s", "");
}

/* What it has been told of is forgotten when it is cancelled anew. */
bool ili_debug_refused(il_task *task)
{
    const ili_debug *debug = task->sched->debug;
    il_time now = ili_debug_now();

    if (task->refused_since == 0)
        task->refused_since = now;
    if (task->refused_since == IL_FOREVER)
        return true;
    if (!(debug->flags & IL_DEBUG_CANCEL) ||
        (task->ignored < debug->limits.n_refused &&
         now - task->refused_since < debug->limits.cancel))
        return false;
    (void)ili_debug_note(task->sched, task, IL_REPORT_IGNORED_CANCEL,
                         -ECANCELED, "task goes on though it is cancelled",
                         "refused to wait %u times in %.3f s", task->ignored,
                         (double)(now - task->refused_since) / 1e9);
    task->refused_since = IL_FOREVER;
    return true;
}

void ili_debug_never_ran(const il_task *task)
{
    if (task->sched->root.scope.cause)
        (void)ili_debug_note(task->sched, task, IL_REPORT_LEAK, -ECANCELED,
                             "task was spawned, but the loop closed first",
                             "its body never ran");
}

void ili_debug_leaves(ili_sched *sched, il_task *task)
{
    ili_step_end(sched, task);
    ili_highwater_look(sched, task, false);
    if (task->state == ILI_PARKED && sched->debug->flags & IL_DEBUG_DEADLOCK)
        ili_circle_look(sched, task);
}

void ili_debug_ends(ili_sched *sched, il_task *task)
{
    ili_step_end(sched, task);
    ili_highwater_look(sched, task, true);
    if (sched->debug->flags & IL_DEBUG_LEAKS)
        ili_list_append(&sched->debug->ended, &task->pending);
}

/* --- on and off ------------------------------------------------------------------ */

static void forget_ended(ili_debug *debug)
{
    while (ili_list_pop(&debug->ended) != NULL)
        continue;
}

static int make(ili_sched *sched)
{
    ili_debug *debug = calloc(1, sizeof *debug);

    if (!debug)
        return -ENOMEM;
    debug->limits = usual;
    ili_list_init(&debug->ended);
    sched->debug = debug;
    return 0;
}

static int set_flags(ili_sched *sched, unsigned flags)
{
    if (!sched->debug && flags == 0)
        return 0;
    if (!sched->debug && make(sched) < 0)
        return -ENOMEM;
    sched->debug->flags = flags;
    sched->debug->step = NULL; /* whatever is on was not seen to begin */
    if (!(flags & IL_DEBUG_LEAKS))
        forget_ended(sched->debug);
    ili_sched_set_minded(sched);
    ili_arena_watch(sched->arena,
                    (flags & (IL_DEBUG_STACK | IL_DEBUG_LEAKS)) != 0);
    return 0;
}

int ili_debug_begin(ili_sched *sched)
{
    unsigned flags = atomic_load(&chosen);
    il_debug_limits limits = usual;
    const char *text = flags == UNCHOSEN ? secure_getenv("INTERLOOP_DEBUG")
                                         : NULL;
    int r;

    if (flags == UNCHOSEN)
        flags = text ? ili_debug_parse(text, &limits) : 0;
    r = set_flags(sched, flags);
    if (r == 0 && sched->debug)
        sched->debug->limits = limits;
    return r;
}

int ili_debug_test(ili_sched *sched)
{
    unsigned flags = sched->debug ? sched->debug->flags : 0;

    return set_flags(sched, flags | ILI_DEBUG_BLOCKED);
}

static void tell_of_leaks(ili_sched *sched)
{
    il_link *link;

    while ((link = ili_list_pop(&sched->debug->ended)) != NULL) {
        il_task *task = ILI_CONTAINER(link, il_task, pending);

        ili_debug_tell(sched, task, IL_REPORT_LEAK,
                       task->unheard && !task->joined ? task->result : 0,
                       "task has ended, but a reference to it was not dropped",
                       "%u reference%s", task->refs,
                       task->refs == 1 ? "" : "s");
    }
}

void ili_debug_end(ili_sched *sched)
{
    ili_debug *debug = sched->debug;

    if (!debug)
        return;
    if (debug->flags & IL_DEBUG_LEAKS)
        tell_of_leaks(sched);
    while (debug->n_notes > 0)
        tell_first(&debug->item);
    sched->debug = NULL;
    free(debug);
}

int il_set_debug(unsigned flags)
{
    ILI_RETURN_IF_FAIL((flags & ~ALL_FLAGS) == 0, -EINVAL);
    atomic_store(&chosen, flags);
    return 0;
}

static int check(const il_loop *loop)
{
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!ili_sched_of((il_loop *)loop)->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_sched_current == ili_sched_of((il_loop *)loop),
                       -ESRCH);
    return 0;
}

int il_loop_set_debug(il_loop *loop, unsigned flags)
{
    ili_sched *sched = ili_sched_of(loop);
    int r = check(loop);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL((flags & ~ALL_FLAGS) == 0, -EINVAL);
    flags |= sched->debug ? sched->debug->flags & ILI_DEBUG_BLOCKED : 0;
    return set_flags(sched, flags);
}

unsigned il_loop_get_debug(const il_loop *loop)
{
    const ili_sched *sched = (const ili_sched *)loop;

    return sched && sched->debug ? sched->debug->flags & ALL_FLAGS : 0;
}

static il_time time_or(il_time limit, il_time otherwise)
{
    return limit > 0 ? limit : otherwise;
}

static unsigned number_or(unsigned limit, unsigned otherwise)
{
    return limit > 0 ? limit : otherwise;
}

int il_loop_set_debug_limits(il_loop *loop, const il_debug_limits *limits)
{
    static const il_debug_limits none;
    ili_sched *sched = ili_sched_of(loop);
    int r = check(loop);

    if (r < 0)
        return r;
    if (!limits)
        limits = &none;
    ILI_RETURN_IF_FAIL(limits->step >= 0 && limits->blocked >= 0 &&
                           limits->cancel >= 0 && limits->stack_percent <= 100,
                       -EINVAL);
    if (!sched->debug && make(sched) < 0)
        return -ENOMEM;
    sched->debug->limits = (il_debug_limits){
        .step = time_or(limits->step, usual.step),
        .blocked = time_or(limits->blocked, usual.blocked),
        .cancel = time_or(limits->cancel, usual.cancel),
        .n_refused = number_or(limits->n_refused, usual.n_refused),
        .stack_percent = number_or(limits->stack_percent, usual.stack_percent),
    };
    return 0;
}
