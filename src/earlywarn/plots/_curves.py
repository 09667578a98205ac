"""Dashed arrows that bow around whatever stands in the middle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from earlywarn.plots._paper import BLUE, Point

if TYPE_CHECKING:
    from earlywarn.plots._paper import Paper

_STEPS, _TRIES = 24, 12


def bend(tail: Point, head: Point, around: Point, clear: float, *, beside: bool, more: float = 1.0) -> list[Point]:
    """Find a curve from one dot to another that keeps clear of the middle.

    Parameters
    ----------
    tail, head : pair of float
        The two dots.
    around, clear : pair of float, float
        The middle, and how far the curve keeps away from it.
    beside : bool
        Whether both dots are on one side of the ring: the curve then bows inwards, else outwards.
    more : float
        Bows the curve further, so that the way there and the way back are two lines.

    """
    length = math.dist(tail, head) or 1.0
    centre = ((tail[0] + head[0]) / 2, (tail[1] + head[1]) / 2)
    across = ((tail[1] - head[1]) / length, (head[0] - tail[0]) / length)
    inwards = across[0] * (around[0] - centre[0]) + across[1] * (around[1] - centre[1]) >= 0
    bow = (0.22 * length + 8.0 if beside else -8.0) * (1 if inwards else -1) * 2 * more
    points: list[Point] = []
    for _ in range(_TRIES):
        pull = (centre[0] + across[0] * bow, centre[1] + across[1] * bow)
        points = [_on_curve(tail, pull, head, i / _STEPS) for i in range(_STEPS + 1)]
        if min(math.dist(p, around) for p in points) > clear:
            break
        bow *= 0.75 if beside else 1.3
    return points


def _on_curve(a: Point, pull: Point, b: Point, t: float) -> Point:
    x, y = ((1 - t) ** 2 * a[i] + 2 * t * (1 - t) * pull[i] + t * t * b[i] for i in (0, 1))
    return x, y


def draw_arrow(paper: Paper, points: list[Point]) -> None:
    """Draw a dashed arrow along a curve, a little short of the dots at both ends."""
    start, tip = points[0], points[-1]
    kept = [p for p in points if math.dist(p, start) > 4.5 and math.dist(p, tip) > 9.5] or [points[_STEPS // 2]]
    length = math.dist(tip, kept[-1]) or 1.0
    dx, dy = (tip[0] - kept[-1][0]) / length, (tip[1] - kept[-1][1]) / length
    at = (tip[0] - 4.2 * dx, tip[1] - 4.2 * dy)
    base = (at[0] - 5.5 * dx, at[1] - 5.5 * dy)
    xs, ys = zip(*kept, base, strict=True)
    paper.line(xs, ys, "telling", color=BLUE, linewidth=0.9, linestyle=(0, (2.5, 1.8)), zorder=4)
    wings = [(base[0] - 2.4 * dy, base[1] + 2.4 * dx), (base[0] + 2.4 * dy, base[1] - 2.4 * dx)]
    paper.shape([at, *wings], facecolor=BLUE)
