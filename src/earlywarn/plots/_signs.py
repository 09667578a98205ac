"""The signs of the pictures, each with its size, and the legend that says what they mean."""

from __future__ import annotations

import math
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from earlywarn.plots._paper import BLUE, DARK, GREY, INK, ORANGE, PALE, SMALL, Paper, Point, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LOOK: Mapping[str, tuple[str, float, dict[str, object]]] = MappingProxyType(
    {
        "own": ("o", 3.6, {"markerfacecolor": DARK, "markeredgecolor": DARK}),
        "concern": ("D", 4.0, {}),
        "told": ("^", 4.6, {"markerfacecolor": BLUE, "markeredgecolor": BLUE}),
        "planned": ("s", 3.4, {"markerfacecolor": "white"}),
        "hollow": ("o", 2.8, {"markerfacecolor": "white", "markeredgecolor": "#8a8a8a", "markeredgewidth": 0.5}),
        "hollow concern": ("D", 2.5, {"markerfacecolor": "white", "markeredgecolor": DARK, "markeredgewidth": 0.6}),
    }
)
_NUMBERED: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "own": (DARK, DARK, "white"),
        "concern": (INK, INK, "white"),
        "told": (BLUE, BLUE, "white"),
        "planned": ("white", INK, INK),
        "hollow": ("white", PALE, GREY),
        "hollow concern": ("white", "#8a8a8a", GREY),
    }
)
"""Inside, edge and number of a mark that stands for several."""
_HIGH, _ROOF, _POINT, _ROUND = 7.4, 2.8, 3.2, 2.6


@cache
def size_of(shape: str, count: int) -> tuple[float, float]:
    """Width and height of a mark on paper."""
    if count == 1:
        marker, size, look = _LOOK[shape]
        side = size * (math.sqrt(2) if marker == "D" else 1) + float(str(look.get("markeredgewidth", 0.6)))
        return side, side
    beside = _POINT if shape.endswith("concern") else _ROUND if shape in {"own", "hollow"} else 1.6
    return _number_width(count) + 2 * beside, _HIGH + (_ROOF if shape == "told" else 0)


def _number_width(count: int) -> float:
    return width_of(str(count), SMALL, bold=True)


def draw_marks(paper: Paper, shape: str, points: Sequence[Point]) -> None:
    """Draw marks that stand for one each."""
    marker, size, look = _LOOK[shape]
    paper.marks(points, marker, size, shape, **look)


def draw_number(paper: Paper, shape: str, count: int, at: Point) -> None:
    """Draw a mark that stands for several: the outline says of what, the number how many."""
    inside, edge, ink = _NUMBERED[shape]
    x, y = at[0], at[1] + (_ROOF / 2 if shape == "told" else 0)
    width, half = _number_width(count) / 2, _HIGH / 2
    beyond = [(-1, _side(shape, -1)), (1, _side(shape, 1))]
    left, right = ([(x + s * width + dx, y + dy * half) for dx, dy in corners] for s, corners in beyond)
    roof = [(x, y - half - _ROOF)] if shape == "told" else []
    paper.shape([*left, *roof, *right[::-1]], shape, count=count, facecolor=inside, edgecolor=edge)
    paper.number(x, y, str(count), bold=inside != "white", color=ink)


def _side(shape: str, side: int) -> list[Point]:
    """Corners of one side, from the foot to the top, as steps beside the number and shares of the height."""
    if shape.endswith("concern"):
        return [(0, 1), (side * _POINT, 0), (0, -1)]
    if shape in {"own", "hollow"}:
        turns = [math.pi * (i / 8 - 0.5) for i in range(9)]
        return [(side * _ROUND * math.cos(t), -math.sin(t)) for t in turns]
    return [(side * 1.6, 1), (side * 1.6, -1)]


def legend(paper: Paper, items: Sequence[tuple[str, str]], left: float, top: float, right: float) -> None:
    """Write what the signs mean: each item is the name of a sign and its meaning."""
    paper.part = "legend"
    for x, y, (sign, meaning) in _flow(items, left, top, right):
        if sign in _LOOK:
            draw_marks(paper, sign, [(x + 8, y)])
        else:
            _SIGNS[sign](paper, x, y)
        paper.text(x + _SIGN_WIDTH, y, meaning, size=SMALL, color=GREY)


