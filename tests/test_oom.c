/* SPDX-License-Identifier: MIT */

/* test_oom.c - memory runs out at every single place.
 *
 * The linker sends our allocations here.  A story that uses much of the
 * library is told again and again: first the first allocation in it fails,
 * then the second, and so on until none is left.  Each time whoever asked must
 * be told -ENOMEM, nobody may crash, and afterwards memory, mappings and
 * descriptors must be what they were. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static bool counting;      /* inside the story */
static bool failing_on;    /* every allocation after the first failure fails */
static unsigned countdown; /* 1: the next one fails; 0: none will */
static unsigned n_failed;
static long n_live;   /* allocations not freed */
static long n_mapped; /* bytes mapped and not unmapped */

static bool must_fail(void)
{
    if (!counting || (countdown == 0 && !(failing_on && n_failed)))
        return false;
    if (countdown > 1) {
        countdown--;
        return false;
    }
    countdown = 0;
    n_failed++;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __real_munmap(void *p, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset);
int __wrap_munmap(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
    void *p = must_fail() ? NULL : __real_malloc(size);

    n_live += p != NULL;
    return p;
}

void *__wrap_calloc(size_t n, size_t size)
{
    void *p = must_fail() ? NULL : __real_calloc(n, size);

    n_live += p != NULL;
    return p;
}

void *__wrap_realloc(void *old, size_t size)
{
    void *p;

    if (must_fail())
        return NULL;
    p = __real_realloc(old, size);
    n_live += p != NULL && old == NULL;
    return p;
}

void __wrap_free(void *p)
{
    n_live -= p != NULL;
    __real_free(p);
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
                  off_t offset)
{
    void *p;

    if (must_fail())
        return MAP_FAILED;
    p = __real_mmap(at, size, prot, flags, fd, offset);
    n_mapped += p != MAP_FAILED ? (long)size : 0;
    return p;
}

int __wrap_munmap(void *p, size_t size)
{
    n_mapped -= (long)size;
    return __real_munmap(p, size);
}

/* --- The story ------------------------------------------------------------ */

/* Success, or the one excuse there is. */
static bool fine(int r)
{
    CHECK(r >= 0 || r == -ENOMEM || r == -ECANCELED);
    return r >= 0;
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(3));
}

static int read_one(void *arg)
{
    struct reader *reader = arg;

    reader->r = il_read(reader->fd, reader->buffer, 1);
    (void)fine((int)reader->r);
    return (int)reader->r;
}

static int write_one(void *arg)
{
    int r = il_sleep(IL_MS(1));

    return r < 0 ? r : (int)il_write(*(int *)arg, "x", 1);
}

/* Whoever gets no memory to read into has read nothing. */
static int read_into_a_loan(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct reader *reader = arg;
    ssize_t n = -ENOMEM;

    for (int i = 0; i < 3 && n == -ENOMEM; i++)
        n = il_buffer_read(&buffer, reader->fd);
    (void)fine((int)n);
    CHECK((n == 2 && buffer.size == 2) || (n < 0 && !buffer.data));
    return 0;
}

static int run_family(void *arg)
{
    struct reader *reader = arg;
    il_group group;
    il_call calls[] = { { sleep_a_little, NULL, 0 },
                        { sleep_a_little, NULL, 0 } };
    int r = 0;

    CHECK_INT(il_group_open(&group, 0), 0);
    if (!fine(il_spawn(&group, read_one, reader, NULL)) ||
        !fine(
            il_spawn_copy(&group, write_one, &reader[1].fd, sizeof(int), NULL)))
        il_group_cancel(&group);
    for (int i = 0; i < 100; i++)
        (void)fine(il_spawn(&group, sleep_a_little, NULL, NULL));
    IL_TIMEOUT (IL_MS(1), &r) {
        r = il_gather(calls, 2);
    }
    CHECK(r == -ETIMEDOUT || r == -ECANCELED || r == -ENOMEM);
    r = il_group_close(&group);
    (void)fine(r);
    if (fine((int)il_write(reader[1].fd, "yz", 2)))
        (void)read_into_a_loan(reader);
    return 0;
}

static void make_channel(void)
{
    il_channel channel = { .capacity = 0 };
    char element = 'x';

    if (!fine(il_channel_init(&channel, sizeof element, 100))) {
        CHECK_INT(il_channel_try_send(&channel, &element), -EINVAL);
        return;
    }
    CHECK_INT(il_channel_try_send(&channel, &element), 0);
    il_channel_fini(&channel);
}

/* What is made of one piece, and what stays as it was if there is none. */
static void make_ends(void)
{
    il_sender tx = IL_SENDER_INIT;
    il_receiver rx = IL_RECEIVER_INIT;
    char element = 'x';

    if (!fine(il_oneshot_open(sizeof element, &tx, &rx))) {
        CHECK(!il_sender_channel(&tx) && !il_receiver_channel(&rx));
        return;
    }
    CHECK_INT(il_oneshot_send(&tx, &element), 0);
    il_receiver_drop(&rx);
}

