/* SPDX-License-Identifier: MIT */

/* servers.c - tasks that say when they are ready. */

#include "servers.h"

int serve(void *arg)
{
    struct server *server = arg;
    int r;

    server->r = 1;
    server->said = 0x5eed;
    r = server->preparation ? il_sleep(server->preparation) : 0;
    if (r < 0)
        return r;
    if (server->failure)
        return server->failure;
    if (!server->is_silent)
        server->said = il_ready(&server->value);
    server->r = server->life ? il_sleep(server->life) : 0;
    return server->r < 0 ? server->r : server->result;
}
