# SPDX-License-Identifier: GPL-2.0
"""Builds the benchmark's module for a kernel of the rig."""

import os
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def sh(script):
    """Runs a piece of shell with the rig's functions at hand."""
    lead = f"top={TOP}; . {TOP}/selftests/lib/common.sh; . {TOP}/selftests/rig/kernel.sh; "
    return subprocess.run(["sh", "-euc", lead + script], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def build(kernel):
    """Builds qsc_bench.ko for a kernel; returns the release and the module."""
    release = sh(f"kernel_find {kernel}; echo $release").strip()
    folder = f"{TOP}/out/build/bench-{release}"
    sh(f"""kernel_find {kernel}; mkdir -p {folder}
    for f in Kbuild qsc_bench.c; do
        cmp -s {TOP}/selftests/bench/$f {folder}/$f || cp {TOP}/selftests/bench/$f {folder}/$f
    done
    make -s -C $kdir M={folder} CONFIG_DEBUG_INFO_BTF_MODULES= modules >{folder}/build.log 2>&1 ||
        {{ cat {folder}/build.log >&2; exit 1; }}""")
    return release, f"{folder}/qsc_bench.ko"
