/* SPDX-License-Identifier: MIT */

/* scenarios_fd.c - descriptors that come and go while they are waited for.
 *
 * Other threads open descriptors meanwhile, so a number that is closed here
 * and opened again is one that the kernel does not give out by itself. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <fcntl.h>
#include <unistd.h>

static int wait_to_read(void *arg)
{
    return il_wait_fd(*(int *)arg, IL_READ);
}

/* Join and drop. */
static int end_of(il_task *task)
{
    int result = 99;

    CHECK_INT(il_task_join(task, &result), 0);
    il_task_unref(task);
    return result;
}

static int close_wakes_who_waits(void *arg)
{
    il_task *task;
    int fds[2];

    (void)arg;
    for (int i = 0; i < 2; i++) {
        open_pipe(fds);
        CHECK_INT(il_spawn(NULL, wait_to_read, &fds[0], &task), 0);
        if (i > 0) /* once before and once after the kernel knows of it */
            CHECK_INT(il_sleep(IL_US(100)), 0);
        CHECK_INT(il_close(fds[0]), 0);
        CHECK_INT(end_of(task), -EBADF);
        CHECK_INT(il_close(fds[1]), 0);
    }
    return 0;
}

static int closed_number_serves_again(void *arg)
{
    int number = own_number();
    il_task *task;
    int fds[2];
    char byte;

    (void)arg;
    for (int i = 0; i < 4; i++) {
        open_pipe(fds);
        CHECK_INT(dup3(fds[0], number, O_CLOEXEC), number);
        CHECK_INT(il_spawn(NULL, wait_to_read, &number, &task), 0);
        CHECK_INT(il_sleep(IL_US(100)), 0);
        CHECK(!il_task_is_done(task));
        CHECK_INT(il_write(fds[1], "x", 1), 1);
        CHECK_INT(end_of(task), IL_READ);
        CHECK_INT(il_read(number, &byte, 1), 1);
        CHECK_INT(il_close(number), 0);
        close_both(fds);
    }
    return 0;
}

/* Closed with close() and opened again while nobody waited: the kernel has
 * forgotten what it was told, and the loop has to find out. */
static int number_changed_behind_our_back(void *arg)
{
    int number = own_number();
    il_task *task;
    int old[2], new[2];

    (void)arg;
    open_pipe(old);
    open_pipe(new);
    CHECK_INT(dup3(old[0], number, O_CLOEXEC), number);
    CHECK_INT(il_write(old[1], "x", 1), 1);
    CHECK_INT(il_wait_fd(number, IL_READ), IL_READ);
    close_both(old);
    CHECK_INT(dup3(new[0], number, O_CLOEXEC), number);

    CHECK_INT(il_spawn(NULL, wait_to_read, &number, &task), 0);
    CHECK_INT(il_sleep(IL_US(100)), 0);
    CHECK(!il_task_is_done(task));
    CHECK_INT(il_write(new[1], "y", 1), 1);
    CHECK_INT(end_of(task), IL_READ);
    CHECK_INT(il_close(number), 0);
    close_both(new);
    return 0;
}

static int direction_has_one_waiter(void *arg)
{
    il_task *task;
    int fds[2];
    char byte;

    (void)arg;
    open_pair(fds);
    CHECK_INT(il_spawn(NULL, wait_to_read, &fds[0], &task), 0);
    CHECK_INT(il_wait_fd(fds[0], IL_READ), -EBUSY);
    CHECK_INT(il_wait_fd(fds[0], IL_READ | IL_WRITE), -EBUSY);
    CHECK_INT(il_read(fds[0], &byte, 1), -EBUSY);
    CHECK_INT(il_wait_fd(fds[0], IL_WRITE), IL_WRITE);
    CHECK_INT(il_write(fds[1], "x", 1), 1);
    CHECK_INT(end_of(task), IL_READ);
    CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ);
    close_both(fds);
    return 0;
}

