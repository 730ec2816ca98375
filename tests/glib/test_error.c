/* SPDX-License-Identifier: MIT */

/* test_error.c - from GError to code and back. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

/* An error that counts how many of it there are. */
typedef struct CountedPrivate {
    int unused;
} CountedPrivate;

static int n_errors;

/* Also called for copies. */
static void counted_private_init(CountedPrivate *private)
{
    (void)private;
    n_errors++;
}

static void counted_private_copy(const CountedPrivate *from, CountedPrivate *to)
{
    (void)from;
    (void)to;
}

static void counted_private_clear(CountedPrivate *private)
{
    (void)private;
    n_errors--;
}

#define COUNTED counted_quark()
GQuark counted_quark(void);
G_DEFINE_EXTENDED_ERROR(Counted, counted)

static GError *counted(const char *message)
{
    return g_error_new_literal(COUNTED, 3, message);
}

static bool matches(GError *error, GQuark domain, int code, const char *message)
{
    bool same = g_error_matches(error, domain, code) &&
                g_strcmp0(error->message, message) == 0;

    g_clear_error(&error);
    return same;
}

static int io(GIOErrorEnum code)
{
    return il_g_propagate(g_error_new_literal(G_IO_ERROR, (gint)code, "io"));
}

static int file(GFileError code)
{
    return il_g_propagate(
        g_error_new_literal(G_FILE_ERROR, (gint)code, "file"));
}

static void test_error_domains_of_gio_become_codes(void **state)
{
    (void)state;
    assert_int_equal(il_g_propagate(NULL), 0);
    assert_int_equal(io(G_IO_ERROR_NOT_FOUND), -ENOENT);
    assert_int_equal(io(G_IO_ERROR_CANCELLED), -ECANCELED);
    assert_int_equal(io(G_IO_ERROR_TIMED_OUT), -ETIMEDOUT);
    assert_int_equal(io(G_IO_ERROR_CONNECTION_REFUSED), -ECONNREFUSED);
    assert_int_equal(io(G_IO_ERROR_MESSAGE_TOO_LARGE), -EMSGSIZE);
    assert_int_equal(io(G_IO_ERROR_FAILED), -EIO);
    assert_int_equal(io(G_IO_ERROR_CANT_CREATE_BACKUP), -EIO);
    assert_int_equal(io((GIOErrorEnum)1234), -EIO);
    assert_int_equal(io((GIOErrorEnum)-1), -EIO);
    assert_int_equal(file(G_FILE_ERROR_EXIST), -EEXIST);
    assert_int_equal(file(G_FILE_ERROR_PERM), -EPERM);
    assert_int_equal(file(G_FILE_ERROR_FAILED), -EIO);
    assert_int_equal(il_g_propagate(counted("outside")), -EIO);
    assert_int_equal(n_errors, 0); /* nobody kept it */
}

/* A code that GIO has a name for comes back as itself. */
static void test_error_codes_become_errors_of_gio(void **state)
{
    const int codes[] = { EEXIST,       EISDIR,       EACCES,    ENOENT,
                          ENOTDIR,      EROFS,        ELOOP,     ENOSPC,
                          EINVAL,       ECANCELED,    ETIMEDOUT, EBUSY,
                          EAGAIN,       EMFILE,       EPIPE,     ENOTCONN,
                          ECONNREFUSED, EADDRINUSE,   EMSGSIZE,  EHOSTUNREACH,
                          ENETUNREACH,  ENAMETOOLONG, EOPNOTSUPP };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        GError *error = il_g_error_from(-codes[i]);

        assert_int_equal(error->code, g_io_error_from_errno(codes[i]));
        assert_non_null(strchr(error->message, ' '));
        assert_int_equal(il_g_propagate(error), -codes[i]);
    }
    assert_true(matches(il_g_error_from(-EREMOTEIO), G_IO_ERROR,
                        g_io_error_from_errno(EREMOTEIO),
                        g_strerror(EREMOTEIO)));
    assert_true(matches(il_g_error_from(-ETIMEDOUT), G_IO_ERROR,
                        G_IO_ERROR_TIMED_OUT, "Operation timed out"));
    assert_true(matches(il_g_error_from(G_MININT), G_IO_ERROR,
                        G_IO_ERROR_FAILED, "Unknown error"));
    assert_null(il_g_error_from(0));
    assert_null(il_g_error_from(7));
}

static int keep_errors(void *arg)
{
    GError *error = NULL;

    (void)arg;
    CHECK_INT(il_g_propagate(counted("first")), -EIO);
    CHECK_INT(n_errors, 1);
    CHECK_INT(il_yield(), 0);
    CHECK(matches(il_g_error_from(-EIO), COUNTED, 3, "first"));
    CHECK(matches(il_g_error_from(-EIO), COUNTED, 3, "first"));
    CHECK(matches(il_g_error_from(-ENOENT), G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                  g_strerror(ENOENT)));
    CHECK_INT(il_g_propagate(NULL), 0); /* leaves it alone */
    CHECK(matches(il_g_error_from(-EIO), COUNTED, 3, "first"));
    CHECK_INT(il_g_propagate(counted("second")), -EIO);
    CHECK_INT(n_errors, 1);
    CHECK(!il_g_set_error(&error, -EIO));
    CHECK(matches(error, COUNTED, 3, "second"));
    error = NULL;
    CHECK(!il_g_set_error(NULL, -EIO));
    CHECK(il_g_set_error(&error, 4));
    CHECK(error == NULL);
    return 0;
}

