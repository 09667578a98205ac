"""People, households and places at the foot of the contact graph, and the lines that tie them to the child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.plots._paper import GREY, INK, LINE_HEIGHT, PALE, SMALL, Paper, wrapped
from earlywarn.plots._ring import MIDDLE, WIDTH, Foot
from earlywarn.plots._signs import outline

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLOT, _GATE, _SIZE = WIDTH / 5, 32.0, SMALL + 0.5


def foot_heights(feet: Sequence[Foot]) -> tuple[float, tuple[float, float]]:
    """Height of everything below the ring, and the heights of the dots of both rows below it."""
    if not feet:
        return 4.0, (0.0, 0.0)
    first, second = feet[:5], feet[5:]
    tall = [max((len(_lines(f)) for f in row), default=0) * _SIZE * LINE_HEIGHT for row in (first, second)]
    one = 34.0
    two = one + tall[0] + 16
    return (two + tall[1] + 8 if second else one + tall[0] + 8), (one, two)


def _lines(foot: Foot) -> list[str]:
    return wrapped(foot.text, _SLOT - 10, _SIZE)


def draw_feet(paper: Paper, feet: Sequence[Foot], heights: tuple[float, float, tuple[float, float]]) -> None:
    """Draw up to five in a first row; the second hangs in the gaps between them."""
    paper.part = "feet"
    middle, bottom, rows = heights
    first, second = feet[:5], feet[5:]
    gap = WIDTH / max(len(first), 1)
    placed = [(gap * (i + 0.5), 0, foot) for i, foot in enumerate(first)]
    placed += [(gap * (i + 1), 1, foot) for i, foot in enumerate(second)]
    for i, (x, row, foot) in enumerate(sorted(placed, key=lambda place: place[0])):
        gate = MIDDLE + (2 * (i + 0.5) / len(placed) - 1) * _GATE
        y = bottom + rows[row]
        if foot.there:
            _draw_tie(paper, (gate, x, y), (middle, bottom, bottom + rows[0]), ended=foot.ended)
        _draw_foot(paper, foot, x, y)


def _draw_tie(
    paper: Paper, across: tuple[float, float, float], down: tuple[float, float, float], *, ended: bool
) -> None:
    """Tie a person to the child: straight down through the gap at the foot of the ring, then out to the place."""
    (gate, x, y), (middle, bottom, first) = across, down
    bend = [i / 12 for i in range(13)]
    ease = [t * t * (3 - 2 * t) for t in bend]
    xs = [MIDDLE, gate, *(gate + (x - gate) * e for e in ease), x]
    ys = [middle, bottom, *(bottom + (first - 8 - bottom) * t for t in bend), y]
    look = {"color": PALE, "linewidth": 1.0} if ended else {"color": GREY, "linewidth": 0.9}
    paper.line(xs, ys, "tie", **look)


def _draw_foot(paper: Paper, foot: Foot, x: float, y: float) -> None:
    if foot.there:
        edge = PALE if foot.ended else INK
        paper.marks([(x, y)], foot.shape, 5, "foot", markerfacecolor="white", markeredgecolor=edge)
    else:
        outline(paper, x, y, foot.shape, "foot not there")
    colour = GREY if foot.ended or not foot.there else INK
    for j, line in enumerate(_lines(foot)):
        paper.text(x, y + 10 + j * _SIZE * LINE_HEIGHT, line, ha="center", size=_SIZE, color=colour)
