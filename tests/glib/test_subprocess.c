/* SPDX-License-Identifier: MIT */

/* test_subprocess.c - GSubprocess: other programs, waited for by tasks.
 *
 * The children sleep until they are killed, or end at once. */

#include "guest_fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY_STEPS = 24 };

/* One child and a task that waits for it; what the task found out. */
struct job {
    const char *script; /* for the shell */
    char *input;
    GSubprocess *child; /* ours as well, until clear_job() */
    char *output;
    int talked; /* what came of communicate; 1: not yet */
    int waited; /* what came of wait_check; 1: not yet */
    int error;  /* the GError's code; -1: none */
    bool over;
};

static struct job job_of(const char *script)
{
    return (
        struct job){ .script = script, .talked = 1, .waited = 1, .error = -1 };
}

static void clear_job(struct job *job)
{
    g_clear_object(&job->child);
    g_clear_pointer(&job->output, g_free);
    g_clear_pointer(&job->input, g_free);
}

static bool start(struct job *job)
{
    g_autoptr(GError) error = NULL;

    job->child = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                      G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                  &error, "sh", "-c", job->script, NULL);
    return CHECK(job->child != NULL);
}

static int talk(struct job *job)
{
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;

    g_subprocess_communicate_utf8_async(job->child, job->input,
                                        il_g_call_cancellable(&call),
                                        il_g_call_ready, &call);
    job->talked = il_g_call_wait(&call);
    if (job->talked == 0 &&
        !g_subprocess_communicate_utf8_finish(job->child, call.result,
                                              &job->output, NULL, &error))
        job->error = error->code;
    il_g_call_clear(&call);
    return job->talked;
}

static int wait_for(struct job *job)
{
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;

    g_subprocess_wait_check_async(job->child, il_g_call_cancellable(&call),
                                  il_g_call_ready, &call);
    job->waited = il_g_call_wait(&call);
    if (job->waited == 0 &&
        !g_subprocess_wait_check_finish(job->child, call.result, &error))
        job->error = error->code;
    il_g_call_clear(&call);
    return job->waited;
}

/* As the example does it: nothing of the child is left afterwards. */
static int run(void *arg)
{
    struct job *job = arg;
    int clean = 0;
    int r;

    if (!start(job))
        return -ECHILD;
    r = talk(job);
    if (r == 0)
        r = wait_for(job);
    if (r < 0) {
        g_subprocess_force_exit(job->child);
        IL_SHIELD (IL_SEC(20), &clean) {
            clean = wait_for(job);
        }
        CHECK_INT(clean, 0);
        CHECK(g_subprocess_get_if_signaled(job->child) ||
              g_subprocess_get_if_exited(job->child));
    }
    job->over = true;
    return r;
}

/* GSubprocess forgets the identifier when it has reaped the child. */
static bool is_gone(struct job *job)
{
    return g_subprocess_get_identifier(job->child) == NULL;
}

static int only_wait(void *arg)
{
    struct job *job = arg;
    int r = wait_for(job);

    job->over = true;
    return r;
}

static int only_talk(void *arg)
{
    struct job *job = arg;
    int r = talk(job);

    job->over = true;
    return r;
}

/* --- Ordinary use --------------------------------------------------------- */

