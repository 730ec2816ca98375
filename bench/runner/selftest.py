# SPDX-License-Identifier: MIT
"""Tests of the driver's arithmetic, of its rows and of the rows there are.

Run by tests/lint/bench_runner.sh; nothing here measures.
"""

import pathlib
import re
import tempfile
import unittest

from . import counting, figures, guard, lines, plot, process, rows, table
from . import timing

BENCH = pathlib.Path(__file__).resolve().parent.parent


def a_row(**changes):
    """A row of one size, with one peer."""
    content = {'bench': 'b', 'what': 'w', 'ours': 'bench_b ours',
               'peers': [{'name': 'P', 'run': 'bench_b p'}]}
    return rows.expand({**content, **changes}, False, 'test')[0]


def a_heat(row, **values):
    """A heat in which bench_b ours and p have printed these ns."""
    heat = timing.Heat(row)
    heat.rounds = 3
    for name, ns in values.items():
        heat.values[f'bench_b {name}'] = {'ns': ns}
    return heat


class Figures(unittest.TestCase):
    def test_the_median_of_an_even_number_lies_between(self):
        self.assertEqual(figures.median([4, 1, 3]), 3)
        self.assertEqual(figures.median([4, 1, 3, 2]), 2.5)
        self.assertIsNone(figures.median([]))

    def test_half_of_the_rounds_lie_within_the_spread(self):
        self.assertEqual(figures.quartile_spread([98, 99, 100, 101, 102]), 1)
        self.assertEqual(figures.quartile_spread([7, 7, 7]), 0)
        self.assertIsNone(figures.quartile_spread([1, 2]))
        self.assertIsNone(figures.quartile_spread([0, 0, 0]))

    def test_one_round_far_off_changes_no_spread(self):
        self.assertEqual(figures.quartile_spread([10, 10, 10, 10, 9999]), 0)

    def test_ratios_are_taken_round_by_round(self):
        self.assertEqual(figures.round_ratios([2, 20], [4, 40]), [0.5, 0.5])
        self.assertEqual(figures.round_ratios([2, 3], [0, 1]), [3])

    def test_a_bare_goal_is_for_the_ratio(self):
        self.assertTrue(figures.judge(0.7, 'less', 99, 0.7))
        self.assertFalse(figures.judge(0.7, 'less', 0.1, 0.71))
        self.assertTrue(figures.judge(0.97, 'more', 0.1, 0.98))
        self.assertFalse(figures.judge(0.97, 'more', 99, 0.96))
        self.assertIsNone(figures.judge(0.7, 'less', 99, None))

    def test_a_goal_with_an_operator_is_for_our_figure(self):
        self.assertTrue(figures.judge('<= 20', 'less', 20, 9))
        self.assertFalse(figures.judge('< 20', 'less', 20, 9))
        self.assertTrue(figures.judge('>= 1e5', 'less', 100000, None))
        self.assertFalse(figures.judge('> 5', 'more', 5, None))
        self.assertIsNone(figures.judge('<= 20', 'less', None, 9))
        with self.assertRaises(ValueError):
            figures.parse_goal('about 20')

    def test_a_ratio_is_judged_as_it_is_printed(self):
        self.assertTrue(figures.judge(1.0, 'less', 9, 1.0049))
        self.assertFalse(figures.judge(1.0, 'less', 9, 1.006))
        self.assertTrue(figures.judge(0.05, 'less', 9, 0.0503))
        self.assertFalse(figures.judge(0.05, 'less', 9, 0.0506))

    def test_set_up_cancels_out_of_counts(self):
        self.assertEqual(figures.per_operation((100, 5300), (300, 5900)), 3)


