#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/coverage.rst keeps up with the source: the lines of the module
# that it says why no test runs them are still there.
exec "$(dirname "$0")/../coverage/run" --reasons
