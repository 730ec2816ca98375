# SPDX-License-Identifier: MIT

"""Tasks, futures and timers of Python's asyncio, by the bench's protocol.

    peer_asyncio.py [--loop asyncio|uvloop] CONTENDER [N]

One contender in a process, lines of "metric value", INTERLOOP_BENCH_OPS for
the number of operations, exit status 77 when uvloop or asyncio.timeout() is
not there: what bench.h says holds here.  The figure is processor time but for
inbox, which has two threads: ns is wall time there, cpu_ns processor time of
both.

uvloop is the same program with another event loop, as its users have it.  Both
run with what they come with: the C accelerated Task and Future, the garbage
collector on, no debug mode.

Each contender is the fastest of the forms that asyncio's users write:

yield          asyncio.sleep(0), a bare `yield` inside
spawn          loop.create_task() and `await`; a TaskGroup for one task takes
               about twice as long
spawn-batch    1,000 of them, awaited one by one; gather(), wait() and a
               TaskGroup take half as long again or more
future-done    `await` of a future that has its result
future         two tasks play ball with futures: each throw is a set_result(),
               an `await` that suspends, and a new future, as there is no way
               to clear one.  Event takes half as long again
queue          the same with two queues, put_nowait() and get()
post           callbacks that call_soon() themselves, N of them
inbox          call_soon_threadsafe() from a thread as fast as it can
timer-cancel   cancel() and call_later() again, N pending.  A turn of the loop
               after each hundred, because both loops free what was cancelled
               only there
timer-expire   100 at a time with N others pending.  asyncio's are due at once,
               through its heap; uvloop makes a call_soon() of such a call, so
               its are due in a millisecond, in which the process sleeps
timeout-scope  enter and leave asyncio.timeout()
cancel         N parked tasks are cancelled, then awaited one by one, which is
               cheaper than gather(); parking them is not counted
parked         all await one future, which is less than one each would take
"""

import argparse
import asyncio
import gc
import os
import sys
import threading
import time

ABSENT = 77
BATCH = 1000  # tasks of spawn-batch
N_HOT = 100  # timers that expire together
N_DELAYS = 65536


def fail(why):
    sys.exit(f'benchmark failed: {why}')


def show(metric, value):
    print(f'{metric} {value:.3f}', flush=True)


def ops(standard):
    """How many operations to do; bench_ops() of bench.h."""
    told = os.environ.get('INTERLOOP_BENCH_OPS', '')
    return int(told) if told.isdigit() and int(told) > 0 else standard


async def measure(body, n, warm_up):
    """Warm up, then time body(n), which does n operations."""
    await body(warm_up)
    start = time.process_time_ns()
    await body(n)
    show('ns', (time.process_time_ns() - start) / n)


# --- Tasks -------------------------------------------------------------------

