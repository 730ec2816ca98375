/* SPDX-License-Identifier: MIT */

/* bench_wait.c - what it costs to wait for another task.
 *
 * Two tasks play ball: each throws it to the other and waits until it comes
 * back, so that every throw is one suspension and one resumption.  The figure
 * is one throw.  Both run the same loop, as two tasks that yield do; where two
 * tasks wait in different functions, the processor predicts one return wrongly
 * more, whatever it is that they wait for.
 *
 *   done       no waiting at all: il_future_wait () for one that is set
 *   yield      two tasks that yield, the measure for all others
 *   future     one il_future_set () and one il_future_wait ()
 *   event      one il_event_set (), il_event_wait () and il_event_clear ()
 *   channel    one il_channel_send () and one il_channel_receive (), through
 *              a channel without capacity in either direction
 *   buffered   the same in one direction only, with a capacity of 128: who
 *              sends and who receives suspend once for many messages
 *   hand-yield, hand-future, hand-channel, hand-buffered
 *              the same by hand, on the library's own switch: a FIFO queue, a
 *              waiter that parks with the address of its variable, a partner
 *              that writes there; no errors, no cancelling
 *   st         State Threads: one st_cond_signal () and one st_cond_wait () */

#include "config.h"

#include "bench.h"
#include "context/context.h"
#include "game.h"

#define N_THROWS (8L * 1000 * 1000)
#define N_DONE (40L * 1000 * 1000)
#define CAPACITY 128

/* --- ours ------------------------------------------------------------------ */

static void run_game(il_task_fn *player)
{
    game_run(player, N_THROWS);
}

static void run_yield(long n)
{
    (void)n;
    run_game(game_yielder);
}

static il_future balls[2] = { IL_FUTURE_INIT, IL_FUTURE_INIT };
static int caught;

static void catch_future(il_future *future)
{
    int result = 0;

    BENCH_CHECK(il_future_wait(future, &result, NULL));
    *future = (il_future)IL_FUTURE_INIT;
    caught += result;
}

static int future_player(void *arg)
{
    long me = (long)(intptr_t)arg;

    if (me == 1)
        catch_future(&balls[1]);
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_future_set(&balls[1 - me], 1, NULL));
        catch_future(&balls[me]);
    }
    if (me == 0)
        BENCH_CHECK(il_future_set(&balls[1], 1, NULL));
    return 0;
}

static void run_future(long n)
{
    (void)n;
    run_game(future_player);
}

static il_event gates[2] = { IL_EVENT_INIT, IL_EVENT_INIT };

static void catch_event(il_event *event)
{
    BENCH_CHECK(il_event_wait(event));
    il_event_clear(event);
}

static int event_player(void *arg)
{
    long me = (long)(intptr_t)arg;

    if (me == 1)
        catch_event(&gates[1]);
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_event_set(&gates[1 - me]));
        catch_event(&gates[me]);
    }
    if (me == 0)
        BENCH_CHECK(il_event_set(&gates[1]));
    return 0;
}

static void run_event(long n)
{
    (void)n;
    run_game(event_player);
}

static il_channel channels[2];

static void catch_message(il_channel *channel)
{
    long message = 0;

    BENCH_CHECK(il_channel_receive(channel, &message));
    caught += (int)message;
}

static int channel_player(void *arg)
{
    long me = (long)(intptr_t)arg;
    long message = 1;

    if (me == 1)
        catch_message(&channels[1]);
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_channel_send(&channels[1 - me], &message));
        catch_message(&channels[me]);
    }
    if (me == 0)
        BENCH_CHECK(il_channel_send(&channels[1], &message));
    return 0;
}

static void run_channel(long n)
{
    (void)n;
    for (int i = 0; i < 2; i++)
        BENCH_CHECK(il_channel_init(&channels[i], sizeof(long), 0));
    run_game(channel_player);
    for (int i = 0; i < 2; i++)
        il_channel_fini(&channels[i]);
}

