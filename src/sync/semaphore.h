/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_SEMAPHORE_H
#define ILI_SYNC_SEMAPHORE_H

/* semaphore.h - what a select needs of semaphores.  A node in the queue has the
 * number of permits as its slot. */

#include <interloop/semaphore.h>

/* Whether somebody who comes now gets so many: 1, 0, or a mistake. */
int ili_semaphore_can(const il_semaphore *semaphore, size_t n);

/* Who can have what it wants gets it; to be called when one who waited has left
 * the queue. */
void ili_semaphore_serve(il_semaphore *semaphore);

#endif
