/* SPDX-License-Identifier: MIT */

/* test_explore_values.c - channels, events and futures in every order, cancelled
 * everywhere.
 *
 * What was sent arrives, once and in order; what was not sent does not.  Who
 * waited when an event or future was set knows of it. */

#include "support/exploring.h"

#include <string.h>

/* --- channels ------------------------------------------------------------------- */

enum { SENDERS = 2, EACH = 2, RECEIVERS = 2 };

static struct {
    il_channel channel;
    size_t capacity;
    int victim; /* 0 and 1 send, 2 and 3 receive */
    int senders_left;
    bool sent[SENDERS * EACH];
    bool received[SENDERS * EACH];
    int last[SENDERS]; /* value received, of each sender; -1: none */
} line;

static int line_setup(void *arg)
{
    (void)arg;
    memset(line.sent, 0, sizeof line.sent);
    memset(line.received, 0, sizeof line.received);
    line.senders_left = SENDERS;
    for (int i = 0; i < SENDERS; i++)
        line.last[i] = -1;
    return il_channel_init(&line.channel, sizeof(int), line.capacity);
}

static int send_some(void *arg)
{
    int me = *(const int *)arg;
    int r = 0;

    for (int i = 0; i < EACH && r == 0; i++) {
        int value = me * EACH + i;

        r = il_channel_send(&line.channel, &value);
        HOLDS(r == 0 || r == -ECANCELED);
        HOLDS(r == 0 || !line.received[value]);
        line.sent[value] = r == 0;
    }
    if (--line.senders_left == 0)
        HOLDS(il_channel_close(&line.channel) == 0);
    return r;
}

static int receive_all(void *arg)
{
    int r;

    (void)arg;
    for (;;) {
        int value = -1;

        r = il_channel_receive(&line.channel, &value);
        if (r < 0) {
            HOLDS(value == -1);
            break;
        }
        if (!HOLDS(value >= 0 && value < SENDERS * EACH))
            continue;
        HOLDS(!line.received[value]);
        line.received[value] = true;
        (void)il_yield();
    }
    HOLDS(r == -EPIPE || r == -ECANCELED);
    return r == -EPIPE ? 0 : r;
}

static int use_line(void *arg)
{
    int senders[SENDERS] = { 0, 1 };
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    for (int i = 0; i < SENDERS + RECEIVERS; i++) {
        il_task *task;

        if (i < SENDERS)
            HOLDS(il_spawn_copy(&group, send_some, &senders[i], sizeof(int),
                                &task) == 0);
        else
            HOLDS(il_spawn(&group, receive_all, NULL, &task) == 0);
        if (i == line.victim)
            HOLDS(il_test_set_victim(task) == 0);
        (void)il_task_unref(task);
    }
    return il_group_close(&group);
}

static int line_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    for (int i = 0; i < SENDERS * EACH; i++)
        HOLDS(line.sent[i] == line.received[i]);
    HOLDS(il_channel_count(&line.channel) == 0);
    il_channel_fini(&line.channel);
    return verdict();
}

static const il_test_scenario values = { .name = "channel",
                                         .body = use_line,
                                         .setup = line_setup,
                                         .check = line_check };

static void test_explore_channel_neither_loses_nor_doubles(void **state)
{
    (void)state;
    for (line.capacity = 0; line.capacity < 2; line.capacity++)
        for (line.victim = 1; line.victim < 3; line.victim++)
            explore_all(&values);
}

static void test_inject_channel_value_is_sent_or_stays(void **state)
{
    (void)state;
    for (line.capacity = 0; line.capacity < 3; line.capacity++)
        for (line.victim = 0; line.victim < 4; line.victim++)
            inject_all(&values, 0);
}

/* One receiver sees what one sender sent in its order, whoever else there is. */
static int receive_in_order(void *arg)
{
    int r = 0;

    (void)arg;
    while (r == 0) {
        int value = -1;

        r = il_channel_receive(&line.channel, &value);
        if (r == 0 && HOLDS(value >= 0 && value < SENDERS * EACH)) {
            HOLDS(value > line.last[value / EACH]);
            line.last[value / EACH] = value;
            line.received[value] = true;
        }
    }
    return r == -EPIPE ? 0 : r;
}

static int use_line_in_order(void *arg)
{
    int senders[SENDERS] = { 0, 1 };
    il_call calls[] = { { .fn = send_some, .arg = &senders[0] },
                        { .fn = send_some, .arg = &senders[1] },
                        { .fn = receive_in_order } };
    int r = il_gather(calls, 3);

    (void)arg;
    /* What was sent when the receiver went stays in the channel. */
    if (r < 0) {
        memcpy(line.received, line.sent, sizeof line.sent);
        (void)il_channel_close_now(&line.channel);
    }
    return r;
}

static int order_check(void *arg, int result)
{
    HOLDS(result == 0 || result == -ECANCELED || result == -ETIMEDOUT);
    return line_check(arg, 0);
}

