/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RWLOCK_CROWD_H
#define SUPPORT_RWLOCK_CROWD_H

/* rwlock_crowd.h - tasks that read and write. */

#include "fixture.h"

struct rwlock_user {
    il_rwlock *rwlock;
    const char *name; /* with a capital: writes */
    int r;            /* of acquiring; 1 while it waits */
    int sleep_ends;   /* what the sleep with the lock has to return */
};

/* A task with a struct rwlock_user: have it for 10 ms. */
int use_rwlock(void *arg);

/* A crowd of users, one for each letter. */
struct crowd {
    struct rwlock_user users[10];
    il_task *tasks[10];
    char names[10][2];
    int n;
};

void gather(struct crowd *crowd, il_rwlock *rwlock, const char *names);
void reap_all(const struct crowd *crowd);

/* Nobody has it, anybody could. */
void assert_rwlock_free(il_rwlock *rwlock);

#endif