class Rows(unittest.TestCase):
    def test_sizes_make_a_row_each_with_its_own_goal(self):
        found = rows.expand(
            {'bench': 'b', 'what': 'w {n}', 'ours': 'bench_b ours {n}',
             'sizes': [2, 64], 'goal': ['<= 1', '<= 2'],
             'peers': [{'name': 'P {n}', 'run': 'bench_b p {n}',
                        'goal': [0.5, 0.7]},
                       {'name': 'S', 'run': 'self', 'metric': 'm',
                        'goal': 3}]}, False, 'test')
        self.assertEqual([r.what for r in found], ['w 2', 'w 64'])
        self.assertEqual([r.goal for r in found], ['<= 1', '<= 2'])
        self.assertEqual(found[1].commands(),
                         ['bench_b ours 64', 'bench_b p 64'])
        self.assertEqual([p.goal for p in found[1].peers], [0.7, 3])
        self.assertEqual(found[1].peers[0].name, 'P 64')
        self.assertIsNone(found[1].peers[1].run)

    def test_a_peer_may_be_there_for_some_sizes_only(self):
        found = rows.expand(
            {'bench': 'b', 'what': 'w {n}', 'ours': 'o', 'sizes': [1, 2],
             'peers': [{'name': 'P', 'run': 'p', 'sizes': [2]}]},
            False, 'test')
        self.assertEqual([len(row.peers) for row in found], [0, 1])

    def test_sizes_may_be_counted_or_not(self):
        found = rows.expand(
            {'bench': 'b', 'what': 'w {n}', 'ours': 'o', 'sizes': [1, 2],
             'count': [2], 'syscalls': True}, False, 'test')
        self.assertEqual([counting.kinds(row) for row in found],
                         [['syscalls'], ['instructions', 'syscalls']])

    def test_a_quick_run_takes_its_own_sizes(self):
        content = {'bench': 'b', 'what': 'w', 'ours': 'o', 'sizes': [1, 2, 3]}

        def sizes(**more):
            found = rows.expand({**content, **more}, True, 'test')
            return [row.n for row in found]
        self.assertEqual(sizes(), [1])
        self.assertEqual(sizes(quick=[2, 3]), [2, 3])
        self.assertEqual(sizes(quick=[]), [])
        del content['sizes']
        self.assertEqual(sizes(), [None])
        self.assertEqual(sizes(quick=[]), [])

    def test_what_cannot_be_meant_is_refused(self):
        good = {'bench': 'b', 'what': 'w', 'ours': 'o', 'sizes': [1, 2]}
        for bad in [{'goals': 1}, {'goal': [1]}, {'goal': 'much'},
                    {'quick': [3]},
                    {'peers': [{'name': 'P', 'run': 'p', 'gaol': 1}]}]:
            with self.assertRaises((rows.RowError, ValueError)):
                rows.expand({**good, **bad}, False, 'test')

    def test_counted_operations_are_shared_evenly(self):
        for n in [None, 1, 3, 1000, 100000]:
            low, high = rows.counted_ops(None, n)
            self.assertEqual(low % (n or 1), 0)
            self.assertEqual(high % (n or 1), 0)
            self.assertGreater(high, low)


class Heats(unittest.TestCase):
    def test_rows_with_a_command_in_common_run_together(self):
        a = a_row()
        b = a_row(ours='bench_b p', peers=[])
        c = a_row(ours='bench_b else', peers=[])
        heats = timing.make_heats([a, c, b])
        self.assertEqual([h.rows for h in heats], [[a, b], [c]])
        self.assertEqual(heats[0].commands, ['bench_b ours', 'bench_b p'])

    def test_a_row_may_join_two_heats(self):
        a = a_row(ours='x', peers=[])
        b = a_row(ours='y', peers=[])
        both = a_row(ours='x', peers=[{'name': 'P', 'run': 'y'}])
        self.assertEqual(len(timing.make_heats([a, b, both])), 1)

    def test_a_contender_that_failed_has_no_figure(self):
        heat = a_heat(a_row(), ours=[1, 2, 3], p=[1])
        heat.status['bench_b p'] = 139
        self.assertEqual(heat.get('bench_b p', 'ns'), [])
        self.assertEqual(heat.excuse('bench_b p'), 'CRASHED (139)')
        self.assertEqual(heat.failures(), ['bench_b p'])

    def test_an_absent_peer_is_no_failure(self):
        heat = a_heat(a_row(), ours=[1, 2, 3])
        heat.status['bench_b p'] = process.ABSENT
        self.assertEqual(heat.excuse('bench_b p'), 'not installed')
        self.assertEqual(heat.failures(), [])


