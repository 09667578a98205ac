"""Counting: the values of all features in one plan, each group of rows filtered once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.features.frames import CHILD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from earlywarn.features.feature import Coverage, Feature
    from earlywarn.features.frames import Frames


def with_child(frames: Frames, feature: Feature, *, carried: bool = False) -> pl.LazyFrame:
    """Return the frame of a feature with the columns of the child it names, so far as its frame has none so called."""
    frame = frames[feature.over]
    named = names_in(feature.expressions) | (set(feature.carried_by) if carried else set())
    return frames.with_child(frame, *sorted(c for c in named if c in CHILD and c not in frame.columns)).lazy()


def names_in(expressions: Iterable[pl.Expr]) -> set[str]:
    """Columns that expressions name."""
    return {name for e in expressions for name in e.meta.root_names()}


def counted(frames: Frames, features: Sequence[Feature]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count features for every row of the spine.

    Returns
    -------
    tuple of polars.DataFrame
        Values, a Float64 column a feature; and parts, ``<feature>__of``, ``<feature>__arises`` and
        ``<feature>__told``. Both in order of the spine.

    """
    size = frames.look.spine.height
    groups = _grouped(features)
    plans = [_plan(frames, group) for group in groups]
    found = _collected(plans, groups)
    values: dict[str, pl.Series] = {}
    parts: dict[str, pl.Series] = {}
    for group, rows in zip(groups, found, strict=True):
        whole = spread(_finished(group, rows), size)
        for feature in group:
            values[feature.name] = _filled(frames, feature, whole)
            if feature.of is not None:
                parts[f"{feature.name}__of"] = whole[f"{feature.name}__of"]
    for feature in features:
        if feature.arises is not None:
            arises = _asked(frames, feature, feature.arises).fill_null(value=False)
            parts[f"{feature.name}__arises"] = arises
            if asks_the_child(feature.arises):
                values[feature.name] = pl.select(pl.when(arises).then(values[feature.name])).to_series()
        if feature.coverage is not None:
            told = _told(frames, feature, feature.coverage)
            parts[f"{feature.name}__told"] = told
            values[feature.name] = _if_told(values[feature.name], told, feature.coverage.least)
    ordered = {f.name: values[f.name].alias(f.name) for f in features}
    return pl.DataFrame(ordered), pl.DataFrame(parts)


def _grouped(features: Sequence[Feature]) -> list[list[Feature]]:
    """Put together the features that keep the same rows."""
    groups: dict[object, list[Feature]] = defaultdict(list)
    for feature in features:
        groups[feature.over, feature.window, _identity(feature.where)].append(feature)
    return list(groups.values())


def _identity(expression: pl.Expr | None) -> object:
    if expression is None:
        return None
    try:
        return expression.meta.serialize()
    except pl.exceptions.PolarsError:  # a function of one's own cannot be written down
        return id(expression)


def _plan(frames: Frames, group: Sequence[Feature]) -> pl.LazyFrame:
    """Value of the kept rows of each row of the spine; a row that keeps none is absent."""
    frame = _kept(frames, group)
    values = [(f.value if f.finish else f.value.cast(pl.Float64)).alias(f.name) for f in group]
    shares = [f.of.cast(pl.Float64).alias(f"{f.name}__of") for f in group if f.of is not None]
    return frame.group_by("row").agg(*values, *shares)


def _kept(frames: Frames, group: Sequence[Feature]) -> pl.LazyFrame:
    """Rows that a group of features keeps, with the columns of the child that they name."""
    first = group[0]
    if first.over == "records" and first.where is not None and frames.asks_records(first.where):
        rows = frames.records_where(first.where, first.window)
        named = {n for f in group for n in names_in(f.expressions)} & CHILD.keys()
        return rows.with_columns(pl.lit(frames.of_child(n)).gather(pl.col("row")).alias(n) for n in sorted(named))
    return first.kept(_with_all(frames, group))


