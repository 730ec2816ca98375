# SPDX-License-Identifier: MIT
"""Print the table, as text and as Markdown."""

import itertools

from . import lines as lines_module

HEADER = ['what', 'ours', 'peer', 'ratio', '+-', 'goal', '', 'instr',
          'calls', 'the peer']
# Columns of text; those with names are flush left.
WIDTHS = [38, 14, 13, 6, 5, 11, 6, 8, 6, 0]
LEFT = {0, 5, 6, 9}

LEGEND = [
    'ratio  ours / peer, the median over the rounds; +- half of its'
    ' interquartile range',
    'instr, calls  instructions and system calls of ours for an operation',
]


def fit(names):
    """Make room for the longest name."""
    WIDTHS[0] = max(map(len, names), default=0)


def text_line(cells):
    shown = [c.ljust(w) if i in LEFT else c.rjust(w)
             for i, (c, w) in enumerate(zip(cells, WIDTHS))]
    return ' '.join(shown).rstrip()


def text_header(machine):
    about = [f'{key:<10}{value}' for key, value in machine.items()]
    return '\n'.join([*about, *LEGEND, '', text_line(HEADER)])


def text_row(lines):
    """The lines of one row."""
    return '\n'.join(text_line(lines_module.cells(line, i == 0))
                     for i, line in enumerate(lines))


def by_row(lines):
    """Lines of one row stand together."""
    for _, group in itertools.groupby(
            lines, key=lambda line: (line['bench'], line['name'])):
        yield list(group)


def markdown_cells(cells):
    escaped = [c.replace('|', '\\|') for c in cells]
    return '| ' + ' | '.join(escaped) + ' |'


def markdown(machine, lines):
    """The whole table as Markdown."""
    out = [f'- {key}: {value}' for key, value in machine.items()]
    out += ['', markdown_cells(HEADER)]
    marks = ['---' if i in LEFT else '---:' for i in range(len(HEADER))]
    out.append('| ' + ' | '.join(marks) + ' |')
    for group in by_row(lines):
        for i, line in enumerate(group):
            out.append(markdown_cells(lines_module.cells(line, i == 0)))
    return '\n'.join(out)
