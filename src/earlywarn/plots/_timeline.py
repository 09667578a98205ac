"""The knowledge timeline: a lane an agency, its own records on the line, and what it was told from where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.plots._axis import LEFT, RIGHT, Axis, axis_of, ticks_of
from earlywarn.plots._picture import (
    BODY,
    GREY,
    LINE_HEIGHT,
    PALE,
    SMALL,
    Paper,
    Picture,
    concern_mark,
    legend,
    legend_height,
    own_mark,
    planned_mark,
    told_mark,
    width_of,
    wrapped,
)
from earlywarn.records.codes import AGENCIES, EPISODES, ORGANISATIONS, label
from earlywarn.review.reasons import said_day
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from earlywarn.history.chronology import Chronology

WIDTH = 560.0
MONTHS = 24
"""How far back the picture goes; what is older is counted under it, and stands in the table beside it."""
MOST_A_WEEK = 6
"""More marks than this in one lane and week become one mark with a number."""
_STEP, _PLAN_ROW, _LANE, _AIR = 5.2, 12.0, 17.0, 4.0
_DRAW = {"own": own_mark, "concern": concern_mark, "told": told_mark, "planned": planned_mark}
_LEGEND = {
    "own": "this agency's own record",
    "concern": "its own record that raises a concern",
    "told": "told by the agency at the other end of the line",
    "planned": "planned",
    "several": "as many in one week",
    "elsewhere": "holds no record of this child itself",
}


@dataclass(frozen=True)
class _Mark:
    day: dt.datetime
    shape: str
    teller: str | None = None
    count: int = 1
    level: int = 0


def timeline(chronology: Chronology, *, absent: tuple[str, ...] = (), months: int = MONTHS) -> Picture:
    """Draw who recorded what of one child, and when each agency was told.

    A lane is an agency, in the order of the code list; its own records lie on the line on the day they are about.
    A triangle is a record the agency was told of, on the day it was told, with a thin line from the agency that holds
    the record. Plans are bands at the top. Marks that would overlap are stacked.

    Parameters
    ----------
    chronology : Chronology
        Of one child in one view.
    absent : tuple of str
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
    axis = axis_of(chronology, months)
    lanes = {a: _stacked(marks, axis) for a, marks in _marks(chronology, axis).items()}
    plans = [p for p in chronology.plans.sort("start_on", "kind").iter_rows(named=True) if _in_window(p, axis)]
    shown = [s for s in _LEGEND if s in _shapes(lanes)]
    shown += ["elsewhere"] if any(a not in chronology.agencies for a in lanes) else []
    top = 32 + _PLAN_ROW * len(plans)
    lines, y = {}, top
    for agency, marks in lanes.items():
        height = _height(agency, marks)
        lines[agency] = y + height - _LANE / 2
        y += height
    foot = y + (_LANE + _AIR if absent else 0)
    keys = [(s, _LEGEND[s]) for s in shown]
    paper = Paper(WIDTH, foot + 16 + legend_height(keys, LEFT, RIGHT))
    _draw_axis(paper, axis, chronology, bottom=foot)
    _draw_plans(paper, axis, plans)
    for agency, marks in lanes.items():
        _draw_lane(paper, axis, agency, marks, lines, held=agency in chronology.agencies)
    if absent:
        _draw_absent(paper, absent, foot - _LANE / 2 - 2)
    legend(paper, keys, LEFT, foot + 14, RIGHT)
    return paper.finish(_alt(chronology, axis, lanes, absent), f"{chronology.child_id}\ntimeline")


def _in_window(plan: dict[str, dt.date | None], axis: Axis) -> bool:
    start, end = plan["start_on"], plan["end_on"]
    return (end is None or end >= axis.start) and (start is None or start < axis.end)


def _marks(chronology: Chronology, axis: Axis) -> dict[str, list[_Mark]]:
    """Give the marks of every agency that knew anything of the child, those outside the window left out."""
    told = chronology.known.join(chronology.events, on="record_id", suffix="_event")
    lanes: dict[str, list[_Mark]] = {a: [] for a in ORGANISATIONS if a in set(chronology.known["agency"])}
    for row in told.sort("at", "record_id", "agency").iter_rows(named=True):
        if row["told"]:
            mark = _Mark(row["known_at"], "told", row["held_by"])
        elif row["ahead"]:
            mark = _Mark(row["at"], "planned")
        else:
            mark = _Mark(row["at"], "concern" if row["concerns"] else "own")
        if axis.shows(mark.day):
            lanes[row["agency"]].append(mark)
    return lanes


def _stacked(marks: list[_Mark], axis: Axis) -> list[_Mark]:
    """Give each mark the lowest level at which it touches none before it."""
    free: list[float] = []
    placed = []
    for mark in sorted(_by_week(marks), key=lambda m: (m.day, m.shape)):
        x = axis.x(mark.day)
        level = next((i for i, end in enumerate(free) if x - _STEP / 2 >= end), len(free))
        end = x + _STEP / 2 + (width_of(str(mark.count), SMALL, bold=True) + 2 if mark.count > 1 else 0)
        free[level : level + 1] = [end]
        placed.append(replace(mark, level=level))
    return placed


def _by_week(marks: Iterable[_Mark]) -> list[_Mark]:
    """Put the marks of a crowded week together, one a shape."""
    kept = []
    for _, crowd in groupby(sorted(marks, key=lambda m: m.day), key=lambda m: m.day.isocalendar()[:2]):
        week = list(crowd)
        if len(week) <= MOST_A_WEEK:
            kept += week
            continue
        for shape in _DRAW:
            same = [m for m in week if m.shape == shape]
            kept += [replace(same[0], count=len(same))] if same else []
    return kept


