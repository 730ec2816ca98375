/* SPDX-License-Identifier: MIT */

/* dump_text.c - what a dump says. */

#include "dump_text.h"

#include <stdlib.h>
#include <string.h>

static char *text;

static int dump_by(int (*print)(FILE *file))
{
    size_t size = 0;
    FILE *file;
    int n;

    free(text);
    text = NULL;
    file = open_memstream(&text, &size);
    assert_non_null(file);
    n = print(file);
    assert_int_equal(fclose(file), 0);
    return n;
}

void dump_as(int (*print)(FILE *file), int expected)
{
    assert_int_equal(dump_by(print), expected);
}

void dump_now(void)
{
    assert_true(dump_by(il_dump_tasks) >= 0);
}

const char *dumped(void)
{
    return text;
}

bool has(const char *words)
{
    return strstr(text, words) != NULL;
}

bool has_at(const char *before, const void *object, const char *after)
{
    char words[160];

    (void)snprintf(words, sizeof words, "%s%p%s", before, object, after);
    return has(words);
}

int teardown_text(void **state)
{
    free(text);
    text = NULL;
    return teardown(state);
}

int on_event(void *arg)
{
    return il_event_wait(arg);
}

int on_lock(void *arg)
{
    return il_lock_acquire(arg);
}
