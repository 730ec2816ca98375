/* SPDX-License-Identifier: MIT */

/* 37_ends.c - spiders crawl a web site and nobody knows who will be the last.
 *
 * Each page has a task of its own, which tells what it has found and sends a
 * task to each page that it links to.  Each task has a sender of its own.  When
 * the last one is dropped there is nothing more to come, and the one who listens
 * gets to know it.
 *
 * The other way round: who has heard enough drops the receiver, and the spiders
 * find that nobody listens. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct page {
    const char *name;
    int takes_ms;
    int links[2]; /* 0: no link; nobody links to the first page */
} site[] = {
    { "welcome", 10, { 1, 2 } }, { "news", 30, { 3, 0 } },
    { "shop", 20, { 4, 5 } },    { "last year's news", 40, { 0, 0 } },
    { "chairs", 10, { 0, 0 } },  { "tables", 30, { 0, 0 } },
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

struct spider {
    il_group *group;
    il_sender found; /* of const struct page *; goes to the task */
    int page;
};

static int send_spider(il_group *group, const il_sender *found, int page);

static int crawl(void *arg)
{
    const struct spider *me = arg;
    const struct page *page = &site[me->page];
    IL_CLEANUP(il_sender) il_sender found = me->found;
    int r = il_sleep(IL_MS(page->takes_ms));

    if (r == 0)
        r = il_sender_send(&found, &page);
    for (int i = 0; i < 2 && r == 0; i++)
        if (page->links[i])
            r = send_spider(me->group, &found, page->links[i]);
    if (r == -EPIPE)
        printf("%3d ms  nobody wants to hear of %s\n", since_start_ms(),
               page->name);
    return r == -EPIPE ? 0 : r;
}

static int send_spider(il_group *group, const il_sender *found, int page)
{
    struct spider spider = { group, IL_SENDER_INIT, page };
    int r = il_sender_clone(found, &spider.found);

    if (r == 0)
        r = il_spawn_copy(group, crawl, &spider, sizeof spider, NULL);
    if (r < 0)
        il_sender_drop(&spider.found); /* it has gone nowhere */
    return r;
}

/* Print what is found, but no more than `wanted` pages. */
static int listen_to(const il_receiver *found, int wanted)
{
    const struct page *page;
    int r = 0;

    for (int n = 0; n < wanted && r == 0; n++) {
        r = il_receiver_receive(found, &page);
        if (r == 0)
            printf("%3d ms  %s\n", since_start_ms(), page->name);
    }
    if (r == -EPIPE)
        printf("%3d ms  that is all\n", since_start_ms());
    return r == -EPIPE ? 0 : r;
}

static int crawl_site(int wanted)
{
    il_sender tx;
    il_receiver rx;
    il_group spiders;
    int closed;
    int r = il_channel_open(sizeof(const struct page *), 0, &tx, &rx);

    if (r < 0)
        return r;
    start = il_now();
    r = il_group_open(&spiders, 0);
    if (r == 0)
        r = send_spider(&spiders, &tx, 0);
    il_sender_drop(&tx); /* the spiders have theirs */
    if (r == 0)
        r = listen_to(&rx, wanted);
    il_receiver_drop(&rx);
    closed = il_group_close(&spiders);
    return r < 0 ? r : closed;
}

static int crawl_twice(void *arg)
{
    int r;

    (void)arg;
    printf("all of it\n");
    r = crawl_site(100);
    if (r < 0)
        return r;
    printf("three pages will do\n");
    return crawl_site(3);
}

int main(void)
{
    int r = il_test_run(crawl_twice, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "37_ends: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
