"""The records that accepted rows give rise to, and what hangs on them, as the mapping says."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW, Check
from earlywarn.records.mapping.cells import codes_in
from earlywarn.records.mapping.hashing import digest, fingerprint
from earlywarn.records.mapping.layout import EXTRACT, Cell, Column, Layout, Record, Ref, Table, named_in, plain
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, HELD_AT, KEY, SHEET, N, number_of, written
from earlywarn.records.schema import CONTACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earlywarn.records.mapping.rows import Rows

TABLE, NAME = "_table", "_as"
"""The table and the name, within its row, of a record: with the row's number, what tells it from all others."""

BASE, SAID = "_base", "_said"
"""Id of a record whatever it says, and what it says."""

PSEUDONYMS = ("worker_id", "place_id")
TYPED = ("id", "text", "day", "moment", "yes_no", "integer", "number")
"""What a column holds that is one value; any other holds the list of what its codes mean."""


def cell(given: Cell, table: Table, want: pl.DataType | None = None) -> pl.Expr:
    """Value of a cell for every row: a literal, a column, or the first of several that is filled."""
    want = want or pl.String()
    if isinstance(given, list):
        return pl.coalesce(*(cell(g, table, want) for g in given))
    if given == EXTRACT and want.is_temporal():
        return pl.col(EXTRACT_AT).cast(want)
    names = named_in(given)
    if not names:
        return pl.lit(given).cast(want)
    return _as(pl.col(names[0]), holds(names[0], table), want)


def holds(name: str, table: Table) -> str:
    """Say what a column holds, its own or one of a row referred to."""
    return table.reached[name].holds


def _as(column: pl.Expr, holds: str, want: pl.DataType) -> pl.Expr:
    if holds == "day" and want == pl.Datetime("us"):
        return column.cast(want)
    if holds in {"day", "moment"} and want == pl.Date():
        return column.cast(pl.Date)
    if holds in TYPED:
        return column.cast(want, strict=False)
    first = column.list.first()
    return first == "true" if want == pl.Boolean() else first.cast(want, strict=False)


def known_at(record: Record, table: Table) -> pl.Expr:
    """Moment at which a record became known. A day known to the day counts from the moment it happened."""
    known = pl.coalesce(*(cell(c, table, pl.Datetime("us")) for c in record.known))
    if record.occurred is None:
        return known
    happened = cell(record.occurred, table, pl.Datetime("us"))
    same_day = (known.dt.date() == happened.dt.date()) & (known.dt.time() == pl.lit(time()))
    return pl.when(same_day & (happened > known)).then(happened).otherwise(known)


def _basis(record: Record, table: Table) -> pl.Expr:
    if len(record.basis) == 1:
        return pl.lit(record.basis[0])
    filled = [cell(c, table, pl.Datetime("us")).is_not_null() for c in record.known]
    return pl.coalesce(*(pl.when(f).then(pl.lit(b)) for f, b in zip(filled, record.basis, strict=True)))


def known_early(table: Table) -> list[Check]:
    """Ask whether a record would be known before what it tells of had happened."""
    checks = []
    for record in (r for r in table.records if r.occurred is not None):
        planned = cell(record.cells.get("planned", False), table, pl.Boolean()).fill_null(value=False)
        early = cell(record.occurred, table, pl.Datetime("us")) > known_at(record, table)
        column = named_in([record.occurred])[0] if named_in([record.occurred]) else ""
        checks.append(Check(is_written(record, table) & early & ~planned, column, "EW-R08"))
        ahead = cell(record.occurred, table, pl.Date()) > pl.col(EXTRACT_AT).dt.date()
        checks.append(Check(is_written(record, table) & pl.col("_given") & ahead & ~planned, column, "EW-R17"))
    return checks


def filled(name: str, table: Table) -> pl.Expr:
    """Say where a column tells anything; a code that means nothing tells none."""
    column = pl.col(name)
    if holds(name, table) in TYPED:
        return column.is_not_null()
    return column.list.len().fill_null(0) > 0


def is_written(record: Record, table: Table) -> pl.Expr:
    """Say where a row gives rise to this record."""
    conditions = [known_at(record, table).is_not_null()]
    if record.occurred is not None and not record.undated:
        conditions.append(cell(record.occurred, table, pl.Datetime("us")).is_not_null())
    conditions += [filled(name, table) for name in record.also_if]
    conditions += [~filled(name, table) for name in record.blank_if]
    conditions += [_is_one_of(c, values, table) for c, values in record.only.items()]
    conditions += [~_is_one_of(c, values, table) for c, values in record.unless.items()]
    return pl.all_horizontal(conditions).fill_null(value=False)