static void test_subprocess_gives_all_of_its_output(void **state)
{
    static struct job job;
    enum { SIZE = 300000 }; /* more than any pipe holds */

    (void)state;
    job = job_of("cat");
    job.input = g_strnfill(SIZE, 'x');
    assert_int_equal(il_spawn(NULL, run, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.talked, 0);
    assert_int_equal(job.waited, 0);
    assert_int_equal(job.error, -1);
    assert_non_null(job.output);
    assert_int_equal(strlen(job.output), SIZE);
    clear_job(&job);
}

static void test_subprocess_exit_status_is_told(void **state)
{
    static struct job job;

    (void)state;
    job = job_of("exit 3");
    assert_int_equal(il_spawn(NULL, run, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.waited, 0);
    assert_int_equal(job.error, 3); /* of G_SPAWN_EXIT_ERROR */
    clear_job(&job);
}

static int run_two(void *arg)
{
    struct job *jobs = arg;
    il_call calls[] = { { run, &jobs[0], 0 }, { run, &jobs[1], 0 } };

    CHECK_INT(il_gather(calls, 2), 0);
    jobs[0].over = jobs[1].over = true;
    return 0;
}

/* The first waits for the second: neither ends unless both run. */
static void test_subprocess_several_run_at_once(void **state)
{
    static struct job jobs[2];
    g_autofree char *folder = g_dir_make_tmp("interloop-XXXXXX", NULL);
    g_autofree char *fifo = g_build_filename(folder, "fifo", NULL);
    g_autofree char *first = g_strdup_printf("cat %s", fifo);
    g_autofree char *second = g_strdup_printf("echo hello > %s", fifo);
    il_task *task;

    (void)state;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    jobs[0] = job_of(first);
    jobs[1] = job_of(second);
    assert_int_equal(il_spawn(NULL, run_two, jobs, &task), 0);
    assert_true(iterate_until(&jobs[0].over, 20000));
    iterate_for(1);
    assert_int_equal(reap(task), 0);
    assert_string_equal(jobs[0].output, "hello\n");
    clear_job(&jobs[0]);
    clear_job(&jobs[1]);
    (void)unlink(fifo);
    (void)rmdir(folder);
}

static void test_subprocess_two_tasks_wait_for_the_same_one(void **state)
{
    static struct job one, two;

    (void)state;
    one = job_of("read x; exit 4");
    assert_true(start(&one));
    two = one;
    two.child = g_object_ref(one.child);
    assert_int_equal(il_spawn(NULL, only_wait, &one, NULL), 0);
    assert_int_equal(il_spawn(NULL, only_wait, &two, NULL), 0);
    iterate_for(5);
    assert_int_equal(one.waited, 1);
    assert_true(g_output_stream_close(g_subprocess_get_stdin_pipe(one.child),
                                      NULL, NULL));
    assert_true(iterate_until(&one.over, 20000));
    assert_true(iterate_until(&two.over, 20000));
    assert_int_equal(one.error, 4);
    assert_int_equal(two.error, 4);
    clear_job(&one);
    clear_job(&two);
}

static void test_subprocess_that_has_ended_is_not_waited_for(void **state)
{
    static struct job job;

    (void)state;
    job = job_of("exit 0");
    assert_true(start(&job));
    assert_true(g_subprocess_wait(job.child, NULL, NULL));
    assert_int_equal(il_spawn(NULL, only_wait, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.waited, 0);
    assert_int_equal(job.error, -1);
    clear_job(&job);
}

/* --- Children that are killed, tasks that are cancelled ------------------- */

static gboolean kill_child(gpointer data)
{
    struct job *job = data;

    g_subprocess_force_exit(job->child);
    return G_SOURCE_REMOVE;
}

static void test_subprocess_killed_while_waited_for(void **state)
{
    static struct job job;

    (void)state;
    job = job_of("exec sleep 600");
    assert_true(start(&job));
    assert_int_equal(il_spawn(NULL, only_wait, &job, NULL), 0);
    (void)g_timeout_add(5, kill_child, &job);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.waited, 0);
    assert_int_equal(job.error, G_SPAWN_ERROR_FAILED);
    assert_int_equal(g_subprocess_get_term_sig(job.child), SIGKILL);
    clear_job(&job);
}

/* What it had said until then is not lost. */
static void test_subprocess_killed_while_talked_to(void **state)
{
    static struct job job;

    (void)state;
    job = job_of("echo first; kill -KILL $$");
    assert_int_equal(il_spawn(NULL, run, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.talked, 0);
    assert_string_equal(job.output, "first\n");
    assert_int_equal(job.error, G_SPAWN_ERROR_FAILED);
    clear_job(&job);
}

static int run_with_limit(void *arg)
{
    struct job *job = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = run(job);
    }
    return r;
}

static void test_subprocess_time_limit_kills_it(void **state)
{
    static struct job job;
    il_task *task;

    (void)state;
    job = job_of("exec sleep 600");
    assert_int_equal(il_spawn(NULL, run_with_limit, &job, &task), 0);
    assert_true(iterate_until(&job.over, 20000));
    iterate_for(1);
    assert_int_equal(reap(task), -ETIMEDOUT);
    assert_int_equal(job.talked, -ECANCELED);
    assert_int_equal(job.waited, 0);
    assert_true(is_gone(&job));
    assert_int_equal(g_subprocess_get_term_sig(job.child), SIGKILL);
    clear_job(&job);
}

/* Giving up the operation leaves the child alone; ending it is another step. */
static void test_subprocess_outlives_a_cancelled_operation(void **state)
{
    static struct job job;
    il_task *task;

    (void)state;
    job = job_of("exec sleep 600");
    assert_true(start(&job));
    assert_int_equal(il_spawn(NULL, only_talk, &job, &task), 0);
    iterate_for(5);
    assert_int_equal(il_task_cancel(task), 0);
    assert_true(iterate_until(&job.over, 20000));
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
    assert_false(is_gone(&job));

    job.over = false;
    g_subprocess_force_exit(job.child);
    assert_int_equal(il_spawn(NULL, only_wait, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.waited, 0);
    clear_job(&job);
}

/* However far it has come, the task ends and the child is gone. */
static void test_subprocess_cancelled_at_every_step(void **state)
{
    static struct job job;

    (void)state;
    for (int steps = 0; steps < MANY_STEPS; steps++) {
        il_task *task;
        int r;

        job = job_of("cat");
        job.input = g_strnfill(100000, 'y');
        assert_int_equal(il_spawn(NULL, run, &job, &task), 0);
        for (int i = 0; i < steps && !job.over; i++)
            (void)g_main_context_iteration(NULL, TRUE);
        (void)il_task_cancel(task);
        assert_true(iterate_until(&job.over, 20000));
        iterate_for(1);
        r = reap(task);
        assert_true(r == 0 || r == -ECANCELED);
        assert_true(is_gone(&job));
        assert_true(r < 0 || strlen(job.output) == 100000);
        clear_job(&job);
    }
}

/* The call keeps the object that it is about. */
static void test_subprocess_let_go_while_waited_for(void **state)
{
    static struct job job;
    GSubprocess *child;

    (void)state;
    job = job_of("exec sleep 600");
    assert_true(start(&job));
    child = job.child;
    assert_int_equal(il_spawn(NULL, only_wait, &job, NULL), 0);
    g_object_unref(child); /* ours; GIO's task has one */
    iterate_for(2);
    g_subprocess_force_exit(child);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.waited, 0);
    job.child = NULL; /* it has gone with the operation */
    clear_job(&job);
}

/* Whoever talks to programs ignores SIGPIPE: then it is an error. */
static void test_subprocess_that_does_not_listen_is_an_error(void **state)
{
    static struct job job;

    (void)state;
    job = job_of("exec true");
    job.input = g_strnfill(1000000, 'z');
    assert_int_equal(il_spawn(NULL, run, &job, NULL), 0);
    assert_true(iterate_until(&job.over, 20000));
    assert_int_equal(job.talked, 0);
    assert_int_equal(job.error, G_IO_ERROR_BROKEN_PIPE);
    clear_job(&job);
}

/* --- The loop ends meanwhile ---------------------------------------------- */

static void end_guest(struct fixture *f)
{
    il_time before = il_now();

    assert_int_equal(il_g_end(f->loop, IL_SEC(20)), 0);
    f->loop = NULL;
    assert_true(il_now() - before < IL_SEC(10));
}

/* The context is iterated while tasks wait for operations, so the clean-up that
 * kills and waits goes through. */
static void test_subprocess_end_of_the_loop_while_talked_to(void **state)
{
    static struct job job;

    job = job_of("exec sleep 600");
    assert_int_equal(il_spawn(NULL, run, &job, NULL), 0);
    iterate_for(5);
    end_guest(*state);
    assert_true(job.over);
    assert_int_equal(job.talked, -ECANCELED);
    assert_int_equal(job.waited, 0);
    assert_true(is_gone(&job));
    clear_job(&job);
}

/* The same without a single iteration between start and end. */
static void test_subprocess_end_of_the_loop_at_once(void **state)
{
    static struct job jobs[3];

    for (int i = 0; i < 3; i++) {
        jobs[i] = job_of(i == 1 ? "cat" : "exec sleep 600");
        jobs[i].input = g_strnfill(100000, 'y');
        assert_int_equal(il_spawn(NULL, run, &jobs[i], NULL), 0);
    }
    end_guest(*state);
    for (int i = 0; i < 3; i++) {
        assert_true(jobs[i].over && is_gone(&jobs[i]));
        clear_job(&jobs[i]);
    }
}

/* --- Around each test ----------------------------------------------------- */

static int descriptors_before;

static int setup_child(void **state)
{
    descriptors_before = count_descriptors();
    return guest_setup(state);
}

/* GLib lets go of a child in a thread of its own, a little later. */
static int teardown_child(void **state)
{
    struct fixture *f = *state;

    if (f->loop)
        end_guest(f);
    for (int ms = 0; count_descriptors() > descriptors_before && ms < 5000;
         ms++)
        iterate_for(1);
    return guest_teardown(state);
}

#define CHILD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, setup_child, teardown_child)

static int group_setup(void **state)
{
    static struct job job;

    (void)signal(SIGPIPE, SIG_IGN);
    /* GLib keeps descriptors for its children from the first one on. */
    job = job_of("exit 0");
    assert_true(start(&job));
    assert_true(g_subprocess_wait(job.child, NULL, NULL));
    clear_job(&job);
    return guest_group_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(test_subprocess_gives_all_of_its_output),
        CHILD_TEST(test_subprocess_exit_status_is_told),
        CHILD_TEST(test_subprocess_several_run_at_once),
        CHILD_TEST(test_subprocess_two_tasks_wait_for_the_same_one),
        CHILD_TEST(test_subprocess_that_has_ended_is_not_waited_for),
        CHILD_TEST(test_subprocess_killed_while_waited_for),
        CHILD_TEST(test_subprocess_killed_while_talked_to),
        CHILD_TEST(test_subprocess_time_limit_kills_it),
        CHILD_TEST(test_subprocess_outlives_a_cancelled_operation),
        CHILD_TEST(test_subprocess_cancelled_at_every_step),
        CHILD_TEST(test_subprocess_let_go_while_waited_for),
        CHILD_TEST(test_subprocess_that_does_not_listen_is_an_error),
        CHILD_TEST(test_subprocess_end_of_the_loop_while_talked_to),
        CHILD_TEST(test_subprocess_end_of_the_loop_at_once),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
