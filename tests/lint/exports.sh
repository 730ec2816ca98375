#!/bin/bash
# SPDX-License-Identifier: MIT

# exports.sh - three lists of public functions are the same list: what the
# headers declare IL_EXPORT, what the map names, what the built library exports.
#
# exports.sh --write makes the maps from the headers.

set -u
export LC_ALL=C
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:-}
nm=${NM:-nm}
status=0

# The names that the given headers declare.  A name is the first il_* before a
# parenthesis, or for a variable the last one before the semicolon.
declared() {
    cat "$@" | perl -0777 -ne '
        s{/\*.*?\*/}{}gs;
        s{^\s*#(?:[^\n]*\\\n)*[^\n]*}{}gm;
        while (/\bIL_EXPORT\b([^;{]*)/g) {
            my $d = $1;
            if ($d =~ /\b(il_\w+)\s*\(/) { print "$1\n" }
            elsif ($d =~ /\b(il_\w+)\s*(?:\[[^\]]*\])?\s*$/) { print "$1\n" }
            else { print "unreadable declaration:$d\n" }
        }' | sort
}

mapped() {
    sed -n 's/^ *\(il_[a-z0-9_]*\);$/\1/p' "$1"
}

exported() {
    # Without the version itself, which nm shows as an absolute symbol.
    $nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
        sort
}

write_map() { # map version headers...
    local map=$1 version=$2
    shift 2
    {
        cat <<TOP
# SPDX-License-Identifier: MIT

# Every function that the headers declare IL_EXPORT, sorted, and nothing else.
# \`tests/lint/exports.sh --write\` makes this file; \`make check\` compares.

$version {
TOP
        if [ -n "$(declared "$@")" ]; then
            echo 'global:'
            declared "$@" | sed 's/.*/    &;/'
        fi
        printf 'local:\n    *;\n};\n'
    } > "$map"
}

same() { # name-a list-a name-b list-b
    local difference
    difference=$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$4")) && return
    echo "$1 (<) and $3 (>) differ:"
    printf '%s\n' "$difference" | grep '^[<>]'
    status=1
}

check() { # map library headers...
    local map=$1 library=$2 names
    shift 2
    names=$(declared "$@")
    if [ -n "$(printf '%s\n' "$names" | uniq -d)" ]; then
        echo "declared twice: $(printf '%s\n' "$names" | uniq -d)"
        status=1
    fi
    same 'headers' "$names" "$map" "$(mapped "$top/$map")"
    if [ -z "$build" ]; then
        echo "IL_BUILDDIR is not set: $library not looked at"
    elif [ -e "$build/.libs/$library" ]; then
        same "$map" "$(mapped "$top/$map")" "$library" \
            "$(exported "$build/.libs/$library")"
    else
        echo "$library is not built"
        [ "$library" = libinterloop-glib.so ] && [ "${IL_HAVE_GLIB-}" != yes ] ||
            status=1
    fi
}

core=()
for header in "$top"/include/interloop/*.h; do
    [ "${header##*/}" = glib.h ] || core+=("$header")
done
glib=("$top"/include/interloop/glib.h "$top"/include/interloop/glib/*.h)

if [ "${1-}" = --write ]; then
    write_map "$top/src/interloop.map" INTERLOOP_0 "${core[@]}"
    write_map "$top/src/interloop-glib.map" INTERLOOP_GLIB_0 "${glib[@]}"
    exit
fi

check src/interloop.map libinterloop.so "${core[@]}"
check src/interloop-glib.map libinterloop-glib.so "${glib[@]}"
exit $status
