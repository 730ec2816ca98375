/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CHOOSER_H
#define SUPPORT_CHOOSER_H

/* chooser.h - tasks that select, and channels of int. */

#include "channel_users.h"

#include <interloop/interloop.h>

#include <stddef.h>

/* A task that calls il_select() once and notes "name:index=result", or what the
 * select returned where no case fired. */
struct chooser {
    il_case *cases;
    size_t n;
    unsigned flags;
    const char *name; /* NULL: note nothing */
    int r;            /* 12345 until il_select() returned */
};
int choose_once(void *chooser);

/* Spawn one over an array of cases. */
#define CHOOSE(name, cases)                                                    \
    {                                                                          \
        (cases), sizeof(cases) / sizeof *(cases), 0, (name), 0                 \
    }

/* Nobody waits, and nothing is in it. */
void assert_idle(il_channel *channel);

#endif
