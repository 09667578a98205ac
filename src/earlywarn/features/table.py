"""`FeatureTable`: features of every child, day and viewer, with the records behind each cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.features.counting import asks_the_child, with_child
from earlywarn.history.days import as_day
from earlywarn.history.viewers import POOLED
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from earlywarn.features.feature import Feature
    from earlywarn.features.frames import Frames
    from earlywarn.history.lookback import Lookback

Part = Literal["all", "numerator", "denominator"]

KEYS = ("child_id", "as_of", "viewer")
HELD = "holds_records"
"""Whether the viewer had any record of the child at all."""


@dataclass(frozen=True, repr=False)
class FeatureTable:
    """Features of every child, as-of day and viewer, with the records behind each cell on demand.

    Parameters
    ----------
    values : polars.DataFrame
        ``row, child_id, as_of, viewer`` and one Float64 column a feature; null means "cannot tell", never zero.
    parts : polars.DataFrame
        ``row``, ``holds_records`` (whether the viewer had any record of the child) and, for each share,
        ``<feature>__of``, what it is a share of; where a question need not arise, ``<feature>__arises``.
    coverage : polars.DataFrame
        ``as_of, feature, need``: what nobody's records had by that day. A feature listed here is null for everyone.
    features : tuple of Feature
        What was counted.
    viewers : tuple of str
        Whose knowledge it was counted by, in the order asked for.
    frames : Frames
        What the values were counted from.

    """

    values: pl.DataFrame
    parts: pl.DataFrame
    coverage: pl.DataFrame
    features: tuple[Feature, ...]
    viewers: tuple[str, ...]
    frames: Frames

    @property
    def look(self) -> Lookback:
        """What was knowable."""
        return self.frames.look

    @property
    def names(self) -> list[str]:
        """Names of the features, in order."""
        return [feature.name for feature in self.features]

    def to_polars(self) -> pl.DataFrame:
        """``child_id, as_of, viewer`` and one Float64 column a feature; null where it cannot be told."""
        return self.values.drop("row")

    def to_arrow(self) -> pa.Table:
        """Return the same as a `pyarrow.Table`: for DuckDB, Spark and whatever else reads Arrow, without a copy."""
        return self.to_polars().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return the same as a pandas frame; NaN where it cannot be told."""
        return self.to_polars().to_pandas()

    def only(self, children: Sequence[str] | pl.Series) -> FeatureTable:
        """Keep the rows of some children."""
        values = self.values.filter(pl.col("child_id").is_in(pl.Series(children, dtype=pl.String).implode()))
        return replace(self, values=values, parts=self.parts.join(values.select("row"), on="row", how="semi"))

    def evidence(
        self,
        child_id: str,
        feature: str,
        *,
        viewer: str = POOLED,
        as_of: str | dt.date | None = None,
        part: Part = "all",
    ) -> list[str]:
        """List the records one cell rests on.

        For a largest or smallest value they are those that set it; for an absence, all that were looked through in
        vain. Without them the feature returns to its empty value, or another record sets it.

        Parameters
        ----------
        child_id, feature, viewer
            The cell.
        as_of : str or datetime.date, optional
            Which day, where the table holds several.
        part : {"all", "numerator", "denominator"}
            For a share: the records of its upper part, or those it is a share of.

        Returns
        -------
        list of str
            Record ids, sorted.

        Raises
        ------
        ArgumentError
            No such cell, or a part of what is no share.

        """
        row = self._row(child_id, viewer, as_of)
        rows = pl.Series("row", [row], dtype=pl.UInt32)
        return self.evidence_of(rows, [feature], part=part)["record_id"].to_list()

    def evidence_of(self, rows: pl.Series, features: Sequence[str], *, part: Part = "all") -> pl.DataFrame:
        """List the records behind many cells: ``row, feature, record_id``, sorted."""
        asked = [self.feature(name) for name in features]
        if part != "all":
            _refuse_no_share(asked, part)
        frames = narrowed(self.frames, rows)
        found = pl.collect_all([plan for f in asked for plan in _carriers(frames, f, part)])
        named = [_one_each(rows) for rows in found if rows.height]
        return pl.concat([_NO_CARRIERS, *named]).unique().sort("row", "feature", "record_id")

    def feature(self, name: str) -> Feature:
        """Return the feature of that name.

        Raises
        ------
        ArgumentError
            There is none in this table.

        """
        found = next((f for f in self.features if f.name == name), None)
        if found is None:
            raise ArgumentError(
                f'"{name}" is no feature of this table.',
                expected="one of " + ", ".join(self.names),
                fix=nearest(name, self.names) or "see `earlywarn features --list`",
            )
        return found

    def _row(self, child_id: str, viewer: str, as_of: str | dt.date | None) -> int:
        rows = self.values.filter((pl.col("child_id") == child_id) & (pl.col("viewer") == viewer))
        if as_of is not None:
            rows = rows.filter(pl.col("as_of") == as_day(as_of))
        if rows.height != 1:
            raise ArgumentError(
                "No one row of this table is that child, viewer and day.",
                expected="a child_id, viewer and as_of that the table holds once",
                fix="look at the table's first three columns; give as_of where it holds several days",
            )
        return int(rows["row"][0])

    def __repr__(self) -> str:
        days, children = self.values["as_of"].n_unique(), self.values["child_id"].n_unique()
        return (
            f"FeatureTable: {count_of(len(self.features), 'feature')} of {count_of(children, 'child', 'children')}, "
            f"{count_of(days, 'as-of day')}, viewers: {', '.join(self.viewers)}"
        )

    def _repr_html_(self) -> str:
        return str(self.to_pandas().head(10).to_html(index=False))


_NO_CARRIERS = pl.DataFrame(schema={"row": pl.UInt32, "feature": pl.String, "record_id": pl.String})


def narrowed(frames: Frames, rows: pl.Series) -> Frames:
    """Build again, for some rows alone and with all columns: those that name records cost too much for everyone."""
    return replace(frames, look=frames.look.only_rows(rows), columns=None)


def _carriers(frames: Frames, feature: Feature, part: Part) -> list[pl.LazyFrame]:
    """Name the records that carry the rows a feature counts, one plan a column that names them."""
    rows = feature.kept(with_child(frames, [feature], also=feature.carried_by))
    if feature.arises is not None and asks_the_child(feature.arises):
        rows = rows.filter(feature.arises)
    if feature.sets is not None:
        rows = rows.filter(feature.sets.over("row"))
    if part == "numerator" and feature.part is not None:
        rows = rows.filter(feature.part)
    return [
        rows.select("row", pl.lit(feature.name).alias("feature"), pl.col(c).alias("record_id"))
        for c in feature.carried_by
    ]


def _one_each(named: pl.DataFrame) -> pl.DataFrame:
    lists = named.schema["record_id"] == pl.List(pl.String())
    return (named.explode("record_id") if lists else named).drop_nulls()


def _refuse_no_share(features: Sequence[Feature], part: Part) -> None:
    strange = [f.name for f in features if f.part is None]
    if strange:
        raise ArgumentError(
            f'The feature "{strange[0]}" is no share: it has no {part}.',
            expected='a share, or part="all"',
            fix="leave part out",
        )
