#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The version is defined in kmod/version.h. DKMS wants it in its own file.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"

defined=$(sed -n 's/^#define QSC_VERSION[[:space:]]*"\(.*\)"/\1/p' \
	"$top/kmod/version.h")
packaged=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")

ktap_print_header
ktap_set_plan 2
ktap_test_run "kmod/version.h defines a version" test -n "$defined"
ktap_print_msg "kmod/version.h: $defined, dkms.conf: $packaged"
ktap_test_run "dkms.conf has the same version" test "$defined" = "$packaged"
ktap_finished