static int compare_nothing(const void *a, const void *b, void *arg)
{
    (void)a;
    (void)b;
    (void)arg;
    return 0;
}

static void make_queues(void)
{
    il_queue queues[3] = { { .capacity = 0 } };
    il_broadcast broadcast = { .capacity = 0 };
    il_watch watch = { .version = 0 };
    char element = 'x';

    (void)fine(il_queue_init(&queues[0], sizeof element, 100));
    (void)fine(il_queue_init_lifo(&queues[1], sizeof element, 100));
    (void)fine(il_queue_init_priority(&queues[2], sizeof element, 100,
                                      compare_nothing, NULL));
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_queue_try_put(&queues[i], &element),
                  queues[i].capacity ? 0 : -EINVAL);
        il_queue_fini(&queues[i]);
    }
    (void)fine(il_broadcast_init(&broadcast, sizeof element, 100));
    CHECK_INT(il_broadcast_send(&broadcast, &element),
              broadcast.capacity ? 0 : -EINVAL);
    il_broadcast_fini(&broadcast);
    (void)fine(il_watch_init(&watch, sizeof element));
    CHECK_INT(il_watch_set(&watch, &element), watch.element_size ? 0 : -EINVAL);
    il_watch_fini(&watch);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void use_loop(il_loop *loop)
{
    struct reader readers[2] = { { .name = NULL } };
    il_spawn_options large = { .fn = sleep_a_little, .stack_size = 1 << 20 };
    il_spawn_options own = { .fn = sleep_a_little, .stack_size = 16 << 20 };
    il_callback post = IL_CALLBACK_INIT(do_nothing, NULL);
    static il_callback hook; /* these run after we have returned */
    static il_timer timer;
    int fds[2];

    CHECK_INT(il_test_use_virtual_time(loop, IL_TEST_AUTOJUMP), 0);
    hook = (il_callback)IL_CALLBACK_INIT(do_nothing, NULL);
    timer = (il_timer)IL_TIMER_INIT(do_nothing, NULL);
    make_pipe(fds);
    readers[0].fd = fds[0];
    readers[1].fd = fds[1];
    make_channel();
    make_ends();
    make_queues();
    /* These never need memory. */
    CHECK_INT(il_post(loop, &post), 0);
    CHECK_INT(il_loop_at_close(loop, &hook), 0);
    CHECK_INT(il_timer_start(loop, &timer, il_deadline(IL_MS(2))), 0);

    (void)fine(il_spawn_with(NULL, &large, NULL));
    (void)fine(il_spawn_with(NULL, &own, NULL));
    (void)fine(il_run(run_family, readers));
    CHECK(il_test_run_until_blocked(loop) >= 0);
    close_both(fds);
}

static void keep_quiet(const il_report *report, void *arg)
{
    (void)arg;
    CHECK(report->error == -ENOMEM || report->error == -ECANCELED);
}

static void tell_story(void)
{
    il_loop *loop = NULL;

    counting = true;
    if (!fine(il_loop_new(&loop))) {
        CHECK(loop == NULL);
        CHECK(il_loop_current() == NULL);
        counting = false;
        return;
    }
    il_loop_set_report_handler(loop, keep_quiet, NULL);
    use_loop(loop);
    CHECK_INT(il_loop_close(loop, IL_SEC(1)), 0);
    CHECK(il_loop_unref(loop) == NULL);
    counting = false;
}

/* Returns whether an allocation failed. */
static bool tell_story_with_failure(unsigned at)
{
    long live = n_live;
    long mapped = n_mapped;
    int descriptors = count_descriptors();

    countdown = at;
    n_failed = 0;
    tell_story();
    assert_int_equal(n_live, live);
    assert_int_equal(n_mapped, mapped);
    assert_int_equal(count_descriptors(), descriptors);
    return n_failed > 0;
}

static int setup_plain(void **state)
{
    (void)state;
    begin_checks();
    return 0;
}

static int teardown_plain(void **state)
{
    (void)state;
    counting = false;
    end_checks();
    return 0;
}

static void test_oom_once_at_every_place(void **state)
{
    unsigned at = 1;

    (void)state;
    failing_on = false;
    assert_false(tell_story_with_failure(0));
    while (tell_story_with_failure(at))
        at++;
    assert_true(at > 5);
}

static void test_oom_for_good_from_every_place(void **state)
{
    unsigned at = 1;

    (void)state;
    failing_on = true;
    while (tell_story_with_failure(at))
        at++;
    failing_on = false;
    assert_true(at > 5);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_plain, teardown_plain)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_oom_once_at_every_place),
        TEST(test_oom_for_good_from_every_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
