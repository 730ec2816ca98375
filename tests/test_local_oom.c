/* SPDX-License-Identifier: MIT */

/* test_local_oom.c - there is no memory for a value or for what is deferred.
 *
 * The linker sends our malloc() here.  An error changes nothing, and the value is
 * the caller's still. */

#include "support/fixture.h"

#include <errno.h>
#include <stdlib.h>

static int fails_after = -1; /* so many work, then one fails; -1: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    if (fails_after >= 0 && fails_after-- == 0)
        return NULL;
    return __real_malloc(size);
}

static int n_destroyed;

static void count(void *value)
{
    (void)value;
    n_destroyed++;
}

static const il_local counted = IL_LOCAL_INIT(NULL, count);
static const il_local other = IL_LOCAL_INIT("initial", NULL);

static int set_without_memory(void *arg)
{
    char value = 'v';
    int r;

    for (int n = 0; n < 2; n++) { /* for the value, for the array */
        fails_after = n;
        CHECK_INT(il_local_set(&counted, &value), -ENOMEM);
        CHECK(il_local_get(&counted) == arg);
        fails_after = n;
        r = 0;
        IL_WITH_LOCAL (&counted, &value, &r) {
            note("not here");
        }
        CHECK_INT(r, -ENOMEM);
        CHECK(il_local_get(&counted) == arg);
        CHECK_INT(n_destroyed, 0);
    }
    fails_after = -1;
    return 0;
}

static int set_and_go_back(void *arg)
{
    int r = 0;

    (void)arg;
    CHECK_INT(il_local_set(&other, TEXT("before")), 0);
    IL_WITH_LOCAL (&other, "inside", &r) {
        fails_after = 0; /* the way back needs none */
    }
    CHECK_INT(fails_after, 0);
    fails_after = -1;
    CHECK_INT(r, 0);
    note("%s", (const char *)il_local_get(&other));
    return 0;
}

static void test_local_oom_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char base = 'b';

    n_destroyed = 0;
    set_without_memory(NULL);
    assert_int_equal(il_spawn(NULL, set_without_memory, NULL, NULL), 0);
    assert_int_equal(il_local_set(&counted, &base), 0);
    assert_int_equal(il_spawn(NULL, set_without_memory, &base, NULL), 0);
    assert_int_equal(il_spawn(NULL, set_and_go_back, NULL, NULL), 0);
    settle(f);
    assert_int_equal(n_destroyed, 0);
    assert_string_equal(noted(), "before");
    assert_int_equal(il_local_set(&counted, NULL), 0);
    assert_int_equal(n_destroyed, 1);
}

static void say(void *arg)
{
    note("%s", (const char *)arg);
}

static int defer_without_memory(void *arg)
{
    CHECK_INT(il_defer(say, arg), 0);
    fails_after = 0;
    CHECK_INT(il_defer(say, TEXT("no")), -ENOMEM);
    fails_after = 0;
    CHECK_INT(il_scope_defer(NULL, say, TEXT("no")), -ENOMEM);
    CHECK(!il_undefer(say, TEXT("no")));
    fails_after = -1;
    return 0;
}

static void test_local_oom_defers_nothing(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, defer_without_memory, TEXT("yes"), NULL),
                     0);
    assert_string_equal(noted(), "yes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_local_oom_changes_nothing),
        TEST(test_local_oom_defers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
