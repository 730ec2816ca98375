/* SPDX-License-Identifier: MIT */

/* bus_fixture.c - start and stop a bus around each test.
 *
 * Not GTestDBus: when a test program dies after its second bus, that one lives
 * on and keeps the pipe open by which the program speaks to `make check`. */

#include "bus_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

struct bus bus;

/* --- The service ---------------------------------------------------------- */

static int boil(void *arg)
{
    GDBusMethodInvocation *invocation = arg;
    guint ms;
    int r;

    bus.n_begun++;
    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(u)",
                  &ms);
    r = il_sleep(IL_MS(ms));
    if (r < 0) {
        g_dbus_method_invocation_return_error(
            invocation, G_IO_ERROR, G_IO_ERROR_CANCELLED, "switched off");
        return r;
    }
    bus.n_answered++;
    (void)g_dbus_connection_emit_signal(
        g_dbus_method_invocation_get_connection(invocation), NULL, KETTLE_PATH,
        KETTLE_INTERFACE, "Boiled", g_variant_new("(u)", ms), NULL);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(u)", ms));
    return 0;
}

static void on_call(GDBusConnection *connection, const char *sender,
                    const char *path, const char *interface, const char *method,
                    GVariant *parameters, GDBusMethodInvocation *invocation,
                    gpointer data)
{
    (void)connection, (void)sender, (void)path, (void)interface, (void)data;
    if (strcmp(method, "Echo") == 0) /* not a task */
        g_dbus_method_invocation_return_value(invocation, parameters);
    else if (il_spawn(NULL, boil, invocation, NULL) < 0)
        g_dbus_method_invocation_return_error(
            invocation, G_IO_ERROR, G_IO_ERROR_CLOSED, "no tasks here");
}

static void export_object(void)
{
    static const GDBusInterfaceVTable vtable = { .method_call = on_call };
    static const char xml[] = "<node><interface name='" KETTLE_INTERFACE "'>"
                              "<method name='Boil'>"
                              "<arg type='u' direction='in'/>"
                              "<arg type='u' direction='out'/></method>"
                              "<method name='Echo'>"
                              "<arg type='u' direction='in'/>"
                              "<arg type='u' direction='out'/></method>"
                              "<signal name='Boiled'><arg type='u'/></signal>"
                              "</interface></node>";
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, NULL);

    bus.object = g_dbus_connection_register_object(bus.server, KETTLE_PATH,
                                                   node->interfaces[0], &vtable,
                                                   NULL, NULL, NULL);
    assert_true(bus.object != 0);
}

/* --- Around each test ----------------------------------------------------- */

static void die_with_the_test(gpointer data)
{
    (void)data;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void start_bus(void)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_autoptr(GDataInputStream) output = NULL;

    g_subprocess_launcher_set_child_setup(launcher, die_with_the_test, NULL,
                                          NULL);
    bus.daemon = g_subprocess_launcher_spawn(launcher, NULL, "dbus-daemon",
                                             "--session", "--nofork",
                                             "--print-address", NULL);
    assert_non_null(bus.daemon);
    output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(bus.daemon));
    bus.address = g_data_input_stream_read_line(output, NULL, NULL, NULL);
    assert_non_null(bus.address);
}

static void stop_bus(void)
{
    g_subprocess_send_signal(bus.daemon, SIGTERM); /* removes its socket */
    assert_true(g_subprocess_wait(bus.daemon, NULL, NULL));
}

static GDBusConnection *connect_to_bus(void)
{
    GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
        bus.address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, NULL);

    assert_non_null(connection);
    return connection;
}

static void open_all(void)
{
    bus = (struct bus){ 0 };
    start_bus();
    bus.server = connect_to_bus();
    bus.client = connect_to_bus();
    export_object();
}

