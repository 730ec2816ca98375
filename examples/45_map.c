/* SPDX-License-Identifier: MIT */

/* 45_map.c - many items, three at a time, and what went wrong.
 *
 * il_map() stops at the first error: what is begun is cancelled, the rest never
 * begins.  il_map_all() goes on and counts the errors.
 *
 * Where tasks are spawned by hand, a supervisor group lets each of them fail on
 * its own, and a list tells who failed with what. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 7 };

struct picture {
    const char *name;
    int size; /* bytes when it is scaled; or an error */
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static int scale(void *arg)
{
    const struct picture *picture = arg;
    int r = il_sleep(IL_MS(100));

    return r < 0 ? r : picture->size;
}

static void print_results(const char *what, const char *outcome,
                          const int *results)
{
    printf("%3d ms  %s: %s:", since_start_ms(), what, outcome);
    for (int i = 0; i < N; i++) {
        if (results[i] < 0)
            printf(" %s", il_strerror(results[i]));
        else
            printf(" %d", results[i]);
    }
    printf("\n");
}

static void scale_them(struct picture *pictures)
{
    char outcome[32];
    int results[N];
    int r;

    start = il_now();
    r = il_map(pictures, N, sizeof *pictures, 3, scale, results);
    print_results("map", il_strerror(r), results);
    start = il_now();
    r = il_map_all(pictures, N, sizeof *pictures, 3, scale, results);
    (void)snprintf(outcome, sizeof outcome, "%d failed", r);
    print_results("map all", outcome, results);
}

static int spawn_named(il_group *group, struct picture *picture)
{
    const il_spawn_options options = { .fn = scale,
                                       .arg = picture,
                                       .name = picture->name };

    return il_spawn_with(group, &options, NULL);
}

static int supervise(struct picture *pictures)
{
    il_failure list[N];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;
    int r = 0;

    IL_WITH_GROUP (&group, IL_GROUP_SUPERVISE, &r) {
        r = il_group_keep_failures(&group, &failures);
        for (int i = 0; i < N && r == 0; i++)
            r = spawn_named(&group, &pictures[i]);
    }
    /* All of them are over. */
    for (size_t i = 0; i < failures.n && i < N; i++)
        printf("        %s: %s\n", list[i].name, il_strerror(list[i].error));
    return r;
}

static int tell(void *arg)
{
    struct picture pictures[N] = { { "photo", 400 },  { "icon", 10 },
                                   { "poster", 900 }, { "film", -EFBIG },
                                   { "planet", 800 }, { "song", -EINVAL },
                                   { "drawing", 200 } };

    (void)arg;
    scale_them(pictures);
    printf("-- supervised\n");
    return supervise(pictures);
}

int main(void)
{
    int r = il_test_run(tell, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "45_map: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
