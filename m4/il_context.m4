# SPDX-License-Identifier: MIT

# IL_CONTEXT
#
# Add --with-context=[auto|x86_64|aarch64|ucontext] and define exactly one of
# ILI_CONTEXT_X86_64, ILI_CONTEXT_AARCH64, ILI_CONTEXT_UCONTEXT.
AC_DEFUN([IL_CONTEXT], [
  AC_ARG_WITH([context],
    [AS_HELP_STRING([--with-context=KIND],
      [how to switch stacks: auto, x86_64, aarch64 or ucontext @<:@auto@:>@])],
    [], [with_context=auto])
  AC_MSG_CHECKING([how to switch stacks])
  il_context=$with_context
  # Asks the compiler, not the host triplet: x32 and big-endian ARM have
  # neighbouring names and other calling conventions.
  AS_IF([test "x$il_context" = xauto], [
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined __x86_64__ || !defined __LP64__
#error not this one
#endif
      ]])], [il_context=x86_64],
      [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined __aarch64__ || !defined __LP64__ || defined __AARCH64EB__
#error not this one
#endif
      ]])], [il_context=aarch64], [il_context=ucontext])])
  ])
  AC_MSG_RESULT([$il_context])
  AS_CASE([$il_context],
    [x86_64], [AC_DEFINE([ILI_CONTEXT_X86_64], [1],
      [Define to 1 to switch stacks with the x86_64 code.])],
    [aarch64], [AC_DEFINE([ILI_CONTEXT_AARCH64], [1],
      [Define to 1 to switch stacks with the aarch64 code.])],
    [ucontext], [AC_DEFINE([ILI_CONTEXT_UCONTEXT], [1],
      [Define to 1 to switch stacks with swapcontext().])],
    [AC_MSG_ERROR([--with-context=$il_context: no such kind])])
])
