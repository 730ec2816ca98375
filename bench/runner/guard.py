# SPDX-License-Identifier: MIT
"""Compare instructions and system calls with the stored ones.

bench/counts.toml holds a table for each toolchain; what another one makes of
the same sources is no regression, so without a table for ours all is skipped.
"""

import pathlib
import tomllib

from . import counting, machine, process

KINDS = ('instructions', 'syscalls')
DIGITS = {'instructions': 1, 'syscalls': 3}
# More than the row's tolerance, a share, and what rounding may do, is a
# regression.
ROUNDING = {'instructions': 1.0, 'syscalls': 0.02}

TOP = """# SPDX-License-Identifier: MIT

# What an operation costs, counted: `./dev counts` compares with this and
# `./dev counts --write` stores it.  A table for each toolchain.
"""


def load(path):
    """All tables."""
    if not path.exists():
        return []
    with open(path, 'rb') as file:
        return tomllib.load(file).get('table', [])


def find(tables, toolchain):
    """The table of a toolchain, or None."""
    for table in tables:
        if all(table.get(key) == value for key, value in toolchain.items()):
            return table
    return None


def nearest_difference(tables, toolchain):
    """Why there is no table for us: what the nearest one differs in."""
    if not tables:
        return 'no counts are stored'
    differences = [[f'{key} is {value}, not {table.get(key)}'
                    for key, value in toolchain.items()
                    if table.get(key) != value] for table in tables]
    return ', '.join(min(differences, key=len))


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def dump_table(table):
    out = ['', '[[table]]']
    out += [f'{key} = {quote(value)}' for key, value in table.items()
            if key not in KINDS]
    for kind in KINDS:
        out += ['', f'[table.{kind}]']
        out += [f'{quote(name)} = {value}'
                for name, value in table.get(kind, {}).items()]
    return '\n'.join(out) + '\n'


def store(path, tables, toolchain, counted, all_rows=False):
    """Put what was counted into our toolchain's table.

    With all rows, what none of them counts any more is dropped.
    """
    table = find(tables, toolchain)
    if table is None:
        table = dict(toolchain)
        tables = [*tables, table]
    if all_rows:
        table.update((kind, {}) for kind in KINDS)
    for name, kind, value in counted:
        table.setdefault(kind, {})[name] = round(value, DIGITS[kind])
    path.write_text(TOP + ''.join(dump_table(t) for t in tables))


def stale(table, counted):
    """What is stored and was not counted."""
    names = {(kind, name) for name, kind, _ in counted}
    for kind in KINDS:
        for name in table.get(kind, {}):
            if (kind, name) not in names:
                yield kind, name


def compare(kind, value, stored, share=0.02):
    """'same', 'worse' or 'better'."""
    room = stored * share + ROUNDING[kind]
    if value > stored + room:
        return 'worse'
    return 'better' if value < stored - room else 'same'


def tell(name, kind, value, stored, share=0.02):
    """A line about one count, and whether it passes."""
    value = round(value, DIGITS[kind])
    if stored is None:
        return f'FAIL: {name}: {value} {kind}, none stored', False
    verdict = compare(kind, value, stored, share)
    word = 'FAIL' if verdict == 'worse' else 'PASS'
    line = f'{word}: {name}: {value} {kind}, stored {stored}'
    if verdict == 'better':
        line += '; better: ./dev counts --write'
    return line, verdict != 'worse'


def key(row):
    """What a row's counts are stored under."""
    size = '' if row.n is None or '{n}' in row.template else f', {row.n}'
    return f'{row.bench}: {row.what.strip()}{size}'


def is_absent(error):
    """Nothing to guard: a part that was left out when configuring, or a
    machine that lets nobody be traced."""
    return str(error) in ('not built', 'not installed', 'not permitted')


def count(build, source, rows):
    """Lines to print with whether each passes, or None; and what counted."""
    told, counted, absent = [], [], []
    place = process.Place(build, source)
    for row, kind, result in counting.count_rows(place, rows):
        if not isinstance(result, counting.CountError):
            counted.append((key(row), kind, result))
        elif is_absent(result):
            absent.append((key(row), kind, None))
            told.append((f'SKIP: {key(row)}: {result}', None))
        else:
            told.append((f'FAIL: {key(row)}: {kind}: {result}', False))
    return told, counted, absent


def run(build, source, rows, write, all_rows):
    """`./dev counts` and `./dev counts --write`."""
    path = pathlib.Path(source) / 'bench/counts.toml'
    tables = load(path)
    toolchain = machine.toolchain(build)
    if not write and find(tables, toolchain) is None:
        print(f'SKIP: {nearest_difference(tables, toolchain)}')
        print('0 passed, 0 failed')
        return 0
    told, counted, absent = count(build, source, rows)
    if write:
        store(path, tables, toolchain, counted, all_rows)
        tables = load(path)
    table = find(tables, toolchain)
    shares = {key(row): row.tolerance for row in rows}
    for name, kind, value in counted:
        stored = table.get(kind, {}).get(name)
        told.append(tell(name, kind, value, stored, shares[name]))
    if all_rows:
        told += [(f'FAIL: {name}: {kind}: stored, but of no row', False)
                 for kind, name in stale(table, counted + absent)]
    for line, _ in told:
        print(line)
    n_failed = sum(passed is False for _, passed in told)
    print(f'{sum(p is True for _, p in told)} passed, {n_failed} failed')
    return 1 if n_failed else 0