static void close_all(void)
{
    (void)g_dbus_connection_unregister_object(bus.server, bus.object);
    (void)g_dbus_connection_close_sync(bus.client, NULL, NULL);
    (void)g_dbus_connection_close_sync(bus.server, NULL, NULL);
    g_clear_object(&bus.client);
    g_clear_object(&bus.server);
    stop_bus();
    g_clear_object(&bus.daemon);
    g_clear_pointer(&bus.address, g_free);
}

void end_guest(struct fixture *f)
{
    il_time before = il_now();

    assert_int_equal(il_g_end(f->loop, IL_SEC(20)), 0);
    f->loop = NULL;
    assert_true(il_now() - before < IL_SEC(10));
}

int bus_setup(void **state)
{
    int before = count_descriptors();
    int r = guest_setup(state);

    open_all();
    bus.descriptors_before = before;
    return r;
}

/* GLib closes descriptors in a thread of its own, a little later. */
int bus_teardown(void **state)
{
    struct fixture *f = *state;

    if (f->loop)
        end_guest(f);
    close_all();
    for (int ms = 0;
         count_descriptors() > bus.descriptors_before && ms < SECONDS(5); ms++)
        iterate_for(1);
    return guest_teardown(state);
}

void let_the_bus_die(void)
{
    stop_bus();
    while (!g_dbus_connection_is_closed(bus.client) ||
           !g_dbus_connection_is_closed(bus.server))
        (void)g_main_context_iteration(NULL, TRUE);
}

/* --- A task that calls ---------------------------------------------------- */

struct caller caller_of(const char *method, guint ms)
{
    return (struct caller){
        .method = method, .ms = ms, .limit = IL_FOREVER, .wait = 1
    };
}

int ask(void *arg)
{
    struct caller *c = arg;
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;

    g_dbus_connection_call(
        bus.client, g_dbus_connection_get_unique_name(bus.server), KETTLE_PATH,
        KETTLE_INTERFACE, c->method, g_variant_new("(u)", c->ms),
        G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1,
        il_g_call_cancellable(&call), il_g_call_ready, &call);
    c->wait = il_g_call_wait(&call);
    if (c->wait == 0) {
        reply = g_dbus_connection_call_finish(bus.client, call.result, &error);
        if (reply)
            g_variant_get(reply, "(u)", &c->got);
        else
            c->error = g_dbus_error_get_remote_error(error);
        if (error && !c->error)
            c->error = g_strdup_printf("local %d", error->code);
    }
    il_g_call_clear(&call);
    note("%u", c->ms);
    c->over = true;
    return c->wait;
}

/* --- A task that waits for a signal ---------------------------------------- */

/* Asks for nothing: the object is in this very thread, which would wait. */
GDBusProxy *new_proxy(void)
{
    GDBusProxy *proxy = g_dbus_proxy_new_sync(
        bus.client, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL,
        g_dbus_connection_get_unique_name(bus.server), KETTLE_PATH,
        KETTLE_INTERFACE, NULL, NULL);

    assert_non_null(proxy);
    return proxy;
}

int hear(void *arg)
{
    struct listener *l = arg;
    il_g_emission *emission;

    l->wait = il_g_wait_signal(l->sender, l->signal, l->limit, &emission);
    if (l->wait == 0) {
        const GValue *last = il_g_emission_get_arg(
            emission, il_g_emission_get_n_args(emission) - 1);

        if (G_VALUE_HOLDS_VARIANT(last))
            g_variant_get(g_value_get_variant(last), "(u)", &l->got);
        il_g_emission_free(emission);
    }
    l->over = true;
    return 0;
}

/* --- Around all tests ------------------------------------------------------- */

/* What GLib opens for the first bus and keeps for the life of the process. */
int bus_group_setup(void **state)
{
    int r = guest_group_setup(state);

    open_all();
    close_all();
    iterate_for(20);
    return r;
}

bool have_bus(void)
{
    g_autofree char *program = g_find_program_in_path("dbus-daemon");

    if (!program)
        printf("1..0 # SKIP no dbus-daemon here\n");
    return program != NULL;
}
