/* SPDX-License-Identifier: MIT */

/* content.c - files made of arithmetic.
 *
 * Word i of a file is a hash of the file's seed and i, so any part can be made
 * alone, and a part that arrives twice, shifted or not at all is noticed. */

#include "content.h"

#include <string.h>

#define KIB(n) ((uint64_t)(n)*1024)

const struct content content_files[CONTENT_N] = {
    { "harbour-map.svg", KIB(448), 1 },      { "tide-tables.pdf", KIB(896), 2 },
    { "gulls-at-dawn.flac", KIB(2048), 3 },  { "lighthouse.png", KIB(1280), 4 },
    { "night-crossing.webm", KIB(3072), 5 }, { "logbook.txt", KIB(192), 6 },
};

/* The finaliser of splitmix64. */
static uint64_t word_at(uint64_t seed, uint64_t index)
{
    uint64_t z = seed * UINT64_C(0xd1342543de82ef95) +
                 (index + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

const struct content *content_find(const char *name)
{
    for (size_t i = 0; i < CONTENT_N; i++) {
        if (strcmp(content_files[i].name, name) == 0)
            return &content_files[i];
    }
    return NULL;
}

void content_fill(const struct content *file, uint64_t offset, void *buffer,
                  size_t size)
{
    unsigned char *out = buffer;

    while (size > 0) {
        uint64_t word = word_at(file->seed, offset / 8);
        size_t skip = offset % 8;
        size_t n = 8 - skip < size ? 8 - skip : size;

        for (size_t i = 0; i < n; i++)
            *out++ = (unsigned char)(word >> (8 * (skip + i)));
        offset += n;
        size -= n;
    }
}

bool content_matches(const struct content *file, uint64_t offset,
                     const void *buffer, size_t size)
{
    const unsigned char *in = buffer;
    unsigned char expected[1024];

    while (size > 0) {
        size_t n = size < sizeof expected ? size : sizeof expected;

        content_fill(file, offset, expected, n);
        if (memcmp(in, expected, n) != 0)
            return false;
        in += n;
        offset += n;
        size -= n;
    }
    return true;
}
