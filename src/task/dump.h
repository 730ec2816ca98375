/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_DUMP_H
#define ILI_TASK_DUMP_H

/* dump.h - what is printed of tasks, in whatever form. */

#include "task/task.h"

#include <stdio.h>

#define ILI_NO_NODE ((size_t)-1)

/* A task in the tree of who has spawned whom. */
struct ili_node {
    const il_task *task;
    bool is_nested; /* a task that it spawned is in its first step */
    size_t parent;  /* index, or ILI_NO_NODE */
    size_t first;   /* child, likewise */
    size_t next;    /* sibling, likewise */
};

/* A parked task's place in a list. */
struct ili_place {
    const il_link *node;
    const il_link *head; /* of the list; NULL: not looked for, or not known */
};

typedef struct ili_dump {
    struct ili_node *nodes; /* in the order of spawning, hence sorted by id */
    size_t n;
    struct ili_place *places; /* sorted by node */
    size_t n_places;
    il_time now;
} ili_dump;

/* Have all tasks of this thread printed.  How many there are, or a negative errno. */
int ili_dump_tasks(FILE *file, void (*print)(FILE *file, ili_dump *dump));

/* What is printed for a character of a name or the like, which may not end a line
 * and tell a terminal what to do. */
static inline char ili_printed(char c)
{
    return ((unsigned char)c < ' ' || c == 0x7f) ? '?' : c;
}

const char *ili_dump_state(const struct ili_node *node);

/* --- what a task waits for -------------------------------------------------------- */

typedef struct ili_wait {
    const void *object;  /* NULL: not known */
    const il_task *whom; /* its owner, or whose end it is; NULL: nobody's */
    int fd;              /* negative: it is none */
    int events;          /* then IL_READ, IL_WRITE */
    il_time until;       /* IL_FOREVER: until somebody does something */
    size_t n_tasks;      /* that are left in a group; 0: it is no group */
} ili_wait;

/* Of a parked task of the dump. */
void ili_dump_wait(ili_dump *dump, const il_task *task, ili_wait *ret_wait);

/* When the task's waits are cancelled at the latest; IL_FOREVER: never.
 * `*ret_shielded`: only then. */
il_time ili_scope_deadline(const il_task *task, bool *ret_shielded);

/* --- implemented in sync/describe.c, which knows what there is to wait for -------- */

/* Whether a parked task is in a list with the node that is its abort_arg. */
bool ili_wait_is_in_list(const il_task *task);

/* The nodes with which a parked task is in lists; one, or one for each thing of
 * which it waits for the first. */
size_t ili_wait_count_nodes(const il_task *task);
const il_link *ili_wait_node(const il_task *task, size_t i);

/* One of the things of which a parked task waits for the first.  False: there are
 * not so many, or it waits for one thing. */
bool ili_wait_case(const il_task *task, size_t i, ili_wait *ret_wait);

/* What a parked task waits for, if `head` is the list that it is in, or NULL. */
void ili_wait_describe(const il_task *task, const il_link *head,
                       ili_wait *ret_wait);

/* Whether only tasks and callbacks of this loop can end its wait. */
bool ili_wait_is_inner(const il_task *task);

#endif
