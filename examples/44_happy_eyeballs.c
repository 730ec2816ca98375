/* SPDX-License-Identifier: MIT */

/* 44_happy_eyeballs.c - connect to whichever address answers first.
 *
 * A host has several addresses, the best first.  One that does not answer is
 * given 250 ms before the next is tried, while it goes on; one that fails lets
 * the next begin at once.  This is how browsers connect (RFC 8305).
 *
 * When there is a connection the other attempts are cancelled and waited for.
 * One of them may have succeeded, too, in the same moment: it is closed. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct address {
    const char *text;
    il_time takes;
    int outcome; /* a descriptor, or an error */
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

/* As il_connect() would. */
static int connect_to(void *arg)
{
    const struct address *address = arg;
    int r;

    printf("%3d ms  try %s\n", since_start_ms(), address->text);
    r = il_sleep(address->takes);
    if (r == 0)
        r = address->outcome;
    printf("%3d ms  %s: %s\n", since_start_ms(), address->text,
           r < 0 ? il_strerror(r) : "connected");
    return r;
}

static int connect_to_host(struct address *addresses, size_t n)
{
    il_call calls[4];
    size_t winner;
    int r;

    for (size_t i = 0; i < n; i++)
        calls[i] = (il_call){ .fn = connect_to, .arg = &addresses[i] };
    start = il_now();
    r = il_race_staggered(calls, n, IL_MS(250), &winner);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (i != winner && calls[i].result >= 0)
            printf("%3d ms  close %s\n", since_start_ms(), addresses[i].text);
    printf("%3d ms  use %s\n", since_start_ms(), addresses[winner].text);
    return calls[winner].result;
}

static int connect_twice(void *arg)
{
    struct address broken_ipv6[] = { { "[2001:db8::1]", IL_SEC(75), 0 },
                                     { "[2001:db8::2]", IL_SEC(75), 0 },
                                     { "192.0.2.1", IL_MS(40), 7 },
                                     { "192.0.2.2", IL_MS(40), 8 } };
    struct address refused[] = { { "[2001:db8::1]", IL_MS(20), -ECONNREFUSED },
                                 { "192.0.2.1", IL_MS(30), -ENETUNREACH } };
    int r;

    (void)arg;
    r = connect_to_host(broken_ipv6, 4);
    if (r < 0)
        return r;
    printf("-- nobody answers\n");
    r = connect_to_host(refused, 2);
    printf("%3d ms  %s\n", since_start_ms(), il_strerror(r));
    return r == -ECONNREFUSED ? 0 : r;
}

int main(void)
{
    int r = il_test_run(connect_twice, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "44_happy_eyeballs: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
