#!/bin/bash
# SPDX-License-Identifier: MIT

# examples_display.sh - examples.sh for those that need a display.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}

if ! command -v xvfb-run > /dev/null; then
    echo 'xvfb-run is not installed'
    exit 77
fi
export GDK_BACKEND=x11 GSK_RENDERER=cairo NO_AT_BRIDGE=1 GTK_A11Y=none
# Nobody is there to click or to close windows: examples do it themselves.
export INTERLOOP_EXAMPLE_SECONDS=1
exec xvfb-run -a bash "$top/tests/lint/examples.sh" --display
