# SPDX-License-Identifier: MIT
"""Curves of cost against size, by gnuplot."""

import pathlib
import re
import shutil
import subprocess

COLOURS = ['#d62728', '#1f77b4', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf',
           '#8c564b', '#7f7f7f']
POINTS = [7, 5, 9, 13, 11, 15, 4, 6]
NUMBER = "$2 < 100 ? sprintf('%.3g', $2) : sprintf('%.0f', $2)"
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


def tics(values):
    """Tics at the sizes that were measured, as people write numbers."""
    return ', '.join(f"'{v:,}' {v}" for v in sorted(values))


def curve(i, name):
    """Ours is the first, thick and with its numbers."""
    colour = COLOURS[i % len(COLOURS)]
    line = (f"$data{i} using 1:2 with linespoints linecolor rgb '{colour}' "
            f'linewidth {1.6 if i else 3.5} '
            f'pointtype {POINTS[i % len(POINTS)]} title {quote(name)}')
    if i:
        return line
    return line + (f", $data{i} using 1:2:({NUMBER}) with labels "
                   f"offset 0,-1 textcolor rgb '{colour}' notitle")


def y_range(row):
    """A little more than there is, and never less than a decade."""
    values = [v for points in row.values() for v in points.values()]
    low, high = min(values) / 2, max(values) * 1.5
    widen = max(1, (10 * low / high) ** 0.5)
    return low / widen, high * widen


def script(template, line, row, terminal, output):
    """What gnuplot is to do; line is one of the row's."""
    sizes = {n for points in row.values() for n in points}
    low, high = y_range(row)
    blocks = ''.join(data_block(i, points)
                     for i, points in enumerate(row.values()))
    margin = (max(sizes) / min(sizes)) ** 0.06
    # The legend is in the order of the curves' right ends.
    ends = sorted(enumerate(row), reverse=True,
                  key=lambda entry: row[entry[1]][max(row[entry[1]])])
    return f'''{blocks}
set terminal {TERMINALS[terminal]}
set output {quote(str(output))}
set encoding utf8
set title {quote(title(template))} noenhanced
set logscale xy
set xlabel 'n'
set ylabel {quote(f"{line['unit']}, {line['better']} is better")} noenhanced
set xrange [{min(sizes) / margin}:{max(sizes) * margin}]
set yrange [{low}:{high}]
set xtics ({tics(sizes)}) scale 0.6
unset mxtics
set ytics autofreq
set for [e=-3:12] ytics add (gprintf('%g', 10.0**e) 10.0**e, \\
    gprintf('%g', 2*10.0**e) 2*10.0**e, gprintf('%g', 5*10.0**e) 5*10.0**e)
set key outside right center Left reverse samplen 2 noenhanced
set grid xtics ytics linewidth 0.7 linecolor '#c0c0c0' dashtype 1
set border 3
set tics nomirror
plot {', '.join(curve(i, name) for i, name in ends)}
'''


def draw(lines, folder):
    """A picture for each row with sizes; returns their paths."""
    if not shutil.which('gnuplot'):
        raise FileNotFoundError('gnuplot is not installed')
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = {(line['bench'], line['row']): line for line in lines}
    paths = []
    for (bench, template), row in curves(lines).items():
        for terminal in TERMINALS:
            path = folder / f'{file_name(bench, template)}.{terminal}'
            subprocess.run(
                ['gnuplot'], check=True, text=True,
                input=script(template, about[bench, template], row,
                             terminal, path))
            paths.append(path)
    return paths
