/* SPDX-License-Identifier: MIT */

/* text.c - see text.h; it is not more than that. */

#include "text.h"

#include <stdio.h>

const char *text_bytes(char text[TEXT_SIZE], double bytes)
{
    if (bytes < 1000 * 1024)
        (void)snprintf(text, TEXT_SIZE, "%.1f KiB", bytes / 1024);
    else
        (void)snprintf(text, TEXT_SIZE, "%.1f MiB", bytes / (1024 * 1024));
    return text;
}