/* Both do half of the throws, so that a message is counted as one. */
static int buffered_player(void *arg)
{
    long me = (long)(intptr_t)arg;
    long message = 1;

    for (long i = 0; i < 2 * n_each; i++)
        if (me == 0)
            BENCH_CHECK(il_channel_send(&channels[0], &message));
        else
            catch_message(&channels[0]);
    return 0;
}

static void run_buffered(long n)
{
    (void)n;
    BENCH_CHECK(il_channel_init(&channels[0], sizeof(long), CAPACITY));
    run_game(buffered_player);
    il_channel_fini(&channels[0]);
}

static int done_main(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    long n = bench_ops(N_DONE);
    int result = 0;
    double start;

    (void)arg;
    BENCH_CHECK(il_future_set(&future, 1, NULL));
    start = bench_cpu_ns();
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_future_wait(&future, &result, NULL));
        caught += result;
    }
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    return 0;
}

static void run_done(long n)
{
    (void)n;
    BENCH_CHECK(il_run(done_main, NULL));
}

/* --- by hand --------------------------------------------------------------- */

enum { HAND_STACK = 65536 };

struct hand_task {
    struct hand_task *next; /* in the queue */
    ili_context context;
};

struct hand_future {
    struct hand_task *waiter; /* parked; NULL: nobody */
    int *slot;                /* where it wants the result */
    int result;
    bool done;
};

static struct hand_task hand_tasks[2];
static struct hand_task *hand_first;
static struct hand_task **hand_last = &hand_first;
static struct hand_task *hand_current;
static ili_context hand_main;
static long hand_running;
static void (*hand_player)(long me);

static void hand_wake(struct hand_task *task)
{
    task->next = NULL;
    *hand_last = task;
    hand_last = &task->next;
}

static struct hand_task *hand_pop(void)
{
    struct hand_task *task = hand_first;

    hand_first = task->next;
    if (!hand_first)
        hand_last = &hand_first;
    hand_current = task;
    return task;
}

/* The one place that switches, so that returns are predicted. */
static __attribute__((noinline)) void hand_park(void)
{
    struct hand_task *me = hand_current;
    struct hand_task *to = hand_pop();

    if (to != me)
        ili_context_switch(&me->context, &to->context);
}

static void hand_yielder(long me)
{
    (void)me;
    for (long i = 0; i < n_each; i++) {
        hand_wake(hand_current);
        hand_park();
    }
}

static struct hand_future hand_balls[2];

static __attribute__((noinline)) void hand_set(struct hand_future *future,
                                               int result)
{
    if (future->waiter) {
        *future->slot = result;
        hand_wake(future->waiter);
        future->waiter = NULL;
    }
    future->result = result;
    future->done = true;
}

static __attribute__((noinline)) void hand_wait(struct hand_future *future,
                                                int *ret_result)
{
    if (future->done) {
        *ret_result = future->result;
        return;
    }
    future->waiter = hand_current;
    future->slot = ret_result;
    hand_park();
}

static void hand_catch(struct hand_future *future)
{
    int result = 0;

    hand_wait(future, &result);
    *future = (struct hand_future){ NULL, NULL, 0, false };
    caught += result;
}

static void hand_future_player(long me)
{
    if (me == 1)
        hand_catch(&hand_balls[1]);
    for (long i = 0; i < n_each; i++) {
        hand_set(&hand_balls[1 - me], 1);
        hand_catch(&hand_balls[me]);
    }
    if (me == 0)
        hand_set(&hand_balls[1], 1);
}

struct hand_channel {
    struct hand_task *receiver; /* parked; NULL: nobody */
    struct hand_task *sender;   /* likewise */
    long *slot;                 /* of the one who is parked */
    long ring[CAPACITY];
    unsigned first;
    unsigned count;
    unsigned capacity;
};

static struct hand_channel hand_channels[2];

static __attribute__((noinline)) void hand_send(struct hand_channel *channel,
                                                long *message)
{
    if (channel->receiver) {
        *channel->slot = *message;
        hand_wake(channel->receiver);
        channel->receiver = NULL;
        return;
    }
    if (channel->count < channel->capacity) {
        channel->ring[(channel->first + channel->count++) % CAPACITY] =
            *message;
        return;
    }
    channel->sender = hand_current;
    channel->slot = message;
    hand_park();
}

