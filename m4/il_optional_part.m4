# SPDX-License-Identifier: MIT

# IL_OPTIONAL_PART(NAME, PREFIX, MODULES, WHAT-FOR)
#
# Add --with-NAME=[yes|no|check].  Sets PREFIX_CFLAGS, PREFIX_LIBS and the shell
# variable il_have_NAME to yes or no, and the Automake conditional HAVE_PREFIX.
# "yes" fails when MODULES are absent, "check" (the default) goes without.
AC_DEFUN([IL_OPTIONAL_PART], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1=yes|no|check], [build $4 @<:@check@:>@])],
    [], [with_$1=check])
  il_have_$1=no
  AS_IF([test "x$with_$1" != xno],
    [PKG_CHECK_MODULES([$2], [$3],
      [il_have_$1=yes
       # Their headers are not ours to warn about.
       $2_CFLAGS=`AS_ECHO(["$$2_CFLAGS"]) | $SED 's/-I/-isystem /g'`],
      [AS_IF([test "x$with_$1" = xyes],
        [AC_MSG_ERROR([--with-$1: $3 not found])])])])
  AM_CONDITIONAL([HAVE_$2], [test "x$il_have_$1" = xyes])
])
