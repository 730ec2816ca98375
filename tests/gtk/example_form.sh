#!/bin/bash
# SPDX-License-Identifier: MIT

# example_form.sh - fill in examples/13_gtk_form, and close it at any moment.

set -u
# shellcheck source=tests/gtk/window.sh
. "$(dirname "$0")/window.sh"

clock='label [0-9]\+\.[0-9] s'

start_form() {
    start 13_gtk_form
    see "$clock"
}

check_names() {
    enter 'Sign up' GtkEntry ad
    see 'label ✓ free' 'button Submit .* on'
    enter 'Sign up' GtkEntry a
    see 'label ✗ taken' 'button Submit .* off'
    see_change "$clock"
    enter 'Sign up' GtkEntry line
    see 'label ✓ free'
    screen | grep -qx 'entry GtkEntry .* adaline' || give_up 'another name'
}

# A search for "l" that the next letter cuts short.
search() {
    empty 'Sign up' GtkSearchEntry
    see_no 'label 3 found'
    enter 'Sign up' GtkSearchEntry lo 600
    see 'label 3 found'
    shows 'label “l” was cancelled after [0-9]' || return 1
    screen | grep '^label L' | tr -d '\n' |
        grep -qx 'label Londonlabel Los Angeleslabel Louvain' ||
        give_up 'other cities were found'
}

submit() { # answer outcome
    press 'Sign up' Submit
    see 'button Submit .* off' 'window Question' 'label 50 %'
    move Question 110 222
    see_change "$clock"
    picture "Sign up" form
    press Question "$1"
    see_no 'window Question'
    see "label $2" 'button Submit .* on'
}

# The answer of somebody who presses Escape is no.
leave_question() {
    press 'Sign up' Submit
    see 'window Question'
    until_true 20 find_it Question || give_up 'no question'
    x windowfocus "$window" key Escape
    see_no 'window Question'
    see 'label ✗ not sent'
}

# --- Moments to close it ------------------------------------------------------

# Usually the server has not answered yet.
checking() {
    enter 'Sign up' GtkEntry grace
    see 'label \(asking about grace\|✗ taken\)'
}

searching() {
    enter 'Sign up' GtkSearchEntry l
    see 'label Leeds'
}

submitting() {
    enter 'Sign up' GtkEntry turing
    see 'button Submit .* on'
    press 'Sign up' Submit
    see 'button Submit .* off' 'progress 0.[1-9].*'
}

asking() {
    submitting
    see 'window Question'
}

# The search began before the question came, and goes on behind it.
all_of_it() {
    enter 'Sign up' GtkEntry turing
    see 'button Submit .* on'
    searching
    press 'Sign up' Submit
    see 'window Question'
}

close_while() {
    start_form
    "$1"
    close_it
    ends_well "$1"
}

start_display
start_form
check_names
again search
submit Continue '✓ sent'
submit Stop '✗ not sent'
leave_question
# Each key begins anew: the server is not asked about "adal", say.
press 'Sign up' close
ends_well 'by its button'
grep -qx 'server: adaline?' "$log" || fail 'nobody asked about the last name'
[ "$(grep -c 'server: adal' "$log")" -lt 4 ] || fail 'each key was asked about'
[ "$(grep -c 'form: sent' "$log")" = 1 ] || fail 'not sent once'
[ "$(grep -c 'form: stopped' "$log")" = 2 ] || fail 'not stopped twice'

close_while checking
close_while searching
close_while submitting
close_while asking
close_while all_of_it