async def run_yield(loop, n):
    each = max(1, ops(200_000) // n)
    start = None
    end = 0

    async def yielder():
        nonlocal start, end
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # The first that comes by starts the clock, the last one stops it.
        if start is None:
            start = time.process_time_ns()
        for _ in range(each):
            await asyncio.sleep(0)
        end = time.process_time_ns()

    for task in [loop.create_task(yielder()) for _ in range(n)]:
        await task
    show('ns', (end - start) / (n * each))


async def trivial():
    pass


async def run_spawn(loop, _n):
    async def body(n):
        for _ in range(n):
            await loop.create_task(trivial())

    await measure(body, ops(60_000), 1000)


async def run_spawn_batch(loop, _n):
    async def body(n):
        for _ in range(n // BATCH):
            tasks = [loop.create_task(trivial()) for _ in range(BATCH)]
            for task in tasks:
                await task

    await measure(body, max(1, ops(150_000) // BATCH) * BATCH, 2 * BATCH)


async def run_cancel(loop, n):
    async def park():
        await loop.create_future()

    async def one_round():
        tasks = [loop.create_task(park()) for _ in range(n)]
        await asyncio.sleep(0)
        start = time.process_time_ns()
        for task in tasks:
            task.cancel()
        for task in tasks:
            try:
                await task
                fail('a task outlived its cancellation')
            except asyncio.CancelledError:
                pass
        return time.process_time_ns() - start

    n_rounds = max(1, ops(60_000) // n)
    await one_round()
    spent = 0
    for _ in range(n_rounds):
        spent += await one_round()
    show('ns', spent / (n_rounds * n))


async def run_timeout_scope(_loop, _n):
    if not hasattr(asyncio, 'timeout'):  # before Python 3.11
        sys.exit(ABSENT)

    async def body(n):
        for _ in range(n):
            async with asyncio.timeout(3600):
                pass

    async def turning(n):
        # A turn now and then, or asyncio's heap only grows.
        for _ in range(n // 100):
            await body(100)
            await asyncio.sleep(0)

    await measure(turning, max(1, ops(80_000) // 100) * 100, 1000)


# --- Futures and queues ------------------------------------------------------

async def run_future_done(loop, _n):
    future = loop.create_future()
    future.set_result(1)

    async def body(n):
        for _ in range(n):
            await future

    await measure(body, ops(3_000_000), 1000)


async def run_future(loop, _n):
    there, back = loop.create_future(), loop.create_future()

    async def server(n):
        nonlocal back
        for i in range(n):
            there.set_result(i)
            await back
            back = loop.create_future()

    async def returner(n):
        nonlocal there
        for _ in range(n):
            ball = await there
            there = loop.create_future()
            back.set_result(ball)

    async def body(n):
        other = loop.create_task(returner(n // 2))
        await loop.create_task(server(n // 2))
        await other

    await measure(body, ops(150_000) // 2 * 2, 2000)


async def run_queue(loop, _n):
    there, back = asyncio.Queue(), asyncio.Queue()

    async def returner(n):
        for _ in range(n):
            back.put_nowait(await there.get())

    async def body(n):
        other = loop.create_task(returner(n // 2))
        for i in range(n // 2):
            there.put_nowait(i)
            if await back.get() != i:
                fail('another message came back')
        await other

    await measure(body, ops(100_000) // 2 * 2, 2000)


# --- Callbacks ---------------------------------------------------------------

async def run_post(loop, n_callbacks):
    async def body(n):
        done = loop.create_future()
        left = n

        def callback():
            nonlocal left
            left -= 1
            if left >= n_callbacks:
                loop.call_soon(callback)
            elif left == 0:
                done.set_result(None)

        for _ in range(n_callbacks):
            loop.call_soon(callback)
        await done

    await measure(body, max(n_callbacks, ops(400_000)),
                  max(n_callbacks, 1000))


async def run_inbox(loop, _n):
    async def body(n):
        done = loop.create_future()
        total = 0

        def receive(item):
            nonlocal total
            total += item
            if item == n - 1:
                done.set_result(None)

        def sender():
            for item in range(n):
                loop.call_soon_threadsafe(receive, item)

        thread = threading.Thread(target=sender)
        thread.start()
        await done
        thread.join()
        if total != n * (n - 1) // 2:
            fail('items were lost')

    n = ops(100_000)
    await body(5000)
    start, cpu = time.perf_counter_ns(), time.process_time_ns()
    await body(n)
    show('ns', (time.perf_counter_ns() - start) / n)
    show('cpu_ns', (time.process_time_ns() - cpu) / n)


# --- Timers ------------------------------------------------------------------

def make_delays():
    """The delays of bench_timer.c in seconds, by the same xorshift64."""
    mask = 2 ** 64 - 1
    x = 88172645463325252
    delays = []
    for _ in range(N_DELAYS):
        x ^= (x << 13) & mask
        x ^= x >> 7
        x ^= (x << 17) & mask
        delays.append((1_000_000 + x % 1_000_000) / 1000)
    return delays


def nothing():
    pass


def make_pending(loop, n, delays):
    """Start n timers that will not expire before the program has ended."""
    return [loop.call_later(delays[i * 7 % N_DELAYS], nothing)
            for i in range(n)]


async def run_timer_cancel(loop, n_pending):
    delays = make_delays()
    timers = make_pending(loop, n_pending, delays)

    async def body(n):
        k = 0
        for first in range(0, n, 100):
            for i in range(first, first + 100):
                timers[k].cancel()
                timers[k] = loop.call_later(delays[i % N_DELAYS], nothing)
                k = k + 1 if k + 1 < n_pending else 0
            await asyncio.sleep(0)

    await measure(body, max(1, ops(150_000) // 100) * 100, 2000)


async def run_timer_expire(loop, n_pending):
    others = make_pending(loop, n_pending, make_delays())
    delay = 0.001 if loop.__class__.__module__.startswith('uvloop') else 0

    async def body(n):
        left = 0
        done = None

        def expire():
            nonlocal left
            left -= 1
            if left == 0:
                done.set_result(None)

        for _ in range(n // N_HOT):
            left = N_HOT
            done = loop.create_future()
            for _ in range(N_HOT):
                loop.call_later(delay, expire)
            await done

    await measure(body, max(1, ops(50_000) // N_HOT) * N_HOT, 5 * N_HOT)
    if len(others) != n_pending:
        fail('timers were lost')


# --- Memory ------------------------------------------------------------------

def look():
    """Resident bytes, KiB of page tables and mappings of this process."""
    fields = {}
    with open('/proc/self/status') as status:
        for line in status:
            name, value = line.split(':', 1)
            fields[name] = value.split()
    with open('/proc/self/maps') as maps:
        n_mappings = sum(1 for _ in maps)
    return int(fields['VmRSS'][0]) * 1024, int(fields['VmPTE'][0]), n_mappings


async def run_parked(loop, n):
    n_parked = n_finished = 0
    gate = loop.create_future()

    async def park():
        nonlocal n_parked, n_finished
        n_parked += 1
        await gate
        n_finished += 1

    before = look()
    start = time.process_time_ns()
    tasks = [loop.create_task(park()) for _ in range(n)]
    await asyncio.sleep(0)
    took = time.process_time_ns() - start
    now = look()
    show('tasks', n_parked)
    show('bytes', (now[0] - before[0]) / n)
    show('page_tables', now[1] - before[1])
    show('mappings', now[2] - before[2])
    show('ns', took / n)

    start = time.process_time_ns()
    gate.set_result(None)
    for task in tasks:
        await task
    show('ns_end', (time.process_time_ns() - start) / n)
    show('finished', n_finished)
    del tasks, task, gate
    await asyncio.sleep(0)
    gc.collect()
    show('bytes_left', (look()[0] - before[0]) / n)


# --- Command line ------------------------------------------------------------

# What runs, and N when the command line has none.
TABLE = {
    'yield': (run_yield, 64),
    'spawn': (run_spawn, 1),
    'spawn-batch': (run_spawn_batch, 1),
    'future-done': (run_future_done, 1),
    'future': (run_future, 1),
    'queue': (run_queue, 1),
    'post': (run_post, 100),
    'inbox': (run_inbox, 1),
    'timer-cancel': (run_timer_cancel, 1000),
    'timer-expire': (run_timer_expire, 1000),
    'timeout-scope': (run_timeout_scope, 1),
    'cancel': (run_cancel, 1000),
    'parked': (run_parked, 100_000),
}


def new_loop(name):
    if name == 'asyncio':
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError:
        sys.exit(ABSENT)
    return uvloop.new_event_loop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--loop', choices=('asyncio', 'uvloop'),
                        default='asyncio')
    parser.add_argument('contender', choices=TABLE)
    parser.add_argument('n', nargs='?', type=int)
    arguments = parser.parse_args()
    run, n = TABLE[arguments.contender]
    n = n if arguments.n is None else arguments.n
    if n < 1:
        parser.error('N is at least 1')
    loop = new_loop(arguments.loop)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run(loop, n))
    sys.stdout.flush()
    # Nobody measures how long it takes to tear a million timers down.
    os._exit(0)


main()
