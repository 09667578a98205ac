"""The contact graph on paper: the child in the middle, agencies around it by sector, people at the foot.

Every place follows from the order of the code list and of the records; nothing is drawn by chance and nothing is moved
until it looks right. Labels stand outside the ring and lines run inside it, so no line can cross a label.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earlywarn.plots._curves import bend, draw_arrow
from earlywarn.plots._picture import (
    BODY,
    GREY,
    INK,
    LINE_HEIGHT,
    PALE,
    SMALL,
    Paper,
    Picture,
    legend,
    legend_height,
    wrapped,
)
from earlywarn.records.codes import AGENCIES, ROLES, label

if TYPE_CHECKING:
    from earlywarn.history.graph import ContactGraph

WIDTH = 350.0
MOST_AGENCIES, MOST_PEOPLE, MOST_WORKERS = 30, 9, 8
"""More than these are drawn as one: with the child and the places, never more than 50 names in a picture."""
_MIDDLE, _RADIUS, _CHILD = WIDTH / 2, 75.0, 15.0
_LABEL, _SLOT, _GATE, _FOOT = 92.0, WIDTH / 5, 32.0, SMALL + 0.5


@dataclass(frozen=True)
class _Spot:
    """An agency on the ring: where its dot is, and what is written beside it."""

    code: str
    name: tuple[str, ...]
    records: int
    workers: int
    small: str
    side: int = -1
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        small = SMALL * LINE_HEIGHT * (bool(self.small) + bool(self.workers))
        return len(self.name) * BODY * LINE_HEIGHT + small + 7


@dataclass(frozen=True)
class _Foot:
    """A person, or several drawn as one, at the foot."""

    text: str
    ended: bool
    shape: str = "o"


def contact_graph(graph: ContactGraph) -> Picture:
    """Draw who dealt with a child, who is in the child's life, and who told whom.

    The thicker a line, the more records; a dashed arrow is one agency telling another; a grey line is a tie that has
    ended. Workers are small squares under their agency: how many, never who. A hollow dot is an agency that was told
    and recorded nothing about the child itself.

    Parameters
    ----------
    graph : ContactGraph
        Of one child in one view.

    Returns
    -------
    Picture
        The same bytes for the same value.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.graph import ContactGraph
    >>> from earlywarn.history.view import View
    >>> view = View(load_example(), "2026-11-01")
    >>> contact_graph(ContactGraph(view, view.children[0])).svg.startswith("<svg")
    True

    """
    spots, tells, feet = _agencies(graph), _tells(graph), _people(graph)
    tall = max(sum(s.height for s in spots[side]) for side in (0, 1))
    height = max(tall, 130.0)
    top = 8.0
    left, right = (_around(spots[side], top, height, side * 2 - 1) for side in (0, 1))
    ring = {s.code: s for s in (*left, *right)}
    bottom = top + height
    below, rows = _foot_heights(feet)
    keys = _keys(ring, tells, feet)
    end = bottom + below + 10
    paper = Paper(WIDTH, end + legend_height(keys, 8, WIDTH))
    _draw_feet(paper, feet, (top + height / 2, bottom, rows))
    _draw_ring(paper, ring, top + height / 2)
    _draw_tells(paper, ring, tells, top + height / 2)
    legend(paper, keys, 8, end + 2, WIDTH)
    return paper.finish(_alt(ring, tells, feet), f"{graph.graph.get('child_id')}\ncontact graph")


def _edges(graph: ContactGraph, kind: str) -> list[tuple[Any, Any, dict[str, Any]]]:
    return [(tail, head, said) for tail, head, said in graph.edges(data=True) if said["kind"] == kind]


def _agencies(graph: ContactGraph) -> tuple[list[_Spot], list[_Spot]]:
    """Agencies by sector: the first half down the left side of the ring, the rest up the right one."""
    records = Counter(tail[1] for tail, _, _ in _edges(graph, "contact"))
    workers = Counter(head[1] for _, head in {(t, h) for t, h, _ in _edges(graph, "works_for")})
    there = {code for _, code in graph.of_kind("agency")}
    spots = [_spot(label(code, AGENCIES), code, records[code], workers[code]) for code in AGENCIES if code in there]
    if len(spots) > MOST_AGENCIES:
        rest = spots[MOST_AGENCIES - 1 :]
        more = sum(s.records for s in rest), sum(s.workers for s in rest)
        spots = [*spots[: MOST_AGENCIES - 1], _spot(f"+ {len(rest)} more agencies", "", *more)]
    half = math.ceil(len(spots) / 2)
    return spots[:half], spots[half:]


def _spot(name: str, code: str, records: int, workers: int) -> _Spot:
    small = f"{records} record{'s' * (records != 1)}" if records else "was told"
    return _Spot(code, tuple(wrapped(name, _LABEL)), records, workers, small)


def _tells(graph: ContactGraph) -> Counter[tuple[str, str]]:
    return Counter((tail[1], head[1]) for tail, head, _ in _edges(graph, "shared") if tail != head)


def _people(graph: ContactGraph) -> list[_Foot]:
    """People in the order of roles, those whose tie has ended last, then the places."""
    ties: dict[Any, list[dict[str, Any]]] = {node: [] for node in graph.of_kind("person")}
    for person, _, said in _edges(graph, "relation"):
        ties[person].append(said)
    people = sorted((_person(said) for said in ties.values()), key=lambda p: (p[1].ended, p[0]))
    feet = [foot for _, foot in people]
    places = len(list(graph.of_kind("place")))
    most = MOST_PEOPLE - bool(places)
    if len(feet) > most:
        rest = feet[most - 1 :]
        feet = [*feet[: most - 1], _Foot(f"+ {len(rest)} more people", all(f.ended for f in rest))]
    return [*feet, _Foot(f"{places} place{'s' * (places != 1)}", ended=False, shape="s")] if places else feet


def _person(said: list[dict[str, Any]]) -> tuple[int, _Foot]:
    """Name a person by the roles given in records, at most two; the newest record says whether the tie has ended."""
    order = list(ROLES)
    roles = sorted({s["role"] for s in said}, key=order.index)
    stated = [r for r in roles if r != "unknown"] or roles
    return order.index(stated[0]), _Foot(" or ".join(label(r, ROLES) for r in stated[:2]), bool(said[-1]["ended"]))


def _around(spots: list[_Spot], top: float, height: float, side: int) -> list[_Spot]:
    """Place agencies down one side of the ring, the air between them equal."""
    air = (height - sum(s.height for s in spots)) / max(len(spots), 1)
    y, placed = top, []
    for spot in spots:
        middle = y + (spot.height + air) / 2
        slant = (middle - top - height / 2) / (height / 2 * 1.3)
        x = _MIDDLE + side * _RADIUS * math.sqrt(1 - slant**2)
        placed.append(_Spot(spot.code, spot.name, spot.records, spot.workers, spot.small, side, x, middle))
        y += spot.height + air
    return placed


def _draw_ring(paper: Paper, ring: dict[str, _Spot], middle: float) -> None:
    most = max((s.records for s in ring.values()), default=1) or 1
    for spot in ring.values():
        if spot.records:
            width = 0.6 + 3.4 * math.sqrt(spot.records / most)
            paper.line([_MIDDLE, spot.x], [middle, spot.y], color="#8a8a8a", linewidth=width)
        paper.marks([spot.x], [spot.y], "o", 5.5, markerfacecolor=INK if spot.records else "white", zorder=6)
        _draw_label(paper, spot)
    paper.disc(_MIDDLE, middle, _CHILD, facecolor="white", edgecolor=INK, linewidth=1.1, zorder=6)
    paper.text(_MIDDLE, middle, "child", ha="center", bold=True, zorder=7)


def _draw_label(paper: Paper, spot: _Spot) -> None:
    x, ha = spot.x + spot.side * 7, "right" if spot.side < 0 else "left"
    y = spot.y - spot.height / 2 + 3.5
    for i, line in enumerate(spot.name):
        paper.text(x, y + (i + 0.5) * BODY * LINE_HEIGHT, line, ha=ha)
    y += len(spot.name) * BODY * LINE_HEIGHT
    paper.text(x, y + SMALL * LINE_HEIGHT / 2, spot.small, ha=ha, size=SMALL, color=GREY)
    if spot.workers:
        _draw_workers(paper, spot, x, y + SMALL * LINE_HEIGHT * 1.5)


def _draw_workers(paper: Paper, spot: _Spot, x: float, y: float) -> None:
    drawn = spot.workers if spot.workers <= MOST_WORKERS else MOST_WORKERS - 2
    xs = [x + spot.side * (2 + 5.5 * i) for i in range(drawn)]
    paper.marks(xs, [y] * drawn, "s", 3.4, markerfacecolor="white")
    if spot.workers > drawn:
        ha = "right" if spot.side < 0 else "left"
        paper.text(xs[-1] + spot.side * 5, y, f"+ {spot.workers - drawn}", size=SMALL, color=GREY, ha=ha)


def _draw_tells(paper: Paper, ring: dict[str, _Spot], tells: Counter[tuple[str, str]], middle: float) -> None:
    for teller, told in sorted(tells):
        if teller in ring and told in ring:
            back = (told, teller) in tells and teller > told
            a, b = ring[teller], ring[told]
            more = 1.5 if back else 1.0
            around = (_MIDDLE, middle)
            draw_arrow(paper, bend((a.x, a.y), (b.x, b.y), around, _CHILD + 4, beside=a.side == b.side, more=more))


def _rows(feet: list[_Foot]) -> tuple[list[_Foot], list[_Foot]]:
    """Up to five in the first row; the second hangs in the four gaps between them."""
    return feet[:5], feet[5:]


def _foot_lines(foot: _Foot) -> list[str]:
    return wrapped(foot.text, _SLOT - 10, _FOOT)


def _foot_heights(feet: list[_Foot]) -> tuple[float, tuple[float, float]]:
    """Height of everything below the ring, and the heights of the dots of both rows below it."""
    if not feet:
        return 4.0, (0.0, 0.0)
    first, second = _rows(feet)
    step = _FOOT * LINE_HEIGHT
    tall = [max((len(_foot_lines(f)) for f in row), default=0) * step for row in (first, second)]
    one = 34.0
    two = one + tall[0] + 16
    return (two + tall[1] + 8 if second else one + tall[0] + 8), (one, two)


def _draw_feet(paper: Paper, feet: list[_Foot], heights: tuple[float, float, tuple[float, float]]) -> None:
    middle, bottom, rows = heights
    first, second = _rows(feet)
    gap = WIDTH / max(len(first), 1)
    placed = [(gap * (i + 0.5), 0, foot) for i, foot in enumerate(first)]
    placed += [(gap * (i + 1), 1, foot) for i, foot in enumerate(second)]
    for i, (x, row, foot) in enumerate(sorted(placed, key=lambda place: place[0])):
        gate = _MIDDLE + (2 * (i + 0.5) / len(placed) - 1) * _GATE
        y = bottom + rows[row]
        _draw_foot(paper, foot, (gate, x, y), (middle, bottom, bottom + rows[0]))
        for j, line in enumerate(_foot_lines(foot)):
            colour = GREY if foot.ended else INK
            paper.text(x, y + 10 + j * _FOOT * LINE_HEIGHT, line, ha="center", size=_FOOT, color=colour)


def _draw_foot(paper: Paper, foot: _Foot, across: tuple[float, float, float], down: tuple[float, float, float]) -> None:
    """Tie a person to the child: straight down through the gap at the foot of the ring, then out to the place."""
    (gate, x, y), (middle, bottom, first) = across, down
    bend = [i / 12 for i in range(13)]
    ease = [t * t * (3 - 2 * t) for t in bend]
    xs = [_MIDDLE, gate, *(gate + (x - gate) * e for e in ease), x]
    ys = [middle, bottom, *(bottom + (first - 8 - bottom) * t for t in bend), y]
    look = {"color": PALE, "linewidth": 1.0} if foot.ended else {"color": GREY, "linewidth": 0.9}
    paper.line(xs, ys, **look)
    face, edge = ("white", PALE) if foot.ended else ("white", INK)
    paper.marks([x], [y], foot.shape, 5, markerfacecolor=face, markeredgecolor=edge)


def _keys(ring: dict[str, _Spot], tells: Counter[tuple[str, str]], feet: list[_Foot]) -> list[tuple[str, str]]:
    keys = [("contact", "the thicker, the more records")]
    keys += [("telling", "told")] if tells else []
    keys += [("worker", "a worker")] if any(s.workers for s in ring.values()) else []
    keys += [("ended", "ended")] if any(f.ended for f in feet) else []
    return keys


def _alt(ring: dict[str, _Spot], tells: Counter[tuple[str, str]], feet: list[_Foot]) -> str:
    most = sorted((s for s in ring.values() if s.records), key=lambda s: -s.records)
    named = [f"{' '.join(s.name)} {s.small}" for s in most]
    parts = ["Contact graph of the child. Agencies: " + ", ".join(named)]
    pairs = [f"{label(a, AGENCIES)} told {label(b, AGENCIES)}" for a, b in sorted(tells)]
    parts += ["Telling: " + ", ".join(pairs)] if pairs else ["No act of telling is recorded"]
    parts += ["People: " + ", ".join(f.text + (" (ended)" if f.ended else "") for f in feet)] if feet else []
    return ". ".join(parts) + "."
