/* SPDX-License-Identifier: MIT */

/* test_explore_freed.c - what tasks wait for is ended and freed, in every order,
 * while they are cancelled.
 *
 * It is on the heap, so that AddressSanitizer sees who touches it afterwards.  Who
 * waits gets -EOWNERDEAD, or what it was granted before. */

#include "support/exploring.h"

#include <stdlib.h>
#include <string.h>

static const struct thing {
    const char *name;
    size_t size;
    int (*init)(void *thing);     /* so that whoever comes has to wait */
    int (*wait)(void *thing);     /* 0 or more: granted */
    void (*release)(void *thing); /* what was granted; NULL: nothing */
    void (*grant)(void *thing);   /* to one at least */
    void (*fini)(void *thing);
} * thing;

static struct {
    void *it; /* NULL: freed */
    int waited;
    int granted;
    int told; /* of its end */
    int cancelled;
} shop;

/* In all runs with a thing: each of these has to happen in some. */
static struct {
    int granted;
    int told;
    int cancelled;
} total;

/* --- things --------------------------------------------------------------------- */

static int do_nothing(void *it)
{
    (void)it;
    return 0;
}

static int init_lock(void *it)
{
    return il_lock_try_acquire(it); /* for code outside tasks */
}

static int wait_lock(void *it)
{
    return il_lock_acquire(it);
}

static void release_lock(void *it)
{
    HOLDS(il_lock_release(it) == 0);
}

static void give_lock(void *it)
{
    (void)it; /* by code outside tasks only: see below */
}

static void fini_lock(void *it)
{
    il_lock_fini(it);
}

static int wait_event(void *it)
{
    return il_event_wait(it);
}

static void set_event(void *it)
{
    HOLDS(il_event_set(it) == 0);
    il_event_clear(it);
}

static void fini_event(void *it)
{
    il_event_fini(it);
}

static int wait_semaphore(void *it)
{
    return il_semaphore_acquire(it, 1);
}

static void release_semaphore(void *it)
{
    HOLDS(il_semaphore_release(it, 1) == 0);
}

static void fini_semaphore(void *it)
{
    il_semaphore_fini(it);
}

static int init_rwlock(void *it)
{
    return il_rwlock_try_acquire_read(it);
}

static int wait_rwlock(void *it)
{
    return il_rwlock_acquire_write(it);
}

static void release_rwlock(void *it)
{
    HOLDS(il_rwlock_release_write(it) == 0);
}

static void give_rwlock(void *it)
{
    HOLDS(il_rwlock_release_read(it) == 0);
}

static void fini_rwlock(void *it)
{
    il_rwlock_fini(it);
}

static int init_barrier(void *it)
{
    *(il_barrier *)it = (il_barrier)IL_BARRIER_INIT(5);
    return 0;
}

static int wait_barrier(void *it)
{
    int r = il_barrier_wait(it);

    return r == -EPIPE ? 0 : r;
}

static void reset_barrier(void *it)
{
    HOLDS(il_barrier_reset(it) == 0);
}

static void fini_barrier(void *it)
{
    il_barrier_fini(it);
}

static int init_waitgroup(void *it)
{
    return il_waitgroup_add(it, 1);
}

static int wait_waitgroup(void *it)
{
    return il_waitgroup_wait(it);
}

static void done_waitgroup(void *it)
{
    HOLDS(il_waitgroup_done(it) == 0);
    HOLDS(il_waitgroup_add(it, 1) == 0);
}

static void fini_waitgroup(void *it)
{
    il_waitgroup_fini(it);
}

static int init_channel(void *it)
{
    return il_channel_init(it, sizeof(int), 0);
}

static int wait_channel(void *it)
{
    int value;

    return il_channel_receive(it, &value);
}

static void send_channel(void *it)
{
    int value = 1;
    int r = il_channel_try_send(it, &value);

    HOLDS(r == 0 || r == -EAGAIN);
}

static void fini_channel(void *it)
{
    il_channel_fini(it);
}

static int wait_future(void *it)
{
    return il_future_wait(it, NULL, NULL);
}

static void set_future(void *it)
{
    HOLDS(il_future_set(it, 0, NULL) == 0);
}

static void fini_future(void *it)
{
    il_future_fini(it);
}

struct pair {
    il_condition condition;
    il_lock lock;
};

static int wait_pair(void *it)
{
    struct pair *pair = it;
    int r = il_lock_acquire(&pair->lock);

    if (r < 0 || !shop.it) /* it was granted, and then both went */
        return r;
    r = il_condition_wait(&pair->condition, &pair->lock);
    if (r == -EOWNERDEAD)
        return r;
    if (shop.it) /* else the lock was lost when it was ended */
        HOLDS(il_lock_release(&pair->lock) == 0);
    return r;
}

static void notify_pair(void *it)
{
    HOLDS(il_condition_notify(&((struct pair *)it)->condition, 1) >= 0);
}

