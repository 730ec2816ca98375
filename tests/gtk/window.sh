# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# window.sh - click through a GTK example and look at what it shows.
#
# Sourced by example_*.sh.  The program runs on a display of its own with spy.c
# in it, which keeps a file with everything that can be seen.  Nothing here
# sleeps for a time and hopes: a script waits until a line is in that file, and
# every wait ends.

top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:?run this by make check}
# shellcheck source=demo/display.sh
. "$top/demo/display.sh"

have Xvfb xdotool || exit 77

spy=$work/screen
export INTERLOOP_SPY=$spy G_DEBUG=fatal-criticals G_ENABLE_DIAGNOSTIC=1
pictures=$build/tests/gtk
mkdir -p "$pictures" || exit 1

screen() {
    cat "$spy" 2> /dev/null
}

give_up() {
    printf -- '--- the screen\n%s\n' "$(screen)" >&2
    fail "$@"
}

shows() {
    screen | grep -qx -- "$1"
}

shows_or_dead() {
    shows "$1" || has_ended
}

shows_not() {
    ! shows "$1"
}

# see REGEX...: wait until the screen has such lines, one after the other.
see() {
    local regex

    for regex in "$@"; do
        until_true 30 shows_or_dead "$regex"
        shows "$regex" || give_up "\"$regex\" is not to be seen"
    done
}

# see_no REGEX: wait until no line is like this.
see_no() {
    until_true 30 shows_not "$1" || give_up "\"$1\" is still to be seen"
}

is_another() {
    [ "$(screen | grep -x -m 1 -- "$1")" != "$2" ]
}

# see_change REGEX: wait until the first such line is another one, twice.
see_change() {
    see "$1"
    for _ in 1 2; do
        until_true 30 is_another "$1" "$(screen | grep -x -m 1 -- "$1")" ||
            give_up "\"$1\" stands still"
    done
}

# --- The program --------------------------------------------------------------

# start EXAMPLE: show it, with its header that can close it.
start() {
    rm -f "$spy" "$spy.close"
    "$build/examples/$1" > "$log" 2> "$errors" < /dev/null &
    demo_pid=$!
    see 'window .*' 'button close .*'
}

# find_it TITLE: set $window to a window's number on the display.
find_it() {
    window=$(x search --onlyvisible --name "^$1\$" 2> /dev/null | tail -n 1)
    [ -n "$window" ]
}

# click_at X Y TITLE: and give the window the focus, which nobody else does:
# there is no window manager.
click_at() {
    until_true 20 find_it "$3" || give_up "no window \"$3\" on the display"
    x windowfocus "$window" mousemove --window "$window" "$1" "$2" click 1 ||
        give_up "cannot click at $1 $2 of \"$3\""
}

# lines_of TITLE: the part of the screen that is this window's.
lines_of() {
    screen | awk -v line="window $1" \
        '/^window / { mine = ($0 == line) } mine'
}

place_of() { # TITLE REGEX N
    place=$(lines_of "$1" | grep -x -- "$2" | sed -n "$3p" |
        sed 's/.* \(-\?[0-9]\+ -\?[0-9]\+\) .*/\1/')
    [ -n "$place" ]
}

# press TITLE BUTTON [N]: click on the N-th button of that name.
press() {
    until_true 30 place_of "$1" "button $2 [-0-9]\+ [-0-9]\+ o.*" "${3:-1}" ||
        give_up "no button \"$2\""
    # shellcheck disable=SC2086  # two coordinates
    click_at $place "$1"
}

# click_on_entry TITLE ENTRY: and put the cursor behind what is there.
click_on_entry() {
    until_true 30 place_of "$1" "entry $2 [-0-9]\+ [-0-9]\+ .*" 1 ||
        give_up "no entry \"$2\""
    # shellcheck disable=SC2086
    click_at $place "$1"
    x key End || give_up 'cannot press a key'
}

# enter TITLE ENTRY TEXT [MS]: write into an entry, so long from letter to letter.
enter() {
    click_on_entry "$1" "$2"
    x type --delay "${4:-5}" "$3" || give_up "cannot type \"$3\""
}

# empty TITLE ENTRY
empty() {
    click_on_entry "$1" "$2"
    x key ctrl+a BackSpace || give_up 'cannot press a key'
}

# again FUNCTION: on a busy machine a moment may be missed, which it tells by its
# result; then it gets another chance.
again() {
    local n

    for n in 1 2 3 4 5; do
        "$1" && return
        echo "missed: $1, $n"
    done
    give_up "missed each time: $1"
}

# move TITLE X Y: there is no window manager that would place it.
move() {
    until_true 20 find_it "$1" || give_up "no window \"$1\" on the display"
    x windowmove "$window" "$2" "$3" || give_up "cannot move \"$1\""
}

# picture TITLE NAME: as much of the display as this window covers.
picture() {
    local X Y WIDTH HEIGHT

    command -v import > /dev/null || return 0
    until_true 20 find_it "$1" || give_up "no window \"$1\" on the display"
    eval "$(x getwindowgeometry --shell "$window" |
        grep '^\(X\|Y\|WIDTH\|HEIGHT\)=-\?[0-9]\+$')"
    timeout -k 1 30 import -window root -crop "${WIDTH}x$HEIGHT+$X+$Y" \
        +repage "$pictures/$2.png" || give_up "no picture of \"$1\""
}

# The main window is closed, also behind a dialog.
close_it() {
    : > "$spy.close"
}

# It ends well, by itself or because it was closed.
ends_well() { # what
    end_of_demo
    [ "$code" = 0 ] || fail "$1: exit status $code"
    ! grep -qE 'CRITICAL|WARNING|interloop' "$errors" ||
        fail "$1: there were warnings"
    echo "closed: $1"
}
