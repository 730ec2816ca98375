#!/bin/bash
# SPDX-License-Identifier: MIT

# readme.sh - the C programs in README.md are those of examples/, letter by
# letter, so what the reader copies has been compiled and run.
#
# A quoted program follows the line <!-- examples/NAME.c --> and is what stands
# between the lines `README {` and `README }` of that file.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1
status=0

in_example() {
    sed -n '/^\/\* README { \*\/$/,/^\/\* README } \*\/$/p' "$1" | sed '1d;$d'
}

in_readme() {
    awk -v mark="<!-- $1 -->" '
        $0 == mark { wanted = 1; next }
        wanted && /^```c$/ { inside = 1; next }
        inside && /^```$/ { exit }
        inside { print }' README.md
}

names=$(sed -n 's/^<!-- \(examples\/.*\.c\) -->$/\1/p' README.md)
for name in $names; do
    if [ -z "$(in_example "$name")" ]; then
        echo "$name: no marked part"
        status=1
    elif ! diff -u --label "$name" <(in_example "$name") \
        --label README.md <(in_readme "$name"); then
        status=1
    fi
done

# Each C program of README.md has such a line, and each marked file a reader.
if [ "$(grep -c '^```c$' README.md)" != "$(printf '%s\n' "$names" | wc -l)" ]; then
    echo 'README.md: a C block without its <!-- examples/NAME.c --> line'
    status=1
fi
# shellcheck disable=SC2013  # names without spaces
for name in $(grep -l '^/\* README { \*/$' examples/*.c); do
    case " $(printf '%s' "$names" | tr '\n' ' ') " in
    *" $name "*) ;;
    *)
        echo "$name: README.md does not quote it"
        status=1
        ;;
    esac
done
exit $status
