# SPDX-License-Identifier: MIT
"""The arithmetic of the table: medians, ratios, spreads, goals.

Nothing here runs or reads anything, so that tests can look at all of it.
"""

import re
import statistics

GOAL = re.compile(r'(<=|>=|<|>)\s*([0-9.]+(?:e[0-9]+)?)')


def median(values):
    """The median, or None of nothing."""
    return statistics.median(values) if values else None


def quartile_spread(values):
    """Half the interquartile range in percent of the median.

    Half of the rounds lie within that much of the median, more or less.
    None for fewer than three values, which have no quartiles to speak of.
    """
    if len(values) < 3:
        return None
    middle = statistics.median(values)
    low, _, high = statistics.quantiles(values, n=4, method='inclusive')
    return 50 * (high - low) / middle if middle else None


def round_ratios(ours, peers):
    """Ours divided by the peer's, round by round.

    What the machine does besides changes from minute to minute, but less
    between two neighbours: they are divided before anything is averaged.
    """
    return [a / b for a, b in zip(ours, peers) if b]


def printed_ratio(ratio):
    """As the table shows it and as goals judge it: what is printed as 1.00
    meets a goal of 1.0."""
    if ratio < 0.01:
        return f'{ratio:.1g}'
    return f'{ratio:.2f}' if ratio >= 0.1 else f'{ratio:.3f}'


def parse_goal(goal, better='less'):
    """A goal's operator, number, and whether it is for the ratio.

    A bare number is for the ratio and obeys `better`; "<= 20" and the like
    are for our figure alone.
    """
    if isinstance(goal, (int, float)):
        return ('>=' if better == 'more' else '<=', float(goal), True)
    match = GOAL.fullmatch(goal.strip())
    if not match:
        raise ValueError(f'not a goal: "{goal}"')
    return match[1], float(match[2]), False


def is_met(value, operator, limit):
    """Whether a goal is met; None when there is no figure."""
    if value is None:
        return None
    return {
        '<=': value <= limit,
        '<': value < limit,
        '>=': value >= limit,
        '>': value > limit,
    }[operator]


def judge(goal, better, ours, ratio):
    """Whether a goal is met by our figure or by the ratio."""
    if goal is None:
        return None
    operator, limit, of_ratio = parse_goal(goal, better)
    if not of_ratio:
        return is_met(ours, operator, limit)
    if ratio is None:
        return None
    return is_met(float(printed_ratio(ratio)), operator, limit)


def show_goal(goal, better='less'):
    """A goal as the table shows it."""
    if goal is None:
        return ''
    operator, limit, of_ratio = parse_goal(goal, better)
    return f'{operator} {limit:g}' + (' x' if of_ratio else '')


def show_number(value):
    """Three digits or so."""
    if value is None:
        return ''
    size = abs(value)
    if value == int(value) or size >= 1000:
        return f'{value:.0f}'
    return f'{value:.1f}' if size >= 100 else f'{value:.2f}'


def per_operation(low, high):
    """What one operation costs, from (operations, cost) of two runs.

    Set-up, warm-up and end are in both and cancel out.
    """
    return (high[1] - low[1]) / (high[0] - low[0])