static void fini_pair(void *it)
{
    struct pair *pair = it;

    il_condition_fini(&pair->condition);
    il_lock_fini(&pair->lock);
}

static int init_queue(void *it)
{
    return il_queue_init(it, sizeof(int), 2);
}

static int wait_queue(void *it)
{
    int value;

    return il_queue_get(it, &value);
}

static void put_queue(void *it)
{
    int value = 1;

    HOLDS(il_queue_try_put(it, &value) == 0);
}

static void fini_queue(void *it)
{
    il_queue_fini(it);
}

static int init_watch(void *it)
{
    return il_watch_init(it, sizeof(int));
}

static int wait_watch(void *it)
{
    uint64_t version = 0;
    int value;

    return il_watch_next(it, &version, &value);
}

static void set_watch(void *it)
{
    int value = 1;

    HOLDS(il_watch_set(it, &value) == 0);
}

static void fini_watch(void *it)
{
    il_watch_fini(it);
}

static const struct thing things[] = {
    { "freed lock", sizeof(il_lock), init_lock, wait_lock, release_lock,
      give_lock, fini_lock },
    { "freed event", sizeof(il_event), do_nothing, wait_event, NULL, set_event,
      fini_event },
    { "freed semaphore", sizeof(il_semaphore), do_nothing, wait_semaphore,
      release_semaphore, release_semaphore, fini_semaphore },
    { "freed rwlock", sizeof(il_rwlock), init_rwlock, wait_rwlock,
      release_rwlock, give_rwlock, fini_rwlock },
    { "freed barrier", sizeof(il_barrier), init_barrier, wait_barrier, NULL,
      reset_barrier, fini_barrier },
    { "freed wait group", sizeof(il_waitgroup), init_waitgroup, wait_waitgroup,
      NULL, done_waitgroup, fini_waitgroup },
    { "freed channel", sizeof(il_channel), init_channel, wait_channel, NULL,
      send_channel, fini_channel },
    { "freed future", sizeof(il_future), do_nothing, wait_future, NULL,
      set_future, fini_future },
    { "freed condition", sizeof(struct pair), do_nothing, wait_pair, NULL,
      notify_pair, fini_pair },
    { "freed queue", sizeof(il_queue), init_queue, wait_queue, NULL, put_queue,
      fini_queue },
    { "freed watch", sizeof(il_watch), init_watch, wait_watch, NULL, set_watch,
      fini_watch },
};

/* --- the scenario ----------------------------------------------------------------- */

static int shop_setup(void *arg)
{
    (void)arg;
    memset(&shop, 0, sizeof shop);
    shop.it = calloc(1, thing->size);
    return shop.it ? thing->init(shop.it) : -ENOMEM;
}

static int wait_for_it(void *arg)
{
    int r;

    (void)arg;
    (void)il_yield();
    if (!shop.it)
        return 0;
    shop.waited++;
    r = thing->wait(shop.it);
    HOLDS(r >= 0 || r == -EOWNERDEAD || r == -ECANCELED);
    shop.granted += r >= 0;
    shop.told += r == -EOWNERDEAD;
    shop.cancelled += r == -ECANCELED;
    if (r >= 0 && shop.it && thing->release)
        thing->release(shop.it);
    HOLDS(r != -EOWNERDEAD || !shop.it);
    return r == -ECANCELED ? r : 0;
}

static int grant_it(void *arg)
{
    (void)arg;
    (void)il_yield();
    if (shop.it)
        thing->grant(shop.it);
    return 0;
}

static int free_it(void *arg)
{
    (void)arg;
    (void)il_yield();
    (void)il_yield();
    thing->fini(shop.it);
    free(shop.it);
    shop.it = NULL;
    return 0;
}

static int shop_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(!shop.it);
    HOLDS(shop.granted + shop.told + shop.cancelled == shop.waited);
    HOLDS(shop.cancelled <= 1);
    total.granted += shop.granted;
    total.told += shop.told;
    total.cancelled += shop.cancelled;
    return verdict();
}

static void test_explore_things_that_are_freed_while_waited_for(void **state)
{
    struct cast cast = { { wait_for_it, wait_for_it, grant_it, free_it },
                         4,
                         0 };

    (void)state;
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        const il_test_scenario scenario = { .name = things[i].name,
                                            .body = play,
                                            .arg = &cast,
                                            .setup = shop_setup,
                                            .check = shop_check };

        thing = &things[i];
        memset(&total, 0, sizeof total);
        explore_some(&scenario, 1000);
        for (cast.victim = 0; cast.victim < 2; cast.victim++)
            inject_all(&scenario, 1);
        cast.victim = i % 2;
        assert_true(total.told > 10 && total.cancelled > 10);
        assert_true(total.granted > 10 || thing->grant == give_lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_things_that_are_freed_while_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
