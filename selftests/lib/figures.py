# SPDX-License-Identifier: GPL-2.0
"""What benchmarks measured: a line of JSON each, and all of it in out/bench.json,
where each benchmark replaces its own rows."""

import json
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent.parent / "out" / "bench.json"


def save(bench, rows):
    """Rows are objects; each gets the name of its benchmark."""
    try:
        old = [row for row in json.loads(OUT.read_text()) if row.get("bench") not in (None, bench)]
    except (OSError, ValueError):
        old = []
    OUT.parent.mkdir(exist_ok=True)
    lines = [json.dumps(row) for row in old + [{"bench": bench} | row for row in rows]]
    OUT.write_text("[\n" + ",\n".join(lines) + "\n]\n")


class Figures:
    """Measurements of one benchmark, and which of its goals they miss."""

    def __init__(self, bench):
        self.bench = bench
        self.rows = []
        self.missed = []

    def report(self, name, at_least=None, at_most=None, **values):
        """Goals are given by the names of their values. Returns the row."""
        self.rows.append({"name": name} | values)
        print(json.dumps(self.rows[-1]), flush=True)
        for goals, misses, word in (
            (at_least, lambda v, goal: v < goal, "at least"),
            (at_most, lambda v, goal: v > goal, "at most"),
        ):
            for key, goal in (goals or {}).items():
                if misses(values[key], goal):
                    self.missed.append(f"{name}: {key} is {values[key]}, not {word} {goal}")
        return self.rows[-1]

    def end(self):
        """The exit status."""
        save(self.bench, self.rows)
        print("rows: out/bench.json")
        for text in self.missed:
            print(f"bench: goal missed: {text}", file=sys.stderr)
        return 1 if self.missed else 0
