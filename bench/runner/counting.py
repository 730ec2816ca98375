# SPDX-License-Identifier: MIT
"""Count instructions and system calls of one operation.

Both are exact where time is noisy.  A program runs twice with different
numbers of operations; the difference is divided, so that set-up, warm-up and
end cancel out.  Counting may run beside anything else, and in parallel.
"""

import concurrent.futures
import os
import re
import shutil
import tempfile

from . import figures, process

LIMIT_S = 300  # emulated, and perhaps on a busy machine

# Counts and no more: no cache, no call graph, no file to keep.
VALGRIND = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null',
            '--error-exitcode=0']
COLLECTED = re.compile(r'Collected\s*:\s*(\d+)')


class CountError(Exception):
    """Why there is no count."""


def check(status, errors):
    if status is None:
        raise CountError('timed out')
    if status == process.ABSENT:
        raise CountError('not installed')
    if status != 0 and 'Operation not permitted' in errors:
        raise CountError('not permitted')  # as in some containers
    if status != 0:
        raise CountError(f'exit status {status}: {errors[-300:]}')


def count_instructions(argv, ops, clock, _follow):
    status, _, errors = process.call([*VALGRIND, *argv], LIMIT_S, ops,
                                     {'LD_PRELOAD': str(clock)})
    check(status, errors)
    match = COLLECTED.search(errors)
    if not match:
        raise CountError('callgrind said nothing')
    return int(match[1])


def parse_strace(summary):
    """The number of calls in the last line of a summary of strace -c."""
    for line in reversed(summary.splitlines()):
        words = line.split()
        if words and words[-1] == 'total':
            return int(words[3])
    raise CountError('strace said nothing')


def count_syscalls(argv, ops, clock, follow):
    with tempfile.NamedTemporaryFile('r') as file:
        options = ['-c', *['-f'][:follow], '-E', f'LD_PRELOAD={clock}',
                   '-o', file.name]
        status, _, errors = process.call(['strace', *options, *argv],
                                         LIMIT_S, ops)
        check(status, errors)
        return parse_strace(file.read())


def count_row(place, row, kind):
    """One kind of count of one row: a number or a CountError."""
    tool, count = {'instructions': ('valgrind', count_instructions),
                   'syscalls': ('strace', count_syscalls)}[kind]
    argv = place.argv(row.ours)
    try:
        if not argv:
            raise CountError('not built')
        if not shutil.which(tool):
            raise CountError(f'{tool} is not installed')
        low, high = [(ops, count(argv, ops, place.clock, row.follow))
                     for ops in row.ops]
    except CountError as error:
        return error
    return figures.per_operation(low, high) / row.per


def kinds(row):
    return [kind for kind, wanted in [('instructions', row.count),
                                      ('syscalls', row.syscalls)] if wanted]


def count_rows(place, rows):
    """All counts: a list of (row, kind, number or CountError), in order."""
    jobs = [(row, kind) for row in rows for kind in kinds(row)]
    workers = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = pool.map(lambda job: count_row(place, *job), jobs)
        return [(row, kind, result)
                for (row, kind), result in zip(jobs, results)]
