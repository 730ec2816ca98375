#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure, compare and print the table; README.md tells how to read it.

A goal that is missed is information: the exit status tells only whether
every benchmark ran.
"""

import argparse
import json
import os
import pathlib
import signal
import sys

# A source folder stays as it is.
sys.dont_write_bytecode = True

from runner import counting, guard, lines, machine  # noqa: E402
from runner import plot, process, rows, table, timing  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 7
QUICK_ROUNDS = 3


def parse_arguments():
    p = argparse.ArgumentParser(prog='./dev bench', description=__doc__)
    p.add_argument('names', nargs='*', metavar='NAME',
                   help='benchmarks with one of these in their name')
    p.add_argument('--build', default=SOURCE / 'build/bench',
                   type=pathlib.Path, help='where programs were built')
    p.add_argument('--quick', action='store_true',
                   help='less of everything, in under a minute')
    p.add_argument('--json', metavar='FILE', type=pathlib.Path,
                   help='write the results, one object a line')
    p.add_argument('--plot', action='store_true',
                   help='draw curves into BUILD/plots')
    p.add_argument('--from', metavar='FILE', dest='source',
                   type=pathlib.Path,
                   help='measure nothing, take results of --json')
    p.add_argument('--markdown', metavar='FILE', type=pathlib.Path,
                   help='print the results in FILE as Markdown')
    p.add_argument('--no-count', action='store_true',
                   help='do not count instructions and system calls')
    p.add_argument('--list', action='store_true',
                   help='print the rows and measure nothing')
    p.add_argument('--counts', action='store_true',
                   help='compare counts with the stored ones, or')
    p.add_argument('--write', action='store_true', help='store them')
    return p.parse_args()


def read_results(path):
    """What --json wrote: the machine and the lines."""
    objects = [json.loads(line) for line in path.read_text().splitlines()]
    return objects[0], objects[1:]


def write_results(path, about, results):
    path.write_text(''.join(json.dumps(o) + '\n' for o in [about, *results]))


def count_all(place, wanted):
    """Counts by row: {id: {kind: number}}."""
    found = {}
    for row, kind, result in counting.count_rows(place, wanted):
        if isinstance(result, counting.CountError):
            print(f'{row.what}: {kind}: {result}', file=sys.stderr)
        else:
            found.setdefault(id(row), {})[kind] = result
    return found


def print_ready(wanted, measured, printed, counts, results):
    """Print rows in their order, each as soon as it is measured."""
    while printed < len(wanted) and id(wanted[printed]) in measured:
        row = wanted[printed]
        made = lines.make(row, measured[id(row)], counts.get(id(row)))
        results += made
        print(table.text_row(made), flush=True)
        printed += 1
    return printed


def measure(place, wanted, watch, counts):
    """Run everything and print it; returns the lines and what failed."""
    display = machine.Display()
    measured, results, failures = {}, [], []
    printed = 0
    try:
        for heat in timing.make_heats(wanted):
            if heat.display:
                display.open()
            watch.run(heat)
            failures += heat.failures()
            measured.update((id(row), heat) for row in heat.rows)
            printed = print_ready(wanted, measured, printed, counts, results)
    finally:
        display.close()
    return results, failures


def run_table(args, wanted):
    standard = QUICK_ROUNDS if args.quick else ROUNDS
    rounds = int(os.environ.get('INTERLOOP_BENCH_ROUNDS', standard))
    place = process.Place(args.build, SOURCE)
    counts = {}
    about = machine.describe(args.build, SOURCE, rounds)
    table.fit(row.what for row in wanted)
    print(table.text_header(about), flush=True)
    if not args.quick and not args.no_count:
        counts = count_all(place, wanted)
    watch = timing.Stopwatch(place, rounds, args.quick)
    results, failures = measure(place, wanted, watch, counts)
    print(f'\n{lines.summary(results)}; {watch.spent():.0f} s')
    for command in failures:
        print(f'FAILED: {command}')
    return about, results, not failures


def show(args):
    """Show results of an earlier run."""
    about, results = read_results(args.markdown or args.source)
    if args.markdown:
        print(table.markdown(about, results))
        return
    table.fit(line['name'] for line in results)
    print(table.text_header(about))
    for group in table.by_row(results):
        print(table.text_row(group))
    print(f'\n{lines.summary(results)}')
    if args.plot:
        draw(args, results)


def draw(args, results):
    for path in plot.draw(results, args.build / 'plots'):
        print(path)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # | head
    args = parse_arguments()
    if args.markdown or args.source:
        show(args)
        return 0
    wanted = rows.load(SOURCE / 'bench/rows', args.names, args.quick)
    if not wanted:
        print(f'no benchmark is called {" or ".join(args.names)}',
              file=sys.stderr)
        return 2
    if args.list:
        for row in wanted:
            print(f'{row.bench}: {row.what}: {", ".join(row.commands())}')
        return 0
    if args.counts:
        return guard.run(args.build, SOURCE, wanted, args.write,
                         not args.names)
    if not (args.build / 'bench').is_dir():
        print(f'no benchmarks in {args.build}; run ./dev bench',
              file=sys.stderr)
        return 2
    about, results, good = run_table(args, wanted)
    if args.json:
        write_results(args.json, about, results)
    if args.plot:
        draw(args, results)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
