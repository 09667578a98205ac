"""Counting: the values of all features in one collection of plans, each group of rows filtered once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.features.frames import CHILD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from earlywarn.features.feature import Feature
    from earlywarn.features.frames import Frames

    Column = npt.NDArray[np.float64]
    """One number a row of the spine; NaN is "cannot tell"."""


def counted(frames: Frames, features: Sequence[Feature]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count features for every row of the spine.

    Returns
    -------
    tuple of polars.DataFrame
        Values, a Float64 column a feature; and parts, ``<feature>__of``, ``<feature>__arises`` and
        ``<feature>__told``. Both in order of the spine.

    """
    found = _collected([*_values(frames, features), *_questions(frames, features), *_told(frames, features)])
    whole = _spread(found, frames.look.spine.height)
    values = {f.name: _value(f, whole) for f in features}
    shares = {f"{f.name}__of": whole[f"{f.name}__of"] for f in features if f.of is not None}
    told = {f"{f.name}__told": whole[f"{f.name}__told"] for f in features if f.coverage is not None}
    arises = {f"{f.name}__arises": whole[f"{f.name}__arises"] == 1 for f in features if f.arises is not None}
    return _framed(values), _framed({**shares, **told, **arises})


@dataclass(frozen=True)
class Asked:
    """A plan that gives columns by ``row``, and the features it is asked for."""

    plan: pl.LazyFrame
    features: tuple[Feature, ...]


def _values(frames: Frames, features: Sequence[Feature]) -> Iterator[Asked]:
    """Ask for the values of kept rows, features that keep the same together. A row that keeps none is absent."""
    for group in _grouped(features):
        values = [(f.value if f.finish else f.value.cast(pl.Float64)).alias(f.name) for f in group]
        shares = [f.of.cast(pl.Float64).alias(f"{f.name}__of") for f in group if f.of is not None]
        kept = [pl.lit(1.0).alias(f"{f.name}__kept") for f in group if f.empty is not None]
        yield Asked(_kept(frames, group).group_by("row").agg(*values, *shares, *kept), tuple(group))


def _grouped(features: Sequence[Feature]) -> list[list[Feature]]:
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


def _kept(frames: Frames, group: Sequence[Feature]) -> pl.LazyFrame:
    """Rows that a group of features keeps, with the columns of the child that they name."""
    first, named = group[0], names_in(e for f in group for e in f.expressions)
    if first.over == "records" and first.where is not None and frames.asks_records(first.where):
        return frames.and_child(frames.records_where(first.where, first.window, named), named & CHILD.keys())
    return first.kept(with_child(frames, group))


def with_child(frames: Frames, group: Sequence[Feature], also: Iterable[str] = ()) -> pl.LazyFrame:
    """Return the frame that features count over, with the columns of the child that they name."""
    frame = frames[group[0].over]
    named = names_in(e for f in group for e in f.expressions) | set(also)
    return frames.and_child(frame.lazy(), (named & CHILD.keys()) - set(frame.columns))


def names_in(expressions: Iterable[pl.Expr]) -> set[str]:
    """Columns that expressions name."""
    return {name for e in expressions for name in e.meta.root_names()}


def asks_the_child(question: pl.Expr) -> bool:
    """Whether something is asked of the child alone, and not of its rows."""
    return set(question.meta.root_names()) <= CHILD.keys()


def _questions(frames: Frames, features: Sequence[Feature]) -> Iterator[Asked]:
    """Ask what is empty and whether a question arises: of the child alone where that will do, else of its frame."""
    asked = [(f, e.alias(f"{f.name}__{what}")) for f in features for what, e in _asking(f)]
    of_child = [(f, e) for f, e in asked if asks_the_child(e)]
    if of_child:
        names = names_in(e for _, e in of_child)
        child = pl.LazyFrame([frames.look.spine["row"], *(frames.of_child(n) for n in sorted(names))])
        yield Asked(child.select("row", *(e for _, e in of_child)), tuple(f for f, _ in of_child))
    for over in dict.fromkeys(f.over for f, e in asked if not asks_the_child(e)):
        mine = [(f, e) for f, e in asked if f.over == over and not asks_the_child(e)]
        group = tuple(f for f, _ in mine)
        yield Asked(with_child(frames, group).group_by("row").agg(e for _, e in mine), group)


def _asking(feature: Feature) -> Iterator[tuple[str, pl.Expr]]:
    if isinstance(feature.empty, pl.Expr):
        yield "empty", feature.empty.cast(pl.Float64)
    if feature.arises is not None:
        yield "arises", feature.arises.cast(pl.Float64)


def _told(frames: Frames, features: Sequence[Feature]) -> Iterator[Asked]:
    """Ask which share of the rows a feature asks about says what it asks; a row that asks about none is absent."""
    for feature in features:
        if feature.coverage is not None:
            asked = feature.within(with_child(frames, [feature])).filter(feature.coverage.asked)
            told = feature.coverage.told.mean().cast(pl.Float64).alias(f"{feature.name}__told")
            yield Asked(asked.group_by("row").agg(told), (feature,))


def _collected(asked: Sequence[Asked]) -> list[pl.DataFrame]:
    """Collect everything at once, and take the last step of those features that have one."""
    try:
        found = pl.collect_all([each.plan for each in asked])
    except pl.exceptions.PolarsError:
        for each in asked:
            _refuse_broken(each)
        raise
    return [_finished(each, rows) for each, rows in zip(asked, found, strict=True)]


def _refuse_broken(asked: Asked) -> None:
    """Name the feature whose expression fails."""
    try:
        asked.plan.collect()
    except pl.exceptions.PolarsError as error:
        names = " or ".join(dict.fromkeys(f'"{f.name}"' for f in asked.features))
        raise ArgumentError(
            f"The feature {names} cannot be counted: {type(error).__name__}.",
            expected=f'expressions over the columns of the frame "{asked.features[0].over}", the value an aggregation',
            fix="see the columns in earlywarn.features.frames",
        ) from None


def _finished(asked: Asked, rows: pl.DataFrame) -> pl.DataFrame:
    last = [f for f in asked.features if f.finish is not None and f.name in rows.columns]
    return rows.with_columns(f.finish(rows[f.name]).cast(pl.Float64).alias(f.name) for f in last if f.finish)


def _spread(found: Sequence[pl.DataFrame], size: int) -> dict[str, Column]:
    """Spread columns by row over the whole spine; where a row is absent there is no number."""
    whole = {}
    for rows in found:
        places = rows["row"].to_numpy()
        for column in rows.columns:
            if column != "row":
                whole[column] = np.full(size, np.nan)
                whole[column][places] = rows[column].to_numpy()
    return whole


def _value(feature: Feature, whole: dict[str, Column]) -> Column:
    """Put together what the kept rows say, what is empty, whether the question arises, and whether enough is told."""
    values, name = whole[feature.name], feature.name
    if feature.empty is not None:
        empty = whole[f"{name}__empty"] if isinstance(feature.empty, pl.Expr) else float(feature.empty)
        values = np.where(whole[f"{name}__kept"] == 1, values, empty)
    if feature.arises is not None and asks_the_child(feature.arises):
        values = np.where(whole[f"{name}__arises"] == 1, values, np.nan)
    if feature.coverage is not None:
        values = np.where(whole[f"{name}__told"] < feature.coverage.least, np.nan, values)
    return values


def _framed(columns: Mapping[str, npt.NDArray[np.generic]]) -> pl.DataFrame:
    return pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
