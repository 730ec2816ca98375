# SPDX-License-Identifier: MIT
"""Read bench/rows/*.toml: what is measured, against whom, with which goal.

A row with sizes becomes one row for each of them; README.md has the format.
"""

import dataclasses
import pathlib
import tomllib

from . import figures

# Files without a number of their own come between the others.
ORDER = 50

# What a row need not say.
DEFAULTS = {
    'sizes': [None], 'metric': 'ns', 'unit': 'ns', 'peers': [], 'goal': None,
    'better': 'less', 'count': False, 'syscalls': False, 'follow': False,
    'ops': None, 'per': 1, 'quick_ops': None, 'pin': True, 'display': False,
    'warm_up': True, 'limit': 120, 'tolerance': 0.02,
}
MUST_KEYS = {'bench', 'what', 'ours'}
ROW_KEYS = MUST_KEYS | set(DEFAULTS) | {'quick'}
PEER_KEYS = {'name', 'run', 'metric', 'goal', 'sizes'}


class RowError(Exception):
    """A row that cannot be meant so."""


@dataclasses.dataclass
class Peer:
    """Somebody to compare with; `run` is None for our own run."""
    name: str
    run: str | None
    metric: str
    goal: object = None


@dataclasses.dataclass
class Row:
    """One line of the table, or one for each peer."""
    bench: str
    template: str  # `what` before {n} was replaced
    what: str
    n: int | None
    metric: str
    unit: str
    ours: str
    peers: list
    goal: object
    better: str
    count: bool
    syscalls: bool
    follow: bool  # count the system calls of threads and children, too
    tolerance: float  # by which share a count may grow
    pin: bool
    display: bool
    warm_up: bool
    limit: int
    ops: tuple  # of the two runs that are counted
    per: float  # how often the program does it in each of these
    quick_ops: int | None

    def commands(self):
        """All that has to run for this row, ours first."""
        found = [self.ours]
        for peer in self.peers:
            if peer.run and peer.run not in found:
                found.append(peer.run)
        return found


def with_size(text, n):
    """Replace {n}."""
    return text if n is None else text.replace('{n}', str(n))


def one_of(value, i):
    """A value for all sizes, or one for each."""
    return value[i] if isinstance(value, list) else value


def is_counted(value, n):
    """Whether true, or a list that has this size."""
    return n in value if isinstance(value, list) else value


def check_keys(table, allowed, where):
    unknown = set(table) - allowed
    if unknown:
        raise RowError(f'{where}: unknown key "{sorted(unknown)[0]}"')


def check_lists(table, where):
    """One goal a size, neither fewer nor more; each must be one."""
    n_sizes = len(table['sizes'])
    for owner in [table, *table['peers']]:
        goal = owner.get('goal')
        if isinstance(goal, list) and len(goal) != n_sizes:
            raise RowError(f'{where}: {len(goal)} goals, {n_sizes} sizes')
        for g in goal if isinstance(goal, list) else [goal]:
            if g is not None:
                figures.parse_goal(g)


def counted_ops(ops, n):
    """How many operations the two counted runs do.

    Multiples of n: where n tasks share the operations, each then does a
    whole number of them, and the difference is what was asked for.
    """
    if ops:
        return tuple(ops)
    n = n or 1
    unit = n * -(-5000 // n)
    return (unit, 3 * unit)


def make_peer(table, metric, n, i, where):
    check_keys(table, PEER_KEYS, where)
    run = with_size(table['run'], n)
    return Peer(name=with_size(table['name'], n),
                run=None if run == 'self' else run,
                metric=table.get('metric', metric),
                goal=one_of(table.get('goal'), i))


def make_row(table, n, i, where):
    """The row of the size n, which is the i-th."""
    peers = [make_peer(peer, table['metric'], n, i, where)
             for peer in table['peers'] if n in peer.get('sizes', [n])]
    as_they_are = {key: table[key] for key in (
        'bench', 'metric', 'unit', 'better', 'follow', 'per', 'quick_ops',
        'pin', 'display', 'warm_up', 'limit', 'tolerance')}
    return Row(template=table['what'], what=with_size(table['what'], n), n=n,
               ours=with_size(table['ours'], n), peers=peers,
               goal=one_of(table['goal'], i),
               count=is_counted(table['count'], n),
               syscalls=is_counted(table['syscalls'], n),
               ops=counted_ops(table['ops'], n), **as_they_are)


def expand(table, quick, where):
    """One row, or one for each size."""
    check_keys(table, ROW_KEYS, where)
    if not MUST_KEYS <= set(table):
        raise RowError(f'{where}: no "{min(MUST_KEYS - set(table))}"')
    table = {**DEFAULTS, **table}
    check_lists(table, where)
    sizes = table['sizes']
    short = table.get('quick', sizes[:1])
    if not set(short) <= set(sizes):
        raise RowError(f'{where}: "quick" has a size that "sizes" has not')
    wanted = short if quick else sizes
    return [make_row(table, n, i, where)
            for i, n in enumerate(sizes) if n in wanted]


def load_file(path):
    """The order of a file among the others and its tables."""
    with open(path, 'rb') as file:
        content = tomllib.load(file)
    check_keys(content, {'order', 'row'}, path.name)
    return content.get('order', ORDER), path.name, content.get('row', [])


def load(folder, names=(), quick=False):
    """All rows whose benchmark has one of the names in its own."""
    rows = []
    files = [load_file(p) for p in pathlib.Path(folder).glob('*.toml')]
    for _, name, tables in sorted(files, key=lambda f: f[:2]):
        for k, table in enumerate(tables):
            where = f'{name}, row {k + 1}'
            try:
                found = expand(table, quick, where)
            except (KeyError, ValueError) as error:
                raise RowError(f'{where}: {error}') from error
            rows += [row for row in found
                     if not names or any(n in row.bench for n in names)]
    return rows
