#!/bin/bash
# SPDX-License-Identifier: MIT

# headers.sh - each public header compiles alone: C11, C17, GNU C, C++17; and what
# their macros become in a program has nothing that a compiler warns of.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cc=${CC:-cc}
cxx=${CXX:-c++}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
warnings='-Wall -Wextra -Wundef -Wshadow -Werror'

# Twice, to prove the include guard.
try() { # language compiler flags header
    printf '#include <interloop/%s>\n#include <interloop/%s>\nextern int unit;\n' \
        "$4" "$4" > "$work/unit.$1"
    # shellcheck disable=SC2086
    if ! $2 $3 -I"$top/include" -fsyntax-only "$work/unit.$1"; then
        echo "interloop/$4 does not compile alone: $2 $3"
        status=1
    fi
}

if ! command -v "${cxx%% *}" > /dev/null; then
    echo "no C++ compiler: headers are not tried as C++"
    cxx=no
fi

for path in "$top"/include/interloop/*.h "$top"/include/interloop/*/*.h; do
    header=${path#"$top"/include/interloop/}
    extra=
    if [[ $header = glib* ]]; then
        [ "${IL_HAVE_GLIB-}" = yes ] || continue
        # GLib's own headers are not ours to judge.
        extra=$(${PKG_CONFIG:-pkg-config} --cflags gio-2.0 |
            sed 's/-I/-isystem /g')
    fi
    try c "$cc" "-std=c11 $warnings $extra" "$header"
    try c "$cc" "-std=c17 -pedantic $warnings $extra" "$header"
    try c "$cc" "-std=gnu2x -Wmissing-prototypes $warnings $extra" "$header"
    [ "$cxx" = no ] ||
        try cc "$cxx" "-std=c++17 -pedantic $warnings $extra" "$header"

    guard="INTERLOOP_$(printf '%s' "${header%.h}" |
        tr '[:lower:]/' '[:upper:]_')_H"
    if ! grep -q "^#ifndef $guard\$" "$path"; then
        echo "interloop/$header: the include guard is not $guard"
        status=1
    fi
done

# The macros, in programs.
use() { # compiler flags program
    # shellcheck disable=SC2086
    if ! $1 $2 $warnings -Wpedantic -Wconversion -Wsign-conversion \
        -I"$top/include" -fsyntax-only "$top/tests/lint/$3"; then
        echo "$3 does not compile without a warning: $1 $2"
        status=1
    fi
}

use_all() { # program flags
    local standard

    for standard in c11 gnu17 gnu2x; do
        use "$cc" "-std=$standard $2" "$1"
    done
    [ "$cxx" = no ] || use "$cxx" "-x c++ -std=c++17 $2" "$1"
}

use_all uses.c ''
if [ "${IL_HAVE_GLIB-}" = yes ]; then
    use_all uses_glib.c "$(${PKG_CONFIG:-pkg-config} --cflags gio-2.0 |
        sed 's/-I/-isystem /g')"
fi
exit $status
