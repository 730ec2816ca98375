#!/bin/bash
# SPDX-License-Identifier: MIT

# run.sh BUILD_DIR [PATTERN] - measure and print the table; see README.md.
#
# PATTERN picks rows by their programs: `run.sh build/bench yield`.
# INTERLOOP_BENCH_ROUNDS is how often each contender runs, 7 if unset.
#
# A goal that is missed is information; the exit status tells only whether
# every benchmark ran.

set -uo pipefail
export LC_ALL=C

dir=${1:?usage: run.sh BUILD_DIR [PATTERN]}
pattern=${2-}
rounds=${INTERLOOP_BENCH_ROUNDS:-7}
limit=120 # seconds for one run of one contender
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
results=$(mktemp -d)
xvfb=
crashed=0

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    [ -z "$xvfb" ] || { kill "$xvfb"; wait "$xvfb"; } 2> /dev/null
    rm -rf "$results"
}
trap clean_up EXIT

# --- Running ------------------------------------------------------------------

# Where the values of one metric of one contender are kept, a line each.
values_of() { # program contender metric
    echo "$results/$1.${2// /_}.$3"
}

# Run one contender once and keep what it prints.
run_once() { # program contender
    local status=0
    local output metric value

    # shellcheck disable=SC2086  # a contender is words
    output=$(timeout -k 5 $limit "$dir/bench/$1" $2) || status=$?
    while read -r metric value; do
        [ -z "$metric" ] || echo "$value" >> "$(values_of "$1" "$2" "$metric")"
    done <<< "$output"
    [ $status = 0 ] || echo $status > "$(values_of "$1" "$2" status)"
    if [ $status != 0 ] && [ $status != 77 ]; then
        echo "$1 $2: exit status $status" >&2
        crashed=1
    fi
}

# Run contenders in turns, each second round backwards: what drifts while we
# measure then meets all of them alike.
compete() { # program contender...
    local program=$1
    local round i
    shift
    local n=$#

    [ -x "$dir/bench/$program" ] || return 0
    for ((round = 0; round < rounds; round++)); do
        for ((i = 1; i <= n; i++)); do
            local k=$((round % 2 ? n + 1 - i : i))
            [ -e "$(values_of "$program" "${!k}" status)" ] ||
                run_once "$program" "${!k}"
        done
    done
}

wanted() { # program
    [[ $1 == *"$pattern"* ]]
}

# --- Printing -----------------------------------------------------------------

median() { # program contender metric
    local file
    file=$(values_of "$1" "$2" "$3")
    [ ! -e "$file" ] || sort -g "$file" | awk '
        { v[NR] = $1 }
        END {
            half = int(NR / 2)
            print(NR % 2 ? v[half + 1] : (v[half] + v[half + 1]) / 2)
        }'
}

# Why there is no number.
excuse() { # program contender
    local status=
    [ -x "$dir/bench/$1" ] || { echo 'not built'; return; }
    [ ! -e "$(values_of "$1" "$2" status)" ] ||
        read -r status < "$(values_of "$1" "$2" status)"
    case $status in
    77) [ "$1" = bench_frames ] && echo 'no display' || echo 'not installed' ;;
    124 | 137) echo 'TIMED OUT' ;;
    '') echo 'no result' ;;
    *) echo "CRASHED ($status)" ;;
    esac
}

line() {
    printf '%-34s %12s %14s %7s  %-10s %-7s %s\n' "$@"
}

number() {
    awk -v x="$1" 'BEGIN {
        printf((x == int(x) || x >= 1000 ? "%.0f" : "%.2f"), x)
    }'
}

# One row.  A goal of "0.7" is for the ratio, "<= 20" and the like for our
# figure alone, "-" is none.  A peer that runs in our own process is named with
# its metric, as "ours:its_metric".
row() { # label goal program metric ours [peer peer's-name]
    local label=$1 goal=$2 program=$3 metric=$4 ours=$5 peer=${6-} name=${7-}
    local a b='' ratio='' verdict='' shown=''

    a=$(median "$program" "$ours" "$metric")
    if [ "$peer" != "${peer#*:}" ]; then
        metric=${peer#*:}
        peer=${peer%:*}
    fi
    [ -z "$peer" ] || b=$(median "$program" "$peer" "$metric")
    if [ -n "$a" ] && [ -n "$b" ]; then
        ratio=$(awk -v a="$a" -v b="$b" 'BEGIN { if (b) printf "%.2f", a / b }')
    fi
    case $goal in
    -) ;;
    [0-9]*)
        shown="<= $goal x"
        # The ratio is judged as it is printed.
        [ -z "$ratio" ] || verdict=$(awk -v r="$ratio" -v g="$goal" \
            'BEGIN { print((r <= g) ? "met" : "missed") }')
        ;;
    *)
        shown=$goal
        [ -z "$a" ] || verdict=$(awk -v a="$a" -v goal="$goal" 'BEGIN {
            split(goal, g)
            ok = g[1] == "<=" ? a <= g[2] : g[1] == "<" ? a < g[2] : \
                a >= g[2]
            print(ok ? "met" : "missed")
        }')
        ;;
    esac
    [ -n "$a" ] && a=$(number "$a") || a=$(excuse "$program" "$ours")
    if [ -n "$peer" ]; then
        [ -n "$b" ] && b=$(number "$b") || b=$(excuse "$program" "$peer")
    fi
    line "$label" "$a" "$b" "$ratio" "$shown" "$verdict" "$name"
}

