# SPDX-License-Identifier: MIT

# IL_DOCUMENTATION
#
# Look for Doxygen and for a Python that has Sphinx, Breathe and MyST.  Debian's
# own Python comes first: another one on PATH does not see Debian's modules.
# Sets DOXYGEN and SPHINX_BUILD and the Automake conditional HAVE_DOC_TOOLS.
AC_DEFUN([IL_DOCUMENTATION], [
  AC_PATH_PROG([DOXYGEN], [doxygen], [no])
  AC_MSG_CHECKING([for a Python with Sphinx, Breathe and MyST])
  SPHINX_BUILD=no
  for il_python in /usr/bin/python3 python3; do
    AS_IF([$il_python -c 'import sphinx, breathe, myst_parser' 2>/dev/null],
      [SPHINX_BUILD="$il_python -m sphinx"
       break])
  done
  AC_MSG_RESULT([$SPHINX_BUILD])
  AC_SUBST([SPHINX_BUILD])
  il_have_doc=yes
  AS_IF([test "x$DOXYGEN" = xno || test "x$SPHINX_BUILD" = xno],
    [il_have_doc="no (needs doxygen, sphinx, breathe, myst-parser)"])
  AM_CONDITIONAL([HAVE_DOC_TOOLS], [test "x$il_have_doc" = xyes])
])