static void test_error_is_kept_by_the_task(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, keep_errors, NULL, &task), 0);
    assert_int_equal(n_errors, 1);
    /* It is not ours. */
    assert_true(matches(il_g_error_from(-EIO), G_IO_ERROR, G_IO_ERROR_FAILED,
                        g_strerror(EIO)));
    iterate_for(2);
    assert_int_equal(reap(task), 0);
    assert_int_equal(n_errors, 0);
}

static int fail_with(void *message)
{
    int r = il_g_propagate(counted(message));

    CHECK_INT(il_yield(), 0);
    CHECK(matches(il_g_error_from(r), COUNTED, 3, message));
    return r;
}

static int fail_at_once(void *message)
{
    return il_g_propagate(counted(message));
}

static int parent(void *arg)
{
    il_task *child;
    int result = 0;

    (void)arg;
    CHECK_INT(il_g_propagate(counted("parent")), -EIO);
    CHECK_INT(il_spawn(NULL, fail_with, TEXT("child"), &child), 0);
    CHECK(matches(il_g_error_from(-EIO), COUNTED, 3, "parent"));
    CHECK_INT(il_task_join(child, &result), 0);
    CHECK_INT(result, -EIO);
    il_task_unref(child);
    CHECK_INT(il_spawn(NULL, fail_at_once, TEXT("hasty"), &child), 0);
    CHECK_INT(il_task_join(child, &result), 0);
    il_task_unref(child);
    CHECK(matches(il_g_error_from(-EIO), COUNTED, 3, "parent"));
    CHECK_INT(n_errors, 1);
    return 0;
}

/* Tasks run between each other's steps, and first steps inside them. */
static void test_error_of_one_task_is_not_that_of_another(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, parent, NULL, &task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
    assert_int_equal(n_errors, 0);
}

static int fail_and_sleep(void *arg)
{
    int r;

    (void)arg;
    (void)il_g_propagate(counted("kept"));
    r = il_sleep(IL_FOREVER);
    CHECK(il_g_propagate(counted("late")) == -EIO);
    return r;
}

static void test_error_goes_with_a_cancelled_task(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, fail_and_sleep, NULL, &task), 0);
    assert_int_equal(n_errors, 1);
    assert_int_equal(il_task_cancel(task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(n_errors, 0);
}

static void test_error_goes_with_the_loop(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, fail_and_sleep, NULL, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_int_equal(n_errors, 0);
}

static int never_end(void *arg)
{
    int r = 0;

    (void)arg;
    (void)il_g_propagate(counted("kept"));
    g_main_context_push_thread_default(arg);
    IL_SHIELD (IL_SEC(1000), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK(!"an abandoned task went on");
    return r;
}

static void test_error_goes_with_an_abandoned_task(void **state)
{
    struct fixture *f = *state;
    GMainContext *own = g_main_context_new();

    assert_int_equal(il_spawn(NULL, never_end, own, NULL), 0);
    assert_null(g_main_context_get_thread_default());
    assert_int_equal(il_g_end(f->loop, 0), -ETIMEDOUT);
    f->loop = NULL;
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_int_equal(n_errors, 0);
    assert_null(g_main_context_get_thread_default());
    g_main_context_unref(own); /* the last one, or LeakSanitizer tells */
}

static int end_natively(void *arg)
{
    int r = fail_and_sleep(arg);

    CHECK_INT(n_errors, 0);
    return r;
}

/* Somebody detaches behind the bridge's back: nothing is kept from then on. */
static void test_error_goes_when_the_loop_is_detached(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, end_natively, NULL, &task), 0);
    assert_int_equal(n_errors, 1);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(n_errors, 0);
    (void)il_g_end(f->loop, IL_SEC(5));
    f->loop = NULL;
    assert_true(il_task_is_done(task));
    il_task_unref(task);
}

static int push_and_forget(void *own)
{
    g_main_context_push_thread_default(own);
    if (il_yield() < 0)
        return -ECANCELED;
    CHECK(g_main_context_get_thread_default() == own);
    g_main_context_push_thread_default(own);
    return 0;
}

static int push_and_end(void *own)
{
    g_main_context_push_thread_default(own);
    return 0;
}

static void test_error_forgotten_context_goes_with_the_task(void **state)
{
    GMainContext *own = g_main_context_new();
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, push_and_end, own, NULL), 0);
    assert_null(g_main_context_get_thread_default());
    assert_int_equal(il_spawn(NULL, push_and_forget, own, &task), 0);
    assert_null(g_main_context_get_thread_default());
    iterate_for(2);
    assert_null(g_main_context_get_thread_default());
    assert_int_equal(reap(task), 0);
    g_main_context_unref(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_error_domains_of_gio_become_codes),
        GUEST_TEST(test_error_codes_become_errors_of_gio),
        GUEST_TEST(test_error_is_kept_by_the_task),
        GUEST_TEST(test_error_of_one_task_is_not_that_of_another),
        GUEST_TEST(test_error_goes_with_a_cancelled_task),
        GUEST_TEST(test_error_goes_with_the_loop),
        GUEST_TEST(test_error_goes_with_an_abandoned_task),
        GUEST_TEST(test_error_goes_when_the_loop_is_detached),
        GUEST_TEST(test_error_forgotten_context_goes_with_the_task),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
