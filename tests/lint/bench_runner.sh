#!/bin/bash
# SPDX-License-Identifier: MIT

# bench_runner.sh - the benchmarks' driver computes what it says, and the rows
# and the stored counts can be read and fit together.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top/bench" || exit 1

for python in /usr/bin/python3 python3; do
    if "$python" -c 'import tomllib' 2> /dev/null; then
        exec "$python" -B -m unittest -q runner.selftest
    fi
done
echo 'no Python 3.11 or later is installed'
exit 77
