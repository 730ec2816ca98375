/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_STORY_H
#define ILI_LOOP_STORY_H

/* story.h - what happened in a run, step by step, to be told if it fails. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum ili_event {
    ILI_EVENT_TASK,     /* a task ran */
    ILI_EVENT_CALLBACK, /* a callback ran */
    ILI_EVENT_CANCEL,   /* the victim was cancelled */
    ILI_EVENT_DEADLINE, /* a deadline of the victim passed */
    ILI_EVENT_DELAY,    /* time passed, though tasks were ready */
    ILI_EVENT_PAUSE,    /* in the step that follows, at its nth operation */
};

struct ili_story_step {
    enum ili_event event;
    unsigned chosen; /* this one of n, counted from 0; or the nth operation */
    unsigned n;
    const char *noun; /* what it had waited for; NULL: nothing.  A constant */
    char name[24];    /* of the task */
    unsigned number;  /* of the task in this run; 1 is the main task */
};

typedef struct ili_story {
    struct ili_story_step *steps;
    size_t n;
    size_t room;
} ili_story;

/* Note what happens next.  Without memory it is left out. */
void ili_story_add(ili_story *story, struct ili_story_step step,
                   const char *name);

void ili_story_tell(const ili_story *story, FILE *file);
void ili_story_fini(ili_story *story);

#endif
