# SPDX-License-Identifier: GPL-2.0
"""Headers of the patches in selftests/mutants/: Documentation/testing.rst."""

from pathlib import Path

MUTANTS = Path(__file__).resolve().parent.parent / "mutants"


def header(patch):
    """Its fields by name; it ends at the first empty line."""
    lines = patch.read_text().split("\n\n")[0].splitlines()
    return dict(line.split(": ", 1) for line in lines)
