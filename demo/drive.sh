#!/bin/bash
# SPDX-License-Identifier: MIT

# drive.sh - show the demo to nobody: click through it on a display of its own.
#
#     drive.sh [--screenshot FILE] [--max-gap MS] PROGRAM
#
# The story: start the downloads, cancel one, answer a modal question while the
# others go on, cancel the rest, start again, let all finish, close the window.
# A picture of the window goes to FILE, or to demo.png beside the program.
# Fails if a step does, if bytes are missing, if tasks or descriptors are left,
# or if the window stood still for more than --max-gap milliseconds (250).

set -u
usage='usage: drive.sh [--screenshot FILE] [--max-gap MS] PROGRAM'
screenshot=
max_gap=250
while [ $# -gt 1 ]; do
    case $1 in
    --screenshot) screenshot=$2 ;;
    --max-gap) max_gap=$2 ;;
    *) echo "$usage" >&2; exit 2 ;;
    esac
    shift 2
done
[ $# = 1 ] || { echo "$usage" >&2; exit 2; }
program=$1
[ -x "$program" ] || { echo "drive.sh: no program $program" >&2; exit 2; }
: "${screenshot:=$(dirname "$program")/demo.png}"

# shellcheck source=demo/display.sh
. "$(dirname "${BASH_SOURCE[0]}")/display.sh"

have Xvfb xdotool || exit 77

# As much of the display as the window covers, and what lies upon it.
take_picture() {
    local geometry number='-\?[0-9]\+'
    local X Y WIDTH HEIGHT

    command -v import > /dev/null || { echo 'no import, no picture'; return; }
    until_true 10 find_window main || fail 'no window to take a picture of'
    geometry=$(x getwindowgeometry --shell "$window") || fail 'no geometry'
    eval "$(printf '%s\n' "$geometry" |
        grep "^\(X\|Y\|WIDTH\|HEIGHT\)=$number\$")"
    timeout -k 1 30 import -window root \
        -crop "${WIDTH}x$HEIGHT+$X+$Y" +repage "$1" || fail 'no picture'
    echo "picture: $1"
}

step() {
    printf -- '- %s\n' "$*"
    mark
}

all() { # word
    local i

    for i in 1 2 3 4 5 6; do
        printf 'download %s %s\n' $i "$1"
    done
}

start_display
step 'show the window'
start_demo "$program"
move main 112 60

step 'start all downloads'
click main start
mapfile -t lines < <(all started)
expect "${lines[@]}"

step 'cancel one'
click main row3
expect 'download 3 cancelled'

step 'ask a question while the others go on'
click main speed
expect 'question open'
move question 290 300
mark
expect 'download 2 done'
click question answer0
expect 'question slow'

step 'cancel the rest'
click main cancel-all
expect 'download 5 cancelled'

step 'ask again'
click main speed
expect 'question open'
move question 290 300
click question answer1
expect 'question normal'

step 'start again'
click main start
expect "${lines[@]}"
expect 'download 1 done'

step 'cancel another one and begin it again'
click main row4
expect 'download 4 cancelled' 'download 2 done'
take_picture "$screenshot"
click main row4
expect 'download 4 started'

step 'go faster and let all finish'
click main speed
expect 'question open'
click question answer2
expect 'question fast' 'download 3 done' 'download 4 done' \
    'download 5 done'

step 'close the window'
click main close
end_of_demo

grep -vE '^(layout|download|question) ' "$log"
cat "$errors" >&2
received=$(figure 'bytes received')
sent=$(sed -n 's/^bytes received: .*(server sent \([0-9]*\))$/\1/p' "$log")
gap=$(figure 'worst frame gap')
status=0

complain() {
    printf 'FAILED: %s\n' "$*" >&2
    status=1
}

[ "$code" = 0 ] || complain "exit status $code"
[ "${received:-none}" = "${sent:-no}" ] ||
    complain 'the server sent something else than was received'
# All files once, and what was cancelled before.
[ "${received:-0}" -gt $((7936 * 1024)) ] || complain 'too little was received'
awk -v gap="${gap:-9999}" -v limit="$max_gap" \
    'BEGIN { exit !(gap > 0 && gap <= limit) }' ||
    complain "the window stood still for ${gap:-?} ms, more than $max_gap"
[ "$(figure 'tasks left')" = 0 ] || complain 'tasks are left'
[ "$(figure 'descriptors left')" = 0 ] || complain 'descriptors are left'
! grep -qE 'CRITICAL|WARNING|interloop' "$errors" ||
    complain 'there were warnings'
exit $status
