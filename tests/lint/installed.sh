#!/bin/bash
# SPDX-License-Identifier: MIT

# installed.sh - what `make install` puts down is enough for a program outside:
# headers, libraries and .pc files, found by pkg-config alone.

set -u
top=${IL_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${IL_BUILDDIR:?run this by make check}
cc=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Nothing of the system is touched: DESTDIR, not another prefix, because libtool
# installs only where it linked for.  -j1: make check has taken the job slots.
if ! (unset MAKEFLAGS MFLAGS MAKELEVEL
    ${MAKE:-make} -C "$build" -j1 install DESTDIR="$work/root" \
        > install.log 2>&1); then
    cat install.log
    exit 1
fi
# Move the .pc files to where the files are for the moment: every absolute
# folder in them gets the root in front.
core_pc=$(find root -name interloop.pc)
[ -n "$core_pc" ] || { echo 'interloop.pc is not installed'; exit 1; }
sed -i "s|^\([a-z_]*\)=/|\1=$work/root/|" "${core_pc%/*}"/*.pc
export PKG_CONFIG_PATH=$work/${core_pc%/*}
LD_LIBRARY_PATH=$(${PKG_CONFIG:-pkg-config} --variable=libdir interloop)
export LD_LIBRARY_PATH

cat > core.c <<'PROGRAM'
#include <interloop/interloop.h>
#include <stdio.h>

static int work(void *arg)
{
    int r = il_sleep(IL_MS(1));

    if (r < 0)
        return r;
    *(int *)arg = 42;
    return 7;
}

int main(void)
{
    int answer = 0;
    int r = il_run(work, &answer);

    printf("%d %d\n", r, answer);
    return r == 7 && answer == 42 ? 0 : 1;
}
PROGRAM

cat > glib.c <<'PROGRAM'
#include <interloop/interloop.h>
#include <interloop/glib.h>
#include <stdio.h>

static GMainLoop *main_loop;

static int work(void *arg)
{
    int r = il_sleep(IL_MS(1));

    (void)arg;
    g_main_loop_quit(main_loop);
    return r;
}

int main(void)
{
    il_loop *loop = NULL;
    int r;

    main_loop = g_main_loop_new(NULL, FALSE);
    r = il_g_begin(NULL, &loop);
    if (r < 0 || il_spawn(NULL, work, NULL, NULL) < 0)
        return 1;
    g_main_loop_run(main_loop);
    g_main_loop_unref(main_loop);
    r = il_g_end(loop, IL_SEC(5));
    printf("%d\n", r);
    return r < 0 ? 1 : 0;
}
PROGRAM

try() { # program package
    local flags
    flags=$(${PKG_CONFIG:-pkg-config} --cflags --libs "$2") || return 1
    # shellcheck disable=SC2086
    $cc ${IL_SANITIZER_FLAGS-} -Wall -Werror -o "$1" "$1.c" $flags || return 1
    timeout -k 5 60 "./$1"
}

status=0
try core interloop || { echo "the outside program for interloop fails"; status=1; }
if [ "${IL_HAVE_GLIB-}" = yes ]; then
    try glib interloop-glib ||
        { echo "the outside program for interloop-glib fails"; status=1; }
elif [ -n "$(find root -name glib.h)" ]; then
    echo 'glib.h is installed without its library'
    status=1
fi

# Whoever copies an example has our headers, but none of our flags.
for example in ${IL_EXAMPLES-}; do
    case $example in
    *gtk3*) package='interloop-glib gtk+-3.0' ;;
    *gtk*) package='interloop-glib gtk4' ;;
    *ncurses*) package='interloop ncurses' ;;
    *glib*) package=interloop-glib ;;
    *) package=interloop ;;
    esac
    # shellcheck disable=SC2046,SC2086
    $cc -Wall -Werror -fsyntax-only "$top/$example.c" \
        $(${PKG_CONFIG:-pkg-config} --cflags $package) || {
        echo "$example.c does not compile outside"
        status=1
    }
done
exit $status