def _shapes(lanes: dict[str, list[_Mark]]) -> set[str]:
    marks = [m for lane in lanes.values() for m in lane]
    return {m.shape for m in marks} | ({"several"} if any(m.count > 1 for m in marks) else set())


def _height(agency: str, marks: list[_Mark]) -> float:
    levels = max((m.level for m in marks), default=0)
    text = len(_lane_label(agency)) * BODY * LINE_HEIGHT
    return max(_LANE + levels * _STEP, text + _AIR)


def _lane_label(agency: str) -> list[str]:
    return wrapped(label(agency, AGENCIES), LEFT - 12)


def _draw_lane(
    paper: Paper, axis: Axis, agency: str, marks: list[_Mark], lines: dict[str, float], *, held: bool
) -> None:
    y = lines[agency]
    name = _lane_label(agency)
    paper.lines(LEFT - 8, y - (len(name) - 1) * BODY * LINE_HEIGHT / 2, name, ha="right")
    dots = {} if held else {"linestyle": (0, (1, 2))}
    paper.line([LEFT, axis.x(axis.as_of)], [y, y], color=PALE, linewidth=0.8, **dots)
    for shape, draw in _DRAW.items():
        own = [m for m in marks if m.shape == shape]
        if own:
            draw(paper, [axis.x(m.day) for m in own], [y - m.level * _STEP for m in own])
    for mark in marks:
        x, at = axis.x(mark.day), y - mark.level * _STEP
        if mark.count > 1:
            paper.text(x + _STEP / 2 + 0.6, at, str(mark.count), size=SMALL, bold=True)
        if mark.teller in lines:
            paper.line([x, x], [lines[mark.teller], at], color="#7fb8d8", linewidth=0.5)


def _draw_plans(paper: Paper, axis: Axis, plans: list[dict[str, dt.date | None]]) -> None:
    for i, plan in enumerate(plans):
        y = 30 + _PLAN_ROW * i
        start = max(axis.x(plan["start_on"]), LEFT) if plan["start_on"] else LEFT
        end = axis.x(min(plan["end_on"], axis.as_of) if plan["end_on"] else axis.as_of)
        paper.box(start, y, max(end - start, 1.5), 9)
        words = label(str(plan["kind"]), EPISODES)
        width = width_of(words, SMALL) + 6
        if width <= end - start:
            paper.text(start + 3, y + 4.5, words, size=SMALL)
        elif end + width <= RIGHT:
            paper.text(end + 3, y + 4.5, words, size=SMALL)
        else:
            paper.text(start - 3, y + 4.5, words, size=SMALL, ha="right")
    if plans:
        paper.text(LEFT - 8, 34.5, "plans and support", ha="right")


def _draw_absent(paper: Paper, absent: tuple[str, ...], y: float) -> None:
    paper.box(LEFT, y - 5.5, RIGHT - LEFT, 11, facecolor="white", edgecolor=PALE, hatch="/////", linewidth=0.4)
    words = wrapped("no records from: " + ", ".join(absent), RIGHT - LEFT - 30, SMALL)
    text = words[0] if len(words) == 1 else f"no records from {len(absent)} sectors"
    paper.text((LEFT + RIGHT) / 2, y, text, size=SMALL, ha="center", halo=True)
    paper.text(LEFT - 8, y, "not given", ha="right", color=GREY)


def _draw_axis(paper: Paper, axis: Axis, chronology: Chronology, bottom: float) -> None:
    edge = axis.x(axis.as_of)
    paper.text(
        RIGHT if edge > RIGHT - 40 else edge, 7, f"as of {said_day(axis.as_of)}", ha="right", bold=True, size=SMALL
    )
    paper.line([edge, edge], [13, bottom], color="#1a1a1a", linewidth=0.9)
    older = _older(chronology, axis)
    if older:
        paper.text(LEFT, 7, older, size=SMALL, color=GREY)
    free = LEFT - 40  # nothing stands to the left of this row, so the first month can keep its year
    for day, words in ticks_of(axis):
        x = axis.x(day)
        paper.line([x, x], [24, bottom], color="#e2e2e2", linewidth=0.5, zorder=1)
        half = width_of(words, SMALL) / 2
        if x - half > free and not x - half <= edge <= x + half + 1 and x + half <= RIGHT + 8:
            paper.text(x, 19, words, size=SMALL, ha="center", color=GREY)
            free = x + half + 5


def _older(chronology: Chronology, axis: Axis) -> str:
    records = chronology.events.filter(pl.col("at") < axis.start).height
    plans = chronology.plans.filter(pl.col("end_on") < axis.start).height
    parts = [f"{n} older {what}{'s' * (n != 1)}" for n, what in ((records, "record"), (plans, "plan")) if n]
    return f"{' and '.join(parts)} not drawn" if parts else ""


def _alt(chronology: Chronology, axis: Axis, lanes: dict[str, list[_Mark]], absent: tuple[str, ...]) -> str:
    told = sum(m.count for marks in lanes.values() for m in marks if m.shape == "told")
    drawn = chronology.events.filter(pl.col("at") >= axis.start)
    concerns = drawn.drop_nulls("concerns").height
    span = f"Timeline from {said_day(axis.start)} to {said_day(axis.as_of)}, by agency"
    records = f"{count_of(drawn.height, 'record')}, {concerns} of them raising a concern"
    parts = [f"{span}: {records}, and {count_of(told, 'act')} of one agency telling another"]
    parts += ["Lanes: " + ", ".join(label(a, AGENCIES) for a in lanes)]
    parts += [f"No records from: {', '.join(absent)}"] if absent else []
    return ". ".join(parts) + "."
