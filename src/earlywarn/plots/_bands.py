"""Plans and support as bands at the top of the timeline, each with its name in it or beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from earlywarn.plots._axis import LEFT, RIGHT
from earlywarn.plots._paper import SMALL, Paper, width_of
from earlywarn.records.codes import EPISODES, label

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from earlywarn.plots._axis import Axis

MOST_ROWS = 4
_LEAST, _PAD, _GAP = 1.5, 3.0, 4.0


@dataclass(frozen=True)
class Band:
    """One plan: its band, its name and where that begins, and its row."""

    start: float
    end: float
    name: str
    text_at: float
    row: int = 0

    @property
    def reach(self) -> tuple[float, float]:
        """From where to where on paper, with its name."""
        return min(self.start, self.text_at), max(self.end, self.text_at + width_of(self.name, SMALL))


def bands_of(plans: pl.DataFrame, axis: Axis) -> list[Band]:
    """Give each plan in the window the first row where it is free, at most four rows; `left_out` counts the rest."""
    rows: list[float] = []
    placed = []
    for plan in sorted(in_window(plans, axis), key=lambda p: (p["start_on"] or axis.start, str(p["kind"]))):
        band = _band(plan, axis)
        left, right = band.reach
        row = next((i for i, end in enumerate(rows) if end + _GAP <= left), len(rows))
        if row < MOST_ROWS:
            rows[row : row + 1] = [right]
            placed.append(replace(band, row=row))
    return placed


def in_window(plans: pl.DataFrame, axis: Axis) -> list[dict[str, Any]]:
    """Give the plans of which some day is drawn."""
    return [
        p
        for p in plans.iter_rows(named=True)
        if (p["end_on"] is None or p["end_on"] >= axis.start) and (p["start_on"] is None or p["start_on"] < axis.end)
    ]


def _band(plan: dict[str, dt.date | None], axis: Axis) -> Band:
    begun, over = plan["start_on"], plan["end_on"]
    edge = axis.edge if begun is None or axis.x(begun) < axis.edge else RIGHT
    start = min(max(axis.x(begun), LEFT), edge - _LEAST) if begun else LEFT
    end = max(min(axis.x(over), edge) if over else edge, start + _LEAST)
    name = label(str(plan["kind"]), EPISODES)
    return Band(start, end, name, _text_at(start, end, width_of(name, SMALL) + _PAD, edge))


def _text_at(start: float, end: float, width: float, edge: float) -> float:
    """Write inside where that fits, else to the right, else to the left."""
    if width + _PAD <= end - start:
        return start + _PAD
    return end + _PAD if end + width <= edge - 1 else start - width


def draw_bands(paper: Paper, bands: list[Band], top: float, step: float) -> None:
    """Draw them, and say at the side what they are."""
    paper.part = "plans"
    for band in bands:
        y = top + step * band.row
        paper.box(band.start, y, band.end - band.start, 9, "plan")
        inside = band.text_at > band.start and band.text_at < band.end
        paper.text(band.text_at, y + 4.5, band.name, size=SMALL, halo=not inside, bare=not inside)
    if bands:
        paper.text(LEFT - 8, top + 4.5, "plans and support", ha="right")