def legend_height(items: Sequence[tuple[str, str]], left: float, right: float) -> float:
    """Height a legend will take, in points."""
    rows = {y for _, y, _ in _flow(items, left, 0, right)}
    return len(rows) * _LEGEND_ROW


_SIGN_WIDTH, _LEGEND_ROW, _LEGEND_GAP = 19.0, 11.0, 12.0


def _flow(
    items: Sequence[tuple[str, str]], left: float, top: float, right: float
) -> list[tuple[float, float, tuple[str, str]]]:
    placed, x, y = [], left, top
    for item in items:
        width = _SIGN_WIDTH + width_of(item[1], SMALL)
        if x > left and x + width > right:
            x, y = left, y + _LEGEND_ROW
        placed.append((x, y, item))
        x += width + _LEGEND_GAP
    return placed


def draw_bar(paper: Paper, start: float, end: float, y: float, state: str) -> None:
    """Draw the life of a concern: closed by a stroke where it was concluded, else open to the right."""
    dots = {"linestyle": (0, (1.2, 1.6))} if state == "cannot tell" else {}
    width = 3.0 if state == "joined" else 1.3
    paper.line([start, end], [y, y], "strand", color=ORANGE, linewidth=width, zorder=4, **dots)
    if state == "concluded":
        paper.line([end, end], [y - 1.9, y + 1.9], color=INK, linewidth=1.0, zorder=4)


def _thick(paper: Paper, x: float, y: float) -> None:
    paper.shape([(x, y - 0.4), (x + 14, y - 2.2), (x + 14, y + 2.2), (x, y + 0.4)], facecolor="#8a8a8a")


def _arrow(paper: Paper, x: float, y: float) -> None:
    paper.line([x, x + 10], [y, y], color=BLUE, linewidth=0.9, linestyle=(0, (2.5, 1.8)))
    paper.shape([(x + 14, y), (x + 9.4, y - 2.2), (x + 9.4, y + 2.2)], facecolor=BLUE)


def outline(paper: Paper, x: float, y: float, shape: str, what: str) -> None:
    """Draw the dotted outline of something that is not there: round, or with as many corners as its sign has."""
    corners, turn, radius = {"o": (32, 0.0, 2.9), "s": (4, math.pi / 4, 3.6), "p": (5, -math.pi / 2, 3.3)}[shape]
    turns = [turn + 2 * math.pi * i / corners for i in range(corners)]
    points = [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns]
    paper.shape(points, what, facecolor="white", edgecolor=GREY, linestyle=(0, (1.2, 1.2)))


_SIGNS: Mapping[str, Callable[[Paper, float, float], None]] = {
    "several": lambda p, x, y: draw_number(p, "own", 9, (x + 8, y)),
    "open": lambda p, x, y: draw_bar(p, x, x + 15, y, "open"),
    "concluded": lambda p, x, y: draw_bar(p, x, x + 14, y, "concluded"),
    "cannot tell": lambda p, x, y: draw_bar(p, x, x + 15, y, "cannot tell"),
    "joined": lambda p, x, y: draw_bar(p, x, x + 15, y, "joined"),
    "plan": lambda p, x, y: p.box(x + 2, y - 3, 13, 6),
    "elsewhere": lambda p, x, y: p.line([x, x + 15], [y, y], linestyle=(0, (1, 2)), linewidth=0.8),
    "contact": _thick,
    "telling": _arrow,
    "ended": lambda p, x, y: p.line([x, x + 14], [y, y], color=PALE, linewidth=1.2),
    "worker": lambda p, x, y: p.marks([(x + 8, y)], "s", 3.4, "worker", markerfacecolor="white"),
    "was told": lambda p, x, y: p.marks([(x + 8, y)], "o", 5.5, "agency", markerfacecolor="white"),
    "missing": lambda p, x, y: outline(p, x + 8, y, "o", "not there"),
}
