"""One pass from records to features: every child, as-of day and viewer together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.features.catalogue import CORE
from earlywarn.features.feature import Frame
from earlywarn.features.frames import build_frames
from earlywarn.history.lookback import Lookback, as_day, asked_days, asked_viewers, look_back
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import COUNTED_CONCERNS
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.words import count_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records

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
    look, frames
        What the values were counted from.

    """

    values: pl.DataFrame
    parts: pl.DataFrame
    coverage: pl.DataFrame
    features: tuple[Feature, ...]
    viewers: tuple[str, ...]
    look: Lookback
    frames: Mapping[str, pl.DataFrame]

    @property
    def names(self) -> list[str]:
        """Names of the features, in order."""
        return [feature.name for feature in self.features]

    def to_polars(self) -> pl.DataFrame:
        """``child_id, as_of, viewer`` and one column a feature."""
        return self.values.drop("row")

    def to_pandas(self) -> pd.DataFrame:
        """``child_id, as_of, viewer`` and one column a feature, as a pandas frame."""
        return self.to_polars().to_pandas()

    def evidence(
        self, child_id: str, feature: str, *, viewer: str = POOLED, as_of: str | dt.date | None = None
    ) -> list[str]:
        """List the records one cell rests on.

        Parameters
        ----------
        child_id, feature, viewer
            The cell.
        as_of : str or datetime.date, optional
            Which day, where the table holds several.

        Returns
        -------
        list of str
            Record ids, sorted.

        Raises
        ------
        ArgumentError
            No such cell.

        """
        row = self._row(child_id, viewer, as_of)
        return self.evidence_of(pl.Series("row", [row], dtype=pl.UInt32), [feature])["record_id"].to_list()

    def evidence_of(self, rows: pl.Series, features: Sequence[str]) -> pl.DataFrame:
        """List the records behind many cells: ``row, feature, record_id``, sorted."""
        parts = [self._carriers(self.feature(name), rows).with_columns(feature=pl.lit(name)) for name in features] or [
            pl.DataFrame(schema={"row": pl.UInt32, "record_id": pl.String, "feature": pl.String})
        ]
        return pl.concat(parts).select("row", "feature", "record_id").unique().sort("row", "feature", "record_id")

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

    def _carriers(self, feature: Feature, rows: pl.Series) -> pl.DataFrame:
        frame = self.frames[feature.over].lazy().filter(pl.col("row").is_in(rows.implode()))
        kept = feature.kept(frame).collect()
        named = [
            kept.select("row", pl.col(c).alias("record_id")).explode("record_id")
            if kept.schema[c] == pl.List(pl.String())
            else kept.select("row", pl.col(c).alias("record_id"))
            for c in feature.carried_by
        ]
        return pl.concat(named).drop_nulls()

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


def build_features(
    records: Records,
    as_of: str | dt.date | Sequence[str | dt.date],
    *,
    viewers: str | Sequence[str] = POOLED,
    features: Sequence[Feature] = CORE,
    children: Sequence[str] | None = None,
) -> FeatureTable:
    """Count every feature of every child a record was known of, on each day, for each viewer.

    Parameters
    ----------
    records : Records
        What agencies wrote.
    as_of : str, datetime.date or a sequence of them
        The day or days; only records known before the midnight that starts a day are used.
    viewers : str or sequence of str, default "pooled"
        ``pooled``, organisations, or ``all``: pooled and every organisation that knew a record before the day.
    features : sequence of Feature
        What to count; the core features by default.
    children : sequence of str, optional
        Only these children's rows. Whether a feature can be told at all is still judged on everyone's records.

    Returns
    -------
    FeatureTable
        One row a child, day and viewer.

    Raises
    ------
    ArgumentError
        A day that is no day, a viewer that is none, two features of one name, or a feature whose expression fails
        (the message names it).

    Examples
    --------
    >>> from earlywarn.datasets import load_example
    >>> table = build_features(load_example(), "2026-11-01")
    >>> table.to_pandas().columns[:3].tolist()
    ['child_id', 'as_of', 'viewer']

    """
    days = asked_days(as_of)
    seats = asked_viewers(records, days, viewers)
    _refuse_twins(features)
    _refuse_unknown(features)
    look = look_back(records, days, seats, children)
    frames = build_frames(look, _columns_of(features))
    coverage = _coverage(look, features)
    whole = _valued(look.spine, frames, features, coverage)
    asked = whole.filter(pl.col("viewer").is_in(seats))
    if children is not None:
        asked = asked.filter(pl.col("child_id").is_in(list(children)))
    names = [f.name for f in features]
    return FeatureTable(
        values=asked.select("row", *KEYS, *names),
        parts=asked.select("row", HELD, pl.selectors.ends_with("__of", "__arises")),
        coverage=coverage,
        features=tuple(features),
        viewers=tuple(seats),
        look=look,
        frames=frames,
    )


def _columns_of(features: Sequence[Feature]) -> set[str] | None:
    """Columns that the features' expressions name; None, for all, where one of them takes columns by a pattern."""
    asked = [e for f in features for e in (f.where, f.value, f.of, f.empty, f.arises) if isinstance(e, pl.Expr)]
    if any(e.meta.has_multiple_outputs() for e in asked):
        return None
    return {c for e in asked for c in e.meta.root_names()} | {c for f in features for c in f.carried_by}


def _refuse_twins(features: Sequence[Feature]) -> None:
    names = [f.name for f in features]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ArgumentError(
            f"Two features are called {', '.join(twice)}.", expected="one name each", fix="rename one of them"
        )


