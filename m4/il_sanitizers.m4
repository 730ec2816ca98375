# SPDX-License-Identifier: MIT

# IL_SANITIZERS
#
# Add --enable-sanitizers=LIST, for example address,undefined.  The flags go to
# IL_SANITIZER_FLAGS and from there into IL_CFLAGS and IL_LDFLAGS, never into
# the user's.  Fails if the compiler cannot link a program with them.
AC_DEFUN([IL_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST],
      [instrument with -fsanitize=LIST @<:@no@:>@])],
    [], [enable_sanitizers=no])
  AS_CASE([$enable_sanitizers],
    [yes], [enable_sanitizers=address,undefined])
  il_sanitizers=$enable_sanitizers
  AS_IF([test "x$enable_sanitizers" != xno], [
    IL_SANITIZER_FLAGS="-fsanitize=$enable_sanitizers"
    IL_SANITIZER_FLAGS="$IL_SANITIZER_FLAGS -fno-omit-frame-pointer"
    AS_CASE([,$enable_sanitizers,], [*,undefined,*],
      [AS_VAR_APPEND([IL_SANITIZER_FLAGS], [" -fno-sanitize-recover=undefined"])])
    AX_CHECK_LINK_FLAG([$IL_SANITIZER_FLAGS], [],
      [AC_MSG_ERROR([cannot link with $IL_SANITIZER_FLAGS])])
    AS_VAR_APPEND([IL_CFLAGS], [" $IL_SANITIZER_FLAGS"])
    AS_VAR_APPEND([IL_LDFLAGS], [" $IL_SANITIZER_FLAGS"])
  ], [
    # A library must name every other library it needs.  Sanitized code cannot:
    # clang resolves the sanitizer's own symbols in the program.
    AX_APPEND_LINK_FLAGS([-Wl,-z,defs -Wl,-z,relro -Wl,-z,now], [IL_SO_LDFLAGS])
  ])
  AC_SUBST([IL_SANITIZER_FLAGS])
  AC_SUBST([IL_SO_LDFLAGS])
])
