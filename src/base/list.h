/* SPDX-License-Identifier: MIT */
#ifndef ILI_BASE_LIST_H
#define ILI_BASE_LIST_H

/* list.h - circular lists of nodes that live in other structs.
 *
 * A list is a link too: the head.  A node that is in no list has a NULL
 * `next`, so zeroed storage is a valid node; a head must be initialised, or
 * be used only with the _lazy functions, which do it on first use. */

#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>

typedef il_link ili_list;

#define ILI_CONTAINER(pointer, type, member)                                   \
    ((type *)((char *)(pointer)-offsetof(type, member)))

static inline void ili_list_init(ili_list *list)
{
    list->next = list->prev = list;
}

/* Whether a node is in a list. */
static inline bool ili_list_linked(const il_link *node)
{
    return node->next != NULL;
}

/* Whether a head has no nodes; a zeroed head counts as empty. */
static inline bool ili_list_empty(const ili_list *list)
{
    return list->next == list || list->next == NULL;
}

static inline void ili_list_insert_before(il_link *where, il_link *node)
{
    node->next = where;
    node->prev = where->prev;
    where->prev->next = node;
    where->prev = node;
}

static inline void ili_list_append(ili_list *list, il_link *node)
{
    ili_list_insert_before(list, node);
}

static inline void ili_list_prepend(ili_list *list, il_link *node)
{
    ili_list_insert_before(list->next, node);
}

static inline void ili_list_append_lazy(ili_list *list, il_link *node)
{
    if (list->next == NULL)
        ili_list_init(list);
    ili_list_append(list, node);
}

static inline void ili_list_remove(il_link *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = NULL;
}

/* Likewise, for a node of which it is known otherwise whether it is in a list:
 * it is not marked. */
static inline void ili_list_drop(il_link *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

/* The first node, taken off; NULL when empty. */
static inline il_link *ili_list_pop(ili_list *list)
{
    il_link *node = list->next;

    if (ili_list_empty(list))
        return NULL;
    ili_list_remove(node);
    return node;
}

#endif
