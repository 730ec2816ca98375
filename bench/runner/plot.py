# SPDX-License-Identifier: MIT
"""Curves of cost against size, by gnuplot."""

import pathlib
import re
import shutil
import subprocess

COLOURS = ['#d62728', '#1f77b4', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf',
           '#8c564b', '#7f7f7f']
POINTS = [7, 5, 9, 13, 11, 15, 4, 6]
TERMINALS = {
    'svg': "svg size 760,460 dynamic font 'DejaVu Sans,13' background 'white'",
    'png': "pngcairo size 1520,920 font 'DejaVu Sans,26' background 'white' "
           'linewidth 2 pointscale 2',
}


def curves(lines):
    """{(bench, row): {contender: {n: value}}} of rows with sizes."""
    found = {}
    for line in lines:
        if line['n'] is None:
            continue
        row = found.setdefault((line['bench'], line['row']), {})
        for name, value in [('interloop', line['ours']),
                            (line['peer_name'], line['peer'])]:
            if name and value:
                row.setdefault(name, {})[line['n']] = value
    return {key: {name: points for name, points in row.items()
                  if len(points) > 1}
            for key, row in found.items()
            if len(row.get('interloop', ())) > 1}


def file_name(bench, template):
    text = template.replace('{n}', '')
    slug = re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')
    return slug if slug.startswith(bench) else f'{bench}-{slug}'


def title(template):
    return re.sub(r'\s+', ' ', template.replace('{n}', 'n')).strip()


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def data_block(i, points):
    rows = '\n'.join(f'{n} {value}' for n, value in sorted(points.items()))
    return f'$data{i} << EOD\n{rows}\nEOD\n'


def script(template, unit, row, terminal, output):
    """What gnuplot is to do."""
    top = max(max(points.values()) for points in row.values())
    low = min(min(points.values()) for points in row.values())
    plots = []
    for i, name in enumerate(row):
        colour = COLOURS[i % len(COLOURS)]
        width = 3.5 if i == 0 else 1.8
        plots.append(
            f"$data{i} using 1:2 with linespoints linecolor rgb '{colour}' "
            f'linewidth {width} pointtype {POINTS[i % len(POINTS)]} '
            f'title {quote(name)}')
    blocks = ''.join(data_block(i, points)
                     for i, points in enumerate(row.values()))
    return f'''{blocks}
set terminal {TERMINALS[terminal]}
set output {quote(str(output))}
set encoding utf8
set title {quote(title(template))} noenhanced
set logscale xy
set xlabel 'n'
set ylabel {quote(unit)} noenhanced
set format x '10^{{%T}}'
set xtics scale 1
set yrange [{low / 2}:{top * 2}]
set key outside right top noenhanced
set grid xtics ytics mytics linewidth 0.5, linewidth 0.2 linecolor '#dddddd'
set border 3
set tics nomirror
plot {', '.join(plots)}
'''


def draw(lines, folder):
    """A picture for each row with sizes; returns their paths."""
    if not shutil.which('gnuplot'):
        raise FileNotFoundError('gnuplot is not installed')
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    units = {(line['bench'], line['row']): line['unit'] for line in lines}
    paths = []
    for (bench, template), row in curves(lines).items():
        for terminal in TERMINALS:
            path = folder / f'{file_name(bench, template)}.{terminal}'
            subprocess.run(
                ['gnuplot'], check=True, text=True,
                input=script(template, units[bench, template], row,
                             terminal, path))
            paths.append(path)
    return paths
