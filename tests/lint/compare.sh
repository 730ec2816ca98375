#!/bin/bash
# SPDX-License-Identifier: MIT

# compare.sh - doc/compare.md and the tests agree: each test that the page names
# exists, and each test of a program test_against_* is named by the page.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1
status=0

# The names of test functions, one a line.
tests_in() {
    find tests -name "$1" -exec cat {} + |
        grep -oE '^(static void )?test_[a-z0-9_]+\(' |
        sed 's/^static void //; s/($//' | LC_ALL=C sort -u
}
named=$(grep -oE '\btest_[a-z0-9_]+' doc/compare.md | LC_ALL=C sort -u)

if [ -z "$named" ] || [ -z "$(tests_in 'test_against_*.c')" ]; then
    echo 'doc/compare.md: no test found, in the page or in tests/'
    exit 1
fi
for name in $(LC_ALL=C comm -23 <(printf '%s\n' "$named") \
    <(tests_in 'test_*.c')); do
    echo "doc/compare.md: $name is not in tests/"
    status=1
done
for name in $(LC_ALL=C comm -13 <(printf '%s\n' "$named") \
    <(tests_in 'test_against_*.c')); do
    echo "$name: doc/compare.md does not name it"
    status=1
done

# Each numbered row has a line of tests below its table, or says why not.
rows=$(sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' doc/compare.md | sort)
lines=$(sed -n 's/^- \([0-9][0-9]*\): .*/\1/p;s/^\([0-9][0-9]*\) is a measurement.*/\1/p' \
    doc/compare.md | sort)
if [ "$rows" != "$lines" ]; then
    diff <(printf '%s\n' "$rows") <(printf '%s\n' "$lines") |
        sed -n 's/^[<>] \(.*\)/doc\/compare.md: row \1 without tests, or twice/p'
    status=1
fi
exit $status
