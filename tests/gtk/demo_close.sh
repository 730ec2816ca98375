#!/bin/bash
# SPDX-License-Identifier: MIT

# demo_close.sh - the demo leaves nothing behind, whenever and however it ends.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:?run this by make check}
# shellcheck source=demo/display.sh
. "$top/demo/display.sh"

have Xvfb xdotool || exit 77

# --- Moments ------------------------------------------------------------------

idle() {
    :
}

# Nothing has arrived yet.
started() {
    click main start
    expect 'download 6 started'
}

downloading() {
    click main start
    expect 'download 6 done'
}

# One download is a slot of its own, the others are children of one.
begun_again() {
    downloading
    click main row6
    expect 'download 6 started'
}

# The downloads may still be reading what is on the way.
cancelling() {
    downloading
    click main cancel-all
}

question() {
    click main speed
    expect 'question open'
}

question_meanwhile() {
    downloading
    question
}

question_left() {
    question_meanwhile
    click question close
    expect 'question closed'
}

question_answered() {
    question_meanwhile
    click question answer0
}

# --- Ways to end --------------------------------------------------------------

# The window's own button.  Nobody can press it behind a modal question.
by_button() {
    click main close
}

# There is no window manager that would give the focus to a window.
by_key() {
    until_true 10 find_window main || fail 'no window'
    x windowfocus "$window" key ctrl+q
}

by_signal() {
    kill -TERM "$demo_pid"
}

# --- All of it ----------------------------------------------------------------

check() { # moment way
    mark
    start_demo "$build/demo/interloop-demo"
    "$1"
    "by_$2"
    end_of_demo
    [ "$code" = 0 ] || fail "$1, by $2: exit status $code"
    [ "$(figure 'tasks left')" = 0 ] || fail "$1, by $2: tasks are left"
    [ "$(figure 'descriptors left')" = 0 ] ||
        fail "$1, by $2: descriptors are left"
    ! grep -qE 'CRITICAL|WARNING|interloop' "$errors" ||
        fail "$1, by $2: there were warnings"
    printf '%-20s by %-7s %s\n' "$1" "$2" "$(grep '^bytes' "$log")"
}

start_display
check idle button
check idle signal
check started button
check started signal
check downloading button
check downloading key
check begun_again button
check begun_again signal
check cancelling button
check cancelling signal
check question key
check question signal
check question_meanwhile key
check question_meanwhile signal
check question_left button
check question_answered signal
