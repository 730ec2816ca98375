# SPDX-License-Identifier: MIT
"""Lines of the table: one for each peer of a row, or one for the row.

A line is a dictionary, the same that --json writes and --from reads.
"""

import math

from . import figures


def half_spread(values):
    spread = figures.quartile_spread(values)
    return None if spread is None else round(spread, 2)


def blank_line(row, heat):
    """What all lines of a row have."""
    return {
        'name': row.what, 'bench': row.bench, 'row': row.template,
        'n': row.n, 'metric': row.metric, 'unit': row.unit,
        'better': row.better, 'ours': None, 'ours_note': None,
        'peer': None, 'peer_note': None, 'peer_name': None, 'ratio': None,
        'spread': None, 'goal': None, 'met': None, 'instructions': None,
        'syscalls': None, 'rounds': heat.rounds,
    }


def fill_ours(line, row, heat):
    values = heat.get(row.ours, row.metric)
    line['ours'] = figures.median(values)
    line['spread'] = half_spread(values)
    if not values:
        line['ours_note'] = heat.excuse(row.ours)


def fill_peer(line, row, heat, peer):
    ours = heat.get(row.ours, row.metric)
    values = heat.get(peer.run or row.ours, peer.metric)
    ratios = figures.round_ratios(ours, values)
    line['peer_name'] = peer.name
    line['peer'] = figures.median(values)
    line['ratio'] = figures.median(ratios)
    line['spread'] = half_spread(ratios)
    if not values:
        line['peer_note'] = heat.excuse(peer.run or row.ours)


def fill_goal(line, goal, better):
    line['goal'] = figures.show_goal(goal, better) or None
    line['met'] = figures.judge(goal, better, line['ours'], line['ratio'])


def make(row, heat, counts=None):
    """The lines of a row that was measured.

    What is ours alone, a goal and what was counted, stands in the first one.
    """
    peers = row.peers
    # A goal for our figure would hide that of the first peer.
    if not peers or (row.goal is not None and peers[0].goal is not None):
        peers = [None, *peers]
    lines = []
    for peer in peers:
        line = blank_line(row, heat)
        fill_ours(line, row, heat)
        if peer:
            fill_peer(line, row, heat, peer)
        goal = peer.goal if peer else None
        if goal is None and not lines:
            goal = row.goal
        fill_goal(line, goal, row.better)
        lines.append(line)
    if counts:
        lines[0]['instructions'] = counts.get('instructions')
        lines[0]['syscalls'] = counts.get('syscalls')
    return lines


def verdict(line):
    return {None: '', True: 'met', False: 'MISSED'}[line['met']]


def cells(line, first):
    """A line as text; what a row's first line says is not said again."""
    ours = figures.show_number(line['ours']) or line['ours_note'] or ''
    if line['ours'] is not None:
        ours += ' ' + line['unit']
    peer = figures.show_number(line['peer']) or line['peer_note'] or ''
    ratio = line['ratio']
    spread = line['spread']
    return [
        line['name'] if first else '',
        ours if first else '',
        peer,
        '' if ratio is None else figures.printed_ratio(ratio),
        '' if spread is None else f'{math.ceil(spread)} %',
        line['goal'] or '',
        verdict(line),
        figures.show_number(line['instructions']),
        figures.show_number(line['syscalls']),
        line['peer_name'] or '',
    ]


def summary(lines):
    met = sum(line['met'] is True for line in lines)
    missed = sum(line['met'] is False for line in lines)
    unknown = sum(bool(line['goal']) and line['met'] is None
                  for line in lines)
    text = f'{met} goals met, {missed} missed'
    return text + (f', {unknown} without a figure' if unknown else '')
