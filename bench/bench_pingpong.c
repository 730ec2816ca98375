/* SPDX-License-Identifier: MIT */

/* bench_pingpong.c - one byte back and forth over two pipes.
 *
 * Two sides; each reads what is there, a byte, and writes a byte into the other
 * pipe.  The figure is a round trip: two reads, two writes, two times finding
 * out that a descriptor is ready.
 *
 *   ours         two tasks, a guest of GLib's default context
 *   glib         two callbacks of g_unix_fd_add ()
 *   glib-source  two sources of our own that may recurse, which spares GLib
 *                two writes and reads of its wake-up descriptor: the best that
 *                GLib can do, and the peer of the stricter row
 *   native       the two tasks without GLib
 *   ev, uv       two callbacks of libev or libuv */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#include <ev.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#define N_ROUND_TRIPS (200L * 1000)

/* Readers offer more room than a byte, as those of every protocol do. */
#define BUFFER_SIZE 64

/* side[0] reads from pipe 0 and writes to pipe 1, side[1] the other way. */
struct side {
    int in;
    int out;
};

static struct side sides[2];
static long n_left; /* round trips */
static double start_ns;

/* Returns how many round trips there will be. */
static long open_pipes(long n)
{
    int a[2];
    int b[2];

    BENCH_CHECK(pipe2(a, O_NONBLOCK | O_CLOEXEC));
    BENCH_CHECK(pipe2(b, O_NONBLOCK | O_CLOEXEC));
    sides[0] = (struct side){ a[0], b[1] };
    sides[1] = (struct side){ b[0], a[1] };
    n_left = bench_ops(n);
    return n_left;
}

static void begin(void)
{
    start_ns = bench_cpu_ns();
    BENCH_ASSERT(write(sides[1].out, "x", 1) == 1);
}

static void end(long n)
{
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n);
}

/* What a callback does: pass the byte on.  Returns whether to go on. */
static int pass_on(struct side *side)
{
    char buffer[BUFFER_SIZE];

    BENCH_ASSERT(read(side->in, buffer, sizeof buffer) == 1);
    if (side == &sides[1] && --n_left == 0)
        return 0;
    BENCH_ASSERT(write(side->out, buffer, 1) == 1);
    return 1;
}

/* --- Ours ----------------------------------------------------------------- */

static GMainLoop *main_loop; /* NULL: not in GLib */

static int answer(void *arg)
{
    struct side *side = arg;
    char buffer[BUFFER_SIZE];

    while (il_read(side->in, buffer, sizeof buffer) == 1)
        BENCH_ASSERT(il_write(side->out, buffer, 1) == 1);
    return 0;
}

static int ask(void *arg)
{
    struct side *side = arg;
    char buffer[BUFFER_SIZE];

    begin();
    while (il_read(side->in, buffer, sizeof buffer) == 1 && --n_left > 0)
        BENCH_ASSERT(il_write(side->out, buffer, 1) == 1);
    BENCH_ASSERT(n_left == 0);
    if (main_loop)
        g_main_loop_quit(main_loop);
    return 0;
}

static void run_ours(long n)
{
    il_loop *loop;

    n = open_pipes(n);
    main_loop = g_main_loop_new(NULL, FALSE);
    BENCH_CHECK(il_g_begin(NULL, &loop));
    BENCH_CHECK(il_spawn_lazy(NULL, answer, &sides[0], NULL));
    BENCH_CHECK(il_spawn_lazy(NULL, ask, &sides[1], NULL));
    g_main_loop_run(main_loop);
    end(n);
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    g_main_loop_unref(main_loop);
}

static int native_main(void *arg)
{
    (void)arg;
    BENCH_CHECK(il_spawn_lazy(NULL, answer, &sides[0], NULL));
    return ask(&sides[1]);
}

static void run_native(long n)
{
    n = open_pipes(n);
    BENCH_CHECK(il_run(native_main, NULL));
    end(n);
}

/* --- GLib ----------------------------------------------------------------- */

