/* SPDX-License-Identifier: MIT */

/* 20_glib_subprocess.c - other programs, waited for in the middle of the code.
 *
 * GSubprocess starts a program; talking to it and waiting for its end are
 * operations of GIO like any other.  Giving up such an operation does not end
 * the program: whoever started it kills it and sees it off, and that waits, so
 * it stands behind a shield. */

#include <interloop/glib.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Wait for the end.  0 if the program says that all is well. */
static int wait_for(GSubprocess *child)
{
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_subprocess_wait_check_async(child, il_g_call_cancellable(&call),
                                  il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0 && !g_subprocess_wait_check_finish(child, call.result, &error))
        r = -ECHILD;
    il_g_call_clear(&call);
    if (error)
        printf("  %s\n", error->message);
    return r;
}

/* Hand over the input and take all output, until the program closes it. */
static int talk(GSubprocess *child, const char *input, char **ret_output)
{
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_subprocess_communicate_utf8_async(
        child, input, il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0 && !g_subprocess_communicate_utf8_finish(child, call.result,
                                                        ret_output, NULL, NULL))
        r = -EIO;
    il_g_call_clear(&call);
    return r;
}

/* Nothing of the program is left when this returns, not even a zombie. */
static void kill_and_wait(GSubprocess *child)
{
    int r = 0;

    g_subprocess_force_exit(child);
    IL_SHIELD (IL_SEC(5), &r) {
        r = wait_for(child);
    }
}

struct job {
    const char *script; /* for the shell */
    const char *input;
    char *output; /* to be freed */
};

static int run(void *arg)
{
    struct job *job = arg;
    g_autoptr(GSubprocess) child = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
        "sh", "-c", job->script, NULL);
    int r;

    if (!child)
        return -ENOENT;
    r = talk(child, job->input, &job->output);
    if (r == 0)
        r = wait_for(child);
    if (r < 0 && r != -ECHILD)
        kill_and_wait(child);
    return r;
}

static void show(const char *title, int r, struct job *job)
{
    printf("%s: %s\n", title, r < 0 ? il_strerror(r) : g_strchomp(job->output));
    g_clear_pointer(&job->output, g_free);
}

static int run_one(void)
{
    struct job job = { "tr a-z A-Z", "quiet please", NULL };
    int r = run(&job);

    show("one", r, &job);
    return r;
}

/* The first is the slowest; results stay in their order all the same. */
static int run_several(void)
{
    struct job jobs[] = {
        { "sleep 0.1; echo alpha", NULL, NULL },
        { "sleep 0.05; echo beta", NULL, NULL },
        { "echo gamma", NULL, NULL },
    };
    il_call calls[G_N_ELEMENTS(jobs)];
    int r;

    for (gsize i = 0; i < G_N_ELEMENTS(jobs); i++)
        calls[i] = (il_call){ run, &jobs[i], 0 };
    r = il_gather(calls, G_N_ELEMENTS(calls));
    for (gsize i = 0; i < G_N_ELEMENTS(jobs); i++)
        show("several", calls[i].result, &jobs[i]);
    return r;
}

/* One fails, so the others are of no use: they are cancelled, hence killed. */
static int run_in_vain(void)
{
    struct job bad = { "exit 3", NULL, NULL };
    struct job slow = { "exec sleep 60", NULL, NULL };
    il_call calls[] = { { run, &slow, 0 }, { run, &bad, 0 } };
    int r = il_gather(calls, G_N_ELEMENTS(calls));

    show("slow", calls[0].result, &slow);
    show("bad", calls[1].result, &bad);
    return r == -ECHILD ? 0 : r;
}

/* `exec`, so that it is the sleep that is killed, and not its shell alone. */
static int run_too_long(void)
{
    struct job job = { "exec sleep 60", NULL, NULL };
    int r = 0;

    IL_TIMEOUT (IL_MS(50), &r) {
        r = run(&job);
    }
    show("too long", r, &job);
    return r == -ETIMEDOUT ? 0 : r;
}

static int story(void *arg)
{
    int r = run_one();

    (void)arg;
    if (r == 0)
        r = run_several();
    if (r == 0)
        r = run_in_vain();
    if (r == 0)
        r = run_too_long();
    return r;
}

int main(void)
{
    int r;

    (void)signal(SIGPIPE, SIG_IGN); /* of programs that do not read it all */
    r = il_g_run(NULL, story, NULL);
    if (r < 0)
        fprintf(stderr, "20_glib_subprocess: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
