/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_LISTENERS_H
#define SUPPORT_LISTENERS_H

/* listeners.h - tasks in scopes that listen to a token. */

#include <interloop/interloop.h>

struct listener {
    il_cancel_token *token;
    int waited; /* what its wait came to */
    int left;   /* and the scope */
    int next;   /* a yield after that */
    bool was_cancelled;
};

struct listener listener(il_cancel_token *token);

/* A task with a struct listener: wait until its scope is cancelled. */
int wait_in_scope(void *arg);

/* A thread that cancels a token. */
void *cancel_token(void *token);

#endif
