"""The life of concerns as bars: from the day they were raised to their conclusion, or on to the as-of line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from earlywarn.history.chronology import Chronology
    from earlywarn.plots._axis import Axis

BAR_STEP = 3.4
_GAP, _LEAST = 2.5, 3.0
_STATES = {"concluded": "concluded", "no conclusion recorded": "open", "cannot tell": "cannot tell"}
"""Context is not among them: it is shown elsewhere and has no life of its own."""


@dataclass(frozen=True)
class Bar:
    """One concern, or several joined: where it begins and ends on paper, how it ends, and its row."""

    start: float
    end: float
    state: str
    row: int = 0
    count: int = 1


def bars_of(chronology: Chronology, axis: Axis, agencies: list[str], rows: int) -> dict[str, tuple[Bar, ...]]:
    """Put each concern under the lane of the agency that raised it, or of who holds the record where it has no lane."""
    held = dict(chronology.events.select("record_id", "held_by").iter_rows())
    bars: dict[str, list[Bar]] = {agency: [] for agency in agencies}
    for strand in drawn_strands(chronology, axis):
        holder = next((held[i] for i in strand["record_ids"] if i in held), None)
        lane = next((a for a in (strand["agency"], holder) if a in bars), None)
        if lane is not None:
            bars[lane].append(_bar(strand, axis))
    return {agency: _packed(own, rows) for agency, own in bars.items()}


def drawn_strands(chronology: Chronology, axis: Axis) -> list[dict[str, Any]]:
    """Give the concerns whose life reaches into the window, oldest first."""
    strands = chronology.concerns.sort("raised_at", "strand").iter_rows(named=True)
    return [s for s in strands if s["state"] in _STATES and axis.shows(ended(s) or axis.as_of)]


def ended(strand: dict[str, Any]) -> dt.datetime | None:
    """Say when a concern was concluded; nothing while it is open or cannot be told."""
    return strand["concluded_at"] if strand["state"] == "concluded" else None


def _bar(strand: dict[str, Any], axis: Axis) -> Bar:
    edge, over = axis.edge, ended(strand)
    start = min(max(axis.x(strand["raised_at"]), axis.left), edge - _LEAST)
    end = edge if over is None else min(max(axis.x(over), start + _LEAST), edge)
    return Bar(start, end, _STATES[strand["state"]])


def _packed(bars: list[Bar], rows: int) -> tuple[Bar, ...]:
    """Give each bar the first row where it is free; in the last row bars that would meet are joined."""
    placed: list[list[Bar]] = [[] for _ in range(rows)]
    for bar in sorted(bars, key=lambda b: (b.start, b.end, b.state)):
        row = next((i for i, row in enumerate(placed) if not row or row[-1].end + _GAP <= bar.start), rows - 1)
        last = placed[row][-1] if placed[row] else None
        if last is not None and last.end + _GAP > bar.start:
            placed[row][-1] = Bar(last.start, max(last.end, bar.end), "joined", row, last.count + 1)
        else:
            placed[row].append(replace(bar, row=row))
    return tuple(bar for row in placed for bar in row)
