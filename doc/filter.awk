# SPDX-License-Identifier: MIT

# filter.awk - what Doxygen gets to see of a header.
#
# The name of a header in a comment gets a % in front: Doxygen would make a link
# to the file, and Breathe has no page for it.
#
# Left out, because they are no part of the interface: forward declarations of
# types that another header documents, and macros whose name ends in "_".
# Blank lines take their place, so that line numbers stay true.

function mark_headers(line) {
    gsub(/[a-z_]+\.h/, "%&", line)
    gsub(/\/%/, "/", line)
    return line
}

function blank() {
    print ""
    skipping = /\\$/
}

skipping { blank(); next }

/^typedef (struct|union|enum) [a-z_0-9]+ [a-z_0-9]+;$/ && previous !~ /\*\/$/ {
    blank()
    next
}

/^#define [A-Za-z_0-9]+_([( \\]|$)/ || /^#define IL_(BEGIN|END)_DECLS/ {
    blank()
    next
}

inside || /\/\*/ {
    start = inside ? 1 : index($0, "/*")
    if (!/@file/)
        $0 = substr($0, 1, start - 1) mark_headers(substr($0, start))
    rest = $0
    sub(/.*\/\*/, "", rest)
    inside = rest !~ /\*\//
}

{
    print
    previous = $0
}
