"""The records that accepted rows give rise to, and what hangs on them, as the mapping says."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.records.checks import ROW, Check
from earlywarn.records.mapping.cells import codes_in, pairs_in
from earlywarn.records.mapping.hashing import digest, fingerprint
from earlywarn.records.mapping.layout import EXTRACT, Cell, Column, Layout, Record, Ref, Table, named_in, plain
from earlywarn.records.mapping.marks import CHILD, EXTRACT_AT, HELD_AT, KEY, SHEET, N, number_of, written
from earlywarn.records.schema import CONTACTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
    return _as(pl.col(names[0]), _holds(names[0], table), want)


def _holds(name: str, table: Table) -> str:
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
        checks.append(Check(_written(record, table) & early & ~planned, column, "EW-R08"))
        ahead = cell(record.occurred, table, pl.Date()) > pl.col(EXTRACT_AT).dt.date()
        checks.append(Check(_written(record, table) & pl.col("_given") & ahead & ~planned, column, "EW-R17"))
    return checks


def _filled(name: str, table: Table) -> pl.Expr:
    column = pl.col(name)
    if _holds(name, table) in TYPED:
        return column.is_not_null()
    return column.list.len().fill_null(0) > 0


def _written(record: Record, table: Table) -> pl.Expr:
    """Say where a row gives rise to this record."""
    conditions = [known_at(record, table).is_not_null()]
    if record.occurred is not None and not record.undated:
        conditions.append(cell(record.occurred, table, pl.Datetime("us")).is_not_null())
    conditions += [_filled(name, table) for name in record.also_if]
    conditions += [~_filled(name, table) for name in record.blank_if]
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
    frame = rows.accepted.filter(_written(record, table))
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
    if _holds(name, table) in {"day", "moment", "yes_no", "integer", "number"}:
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
        made = _pseudonym(made, layout, name) if name in PSEUDONYMS else made
        expressions.append(made.alias(name))
    return expressions


def _pseudonym(value: pl.Expr, layout: Layout, what: str) -> pl.Expr:
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


# --- what hangs on a record: each with the table, row and name of its record -------------------------------------


def attached(rows: Rows, layout: Layout) -> dict[str, list[pl.DataFrame]]:
    """Concerns, facts, people, households and acts of telling that the records of one table carry."""
    made: dict[str, list[pl.DataFrame]] = {n: [] for n in ("concerns", "facts", "people", "households", "sharing")}
    for record in rows.table.records:
        frame = rows.accepted.filter(_written(record, rows.table))
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
            frame = frame.filter(~_filled(name, table))


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
    if not names or _holds(names[0], table) in {"id", "text"}:
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
    return _holds(name, table) not in TYPED


def _people(
    frame: pl.DataFrame, record: Record, given: Mapping[str, Cell], table: Table, layout: Layout
) -> pl.DataFrame:
    return frame.select(
        *_carrier(record.name, table),
        pl.col(CHILD).alias("child_id"),
        _pseudonym(cell(given["person"], table), layout, "person").alias("person_id"),
        cell(given.get("role", "unknown"), table).alias("role"),
        *_valid(given, table),
    ).drop_nulls("person_id")


def _households(
    frame: pl.DataFrame, record: Record, given: Mapping[str, Cell], table: Table, layout: Layout
) -> pl.DataFrame:
    return frame.select(
        *_carrier(record.name, table),
        pl.col(CHILD).alias("child_id"),
        _pseudonym(cell(given["household"], table), layout, "household").alias("household_id"),
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
