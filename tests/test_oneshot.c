/* SPDX-License-Identifier: MIT */

/* test_oneshot.c - one value, or the news that there will be none. */

#include "support/fixture.h"

#include <interloop/cleanup.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct asker {
    il_receiver rx;
    int value;
    int r; /* 1 while it waits */
};

static int ask(void *arg)
{
    struct asker *a = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = a->rx;

    a->r = 1;
    a->value = 77;
    a->r = il_receiver_receive(&rx, &a->value);
    note("%d:%s", a->value, il_strerror(a->r));
    return 0;
}

struct pair {
    il_sender tx;
    il_receiver rx;
};

static struct pair open_pair(void)
{
    struct pair p;

    assert_int_equal(il_oneshot_open(sizeof(int), &p.tx, &p.rx), 0);
    return p;
}

static void test_oneshot_value_is_received_once(void **state)
{
    struct pair p = open_pair();
    int value = 5;

    (void)state;
    assert_int_equal(il_oneshot_send(&p.tx, &value), 0);
    assert_null(il_sender_channel(&p.tx));
    assert_int_equal(il_oneshot_send(&p.tx, &value), -EINVAL);
    value = 0;
    assert_int_equal(il_receiver_receive(&p.rx, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(il_receiver_receive(&p.rx, &value), -EPIPE);
    il_receiver_drop(&p.rx);
}

static void test_oneshot_value_wakes_the_receiver(void **state)
{
    struct fixture *f = *state;
    struct pair p = open_pair();
    struct asker a = { .rx = p.rx };
    int value = 5;

    assert_int_equal(il_spawn(NULL, ask, &a, NULL), 0);
    assert_int_equal(a.r, 1);
    assert_int_equal(il_oneshot_send(&p.tx, &value), 0);
    settle(f);
    assert_string_equal(noted(), "5:success");
}

static void test_oneshot_dropped_sender_ends_the_receiver(void **state)
{
    struct fixture *f = *state;

    for (int waits = 0; waits < 2; waits++) {
        struct pair p = open_pair();
        struct asker a = { .rx = p.rx };

        forget_notes();
        if (!waits)
            il_sender_drop(&p.tx);
        assert_int_equal(il_spawn(NULL, ask, &a, NULL), 0);
        il_sender_drop(&p.tx);
        settle(f);
        assert_string_equal(noted(), "77:EPIPE");
    }
}

/* Whoever asked has gone, in time or by a cancel: the answer is the answerer's,
 * and nothing is left. */
static void test_oneshot_nobody_wants_it_any_more(void **state)
{
    struct fixture *f = *state;
    struct pair p = open_pair();
    struct asker a = { .rx = p.rx };
    int value = 5;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ask, &a, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "77:ECANCELED");
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_oneshot_send(&p.tx, &value), -EPIPE);
    assert_null(il_sender_channel(&p.tx));
}

static void test_oneshot_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    struct pair p = open_pair();
    struct asker a = { .rx = p.rx };
    int value = 5;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ask, &a, &task), 0);
    assert_int_equal(il_oneshot_send(&p.tx, &value), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "5:success");
    assert_int_equal(reap(task), 0);
}

static void free_string(void *element, void *arg)
{
    ++*(int *)arg;
    free(*(char **)element);
}

static void test_oneshot_value_that_nobody_received_is_disposed_of(void **state)
{
    il_sender tx;
    il_receiver rx;
    char *string = strdup("text");
    int n_freed = 0;

    (void)state;
    assert_non_null(string);
    assert_int_equal(il_oneshot_open(sizeof string, &tx, &rx), 0);
    il_channel_set_destroy(il_sender_channel(&tx), free_string, &n_freed);
    assert_int_equal(il_oneshot_send(&tx, &string), 0);
    assert_int_equal(n_freed, 0);
    il_receiver_drop(&rx);
    assert_int_equal(n_freed, 1);
}

