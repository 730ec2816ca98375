#!/bin/bash
# SPDX-License-Identifier: MIT

# lessons.sh - doc/lessons.md and the tests agree: each issue of its tables has a
# line with its test, or says "no test"; each test that is named exists; each test
# of a program test_lessons_* is named.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1
status=0
page=doc/lessons.md

complain() {
    echo "$page: $1"
    status=1
}

tests_in() {
    find tests -name "$1" -exec cat {} + |
        grep -oE '^(static void )?test_[a-z0-9_]+\(' |
        sed 's/^static void //; s/($//' | LC_ALL=C sort -u
}
written=$(tests_in 'test_lessons_*.c')
named=$(grep -oE '\btest_[a-z0-9_]+' "$page" | LC_ALL=C sort -u)

[ -n "$written" ] || complain 'no test found in tests/'
for name in $(LC_ALL=C comm -23 <(printf '%s\n' "$named") \
    <(tests_in 'test_*.c')); do
    complain "$name is not in tests/"
done
for name in $(LC_ALL=C comm -13 <(printf '%s\n' "$named") \
    <(printf '%s\n' "$written")); do
    complain "$name is not named"
done

for issue in $(sed -n 's/^| \(\(bpo\|gh\)-[0-9]*\) |.*/\1/p' "$page"); do
    grep -qE "^- $issue: (\`test_lessons_${issue/-/_}_|no test)" "$page" ||
        complain "$issue has no test of its name, and does not say why"
done
n=$(grep -cE '^\| (bpo|gh)-[0-9]+ \|' "$page")
[ "$n" -ge 61 ] || complain "$n issues, there were 61"
exit $status
