/* SPDX-License-Identifier: MIT */

/* 58_shared_ends.c - several threads look for something, one hears of it.
 *
 * Three plain threads and a task of another loop look for perfect numbers, each
 * in a range of its own.  Each has a sender.  Whoever is done drops it, and with
 * the last one the search is over: nobody counts threads.
 *
 * The other way round: who has heard enough drops the receiver, and those who
 * still look find that nobody listens. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_SEEKERS = 4, EACH = 2500 };

struct seeker {
    il_shared_sender found; /* of int; goes to the seeker */
    int first;
};

static atomic_int n_unheard; /* seekers that nobody listened to */

static bool is_perfect(int number)
{
    int sum = 0;

    for (int i = 1; i <= number / 2; i++)
        if (number % i == 0)
            sum += i;
    return sum == number;
}

/* A task's body, and what a plain thread runs. */
static int seek(void *arg)
{
    const struct seeker *me = arg;
    il_auto(il_shared_sender) found = me->found;
    int r = 0;

    for (int i = me->first; i < me->first + EACH && r == 0; i++)
        if (is_perfect(i))
            r = il_shared_sender_send(&found, &i, IL_FOREVER);
    if (r == -EPIPE)
        atomic_fetch_add(&n_unheard, 1);
    return r == -EPIPE ? 0 : r;
}

static void *seek_in_thread(void *seeker)
{
    (void)seek(seeker);
    return NULL;
}

static void *seek_in_loop(void *seeker)
{
    (void)il_run(seek, seeker);
    return NULL;
}

/* Hears of all of them. */
static int listen_to(void *arg)
{
    il_shared_receiver *found = arg;
    int sum = 0;
    int number;
    int r;

    while ((r = il_shared_receiver_receive(found, &number, IL_FOREVER)) == 0)
        sum += number;
    printf("%s; the numbers add up to %d\n",
           r == -EPIPE ? "nobody looks any more" : il_strerror(r), sum);
    return 0;
}

static int listen_once(void *arg)
{
    il_shared_receiver *found = arg;
    int number;
    int r = il_shared_receiver_receive(found, &number, IL_FOREVER);

    if (r == 0)
        printf("one will do\n");
    il_shared_receiver_drop(found);
    return r;
}

static int search(il_task_fn *listen)
{
    struct seeker seekers[N_SEEKERS];
    pthread_t threads[N_SEEKERS];
    il_shared_sender tx;
    il_shared_receiver rx;
    int r = il_shared_channel_open(sizeof(int), 0, &tx, &rx);

    if (r < 0)
        return r;
    for (int i = 0; i < N_SEEKERS; i++) {
        seekers[i].first = 1 + i * EACH;
        if (il_shared_sender_clone(&tx, &seekers[i].found) < 0 ||
            pthread_create(&threads[i], NULL,
                           i == 0 ? seek_in_loop : seek_in_thread,
                           &seekers[i]) != 0)
            exit(EXIT_FAILURE);
    }
    il_shared_sender_drop(&tx); /* the seekers have theirs */
    r = il_run(listen, &rx);
    il_shared_receiver_drop(&rx);
    for (int i = 0; i < N_SEEKERS; i++)
        (void)pthread_join(threads[i], NULL);
    return r;
}

int main(void)
{
    int r = search(listen_to);

    if (r == 0)
        r = search(listen_once);
    if (r == 0 && atomic_load(&n_unheard) > 0)
        printf("somebody found another one, and nobody listened\n");
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
