#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# With rig/kernels/cc, files compile to the object that gcc makes of them, most without
# reading headers again.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cc=$top/selftests/rig/kernels/cc

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GCC=gcc HEADERS="$tmp/headers"

# As in a kernel: what each file begins with, and a header.
mkdir -p include/linux headers/core.h.gch
for name in compiler-version kconfig compiler_types; do
	echo "#define HAS_$name" | tr - _ >"include/linux/$name.h"
done
cp "$top/selftests/rig/kernels/core.h" headers/
cat >headers/headers.h <<'END'
#include "core.h"
#include <linux/header.h>
END
cat >include/linux/header.h <<'END'
#ifndef HEADER
#define HEADER
#ifndef pr_fmt
#define pr_fmt(text) text
#endif
#ifdef CHANGED
#define VALUE 2
#else
#define VALUE 1
#endif
#ifdef __OPTIMIZE__
#define HOW " optimized"
#else
#define HOW ""
#endif
#define NAME (pr_fmt(KBUILD_MODNAME) HOW)
static inline int value(void) { return VALUE; }
#endif
END
printf '%s\n' '#include <linux/header.h>' \
	'const char *name(void) { return NAME; }' 'int f(void) { return value(); }' >plain.c
{ echo '#define CHANGED' && cat plain.c; } >changed.c
{ echo '#define UNKNOWN' && cat plain.c; } >unknown.c
{ echo '#define pr_fmt(text) "says: " text' && cat plain.c; } >prefix.c
echo 'int value(int x) { return x; }' >alone.c
{ cat plain.c && echo 'static void unused(void) { }'; } >warned.c

# compile COMPILER OBJECT FILE FLAG...: as kbuild does
compile() {
	compiler=$1 object=$2 file=$3
	shift 3
	"$compiler" -Wp,-MMD,deps -nostdinc -Iinclude \
		-include include/linux/compiler-version.h -include include/linux/kconfig.h \
		-include include/linux/compiler_types.h -D__KERNEL__ "$@" \
		"-DKBUILD_MODNAME=\"${file%.c}\"" -c -o "$object" "$file"
}

same() {
	compile gcc without.o "$@" && compile "$cc" with.o "$@" && cmp without.o with.o
}

# Files that can be compiled without reading what their headers are compiled from.
not_read() {
	mv include/linux/header.h header.away
	echo '#ifndef HEADER
#error read again
#endif' >include/linux/header.h
	status=0
	for file; do
		compile "$cc" with.o "$file" -O2 || status=1
	done
	mv header.away include/linux/header.h
	return "$status"
}

compiles_headers() {
	NEW=y && export NEW
	same plain.c -O2 && test -s headers/core.h.gch/plain
	status=$?
	unset NEW
	return "$status"
}

warns() {
	! compile "$cc" with.o warned.c -O2 -Wall -Werror 2>said && grep 'unused.*defined' said
}

depends() {
	same plain.c -O2 && sed 's/.*://; s/\\$//' deps | xargs ls
}

ktap_print_header
ktap_set_plan 10
ktap_test_run "headers are compiled by the way" compiles_headers
ktap_test_run "they are not read again" not_read plain.c prefix.c unknown.c
ktap_test_run "a file is what it would be without" same plain.c -O2
ktap_test_run "a file that has its own pr_fmt, too" same prefix.c -O2
ktap_test_run "a file that defines what a header asks for, too" same changed.c -O2
ktap_test_run "a file that defines what no header asks for, too" same unknown.c -O2
ktap_test_run "a file that has a use of its own for a header's name, too" same alone.c -O2
ktap_test_run "a file with other flags, too" same plain.c -O0
ktap_test_run "what is wrong with a file is said" warns
ktap_test_run "it depends on files that exist" depends
ktap_finished