static gboolean on_unix_fd(gint fd, GIOCondition condition, gpointer side)
{
    (void)fd;
    (void)condition;
    if (!pass_on(side))
        g_main_loop_quit(main_loop);
    return G_SOURCE_CONTINUE;
}

static void run_glib(long n)
{
    n = open_pipes(n);
    main_loop = g_main_loop_new(NULL, FALSE);
    g_unix_fd_add(sides[0].in, G_IO_IN, on_unix_fd, &sides[0]);
    g_unix_fd_add(sides[1].in, G_IO_IN, on_unix_fd, &sides[1]);
    begin();
    g_main_loop_run(main_loop);
    end(n);
    g_main_loop_unref(main_loop);
}

struct side_source {
    GSource base;
    gpointer tag; /* of the descriptor */
    struct side *side;
};

static gboolean check_side(GSource *base)
{
    struct side_source *source = (struct side_source *)base;

    return g_source_query_unix_fd(base, source->tag) != 0;
}

static gboolean dispatch_side(GSource *base, GSourceFunc fn, gpointer arg)
{
    struct side_source *source = (struct side_source *)base;

    (void)fn;
    (void)arg;
    if (!pass_on(source->side))
        g_main_loop_quit(main_loop);
    return G_SOURCE_CONTINUE;
}

static void add_source(struct side *side)
{
    static GSourceFuncs functions = {
        .check = check_side,
        .dispatch = dispatch_side,
    };
    GSource *base = g_source_new(&functions, sizeof(struct side_source));
    struct side_source *source = (struct side_source *)base;

    source->side = side;
    source->tag = g_source_add_unix_fd(base, side->in, G_IO_IN);
    g_source_set_can_recurse(base, TRUE);
    g_source_attach(base, NULL);
    g_source_unref(base);
}

static void run_glib_source(long n)
{
    n = open_pipes(n);
    main_loop = g_main_loop_new(NULL, FALSE);
    add_source(&sides[0]);
    add_source(&sides[1]);
    begin();
    g_main_loop_run(main_loop);
    end(n);
    g_main_loop_unref(main_loop);
}

/* --- libev and libuv ------------------------------------------------------ */

static void on_ev_io(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    if (!pass_on(io->data))
        ev_break(loop, EVBREAK_ONE);
}

static void run_ev(long n)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    ev_io ios[2];
    int i;

    BENCH_ASSERT(loop);
    n = open_pipes(n);
    for (i = 0; i < 2; i++) {
        ev_io_init(&ios[i], on_ev_io, sides[i].in, EV_READ);
        ios[i].data = &sides[i];
        ev_io_start(loop, &ios[i]);
    }
    begin();
    ev_run(loop, 0);
    end(n);
    ev_loop_destroy(loop);
}

#ifdef HAVE_PEER_UV

#include <uv.h>

static void on_uv_poll(uv_poll_t *poll, int status, int events)
{
    (void)events;
    BENCH_CHECK(status);
    if (!pass_on(poll->data))
        uv_stop(poll->loop);
}

static void run_uv(long n)
{
    uv_loop_t loop;
    uv_poll_t polls[2];
    int i;

    n = open_pipes(n);
    BENCH_CHECK(uv_loop_init(&loop));
    for (i = 0; i < 2; i++) {
        BENCH_CHECK(uv_poll_init(&loop, &polls[i], sides[i].in));
        polls[i].data = &sides[i];
        BENCH_CHECK(uv_poll_start(&polls[i], UV_READABLE, on_uv_poll));
    }
    begin();
    uv_run(&loop, UV_RUN_DEFAULT);
    end(n);
}

#else
#define run_uv NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_ROUND_TRIPS },
        { "native", run_native, N_ROUND_TRIPS },
        { "glib", run_glib, N_ROUND_TRIPS },
        { "glib-source", run_glib_source, N_ROUND_TRIPS },
        { "ev", run_ev, N_ROUND_TRIPS },
        { "uv", run_uv, N_ROUND_TRIPS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
