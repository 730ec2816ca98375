# SPDX-License-Identifier: MIT
"""Run one contender once."""

import dataclasses
import os
import pathlib
import shlex
import shutil
import signal
import subprocess

ABSENT = 77  # BENCH_ABSENT of bench.h
OPS = 'INTERLOOP_BENCH_OPS'


@dataclasses.dataclass
class Outcome:
    """What came of a run: its metrics, or why there are none."""
    metrics: dict
    status: object  # an exit status, 'not built' or 'timed out'
    errors: str = ''

    def is_failure(self):
        return self.status not in (0, ABSENT, 'not built')


class Place:
    """Where programs are, and the CPU to pin them to."""

    def __init__(self, build, source):
        self.folders = [pathlib.Path(build) / 'bench',
                        pathlib.Path(build) / 'bench/peers',
                        pathlib.Path(source) / 'bench']
        # What counting preloads, a clock that is the same in every run.
        self.clock = pathlib.Path(build).resolve() / '.libs/libbenchclock.so'
        self.cpu = max(os.sched_getaffinity(0))
        self.python = shutil.which('/usr/bin/python3') or 'python3'

    def argv(self, command):
        """The words of a command; None if its program was not built."""
        name, *arguments = shlex.split(command)
        for folder in self.folders:
            path = folder / name
            if path.is_file() and path.suffix == '.py':
                # Debian's own Python sees Debian's modules.
                return [self.python, str(path), *arguments]
            if path.is_file() and os.access(path, os.X_OK):
                return [str(path), *arguments]
        return None

    def pinned(self, argv):
        if not shutil.which('taskset'):
            return argv
        return ['taskset', '-c', str(self.cpu), *argv]


def environment(ops=None, extra=None):
    env = dict(os.environ, LC_ALL='C', **(extra or {}))
    env.pop(OPS, None)
    if ops:
        env[OPS] = str(ops)
    return env


def call(argv, limit, ops=None, extra=None):
    """Run, with everything it started killed at the limit.

    Returns (status, output, errors); the status is None when it was killed.
    """
    with subprocess.Popen(argv, env=environment(ops, extra), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            output, errors = process.communicate(timeout=limit)
        except BaseException as reason:
            # Also when we are interrupted: nobody else would end them.
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            if not isinstance(reason, subprocess.TimeoutExpired):
                raise
            return None, output, errors
    return process.returncode, output, errors


def parse(output):
    """The lines "metric value" of an output."""
    metrics = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) == 2:
            try:
                metrics[words[0]] = float(words[1])
            except ValueError:
                pass
    return metrics


def run(place, command, pin=True, limit=120, ops=None):
    """Run a contender and read what it prints."""
    argv = place.argv(command)
    if not argv:
        return Outcome({}, 'not built')
    status, output, errors = call(place.pinned(argv) if pin else argv,
                                  limit, ops)
    if status is None:
        return Outcome({}, 'timed out', errors)
    return Outcome(parse(output) if status == 0 else {}, status, errors)
