/* SPDX-License-Identifier: MIT */
#ifndef GLIB_BUS_FIXTURE_H
#define GLIB_BUS_FIXTURE_H

/* bus_fixture.h - a guest, a bus of its own and two connections to it.
 *
 * One connection exports an object, /org/example/Kettle.  Its method Boil(u ms)
 * is a task that sleeps so long, emits the signal Boiled(u) and gives the
 * number back; Echo(u) does so at once and is no task.  The other connection is
 * for those who call. */

#include "guest_fixture.h"

#define SECONDS(n) ((n)*1000)

#define KETTLE_PATH "/org/example/Kettle"
#define KETTLE_INTERFACE "org.example.Kettle"

struct bus {
    GSubprocess *daemon;
    char *address;
    int descriptors_before;
    GDBusConnection *server; /* exports the object */
    GDBusConnection *client;
    guint object;
    int n_begun;    /* methods that are tasks */
    int n_answered; /* those of them that slept till the end */
};
extern struct bus bus;

int bus_setup(void **state);
int bus_teardown(void **state);

/* For cmocka_run_group_tests(): makes GLib open the descriptors that it keeps
 * for the life of the process. */
int bus_group_setup(void **state);

/* Says so, in TAP, if there is none. */
bool have_bus(void);

/* Both connections have noticed when this returns. */
void let_the_bus_die(void);

/* End the guest before the teardown does, within seconds. */
void end_guest(struct fixture *f);

/* A task that calls a method, and what came of it. */
struct caller {
    const char *method;
    guint ms;
    il_time limit;
    int wait;  /* what il_g_call_wait() returned; 1 until then */
    guint got; /* what was answered */
    char *error;
    bool over;
};
struct caller caller_of(const char *method, guint ms);
int ask(void *caller);

/* A task that waits for a signal, and what came of it. */
struct listener {
    gpointer sender;
    const char *signal;
    il_time limit;
    int wait;  /* what il_g_wait_signal() returned; 1 until then */
    guint got; /* what the signal said */
    bool over;
};
int hear(void *listener);

/* A proxy of the object; the caller's. */
GDBusProxy *new_proxy(void);

#define BUS_TEST(name)                                                         \
    cmocka_unit_test_setup_teardown(name, bus_setup, bus_teardown)

#endif