/* Several may answer: the first one does. */
static void test_oneshot_first_of_several_senders_answers(void **state)
{
    struct pair p = open_pair();
    il_sender clones[2];
    int value = 5;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_sender_clone(&p.tx, &clones[i]), 0);
    il_sender_drop(&clones[0]); /* knows nothing */
    assert_int_equal(il_receiver_try_receive(&p.rx, &value), -EAGAIN);
    assert_int_equal(il_oneshot_send(&clones[1], &value), 0);
    value = 6;
    assert_int_equal(il_oneshot_send(&p.tx, &value), -EPIPE);
    assert_int_equal(il_receiver_receive(&p.rx, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(il_receiver_receive(&p.rx, &value), -EPIPE);
    il_receiver_drop(&p.rx);
}

/* --- requests --------------------------------------------------------------- */

struct request {
    int question;
    il_sender reply;
};

static void drop_reply(void *element, void *arg)
{
    struct request *request = element;

    (void)arg;
    il_sender_drop(&request->reply);
}

struct client {
    il_channel *requests;
    int question;
    int answer;
    int r;
};

static int call(void *arg)
{
    struct client *c = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = IL_RECEIVER_INIT;
    struct request request = { .question = c->question };

    c->r = il_oneshot_open(sizeof(int), &request.reply, &rx);
    if (c->r == 0)
        c->r = il_channel_send(c->requests, &request);
    if (c->r < 0)
        il_sender_drop(&request.reply);
    else
        c->r = il_receiver_receive(&rx, &c->answer);
    return 0;
}

/* Answers even questions only. */
static int answer(void *arg)
{
    il_channel *requests = arg;
    struct request request;

    while (il_channel_receive(requests, &request) == 0) {
        int value = request.question * 10;

        if (request.question % 2 == 0)
            (void)il_oneshot_send(&request.reply, &value);
        il_sender_drop(&request.reply);
    }
    return 0;
}

/* Requests that are answered, not answered, never looked at, cancelled while
 * they are sent and while they are answered: nobody waits for ever, and nothing
 * is left. */
static void test_oneshot_every_request_has_an_end(void **state)
{
    struct fixture *f = *state;
    il_channel requests;
    struct client c[6];
    il_task *tasks[6];

    assert_int_equal(il_channel_init(&requests, sizeof(struct request), 2), 0);
    il_channel_set_destroy(&requests, drop_reply, NULL);
    for (int i = 0; i < 4; i++) {
        c[i] = (struct client){ &requests, i, -1, 1 };
        assert_int_equal(il_spawn(NULL, call, &c[i], &tasks[i]), 0);
    }
    assert_int_equal(il_task_cancel(tasks[0]), 0); /* waits for its answer */
    assert_int_equal(il_task_cancel(tasks[3]), 0); /* waits for room */
    settle(f);
    assert_int_equal(il_spawn(NULL, answer, &requests, NULL), 0);
    settle(f);
    assert_int_equal(c[0].r, -ECANCELED);
    assert_int_equal(c[1].r, -EPIPE);
    assert_int_equal(c[2].r, 0);
    assert_int_equal(c[2].answer, 20);
    assert_int_equal(c[3].r, -ECANCELED);

    assert_int_equal(il_channel_close(&requests), 0);
    settle(f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_channel_fini(&requests);
}

static void
test_oneshot_request_that_is_disposed_of_tells_who_asks(void **state)
{
    struct fixture *f = *state;
    il_channel requests;
    struct client c = { &requests, 2, -1, 1 };

    assert_int_equal(il_channel_init(&requests, sizeof(struct request), 2), 0);
    il_channel_set_destroy(&requests, drop_reply, NULL);
    assert_int_equal(il_spawn(NULL, call, &c, NULL), 0);
    il_channel_fini(&requests);
    settle(f);
    assert_int_equal(c.r, -EPIPE);
    assert_int_equal(c.answer, -1);
}

/* --- misuse ----------------------------------------------------------------- */

static void *send_from_other_thread(void *arg)
{
    int value = 1;

    CHECK_INT(il_oneshot_send(arg, &value), -ESRCH);
    return NULL;
}

static void test_oneshot_misuse_is_refused(void **state)
{
    struct pair p = { IL_SENDER_INIT, IL_RECEIVER_INIT };
    pthread_t thread;
    int value = 5;

    (void)state;
    assert_int_equal(il_oneshot_open(0, &p.tx, &p.rx), -EINVAL);
    assert_int_equal(il_oneshot_open(4, NULL, &p.rx), -EINVAL);
    assert_int_equal(il_oneshot_open(4, &p.tx, NULL), -EINVAL);
    assert_int_equal(il_oneshot_open(SIZE_MAX, &p.tx, &p.rx), -ENOMEM);
    assert_int_equal(il_oneshot_send(NULL, &value), -EINVAL);
    assert_int_equal(il_oneshot_send(&p.tx, &value), -EINVAL);

    p = open_pair();
    assert_int_equal(il_oneshot_send(&p.tx, NULL), -EINVAL);
    assert_int_equal(
        pthread_create(&thread, NULL, send_from_other_thread, &p.tx), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_sender_try_send(&p.tx, &value), 0);
    assert_int_equal(il_oneshot_send(&p.tx, &value), -EAGAIN);
    assert_non_null(il_sender_channel(&p.tx)); /* misuse drops nothing */
    il_sender_drop(&p.tx);
    il_receiver_drop(&p.rx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_oneshot_value_is_received_once),
        TEST(test_oneshot_value_wakes_the_receiver),
        TEST(test_oneshot_dropped_sender_ends_the_receiver),
        TEST(test_oneshot_nobody_wants_it_any_more),
        TEST(test_oneshot_value_wins_over_a_late_cancel),
        TEST(test_oneshot_value_that_nobody_received_is_disposed_of),
        TEST(test_oneshot_first_of_several_senders_answers),
        TEST(test_oneshot_every_request_has_an_end),
        TEST(test_oneshot_request_that_is_disposed_of_tells_who_asks),
        TEST(test_oneshot_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
