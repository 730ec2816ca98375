/* SPDX-License-Identifier: MIT */

/* test_host_wakes.c - a guest whose host may sleep: whatever code between two
 * turns grants to a task asks for a turn, and the task goes on in it. */

#include "support/fixture.h"
#include "support/trivial_host.h"

#include <errno.h>

struct sleeper {
    il_future future;
    il_event event;
    il_channel channel;
    int value;
    int r;
};

static int wait_for_future(void *arg)
{
    struct sleeper *s = arg;

    s->r = il_future_wait(&s->future, NULL, NULL);
    return 0;
}

static int wait_for_event(void *arg)
{
    struct sleeper *s = arg;

    s->r = il_event_wait(&s->event);
    return 0;
}

static int wait_to_receive(void *arg)
{
    struct sleeper *s = arg;

    s->r = il_channel_receive(&s->channel, &s->value);
    return 0;
}

static int wait_to_send(void *arg)
{
    struct sleeper *s = arg;

    s->r = il_channel_send(&s->channel, &s->value);
    return 0;
}

static void set_future(struct sleeper *s)
{
    assert_int_equal(il_future_set(&s->future, 0, NULL), 0);
}

static void end_future(struct sleeper *s)
{
    il_future_fini(&s->future);
}

static void set_event(struct sleeper *s)
{
    assert_int_equal(il_event_set(&s->event), 0);
}

static void end_event(struct sleeper *s)
{
    il_event_fini(&s->event);
}

static void send_one(struct sleeper *s)
{
    assert_int_equal(il_channel_try_send(&s->channel, &(int){ 1 }), 0);
}

static void receive_one(struct sleeper *s)
{
    assert_int_equal(il_channel_try_receive(&s->channel, &(int){ 1 }), 0);
}

static void close_channel(struct sleeper *s)
{
    assert_int_equal(il_channel_close(&s->channel), 0);
}

static void end_channel(struct sleeper *s)
{
    il_channel_fini(&s->channel);
}

static const struct {
    il_task_fn *wait;
    void (*grant)(struct sleeper *s); /* NULL: a cancel */
    int expected;
} cases[] = {
    { wait_for_future, set_future, 0 },
    { wait_for_future, end_future, -EOWNERDEAD },
    { wait_for_future, NULL, -ECANCELED },
    { wait_for_event, set_event, 0 },
    { wait_for_event, end_event, -EOWNERDEAD },
    { wait_for_event, NULL, -ECANCELED },
    { wait_to_receive, send_one, 0 },
    { wait_to_receive, close_channel, -EPIPE },
    { wait_to_receive, end_channel, -EOWNERDEAD },
    { wait_to_receive, NULL, -ECANCELED },
    { wait_to_send, receive_one, 0 },
    { wait_to_send, close_channel, -EPIPE },
    { wait_to_send, end_channel, -EOWNERDEAD },
    { wait_to_send, NULL, -ECANCELED },
};

static void become_idle(struct trivial_host *host)
{
    for (int i = 0; i < 10; i++)
        trivial_host_iterate(host, 0);
    host->n_requests = 0;
    host->n_turns = 0;
}

static void test_host_wakes_for_what_is_granted_between_turns(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sleeper s = { .r = 1 };
        il_task *task;

        assert_int_equal(il_channel_init(&s.channel, sizeof s.value, 0), 0);
        assert_int_equal(il_spawn_lazy(NULL, cases[i].wait, &s, &task), 0);
        become_idle(&host);
        assert_int_equal(s.r, 1);
        if (cases[i].grant)
            cases[i].grant(&s);
        else
            assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(host.n_requests, 1);
        assert_int_equal(s.r, 1);
        trivial_host_iterate(&host, 0);
        assert_int_equal(s.r, cases[i].expected);
        assert_int_equal(reap(task), 0);
        il_channel_fini(&s.channel);
    }
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_host_wakes_once_for_many_tasks(void **state)
{
    struct fixture *f = *state;
    struct sleeper s = { .r = 1 };
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(il_spawn(NULL, wait_for_future, &s, NULL), 0);
        assert_int_equal(il_spawn(NULL, wait_for_event, &s, NULL), 0);
    }
    become_idle(&host);
    set_future(&s);
    set_event(&s);
    assert_int_equal(host.n_requests, 1);
    trivial_host_iterate(&host, 0);
    assert_int_equal(host.n_turns, 1);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_host_wakes_for_what_is_granted_between_turns),
        TEST(test_host_wakes_once_for_many_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
