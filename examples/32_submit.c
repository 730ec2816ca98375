/* SPDX-License-Identifier: MIT */

/* 32_submit.c - have something done in another thread's loop.
 *
 * A shop keeps its stock in the loop of one thread, and nothing there needs a
 * lock.  Other threads ask it: for a number with il_call_sync(), which runs a
 * function there and waits for it, and for something that takes time with
 * il_submit(), which runs a task there that may wait itself.  One who orders
 * what never comes gives up. */

#include <interloop/interloop.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct shop {
    il_loop *loop;
    sem_t is_open;
    int n_apples; /* only the loop's thread looks */
    il_callback closing_time;
};

/* --- in the shop's loop --------------------------------------------------- */

static int count_apples(void *arg)
{
    const struct shop *shop = arg;

    return shop->n_apples;
}

/* What is not there has to be fetched. */
static int order_apples(void *arg)
{
    struct shop *shop = arg;
    int r = il_sleep(IL_MS(2));

    if (r < 0)
        return r;
    shop->n_apples += 10;
    return shop->n_apples;
}

static int order_unicorn(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static void close_shop(void *arg)
{
    struct shop *shop = arg;

    (void)il_loop_stop(shop->loop);
}

static void *keep_shop(void *arg)
{
    struct shop *shop = arg;

    if (il_loop_new(&shop->loop) == 0) {
        (void)il_loop_ref(shop->loop); /* the customers' */
        (void)sem_post(&shop->is_open);
        (void)il_loop_run(shop->loop);
        (void)il_loop_close(shop->loop, IL_SEC(5));
        il_loop_unref(shop->loop);
    } else {
        (void)sem_post(&shop->is_open);
    }
    return NULL;
}

/* --- customers: this is a plain thread, a task would do the same ---------- */

static int ask(struct shop *shop)
{
    int n = 0;
    int r = il_call_sync(shop->loop, count_apples, shop, &n);

    if (r == 0)
        printf("apples: %d\n", n);
    return r;
}

static int order(struct shop *shop)
{
    il_submission *submission;
    int n = 0;
    int r = il_submit(shop->loop, order_apples, shop, &submission);

    if (r < 0)
        return r;
    r = il_submission_wait(submission, IL_FOREVER, &n);
    if (r == 0)
        printf("ordered, apples: %d\n", n);
    il_submission_unref(submission);
    return r;
}

/* Whether it is there, and what became of it, are two things. */
static int order_in_vain(struct shop *shop)
{
    il_submission *submission;
    int result = 0;
    int r = il_submit(shop->loop, order_unicorn, NULL, &submission);

    if (r < 0)
        return r;
    r = il_submission_wait(submission, IL_MS(5), &result);
    printf("waiting for a unicorn: %s\n", il_strerror(r));
    (void)il_submission_cancel(submission);
    r = il_submission_wait(submission, IL_FOREVER, &result);
    printf("its task: %s\n", il_strerror(result));
    il_submission_unref(submission);
    return r;
}

static int go_shopping(struct shop *shop)
{
    int r = ask(shop);

    if (r == 0)
        r = order(shop);
    if (r == 0)
        r = order_in_vain(shop);
    (void)il_post_threadsafe(shop->loop, &shop->closing_time);
    return r;
}

int main(void)
{
    struct shop shop = { .n_apples = 3 };
    pthread_t thread;
    int r = -ENOMEM;

    shop.closing_time = (il_callback)IL_CALLBACK_INIT(close_shop, &shop);
    if (sem_init(&shop.is_open, 0, 0) != 0 ||
        pthread_create(&thread, NULL, keep_shop, &shop) != 0)
        return EXIT_FAILURE;
    while (sem_wait(&shop.is_open) != 0)
        continue;
    if (shop.loop)
        r = go_shopping(&shop);
    (void)pthread_join(thread, NULL);
    /* A loop that is closed answers, too. */
    if (r == 0)
        printf("closed: %s\n", il_strerror(ask(&shop)));
    il_loop_unref(shop.loop);
    if (r < 0)
        fprintf(stderr, "32_submit: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
