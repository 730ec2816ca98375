/* SPDX-License-Identifier: MIT */

/* test_explore_locks.c - locks, conditions and read-write locks in every order,
 * cancelled everywhere.
 *
 * At no moment two tasks are inside; who comes first is served first; in the end
 * all is free and everybody has come to an end, or the tool says who waits. */

#include "support/exploring.h"

#include <string.h>

/* --- locks -------------------------------------------------------------------- */

static struct {
    il_lock lock;
    struct queue queue;
    int inside;
    int served;
    int refused;
} house;

static int house_setup(void *arg)
{
    (void)arg;
    memset(&house, 0, sizeof house);
    return 0;
}

static int visit(void *arg)
{
    int ticket;
    int r;

    (void)arg;
    (void)il_yield(); /* they come in any order */
    ticket = take_ticket(&house.queue);
    r = il_lock_acquire(&house.lock);
    use_ticket(&house.queue, ticket, r);
    if (r < 0) {
        HOLDS(r == -ECANCELED);
        house.refused++;
        return r;
    }
    HOLDS(house.inside++ == 0);
    HOLDS(il_lock_get_owner(&house.lock) == il_task_current());
    r = il_yield();
    HOLDS(il_lock_get_owner(&house.lock) == il_task_current());
    HOLDS(--house.inside == 0);
    HOLDS(il_lock_release(&house.lock) == 0);
    HOLDS(il_lock_get_owner(&house.lock) != il_task_current());
    house.served++;
    return r;
}

/* The second of three is the victim: it has to wait, and others wait behind. */
static int let_three_visit(void *arg)
{
    il_group group;
    il_task *victim;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, visit, arg, NULL) == 0);
    HOLDS(il_spawn(&group, visit, arg, &victim) == 0);
    HOLDS(il_test_set_victim(victim) == 0);
    HOLDS(il_spawn(&group, visit, arg, NULL) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(victim);
    return r;
}

static int house_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(house.served + house.refused == 3);
    HOLDS(house.refused <= 1);
    HOLDS(!il_lock_is_held(&house.lock));
    HOLDS(il_lock_try_acquire(&house.lock) == 0);
    HOLDS(il_lock_release(&house.lock) == 0);
    return verdict();
}

static const il_test_scenario visits = { .name = "lock",
                                         .body = let_three_visit,
                                         .setup = house_setup,
                                         .check = house_check };

static void test_explore_lock_is_never_held_twice(void **state)
{
    (void)state;
    explore_all(&visits);
}

static void test_inject_lock_waiter_may_go_at_any_time(void **state)
{
    (void)state;
    inject_all(&visits, 2);
}

/* Releases and wants it again at once. */
static int visit_twice(void *arg)
{
    (void)il_yield();
    for (int i = 0; i < 2; i++) {
        int ticket = take_ticket(&house.queue);
        int r = il_lock_acquire(&house.lock);

        use_ticket(&house.queue, ticket, r);
        if (r < 0)
            return r;
        HOLDS(house.inside++ == 0);
        r = i == 0 ? il_yield() : 0;
        HOLDS(--house.inside == 0);
        HOLDS(il_lock_release(&house.lock) == 0);
    }
    (void)arg;
    house.served++;
    return 0;
}

static int let_two_compete(void *arg)
{
    il_call calls[] = { { .fn = visit_twice, .arg = arg },
                        { .fn = visit_twice, .arg = arg } };

    return il_gather(calls, 2);
}

static int contest_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0 || result == -ECANCELED || result == -ETIMEDOUT);
    HOLDS(result < 0 || house.served == 2);
    HOLDS(!il_lock_is_held(&house.lock));
    return verdict();
}

static const il_test_scenario contest = { .name = "lock contest",
                                          .body = let_two_compete,
                                          .setup = house_setup,
                                          .check = contest_check };

static void test_explore_lock_bpo_32734_lets_nobody_overtake(void **state)
{
    (void)state;
    explore_all(&contest);
    inject_all(&contest, 1);
}

/* --- conditions --------------------------------------------------------------- */

/* Two cooks put dishes on a board, two waiters take them; all under one lock. */
static struct {
    il_lock lock;
    il_condition condition;
    int dishes;
    int inside;
    int taken;
    int gone; /* waiters that gave up */
} board;