# What configure found out.
configured() { # variable
    sed -n "s/^S\\[\"$1\"\\]=\"\\(.*\\)\"\$/\\1/p" "$dir/config.status" \
        2> /dev/null
}

header() {
    local cc commit
    cc=$(configured CC)
    commit=$(git -C "$source_dir" rev-parse --short HEAD 2> /dev/null) ||
        commit=none
    [ -z "$(git -C "$source_dir" status --porcelain 2> /dev/null)" ] ||
        commit="$commit with local changes"
    echo "machine   $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo |
        head -n 1), $(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg)"
    echo "kernel    $(uname -srm)"
    echo "compiler  $(${cc:-cc} --version | head -n 1); $(configured CFLAGS)"
    echo "commit    $commit"
    echo "figures   medians of $rounds rounds, ns of processor time if not" \
        "said otherwise"
    echo
}

# --- A display ----------------------------------------------------------------

# GTK wants one; a real one stays what it is.
open_display() {
    local number
    export GTK_A11Y=none GSETTINGS_BACKEND=memory NO_AT_BRIDGE=1
    [ -z "${DISPLAY-}${WAYLAND_DISPLAY-}" ] || return 0
    command -v Xvfb > /dev/null || return 0
    exec 8<> <(:)
    Xvfb -displayfd 8 -screen 0 1024x768x24 -nolisten tcp 2> /dev/null &
    xvfb=$!
    read -r -t 20 number <&8 || return 0
    export DISPLAY=:$number GDK_BACKEND=x11 GSK_RENDERER=cairo
}

# --- The table ----------------------------------------------------------------

