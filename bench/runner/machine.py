# SPDX-License-Identifier: MIT
"""What the figures were taken with."""

import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess


def say(*argv):
    """What a program prints, or '' if it cannot."""
    try:
        return subprocess.run(argv, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


def configured(build, variable):
    """What configure found out."""
    try:
        text = (pathlib.Path(build) / 'config.status').read_text()
    except OSError:
        return ''
    match = re.search(rf'^S\["{variable}"\]="(.*)"$', text, re.MULTILINE)
    return match[1] if match else ''


def processor():
    try:
        text = pathlib.Path('/proc/cpuinfo').read_text()
    except OSError:
        text = ''
    match = re.search(r'^model name\s*: (.*)$', text, re.MULTILINE)
    return match[1] if match else platform.machine()


def compiler(build):
    cc = shlex.split(configured(build, 'CC') or 'cc')
    return (say(*cc, '--version').splitlines() or ['unknown'])[0]


def compiler_key(build):
    """A compiler and its major version: what decides about instructions."""
    cc = shlex.split(configured(build, 'CC') or 'cc')
    name = 'clang' if 'clang' in say(*cc, '--version') else 'gcc'
    return f'{name} {say(*cc, "-dumpversion").split(".")[0]}'


def commit(source):
    git = ['git', '-c', 'safe.directory=*', '-C', str(source)]
    name = say(*git, 'rev-parse', '--short', 'HEAD') or 'none'
    if say(*git, 'status', '--porcelain'):
        name += ' with local changes'
    return name


def describe(build, source, rounds):
    """The lines above the table."""
    load = os.getloadavg()[0]
    return {
        'machine': f'{processor()}, {os.cpu_count()} CPUs, load {load:.2f}',
        'kernel': ' '.join([platform.system(), platform.release(),
                            platform.machine()]),
        'compiler': f'{compiler(build)}; {configured(build, "CFLAGS")}',
        'commit': commit(source),
        'figures': f'medians of {rounds} rounds by turns; processor time if '
                   'not said otherwise',
    }


def toolchain(build):
    """What instruction counts depend on besides our sources."""
    return {
        'architecture': platform.machine(),
        'compiler': compiler_key(build),
        'cflags': configured(build, 'CFLAGS'),
        'libc': os.confstr('CS_GNU_LIBC_VERSION') or 'unknown',
    }


class Display:
    """GTK wants one; a real one stays what it is."""

    def __init__(self):
        self.server = None

    def open(self):
        os.environ.update(GTK_A11Y='none', GSETTINGS_BACKEND='memory',
                          NO_AT_BRIDGE='1')
        if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'):
            return
        if self.server or not shutil.which('Xvfb'):
            return
        reader, writer = os.pipe()
        self.server = subprocess.Popen(
            ['Xvfb', '-displayfd', str(writer), '-screen', '0',
             '1024x768x24', '-nolisten', 'tcp'], pass_fds=[writer],
            stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            number = file.readline().strip()
        if number:
            os.environ.update(DISPLAY=f':{number}', GDK_BACKEND='x11',
                              GSK_RENDERER='cairo')

    def close(self):
        if self.server:
            self.server.terminate()
            self.server.wait()
