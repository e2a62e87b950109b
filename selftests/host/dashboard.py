#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Documentation/dashboard.json is what Grafana takes, and asks for nothing that
tools/qsctl/prometheus.c does not print."""

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "selftests" / "lib"))

from tap import equal, run, test  # noqa: E402

DASHBOARD = TOP / "Documentation" / "dashboard.json"
SOURCE = TOP / "tools" / "qsctl" / "prometheus.c"

# What a scraper adds to each sample.
SCRAPED = {"instance", "job"}
COLUMNS = 24

# Panels that must be there: the first words of their metrics.
WANTED = {
    "qsc_calls",
    "qsc_packets_total",
    "qsc_leg_packets_total",
    "qsc_drops_total",
    "qsc_leg_loss_ratio",
    "qsc_leg_jitter_seconds",
    "qsc_leg_round_trip_seconds",
    "qsc_leg_key_age_seconds",
}


def printed():
    """Names of the metrics, and for each its type."""
    text = SOURCE.read_text()
    heads = re.findall(r'print_head\("(\w+)", "(\w+)"', text)
    gauges = re.findall(r'\{ "(leg_\w+)", "', text)
    return {f"qsc_{name}": kind for name, kind in heads + [(g, "gauge") for g in gauges]}


def printed_labels(metric):
    text = SOURCE.read_text().replace('\\"', '"')
    labels = set()
    if metric.startswith("qsc_leg_"):
        labels |= {"call", "leg"}
        if metric.endswith("_total"):
            labels.add("direction")
        return labels
    for inside in re.findall(metric + r"\{([^}]*)\}", text):
        labels |= set(re.findall(r'(\w+)="', inside))
    return labels


def dashboard():
    return json.loads(DASHBOARD.read_text())


def expressions():
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel, target


def metrics_in(expr):
    return set(re.findall(r"\bqsc_\w+", expr))


@test("the source prints metrics, each once")
def source():
    names = re.findall(r'(?:print_head\(|\{ )"(\w+)", "', SOURCE.read_text())
    equal(len(names), len(set(names)))
    equal(len(printed()), len(names))
    assert len(names) > 8, names
    for name, kind in printed().items():
        equal(name.endswith("_total"), kind == "counter")


@test("the dashboard is JSON that has what Grafana needs, and nothing of one's own server")
def valid():
    board = dashboard()
    for field in ("title", "uid", "schemaVersion", "panels", "templating", "time"):
        assert board[field], field
    assert "id" not in board, "an id is a server's"
    names = {v["name"] for v in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text()))
    equal(used - {"__rate_interval"}, names)


@test("panels have numbers and places of their own, and a unit")
def panels():
    taken = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS, panel["title"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, f"{panel['title']} covers another panel"
                taken.add((x, y))
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    ids = [panel["id"] for panel in dashboard()["panels"]]
    equal(sorted(ids), list(range(1, len(ids) + 1)))


@test("each metric of the dashboard is printed")
def metrics():
    asked = set()
    for _panel, target in expressions():
        names = metrics_in(target["expr"])
        assert names, target["expr"]
        asked |= names
    for variable in dashboard()["templating"]["list"]:
        asked |= metrics_in(str(variable["query"]))
    equal(asked - set(printed()), set())
    equal(WANTED - asked, set())


@test("each label of the dashboard is printed with its metric")
def labels():
    for _panel, target in expressions():
        expr = target["expr"]
        used = set(re.findall(r"(\w+)=~?\"", expr))
        for group in re.findall(r"by \(([^)]*)\)", expr):
            used |= set(re.split(r",\s*", group))
        used |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        (metric,) = metrics_in(expr)
        equal(used - SCRAPED - printed_labels(metric), set())


@test("of a counter there is a rate, of a gauge none")
def rates():
    for _panel, target in expressions():
        (metric,) = metrics_in(target["expr"])
        equal("rate(" + metric in target["expr"], printed()[metric] == "counter")


@test("panels that need each leg say so")
def legs():
    for panel, target in expressions():
        needs = "qsc_leg_" in target["expr"]
        equal("stats legs" in panel["description"], needs)


@test("brackets are in pairs")
def brackets():
    pairs = {")": "(", "]": "[", "}": "{"}
    for _panel, target in expressions():
        still_open = []
        for c in re.sub(r'"[^"]*"', "", target["expr"]):
            if c in pairs.values():
                still_open.append(c)
            elif c in pairs:
                equal(still_open.pop(), pairs[c])
        equal(still_open, [])


if __name__ == "__main__":
    sys.exit(run())