def _is_one_of(name: str, values: Sequence[str], table: Table) -> pl.Expr:
    """As written, letter case apart; a yes or no as it was read; of several codes any."""
    as_written = pl.col(written(name)).str.to_lowercase().is_in(list(values))
    column = table.reached[name]
    if column.holds == "yes_no":
        as_written |= pl.col(name).cast(pl.String).is_in(list(values))
    if column.json or column.split:
        as_written |= pl.col(written(name)).map_batches(
            lambda cells: _any_code(cells, column, values), return_dtype=pl.Boolean
        )
    return as_written.fill_null(value=False)


def _any_code(cells: pl.Series, column: Column, values: Sequence[str]) -> pl.Series:
    held = [c for c in cells.drop_nulls().unique() if {plain(code) for code in codes_in(c, column) or ()} & set(values)]
    return cells.is_in(held)


def records_of(rows: Rows, layout: Layout) -> pl.DataFrame:
    """All records of one table's accepted rows, before versions are settled."""
    frames = [_records(rows, record, layout) for record in rows.table.records]
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()


def _records(rows: Rows, record: Record, layout: Layout) -> pl.DataFrame:
    table, name = rows.table, layout.source.name
    frame = rows.accepted.filter(is_written(record, table))
    own = [_text_of(c, table) for c in record.own]
    said = [_text_of(c, table) for c in record.columns()]
    return frame.select(
        pl.lit(table.name).alias(TABLE),
        pl.lit(record.name).alias(NAME),
        N,
        SHEET,
        ROW,
        EXTRACT_AT,
        HELD_AT,
        pl.col(CHILD).alias("child_id"),
        digest(name, table.name, record.name, pl.col(CHILD), pl.col(KEY), *own).alias(BASE),
        (fingerprint(*said) if said else pl.lit(0, pl.UInt64)).alias(SAID),
        cell(record.kind, table).alias("kind"),
        *_times(record, table),
        *_cells(record, table, layout),
        *_reference(record.follows, table, "follows"),
        *_reference(record.episode, table, "episode"),
        pl.lit(record.closes).alias("_closes"),
    )


def _text_of(name: str, table: Table) -> pl.Expr:
    if holds(name, table) in {"day", "moment", "yes_no", "integer", "number"}:
        return pl.col(name).cast(pl.String).fill_null("")
    return pl.col(written(name)).fill_null("")


def _times(record: Record, table: Table) -> list[pl.Expr]:
    happened = cell(record.occurred, table, pl.Datetime("us"))
    exact = pl.when(happened.dt.time() != pl.lit(time())).then(pl.lit("instant")).otherwise(pl.lit("day"))
    precision = cell(record.precision, table) if record.precision else exact
    known = known_at(record, table)
    return [
        happened.alias("occurred_at"),
        pl.when(happened.is_null()).then(pl.lit("unknown")).otherwise(precision).alias("occurred_precision"),
        known.alias("recorded_at"),
        known.alias("known_at"),
        _basis(record, table).alias("recorded_basis"),
    ]


def _cells(record: Record, table: Table, layout: Layout) -> list[pl.Expr]:
    holder = layout.source.held_by
    usual: dict[str, Cell] = {"agency": record.cells.get("held_by", holder), "held_by": holder, "about": "child"}
    given: dict[str, Cell] = usual | dict(record.cells)
    expressions = []
    for name, value in given.items():
        made = cell(value, table, CONTACTS[name].dtype)
        made = pseudonym(made, layout, name) if name in PSEUDONYMS else made
        expressions.append(made.alias(name))
    return expressions


def pseudonym(value: pl.Expr, layout: Layout, what: str) -> pl.Expr:
    """Short name in place of a worker's, a person's or a place's: some sources write names where ids belong."""
    return pl.when(value.is_not_null()).then(digest(layout.source.name, what, value))


def _reference(ref: Ref | None, table: Table, what: str) -> list[pl.Expr]:
    """Table, row and name of what a record refers to."""
    if ref is None:
        return []
    parent = table.refers[ref.of].table if ref.of else table.name
    number = pl.col(number_of(ref.of)) if ref.of else pl.col(N)
    return [
        pl.lit(parent).alias(f"_{what}_table"),
        number.cast(pl.UInt32).alias(f"_{what}_n"),
        pl.lit(ref.name).alias(f"_{what}_as"),
    ]
