# SPDX-License-Identifier: MIT
"""Compare instructions and system calls with the stored ones.

bench/counts.toml holds a table for each toolchain; what another one makes of
the same sources is no regression, so without a table for ours all is skipped.
"""

import pathlib
import tomllib

from . import counting, machine, process

KINDS = ('instructions', 'syscalls')
# More than this is a regression: a share, and what rounding may do.
TOLERANCE = {'instructions': (0.02, 1.0), 'syscalls': (0.02, 0.02)}

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


def store(path, tables, toolchain, counted):
    """Put what was counted into our toolchain's table."""
    table = find(tables, toolchain)
    if table is None:
        table = dict(toolchain)
        tables = [*tables, table]
    for name, kind, value in counted:
        digits = 1 if kind == 'instructions' else 3
        table.setdefault(kind, {})[name] = round(value, digits)
    path.write_text(TOP + ''.join(dump_table(t) for t in tables))


def compare(kind, value, stored):
    """'same', 'worse' or 'better'."""
    share, constant = TOLERANCE[kind]
    room = stored * share + constant
    if value > stored + room:
        return 'worse'
    return 'better' if value < stored - room else 'same'


def tell(name, kind, value, stored):
    """A line about one count, and whether it passes."""
    if stored is None:
        return f'FAIL: {name}: {value:.1f} {kind}, none stored', False
    verdict = compare(kind, value, stored)
    word = 'FAIL' if verdict == 'worse' else 'PASS'
    line = f'{word}: {name}: {value:.2f} {kind}, stored {stored}'
    if verdict == 'better':
        line += '; better: ./dev counts --write'
    return line, verdict != 'worse'


def report(counted, broken, table):
    """Print everything; returns the exit status."""
    n_passed, n_failed = 0, 0
    for name, kind, error in broken:
        print(f'FAIL: {name}: {kind}: {error}')
        n_failed += 1
    for name, kind, value in counted:
        line, passed = tell(name, kind, value, table.get(kind, {}).get(name))
        print(line)
        n_passed += passed
        n_failed += not passed
    print(f'{n_passed} passed, {n_failed} failed')
    return 1 if n_failed else 0


def key(row):
    """What a row's counts are stored under."""
    return f'{row.bench}: {row.what.strip()}'


def is_absent(error):
    """A part that was left out when configuring is nothing to guard."""
    return str(error) in ('not built', 'not installed')


def run(build, source, rows, write):
    """`./dev counts` and `./dev counts --write`."""
    path = pathlib.Path(source) / 'bench/counts.toml'
    tables = load(path)
    toolchain = machine.toolchain(build)
    table = find(tables, toolchain)
    if table is None and not write:
        print(f'SKIP: {nearest_difference(tables, toolchain)}')
        print('0 passed, 0 failed')
        return 0
    place = process.Place(build, source)
    counted, broken = [], []
    for row, kind, result in counting.count_rows(place, rows):
        if not isinstance(result, counting.CountError):
            counted.append((key(row), kind, result))
        elif is_absent(result):
            print(f'SKIP: {key(row)}: {result}')
        else:
            broken.append((key(row), kind, result))
    if write:
        store(path, tables, toolchain, counted)
        table = find(load(path), toolchain)
    return report(counted, broken, table)
