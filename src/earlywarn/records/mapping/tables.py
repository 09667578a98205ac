"""The contract's tables out of what several deliveries say: one row an episode, one row a child, in a fixed order.

Mappings and the census share these rules: whatever the format, the same things said give the same tables.
"""

from __future__ import annotations

import polars as pl

from earlywarn.records.mapping.marks import EXTRACT_AT, HELD_AT, SHEET, N
from earlywarn.records.schema import TABLES
from earlywarn.words import count_of

LIFE = ("birth_on", "expected_birth_on", "death_on")
"""Days of a child's life."""


def fit(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """All columns of the contract's table, in its order and types."""
    schema = TABLES[name].schema
    lacking = [pl.lit(None, dtype).alias(c) for c, dtype in schema.items() if c not in frame.columns]
    return frame.with_columns(lacking).select(pl.col(c).cast(dtype) for c, dtype in schema.items())


def in_order(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Order that does not depend on that of rows, files or deliveries."""
    first = [c for c in ("child_id", "known_at", "record_id") if c in frame.columns]
    rest = [c for c in TABLES[name].key or TABLES[name].schema if c not in first]
    return frame.sort([*first, *rest], nulls_last=True)


def beside(frame: pl.DataFrame, narrow: pl.DataFrame, on: str | list[str]) -> pl.DataFrame:
    """Join on some columns without copying the others: a million rows are wide."""
    keys = [on] if isinstance(on, str) else on
    joined = frame.select(keys).join(narrow, on=keys, how="left", maintain_order="left").drop(keys)
    return frame.hstack(joined)


def held_before(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Say of each key and extract when the newest earlier extract was made that already held the key.

    Returns
    -------
    polars.DataFrame
        The key, ``_extract_at`` and ``_held_at``; nothing for the first extract of a key.

    """
    times = rows.select(key, EXTRACT_AT).unique().sort(key, EXTRACT_AT)
    earlier = pl.when(pl.col(key) == pl.col(key).shift(1)).then(pl.col(EXTRACT_AT).shift(1))
    return times.with_columns(earlier.alias(HELD_AT)).drop_nulls(HELD_AT)


def one_row_an_episode(told: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Take the first start that a delivery gives and the first end, and note where a later one gives another.

    An episode's row has one end, and a later one must not be seen before it was known.
    """
    ends = pl.col("ended_by", "end_on").sort_by(pl.col("ended_by").is_null(), maintain_order=True).first()
    spans = (
        told.sort(EXTRACT_AT, SHEET, N)
        .group_by("episode_id", maintain_order=True)
        .agg(
            pl.col("child_id", "kind", "category", "started_by", "start_on").first(),
            ends,
            _ends=pl.col("end_on").drop_nulls().n_unique(),
        )
    )
    changed = int((spans["_ends"] > 1).sum())
    said = f"{count_of(changed, 'episode')} with another end in a later file: the first is kept"
    return fit(spans, "episodes"), (said,) if changed else ()


def one_row_a_child(births: pl.DataFrame) -> pl.DataFrame:
    """Take the days of life that the sources agree on; of several days expected the newest counts.

    A child with two days of birth may be two children, so it has no day at all: a person must find out.
    """
    told = births.sort(EXTRACT_AT, SHEET, "expected_birth_on")
    one = {n: pl.col(n).drop_nulls() for n in LIFE}
    days = {
        "birth_on": one["birth_on"].first(),
        "expected_birth_on": one["expected_birth_on"].last(),
        "death_on": pl.when(one["death_on"].n_unique() == 1).then(one["death_on"].first()),
    }
    agreed = one["birth_on"].n_unique() <= 1
    rows = told.group_by("child_id", maintain_order=True).agg(
        pl.when(agreed).then(day).alias(name) for name, day in days.items()
    )
    return fit(rows, "children")
