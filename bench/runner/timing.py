# SPDX-License-Identifier: MIT
"""Let contenders run in turns.

Rows that have a contender in common are measured together: it need not run
twice, and its figure is the same in both.  Such a heat runs all of its
contenders once a round, and every second round backwards: what drifts while
we measure then meets all of them alike.
"""

import sys
import time

from . import process

WARM_UP_OPS = 20000
QUICK_S = 0.06  # of one run of one contender
QUICK_TOTAL_S = 18  # then one round has to do


class Heat:
    """Rows that share contenders, and what came of these."""

    def __init__(self, row):
        self.rows = [row]
        self.commands = row.commands()
        self.values = {}  # command: {metric: a value for each round}
        self.status = {}  # command: what is wrong with it
        self.told = {}  # command: what it said of that
        self.ops = {}  # command: how many operations, if not the standard
        self.rounds = 0

    @property
    def pin(self):
        return all(row.pin for row in self.rows)

    @property
    def limit(self):
        return max(row.limit for row in self.rows)

    @property
    def display(self):
        return any(row.display for row in self.rows)

    def quick_ops(self, command):
        """What a short run does, where a row has an opinion."""
        return min((row.quick_ops for row in self.rows
                    if row.quick_ops and command in row.commands()),
                   default=None)

    def absorb(self, other):
        self.rows += other.rows
        self.commands += [c for c in other.commands if c not in self.commands]

    def get(self, command, metric):
        """All rounds of a metric; nothing if one of them went wrong."""
        if command in self.status:
            return []
        return self.values.get(command, {}).get(metric, [])

    def excuse(self, command):
        """Why there is no number."""
        status = self.status.get(command)
        if status == process.ABSENT:
            missing = 'no display' if self.display else 'not installed'
            return self.told.get(command) or missing
        if status is None:
            return 'no result'
        return status if isinstance(status, str) else f'CRASHED ({status})'

    def failures(self):
        return [c for c, status in self.status.items()
                if status not in (0, process.ABSENT, 'not built')]


def make_heats(rows):
    """Group rows that have a command in common, in the order of rows."""
    heats = []
    for row in rows:
        heat = Heat(row)
        for other in [h for h in heats
                      if set(h.commands) & set(heat.commands)]:
            heats.remove(other)
            other.absorb(heat)
            heat = other
        heats.append(heat)
    heats.sort(key=lambda h: min(rows.index(row) for row in h.rows))
    return heats


class Stopwatch:
    """The settings of a whole run of the table."""

    def __init__(self, place, rounds, quick=False):
        self.place = place
        self.rounds = rounds
        self.quick = quick
        self.start = time.monotonic()

    def spent(self):
        return time.monotonic() - self.start

    def n_rounds(self):
        late = self.quick and self.spent() > QUICK_TOTAL_S
        return 1 if late else self.rounds

    def run_once(self, heat, command, ops):
        """Run a contender unless it has failed before."""
        if command in heat.status:
            return {}
        outcome = process.run(self.place, command, pin=heat.pin,
                              limit=heat.limit, ops=ops)
        if outcome.status != 0:
            heat.status[command] = outcome.status
            heat.told[command] = outcome.errors.strip()
        if outcome.is_failure():
            print(f'{command}: {outcome.status} {outcome.errors}',
                  file=sys.stderr)
        return outcome.metrics

    def warm_up(self, heat):
        """A short run of each that does not count.

        It also tells how many operations fill the time of a quick run.
        """
        for command in heat.commands:
            fixed = heat.quick_ops(command)
            ops = fixed or max(WARM_UP_OPS, 2 * (heat.rows[0].n or 0))
            metrics = self.run_once(heat, command, ops)
            if not self.quick:
                continue
            heat.ops[command] = ops
            if not fixed and metrics.get('ns'):
                filling = int(QUICK_S * 1e9 / metrics['ns'])
                heat.ops[command] = max(ops, filling)

    def run(self, heat):
        """All rounds of a heat."""
        if all(row.warm_up for row in heat.rows):
            self.warm_up(heat)
        heat.rounds = self.n_rounds()
        for i in range(heat.rounds):
            for command in heat.commands[::-1 if i % 2 else 1]:
                metrics = self.run_once(heat, command, heat.ops.get(command))
                kept = heat.values.setdefault(command, {})
                for metric, value in metrics.items():
                    kept.setdefault(metric, []).append(value)
