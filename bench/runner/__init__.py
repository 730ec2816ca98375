# SPDX-License-Identifier: MIT
"""What bench/run.py is made of; bench/README.md tells how to use it."""
