/* SPDX-License-Identifier: MIT */

/* test_manual.c - what doc/testing.md shows.
 *
 * Written as a user of the library writes tests: with public headers and CMocka,
 * and nothing else.  The page quotes the marked parts. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* in one call { */
static int give_up_after_an_hour(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(3600), &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r == -ETIMEDOUT ? 0 : -EPROTO;
}

static void test_manual_client_gives_up_after_an_hour(void **state)
{
    il_test_leaks leaks;

    (void)state;
    assert_int_equal(il_test_run(give_up_after_an_hour, NULL, &leaks), 0);
}
/* in one call } */

/* step by step { */
struct client {
    enum { NEW, CONNECTING, GAVE_UP } state;
    int result;
};

static int connect_client(void *arg)
{
    struct client *client = arg;
    int r = 0;

    client->state = CONNECTING;
    IL_TIMEOUT (IL_SEC(30), &r) {
        r = il_sleep(IL_FOREVER); /* nobody answers */
    }
    client->state = GAVE_UP;
    client->result = r; /* recorded here, asserted outside */
    return 0;
}

static void test_manual_client_gives_up_after_its_time(void **state)
{
    struct client client = { .state = NEW };
    il_loop *loop;

    (void)state;
    assert_int_equal(il_loop_new(&loop), 0);
    assert_int_equal(il_test_use_virtual_time(loop, IL_TEST_MANUAL), 0);

    assert_int_equal(il_spawn(NULL, connect_client, &client, NULL), 0);
    il_test_run_until_blocked(loop);
    assert_int_equal(client.state, CONNECTING);

    assert_int_equal(il_test_advance(loop, IL_SEC(30) - 1), 0);
    assert_int_equal(client.state, CONNECTING);
    assert_int_equal(il_test_advance(loop, 1), 0);
    assert_int_equal(client.state, GAVE_UP);
    assert_int_equal(client.result, -ETIMEDOUT);

    assert_int_equal(il_loop_count_tasks(loop), 0);
    assert_int_equal(il_loop_close(loop, 0), 0);
    il_loop_unref(loop);
}
/* step by step } */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_client_gives_up_after_an_hour),
        cmocka_unit_test(test_manual_client_gives_up_after_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
