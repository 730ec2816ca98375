/* SPDX-License-Identifier: MIT */

/* hand.c - tasks by hand; see hand.h. */

#include "hand.h"

#ifdef HAVE_HAND

#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STACK_SIZE 65536u
#define PAGE 4096u
#define COLOURS 16u
#define LINE 64u

hand_task *hand_current;

static hand_task main_task;
static hand_task *pool;
static hand_task *first;          /* of the queue */
static hand_task **last = &first; /* its last link */

static inline void queue(hand_task *task)
{
    task->next = NULL;
    *last = task;
    last = &task->next;
}

/* There is always somebody: if nobody else, then the main task. */
static inline hand_task *take(void)
{
    hand_task *task = first;

    first = task->next;
    if (!first)
        last = &first;
    hand_current = task;
    return task;
}

void hand_context_make(hand_context *context, void *top, void (*entry)(void))
{
    void **sp = (void **)((uintptr_t)top & ~(uintptr_t)15) - 1;

    *sp = NULL;
    context->sp = sp;
    context->fp = NULL;
    context->pc = (void *)(uintptr_t)entry;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                     : "=m"(context->mxcsr), "=m"(context->x87));
}

static void run_task(void)
{
    hand_task *me = hand_current;
    hand_task *to;

    me->result = me->fn(me->arg);
    me->done = 1;
    if (me->joiner)
        queue(me->joiner);
    to = me->starter;
    if (to)
        hand_current = to;
    else
        to = take();
    hand_switch(&me->context, &to->context);
}

void hand_begin(long n)
{
    size_t stride = STACK_SIZE + PAGE;
    char *p = mmap(NULL, stride * (size_t)n, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    BENCH_ASSERT(p != MAP_FAILED);
    (void)madvise(p, stride * (size_t)n, MADV_NOHUGEPAGE);
    for (long i = n; i-- > 0;) {
        char *top = p + (size_t)(i + 1) * stride - (size_t)i % COLOURS * LINE;
        hand_task *task =
            (hand_task *)((uintptr_t)(top - sizeof *task) & ~(uintptr_t)63);

        task->next = pool;
        pool = task;
    }
    hand_current = &main_task;
}

static inline hand_task *make(hand_fn *fn, void *arg)
{
    hand_task *task = pool;

    pool = task->next;
    task->fn = fn;
    task->arg = arg;
    task->starter = NULL;
    task->joiner = NULL;
    task->done = 0;
    hand_context_make(&task->context, task, run_task);
    return task;
}

hand_task *hand_spawn(hand_fn *fn, void *arg)
{
    hand_task *me = hand_current;
    hand_task *task = make(fn, arg);

    task->starter = me;
    hand_current = task;
    hand_switch(&me->context, &task->context);
    return task;
}

hand_task *hand_spawn_lazy(hand_fn *fn, void *arg)
{
    hand_task *task = make(fn, arg);

    queue(task);
    return task;
}

void hand_yield(void)
{
    hand_task *me = hand_current;
    hand_task *to;

    queue(me);
    to = take();
    if (to != me)
        hand_switch(&me->context, &to->context);
}

static __attribute__((noinline)) void suspend(void)
{
    hand_task *me = hand_current;
    hand_task *to = take();

    hand_switch(&me->context, &to->context);
}

long hand_join(hand_task *task)
{
    if (!task->done) {
        task->joiner = hand_current;
        suspend();
    }
    task->next = pool;
    pool = task;
    return task->result;
}

#endif
