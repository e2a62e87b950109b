#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""table.py - what the proofs of erasure measured, as the table of
Documentation/erasure.rst: from out/erasure/KERNEL.json, which run leaves."""

import itertools
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent.parent / "out" / "erasure"
KERNELS = ("6.1", "6.12", "plain-7")


def promises():
    """Rows in their order, by name"""
    text = (HERE / "rows.py").read_text() + (HERE / "last_rows.py").read_text()
    return dict(
        (name, promise)
        for promise, name in re.findall(r'@row\("(.*)"(?:, ends=True)?\)\ndef (\w+)\(', text)
    )


def cell(measured):
    """Places at each search; - where a row was not run"""
    if not measured:
        return "-"
    found = [(search["when"], sum(search["places"].values())) for search in measured]
    cells = []
    for (_, places), times in itertools.groupby(found):
        n = len(list(times))
        cells.append(f"{n} x {places}" if n > 1 else str(places))
    return ", ".join(cells)


def searches(rows):
    for row in rows:
        if row:
            return [when for when, _ in itertools.groupby(search["when"] for search in row)]
    return []


def main():
    found = {}
    for kernel in KERNELS:
        path = RESULTS / f"{kernel}.json"
        found[kernel] = json.loads(path.read_text()) if path.exists() else {}
    if not any(found.values()):
        sys.exit("table.py: nothing was measured yet: make check-erasure")
    print(".. list-table::\n   :header-rows: 1\n")
    print("   * - row: searches, one after the other")
    for kernel in KERNELS:
        print(f"     - {kernel}")
    for name, promise in promises().items():
        rows = [found[kernel].get(name, []) for kernel in KERNELS]
        print(f"   * - **{promise}** {'; '.join(searches(rows))}".rstrip())
        for row in rows:
            print(f"     - {cell(row)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
