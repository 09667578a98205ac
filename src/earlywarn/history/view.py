"""What a viewer could see of a child on a day: everything known to them **before** the midnight that starts it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.history.days import as_day
from earlywarn.history.knowledge import linked_ids
from earlywarn.history.lookback import Lookback, look_back
from earlywarn.history.viewers import POOLED, check_viewer
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import named
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from earlywarn.records.tables import Records


_HELD = ("contacts", "concerns", "sharing", "people", "households", "episodes", "facts")
_FEW = 10_000
"""Up to so many records it is worth a look whether a view holds no other children anyhow."""
_SHOWN = {"concerns": {"closing_id": "closed_by"}, "episodes": {"record_id": "started_by", "ending_id": "ended_by"}}
"""What the tables of the contract call some columns of a look back."""


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
    viewer : str or collection of str, default "pooled"
        ``pooled`` (what any organisation knew), one organisation's code, several (what any of them knew; also as
        ``police+hospital``), or a sector (``sector:health``).

    Raises
    ------
    ArgumentError
        ``as_of`` is no day, or ``viewer`` no viewer.

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> view = View(load_example(), "2026-11-01", {"police", "hospital"})
    >>> view.seen_by
    'hospital+police'

    """

    records: Records
    as_of: str | dt.date
    viewer: str | Collection[str] = POOLED

    def __post_init__(self) -> None:
        object.__setattr__(self, "as_of", as_day(self.as_of))
        object.__setattr__(self, "viewer", check_viewer(self.viewer))

    @property
    def day(self) -> dt.date:
        """The as-of day."""
        return as_day(self.as_of)

    @property
    def seen_by(self) -> str:
        """The viewer, by its one name."""
        return check_viewer(self.viewer)

    @cached_property
    def lookback(self) -> Lookback:
        """The frames the rooms above work on, for this day and viewer among others."""
        return look_back(self.records, [self.day], [self.seen_by])

    @cached_property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        """The tables as this viewer had them, as polars frames with the contract's columns.

        ``child_id``, ``person_id`` and ``household_id`` are the ids that several linked ids go by on that day.
        ``links`` are those found out before the day that name an id in the view.
        """
        held = {name: self._held[name].select(RECORD_TABLES[name].schema.names()) for name in _HELD}
        return MappingProxyType(held | {"links": self._links(held)})

    @property
    def acts(self) -> pl.DataFrame:
        """Acts of sharing in the view, with ``teller``: who held the record that was told, and may not hold it now."""
        return self._held["sharing"].select(*RECORD_TABLES["sharing"].schema.names(), teller="held_by")

    @cached_property
    def _held(self) -> Mapping[str, pl.DataFrame]:
        look = self.lookback
        rows = look.spine.filter(pl.col("viewer") == self.seen_by).select("row", "child_id").lazy()
        own = [getattr(look, "records" if n == "contacts" else n).rename(_SHOWN.get(n, {})) for n in _HELD]
        columns = [[*RECORD_TABLES[n].schema.names(), *(["held_by"] if n == "sharing" else [])] for n in _HELD]
        plans = [frame.join(rows, on="row").select(names) for frame, names in zip(own, columns, strict=True)]
        return dict(zip(_HELD, pl.collect_all(plans), strict=True))

    def _links(self, held: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Links between ids that go by an id in the view."""
        if self.lookback.links.is_empty():
            return RECORD_TABLES["links"].empty()
        shown = [
            held[table].select(subject=pl.lit(subject), same=f"{subject}_id").unique()
            for table, subject in (("contacts", "child"), ("people", "person"), ("households", "household"))
        ]
        mine = self.lookback.same.join(pl.concat(shown), on=["subject", "same"], how="semi")
        links = self.lookback.links.with_columns(of=pl.col("subject").fill_null("child"))
        kept = links.join(
            mine, left_on=["of", "child_id"], right_on=["subject", "id"], how="semi", maintain_order="left"
        )
        return kept.select(RECORD_TABLES["links"].schema.names())

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return one table as this viewer had it, as a pandas frame."""
        return named(self.frames, table).to_pandas()

    @property
    def children(self) -> list[str]:
        """Children of whom this viewer knew a record, by the id they go by."""
        return sorted(self.frames["contacts"]["child_id"].unique().to_list())

    def ids(self, child_id: str) -> tuple[str, ...]:
        """Ids known before the day to be this child, the one it goes by first.

        Parameters
        ----------
        child_id : str
            Any of them.

        """
        return linked_ids(self.records, child_id, self.day)

    def only(self, children: Sequence[str]) -> View:
        """Limit the view to some children, each with all its ids: what is asked of one child is answered fast."""
        every = [i for child in dict.fromkeys(children) for i in self.ids(child)]
        there = self.records.frames["contacts"]["child_id"]
        if len(there) <= _FEW and set(there.unique()) <= set(every):
            return self
        return View(self.records.only(every), self.day, self.seen_by)

    def no_such_child(self) -> ArgumentError:
        """Say that this view holds no record of a child asked about."""
        return ArgumentError(
            "The view holds no record of this child.",
            expected="a child of whom this viewer knew a record before the as-of day",
            fix="look at view.children, or choose another viewer or day",
        )

    def __repr__(self) -> str:
        children = count_of(len(self.children), "child", "children")
        return (
            f"View of {children} as of {self.day:%Y-%m-%d}, by {self.seen_by}: "
            f"{count_of(self.frames['contacts'].height, 'record')} known before the midnight that starts that day. "
            "A record known at that midnight or later is not in it, whatever day it tells of."
        )
