"""What a source takes back: each record that a row has ever given rise to is followed by a withdrawal.

A source that voids a row sends its key and nothing else (a *purge*, a resource entered in error). The records it takes
back may come from an older delivery, and with a row goes all that refers to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.mapping.emit import NAME, TABLE, cell
from earlywarn.records.mapping.hashing import digest
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, OWN_KEY, SHEET, N, number_of
from earlywarn.records.mapping.versions import ID
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.records.mapping.layout import Layout, Table
    from earlywarn.records.mapping.rows import Rows

WHEN, BY, AT = "_withdrawn_at", "_withdrawn_by", "_withdrawn_extract"
_MARKS = [BY, WHEN, AT, "_basis", "_sheet_by", "_row_by"]
_KEPT = ["child_id", "agency", "held_by", "about"]


def with_withdrawals(
    settled: pl.DataFrame, ids: pl.DataFrame, judged: Mapping[str, Rows], layout: Layout
) -> tuple[pl.DataFrame, list[str]]:
    """Add a withdrawal for every record that a row of a withdrawing table takes back.

    Parameters
    ----------
    settled, ids : polars.DataFrame
        From `earlywarn.records.mapping.versions.settle`.
    judged : mapping of str to Rows
        The rows of every table.
    layout : Layout
        The mapping; `Table.withdraws` names the table whose rows a table's rows take back.

    Returns
    -------
    settled : polars.DataFrame
        With the withdrawals: known when the source says so (`Table.withdrawn`), and never before what they take back.
    notes : list of str
        How many rows take back what was never given.

    """
    made, notes = [settled], []
    for rows in judged.values():
        if rows.table.withdraws:
            taken = _taken_back(rows, judged).join(ids, on=[TABLE, N], how="inner")
            made.append(_withdrawals(taken, settled, rows.table, layout))
            idle = rows.accepted.height - taken[BY].n_unique()
            notes += [f"{rows.table.name}: {count_of(idle, 'row')} take back what was never given"] if idle else []
    if len(made) == 1:
        return settled, notes
    return pl.concat(made, how="diagonal").unique(ID, keep="first", maintain_order=True), notes


def _taken_back(rows: Rows, judged: Mapping[str, Rows]) -> pl.DataFrame:
    """Rows of any table, by number, that the rows of one table take back; never those of a later delivery."""
    table = rows.table
    by = rows.accepted.select(
        OWN_KEY,
        CHILD,
        pl.col(N).alias(BY),
        pl.coalesce(*(cell(c, table, pl.Datetime("us")) for c in table.withdrawn)).alias(WHEN),
        pl.col(EXTRACT_AT).alias(AT),
        _basis(table),
        pl.col(SHEET).alias("_sheet_by"),
        pl.col(ROW).alias("_row_by"),
    )
    if any(r.table.child_in == table.withdraws for r in judged.values()):
        others = {n: r for n, r in judged.items() if not r.table.withdraws}
        found = [_numbers(name, r.frame.join(by, on=CHILD)) for name, r in others.items()]
        return pl.concat(found) if found else _nothing(by)
    if table.withdraws not in judged:
        return _nothing(by)
    return _with_dependents(table.withdraws, judged[table.withdraws].frame.join(by, on=OWN_KEY), judged)


def _with_dependents(name: str, whole: pl.DataFrame, judged: Mapping[str, Rows]) -> pl.DataFrame:
    """Rows of one table, and those that refer to them, however far."""
    found = [_numbers(name, whole)]
    for other, rows in judged.items():
        for column in (c for c, to in rows.table.refers.items() if to.table == name and not to.by and other != name):
            on = found[0].drop(TABLE).rename({N: number_of(column)})
            found.append(_with_dependents(other, rows.frame.join(on, on=number_of(column)), judged))
    return pl.concat(found)


def _numbers(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    before = frame.filter(pl.col(EXTRACT_AT) <= pl.col(AT))
    return before.select(pl.lit(name).alias(TABLE), pl.col(N).cast(pl.UInt32), *_MARKS).unique(maintain_order=True)


def _nothing(by: pl.DataFrame) -> pl.DataFrame:
    return by.clear().select(pl.lit("").alias(TABLE), pl.lit(0, pl.UInt32).alias(N), *_MARKS)


def _basis(table: Table) -> pl.Expr:
    said = [cell(c, table, pl.Datetime("us")).is_not_null() for c in table.withdrawn if c != "extract"]
    return (
        pl.when(pl.any_horizontal(said) if said else pl.lit(value=False))
        .then(pl.lit("source"))
        .otherwise(pl.lit("extract"))
        .alias("_basis")
    )


def _withdrawals(taken: pl.DataFrame, settled: pl.DataFrame, table: Table, layout: Layout) -> pl.DataFrame:
    """One withdrawal a record: the first that takes it back."""
    known = settled.select(ID, "known_at", *_KEPT)
    joined = taken.join(known, on=ID, how="inner").with_columns(pl.max_horizontal(WHEN, "known_at").alias("known_at"))
    first = joined.sort("known_at", AT, BY).unique(ID, keep="first", maintain_order=True)
    return first.select(
        digest(layout.source.name, "withdrawal", pl.col(ID)).alias(ID),
        pl.lit(table.name).alias(TABLE),
        pl.lit("withdrawal").alias(NAME),
        pl.col(BY).alias(N),
        pl.col("_sheet_by").alias(SHEET),
        pl.col("_row_by").alias(ROW),
        pl.col(AT).alias(EXTRACT_AT),
        *_KEPT,
        pl.lit("withdrawal").alias("kind"),
        pl.lit("unknown").alias("occurred_precision"),
        "known_at",
        pl.col("known_at").alias("recorded_at"),
        pl.col("_basis").alias("recorded_basis"),
        pl.col(ID).alias("_corrects"),
        pl.lit(value=False).alias("_closes"),
    )