def _with_all(frames: Frames, group: Sequence[Feature]) -> pl.LazyFrame:
    frame = frames[group[0].over]
    named = {n for f in group for n in names_in(f.expressions)}
    return frames.with_child(frame, *sorted(c for c in named if c in CHILD and c not in frame.columns)).lazy()


def _collected(plans: Sequence[pl.LazyFrame], groups: Sequence[Sequence[Feature]]) -> list[pl.DataFrame]:
    try:
        return pl.collect_all(plans)
    except pl.exceptions.PolarsError:
        for plan, group in zip(plans, groups, strict=True):
            _refuse_broken(plan, group)
        raise


def _refuse_broken(plan: pl.LazyFrame, group: Sequence[Feature]) -> None:
    """Name the feature whose expression fails."""
    try:
        plan.collect()
    except pl.exceptions.PolarsError as error:
        names = " or ".join(f'"{f.name}"' for f in group)
        raise ArgumentError(
            f"The feature {names} cannot be counted: {type(error).__name__}.",
            expected=f'expressions over the columns of the frame "{group[0].over}", the value an aggregation',
            fix="see the columns in earlywarn.features.frames",
        ) from None


def _finished(group: Sequence[Feature], rows: pl.DataFrame) -> pl.DataFrame:
    """Take the last step of those features that have one."""
    last = [f.finish(rows[f.name]).cast(pl.Float64).alias(f.name) for f in group if f.finish is not None]
    return rows.with_columns(last)


KEPT = "__kept"


def spread(rows: pl.DataFrame, size: int) -> pl.DataFrame:
    """Spread rows over the whole spine: null where a row is absent. ``__kept`` says where it is not."""
    places = np.full(size, -1, np.int64)
    places[rows["row"].to_numpy()] = np.arange(rows.height)
    kept = pl.Series(KEPT, places >= 0)
    index = pl.Series(places).set(~kept, None)
    return rows.drop("row").select(pl.all().gather(index)).with_columns(kept)


def _filled(frames: Frames, feature: Feature, whole: pl.DataFrame) -> pl.Series:
    """Give the rows that keep nothing the feature's empty value."""
    values = whole.get_column(feature.name)
    if feature.empty is None:
        return values
    if isinstance(feature.empty, pl.Expr):
        empty = _asked(frames, feature, feature.empty.cast(pl.Float64))
    else:
        empty = pl.Series([float(feature.empty)])
    return pl.select(pl.when(whole[KEPT]).then(values).otherwise(empty)).to_series()


def _asked(frames: Frames, feature: Feature, question: pl.Expr) -> pl.Series:
    """Ask something of every child: of its columns alone where they are all it names, else of its whole frame."""
    names = set(question.meta.root_names())
    if asks_the_child(question):
        child = pl.DataFrame({name: frames.of_child(name) for name in sorted(names)})
        return child.select(question.alias("asked")).to_series() if names else _constant(frames, question)
    rows = with_child(frames, feature).group_by("row").agg(question.alias("asked")).collect()
    return spread(rows, frames.look.spine.height).get_column("asked")


def asks_the_child(question: pl.Expr) -> bool:
    """Whether something is asked of the child alone, and not of its rows."""
    return set(question.meta.root_names()) <= CHILD.keys()


def _constant(frames: Frames, question: pl.Expr) -> pl.Series:
    return (
        frames.look.spine.select(question.alias("asked").first())
        .to_series()
        .new_from_index(0, frames.look.spine.height)
    )


def _told(frames: Frames, feature: Feature, coverage: Coverage) -> pl.Series:
    """Share of the rows a feature asks about that say what it asks; null where it asks about none."""
    asked = feature.within(with_child(frames, feature)).filter(coverage.asked)
    rows = asked.group_by("row").agg(told=coverage.told.mean()).collect()
    return spread(rows, frames.look.spine.height).get_column("told")


def _if_told(values: pl.Series, told: pl.Series, least: float) -> pl.Series:
    return pl.select(pl.when(~(told < least).fill_null(value=False)).then(values)).to_series()
