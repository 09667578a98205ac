"""One pass from records to features: every child, as-of day and viewer together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, nearest
from earlywarn.features.catalogue import CORE
from earlywarn.features.counting import counted, names_in
from earlywarn.features.everyone import everyone, needs_of_all
from earlywarn.features.frames import CHILD, FRAMES, Frames
from earlywarn.features.sets import refuse_borrowed
from earlywarn.features.table import HELD, KEYS, FeatureTable
from earlywarn.history.lookback import asked_days, asked_viewers, look_back
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import FACTS, ORGANISATIONS
from earlywarn.records.schema import RECORD_TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from earlywarn.features.everyone import Everyone
    from earlywarn.features.feature import Feature
    from earlywarn.records.tables import Records

__all__ = ["HELD", "KEYS", "FeatureTable", "build_features"]


def build_features(
    records: Records,
    as_of: str | dt.date | Sequence[str | dt.date],
    *,
    viewers: str | Sequence[str] = POOLED,
    features: Sequence[Feature] = CORE,
    children: Sequence[str] | None = None,
    others: Everyone | None = None,
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
        Only these children's rows, by any of their ids. Whether a feature can be told at all is still judged on
        everyone's records.
    others : Everyone, optional
        What everyone's records carried, where it has been found before or these records are a part of them; see
        `earlywarn.features.everyone`.

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
    refuse_unfit(features)
    look = look_back(records, days, seats, children)
    whole = look if children is None else None
    known = others if others is not None else everyone(records, days, needs_of_all(features), whole)
    frames = Frames(look, known, FRAMES, CHILD, _columns_of(features))
    values, parts = counted(frames, features)
    coverage = _coverage(known, days, features)
    held = frames.of_child("first_days_ago").is_not_null().alias(HELD)
    return FeatureTable(
        values=_without_uncovered(look.spine.select("row", *KEYS).hstack(values), coverage),
        parts=look.spine.select("row").hstack([held]).hstack(parts),
        coverage=coverage,
        features=tuple(features),
        viewers=tuple(seats),
        frames=frames,
    )


def _columns_of(features: Sequence[Feature]) -> Mapping[str, frozenset[str]] | None:
    """Columns that the features' values ask for, by frame; None, for all, where one takes columns by a pattern."""
    asked: dict[str, frozenset[str]] = {}
    for f in features:
        expressions = [e for e in f.expressions if e is not f.sets and e is not f.part]
        if any(e.meta.has_multiple_outputs() for e in expressions):
            return None
        asked[f.over] = asked.get(f.over, frozenset()) | names_in(expressions)
    return asked


def refuse_unfit(features: Sequence[Feature]) -> None:
    """Refuse two features of one name, one over a frame or in need of something that there is not, and one borrowed.

    Raises
    ------
    ArgumentError
        Naming the feature.

    """
    names = [f.name for f in features]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ArgumentError(
            f"Two features are called {', '.join(twice)}.", expected="one name each", fix="rename one of them"
        )
    for feature in features:
        strange = [need for need in feature.needs if not _is_need(need)]
        if feature.over not in FRAMES or strange:
            raise ArgumentError(
                f'The feature "{feature.name}" counts over "{feature.over}" and needs {list(feature.needs)}.',
                expected="one of the frames " + ", ".join(FRAMES) + "; needs that are tables, table.column, "
                "facts:key or contacts@organisation",
                fix=nearest(feature.over, FRAMES) or "see earlywarn.records.schema",
            )
    refuse_borrowed(features)


def _is_need(need: str) -> bool:
    """Whether there is such a thing to need; of several joined by ``|`` one is enough."""
    if "|" in need:
        return all(_is_need(each) for each in need.split("|"))
    table, _, column = need.partition(".")
    if need.startswith("facts:"):
        return need.partition(":")[2] in FACTS
    if need.startswith("contacts@"):
        return need.partition("@")[2] in ORGANISATIONS
    return table in RECORD_TABLES and (not column or column in RECORD_TABLES[table].schema)


def _coverage(known: Everyone, days: Sequence[dt.date], features: Sequence[Feature]) -> pl.DataFrame:
    """List what features need and nobody's records had, day by day: judged on what anyone knew, of all children."""
    lacking = [
        (day, f.name, need)
        for f in features
        for need in f.needs
        for day in sorted(set(days))
        if day not in known.carried.get(need, frozenset())
    ]
    schema = {"as_of": pl.Date, "feature": pl.String, "need": pl.String}
    return pl.DataFrame(lacking, schema=schema, orient="row").sort(pl.all())


def _without_uncovered(whole: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    blind = {str(name): list(rows["as_of"]) for (name,), rows in coverage.group_by("feature", maintain_order=True)}
    return whole.with_columns(
        pl.when(~pl.col("as_of").is_in(days)).then(name).alias(name) for name, days in blind.items()
    )
