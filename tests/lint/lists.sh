#!/bin/bash
# SPDX-License-Identifier: MIT

# lists.sh - nothing was forgotten: every file is in a makefile's list, every
# file says its licence, no file of src/ is longer than 500 lines, every unit
# test that can runs in owner mode too.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1
status=0

complain() {
    echo "$1: $2"
    status=1
}

# In a checkout what git knows or would add; in a tarball what people write.
ours() {
    if [ -e .git ] && command -v git > /dev/null; then
        # A file that was deleted but not yet staged is not there to be read.
        git -c safe.directory='*' ls-files -co --exclude-standard |
            while IFS= read -r file; do
                [ ! -f "$file" ] || printf '%s\n' "$file"
            done
    else
        find bench demo doc examples include src tests -type f ! -path '*/.*' \
            ! -path 'doc/html/*' ! -path 'doc/xml/*' \
            -regex '.*\.\([chS]\|sh\|py\|go\|toml\|awk\|am\|in\|map\|md\|rst\|expected\)'
    fi | LC_ALL=C sort -u
}

# Each name in a list is a whole word: `foo.c` must not pass for `xfoo.c`.
listed=$(cat Makefile.am ./*/*.am | grep -v '^#' | tr -s ' \t\\=' '\n')

in_a_list() {
    printf '%s\n' "$listed" | grep -qxF -e "$1" -e "$2"
}

for file in $(ours); do
    case $file in
    include/interloop/*.h | src/*.[chS] | tests/*.[ch] | examples/*.[ch] | \
        demo/*.[ch] | bench/*.c | bench/*.h | bench/*.cc | bench/*.cpp | \
        bench/*.go | bench/*.py | bench/*.toml | \
        */*.md | doc/*.rst | examples/*.expected | tests/*.sh)
        # A program is listed by its name without the suffix.
        in_a_list "$file" "${file%.c}" ||
            complain "$file" 'in no list of a .am file'
        ;;
    esac

    case $file in
    *.expected | *.png | *.svg | *.gif | *.log) ;;
    *)
        n=$(head -n 5 "$file" | grep -c 'SPDX-License-Identifier: MIT')
        [ "$n" = 1 ] ||
            complain "$file" 'wants one line "SPDX-License-Identifier: MIT" on top'
        ;;
    esac

    case $file in
    src/*.[chS])
        n=$(wc -l < "$file")
        [ "$n" -le 500 ] || complain "$file" "$n lines, more than 500"
        ;;
    esac
done

# Not those below the loop, those with hosts of their own, what is native only,
# those that direct their loops step by step, and no memory, of which GLib aborts.
for file in tests/test_*.c; do
    name=${file#tests/}
    name=${name%.c}
    case $name in
    test_alarms* | test_arena* | test_context | test_coro | test_deadlock* | \
        test_debug_host | test_debug_oom | test_explore* | test_host | \
        test_host_combine | test_host_slots | test_host_wakes | \
        test_inject* | test_modes | test_oom | test_owner | test_virtual) ;;
    *)
        in_a_list "tests/owner/$name" "tests/owner/$name" ||
            complain "$file" "tests/owner/$name is in no list"
        ;;
    esac
done

for file in $(printf '%s\n' "$listed" |
    grep -E '^(include|src|tests|examples|demo|bench|doc)/.*\.([chS]|go|md|py|rst|sh|toml|expected)$' |
    LC_ALL=C sort -u); do
    [ -e "$file" ] || complain "$file" 'listed in a .am file, but not there'
done
exit $status
