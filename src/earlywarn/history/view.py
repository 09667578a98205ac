"""What a viewer could see of a child on a day: everything known to them **before** the midnight that starts it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history.knowledge import POOLED, check_viewer
from earlywarn.history.lookback import Lookback, as_day, look_back
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pandas as pd

    from earlywarn.records.tables import Records


@dataclass(frozen=True, repr=False)
class View:
    """What one viewer could see on one day.

    Holds every record known to the viewer **before** ``as_of``: a day, which means the midnight that starts it. A
    record known at that midnight or later is not in the view, whatever day it tells of.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_of : str or datetime.date
        The day, as ``YYYY-MM-DD``.
    viewer : str, default "pooled"
        ``pooled`` (what any organisation knew) or one organisation's code.

    Raises
    ------
    ArgumentError
        ``as_of`` is no day, or ``viewer`` no viewer.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> View(load_example(), "2026-11-01").viewer
    'pooled'

    """

    records: Records
    as_of: str | dt.date
    viewer: str = POOLED

    def __post_init__(self) -> None:
        object.__setattr__(self, "as_of", as_day(self.as_of))
        check_viewer(self.viewer)

    @cached_property
    def lookback(self) -> Lookback:
        """The frames the rooms above work on, for this day and viewer among others."""
        return look_back(self.records, [self.day], [self.viewer])

    @property
    def day(self) -> dt.date:
        """The as-of day."""
        return as_day(self.as_of)

    @cached_property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        """The tables as this viewer had them, as polars frames with the contract's columns."""
        rows = self.lookback.spine.filter(pl.col("viewer") == self.viewer).select("row", "child_id")
        own = {
            "contacts": self.lookback.records.drop("child_id"),
            "concerns": self.lookback.concerns.rename({"closing_id": "closed_by"}),
            "sharing": self.lookback.sharing,
            "people": self.lookback.people,
            "households": self.lookback.households,
            "episodes": self.lookback.episodes.rename({"record_id": "started_by", "ending_id": "ended_by"}),
            "facts": self.lookback.facts,
        }
        return MappingProxyType(
            {name: frame.join(rows, on="row").select(RECORD_TABLES[name].schema.names()) for name, frame in own.items()}
        )

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return one table as this viewer had it, as a pandas frame."""
        return named(self.frames, table).to_pandas()

    @property
    def children(self) -> list[str]:
        """Children of whom this viewer knew a record, by id."""
        return sorted(self.frames["contacts"]["child_id"].unique().to_list())

    def no_such_child(self) -> ArgumentError:
        """Say that this view holds no record of a child asked about."""
        return ArgumentError(
            "The view holds no record of this child.",
            expected="a child of whom this viewer knew a record before the as-of day",
            fix="look at view.children, or choose another viewer or day",
        )

    def __repr__(self) -> str:
        return (
            f"View of {len(self.children):,} children as of {self.day:%Y-%m-%d}, by {self.viewer}: "
            f"{self.frames['contacts'].height:,} records known before the midnight that starts that day"
        )
