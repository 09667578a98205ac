"""What a row refers to: the row of another table, in its own delivery or another, and whose child it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import Check
from earlywarn.records.mapping.marks import (
    CHILD,
    COPY_OF,
    EXTRACT_AT,
    KEY,
    OWN_KEY,
    N,
    child_of,
    key_of,
    number_of,
    there,
    written,
)
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.records.mapping.layout import Refer, Table
    from earlywarn.records.mapping.rows import Rows


def refer(
    frame: pl.DataFrame, table: Table, judged: Mapping[str, Rows], prefix: str, notes: list[str]
) -> tuple[pl.DataFrame, list[Check]]:
    """Join what a row refers to. A row that leads nowhere is refused, unless the reference may be left open."""
    checks: list[Check] = []
    for column, to in table.refers.items():
        wanted = [n.partition(".")[2] for n in _dotted(table) if n.startswith(f"{column}.")]
        named, found = pl.col(written(column)).is_not_null(), pl.col(there(column))
        if to.table not in judged:
            notes.append(f"{table.name}: {to.table} was not given; {column} leads nowhere")
            frame = _leads_nowhere(frame, column, wanted, table)
            checks += [] if table.child else [Check(named, column, "EW-R27")]
            continue
        frame = _joined(frame, column, judged[to.table], wanted, to)
        other = pl.col(child_of(column)) != pl.lit(f"{prefix}-") + pl.col(table.child) if table.child else pl.lit(False)
        if to.optional:
            frame = _left_open(frame, column, (found == 0) | other)
            open_ends = int(frame.select((named & found.is_null()).sum()).item())
            notes += [f"{table.name}: {column} leads nowhere in {count_of(open_ends, 'row')}"] if open_ends else []
        else:
            checks += [
                Check(named & found.is_null(), column, "EW-R27"),
                Check(found == 0, column, "EW-R19"),
                *([Check(other, column, "EW-R14")] if table.child else []),
            ]
    return frame, checks


def _left_open(frame: pl.DataFrame, column: str, where: pl.Expr) -> pl.DataFrame:
    """Forget what an optional reference leads to: a row that was refused, or one of another child."""
    joined = [c for c in frame.columns if c.startswith((f"{column}|", f"{column}.")) and c != written(column)]
    return frame.with_columns(pl.when(~where.fill_null(value=False)).then(pl.col(c)).alias(c) for c in joined)


def _dotted(table: Table) -> list[str]:
    names = [n for r in table.records for n in r.columns()]
    return list(dict.fromkeys(n for n in names if n not in table.columns))


def _leads_nowhere(frame: pl.DataFrame, column: str, wanted: list[str], table: Table) -> pl.DataFrame:
    empty = {
        child_of(column): pl.String(),
        number_of(column): pl.UInt32(),
        there(column): pl.Int8(),
        **{f"{column}.{w}": _dtype(table.reached[f"{column}.{w}"].holds) for w in wanted},
        **{written(f"{column}.{w}"): pl.String() for w in wanted},
    }
    return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in empty.items())


def _dtype(holds: str) -> pl.DataType:
    plainly: dict[str, pl.DataType] = {
        "id": pl.String(),
        "text": pl.String(),
        "day": pl.Date(),
        "moment": pl.Datetime("us"),
        "yes_no": pl.Boolean(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
    }
    return plainly.get(holds, pl.List(pl.String()))


def _joined(frame: pl.DataFrame, column: str, parent: Rows, wanted: list[str], to: Refer) -> pl.DataFrame:
    """Join the row referred to: of its own delivery, else of the newest before it, else of the oldest after it."""
    rows = _referred(column, parent, wanted, to.by).sort(there(column), number_of(column))
    here = rows.unique([column, "_delivery"], keep="last", maintain_order=True).drop(EXTRACT_AT)
    joined = frame.select(N, column, "_delivery", EXTRACT_AT)
    joined = joined.join(here, on=[column, "_delivery"], how="left", maintain_order="left")
    added = [c for c in here.columns if c not in {column, "_delivery"}]
    if not to.here:
        joined = _from_elsewhere(joined, rows.drop("_delivery"), column, added)
    return frame.hstack(joined.select(added))


def _from_elsewhere(joined: pl.DataFrame, rows: pl.DataFrame, column: str, added: list[str]) -> pl.DataFrame:
    lost = joined.filter(pl.col(there(column)).is_null() & pl.col(column).is_not_null())
    if lost.is_empty():
        return joined
    asked = lost.select(N, column, EXTRACT_AT).sort(EXTRACT_AT)
    found: list[pl.DataFrame] = []
    for sound in (1, 0):  # a row that was accepted before one that was refused
        offered = rows.filter(pl.col(there(column)) == sound).sort(EXTRACT_AT, number_of(column))
        found += [
            asked.join_asof(offered, on=EXTRACT_AT, by=column, strategy=which, check_sortedness=False)
            for which in ("backward", "forward")
        ]
    met = pl.concat(found).drop_nulls(there(column)).unique(N, keep="first", maintain_order=True)
    beside = joined.select(N).join(met.select(N, *added), on=N, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(pl.col(c), beside[c]).alias(c) for c in added)


def _referred(column: str, parent: Rows, wanted: list[str], by: str) -> pl.DataFrame:
    """Rows of the table referred to, under the name by which they are referred to."""
    refused = pl.col(N).is_in(parent.findings["_row"].implode())
    rows = parent.frame.select(
        pl.col(written(by) if by else OWN_KEY).alias(column),
        "_delivery",
        EXTRACT_AT,
        (pl.lit(None, pl.String) if by else pl.col(KEY)).alias(key_of(column)),
        pl.col(COPY_OF).alias(number_of(column)),
        pl.col(CHILD).alias(child_of(column)),
        (~refused).cast(pl.Int8).alias(there(column)),
        *(pl.col(w).alias(f"{column}.{w}") for w in wanted),
        *(pl.col(written(w)).alias(written(f"{column}.{w}")) for w in wanted),
    ).drop_nulls(column)
    of_one_child = pl.col(child_of(column)).n_unique().over(column, "_delivery") == 1
    return rows.filter(of_one_child) if by else rows
