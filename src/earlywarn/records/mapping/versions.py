"""One record told in several deliveries is one record; told otherwise by a later one, it has been corrected.

Nothing that only a later delivery tells is known before that delivery was made: not a changed record, not a changed
conclusion, and not a record that an earlier delivery should already have told of, since its day had come and the row
was there without it.
"""

from __future__ import annotations

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.mapping.emit import BASE, NAME, SAID, TABLE
from earlywarn.records.mapping.hashing import digest
from earlywarn.records.mapping.marks import EXTRACT_AT, HELD_AT, SHEET, N

ID, FIRST = "record_id", "_first_id"
"""A record's id, and that of its first version."""

ADDS = ("conclusion", "withdrawal")
"""Kinds that correct nothing: one that says otherwise stands beside the older."""


def settle(records: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give every record its id, keep each version once, and let each correction follow the version before it.

    Parameters
    ----------
    records : polars.DataFrame
        From `earlywarn.records.mapping.emit.records_of`, all tables under one another.
    prefix : str
        What ids begin with.

    Returns
    -------
    records : polars.DataFrame
        One row a record, with ``record_id`` and ``_version``; versions after the first have ``_corrects``, the id of
        the one before, and are known from their own delivery's day.
    ids : polars.DataFrame
        ``_table``, ``_as``, ``_n``, ``record_id``, ``_first_id`` and ``_base``: of every row, also those that only said
        it again.

    """
    records = records.hstack(_versions(records, prefix))
    adds, later = pl.col("kind").is_in(ADDS), pl.col("_version") > 1
    overdue = pl.col("known_at").dt.date() <= pl.col(HELD_AT).dt.date()
    late = (later | overdue).fill_null(value=False)
    known = pl.when(late).then(pl.max_horizontal("known_at", EXTRACT_AT)).otherwise("known_at")
    unchanged = adds & later & (pl.col("outcome") == pl.col("_outcome_before"))
    records = records.with_columns(
        pl.when(adds).then(pl.col(ID)).otherwise(pl.col(BASE)).alias(FIRST),
        _corrects=pl.when(~adds & later).then("_before"),
        known_at=known,
        recorded_at=pl.when(late).then(known).otherwise("recorded_at"),
        recorded_basis=pl.when(late).then(pl.lit("extract")).otherwise("recorded_basis"),
        outcome=pl.when(~unchanged.fill_null(value=False)).then("outcome"),
    )
    ids = records.select(TABLE, NAME, N, ID, FIRST, BASE)
    return (records if records["_new"].all() else records.filter("_new")), ids


def _versions(records: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Find id and version of each record, and the version before; most records have only one."""
    columns = ["kind", BASE, SAID, EXTRACT_AT, "known_at", TABLE, NAME, SHEET, ROW, N, "outcome"]
    numbered = records.select(columns).with_row_index("_at")
    adds = pl.col("kind").is_in(ADDS)
    several = numbered.filter(pl.col(BASE).is_duplicated() | adds)
    same = (pl.col(SAID) == pl.col(SAID).shift(1).over(BASE)).fill_null(value=False)
    told = (
        several.sort(EXTRACT_AT, "known_at", TABLE, NAME, SHEET, ROW, N)
        .with_columns(_new=~same)
        .with_columns(_version=pl.col("_new").cum_sum().over(BASE))
        .with_columns(_again=pl.col("_version").rank("dense").over(BASE, SAID))
    )
    of_version = digest(prefix, pl.col(BASE), pl.col(SAID), pl.col("_again"))
    told = told.with_columns(pl.when(adds | (pl.col("_version") > 1)).then(of_version).otherwise(BASE).alias(ID))
    before = [pl.col(c).shift(1).over(BASE).alias(a) for c, a in ((ID, "_before"), ("outcome", "_outcome_before"))]
    told = told.select("_at", ID, "_new", "_version", *before)
    if told.is_empty():
        return records.select(
            pl.col(BASE).alias(ID),
            _new=pl.lit(value=True),
            _version=pl.lit(1, pl.UInt32),
            _before=pl.lit(None, pl.String),
            _outcome_before=pl.lit(None, pl.String),
        )
    whole = numbered.select("_at", BASE).join(told, on="_at", how="left", maintain_order="left")
    return whole.select(
        pl.coalesce(ID, BASE).alias(ID),
        pl.col("_new").fill_null(value=True),
        pl.col("_version").fill_null(1),
        "_before",
        "_outcome_before",
    )