static void test_explore_channel_keeps_the_order_of_each_sender(void **state)
{
    const il_test_scenario scenario = { .name = "channel order",
                                        .body = use_line_in_order,
                                        .setup = line_setup,
                                        .check = order_check };

    (void)state;
    line.victim = -1;
    for (line.capacity = 0; line.capacity < 3; line.capacity++) {
        explore_all(&scenario);
        inject_all(&scenario, 0);
    }
}

/* --- events --------------------------------------------------------------------- */

static struct {
    il_event event;
    int passed;
    int refused;
} door;

static int door_setup(void *arg)
{
    (void)arg;
    memset(&door, 0, sizeof door);
    return 0;
}

static int go_through(void *arg)
{
    int r;

    (void)arg;
    r = il_event_wait(&door.event);
    HOLDS(r == 0 || r == -ECANCELED);
    if (r == 0)
        door.passed++;
    else
        door.refused++;
    return r;
}

/* Open for a moment: who waits goes through, though it is shut when it runs. */
static int open_and_shut(void *arg)
{
    (void)arg;
    (void)il_yield();
    HOLDS(il_event_set(&door.event) == 0);
    il_event_clear(&door.event);
    (void)il_yield(); /* in the turn after it they all have run */
    (void)il_yield();
    HOLDS(!il_event_is_set(&door.event));
    HOLDS(door.passed + door.refused == 2);
    return 0;
}

static int use_door(void *arg)
{
    il_group group;
    il_task *victim;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, go_through, arg, NULL) == 0);
    HOLDS(il_spawn(&group, go_through, arg, &victim) == 0);
    HOLDS(il_test_set_victim(victim) == 0);
    HOLDS(il_spawn(&group, open_and_shut, arg, NULL) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(victim);
    return r;
}

static int door_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(door.passed + door.refused == 2);
    HOLDS(door.refused <= 1);
    return verdict();
}

static void test_explore_event_set_and_clear_lets_all_through(void **state)
{
    const il_test_scenario scenario = { .name = "event",
                                        .body = use_door,
                                        .setup = door_setup,
                                        .check = door_check };
    il_test_report report;

    (void)state;
    assert_int_equal(il_test_explore(&scenario,
                                     &(il_test_limits){ .n_cancels = 1 },
                                     &report),
                     0);
    assert_true(report.is_complete);
    inject_all(&scenario, 1);
}

/* --- futures -------------------------------------------------------------------- */

static struct {
    il_future future;
    int got;
    int refused;
} letter;

static int letter_setup(void *arg)
{
    (void)arg;
    memset(&letter, 0, sizeof letter);
    return 0;
}

static int expect_letter(void *arg)
{
    void *value = NULL;
    int result = 0;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(2), &r) {
        r = il_future_wait(&letter.future, &result, &value);
    }
    HOLDS(r == 0 || r == -ECANCELED || r == -ETIMEDOUT);
    HOLDS(r < 0 ? result == 0 && !value : result == 5 && value == &letter);
    letter.got += r == 0;
    letter.refused += r < 0;
    return r == -ETIMEDOUT ? 0 : r;
}

static int bring_letter(void *arg)
{
    (void)arg;
    HOLDS(il_sleep(IL_SEC(1)) == 0);
    HOLDS(il_future_set(&letter.future, 5, &letter) == 0);
    HOLDS(il_future_set(&letter.future, 6, NULL) == -EALREADY);
    return 0;
}

static int use_letter(void *arg)
{
    il_group group;
    il_task *victim;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, expect_letter, arg, NULL) == 0);
    HOLDS(il_spawn(&group, expect_letter, arg, &victim) == 0);
    HOLDS(il_test_set_victim(victim) == 0);
    HOLDS(il_spawn(&group, bring_letter, arg, NULL) == 0);
    HOLDS(il_spawn_lazy(&group, expect_letter, arg, NULL) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(victim);
    return r;
}

static int letter_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(letter.got + letter.refused == 3);
    HOLDS(letter.refused <= 1);
    HOLDS(il_future_is_done(&letter.future));
    il_future_fini(&letter.future);
    return verdict();
}

static void test_explore_future_tells_everybody(void **state)
{
    const il_test_scenario scenario = { .name = "future",
                                        .body = use_letter,
                                        .setup = letter_setup,
                                        .check = letter_check };

    (void)state;
    inject_all(&scenario, 1);
    assert_int_equal(
        il_test_explore(&scenario, &(il_test_limits){ .n_cancels = 1 }, NULL),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_channel_neither_loses_nor_doubles),
        BARE_TEST(test_inject_channel_value_is_sent_or_stays),
        BARE_TEST(test_explore_channel_keeps_the_order_of_each_sender),
        BARE_TEST(test_explore_event_set_and_clear_lets_all_through),
        BARE_TEST(test_explore_future_tells_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
