"""The knowledge timeline: a lane an agency, what it knew, what it was told, and what is not in its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.plots._axis import LEFT, RIGHT, Axis, axis_of, ticks_of
from earlywarn.plots._bands import bands_of, draw_bands
from earlywarn.plots._lanes import DETAILS, Lane, lanes_of, marks_of
from earlywarn.plots._paper import GREY, PALE, SMALL, Paper, house_style, width_of, wrapped
from earlywarn.plots._signs import draw_bar, draw_marks, draw_number, legend, legend_height
from earlywarn.plots._strands import BAR_STEP
from earlywarn.plots._told import notes_of, timeline_in_words
from earlywarn.words import said_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.history.chronology import Chronology
    from earlywarn.plots._bands import Band
    from earlywarn.plots._picture import Picture

WIDTH = 560.0
MONTHS = 24
"""How far back the picture goes; what is older is counted above it, and stands in the table beside it."""
MOST_HEIGHT = 520.0
"""Lanes are drawn more coarsely rather than taller than this, as long as that helps."""
_TOP, _BAND, _HATCHED = 30.0, 12.0, 19.0
_TELLING = "#7fb8d8"
_LEGEND = {
    "own": "in its own records",
    "concern": "in its own records, raising a concern",
    "told": "told on that day, with a line from who holds the record",
    "hollow": "it had happened; not in this agency's records",
    "hollow concern": "a concern had been raised; not in this agency's records",
    "planned": "planned",
    "several": "as many close together",
    "open": "a concern with no recorded conclusion",
    "concluded": "a concern, up to its recorded conclusion",
    "cannot tell": "a concern whose source records no conclusions",
    "joined": "several concerns",
    "elsewhere": "holds no record of this child itself",
}


def timeline(chronology: Chronology, *, absent: Sequence[str] = (), months: int = MONTHS) -> Picture:
    """Draw who recorded what of one child, who was told and when, and what is not in each agency's records.

    A lane is an agency, in the order of the code list, by sector. Every event in the window is one mark in the lane of
    each agency that knew it: filled, on the day it happened, where the agency raised or holds the record; a triangle
    on the day it was told, with a line from the agency that holds the record. In the lane of an agency that holds
    records of the child, what had happened and is not in its records is a small hollow mark. That is drawn only where
    the view holds every act of telling of the record, as `Chronology.by_agency` says; elsewhere nothing is drawn. A
    diamond raises a concern. Marks that would touch become one mark with a number, and an outline with corners where
    any of them raises a concern.

    Thin bars under a lane are the concerns its agency raised, up to their recorded conclusion or on to the as-of line.
    Plans are bands at the top. Acts that were withheld or only asked for draw nothing.

    Parameters
    ----------
    chronology : Chronology
        Of one child in one view.
    absent : sequence of str
        Sectors of which no records were given: one hatched lane at the foot.
    months : int, default 24
        How far back to draw; what is older is counted.

    Returns
    -------
    Picture
        The same bytes for the same value.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> from earlywarn.history.chronology import chronology
    >>> from earlywarn.history.view import View
    >>> view = View(load_example(), "2026-11-01")
    >>> picture = timeline(chronology(view, view.children[0]), absent=("justice",))
    >>> picture.svg.startswith("<svg")
    True

    """
    layout = layout_of(chronology, axis_of(chronology, months), tuple(absent))
    words = timeline_in_words(chronology, layout.axis, layout.lanes, layout.absent)
    with house_style():
        return draw(layout).finish(words, f"{chronology.child_id}\ntimeline")


@dataclass(frozen=True)
class _Layout:
    """What is drawn, and where the lanes begin and end."""

    axis: Axis
    lanes: list[Lane]
    bands: list[Band]
    notes: str
    absent: tuple[str, ...]

    @property
    def top(self) -> float:
        return _TOP + _BAND * max((b.row + 1 for b in self.bands), default=0) + 2

    @property
    def foot(self) -> float:
        return self.top + sum(lane.above + lane.below for lane in self.lanes) + (_HATCHED if self.absent else 0)

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [(sign, _LEGEND[sign]) for sign in _signs(self.lanes)]

    @property
    def height(self) -> float:
        return self.foot + 15 + legend_height(self.keys, LEFT, RIGHT)


def layout_of(chronology: Chronology, axis: Axis, absent: tuple[str, ...]) -> _Layout:
    """Choose the finest detail that keeps the picture short enough, else the coarsest."""
    found, bands, notes = marks_of(chronology, axis), bands_of(chronology.plans, axis), notes_of(chronology, axis)
    for detail in DETAILS:
        layout = _Layout(axis, lanes_of(chronology, axis, found, detail), bands, notes, absent)
        if layout.height <= MOST_HEIGHT:
            break
    return layout


def draw(layout: _Layout) -> Paper:
    """Put everything on paper."""
    paper = Paper(WIDTH, layout.height)
    _draw_axis(paper, layout.axis, layout.notes, layout.foot)
    draw_bands(paper, layout.bands, _TOP, _BAND)
    _draw_lanes(paper, layout.axis, layout.lanes, layout.top)
    if layout.absent:
        _draw_absent(paper, layout.absent, layout.foot - _HATCHED / 2 + 1)
    legend(paper, layout.keys, LEFT, layout.foot + 13, RIGHT)
    return paper


def _signs(lanes: list[Lane]) -> list[str]:
    marks = [m for lane in lanes for m in (*lane.marks, *lane.hollow)]
    shown = {m.shape for m in marks if m.count == 1 or m.shape not in {"own", "hollow"}}
    shown |= {m.shape for m in marks} | {b.state for lane in lanes for b in lane.bars}
    shown |= {"several"} if any(m.count > 1 for m in marks) else set()
    shown |= {"elsewhere"} if any(not lane.held for lane in lanes) else set()
    return [sign for sign in _LEGEND if sign in shown]


def _draw_lanes(paper: Paper, axis: Axis, lanes: list[Lane], top: float) -> None:
    lines, y = {}, top
    for lane in lanes:
        lines[lane.agency] = y + lane.above
        y += lane.above + lane.below
    for lane in lanes:
        paper.part = lane.agency
        _draw_tellings(paper, lane, lines)
        _draw_lane(paper, axis, lane, lines[lane.agency])


def _draw_lane(paper: Paper, axis: Axis, lane: Lane, y: float) -> None:
    paper.lines(LEFT - 8, y, lane.name, ha="right")
    dots = {} if lane.held else {"linestyle": (0, (1, 2))}
    paper.line([LEFT, axis.edge], [y, y], "lane", color=PALE, linewidth=0.8, **dots)
    places = [(m, (m.x, y - lane.lift(m.level))) for m in lane.marks]
    places += [(m, (m.x, y + lane.hollow_at)) for m in lane.hollow]
    for shape in dict.fromkeys(m.shape for m, _ in places):
        draw_marks(paper, shape, [at for m, at in places if m.shape == shape and m.count == 1])
    for mark, at in places:
        if mark.count > 1:
            draw_number(paper, mark.shape, mark.count, at)
    for bar in lane.bars:
        draw_bar(paper, bar.start, bar.end, y + lane.bars_at + bar.row * BAR_STEP, bar.state)


def _draw_tellings(paper: Paper, lane: Lane, lines: dict[str, float]) -> None:
    """Draw a line to each triangle from the lane of who told; it runs behind all marks."""
    for mark in lane.marks:
        at = lines[lane.agency] - lane.lift(mark.level)
        for teller in mark.tellers:
            if teller in lines:
                paper.line([mark.x, mark.x], [lines[teller], at], "telling", color=_TELLING, linewidth=0.5)


def _draw_absent(paper: Paper, absent: tuple[str, ...], y: float) -> None:
    paper.part = "absent"
    paper.box(LEFT, y - 5.5, RIGHT - LEFT, 11, facecolor="white", edgecolor=PALE, hatch="/////", linewidth=0.4)
    words = wrapped("no records from: " + ", ".join(absent), RIGHT - LEFT - 30, SMALL)
    text = words[0] if len(words) == 1 else f"no records from {len(absent)} sectors"
    paper.text((LEFT + RIGHT) / 2, y, text, size=SMALL, ha="center", halo=True)
    paper.text(LEFT - 8, y, "not given", ha="right", color=GREY)


def _draw_axis(paper: Paper, axis: Axis, notes: str, bottom: float) -> None:
    paper.part = "axis"
    edge, day = axis.edge, f"as of {said_day(axis.as_of)}"
    width = width_of(day, SMALL, bold=True)
    begin = edge if edge + width <= RIGHT else RIGHT - width
    paper.text(begin, 7, day, bold=True, size=SMALL)
    paper.line([edge, edge], [13, bottom], "as of", color="#1a1a1a", linewidth=0.9)
    if notes:
        paper.text(max(min(LEFT, begin - 8 - width_of(notes, SMALL)), 2), 7, notes, size=SMALL, color=GREY)
    _draw_ticks(paper, axis, edge, bottom)


def _draw_ticks(paper: Paper, axis: Axis, edge: float, bottom: float) -> None:
    free = LEFT - 40  # nothing stands to the left of this row, so the first month can keep its year
    for day, words in ticks_of(axis):
        x = axis.x(day)
        paper.line([x, x], [24, bottom], "month", color="#e2e2e2", linewidth=0.5, zorder=1)
        half = width_of(words, SMALL) / 2
        if x - half > free and not x - half - 1 <= edge <= x + half + 1 and x + half <= RIGHT + 8:
            paper.text(x, 19, words, size=SMALL, ha="center", color=GREY)
            free = x + half + 5
