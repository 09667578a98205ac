"""What lies in each lane of the timeline: one mark an event, and one with a number where marks would touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from earlywarn.history.chronology import CANNOT_TELL, NOT_THERE, TOLD
from earlywarn.plots._paper import BODY, LINE_HEIGHT, wrapped
from earlywarn.plots._signs import size_of
from earlywarn.plots._strands import BAR_STEP, Bar, bars_of
from earlywarn.records.codes import AGENCIES, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from earlywarn.history.chronology import Chronology
    from earlywarn.plots._axis import Axis

NAME_WIDTH = 106.0
_GAP = 0.9


@dataclass(frozen=True)
class Detail:
    """How finely lanes are drawn: concerns apart from other records or not, rows of bars, white between lanes."""

    apart: bool
    rows: int
    air: float


DETAILS = (
    Detail(True, 4, 9.0),
    Detail(True, 3, 4.0),
    Detail(True, 2, 3.5),
    Detail(False, 2, 3.0),
    Detail(False, 1, 2.5),
)
"""From fine to coarse: the first that keeps a picture short enough is drawn."""


@dataclass(frozen=True)
class Mark:
    """One mark: its shape, where it is, how many events it stands for, who told of them, how high it stands."""

    shape: str
    x: float
    count: int = 1
    tellers: tuple[str, ...] = ()
    level: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height on paper."""
        return size_of(self.shape, self.count)

    def touches(self, other: Mark) -> bool:
        """Whether the two would meet at the same height."""
        return abs(self.x - other.x) < (self.size[0] + other.size[0]) / 2 + _GAP


@dataclass(frozen=True)
class Lane:
    """One agency: what it knew (from its line upwards), what its records do not hold, concerns it raised."""

    agency: str
    held: bool
    marks: tuple[Mark, ...]
    hollow: tuple[Mark, ...]
    bars: tuple[Bar, ...]
    air: float

    @property
    def name(self) -> list[str]:
        """Its name, broken into lines."""
        return wrapped(label(self.agency, AGENCIES), NAME_WIDTH)

    @property
    def levels(self) -> list[float]:
        """Heights of the rows of marks, from the line upwards."""
        most = max((m.level for m in self.marks), default=0)
        return [max((m.size[1] for m in self.marks if m.level == i), default=4.2) + _GAP for i in range(most + 1)]

    def lift(self, level: int) -> float:
        """How far above its line the middle of a row of marks is."""
        heights = self.levels
        return sum(heights[: level + 1]) - (heights[0] + heights[level]) / 2

    @property
    def above(self) -> float:
        """Room above its line."""
        return max(sum(self.levels) - self.levels[0] / 2, self._half_name) + self.air / 2

    @property
    def hollow_at(self) -> float:
        """How far below its line the middle of the hollow marks is."""
        return self.levels[0] / 2 + self._hollow_height / 2

    @property
    def bars_at(self) -> float:
        """How far below its line the first bar is."""
        return self.levels[0] / 2 + self._hollow_height + BAR_STEP / 2

    @property
    def below(self) -> float:
        """Room below its line."""
        rows = max((b.row + 1 for b in self.bars), default=0)
        return max(self.levels[0] / 2 + self._hollow_height + rows * BAR_STEP, self._half_name) + self.air / 2

    @property
    def _hollow_height(self) -> float:
        return max((m.size[1] + _GAP for m in self.hollow), default=0.0)

    @property
    def _half_name(self) -> float:
        return len(self.name) * BODY * LINE_HEIGHT / 2


Found = Mapping[str, Mapping[bool, Sequence[Mark]]]
"""By agency: a mark an event, of what it knew (true) and of what is not in its records (false)."""


def lanes_of(chronology: Chronology, axis: Axis, found: Found, detail: Detail) -> list[Lane]:
    """Put everything a chronology says into lanes, what lies outside the window left out."""
    bars = bars_of(chronology, axis, list(found), detail.rows)
    return [
        Lane(
            agency,
            agency in chronology.agencies,
            _levelled(marks[True], axis, apart=detail.apart),
            tuple(together(marks[False], axis)),
            bars[agency],
            detail.air,
        )
        for agency, marks in found.items()
        if marks[True] or bars[agency] or agency in chronology.agencies
    ]


def marks_of(chronology: Chronology, axis: Axis) -> Found:
    """Give each agency the marks of the window, one an event, none joined yet."""
    events = chronology.events.select("record_id", "at", "ahead", "concerns", "held_by")
    lanes: dict[str, dict[bool, list[Mark]]] = {a: {True: [], False: []} for a in chronology.organisations}
    for row in chronology.by_agency().join(events, on="record_id", maintain_order="left").iter_rows(named=True):
        day = row["known_at"] if row["how"] == TOLD else row["at"]
        shape = _shape(row)
        if shape and axis.shows(day):
            tellers = (row["held_by"],) if shape == "told" else ()
            lanes[row["agency"]][not shape.startswith("hollow")].append(Mark(shape, axis.x(day), tellers=tellers))
    return lanes


def _shape(row: dict[str, Any]) -> str:
    """Choose the mark of one event in one lane; nothing where the view cannot say, or nothing has happened yet."""
    own = "concern" if row["concerns"] else "own"
    if row["how"] in {NOT_THERE, CANNOT_TELL}:
        hollow = "hollow concern" if row["concerns"] else "hollow"
        return hollow if row["how"] == NOT_THERE and not row["ahead"] else ""
    return "told" if row["how"] == TOLD else "planned" if row["ahead"] else own


def together(marks: Iterable[Mark], axis: Axis) -> list[Mark]:
    """Put marks that would touch together into one with a number, until none touches another."""
    apart: list[Mark] = []
    for mark in sorted(marks, key=lambda m: m.x):
        here = _inside(mark, axis)
        while apart and here.touches(apart[-1]):
            here = _inside(_joined(apart.pop(), here), axis)
        apart.append(here)
    return apart


def _joined(one: Mark, other: Mark) -> Mark:
    """Join two marks in their middle; what holds a concern keeps its shape."""
    several = one.count + other.count
    shape = one.shape if one.shape.endswith("concern") else other.shape
    tellers = tuple(sorted({*one.tellers, *other.tellers}))
    return Mark(shape, (one.x * one.count + other.x * other.count) / several, several, tellers)


def _inside(mark: Mark, axis: Axis) -> Mark:
    """Keep a mark on its own side of the as-of line, and on the paper."""
    half, edge = mark.size[0] / 2 + _GAP, axis.edge
    low, high = (edge + half, axis.right) if mark.shape == "planned" else (axis.left + max(half - 3.5, 0), edge - half)
    return mark if low <= mark.x <= high else replace(mark, x=max(min(mark.x, high), low))


def _levelled(marks: Sequence[Mark], axis: Axis, *, apart: bool) -> tuple[Mark, ...]:
    """Give each mark the lowest level where it touches none: own records first, then concerns, then what was told."""
    groups = (
        [("own",), ("concern",), ("told",), ("planned",)] if apart else [("own", "concern"), ("told",), ("planned",)]
    )
    placed: list[Mark] = []
    for shapes in groups:
        for mark in together((m for m in marks if m.shape in shapes), axis):
            level = next(i for i in count() if not any(p.level == i and mark.touches(p) for p in placed))
            placed.append(replace(mark, level=level))
    return tuple(placed)
