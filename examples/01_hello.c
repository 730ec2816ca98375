/* SPDX-License-Identifier: MIT */

/* 01_hello.c - two tasks and who runs when.
 *
 * A task starts inside the call that spawns it.  It runs until it waits for
 * the first time; then the task that spawned it goes on. */

#include <interloop/interloop.h>

#include <stdio.h>
#include <stdlib.h>

static int greet(void *arg)
{
    const char *name = arg;
    int r;

    printf("greet: hello, %s\n", name);
    r = il_yield();
    if (r < 0)
        return r;

    printf("greet: goodbye, %s\n", name);
    return 42;
}

static int hello(void *arg)
{
    char name[] = "world";
    il_task *task;
    int result;
    int r;

    (void)arg;
    printf("main:  spawning\n");
    r = il_spawn(NULL, greet, name, &task);
    if (r < 0)
        return r;

    printf("main:  waiting\n");
    r = il_task_join(task, &result);
    task = il_task_unref(task);
    if (r < 0)
        return r;

    printf("main:  the task returned %d\n", result);
    return 0;
}

int main(void)
{
    int r = il_run(hello, NULL);

    if (r < 0)
        fprintf(stderr, "01_hello: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
