/* SPDX-License-Identifier: MIT */
#ifndef DEMO_CONTENT_H
#define DEMO_CONTENT_H

/**
 * @file content.h
 * @brief The files that the demo's server serves.
 *
 * They exist nowhere: every byte follows from its file and its offset, so the
 * server needs no disk and the client can check every byte it gets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A file to download. */
struct content {
    const char *name;
    uint64_t size; /* bytes */
    uint64_t seed;
};

#define CONTENT_N 6

/** All of them, in the order of the window's rows. */
extern const struct content content_files[CONTENT_N];

/** Find a file by name; NULL if there is none. */
const struct content *content_find(const char *name);

/** Make a part of a file. */
void content_fill(const struct content *file, uint64_t offset, void *buffer,
                  size_t size);

/** Whether a part of a file is what it should be. */
bool content_matches(const struct content *file, uint64_t offset,
                     const void *buffer, size_t size);

#endif
