#!/bin/bash
# SPDX-License-Identifier: MIT

# examples.sh - each example prints what its .expected file promises.
#
# Examples whose first comment says needs-display are for examples_display.sh,
# which calls this script with --display.  One that ends with 77 lacks something
# of the machine, which it names in its first comment.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:?run this by make check}
status=0
n=0
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT

needs_display() {
    sed '/\*\//q' <(sed 1d "$top/$1.c") | grep -q needs-display
}

for example in ${IL_EXAMPLES-}; do
    if needs_display "$example"; then
        [ "${1-}" = --display ] || continue
    else
        [ "${1-}" != --display ] || continue
    fi
    n=$((n + 1))
    if [ ! -e "$top/$example.expected" ]; then
        echo "$example.expected is missing"
        status=1
        continue
    fi
    (cd "$build" && timeout -k 5 30 "./$example" < /dev/null) > "$output"
    code=$?
    if [ $code = 77 ]; then
        echo "$example: skipped"
        continue
    fi
    if [ $code != 0 ]; then
        echo "$example: exit status $code"
        status=1
    fi
    if ! diff -u "$top/$example.expected" "$output"; then
        echo "$example: prints something else"
        status=1
    fi
done
echo "$n examples"
exit $status
