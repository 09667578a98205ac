"""What the contract refuses of finished records, said of the source's rows that gave rise to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import FINDINGS_SCHEMA, ROW
from earlywarn.records.mapping.emit import NAME, TABLE
from earlywarn.records.mapping.layout import named_in
from earlywarn.records.mapping.marks import N
from earlywarn.records.mapping.versions import ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.records.mapping.layout import Layout

ORPHANED = "EW-R13"
"""What refuses a record because another was refused: not its own row's doing while there is any other finding."""


def blame(quarantine: pl.DataFrame, ids: pl.DataFrame, layout: Layout) -> dict[str, pl.DataFrame]:
    """Return findings by table: the rows whose records the contract refuses.

    Parameters
    ----------
    quarantine : polars.DataFrame
        What the contract refused, in `QUARANTINE_SCHEMA`.
    ids : polars.DataFrame
        Which row gave rise to which record: ``_table, _as, _n, record_id``.
    layout : Layout
        The mapping, to name the source's own column.

    """
    if quarantine.is_empty():
        return {}
    own = quarantine.filter(pl.col("rule") != ORPHANED)
    lines = (quarantine if own.is_empty() else own).select(
        pl.coalesce(_said("record_id"), _said("started_by")).alias(ID), "column", "rule"
    )
    found = lines.drop_nulls(ID).join(ids, on=ID).unique([TABLE, N, "rule"], keep="first", maintain_order=True)
    named = found.with_columns(
        pl.struct(TABLE, NAME, "column")
        .map_batches(lambda cells: _columns(cells, layout), return_dtype=pl.String)
        .alias("column")
    )
    return {
        str(table): rows.select(pl.col(N).alias(ROW), "column", "rule").cast(FINDINGS_SCHEMA)
        for (table,), rows in named.group_by(TABLE, maintain_order=True)
    }


def _said(column: str) -> pl.Expr:
    """Value of a column in a refused row kept as JSON."""
    return pl.col("content").str.json_path_match(f"$.{column}")


def _columns(cells: pl.Series, layout: Layout) -> pl.Series:
    """Name the source's own column for the contract's, where one stands behind it."""
    seen = cells.unique()
    own = {(c[TABLE], c[NAME], c["column"]): _column(c, layout) for c in seen}
    return pl.Series([own[c[TABLE], c[NAME], c["column"]] for c in cells], dtype=pl.String)


def _column(cell: Mapping[str, str], layout: Layout) -> str:
    records = {r.name: r for r in layout.tables[cell[TABLE]].records}
    record = records[cell[NAME]]
    hung = (record.cells, record.facts, *record.concerns, *record.people, *record.households, *record.sharing)
    spans = [
        {"start_on": e.start_on, "end_on": e.end_on, "category": e.category}
        for e in layout.tables[cell[TABLE]].episodes
    ]
    times = {"occurred_at": record.occurred, "known_at": list(record.known), "recorded_at": list(record.known)}
    behind = (cells.get(_MAPPED.get(cell["column"], cell["column"])) for cells in (times, *hung, *spans))
    return next((name for given in behind for name in named_in(given)), cell["column"])


_MAPPED = {"person_id": "person", "household_id": "household", "to_agency": "to", "shared_at": "at"}
"""Columns of the contract that a mapping calls otherwise."""
