/* SPDX-License-Identifier: MIT */

/* test_explore_ends.c - ends of channels and one-shots in every order, cancelled
 * everywhere.
 *
 * Several on both sides, who come and go: nobody waits for ever, what was sent is
 * received or disposed of, once, and every question has an end. */

#include "support/exploring.h"

#include <interloop/cleanup.h>

#include <string.h>

/* What was said to be sent, and how often it came, or was disposed of. */
enum { N_SENDERS = 2, EACH = 2, N_VALUES = N_SENDERS * EACH };

static bool was_sent[N_VALUES];
static int came[N_VALUES];
static int victim; /* number of the task that is cancelled */

static size_t capacity;

static void forget_values(void)
{
    memset(was_sent, 0, sizeof was_sent);
    memset(came, 0, sizeof came);
}

static void note_sent(int value, int r)
{
    HOLDS(r == 0 || r == -ECANCELED || r == -EPIPE);
    HOLDS(r == 0 || came[value] == 0);
    was_sent[value] = r == 0;
}

static void note_came(int value)
{
    if (HOLDS(value >= 0 && value < N_VALUES))
        came[value]++;
}

static void dispose(void *element, void *arg)
{
    (void)arg;
    note_came(*(int *)element);
}

static void all_came_once(void)
{
    for (int i = 0; i < N_VALUES; i++)
        HOLDS(came[i] == was_sent[i]);
}

/* --- ends ----------------------------------------------------------------------- */

struct trader {
    il_sender tx;
    il_receiver rx;
    int number;
};

static int sell(void *arg)
{
    const struct trader *me = arg;
    IL_CLEANUP(il_sender) il_sender tx = me->tx;
    int r = 0;

    for (int i = 0; i < EACH && r == 0; i++) {
        int value = me->number * EACH + i;

        if (i > 0)
            (void)il_yield();
        r = il_sender_send(&tx, &value);
        note_sent(value, r);
    }
    return r == -EPIPE ? 0 : r;
}

/* Takes two at most, and leaves. */
static int buy(void *arg)
{
    const struct trader *me = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = me->rx;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        int value = -1;

        r = il_receiver_receive(&rx, &value);
        HOLDS(r == 0 || r == -ECANCELED || r == -EPIPE);
        HOLDS(r == 0 || value == -1);
        if (r == 0)
            note_came(value);
        (void)il_yield();
    }
    return r == -EPIPE ? 0 : r;
}

static int trade(void *arg)
{
    il_group group;
    il_sender tx;
    il_receiver rx;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    HOLDS(il_channel_open(sizeof(int), capacity, &tx, &rx) == 0);
    il_channel_set_destroy(il_sender_channel(&tx), dispose, NULL);
    for (int i = 0; i < 4; i++) {
        struct trader trader = { .number = i };

        /* Who came before may be done with the channel already. */
        if (i < N_SENDERS ? il_sender_clone(&tx, &trader.tx) < 0
                          : il_receiver_clone(&rx, &trader.rx) < 0)
            continue;
        start_part(&group, i < N_SENDERS ? sell : buy, &trader, sizeof trader,
                   i == victim);
    }
    il_sender_drop(&tx);
    il_receiver_drop(&rx);
    return il_group_close(&group);
}

static int trade_setup(void *arg)
{
    (void)arg;
    forget_values();
    return 0;
}

static int trade_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    all_came_once();
    return verdict();
}

static const il_test_scenario market = {
    .name = "ends", .body = trade, .setup = trade_setup, .check = trade_check
};

static void test_explore_ends_leave_nobody_behind(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 2; capacity++)
        for (victim = 1; victim < 4; victim += 2)
            explore_all(&market);
}

static void test_inject_ends_leave_nobody_behind(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity++)
        for (victim = 0; victim < 4; victim++)
            inject_all(&market, 0);
}

/* --- one-shots -------------------------------------------------------------------- */

struct question {
    int number;
    il_sender reply;
};

static il_channel questions;
static int n_answered;
static int n_unanswered;

static void drop_question(void *element, void *arg)
{
    struct question *question = element;

    (void)arg;
    il_sender_drop(&question->reply);
}

static int ask(void *arg)
{
    struct question question = { .number = *(int *)arg };
    IL_CLEANUP(il_receiver) il_receiver reply = IL_RECEIVER_INIT;
    int answer = -1;
    int r;

    HOLDS(il_oneshot_open(sizeof(int), &question.reply, &reply) == 0);
    r = il_channel_send(&questions, &question);
    if (r < 0)
        il_sender_drop(&question.reply);
    else
        r = il_receiver_receive(&reply, &answer);
    HOLDS(r == 0 || r == -EPIPE || r == -ECANCELED);
    HOLDS(answer == (r == 0 ? 10 * question.number : -1));
    n_answered += r == 0;
    n_unanswered += r < 0;
    return r == -EPIPE ? 0 : r;
}

/* Answers one question, drops the second, and does not look at the third. */
static int answer_some(void *arg)
{
    struct question question;
    int r = 0;

    (void)arg;
    for (int i = 0; i < 2 && r == 0; i++) {
        int answer;

        r = il_channel_receive(&questions, &question);
        if (r < 0)
            break;
        (void)il_yield();
        answer = 10 * question.number;
        if (i == 0) {
            r = il_oneshot_send(&question.reply, &answer);
            HOLDS(r == 0 || r == -EPIPE);
            r = 0;
        }
        il_sender_drop(&question.reply);
    }
    HOLDS(il_channel_close_now(&questions) == 0);
    return r;
}

static int hold_interview(void *arg)
{
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    for (int i = 0; i < 4; i++)
        start_part(&group, i < 3 ? ask : answer_some, &i, sizeof i,
                   i == victim);
    return il_group_close(&group);
}

static int interview_setup(void *arg)
{
    int r = il_channel_init(&questions, sizeof(struct question), capacity);

    (void)arg;
    n_answered = n_unanswered = 0;
    il_channel_set_destroy(&questions, drop_question, NULL);
    return r;
}

static int interview_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(n_answered + n_unanswered == 3);
    HOLDS(n_answered <= 1);
    il_channel_fini(&questions);
    return verdict();
}

static const il_test_scenario interview = { .name = "one-shots",
                                            .body = hold_interview,
                                            .setup = interview_setup,
                                            .check = interview_check };

static void test_explore_oneshots_answer_or_say_that_nobody_will(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity += 2)
        for (victim = 1; victim < 4; victim += 2)
            explore_all(&interview);
}

static void test_inject_oneshots_answer_or_say_that_nobody_will(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity++)
        for (victim = 0; victim < 4; victim++)
            inject_all(&interview, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_ends_leave_nobody_behind),
        BARE_TEST(test_inject_ends_leave_nobody_behind),
        BARE_TEST(test_explore_oneshots_answer_or_say_that_nobody_will),
        BARE_TEST(test_inject_oneshots_answer_or_say_that_nobody_will),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
