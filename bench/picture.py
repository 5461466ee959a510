"""Pictures as SVG, by hand: bars for the peers, lines for the slices. They take the reader's
colours, light or dark."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.quiet { fill: #59636e }
.axis { stroke: #d1d9e0 }
.ours { fill: #0969da; stroke: #0969da }
.theirs { fill: #afb8c1; stroke: #afb8c1 }
polyline { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 } .axis { stroke: #3d444d }
  .ours { fill: #4493f8; stroke: #4493f8 } .theirs { fill: #656c76; stroke: #656c76 }
}
"""
WIDTH = 760
ROW = 30
NAMES = 250
CHART_HEIGHT = 130
LEFT = 70


class Bar(NamedTuple):
    """`label` stands behind the bar."""

    name: str
    value: float
    label: str
    ours: bool = False


class Line(NamedTuple):
    """Values from left to right, and what they are."""

    name: str
    unit: str
    values: Sequence[float]


def bars(title: str, rows: Sequence[Bar]) -> str:
    longest = max(row.value for row in rows)
    room = WIDTH - NAMES - 260
    drawn = []
    for at, row in enumerate(rows):
        y = 40 + at * ROW
        length = max(2.0, room * row.value / longest)
        drawn += [
            f'<text x="{NAMES - 10}" y="{y + 15}" text-anchor="end">{escape(row.name)}</text>',
            (
                f'<rect class="{_class(row.ours)}" x="{NAMES}" y="{y}" width="{length:.0f}"'
                ' height="20" rx="3"/>'
            ),
            (
                f'<text class="quiet" x="{NAMES + length + 8:.0f}"'
                f' y="{y + 15}">{escape(row.label)}</text>'
            ),
        ]
    return _svg(title, drawn, 40 + len(rows) * ROW + 10)


def lines(title: str, rows: Sequence[Line]) -> str:
    """Charts below each other with one common axis from left to right."""
    drawn = []
    for at, row in enumerate(rows):
        top = 60 + at * (CHART_HEIGHT + 45)
        highest = max(row.values)
        width = WIDTH - LEFT - 20
        points = [
            (
                LEFT + width * n / max(1, len(row.values) - 1),
                top + CHART_HEIGHT * (1 - value / highest),
            )
            for n, value in enumerate(row.values)
        ]
        drawn += [
            f'<text x="{LEFT}" y="{top - 10}">{escape(row.name)}</text>',
            *_axis("0", top + CHART_HEIGHT),
            *_axis(f"{highest:.3g} {row.unit}", top),
            f'<polyline class="ours" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>',
        ]
    return _svg(title, drawn, 60 + len(rows) * (CHART_HEIGHT + 45))


def _axis(label: str, y: float) -> list[str]:
    return [
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - 20}" y1="{y}" y2="{y}"/>',
        f'<text class="quiet" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(label)}</text>',
    ]


def _class(ours: bool) -> str:
    return "ours" if ours else "theirs"


def _svg(title: str, drawn: Sequence[str], height: float) -> str:
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
                f' role="img" aria-label="{escape(title)}">'
            ),
            f"<style>{STYLE}</style>",
            f'<text x="10" y="20" font-weight="600">{escape(title)}</text>',
            *drawn,
            "</svg>\n",
        ]
    )