table_core() {
    local n goal

    if wanted bench_switch; then
        compete bench_switch ours boost
        row 'raw switch, one way' 1.0 bench_switch ns ours boost Boost.Context
    fi
    if wanted bench_yield; then
        for n in 2:0.7 64:0.5 1000:0.5; do
            goal=${n#*:}
            n=${n%:*}
            compete bench_yield "ours $n" "st $n"
            row "yield, $n tasks" "$goal" bench_yield ns "ours $n" "st $n" \
                'State Threads'
        done
    fi
    if wanted bench_spawn; then
        compete bench_spawn ours st ours-lazy
        row 'spawn + run + join' 0.4 bench_spawn ns ours st 'State Threads'
        row '  first step queued' - bench_spawn ns ours-lazy st 'State Threads'
        compete bench_spawn ours-batch st-batch
        row '  1000 at a time' - bench_spawn ns ours-batch st-batch \
            'State Threads'
    fi
}

table_parked() {
    local p=bench_parked name='State Threads, no guards'

    wanted $p || return 0
    compete $p ours st
    row '100000 parked tasks: waited' '>= 100000' $p tasks ours st "$name"
    row '  ran on to their end' '>= 100000' $p finished ours st "$name"
    row '  guarded' '>= 100000' $p guarded ours
    row '  resident bytes each' '<= 4608' $p bytes ours st "$name"
    row '  mappings more' '<= 10' $p mappings ours st "$name"
    row '  page tables, KiB in all' - $p page_tables ours st "$name"
    row '  spawn + park' - $p ns ours st "$name"
    row '  wake + end' - $p ns_end ours st "$name"
}

table_glib() {
    local p=bench_pingpong f=bench_frames

    if wanted $p; then
        compete $p ours glib glib-source native ev uv
        row 'pipe ping-pong, guest of GLib' 0.7 $p ns ours glib g_unix_fd_add
        row '  against recursive sources' - $p ns ours glib-source 'own GSource'
        row '  against native' 1.11 $p ns ours native 'without GLib'
        row '  without GLib' - $p ns native ev libev
        row '' - $p ns native uv libuv
    fi
    if wanted $f; then
        open_display
        compete $f ours idle crowd
        row 'frames, always busy: p99 gap, ms' '< 20' $f p99_ms ours idle \
            g_idle_add
        row '  thread still ours, %' '>= 80' $f share ours idle g_idle_add
        row '  p50 gap, ms' - $f p50_ms ours idle g_idle_add
        row '  longest gap, ms' - $f max_ms ours idle g_idle_add
        row '  frames a second' - $f fps ours idle g_idle_add
        row '  p99 gap of 100000 tasks, ms' '< 20' $f p99_ms crowd ours '4 tasks'
        row '  their longest gap, ms' - $f max_ms crowd ours '4 tasks'
        row '  their share of the thread, %' - $f share crowd ours '4 tasks'
    fi
}

table_guest() {
    local p=bench_guest n

    wanted $p || return 0
    for n in 64 1000; do
        compete $p "yield $n" "native-yield $n"
        row "yield as a guest, $n tasks" 1.11 $p ns "yield $n" \
            "native-yield $n" native
    done
    for n in 1 100; do
        compete $p "post $n" "native-post $n"
        row "post as a guest, $n a turn" 1.11 $p ns "post $n" \
            "native-post $n" native
    done
    for n in 1 100; do
        compete $p "ours-host $n" "glib-host $n"
        row "post from a GLib callback, $n" - $p ns "ours-host $n" \
            "glib-host $n" g_idle_add
    done
}

table_bridge() {
    local s=bench_slot c=bench_call n

    if wanted $s; then
        compete $s ours handler
        compete $s 'ours-yield 1' 'gtask 1'
        compete $s 'ours-yield 100' 'gtask 100'
        compete $s 'ours-wait 1' 'glib-once 1'
        row 'slot that ends at once' - $s ns ours handler 'plain handler'
        row '' - $s ns ours 'gtask 100' 'GTask, 100 at a time'
        for n in 1 100; do
            row "slot that yields, $n at a time" - $s ns "ours-yield $n" \
                "gtask $n" "GTask, $n at a time"
        done
        row 'wait for a signal' - $s ns 'ours-wait 1' 'glib-once 1' \
            'one-shot handler, idle'
    fi
    if wanted $c; then
        compete $c ours glib ours-cancellable glib-cancellable
        row 'call of a GTask' 1.3 $c ns ours glib callback
        row '  with a cancellable each' 1.3 $c ns ours-cancellable \
            glib-cancellable 'callback, cancellable'
    fi
}

table_host() {
    local l=bench_latency i=bench_iteration what

    if wanted $l; then
        compete $l ours
        for what in p50 p99; do
            row "thread-safe post: $what, us" 0.7 $l ${what}_us ours \
                ours:invoke_${what}_us g_main_context_invoke
            row '' - $l ${what}_us ours ours:floor_${what}_us \
                'eventfd of a GSource'
        done
    fi
    if wanted $i; then
        compete $i ours ours-fds ours-timers empty glib-fds glib-timers
        row 'iteration of the host, idle guest' 2 $i ns ours empty 'no guest'
        row '  1000 descriptors' 2 $i ns ours-fds empty 'no guest'
        row '' - $i ns ours-fds glib-fds '1000 g_unix_fd_add'
        row '  100000 timers' 2 $i ns ours-timers empty 'no guest'
        row '' - $i ns ours-timers glib-timers '100000 g_timeout_add'
    fi
}

table_loop() {
    local n peer name

    for n in 1 100; do
        wanted bench_post || break
        compete bench_post "ours $n" "ev $n" "uv $n" "glib $n"
        name="callback, $n a turn"
        for peer in ev:libev uv:libuv glib:GLib; do
            row "$name" - bench_post ns "ours $n" "${peer%:*} $n" \
                "${peer#*:}, idle"
            name=
        done
    done
    for n in 1000 100000; do
        wanted bench_timer || break
        compete bench_timer "ours $n" "ev $n" "uv $n" "glib $n"
        name="timer stop + start, $n pending"
        for peer in ev:libev uv:libuv glib:GLib; do
            row "$name" - bench_timer ns "ours $n" "${peer%:*} $n" \
                "${peer#*:}"
            name=
        done
    done
}

[ -d "$dir/bench" ] || {
    echo "run.sh: no benchmarks in $dir; run ./dev bench" >&2
    exit 1
}
header
line what ours peer ratio goal '' 'the peer'
table_core
table_parked
table_glib
table_guest
table_bridge
table_host
table_loop
exit $crashed
