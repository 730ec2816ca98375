/* SPDX-License-Identifier: MIT */

/* 19_glib_dbus.c - D-Bus methods that are tasks, and tasks that call them.
 *
 * The service boils water: its method sleeps and answers when it is done.  The
 * client calls it, gives up, changes its mind, and waits for its signal.
 *
 * The bus is a private one of GTestDBus; 77 says that there is none to start. */

#include <interloop/glib.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "org.example.Kettle"
#define PATH "/org/example/Kettle"

static const char xml[] =
    "<node><interface name='" NAME "'>"
    "  <method name='Boil'>"
    "    <arg type='u' direction='in'/><arg type='s' direction='out'/>"
    "  </method>"
    "  <signal name='Boiled'><arg type='u'/></signal>"
    "</interface></node>";

/* --- The service ---------------------------------------------------------- */

/* The method.  The invocation belongs to whoever answers it, now or later. */
static int boil(void *arg)
{
    GDBusMethodInvocation *invocation = arg;
    guint ms;
    int r;

    g_variant_get(g_dbus_method_invocation_get_parameters(invocation), "(u)",
                  &ms);
    r = il_sleep(IL_MS(ms));
    if (r < 0) {
        g_dbus_method_invocation_return_error(
            invocation, G_IO_ERROR, G_IO_ERROR_CANCELLED, "switched off");
        return r;
    }
    (void)g_dbus_connection_emit_signal(
        g_dbus_method_invocation_get_connection(invocation), NULL, PATH, NAME,
        "Boiled", g_variant_new("(u)", ms), NULL);
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new("(s)", "it boils"));
    return 0;
}

/* Each call becomes a task, so many can be under way at the same time. */
static void on_call(GDBusConnection *bus, const char *sender, const char *path,
                    const char *interface, const char *method,
                    GVariant *parameters, GDBusMethodInvocation *invocation,
                    gpointer data)
{
    (void)bus, (void)sender, (void)path, (void)interface, (void)method,
        (void)parameters, (void)data;
    if (il_spawn(NULL, boil, invocation, NULL) < 0)
        g_dbus_method_invocation_return_error(
            invocation, G_IO_ERROR, G_IO_ERROR_FAILED, "no more kettles");
}

static void on_name_acquired(GDBusConnection *bus, const char *name,
                             gpointer acquired)
{
    (void)bus, (void)name;
    (void)il_future_set(acquired, 0, NULL);
}

/* A callback that is no GAsyncReadyCallback is waited for with a future. */
static int serve(GDBusConnection *bus, guint *ret_object, guint *ret_name)
{
    static const GDBusInterfaceVTable vtable = { .method_call = on_call };
    static il_future acquired;
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, NULL);

    *ret_object = g_dbus_connection_register_object(
        bus, PATH, node->interfaces[0], &vtable, NULL, NULL, NULL);
    *ret_name = g_bus_own_name_on_connection(bus, NAME, 0, on_name_acquired,
                                             NULL, &acquired, NULL);
    return il_future_wait(&acquired, NULL, NULL);
}

/* --- The client ----------------------------------------------------------- */

static GDBusProxy *kettle;

static int get_bus(GDBusConnection **ret_bus)
{
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_bus_get(G_BUS_TYPE_SESSION, il_g_call_cancellable(&call), il_g_call_ready,
              &call);
    r = il_g_call_wait(&call);
    if (r == 0 && !(*ret_bus = g_bus_get_finish(call.result, NULL)))
        r = -EIO;
    il_g_call_clear(&call);
    return r;
}

static int get_proxy(GDBusConnection *bus)
{
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_dbus_proxy_new(bus, G_DBUS_PROXY_FLAGS_NONE, NULL, NAME, PATH, NAME,
                     il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0 && !(kettle = g_dbus_proxy_new_finish(call.result, NULL)))
        r = -EIO;
    il_g_call_clear(&call);
    return r;
}

static int ask(void *arg)
{
    const guint *ms = arg;
    g_autoptr(GVariant) reply = NULL;
    const char *text = NULL;
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_dbus_proxy_call(kettle, "Boil", g_variant_new("(u)", *ms),
                      G_DBUS_CALL_FLAGS_NONE, -1, il_g_call_cancellable(&call),
                      il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0) {
        reply = g_dbus_proxy_call_finish(kettle, call.result, NULL);
        r = reply ? 0 : -EREMOTEIO;
    }
    il_g_call_clear(&call);
    if (reply)
        g_variant_get(reply, "(&s)", &text);
    printf("%u ms: %s\n", *ms, text ? text : il_strerror(r));
    return r;
}

/* The detail names the D-Bus signal; that takes GLib 2.72. */
static int hear(void *arg)
{
    il_g_emission *emission;
    guint ms;
    int r = il_g_wait_signal(kettle, "g-signal::Boiled", IL_SEC(10), &emission);

    (void)arg;
    if (r < 0)
        return r;
    g_variant_get(g_value_get_variant(il_g_emission_get_arg(emission, 2)),
                  "(u)", &ms);
    printf("signal: boiled after %u ms\n", ms);
    il_g_emission_free(emission);
    return 0;
}

static int use(void)
{
    guint quick = 5, slow = 60000;
    il_call both[] = { { hear, NULL, 0 }, { ask, &quick, 0 } };
    il_call either[] = { { ask, &slow, 0 }, { ask, &quick, 0 } };
    int r = il_gather(both, G_N_ELEMENTS(both));

    if (r == 0) /* the one that is not needed any more is cancelled */
        r = il_race(either, G_N_ELEMENTS(either), NULL);
    if (r < 0)
        return r;
    IL_TIMEOUT (IL_MS(20), &r) {
        r = ask(&slow);
    }
    printf("time limit: %s\n", il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}

static int story(void *arg)
{
    g_autoptr(GDBusConnection) bus = NULL;
    guint object, name;
    int r = get_bus(&bus);

    (void)arg;
    if (r < 0)
        return r;
    if ((r = serve(bus, &object, &name)) == 0 && (r = get_proxy(bus)) == 0)
        r = use();
    g_clear_object(&kettle);
    g_bus_unown_name(name);
    (void)g_dbus_connection_unregister_object(bus, object);
    return r; /* the slow ones still boil: il_g_run() cancels them */
}

int main(void)
{
    g_autofree char *daemon = g_find_program_in_path("dbus-daemon");
    g_autoptr(GTestDBus) test_bus = NULL;
    int r;

    if (!daemon)
        return 77;
    test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(test_bus);
    r = il_g_run(NULL, story, NULL);
    g_test_dbus_down(test_bus);
    if (r < 0)
        fprintf(stderr, "19_glib_dbus: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