static int board_setup(void *arg)
{
    (void)arg;
    memset(&board, 0, sizeof board);
    return 0;
}

static int take_dish(void *arg)
{
    int r;

    (void)arg;
    (void)il_yield();
    r = il_lock_acquire(&board.lock);
    if (r < 0) {
        board.gone++;
        return r;
    }
    HOLDS(board.inside++ == 0);
    while (board.dishes == 0 && r == 0) {
        HOLDS(--board.inside == 0);
        r = il_condition_wait(&board.condition, &board.lock);
        HOLDS(r == 0 || r == -ECANCELED);
        HOLDS(il_lock_get_owner(&board.lock) == il_task_current());
        HOLDS(board.inside++ == 0);
    }
    if (r == 0) {
        board.dishes--;
        board.taken++;
        (void)il_yield();
    } else {
        board.gone++;
    }
    HOLDS(--board.inside == 0);
    HOLDS(il_lock_release(&board.lock) == 0);
    return r;
}

static int put_dish(void *arg)
{
    int r;

    (void)arg;
    (void)il_yield();
    r = il_lock_acquire(&board.lock);
    if (r < 0)
        return r;
    HOLDS(board.inside++ == 0);
    board.dishes++;
    HOLDS(il_condition_notify(&board.condition, 1) >= 0);
    r = il_yield();
    HOLDS(--board.inside == 0);
    HOLDS(il_lock_release(&board.lock) == 0);
    return r;
}

/* Only the victim may be cancelled: the dishes suffice for the others. */
static int serve_dinner(void *arg)
{
    il_group group;
    il_task *victim;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, take_dish, arg, &victim) == 0);
    HOLDS(il_test_set_victim(victim) == 0);
    HOLDS(il_spawn(&group, take_dish, arg, NULL) == 0);
    HOLDS(il_spawn(&group, put_dish, arg, NULL) == 0);
    HOLDS(il_spawn(&group, put_dish, arg, NULL) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(victim);
    return r;
}

static int board_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(board.taken + board.gone == 2);
    HOLDS(board.taken + board.dishes == 2);
    HOLDS(board.gone <= 1);
    HOLDS(!il_lock_is_held(&board.lock));
    HOLDS(il_condition_notify_all(&board.condition) == 0);
    return verdict();
}

static const il_test_scenario dinner = { .name = "condition",
                                         .body = serve_dinner,
                                         .setup = board_setup,
                                         .check = board_check };

static void test_explore_condition_loses_no_notify(void **state)
{
    (void)state;
    explore_all(&dinner);
}

static void test_inject_condition_has_the_lock_on_every_return(void **state)
{
    (void)state;
    inject_all(&dinner, 2);
}

/* --- read-write locks --------------------------------------------------------- */

static struct {
    il_rwlock rwlock;
    int readers;
    int writers;
    int served;
    int refused;
} book;

static int book_setup(void *arg)
{
    (void)arg;
    memset(&book, 0, sizeof book);
    return 0;
}

static int read_book(void *arg)
{
    int r;

    (void)arg;
    (void)il_yield();
    r = il_rwlock_acquire_read(&book.rwlock);
    if (r < 0) {
        HOLDS(r == -ECANCELED);
        book.refused++;
        return r;
    }
    book.readers++;
    HOLDS(book.writers == 0);
    HOLDS(il_rwlock_count_readers(&book.rwlock) >= (size_t)book.readers);
    (void)il_yield();
    HOLDS(book.writers == 0);
    book.readers--;
    book.served++;
    HOLDS(il_rwlock_release_read(&book.rwlock) == 0);
    return 0;
}

static int write_book(void *arg)
{
    int r;

    (void)arg;
    (void)il_yield();
    r = il_rwlock_acquire_write(&book.rwlock);
    if (r < 0) {
        HOLDS(r == -ECANCELED);
        book.refused++;
        return r;
    }
    HOLDS(book.writers++ == 0);
    HOLDS(book.readers == 0);
    HOLDS(il_rwlock_get_writer(&book.rwlock) == il_task_current());
    (void)il_yield();
    HOLDS(book.readers == 0);
    HOLDS(--book.writers == 0);
    book.served++;
    HOLDS(il_rwlock_release_write(&book.rwlock) == 0);
    return 0;
}

