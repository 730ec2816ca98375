#!/bin/sh
# SPDX-License-Identifier: MIT

# Make ./configure from a fresh checkout.  ./dev does this by itself.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi "$@"
