"""The contact graph on paper: the child in the middle, agencies around it by sector, people at the foot.

Every place follows from the order of the code list and of the records; nothing is drawn by chance and nothing is moved
until it looks right. Labels stand outside the ring and lines run inside it, so no line can cross a label.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from earlywarn.errors import ArgumentError
from earlywarn.plots._curves import bend, draw_arrow
from earlywarn.plots._feet import draw_feet, foot_heights
from earlywarn.plots._paper import BODY, GREY, INK, LINE_HEIGHT, SMALL, Paper, house_style
from earlywarn.plots._ring import MIDDLE, WIDTH, Spot, around, feet_of, not_there, spots_of, tells_of
from earlywarn.plots._signs import legend, legend_height, outline
from earlywarn.records.codes import AGENCIES, label

if TYPE_CHECKING:
    from collections import Counter

    from earlywarn.history.graph import ContactGraph
    from earlywarn.plots._picture import Picture
    from earlywarn.plots._ring import Foot

MOST_WORKERS = 8
"""More workers than this are squares and a number."""
_CHILD, _TOP, _LEAST_HEIGHT = 15.0, 8.0, 104.0


def contact_graph(graph: ContactGraph, within: ContactGraph | None = None) -> Picture:
    """Draw who dealt with a child, who is in the child's life, and who told whom.

    The thicker a line, the more records; a dashed arrow is one agency telling another; a grey line is a tie that has
    ended. Workers are small squares under their agency: how many, never who. A hollow dot is an agency that was told
    and recorded nothing about the child itself, or that only acts name which told it nothing.

    Parameters
    ----------
    graph : ContactGraph
        Of one child in one view.
    within : ContactGraph, optional
        A fuller graph of the same child on the same day, most often the pooled one. Everything then stands where it
        stands in the picture of the fuller graph, and what ``graph`` does not hold is an outline alone.

    Returns
    -------
    Picture
        The same bytes for the same value.

    Raises
    ------
    ArgumentError
        The two graphs are not of one child on one day.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.graph import ContactGraph
    >>> from earlywarn.history.view import View
    >>> view, own = View(load_example(), "2026-11-01"), View(load_example(), "2026-11-01", "social_care")
    >>> whole = ContactGraph(view, "c0029")
    >>> contact_graph(whole).svg.startswith("<svg")
    True
    >>> "Not in its records" in contact_graph(ContactGraph(own, "c0029"), within=whole).alt
    True

    """
    if within is not None and any(graph.graph.get(k) != within.graph.get(k) for k in ("child_id", "as_of")):
        raise ArgumentError(
            "The two graphs are not of one child on one day.",
            expected="within: a fuller graph of the same child as of the same day",
            fix="make both with the same child and as-of day, and different viewers",
        )
    whole = graph if within is None else within
    ring = _placed(graph, whole)
    feet = feet_of(graph, whole)
    tells = tells_of(graph)
    words = _in_words(ring, tells, feet, not_there(graph))
    with house_style():
        return draw(ring, tells, feet, not_there(graph)).finish(words, f"{graph.graph.get('child_id')}\ncontact graph")


def _placed(graph: ContactGraph, whole: ContactGraph) -> dict[str, Spot]:
    sides = spots_of(graph, whole)
    height = max(_LEAST_HEIGHT, *(sum(s.height for s in side) for side in sides))
    return {s.code: s for i, side in enumerate(sides) for s in around(side, _TOP, height, i * 2 - 1)}


def draw(ring: dict[str, Spot], tells: Counter[tuple[str, str]], feet: list[Foot], missing: str) -> Paper:
    """Draw the picture from what stands where."""
    height = max(_LEAST_HEIGHT, *(sum(s.height for s in ring.values() if s.side == side) for side in (-1, 1)))
    middle, bottom = _TOP + height / 2, _TOP + height
    below, rows = foot_heights(feet)
    keys = _keys(ring, tells, feet, missing)
    end = bottom + below + 10
    paper = Paper(WIDTH, end + 2 + legend_height(keys, 8, WIDTH - 8))
    draw_feet(paper, feet, (middle, bottom, rows))
    _draw_ring(paper, ring, middle)
    for teller, told in sorted(tells):
        if teller in ring and told in ring:
            _draw_telling(paper, ring[teller], ring[told], middle, twice=(told, teller) in tells and teller > told)
    legend(paper, keys, 8, end + 2, WIDTH - 8)
    return paper


def _draw_ring(paper: Paper, ring: dict[str, Spot], middle: float) -> None:
    paper.part = "ring"
    for spot in ring.values():
        if spot.there and spot.records:
            width = 0.6 + 3.4 * math.sqrt(spot.share)
            paper.line([MIDDLE, spot.x], [middle, spot.y], "contact", color="#8a8a8a", linewidth=width)
        if spot.there:
            face = INK if spot.records or spot.holds else "white"
            paper.marks([(spot.x, spot.y)], "o", 5.5, "agency", markerfacecolor=face, zorder=6)
        else:
            outline(paper, spot.x, spot.y, "o", "agency not there")
        _draw_label(paper, spot)
    paper.disc(MIDDLE, middle, _CHILD, "child", facecolor="white", edgecolor=INK, linewidth=1.1, zorder=6)
    paper.text(MIDDLE, middle, "child", ha="center", bold=True, zorder=7, bare=False)


def _draw_label(paper: Paper, spot: Spot) -> None:
    x, ha = spot.x + spot.side * 7, "right" if spot.side < 0 else "left"
    y = spot.y - spot.height / 2 + 3.5
    for i, line in enumerate(spot.name):
        paper.text(x, y + (i + 0.5) * BODY * LINE_HEIGHT, line, ha=ha, color=INK if spot.there else GREY)
    y += len(spot.name) * BODY * LINE_HEIGHT
    paper.text(x, y + SMALL * LINE_HEIGHT / 2, spot.small, ha=ha, size=SMALL, color=GREY)
    if spot.workers:
        _draw_workers(paper, spot, x, y + SMALL * LINE_HEIGHT * 1.5)


def _draw_workers(paper: Paper, spot: Spot, x: float, y: float) -> None:
    drawn = spot.workers if spot.workers <= MOST_WORKERS else MOST_WORKERS - 2
    xs = [x + spot.side * (2 + 5.5 * i) for i in range(drawn)]
    paper.marks([(at, y) for at in xs], "s", 3.4, "worker", markerfacecolor="white")
    if spot.workers > drawn:
        ha = "right" if spot.side < 0 else "left"
        paper.text(xs[-1] + spot.side * 5, y, f"+ {spot.workers - drawn}", size=SMALL, color=GREY, ha=ha)


def _draw_telling(paper: Paper, teller: Spot, told: Spot, middle: float, *, twice: bool) -> None:
    paper.part = "telling"
    beside = teller.side == told.side
    ends = (teller.x, teller.y), (told.x, told.y)
    draw_arrow(paper, bend(*ends, (MIDDLE, middle), _CHILD + 4, beside=beside, more=1.5 if twice else 1.0))


def _keys(
    ring: dict[str, Spot], tells: Counter[tuple[str, str]], feet: list[Foot], missing: str
) -> list[tuple[str, str]]:
    there = [s for s in ring.values() if s.there]
    keys = [("contact", "the thicker, the more records")] if any(s.records for s in there) else []
    keys += [("telling", "told")] if tells else []
    keys += [("was told", "only told")] if any(s.told and not s.records and not s.holds for s in there) else []
    keys += [("worker", "a worker")] if any(s.workers for s in there) else []
    keys += [("ended", "ended")] if any(f.ended and f.there for f in feet) else []
    keys += [("missing", missing)] if not all([*(s.there for s in ring.values()), *(f.there for f in feet)]) else []
    return keys


def _in_words(ring: dict[str, Spot], tells: Counter[tuple[str, str]], feet: list[Foot], missing: str) -> str:
    """Say the same in words."""
    most = sorted((s for s in ring.values() if s.there), key=lambda s: -s.records)
    workers = {s.code: f", {s.workers} worker{'s' * (s.workers != 1)}" if s.workers else "" for s in most}
    named = [f"{' '.join(s.name)} {s.small}{workers[s.code]}" for s in most]
    parts = ["Contact graph of the child. Agencies: " + "; ".join(named)]
    pairs = [f"{label(a, AGENCIES)} told {label(b, AGENCIES)}" for a, b in sorted(tells)]
    parts += ["Telling: " + ", ".join(pairs)] if pairs else ["No act of telling is recorded"]
    here = [f.text + (" (ended)" if f.ended else "") for f in feet if f.there]
    parts += ["People and places: " + ", ".join(here)] if here else []
    gone = [" ".join(s.name) for s in ring.values() if not s.there] + [f.text for f in feet if not f.there]
    parts += [f"{missing[0].upper()}{missing[1:]}: {', '.join(gone)}"] if gone else []
    return ". ".join(parts) + "."