static __attribute__((noinline)) void hand_receive(struct hand_channel *channel,
                                                   long *ret_message)
{
    if (channel->count > 0) {
        *ret_message = channel->ring[channel->first++ % CAPACITY];
        channel->count--;
        if (channel->sender) {
            channel->ring[(channel->first + channel->count++) % CAPACITY] =
                *channel->slot;
            hand_wake(channel->sender);
            channel->sender = NULL;
        }
        return;
    }
    if (channel->sender) {
        *ret_message = *channel->slot;
        hand_wake(channel->sender);
        channel->sender = NULL;
        return;
    }
    channel->receiver = hand_current;
    channel->slot = ret_message;
    hand_park();
}

static void hand_catch_message(struct hand_channel *channel)
{
    long message = 0;

    hand_receive(channel, &message);
    caught += (int)message;
}

static void hand_channel_player(long me)
{
    long message = 1;

    if (me == 1)
        hand_catch_message(&hand_channels[1]);
    for (long i = 0; i < n_each; i++) {
        hand_send(&hand_channels[1 - me], &message);
        hand_catch_message(&hand_channels[me]);
    }
    if (me == 0)
        hand_send(&hand_channels[1], &message);
}

static void hand_buffered_player(long me)
{
    long message = 1;

    for (long i = 0; i < 2 * n_each; i++)
        if (me == 0)
            hand_send(&hand_channels[0], &message);
        else
            hand_catch_message(&hand_channels[0]);
}

static void hand_entry(void)
{
    struct hand_task *me = hand_current;

    hand_player(me - hand_tasks);
    ili_context_switch(&me->context,
                       --hand_running ? &hand_pop()->context : &hand_main);
}

static void run_hand(void (*player_fn)(long me))
{
    static char stacks[2][HAND_STACK] __attribute__((aligned(64)));
    double start;

    n_each = bench_ops(N_THROWS) / 2;
    hand_player = player_fn;
    hand_running = 2;
    for (int i = 0; i < 2; i++) {
        ili_context_make(&hand_tasks[i].context, stacks[i], HAND_STACK,
                         hand_entry);
        hand_wake(&hand_tasks[i]);
    }
    start = bench_cpu_ns();
    ili_context_switch(&hand_main, &hand_pop()->context);
    bench_print("ns", (bench_cpu_ns() - start) / (2.0 * (double)n_each));
}

static void run_hand_yield(long n)
{
    (void)n;
    run_hand(hand_yielder);
}

static void run_hand_future(long n)
{
    (void)n;
    run_hand(hand_future_player);
}

static void run_hand_channel(long n)
{
    (void)n;
    run_hand(hand_channel_player);
}

static void run_hand_buffered(long n)
{
    (void)n;
    hand_channels[0].capacity = CAPACITY;
    run_hand(hand_buffered_player);
}

/* --- State Threads --------------------------------------------------------- */

#ifdef HAVE_PEER_ST

static st_cond_t conditions[2];

static void *st_player(void *arg)
{
    long me = (long)(intptr_t)arg;

    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(st_cond_signal(conditions[1 - me]));
        BENCH_CHECK(st_cond_wait(conditions[me]));
    }
    BENCH_CHECK(st_cond_signal(conditions[1 - me]));
    return NULL;
}

static void run_st(long n)
{
    (void)n;
    BENCH_CHECK(st_init());
    for (int i = 0; i < 2; i++) {
        conditions[i] = st_cond_new();
        BENCH_ASSERT(conditions[i]);
    }
    game_run_st(st_player, N_THROWS);
}

#else
#define run_st NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "done", run_done, 1 },
        { "yield", run_yield, 1 },
        { "future", run_future, 1 },
        { "event", run_event, 1 },
        { "channel", run_channel, 1 },
        { "buffered", run_buffered, 1 },
        { "hand-yield", run_hand_yield, 1 },
        { "hand-future", run_hand_future, 1 },
        { "hand-channel", run_hand_channel, 1 },
        { "hand-buffered", run_hand_buffered, 1 },
        { "st", run_st, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
