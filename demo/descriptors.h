/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DESCRIPTORS_H
#define DEMO_DESCRIPTORS_H

/**
 * @file descriptors.h
 * @brief How many descriptors are open?
 */

/** A count.  Negative where /proc is not mounted. */
struct descriptors {
    int n;      /* all that are open */
    int n_ours; /* those that GTK never opens: TCP sockets and epoll */
};

/** Count. */
void descriptors_look(struct descriptors *ret_descriptors);

#endif
