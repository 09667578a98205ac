"""Days on paper: which are drawn, and where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earlywarn.history.chronology import Chronology

LEFT, RIGHT = 118.0, 550.0
PLANNED_DAYS = 62
"""How far past the as-of day something planned is drawn."""


@dataclass(frozen=True)
class Axis:
    """Days on the paper. ``as_of`` is where knowledge ends; only what was planned lies beyond it."""

    start: dt.date
    as_of: dt.date
    end: dt.date

    def x(self, day: dt.date) -> float:
        """Place a day or a moment."""
        moment = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time(0))
        passed = (moment - dt.datetime.combine(self.start, dt.time(0))) / dt.timedelta(days=1)
        return LEFT + (RIGHT - LEFT) * passed / max((self.end - self.start).days, 1)

    @cached_property
    def edge(self) -> float:
        """Where the as-of day is."""
        return self.x(self.as_of)

    @property
    def left(self) -> float:
        """Where the first day is."""
        return LEFT

    @property
    def right(self) -> float:
        """Where the last day is."""
        return RIGHT

    def shows(self, day: dt.date) -> bool:
        """Whether a day is drawn at all."""
        return LEFT <= self.x(day) <= RIGHT


def axis_of(chronology: Chronology, months: int) -> Axis:
    """Choose the days to draw: from the first record or ``months`` back, to the as-of day and what is planned."""
    as_of = chronology.as_of
    earliest = months_before(as_of, months)
    days = [d for d in (chronology.events["at"].min(), chronology.plans["start_on"].min()) if isinstance(d, dt.date)]
    first = min((d.date() if isinstance(d, dt.datetime) else d for d in days), default=earliest)
    start = max(first.replace(day=1), earliest)
    last = chronology.events.filter("ahead")["at"].max()
    planned = last.date() if isinstance(last, dt.datetime) else None
    start = min(start, as_of - dt.timedelta(days=28))
    if planned is None:
        return Axis(start, as_of, as_of)
    least = as_of + (as_of - start) / 16
    return Axis(start, as_of, min(max(planned + dt.timedelta(days=7), least), as_of + dt.timedelta(days=PLANNED_DAYS)))


def months_before(day: dt.date, months: int) -> dt.date:
    """Return the first day of the month some months before a day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, 1)


def ticks_of(axis: Axis) -> list[tuple[dt.date, str]]:
    """Mark first days of months, every one or every third, the year with the first and with each January."""
    step = 1 if (axis.end - axis.start).days <= 300 else 3
    month = axis.start.replace(day=1)
    ticks: list[tuple[dt.date, str]] = []
    while month <= axis.end:
        if month >= axis.start and (month.month - 1) % step == 0:
            ticks.append((month, f"{month:%b %Y}" if not ticks or month.month == 1 else f"{month:%b}"))
        month = months_before(month, -1)
    return ticks
