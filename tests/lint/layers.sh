#!/bin/bash
# SPDX-License-Identifier: MIT

# layers.sh - a file includes headers of its own floor and of lower ones only.
#
# Further rules of the house:
#   - only src/host/host_ev.c includes ev.h;
#   - only files called annotate.h include sanitizer and valgrind headers;
#   - only src/host/glib and the headers interloop/glib*.h include GLib;
#   - inside src/ and include/ nobody includes GTK;
#   - public headers and examples include public headers only; an example may
#     have headers of its own, which begin with its name.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1

files=$(find src include examples -name '*.[chS]' | LC_ALL=C sort)
# shellcheck disable=SC2086
awk '
BEGIN {
    # Lowest first; see "Floors" in the design.
    n = split("base context coro task loop host sync thread io signal worker " \
              "remote", names, " ")
    for (i = 1; i <= n; i++)
        floor[names[i]] = i
}

function complain(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, header, why
    bad = 1
}

FNR == 1 {
    split(FILENAME, part, "/")
    where = part[1]
    mine = part[2]
    in_glib = FILENAME ~ /^src\/host\/glib\//
    if (where == "src" && !(mine in floor)) {
        printf "%s: src/%s is no floor\n", FILENAME, mine
        bad = 1
    }
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
    header = $0
    sub(/^[^"<]*["<]/, "", header)
    sub(/[">].*/, "", header)
    local = $0 ~ /include[ \t]*"/
    split(header, h, "/")

    if (where == "src") {
        if (local && header != "config.h") {
            if (!(h[1] in floor) || header !~ /\//)
                complain("write it as \"floor/file.h\"")
            else if (floor[h[1]] > floor[mine])
                complain("a higher floor than src/" mine)
            else if (header ~ /^host\/glib\// && !in_glib)
                complain("only src/host/glib may")
        }
    } else if (local && where == "examples" && match(mine, /^[^.]*/) &&
               index(header, substr(mine, 1, RLENGTH)) == 1) {
        # Its own.
    } else if (local || h[1] in floor) {
        complain("only public headers may be included here")
    }

    if (header ~ /(^|\/)ev(\+\+)?\.h$/ && FILENAME != "src/host/host_ev.c")
        complain("only src/host/host_ev.c knows libev")
    if (header ~ /^(valgrind|sanitizer)\// && FILENAME !~ /\/annotate\.h$/)
        complain("only an annotate.h knows the checking tools")
    if (header ~ /^(glib|gobject|gio|gmodule)([\/.-]|$)/ && where != "examples" &&
        !in_glib && FILENAME !~ /^include\/interloop\/glib\//)
        complain("only src/host/glib and interloop/glib/ know GLib")
    if (header ~ /^interloop\/glib[.\/]/ && where != "examples" &&
        !in_glib && FILENAME !~ /^include\/interloop\/glib[.\/]/)
        complain("libinterloop does not know GLib")
    if (header ~ /^(gtk|gdk)/ && where != "examples")
        complain("the library does not know GTK")
}

END { exit bad }
' $files
