#!/bin/bash
# SPDX-License-Identifier: MIT

# demo_drive.sh - the demo's whole story, as `./dev demo` tells it.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:?run this by make check}

# Sanitizers and a busy machine take their time; drive.sh prints the figure.
gap=1000
[ -z "${IL_SANITIZER_FLAGS-}" ] || gap=5000
exec bash "$top/demo/drive.sh" --max-gap "$gap" "$build/demo/interloop-demo"
