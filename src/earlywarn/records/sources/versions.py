"""One record told in several deliveries is one record; told otherwise by a later one, it has been corrected."""

from __future__ import annotations

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.sources.emit import BASE, NAME, SAID, TABLE
from earlywarn.records.sources.hashing import digest
from earlywarn.records.sources.marks import EXTRACT_AT, SHEET, N

ID = "record_id"
ADDS = ("conclusion", "withdrawal")
"""Kinds that correct nothing: one that says otherwise stands beside the older."""


def settle(records: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give every record its id, keep each version once, and let a later version follow the first.

    Parameters
    ----------
    records : polars.DataFrame
        From `earlywarn.records.sources.emit.records_of`, all tables under one another.
    prefix : str
        What ids begin with.

    Returns
    -------
    records : polars.DataFrame
        One row a record, with ``record_id``; versions after the first have ``_corrects``, the id of the first, and
        are known from their own delivery's day.
    ids : polars.DataFrame
        ``_table``, ``_as``, ``_n`` and ``record_id``: of every row, also those that only said it again.

    """
    order = _versions(records.sort(EXTRACT_AT, "known_at", TABLE, NAME, SHEET, ROW, N))
    adds, first = pl.col("kind").is_in(ADDS), pl.col("_version") == 1
    of_version = digest(prefix, pl.col(BASE), pl.col(SAID), pl.col("_again"))
    order = order.with_columns(pl.when(adds | ~first).then(of_version).otherwise(pl.col(BASE)).alias(ID))
    corrects = ~adds & ~first
    known = pl.max_horizontal("known_at", pl.when(corrects).then(pl.col(EXTRACT_AT)))
    order = order.with_columns(
        _corrects=pl.when(corrects).then(pl.col(BASE)),
        known_at=known,
        recorded_at=pl.when(corrects).then(known).otherwise(pl.col("recorded_at")),
        recorded_basis=pl.when(corrects).then(pl.lit("extract")).otherwise(pl.col("recorded_basis")),
    )
    kept = order.filter("_new").unique(ID, keep="first", maintain_order=True)
    return kept, order.select(TABLE, NAME, N, ID)


def _versions(order: pl.DataFrame) -> pl.DataFrame:
    """Count the versions of each record, and how often the same words came back; most records have only one."""
    many = order.select(pl.col(BASE).is_duplicated()).to_series()
    same = (pl.col(SAID) == pl.col(SAID).shift(1).over(BASE)).fill_null(value=False)
    told = (
        order.with_row_index("_at")
        .filter(many)
        .with_columns(_new=~same)
        .with_columns(_version=pl.col("_new").cum_sum().over(BASE))
        .select("_at", "_new", "_version", _again=pl.col("_version").rank("dense").over(BASE, SAID))
    )
    joined = order.with_row_index("_at").join(told, on="_at", how="left", maintain_order="left").drop("_at")
    return joined.with_columns(
        pl.col("_new").fill_null(value=True), pl.col("_version").fill_null(1), pl.col("_again").fill_null(1)
    )
