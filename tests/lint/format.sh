#!/bin/bash
# SPDX-License-Identifier: MIT

# format.sh - clang-format 14 has nothing to change.  `./dev format` rewrites.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1

if ! command -v clang-format-14 > /dev/null; then
    echo 'clang-format-14 is not installed'
    exit 77
fi
find src include tests examples bench demo -name '*.[ch]' -print0 2> /dev/null |
    xargs -0 -r clang-format-14 --style=file --dry-run -Werror