def _refuse_unknown(features: Sequence[Feature]) -> None:
    """Refuse a feature over a frame, or in need of a table or column, that there is not."""
    for feature in features:
        tables = {need: need.partition(".") for need in feature.needs}
        strange = [
            n for n, (t, _, c) in tables.items() if t not in RECORD_TABLES or (c and c not in RECORD_TABLES[t].schema)
        ]
        if feature.over not in get_args(Frame) or strange:
            raise ArgumentError(
                f'The feature "{feature.name}" counts over "{feature.over}" and needs {list(feature.needs)}.',
                expected="one of the frames " + ", ".join(get_args(Frame)) + "; needs that are tables, or table.column",
                fix=nearest(feature.over, get_args(Frame)) or "see earlywarn.records.schema",
            )


def _valued(
    spine: pl.DataFrame, frames: Mapping[str, pl.DataFrame], features: Sequence[Feature], coverage: pl.DataFrame
) -> pl.DataFrame:
    plans = [_plan(feature, frames[feature.over].lazy()) for feature in features]
    try:
        counted = pl.collect_all(plans)
    except pl.exceptions.PolarsError:
        counted = [_collect_named(feature, plan) for feature, plan in zip(features, plans, strict=True)]
    held = frames["records"]["row"].unique()
    whole = spine.with_columns(pl.col("row").is_in(held.implode()).alias(HELD))
    for feature, values in zip(features, counted, strict=True):
        whole = _joined(whole, feature, values, frames[feature.over])
    return _without_uncovered(whole, coverage)


def _plan(feature: Feature, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Value of the kept rows of each row of the spine; a row that keeps none is absent."""
    said = [feature.of.cast(pl.Float64).alias(f"{feature.name}__of")] if feature.of is not None else []
    value = feature.value.cast(pl.Float64).alias(feature.name)
    return feature.kept(frame).group_by("row").agg(value, *said, pl.lit(value=True).alias("__kept"))


def _collect_named(feature: Feature, plan: pl.LazyFrame) -> pl.DataFrame:
    try:
        return plan.collect()
    except pl.exceptions.PolarsError as error:
        raise ArgumentError(
            f'The feature "{feature.name}" cannot be counted: {type(error).__name__}.',
            expected=f'expressions over the columns of the frame "{feature.over}", the value an aggregation',
            fix="see the columns in earlywarn.features.frames",
        ) from None


def _joined(whole: pl.DataFrame, feature: Feature, values: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    joined = whole.join(values, on="row", how="left", maintain_order="left")
    if feature.arises is not None:
        question = frame.group_by("row").agg(feature.arises.alias(f"{feature.name}__arises"))
        joined = joined.join(question, on="row", how="left", maintain_order="left").with_columns(
            pl.col(f"{feature.name}__arises").fill_null(value=False)
        )
    empty: pl.Expr = pl.lit(None)
    if isinstance(feature.empty, pl.Expr):
        asked = frame.group_by("row").agg(feature.empty.cast(pl.Float64).alias("__empty"))
        joined = joined.join(asked, on="row", how="left", maintain_order="left")
        empty = pl.col("__empty")
    elif feature.empty is not None:
        empty = pl.lit(feature.empty)
    kept = pl.col("__kept").is_not_null()
    filled = pl.when(kept).then(feature.name).otherwise(empty).cast(pl.Float64).alias(feature.name)
    return joined.with_columns(filled).drop("__kept", "__empty", strict=False)


def _coverage(look: Lookback, features: Sequence[Feature]) -> pl.DataFrame:
    """List what features need and nobody's records had, day by day: judged on what anyone knew, for all children."""
    days = look.spine.select("as_of").unique()
    lacking = [
        days.join(_days_with(look, need), on="as_of", how="anti").with_columns(need=pl.lit(need))
        for need in sorted({need for feature in features for need in feature.needs})
    ]
    needed = pl.DataFrame(
        [(f.name, need) for f in features for need in f.needs],
        schema={"feature": pl.String, "need": pl.String},
        orient="row",
    )
    empty = pl.DataFrame(schema={"as_of": pl.Date, "need": pl.String})
    return pl.concat([empty, *lacking]).join(needed, on="need").select("as_of", "feature", "need").sort(pl.all())


def _days_with(look: Lookback, need: str) -> pl.DataFrame:
    """As-of days by which somebody's records had the table or column needed."""
    table, _, column = need.partition(".")
    frames = {"contacts": look.records, "concerns": look.concerns, "people": look.people, "sharing": look.sharing}
    frame = {**frames, "households": look.households, "episodes": look.episodes, "facts": look.facts}[table]
    if table == "concerns":  # context is never read, and a source that cannot close has no value in closing
        frame = frame.filter(pl.col("category").is_in(COUNTED_CONCERNS))
        frame = frame.with_columns(closing=pl.col("closing").replace("not_recordable", None))
    filled = frame.filter(pl.col(column).is_not_null()) if column else frame
    pooled = look.spine.filter(pl.col("viewer") == POOLED).select("row", "as_of")
    return filled.select("row").unique().collect().join(pooled, on="row").select("as_of").unique()


def _without_uncovered(whole: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    blind = {str(name): list(rows["as_of"]) for (name,), rows in coverage.group_by("feature", maintain_order=True)}
    return whole.with_columns(
        pl.when(~pl.col("as_of").is_in(days)).then(name).alias(name) for name, days in blind.items()
    )
