/* SPDX-License-Identifier: MIT */

/* listeners.c - tasks in scopes that listen to a token. */

#include "listeners.h"

#include "check.h"

struct listener listener(il_cancel_token *token)
{
    return (struct listener){ token, 1, 1, 1, false };
}

int wait_in_scope(void *arg)
{
    struct listener *l = arg;
    il_cancel_token_scope scope;

    CHECK_INT(il_cancel_token_enter(&scope, l->token), 0);
    l->waited = il_sleep(IL_FOREVER);
    l->was_cancelled = il_scope_is_cancelled(&scope.scope);
    l->left = il_cancel_token_leave(&scope, l->waited);
    l->next = il_yield();
    return 0;
}

void *cancel_token(void *token)
{
    CHECK_INT(il_cancel_token_cancel(token), 0);
    return NULL;
}
