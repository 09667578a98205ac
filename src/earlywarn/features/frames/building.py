"""`Frames`: what features count over, built on demand from what was knowable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    columns : frozenset of str, optional
        Columns that somebody asks for; None for all. What nobody asks for is not fetched.

    """

    look: Lookback
    everyone: Everyone
    frames: Mapping[str, BuildFrame]
    child: Mapping[str, BuildColumn]
    columns: frozenset[str] | None = None
    _built: dict[str, pl.DataFrame] = field(default_factory=dict)
    _told: dict[str, pl.Series] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pl.DataFrame:
        """Return a frame, in order of rows."""
        if name not in self._built:
            frame = self.frames[name](self)
            ordered = frame if frame["row"].flags["SORTED_ASC"] else frame.sort("row", maintain_order=True)
            self._built[name] = ordered.with_columns(pl.col("row").set_sorted())
        return self._built[name]

    def of_child(self, name: str) -> pl.Series:
        """Return a column of the child, one value a row of the spine."""
        if name not in self._told:
            self._told[name] = self.child[name](self).alias(name)
        return self._told[name]

    def asks(self, *names: str) -> bool:
        """Whether somebody asks for one of these columns."""
        return self.columns is None or not self.columns.isdisjoint(names)

    def spread(self, rows: pl.DataFrame, column: str, otherwise: object = None) -> pl.Series:
        """Spread a column of some rows over the whole spine; the others get ``otherwise``."""
        spine = self.look.spine.select("row")
        whole = spine.join(rows.select("row", column), on="row", how="left", maintain_order="left")[column]
        return whole if otherwise is None else whole.fill_null(otherwise)

    def with_child(self, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
        """Add columns of the child to each row of a frame."""
        return frame.with_columns(self.of_child(name).gather(frame["row"]).alias(name) for name in names)
