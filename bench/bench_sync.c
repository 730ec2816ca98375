/* SPDX-License-Identifier: MIT */

/* bench_sync.c - what locks and their like cost.
 *
 * Without a contender: one task takes and gives back, again and again.  The
 * figure is such a pair.
 *
 *   lock       il_lock_acquire () and il_lock_release ()
 *   block      the same by IL_WITH_LOCK ()
 *   semaphore  the one permit of a semaphore
 *   event      il_event_set () and il_event_wait ()
 *   read       il_rwlock_acquire_read () and il_rwlock_release_read ()
 *   token      il_limiter_acquire () and il_limiter_release ()
 *   hand-lock  two functions that are called: one notes who runs as the owner,
 *              if there is none, the other one compares and forgets it
 *
 * With one: two tasks want the same, so that each gives it to the other and
 * then waits until it comes back.  The figure is one hand-over, so one
 * suspension and one resumption.
 *
 *   lock-pass, semaphore-pass
 *              from one to the other and back
 *   lock-yield who has the lock yields before it gives it back, as is done with
 *              other libraries' locks, which else are never waited for
 *   yield      two tasks that yield, the measure for all others
 *   st-pass    State Threads' mutex, which is handed over, too
 *   condition  il_condition_notify () and il_condition_wait (): who is notified
 *              gets the lock when the other one waits */

#include "config.h"

#include "bench.h"
#include "game.h"

#define N_PAIRS (40L * 1000 * 1000)
#define N_PASSES (8L * 1000 * 1000)

static long count; /* what is done with the lock in hand */

/* --- alone ------------------------------------------------------------------ */

typedef void body_fn(long n);

static body_fn *body;

static int alone_main(void *arg)
{
    long n = bench_ops(N_PAIRS);
    double start;

    (void)arg;
    body(10000);
    start = bench_cpu_ns();
    body(n);
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    BENCH_ASSERT(count == n + 10000);
    return 0;
}

static void run_alone(body_fn *fn)
{
    body = fn;
    BENCH_CHECK(il_run(alone_main, NULL));
}

static il_lock lock = IL_LOCK_INIT;

static void lock_body(long n)
{
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_lock_acquire(&lock));
        count++;
        BENCH_CHECK(il_lock_release(&lock));
    }
}

static void run_lock(long n)
{
    (void)n;
    run_alone(lock_body);
}

static void block_body(long n)
{
    int r = 0;

    for (long i = 0; i < n; i++)
        IL_WITH_LOCK (&lock, &r) {
            count++;
        }
    BENCH_CHECK(r);
}

static void run_block(long n)
{
    (void)n;
    run_alone(block_body);
}

static il_event event = IL_EVENT_INIT;

static void event_body(long n)
{
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_event_set(&event));
        BENCH_CHECK(il_event_wait(&event));
        count++;
    }
}

static void run_event(long n)
{
    (void)n;
    run_alone(event_body);
}

static il_semaphore semaphore = IL_SEMAPHORE_INIT(1);

static void semaphore_body(long n)
{
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_semaphore_acquire(&semaphore, 1));
        count++;
        BENCH_CHECK(il_semaphore_release(&semaphore, 1));
    }
}

static void run_semaphore(long n)
{
    (void)n;
    run_alone(semaphore_body);
}

static il_rwlock rwlock = IL_RWLOCK_INIT;

static void read_body(long n)
{
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_rwlock_acquire_read(&rwlock));
        count++;
        BENCH_CHECK(il_rwlock_release_read(&rwlock));
    }
}

static void run_read(long n)
{
    (void)n;
    run_alone(read_body);
}

static il_limiter limiter = IL_LIMITER_INIT(1);
static il_token token = IL_TOKEN_INIT;

static void token_body(long n)
{
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_limiter_acquire(&limiter, &token));
        count++;
        BENCH_CHECK(il_limiter_release(&limiter, &token));
    }
}

static void run_token(long n)
{
    (void)n;
    run_alone(token_body);
}

