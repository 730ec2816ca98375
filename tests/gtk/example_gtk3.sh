#!/bin/bash
# SPDX-License-Identifier: MIT

# example_gtk3.sh - the dialogs of examples/14_gtk3_dialog, each a nested loop:
# the clock goes on beside both, and the window closes behind both.

set -u
# shellcheck source=tests/gtk/window.sh
. "$(dirname "$0")/window.sh"

clock='label [0-9]\+\.[0-9] s'

start_dialogs() {
    start 14_gtk3_dialog
    see "$clock"
}

open_by() { # BUTTON
    press Dialogs "$1"
    see 'window Question' 'button No .* on'
}

ask_by() { # BUTTON ANSWER
    open_by "$1"
    move Question 60 180
    see_change "$clock"
    picture Dialogs gtk3_dialog
    press Question "$2"
    see_no 'window Question'
    see "label $2"
    see_change "$clock"
}

leave_by() { # BUTTON
    open_by "$1"
    until_true 20 find_it Question || give_up 'no question'
    x windowfocus "$window" key Escape
    see_no 'window Question'
    see 'label No answer'
}

close_behind() { # BUTTON
    start_dialogs
    open_by "$1"
    close_it
    ends_well "behind $1"
}

direct='gtk_dialog_run()'
modal='il_modal()'

start_display
start_dialogs
ask_by "$direct" Yes
ask_by "$modal" No
ask_by "$modal" Yes
ask_by "$direct" No
leave_by "$direct"
leave_by "$modal"
press Dialogs close
ends_well 'by its button'

close_behind "$direct"
close_behind "$modal"

# Before the first of them has come.
start_dialogs
press Dialogs "$direct"
see 'label thinking …'
close_it
ends_well 'before the dialog'
