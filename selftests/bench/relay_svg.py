# SPDX-License-Identifier: GPL-2.0
"""A bar chart of bench/relay's rows, as SVG."""

from xml.sax.saxutils import escape

COLORS = {
    "bare": "#9a9a9a",
    "qsc": "#1a7f37",
    "rtpengine": "#c0504d",
    "rtpengine-sync": "#e0a19f",
    "rtpengine-user": "#8064a2",
    "libsrtp": "#4f81bd",
}
WIDTH, LEFT, RIGHT = 860, 20, 70
BAR, GAP, HEAD = 16, 4, 26
TOP, BOTTOM, KEY = 46, 34, 20


def short(suite):
    """AEAD_AES_256_GCM as GCM-256, and so on."""
    words = suite.split("_")
    if suite.startswith("AEAD_AES"):
        return f"GCM-{words[2]}"
    return f"CM-{words[2]}" if suite.startswith("AES_CM") else suite


def text(x, y, words, more=""):
    """One line of text."""
    return f'<text x="{x:g}" y="{y:g}"{" " + more if more else ""}>{escape(words)}</text>'


def legend(names, y):
    """What the colors stand for."""
    for case, name in names:
        yield f'<rect x="{LEFT}" y="{y - 10}" width="12" height="12" fill="{COLORS[case]}"/>'
        yield text(LEFT + 18, y, name)
        y += KEY


def group(rows, y, scale):
    """The bars of one pair of suites, below each other."""
    title = f"{short(rows[0]['in'])} → {short(rows[0]['out'])}"
    yield text(LEFT, y + HEAD - 9, title, 'font-weight="bold"')
    y += HEAD
    for row in rows:
        width = max(row["delta"], 0) * scale
        yield (f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" '
               f'fill="{COLORS[row["case"]]}"/>')
        yield text(LEFT + width + 5, y + BAR - 4, f"{row['delta']:,}")
        y += BAR + GAP


def chart(rows, names):
    """Rows of one kernel, CPU and burst; names of the cases."""
    pairs = {}
    for row in rows:
        pairs.setdefault((row["in"], row["out"]), []).append(row)
    cases = [case for case in COLORS if any(row["case"] == case for row in rows)]
    for group_rows in pairs.values():
        group_rows.sort(key=lambda row: cases.index(row["case"]))
    scale = (WIDTH - LEFT - RIGHT) / max(1, *(row["delta"] for row in rows))
    first = rows[0]
    lines = [
        text(LEFT, 22, "Relaying a packet: instructions above plain IP forwarding",
             'font-size="16" font-weight="bold"'),
        text(LEFT, 40, f"{first['payload']} bytes of payload, bursts of {first['burst']}, Linux "
             f"{first['kernel']}, QEMU -icount -cpu {first['cpu']}; less is better"),
    ]
    y = TOP
    lines += legend([(case, names[case]) for case in cases], y + KEY)
    y += KEY * len(cases) + KEY // 2
    for group_rows in pairs.values():
        lines += group(group_rows, y, scale)
        y += HEAD + len(group_rows) * (BAR + GAP)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + BOTTOM}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>', *lines, "</svg>", ""])
