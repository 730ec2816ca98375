/* SPDX-License-Identifier: MIT */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

/**
 * @file text.h
 * @brief Sizes for people.
 */

/** Room for what text_bytes() writes. */
#define TEXT_SIZE 24

/**
 * Write a number of bytes as KiB or MiB with one decimal.
 *
 * Not g_format_size(): its text changes its width between "998 bytes" and
 * "1.0 KiB", which makes a figure dance that changes twenty times a second.
 *
 * @return @p text.
 */
const char *text_bytes(char text[TEXT_SIZE], double bytes);

#endif
