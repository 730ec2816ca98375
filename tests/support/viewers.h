/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_VIEWERS_H
#define SUPPORT_VIEWERS_H

/* viewers.h - watch channels of numbers, and who watches. */

#include <interloop/interloop.h>

struct viewer {
    il_watch *watch;
    const char *name;
    uint64_t seen;
    int value;
    int wants; /* so many */
    int r;     /* of the last wait; 1 while it waits */
};

/* A task with a struct viewer; notes its name, each value and its version. */
int view(void *arg);

void make_watch(il_watch *watch);
void set_watch(il_watch *watch, int value);

#endif
