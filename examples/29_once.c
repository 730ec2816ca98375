/* SPDX-License-Identifier: MIT */

/* 29_once.c - a phone book that is loaded when somebody looks into it.
 *
 * The first who asks loads it, the others wait for that.  It gives up, and its
 * loading with it; the next one in the queue loads it then, and all go on. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <stdio.h>
#include <stdlib.h>

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct book {
    il_once loaded;
    int n_entries;
};

struct reader {
    struct book *book;
    const char *name;
    il_time patience;
};

static int load(void *arg)
{
    struct reader *reader = arg;
    int r;

    printf("%3d ms  %s loads the book\n", since_start_ms(), reader->name);
    r = il_sleep(IL_MS(100));
    if (r < 0)
        return r;
    reader->book->n_entries = 1000;
    return 0;
}

static int look_up(void *arg)
{
    struct reader *reader = arg;
    int r = 0;

    IL_TIMEOUT (reader->patience, &r) {
        r = il_once_run(&reader->book->loaded, load, reader);
    }
    if (r < 0)
        printf("%3d ms  %s: %s\n", since_start_ms(), reader->name,
               il_strerror(r));
    else
        printf("%3d ms  %s has %d entries\n", since_start_ms(), reader->name,
               reader->book->n_entries);
    return 0;
}

static int read_book(void *arg)
{
    struct book book = { IL_ONCE_INIT, 0 };
    struct reader anna = { &book, "anna", IL_MS(50) };
    struct reader bert = { &book, "bert", IL_SEC(1) };
    struct reader cleo = { &book, "cleo", IL_SEC(1) };
    il_call calls[] = {
        { .fn = look_up, .arg = &anna },
        { .fn = look_up, .arg = &bert },
        { .fn = look_up, .arg = &cleo },
    };
    int r;

    (void)arg;
    start = il_now();
    r = il_gather(calls, 3);
    if (r == 0)
        r = look_up(&cleo); /* at once */
    return r;
}

int main(void)
{
    int r = il_test_run(read_book, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "29_once: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
