/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_DUMP_TEXT_H
#define SUPPORT_DUMP_TEXT_H

/* dump_text.h - what a dump says. */

#include "fixture.h"

#include <stdio.h>

/* Dump; fails the test unless so many tasks are in it. */
void dump_as(int (*print)(FILE *file), int expected);

/* Dump however many there are. */
void dump_now(void);

/* The last dump. */
const char *dumped(void);

/* Whether it has these words; with an address behind them, and others. */
bool has(const char *words);
bool has_at(const char *before, const void *object, const char *after);

/* teardown() and forget the dump. */
int teardown_text(void **state);

/* Tasks that wait for the object. */
int on_event(void *arg);
int on_lock(void *arg);

#endif