/* What a lock with an owner cannot do without. */
static void *hand_current = &hand_current;
static void *hand_owner;

static __attribute__((noinline)) int hand_acquire(void **owner)
{
    if (*owner)
        return -1;
    *owner = hand_current;
    return 0;
}

static __attribute__((noinline)) int hand_release(void **owner)
{
    if (*owner != hand_current)
        return -1;
    *owner = NULL;
    return 0;
}

static void run_hand_lock(long n)
{
    double start = bench_cpu_ns();

    n = bench_ops(N_PAIRS);
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(hand_acquire(&hand_owner));
        count++;
        BENCH_CHECK(hand_release(&hand_owner));
    }
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
}

/* --- two ---------------------------------------------------------------------- */

static void run_game(il_task_fn *player)
{
    game_run(player, N_PASSES);
}

static void run_yield(long n)
{
    (void)n;
    run_game(game_yielder);
}

/* The first one yields once with the lock; from then on the other one always
 * waits for it. */
static int lock_passer(void *arg)
{
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_lock_acquire(&lock));
        if (i == 0 && !arg)
            BENCH_CHECK(il_yield());
        count++;
        BENCH_CHECK(il_lock_release(&lock));
    }
    return 0;
}

static void run_lock_pass(long n)
{
    (void)n;
    run_game(lock_passer);
}

static int semaphore_passer(void *arg)
{
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_semaphore_acquire(&semaphore, 1));
        if (i == 0 && !arg)
            BENCH_CHECK(il_yield());
        count++;
        BENCH_CHECK(il_semaphore_release(&semaphore, 1));
    }
    return 0;
}

static void run_semaphore_pass(long n)
{
    (void)n;
    run_game(semaphore_passer);
}

/* The lock is to and fro, too: who is notified waits for it. */
static il_condition turned[2] = { IL_CONDITION_INIT, IL_CONDITION_INIT };

static int condition_player(void *arg)
{
    long me = (long)(intptr_t)arg;

    BENCH_CHECK(il_lock_acquire(&lock));
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_condition_notify(&turned[1 - me], 1));
        if (i < n_each - me)
            BENCH_CHECK(il_condition_wait(&turned[me], &lock));
    }
    BENCH_CHECK(il_condition_notify(&turned[1 - me], 1));
    BENCH_CHECK(il_lock_release(&lock));
    return 0;
}

static void run_condition(long n)
{
    (void)n;
    run_game(condition_player);
}

static int lock_yielder(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_lock_acquire(&lock));
        BENCH_CHECK(il_yield());
        BENCH_CHECK(il_lock_release(&lock));
    }
    return 0;
}

static void run_lock_yield(long n)
{
    (void)n;
    run_game(lock_yielder);
}

/* --- State Threads ----------------------------------------------------------- */

#ifdef HAVE_PEER_ST

static st_mutex_t st_mutex;

static void *st_passer(void *arg)
{
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(st_mutex_lock(st_mutex));
        if (i == 0 && !arg)
            BENCH_CHECK(st_usleep(0));
        count++;
        BENCH_CHECK(st_mutex_unlock(st_mutex));
    }
    return NULL;
}

static void run_st_pass(long n)
{
    (void)n;
    BENCH_CHECK(st_init());
    st_mutex = st_mutex_new();
    BENCH_ASSERT(st_mutex);
    game_run_st(st_passer, N_PASSES);
}

#else
#define run_st_pass NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "lock", run_lock, 1 },
        { "block", run_block, 1 },
        { "event", run_event, 1 },
        { "semaphore", run_semaphore, 1 },
        { "read", run_read, 1 },
        { "token", run_token, 1 },
        { "hand-lock", run_hand_lock, 1 },
        { "yield", run_yield, 1 },
        { "lock-pass", run_lock_pass, 1 },
        { "lock-yield", run_lock_yield, 1 },
        { "semaphore-pass", run_semaphore_pass, 1 },
        { "condition", run_condition, 1 },
        { "st-pass", run_st_pass, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
