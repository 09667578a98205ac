"""Are values of two engines the same? Asked before anything is timed."""

from __future__ import annotations

import polars as pl

from earlywarn.features.catalogue import CORE

NAMES = tuple(feature.name for feature in CORE)
KEYS = ["child_id", "as_of"]
CLOSE = 1e-9


def assert_same(ours: pl.DataFrame, theirs: pl.DataFrame, rival: str) -> int:
    """Compare every core feature of every row and return how many values were; the first difference is named.

    Raises
    ------
    AssertionError
        Other rows, or a value further apart than 1e-9, or null on one side alone.

    """
    kinds = {"child_id": pl.String(), "as_of": pl.Date()} | dict.fromkeys(NAMES, pl.Float64())
    a, b = (frame.select(*KEYS, *NAMES).cast(kinds).sort(KEYS) for frame in (ours, theirs))
    if not a.select(KEYS).equals(b.select(KEYS)):
        raise AssertionError(f"{rival} answers for other children or days than the library ({b.height} and {a.height})")
    for name in NAMES:
        mine, its = a[name], b[name]
        same = ((mine - its).abs() <= CLOSE).fill_null(value=False) | (mine.is_null() & its.is_null())
        if not same.all():
            place = (~same).arg_max() or 0
            child, day = a.select(KEYS).row(place)
            raise AssertionError(
                f"{name} of child {child} on {day} is {mine[place]} by the library and {its[place]} by {rival}; "
                f"{(~same).sum()} of {a.height} rows differ"
            )
    return a.height * len(NAMES)
