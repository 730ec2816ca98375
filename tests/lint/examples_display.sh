#!/bin/bash
# SPDX-License-Identifier: MIT

# examples_display.sh - examples.sh for those that need a display.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}

if ! command -v xvfb-run > /dev/null; then
    echo 'xvfb-run is not installed'
    exit 77
fi
# Nobody is there to click: the examples do it themselves, and end after this.
export INTERLOOP_EXAMPLE_SECONDS=2
export GDK_BACKEND=x11 GSK_RENDERER=cairo NO_AT_BRIDGE=1 GTK_A11Y=none
# Programs that go on until their window is closed end by themselves then.
export INTERLOOP_EXAMPLE_SECONDS=1
exec xvfb-run -a bash "$top/tests/lint/examples.sh" --display
