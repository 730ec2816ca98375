/* SPDX-License-Identifier: MIT */

/* guest_fixture.c - begin and end a guest around each test. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

static struct fixture fixture;
static unsigned senders_before;

int guest_setup(void **state)
{
    fixture = (struct fixture){ 0 };
    *state = &fixture;
    begin_checks();
    senders_before = test_sender_count();
    assert_int_equal(il_g_begin(NULL, &fixture.loop), 0);
    keep_reports(&fixture, fixture.loop);
    return 0;
}

int guest_teardown(void **state)
{
    struct fixture *f = *state;
    int r = f->loop ? il_g_end(f->loop, IL_SEC(5)) : 0;

    while (g_main_context_iteration(NULL, FALSE))
        ;
    for (unsigned i = 0; i < f->n_reports; i++)
        print_error("report nobody took: kind %d, error %d, task %s, %s:%u\n",
                    (int)f->reports[i].kind, f->reports[i].error,
                    f->reports[i].task_name, f->reports[i].file,
                    f->reports[i].line);
    end_checks();
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(test_sender_count(), senders_before);
    assert_int_equal(r, 0);
    return 0;
}

static void load_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree char *contents = NULL;

    (void)g_file_load_contents_finish(G_FILE(source), result, &contents, NULL,
                                      NULL, NULL);
    *(bool *)data = true;
}

int guest_group_setup(void **state)
{
    g_autoptr(GFile) file = g_file_new_for_path("/proc/self/status");
    bool loaded = false;

    (void)state;
    g_file_load_contents_async(file, NULL, load_ready, &loaded);
    while (!loaded)
        (void)g_main_context_iteration(NULL, TRUE);
    return 0;
}

static gboolean give_up(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

bool iterate_until(const bool *flag, int limit_ms)
{
    bool over = false;
    guint source = g_timeout_add((guint)limit_ms, give_up, &over);

    while (!*flag && !over)
        (void)g_main_context_iteration(NULL, TRUE);
    if (!over)
        (void)g_source_remove(source);
    return *flag;
}

void iterate_for(int ms)
{
    const bool never = false;

    (void)iterate_until(&never, ms);
    /* A machine may need longer for what was due by then.  Somebody may always be
     * ready, though. */
    for (int i = 0; i < 50; i++)
        if (!g_main_context_iteration(NULL, FALSE))
            break;
}

void expect_notes(const char *expected)
{
    il_time limit = il_deadline(IL_SEC(10));

    while (strlen(noted()) < strlen(expected) && il_now() < limit)
        iterate_for(2);
    iterate_for(2);
    assert_string_equal(noted(), expected);
}
