/* SPDX-License-Identifier: MIT */

/* descriptors.c - count /proc/self/fd.
 *
 * GTK opens some descriptors late and keeps them: a message bus, a graphics
 * device.  On somebody's desktop only those that must be the demo's own can
 * therefore be blamed; in drive.sh, where there is neither, all of them. */

#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_ours(int dir, const char *name)
{
    char target[64];
    ssize_t n = readlinkat(dir, name, target, sizeof target - 1);
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;

    if (n < 0)
        return false;
    target[n] = '\0';
    if (strcmp(target, "anon_inode:[eventpoll]") == 0)
        return true;
    return getsockopt(atoi(name), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           domain == AF_INET;
}

void descriptors_look(struct descriptors *ret_descriptors)
{
    struct descriptors found = { 0, 0 };
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (!dir) {
        *ret_descriptors = (struct descriptors){ -1, -1 };
        return;
    }
    while ((entry = readdir(dir))) {
        /* Not the dots, and not the one that reads this. */
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
            continue;
        found.n++;
        found.n_ours += is_ours(dirfd(dir), entry->d_name);
    }
    (void)closedir(dir);
    *ret_descriptors = found;
}