/* Behind a writer that goes, readers must not go on waiting. */
static int use_book(void *arg)
{
    il_task_fn *fns[] = { read_book, write_book, read_book, write_book };
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    for (size_t i = 0; i < 4; i++) {
        il_task *task;

        HOLDS(il_spawn(&group, fns[i], NULL, &task) == 0);
        if (i == *(const size_t *)arg)
            HOLDS(il_test_set_victim(task) == 0);
        (void)il_task_unref(task);
    }
    return il_group_close(&group);
}

static int book_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(book.served + book.refused == 4);
    HOLDS(book.refused <= 1);
    HOLDS(il_rwlock_count_readers(&book.rwlock) == 0);
    HOLDS(il_rwlock_try_acquire_write(&book.rwlock) == 0);
    HOLDS(il_rwlock_release_write(&book.rwlock) == 0);
    return verdict();
}

static void test_explore_rwlock_keeps_writers_alone(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++)
        explore_all(&(il_test_scenario){ .name = i == 1 ? "writer" : "reader",
                                         .body = use_book,
                                         .arg = &i,
                                         .setup = book_setup,
                                         .check = book_check });
}

static void test_inject_rwlock_waiter_may_go_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        inject_all(&(il_test_scenario){ .name = "rwlock",
                                        .body = use_book,
                                        .arg = &i,
                                        .setup = book_setup,
                                        .check = book_check },
                   1);
}

/* One reads for a second.  Behind a writer that goes somebody else wants to. */
static il_time refused_at;
static il_time served_at;

static int read_long(void *arg)
{
    (void)arg;
    HOLDS(il_rwlock_acquire_read(&book.rwlock) == 0);
    HOLDS(il_sleep(IL_SEC(1)) == 0);
    return il_rwlock_release_read(&book.rwlock);
}

static int try_to_write(void *arg)
{
    int r = il_rwlock_acquire_write(&book.rwlock);

    (void)arg;
    if (r == 0)
        return il_rwlock_release_write(&book.rwlock);
    refused_at = il_now();
    return r;
}

static int read_too(void *arg)
{
    (void)arg;
    HOLDS(il_rwlock_acquire_read(&book.rwlock) == 0);
    served_at = il_now();
    return il_rwlock_release_read(&book.rwlock);
}

static int read_around_a_writer(void *arg)
{
    il_group group;
    il_task *writer;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    refused_at = served_at = 0;
    HOLDS(il_spawn(&group, read_long, arg, NULL) == 0);
    HOLDS(il_spawn(&group, try_to_write, arg, &writer) == 0);
    HOLDS(il_test_set_victim(writer) == 0);
    HOLDS(il_spawn(&group, read_too, arg, NULL) == 0);
    r = il_group_close(&group);
    HOLDS(refused_at == 0 || served_at <= refused_at);
    (void)il_task_unref(writer);
    return r;
}

static int free_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(il_rwlock_try_acquire_write(&book.rwlock) == 0);
    HOLDS(il_rwlock_release_write(&book.rwlock) == 0);
    return verdict();
}

static void test_inject_rwlock_writer_who_goes_lets_readers_pass(void **state)
{
    const il_test_scenario scenario = { .name = "readers",
                                        .body = read_around_a_writer,
                                        .setup = book_setup,
                                        .check = free_check };

    (void)state;
    inject_all(&scenario, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_lock_is_never_held_twice),
        BARE_TEST(test_inject_lock_waiter_may_go_at_any_time),
        BARE_TEST(test_explore_lock_bpo_32734_lets_nobody_overtake),
        BARE_TEST(test_explore_condition_loses_no_notify),
        BARE_TEST(test_inject_condition_has_the_lock_on_every_return),
        BARE_TEST(test_explore_rwlock_keeps_writers_alone),
        BARE_TEST(test_inject_rwlock_waiter_may_go_at_any_time),
        BARE_TEST(test_inject_rwlock_writer_who_goes_lets_readers_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