static int bad_descriptors_are_refused(void *arg)
{
    int number = own_number(); /* nobody has opened it */
    int fds[2];
    char byte = 0;

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_wait_fd(-1, IL_READ), -EBADF);
    CHECK_INT(il_wait_fd(number, IL_READ), -EBADF);
    CHECK_INT(il_read(number, &byte, 1), -EBADF);
    CHECK_INT(il_write(number, &byte, 1), -EBADF);
    CHECK_INT(il_close(number), -EBADF);
    CHECK_INT(il_close(-1), -EBADF);
    CHECK_INT(il_wait_fd(fds[0], 0), -EINVAL);
    CHECK_INT(il_wait_fd(fds[0], 64), -EINVAL);
    CHECK_INT(il_write(fds[0], &byte, 1), -EBADF);
    close_both(fds);
    return 0;
}

static int cancelled_wait_harms_nothing(void *arg)
{
    il_task *task;
    int fds[2];
    char byte = 0;

    (void)arg;
    open_pipe(fds);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_spawn(NULL, wait_to_read, &fds[0], &task), 0);
        CHECK_INT(i == 1 ? il_sleep(IL_US(100)) : 0, 0);
        CHECK_INT(il_task_cancel(task), 0);
        CHECK_INT(end_of(task), -ECANCELED);
    }
    CHECK_INT(il_spawn(NULL, wait_to_read, &fds[0], &task), 0);
    CHECK_INT(il_write(fds[1], "x", 1), 1);
    CHECK_INT(end_of(task), IL_READ);
    CHECK_INT(il_read(fds[0], &byte, 1), 1);
    close_both(fds);
    return 0;
}

static int readiness_before_the_wait_counts(void *arg)
{
    int fds[2];

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_write(fds[1], "x", 1), 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ);
    CHECK_INT(il_close(fds[1]), 0);
    fds[1] = -1;
    (void)drain(fds[0]);
    CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ); /* the end */
    close_both(fds);
    return 0;
}

static int read_one(void *arg)
{
    char byte = 0;

    CHECK_INT(il_read(*(int *)arg, &byte, 1), 1);
    CHECK_INT(byte, 'x');
    return 0;
}

static int many_descriptors_are_watched(void *arg)
{
    enum { N = 25 };
    int fds[N][2];
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < N; i++) {
        open_pipe(fds[i]);
        CHECK_INT(il_spawn(&group, read_one, &fds[i][0], NULL), 0);
    }
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_group_count(&group), N);
    for (int i = N - 1; i >= 0; i--)
        CHECK_INT(il_write(fds[i][1], "x", 1), 1);
    CHECK_INT(il_group_close(&group), 0);
    for (int i = 0; i < N; i++)
        close_both(fds[i]);
    return 0;
}

/* What is ready but not read must not keep the loop awake. */
static int unread_data_costs_nothing(void *arg)
{
    int fds[2];
    char byte;
    il_time before;

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_spawn_lazy(NULL, read_one, &fds[0], NULL), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_write(fds[1], "xyz", 3), 3);
    CHECK_INT(il_sleep(IL_US(200)), 0);
    before = thread_time();
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK(thread_time() - before < IL_MS(5));
    CHECK_INT(il_read(fds[0], &byte, 1), 1);
    CHECK_INT(byte, 'y');
    close_both(fds);
    return 0;
}

const struct scenario scenarios_fd[] = {
    { "a close wakes who waits", close_wakes_who_waits },
    { "a closed number serves again", closed_number_serves_again },
    { "a number changed behind our back is noticed",
      number_changed_behind_our_back },
    { "a direction has one waiter", direction_has_one_waiter },
    { "bad descriptors are refused", bad_descriptors_are_refused },
    { "a cancelled wait harms nothing", cancelled_wait_harms_nothing },
    { "readiness before the wait counts", readiness_before_the_wait_counts },
    { "many descriptors are watched", many_descriptors_are_watched },
    { "unread data costs nothing", unread_data_costs_nothing },
    { NULL, NULL },
};
