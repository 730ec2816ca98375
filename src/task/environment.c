/* SPDX-License-Identifier: MIT */

/* environment.c - INTERLOOP_DEBUG, a list of words.
 *
 * A word that is not known is told of: debugging that was asked for and is not
 * there would be worse than noise. */

#include "config.h"

#include "task/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    unsigned flags;
} words[] = {
    { "0", 0 },
    { "1", IL_DEBUG_ALL },
    { "all", IL_DEBUG_ALL },
    { "cancel", IL_DEBUG_CANCEL },
    { "deadlock", IL_DEBUG_DEADLOCK },
    { "fatal", IL_DEBUG_FATAL },
    { "freed", IL_DEBUG_FREED },
    { "leaks", IL_DEBUG_LEAKS },
    { "locks", IL_DEBUG_LOCKS },
    { "slow", IL_DEBUG_SLOW },
    { "stack", IL_DEBUG_STACK },
};

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* "slow=20": in milliseconds. */
static bool take_limit(const char *text, size_t length, il_debug_limits *limits)
{
    char *end;
    unsigned long ms;

    if (length < 6 || strncmp(text, "slow=", 5) != 0 || text[5] < '0' ||
        text[5] > '9')
        return false;
    ms = strtoul(text + 5, &end, 10);
    if (end != text + length || ms == 0 || ms > 1000ul * 1000)
        return false;
    limits->step = IL_MS((double)ms);
    return true;
}

static unsigned take_word(const char *text, size_t length,
                          il_debug_limits *limits)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_word(text, length, words[i].word))
            return words[i].flags;
    if (take_limit(text, length, limits))
        return IL_DEBUG_SLOW;
    fprintf(stderr, "interloop: INTERLOOP_DEBUG: what is \"%.*s\"?\n",
            (int)(length < 40 ? length : 40), text);
    return 0;
}

unsigned ili_debug_parse(const char *text, il_debug_limits *limits)
{
    unsigned flags = 0;

    for (;;) {
        size_t length;

        text += strspn(text, ", ");
        length = strcspn(text, ", ");
        if (length == 0)
            return flags;
        flags |= take_word(text, length, limits);
        text += length;
    }
}
