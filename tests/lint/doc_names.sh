#!/bin/bash
# SPDX-License-Identifier: MIT

# doc_names.sh - what the pages name is there: each il_* and IL_* of README.md and
# doc/ is declared in include/, each ili_* stands in src/, each example that a page
# speaks of exists, and what it quotes of one has the marks where that begins and
# ends.  (Sphinx sees to the last, too, but is not everywhere.)  All C is quoted.
#
# A name that ends with an asterisk stands for all that begin so; one is enough.

set -u
export LC_ALL=C
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$top" || exit 1
status=0
pages=(README.md doc/*.md doc/api/*.md doc/api/*.rst)

# Names that no header declares, and why a page speaks of them.
exceptions() {
    sed 's/ .*//' <<'LIST'
il_fd a kind of IL_CLEANUP()
LIST
}

complain() {
    echo "$*"
    status=1
}

# The names in the given files, as code: a comment declares nothing.
names_of() { # prefixes files...
    local prefixes=$1
    shift
    cat "$@" | perl -0777 -pe 's{/\*.*?\*/}{}gs; s{//[^\n]*}{}g' |
        grep -oE "\\b($prefixes)_[A-Za-z0-9_]+" | sort -u
}

check_names() { # prefixes names where
    local file line name
    [ -n "$2" ] || complain "no names found in $3"
    while IFS=: read -r file line name; do
        case $name in
        *\*) grep -q "^${name%\*}" <<< "$2" && continue ;;
        *) grep -qxF -e "$name" <<< "$2" && continue ;;
        esac
        complain "$file:$line: $name is not in $3"
    done < <(grep -onE "\\b($1)_[A-Za-z0-9_]*\\*?" "${pages[@]}")
}

mapfile -t headers < <(find include -name '*.h')
check_names 'il|IL' "$(names_of 'il|IL' "${headers[@]}" && exceptions)" include/
mapfile -t sources < <(find src -name '*.[chS]')
check_names 'ili|ILI' "$(names_of 'ili|ILI' "${sources[@]}")" src/

while IFS=: read -r file line name; do
    [ -e "examples/$name" ] ||
        complain "$file:$line: examples/$name does not exist"
done < <(grep -onE '\b[0-9][0-9]_[a-z0-9_]+\.(c|expected)\b' "${pages[@]}")

# C that nobody compiles is wrong sooner or later.  (README.md has a test of its own.)
while IFS=: read -r file line _; do
    complain "$file:$line: quote a program instead of writing C into a page"
done < <(grep -n '^```c$' doc/*.md /dev/null)

# The marks of each quotation, one a line: page, file, text.
quoted() {
    awk '
        /^(```\{|\.\. )literalinclude(\}|::) / {
            file = FILENAME
            sub(/[^\/]*$/, "", file)
            file = file $NF
            next
        }
        /^```/ || /^[^ :]/ { file = "" }
        file && /^ *:(start|end)-(at|after|before): / {
            text = $0
            sub(/^ *:[a-z-]*: /, "", text)
            if (text ~ /^".*"$/)
                text = substr(text, 2, length(text) - 2)
            print FILENAME "\t" file "\t" text
        }' "${pages[@]}"
}
while IFS=$'\t' read -r page file text; do
    grep -qF -e "$text" "$file" || complain "$page: $file has no \"$text\""
done < <(quoted)
exit $status
