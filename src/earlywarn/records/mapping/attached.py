"""What hangs on records: concerns, facts, people, households, acts of telling, each with its record's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.records.mapping.cells import pairs_in
from earlywarn.records.mapping.emit import NAME, TABLE, TYPED, cell, filled, holds, is_written, pseudonym
from earlywarn.records.mapping.layout import Cell, Layout, Record, Ref, Table, named_in
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, HELD_AT, N, number_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from earlywarn.records.mapping.rows import Rows


def attached(rows: Rows, layout: Layout) -> dict[str, list[pl.DataFrame]]:
    """Concerns, facts, people, households and acts of telling that the records of one table carry."""
    made: dict[str, list[pl.DataFrame]] = {n: [] for n in ("concerns", "facts", "people", "households", "sharing")}
    for record in rows.table.records:
        frame = rows.accepted.filter(is_written(record, rows.table))
        made["concerns"] += [
            _concerns(part, record, {**given} | {"category": category}, rows.table, layout)
            for given in record.concerns
            for part, category in _first_filled(frame, given["category"], rows.table)
        ]
        made["facts"] += [_facts(frame, record, key, given, rows.table) for key, given in record.facts.items()]
        made["people"] += [_people(frame, record, given, rows.table, layout) for given in record.people]
        made["households"] += [_households(frame, record, given, rows.table, layout) for given in record.households]
        own = Ref(record.name)
        made["sharing"] += [_sharing(frame, own, given, rows.table) for given in record.sharing]
    made["sharing"] += [_sharing(rows.accepted, share.record, share.cells, rows.table) for share in rows.table.shares]
    return made


def _carrier(record: str, table: Table) -> list[pl.Expr]:
    return [pl.lit(table.name).alias(TABLE), pl.lit(record).alias(NAME), pl.col(N)]


def _first_filled(frame: pl.DataFrame, given: Cell, table: Table) -> Iterator[tuple[pl.DataFrame, Cell]]:
    """Split rows by which of several cells is the first that is filled."""
    for each in given if isinstance(given, list) else [given]:
        yield frame, each
        for name in named_in(each):
            frame = frame.filter(~filled(name, table))


def _concerns(
    frame: pl.DataFrame, record: Record, given: Mapping[str, Cell], table: Table, layout: Layout
) -> pl.DataFrame:
    base = [
        *_carrier(record.name, table),
        pl.col(CHILD).alias("child_id"),
        cell(given.get("severity"), table, pl.Int64()).alias("severity"),
        cell(given.get("closing", "not_recordable"), table).alias("closing"),
    ]
    names = named_in(given["category"])
    if not names or holds(names[0], table) in {"id", "text"}:
        code = pl.lit(None, pl.String)
        return frame.select(*base, cell(given["category"], table).alias("category"), code.alias("code")).drop_nulls(
            "category"
        )
    scheme = str(given.get("scheme") or layout.source.name)
    already = cell_list(given.get("besides"))
    return _coded(frame.with_columns(already.alias("_already")), names[0], scheme, base, table, layout)


def cell_list(given: Cell) -> pl.Expr:
    """Every meaning of a column of codes; nothing where no column is named."""
    names = named_in(given)
    return pl.col(names[0]).fill_null([]) if names else pl.lit([], pl.List(pl.String))


def _coded(
    frame: pl.DataFrame, name: str, scheme: str, base: list[pl.Expr], table: Table, layout: Layout
) -> pl.DataFrame:
    """Make a concern of each code in a cell and each thing it means; every different cell is read once."""
    column = table.reached[name]
    codes = layout.codes[column.holds]
    cells = frame[written(name)].drop_nulls().unique().sort()
    pairs = [(c, code, means) for c in cells for code, means in pairs_in(c, column, codes)]
    lookup = pl.DataFrame(pairs, schema={"_cell": pl.String, "code": pl.String, "category": pl.String}, orient="row")
    whole = frame.select(*base, "_already", pl.col(written(name)).alias("_cell"))
    joined = whole.join(lookup.unique(maintain_order=True), on="_cell", maintain_order="left_right")
    joined = joined.filter(~pl.col("category").is_in(pl.col("_already"))).drop("_cell", "_already")
    return joined.with_columns(code=pl.lit(f"{scheme}:") + pl.col("code"))


def _facts(frame: pl.DataFrame, record: Record, key: str, given: Cell, table: Table) -> pl.DataFrame:
    names = named_in(given)
    many = bool(names) and isinstance(given, str) and _is_list(names[0], table)
    value = pl.col(names[0]) if many else cell(given, table)
    made = frame.select(*_carrier(record.name, table), pl.lit(key).alias("key"), value.alias("value"))
    return (made.explode("value") if many else made).drop_nulls("value")


def _is_list(name: str, table: Table) -> bool:
    return holds(name, table) not in TYPED


def _people(
    frame: pl.DataFrame, record: Record, given: Mapping[str, Cell], table: Table, layout: Layout
) -> pl.DataFrame:
    return frame.select(
        *_carrier(record.name, table),
        pl.col(CHILD).alias("child_id"),
        pseudonym(cell(given["person"], table), layout, "person").alias("person_id"),
        cell(given.get("role", "unknown"), table).alias("role"),
        *_valid(given, table),
    ).drop_nulls("person_id")


def _households(
    frame: pl.DataFrame, record: Record, given: Mapping[str, Cell], table: Table, layout: Layout
) -> pl.DataFrame:
    return frame.select(
        *_carrier(record.name, table),
        pl.col(CHILD).alias("child_id"),
        pseudonym(cell(given["household"], table), layout, "household").alias("household_id"),
        *_valid(given, table),
    ).drop_nulls("household_id")


def _valid(given: Mapping[str, Cell], table: Table) -> list[pl.Expr]:
    return [cell(given.get(n), table, pl.Date()).alias(n) for n in ("valid_from", "valid_to")]


def _sharing(frame: pl.DataFrame, ref: Ref, given: Mapping[str, Any], table: Table) -> pl.DataFrame:
    usual: dict[str, Cell] = {"decision": "shared", "extent": "full"} | dict(given)
    parent = table.refers[ref.of].table if ref.of else table.name
    number = pl.col(number_of(ref.of)) if ref.of else pl.col(N)
    to = usual.pop("to")
    several = _is_list(named_in(to)[0], table) if named_in(to) else False
    at = cell(usual.get("at"), table, pl.Datetime("us"))
    made = frame.select(
        pl.lit(parent).alias(TABLE),
        pl.lit(ref.name).alias(NAME),
        number.cast(pl.UInt32).alias(N),
        pl.lit(table.name).alias("_told_in"),
        pl.col(N).alias("_told_by"),
        pl.lit(next(iter(named_in(usual.get("at"))), "")).alias("_told_at"),
        (pl.col(named_in(to)[0]) if several else cell(to, table)).alias("to_agency"),
        at.alias("_said_at"),
        # told otherwise before: what this delivery says of it was not known until it was made
        pl.when(pl.col(HELD_AT).is_not_null()).then(pl.max_horizontal(at, EXTRACT_AT)).otherwise(at).alias("shared_at"),
        *(cell(v, table, pl.Boolean() if k == "told_family" else None).alias(k) for k, v in usual.items() if k != "at"),
    )
    return (made.explode("to_agency") if several else made).drop_nulls(["to_agency", "shared_at"])
