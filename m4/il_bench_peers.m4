# SPDX-License-Identifier: MIT

# IL_BENCH_PEERS
#
# Find the libraries that the benchmarks compare with.  All are optional, none
# is ever linked into an installed file.  For PEER in BOOST, ST, UV, GLIB, EVENT,
# PTH: the macro HAVE_PEER_<PEER>, and <PEER>_CFLAGS and <PEER>_LIBS.  For Go the
# variable GO and the conditional HAVE_GO.
AC_DEFUN([IL_BENCH_PEERS], [
  il_bench_peers=
  il_saved_LIBS=$LIBS

  AC_ARG_WITH([bench-peers],
    [AS_HELP_STRING([--without-bench-peers],
       [let the benchmarks compare with nothing but GLib])])
  il_have_boost=no
  il_have_st=no
  il_have_pth=no
  il_have_uv=no
  il_have_event=no
  AS_VAR_IF([with_bench_peers], [no], [AC_SUBST([GO], [no])],
    [IL_FIND_BENCH_PEERS])
  AM_CONDITIONAL([HAVE_GO], [test "x$GO" != xno])

  AS_IF([test $il_have_boost = yes],
    [il_bench_peers="$il_bench_peers boost-context"
     AC_SUBST([BOOST_LIBS], [-lboost_context])])
  AS_IF([test $il_have_st = yes],
    [il_bench_peers="$il_bench_peers state-threads"
     AC_SUBST([ST_LIBS], [-lst])])
  AS_IF([test $il_have_uv = yes], [il_bench_peers="$il_bench_peers libuv"])
  AS_IF([test $il_have_event = yes],
    [il_bench_peers="$il_bench_peers libevent"])
  AS_IF([test $il_have_pth = yes],
    [il_bench_peers="$il_bench_peers pth"
     AC_SUBST([PTH_LIBS], [-lpth])])
  AS_IF([test "x$GO" != xno], [il_bench_peers="$il_bench_peers go"])
  AS_IF([test "x$il_have_glib" = xyes],
    [il_bench_peers="$il_bench_peers glib"
     AC_DEFINE([HAVE_PEER_GLIB], [1], [Define to 1 to compare with GLib.])])
  AS_IF([test -z "$il_bench_peers"], [il_bench_peers=none])
  AS_IF([test $il_have_boost = yes],
    [AC_DEFINE([HAVE_PEER_BOOST], [1], [Define to 1 to compare with Boost.Context.])])
  AS_IF([test $il_have_st = yes],
    [AC_DEFINE([HAVE_PEER_ST], [1], [Define to 1 to compare with State Threads.])])
  AS_IF([test $il_have_uv = yes],
    [AC_DEFINE([HAVE_PEER_UV], [1], [Define to 1 to compare with libuv.])])
  AS_IF([test $il_have_event = yes],
    [AC_DEFINE([HAVE_PEER_EVENT], [1], [Define to 1 to compare with libevent.])])
  AS_IF([test $il_have_pth = yes],
    [AC_DEFINE([HAVE_PEER_PTH], [1], [Define to 1 to compare with GNU Pth.])])
])

AC_DEFUN([IL_FIND_BENCH_PEERS], [
  # Boost.Context exports a C interface besides its C++ one.
  LIBS="-lboost_context $il_saved_LIBS"
  AC_MSG_CHECKING([for Boost.Context])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[void *make_fcontext(void *, unsigned long,
    void (*)(void *));]], [[return make_fcontext(0, 0, 0) != 0;]])],
    [il_have_boost=yes], [il_have_boost=no])
  AC_MSG_RESULT([$il_have_boost])

  LIBS="-lst $il_saved_LIBS"
  AC_MSG_CHECKING([for State Threads])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <st.h>]], [[return st_init();]])],
    [il_have_st=yes], [il_have_st=no])
  AC_MSG_RESULT([$il_have_st])

  LIBS="-lpth $il_saved_LIBS"
  AC_MSG_CHECKING([for GNU Pth])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <pth.h>]], [[return pth_init();]])],
    [il_have_pth=yes], [il_have_pth=no])
  AC_MSG_RESULT([$il_have_pth])
  LIBS=$il_saved_LIBS

  PKG_CHECK_MODULES([UV], [libuv >= 1.40], [il_have_uv=yes], [il_have_uv=no])
  PKG_CHECK_MODULES([EVENT], [libevent_core >= 2.1 libevent_pthreads],
    [il_have_event=yes], [il_have_event=no])
  AC_PATH_PROG([GO], [go], [no])
])
