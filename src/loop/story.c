/* SPDX-License-Identifier: MIT */

/* story.c - what happened in a run, step by step.
 *
 * Names are copied, since a task may be gone when the story is told. */

#include "config.h"

#include "loop/story.h"

#include <stdlib.h>
#include <string.h>

/* The end is what one looks for. */
#define TOLD 60u

void ili_story_add(ili_story *story, struct ili_story_step step,
                   const char *name)
{
    if (story->n == story->room) {
        size_t room = story->room > 0 ? story->room * 2 : 64;
        struct ili_story_step *steps =
            realloc(story->steps, room * sizeof *steps);

        if (!steps)
            return;
        story->steps = steps;
        story->room = room;
    }
    (void)snprintf(step.name, sizeof step.name, "%s", name);
    story->steps[story->n++] = step;
}

static void tell_step(const struct ili_story_step *step, FILE *file)
{
    switch (step->event) {
    case ILI_EVENT_TASK:
        fprintf(file, "#%u %s", step->number, step->name);
        if (step->noun)
            fprintf(file, ", which has waited for %s", step->noun);
        if (step->n > 1)
            fprintf(file, "  [%u of %u]", step->chosen + 1, step->n);
        break;
    case ILI_EVENT_CALLBACK:
        fprintf(file, "a callback");
        break;
    case ILI_EVENT_CANCEL:
        fprintf(file, "** #%u %s is cancelled", step->number, step->name);
        break;
    case ILI_EVENT_DEADLINE:
        fprintf(file, "** a deadline of #%u %s passes", step->number,
                step->name);
        break;
    case ILI_EVENT_DELAY:
        fprintf(file, "** time passes");
        break;
    case ILI_EVENT_PAUSE:
        fprintf(file, "** the next step stops at operation %u", step->chosen);
        break;
    }
}

void ili_story_tell(const ili_story *story, FILE *file)
{
    size_t i = story->n > TOLD ? story->n - TOLD : 0;

    if (i > 0)
        fprintf(file, "     (%zu steps before)\n", i);
    for (; i < story->n; i++) {
        fprintf(file, "%4zu  ", i + 1);
        tell_step(&story->steps[i], file);
        fputc('\n', file);
    }
}

void ili_story_fini(ili_story *story)
{
    free(story->steps);
    *story = (ili_story){ 0 };
}
