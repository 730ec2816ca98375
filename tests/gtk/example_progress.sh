#!/bin/bash
# SPDX-License-Identifier: MIT

# example_progress.sh - the twenty jobs of examples/15_gtk_progress: never more
# than four at once, each can be cancelled, and the window closed meanwhile.

set -u
# shellcheck source=tests/gtk/window.sh
. "$(dirname "$0")/window.sh"

# No look at the screen shows more than four that run.
count() { # STATUS
    screen | grep -c "^label $1\$"
}

ended_with_four_at_once() { # SUMMARY
    [ "$(count running)" -le 4 ] || give_up 'more than four run'
    shows_or_dead "label $1"
}

see_end() {
    until_true 60 ended_with_four_at_once "$1"
    see "label $1"
    [ "$(count running)" = 0 ] || give_up 'some still run'
}

run_all() {
    press Jobs Start
    see 'label \([2-9] of 20 …\|All done\.\)'
    [ "$(count waiting)" -gt 0 ] || return 1
    picture Jobs progress
    see_end 'All done\.'
    [ "$(count 'done')" = 20 ] || give_up 'not all are done'
}

# One that waits and one that runs, as long as the machine is not too busy.
cancel_two() {
    press Jobs Start
    see 'label running'
    press Jobs Cancel 7
    press Jobs Cancel 3
    see_end '\([12] cancelled\|All done\.\)'
    [ "$(count cancelled)" = 2 ]
}

cancel_all() {
    press Jobs Start
    see 'label running'
    press Jobs 'Cancel all'
    see_end '\([0-9]\+ cancelled\|All done\.\)'
    [ "$(count cancelled)" -gt 4 ]
}

start_display
start 15_gtk_progress
again run_all
again cancel_two
again cancel_all
press Jobs Start
see 'label running'
press Jobs close
ends_well 'while they run'

start 15_gtk_progress
press Jobs Start
press Jobs 'Cancel all'
close_it
ends_well 'while they are cancelled'
