/* SPDX-License-Identifier: MIT */

/* rwlock_crowd.c - tasks that read and write. */

#include "rwlock_crowd.h"

#include <string.h>

static bool writes(const struct rwlock_user *u)
{
    return u->name[0] < 'a';
}

static int acquire(const struct rwlock_user *u)
{
    return writes(u) ? il_rwlock_acquire_write(u->rwlock)
                     : il_rwlock_acquire_read(u->rwlock);
}

static int release(const struct rwlock_user *u)
{
    return writes(u) ? il_rwlock_release_write(u->rwlock)
                     : il_rwlock_release_read(u->rwlock);
}

int use_rwlock(void *arg)
{
    struct rwlock_user *u = arg;

    u->r = 1;
    u->r = acquire(u);
    note("%s%s", u->name, u->r == 0 ? "" : "!");
    if (u->r < 0)
        return 0;
    CHECK((il_rwlock_get_writer(u->rwlock) == il_task_current()) == writes(u));
    CHECK((il_rwlock_count_readers(u->rwlock) > 0) != writes(u));
    CHECK_INT(il_sleep(IL_MS(10)), u->sleep_ends);
    CHECK_INT(release(u), 0);
    return 0;
}

void gather(struct crowd *crowd, il_rwlock *rwlock, const char *names)
{
    crowd->n = (int)strlen(names);
    for (int i = 0; i < crowd->n; i++) {
        crowd->names[i][0] = names[i];
        crowd->names[i][1] = '\0';
        crowd->users[i] =
            (struct rwlock_user){ .rwlock = rwlock, .name = crowd->names[i] };
        assert_int_equal(
            il_spawn(NULL, use_rwlock, &crowd->users[i], &crowd->tasks[i]), 0);
    }
}

void reap_all(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->n; i++)
        assert_int_equal(reap(crowd->tasks[i]), 0);
}

void assert_rwlock_free(il_rwlock *rwlock)
{
    assert_null(il_rwlock_get_writer(rwlock));
    assert_int_equal(il_rwlock_count_readers(rwlock), 0);
    assert_int_equal(il_rwlock_try_acquire_write(rwlock), 0);
    assert_int_equal(il_rwlock_release_write(rwlock), 0);
}
