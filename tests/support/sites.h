/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SITES_H
#define SUPPORT_SITES_H

/* sites.h - a task that selects among things of its loop and things that threads
 * share. */

#include "fixture.h"

struct site {
    il_shared_channel shared;
    il_shared_channel other;
    il_shared_future future;
    il_cancel_token token;
    il_channel local;
    il_event event;
};

void open_site(struct site *s, size_t capacity);
void close_site(struct site *s);

enum { SHARED, OTHER, FUTURE, TOKEN, LOCAL, EVENT, TIME, N_CASES };

/* A task that selects among all of them. */
struct site_user {
    struct site *site;
    int values[N_CASES];
    void *value;
    int which; /* -1 while it waits */
    int result;
    bool sends; /* into the channels */
};

struct site_user site_user(struct site *site);
il_task *start_site_user(struct site_user *me);

/* A main task: wait for another one to end. */
int join_site_user(void *task);

/* That one has fired with that result, and no other has touched its variable. */
void assert_site_fired(const struct site_user *me, int which, int result,
                       int value);

/* Without waiting. */
int site_give(il_shared_channel *channel, int value);
int site_take(il_shared_channel *channel); /* the element, or why not */
int site_give_local(struct site *s, int value);

/* Let one of them fire; what its variable then is. */
int let_site_fire(struct site *s, int which);

#endif
