/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SERVERS_H
#define SUPPORT_SERVERS_H

/* servers.h - tasks that say when they are ready. */

#include <interloop/interloop.h>

struct server {
    il_time preparation;
    il_time life;   /* after it is ready */
    int value;      /* its address is what it gives */
    int failure;    /* before it is ready; 0: none */
    int result;     /* after it */
    bool is_silent; /* never says that it is ready */
    int said;       /* what il_ready() came to */
    int r;          /* what its life came to; 1 until then */
};

/* A task with a struct server. */
int serve(void *arg);

#endif