class Lines(unittest.TestCase):
    def test_a_line_has_median_ratio_and_verdict(self):
        row = a_row(peers=[{'name': 'P', 'run': 'bench_b p', 'goal': 0.5}])
        heat = a_heat(row, ours=[1, 2, 30], p=[2, 4, 100])
        line, = lines.make(row, heat, {'instructions': 9.5})
        self.assertEqual((line['ours'], line['peer']), (2, 4))
        self.assertEqual((line['ratio'], line['met']), (0.5, True))
        self.assertEqual(line['instructions'], 9.5)

    def test_a_goal_of_ours_shares_a_line_with_a_peer_without_one(self):
        row = a_row(goal='<= 1')
        made = lines.make(row, a_heat(row, ours=[2, 2, 2], p=[1, 1, 1]))
        self.assertEqual([(x['goal'], x['met']) for x in made],
                         [('<= 1', False)])

    def test_two_goals_take_two_lines(self):
        row = a_row(goal='<= 9', peers=[
            {'name': 'P', 'run': 'bench_b p', 'goal': 0.5}])
        made = lines.make(row, a_heat(row, ours=[2, 2, 2], p=[1, 1, 1]))
        self.assertEqual([(x['peer_name'], x['met']) for x in made],
                         [(None, True), ('P', False)])

    def test_what_is_missing_is_said(self):
        row = a_row()
        heat = a_heat(row, ours=[1, 2, 3])
        heat.status['bench_b p'] = process.ABSENT
        line, = lines.make(row, heat)
        self.assertIsNone(line['ratio'])
        self.assertIn('not installed', table.text_row([line]))

    def test_markdown_has_a_cell_for_each_heading(self):
        row = a_row(what='a | b')
        made = lines.make(row, a_heat(row, ours=[1, 2, 3], p=[1, 2, 3]))
        text = table.markdown({'machine': 'm'}, made).splitlines()
        self.assertEqual({s.replace('\\|', '').count('|')
                          for s in text[2:]}, {len(table.HEADER) + 1})

    def test_curves_need_two_sizes(self):
        made = []
        for n in (1, 10):
            row = a_row(what='w {n}', sizes=[n])
            made += lines.make(row, a_heat(row, ours=[n], p=[2 * n]))
        self.assertEqual(plot.curves(made), {('b', 'w {n}'): {
            'interloop': {1: 1, 10: 10}, 'P': {1: 2, 10: 20}}})
        self.assertEqual(plot.curves(made[:1]), {})


class Guard(unittest.TestCase):
    def test_more_than_tolerance_fails_and_less_is_told(self):
        self.assertEqual(guard.compare('instructions', 102.9, 100), 'same')
        self.assertEqual(guard.compare('instructions', 103.1, 100), 'worse')
        self.assertEqual(guard.compare('instructions', 96.9, 100), 'better')
        self.assertEqual(guard.compare('syscalls', 2.03, 2), 'same')
        self.assertEqual(guard.compare('syscalls', 3, 2), 'worse')
        self.assertEqual(guard.compare('syscalls', 3.2, 3, 0.1), 'same')
        self.assertEqual(guard.compare('syscalls', 4, 3, 0.1), 'worse')
        self.assertFalse(guard.tell('n', 'instructions', 1, None)[1])

    def test_another_toolchain_has_no_table(self):
        tables = [{'compiler': 'gcc 12', 'cflags': '-O2'}]
        ours = {'compiler': 'gcc 13', 'cflags': '-O2'}
        self.assertIsNone(guard.find(tables, ours))
        self.assertEqual(guard.nearest_difference(tables, ours),
                         'compiler is gcc 13, not gcc 12')

    def test_what_no_row_counts_any_more_fails(self):
        table = {'instructions': {'b: w': 9, 'b: gone': 9}}
        counted = [('b: w', 'instructions', 9)]
        self.assertEqual(list(guard.stale(table, counted)),
                         [('instructions', 'b: gone')])

    def test_a_size_is_part_of_the_name(self):
        self.assertEqual(guard.key(a_row(what='  w', sizes=[5])), 'b: w, 5')
        self.assertEqual(guard.key(a_row(what='w {n}', sizes=[5])), 'b: w 5')

    def test_what_is_stored_is_found_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'counts.toml'
            ours = {'compiler': 'a "b" \\c'}
            guard.store(path, [{'compiler': 'x'}], ours,
                        [('k', 'instructions', 12.34)])
            tables = guard.load(path)
            self.assertEqual(len(tables), 2)
            self.assertEqual(guard.find(tables, ours)['instructions'],
                             {'k': 12.3})

    def test_the_total_of_strace_is_read(self):
        self.assertEqual(counting.parse_strace(
            '100.00    0.5           1    121256       546 total\n'), 121256)
        self.assertEqual(counting.parse_strace(
            '100.00    0.5           1       256           total\n'), 256)
        with self.assertRaises(counting.CountError):
            counting.parse_strace('')


class ThoseThereAre(unittest.TestCase):
    def setUp(self):
        self.rows = rows.load(BENCH / 'rows')

    def test_rows_are_read_and_named_once(self):
        self.assertTrue(self.rows)
        names = [guard.key(row) for row in self.rows]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_each_program_is_in_the_makefile(self):
        listed = (BENCH / 'bench.am').read_text()
        for row in self.rows:
            for command in row.commands():
                name = command.split()[0]
                self.assertTrue(
                    re.search(rf'bench/(peers/)?{re.escape(name)}\b', listed),
                    f'{name} is in no list')


if __name__ == '__main__':
    unittest.main()
