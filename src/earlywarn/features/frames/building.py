"""`Frames`: what features count over, built on demand from what was knowable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from earlywarn.features.everyone import Everyone
    from earlywarn.history.lookback import Lookback

BuildFrame = Callable[["Frames"], pl.DataFrame]
BuildColumn = Callable[["Frames"], pl.Series]

PAST = pl.col("days_ago") >= 1


@dataclass(frozen=True, repr=False)
class Frames:
    """The frames of one look back, each built when it is first asked for.

    Parameters
    ----------
    look : Lookback
        What was knowable.
    everyone : Everyone
        What anyone's records carried by each day, whichever children are looked at.
    frames, child : mapping
        How each frame, and each column of the child, is built.
    columns : mapping of str to frozenset of str, optional
        Columns that features ask for, by the frame they count over; None for all. What nobody asks for is not fetched.

    """

    look: Lookback
    everyone: Everyone
    frames: Mapping[str, BuildFrame]
    child: Mapping[str, BuildColumn]
    columns: Mapping[str, frozenset[str]] | None = None

    @cached_property
    def _built(self) -> dict[str, pl.DataFrame]:
        return {}

    @cached_property
    def _told(self) -> dict[str, pl.Series]:
        return {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        """Return a frame, in order of rows."""
        if name not in self._built:
            frame = self.frames[name](self)
            ordered = frame if frame["row"].flags["SORTED_ASC"] else frame.sort("row", maintain_order=True)
            self._built[name] = ordered.with_columns(pl.col("row").set_sorted())
        return self._built[name]

    @cached_property
    def past(self) -> pl.DataFrame:
        """What is held of records that have happened and stand for themselves."""
        return self.look.held.filter(PAST & (pl.col("record") == pl.col("current")))

    def records_where(self, where: pl.Expr, window: int | None, columns: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the records in each view of which something is so.

        Each record is asked once, whatever the days and viewers, and only those kept are fetched.

        Parameters
        ----------
        where : polars.Expr
            A question of single rows of contacts; see `asks_records`.
        window : int, optional
            Only records of so many days.
        columns : collection of str, optional
            The columns that are wanted; by default all.

        """
        marks = self.look.contacts.select(where.fill_null(value=False)).to_series()
        kept = marks.gather(self.past["record"])
        if window is not None:
            kept &= self.past["days_ago"] <= window
        return self.look.records_in(self.past.filter(kept), columns)

    def asks_records(self, where: pl.Expr | None) -> bool:
        """Whether something can be asked of each record by itself."""
        return (
            where is not None
            and where.meta.is_row_separable()
            and set(where.meta.root_names()) <= set(self.look.contacts.columns)
        )

    def of_child(self, name: str) -> pl.Series:
        """Return a column of the child, one value a row of the spine."""
        if name not in self._told:
            self._told[name] = self.child[name](self).alias(name)
        return self._told[name]

    def asks(self, name: str, of: str | None = None) -> bool:
        """Whether a feature asks for this column, of any frame or of one."""
        if self.columns is None:
            return True
        asking = self.columns.values() if of is None else [self.columns.get(of, frozenset())]
        return any(name in columns for columns in asking)

    def spread(self, rows: pl.DataFrame, column: str, otherwise: object = None) -> pl.Series:
        """Spread a column of some rows over the whole spine; the others get ``otherwise``."""
        spine = self.look.spine.select("row")
        whole = spine.join(rows.select("row", column), on="row", how="left", maintain_order="left")[column]
        return whole if otherwise is None else whole.fill_null(otherwise)

    def and_child(self, rows: pl.LazyFrame, names: Collection[str]) -> pl.LazyFrame:
        """Add columns of the child to each row, once the rows are known."""
        return rows.with_columns(pl.lit(self.of_child(n)).gather(pl.col("row")).alias(n) for n in sorted(names))
