# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# display.sh - a display of our own and a demo on it, for scripts that click.
#
# Sourced by drive.sh and by the tests.  Nothing here sleeps for a time and
# hopes: every step waits for a line that the demo prints, and every wait ends.

# Where everything of a run is kept, the demo's output among it.
work=$(mktemp -d) || exit 1
log=$work/output
errors=$work/errors
: > "$log"
server_pid=
demo_pid=
seen=0

clean_up() {
    local pid

    for pid in $demo_pid $server_pid; do
        kill -KILL "$pid" 2> /dev/null
        wait "$pid" 2> /dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    if [ -e "$log" ]; then
        echo '--- the end of what the demo printed' >&2
        tail -n 30 "$log" >&2
        echo '--- what it complained about' >&2
        tail -n 30 "$errors" >&2
    fi
    exit 1
}

# Whether all of the named programs are there.
have() {
    local name

    for name in "$@"; do
        command -v "$name" > /dev/null || { echo "no $name here"; return 1; }
    done
}

# until SECONDS COMMAND...: try a command again and again.
until_true() {
    local end=$((SECONDS + $1))
    shift

    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

x() {
    timeout -k 1 20 xdotool "$@"
}

# --- The display --------------------------------------------------------------

start_display() {
    Xvfb -displayfd 3 -screen 0 1024x768x24 -nolisten tcp -noreset \
        3> "$work/number" > "$work/server" 2>&1 &
    server_pid=$!
    until_true 30 test -s "$work/number" || {
        cat "$work/server" >&2
        fail 'Xvfb does not start'
    }
    DISPLAY=:$(cat "$work/number")
    export DISPLAY
    # No graphics device, no message bus, nobody's settings: only the demo.
    export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none NO_AT_BRIDGE=1
    export DBUS_SESSION_BUS_ADDRESS=/dev/null GSETTINGS_BACKEND=memory
    export GTK_THEME=Adwaita LC_ALL=C.UTF-8
    unset WAYLAND_DISPLAY DESKTOP_STARTUP_ID
}

# --- The demo -----------------------------------------------------------------

# start_demo PROGRAM: show it and wait until it can be clicked on.
start_demo() {
    : > "$log"
    seen=0
    "$1" --print-layout > "$log" 2> "$errors" < /dev/null &
    demo_pid=$!
    until_true 30 find_place main start ||
        fail 'the demo shows no window'
    until_true 30 find_place main close || fail 'the window has no header'
}

# What the demo printed from now on is news.
mark() {
    seen=$(wc -l < "$log")
}

has_printed() {
    tail -n "+$((seen + 1))" "$log" | grep -q -- "^$1\$"
}

printed_or_dead() {
    has_printed "$1" || ! kill -0 "$demo_pid" 2> /dev/null
}

# expect LINE...: wait for lines, in any order, printed since the last mark.
expect() {
    local line

    for line in "$@"; do
        until_true 30 printed_or_dead "$line"
        has_printed "$line" || fail "the demo did not print \"$line\""
    done
}

# find_place WINDOW NAME: set $place to the centre of a widget, if it has one.
find_place() {
    place=$(sed -n "s/^layout $1 $2 //p" "$log" | tail -n 1)
    [ -n "$place" ] && [ "$place" != - ]
}

title_of() {
    case $1 in
    main) echo interloop ;;
    question) echo Speed ;;
    esac
}

# find_window NAME: set $window to its number on the display.
find_window() {
    window=$(x search --onlyvisible --name "^$(title_of "$1")\$" 2> /dev/null |
        tail -n 1)
    [ -n "$window" ]
}

# move WINDOW X Y: there is no window manager that would place it.
move() {
    until_true 10 find_window "$1" || fail "no window \"$1\" on the display"
    x windowmove "$window" "$2" "$3" || fail "cannot move the window \"$1\""
}

# click WINDOW NAME
click() {
    until_true 30 find_place "$1" "$2" || fail "nothing to click on: $1 $2"
    until_true 10 find_window "$1" || fail "no window \"$1\" on the display"
    # shellcheck disable=SC2086  # two coordinates
    x mousemove --window "$window" $place click 1 ||
        fail "cannot click on $1 $2"
}

has_ended() {
    ! kill -0 "$demo_pid" 2> /dev/null
}

# end_of_demo: wait for its end and set $code to its exit status.
end_of_demo() {
    until_true 30 has_ended || fail 'the demo does not end'
    wait "$demo_pid"
    # shellcheck disable=SC2034  # for those who source this
    code=$?
    demo_pid=
}

# figure LABEL: the first number of a line of the demo's account.
figure() {
    sed -n "s/^$1: \([0-9.-]*\).*/\1/p" "$log" | tail -n 1
}
