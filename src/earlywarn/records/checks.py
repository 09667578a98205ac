"""Does a row keep the contract? Every rule as one vectorised question, asked of a whole table.

A table arrives as text (CSV) or typed (Parquet, frames). `convert` types it; the ``*_checks`` functions return the
questions; `findings` asks them and returns one line for each row and rule broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.records.schema import DEFAULT_ZONE, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROW = "_row"
"""Number of a row within its source, carried beside the contract's columns until the row is accepted."""

FINDINGS_SCHEMA = pl.Schema({ROW: pl.UInt32(), "column": pl.String(), "rule": pl.String()})

_ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"
_ISO_NAIVE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,6})?)?$"
_ISO_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
UNCLEAN = r"^\s|\s$|[\x00-\x1f\x7f-\x9f]"


class Check(NamedTuple):
    """One question: ``bad`` is true where the row breaks ``rule`` in ``column``."""

    bad: pl.Expr
    column: str
    rule: str


def findings(frame: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """One line for each row and rule broken, in the order of the questions."""
    if frame.is_empty() or not checks:
        return pl.DataFrame(schema=FINDINGS_SCHEMA)
    broken = frame.select(check.bad.fill_null(value=False).any().alias(str(i)) for i, check in enumerate(checks)).row(0)
    parts = [
        frame.filter(check.bad).select(ROW, column=pl.lit(check.column), rule=pl.lit(check.rule))
        for check, any_bad in zip(checks, broken, strict=True)
        if any_bad
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=FINDINGS_SCHEMA)


def convert(table: Table, frame: pl.DataFrame, zone: str = DEFAULT_ZONE) -> tuple[pl.DataFrame, list[Check]]:
    """Type every column of the table; the checks say where a cell could not be typed.

    Blank text is missing. Absent columns are filled with missing. The original is kept as ``<name>__as_read`` until
    the checks have been asked.
    """
    present = [c for c in table.columns if c.name in frame.columns]
    cleaned = frame.with_columns(
        pl.col(c.name).replace("", None) for c in present if frame.schema[c.name] == pl.String()
    )
    typed = cleaned.with_columns(
        *(pl.col(c.name).alias(f"{c.name}__as_read") for c in present),
        *(_in_range(c, _typed(c, cleaned.schema[c.name], zone)).alias(c.name) for c in present),
    ).with_columns(pl.lit(None, c.dtype).alias(c.name) for c in table.columns if c.name not in frame.columns)
    rules = {"timestamp": "EW-R02", "day": "EW-R02", "bool": "EW-R03", "integer": "EW-R04", "number": "EW-R04"}
    untyped = [
        Check(pl.col(f"{c.name}__as_read").is_not_null() & pl.col(c.name).is_null(), c.name, rules[c.type])
        for c in present
        if c.type in rules
    ]
    return typed, untyped


def _in_range(column: Column, cell: pl.Expr) -> pl.Expr:
    """Leave untyped the years that calendars do not have, and numbers that are none."""
    if column.type in {"timestamp", "day"}:
        return pl.when(cell.dt.year().is_between(1, 9999)).then(cell)
    return pl.when(cell.is_finite()).then(cell) if column.type == "number" else cell


def _typed(column: Column, dtype: pl.DataType, zone: str) -> pl.Expr:
    cell = pl.col(column.name)
    if dtype == pl.String():
        return _parsed(column, cell, zone)
    if isinstance(dtype, pl.Datetime):
        local = cell.dt.convert_time_zone(zone).dt.replace_time_zone(None) if dtype.time_zone else cell
        if column.type == "day":
            return pl.when(local.dt.time() == pl.time(0)).then(local.dt.date())
        return local.cast(pl.Datetime("us"))
    if column.type == "integer" and dtype.is_float():
        return pl.when(cell == cell.round()).then(cell).cast(pl.Int64, strict=False)
    return cell.cast(column.dtype, strict=False)


def _parsed(column: Column, cell: pl.Expr, zone: str) -> pl.Expr:
    match column.type:
        case "timestamp":
            return _parsed_timestamp(cell, zone)
        case "day":
            return pl.when(cell.str.contains(_ISO_DAY)).then(cell.str.to_date("%Y-%m-%d", strict=False))
        case "bool":
            return cell.str.to_lowercase().replace_strict({"true": True, "false": False}, default=None)
        case "integer":
            return pl.when(cell.str.contains(r"^-?\d{1,18}$")).then(cell.cast(pl.Int64, strict=False))
        case "number":
            return pl.when(cell.str.contains(r"^-?\d+(\.\d+)?$")).then(cell.cast(pl.Float64, strict=False))
        case _:
            return cell


def _parsed_timestamp(cell: pl.Expr, zone: str) -> pl.Expr:
    """ISO only. A bare day is its midnight; an offset is converted to local time."""
    text = cell.str.replace("T", " ", literal=True)
    naive = pl.when(cell.str.contains(_ISO_NAIVE)).then(text)
    offset = pl.when(cell.str.contains(_ISO_OFFSET)).then(text.str.replace("Z$", "+00:00"))
    formats = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    local = [naive.str.to_datetime(f, time_unit="us", strict=False) for f in formats]
    moved = [
        offset.str.to_datetime(f"{f}%z", time_unit="us", time_zone="UTC", strict=False)
        .dt.convert_time_zone(zone)
        .dt.replace_time_zone(None)
        for f in formats
    ]
    day = pl.when(cell.str.contains(_ISO_DAY)).then(cell.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False))
    return pl.coalesce(day, *local, *moved)


def column_checks(table: Table) -> list[Check]:
    """Blank where required, unclean text, unknown code, out of bounds: from the declaration alone."""
    checks: list[Check] = []
    for c in table.columns:
        cell = pl.col(c.name)
        if not c.nullable:
            unread = pl.col(f"{c.name}__as_read") if c.type != "text" else cell
            checks.append(Check(cell.is_null() & unread.is_null(), c.name, "EW-R01"))
        if c.type == "text" and (c.codes is not None or c.name.endswith(("_id", "_by", "follows", "same_as"))):
            checks.append(Check(cell.str.contains(UNCLEAN) | (cell.str.strip_chars() == ""), c.name, "EW-R07"))
        if c.codes is not None and not c.open_codes:
            checks.append(Check(~cell.is_in(list(c.codes)), c.name, "EW-R05"))
        if c.bounds is not None:
            checks.append(Check(~cell.is_between(*c.bounds), c.name, "EW-R06"))
    return checks


def _ends_first(start: str, end: str) -> Check:
    return Check(pl.col(end) < pl.col(start), end, "EW-R10")


ROW_CHECKS: Mapping[str, Sequence[Check]] = {
    "contacts": (
        Check(
            (pl.col("occurred_at") > pl.col("known_at")) & ~pl.col("planned").fill_null(value=False),
            "occurred_at",
            "EW-R08",
        ),
        Check(pl.col("kind").is_in(["conclusion", "withdrawal"]) & pl.col("follows").is_null(), "follows", "EW-R20"),
    ),
    "people": (_ends_first("valid_from", "valid_to"),),
    "households": (_ends_first("valid_from", "valid_to"),),
    "identifiers": (_ends_first("valid_from", "valid_to"),),
    "episodes": (
        _ends_first("start_on", "end_on"),
        Check(pl.col("end_on").is_null() != pl.col("ended_by").is_null(), "end_on", "EW-R11"),
    ),
}
"""What one row must keep that no single column can say."""


def conflict_checks(table: Table) -> list[Check]:
    """Rows that share a key, once equal rows have been collapsed: no way to tell which is right, so none is taken."""
    return [Check(pl.struct(table.key).is_duplicated(), table.key[0], "EW-R12")] if table.key else []


def near_misses(table: Table, frame: pl.DataFrame) -> list[Check]:
    """In a list that local codes may extend, a code that is nearly a known one is refused as a slip of the pen."""
    from difflib import get_close_matches  # noqa: PLC0415 (only where local codes occur)

    checks: list[Check] = []
    for c in (c for c in table.columns if c.open_codes and c.codes):
        known = list(c.codes or ())
        local = frame[c.name].drop_nulls().unique().to_list()
        slips = [v for v in local if v not in known and get_close_matches(v.lower().strip(), known, 1, cutoff=0.85)]
        checks += [Check(pl.col(c.name).is_in(slips), c.name, "EW-R05")] if slips else []
    return checks


def reference_checks(table: Table, frame: pl.DataFrame, contacts: pl.DataFrame) -> tuple[pl.DataFrame, list[Check]]:
    """Every record named exists, is of the same child, and was known in time."""
    checks: list[Check] = []
    known = contacts.select("record_id", "child_id", "known_at")
    for c in (c for c in table.columns if c.names_record):
        other, when = f"{c.name}__child", f"{c.name}__known"
        frame = frame.join(
            known.rename({"record_id": c.name, "child_id": other, "known_at": when}),
            on=c.name,
            how="left",
            maintain_order="left",
        )
        named = pl.col(c.name).is_not_null()
        checks.append(Check(named & pl.col(other).is_null(), c.name, "EW-R13"))
        if "child_id" in table.schema:
            checks.append(Check(named & (pl.col(other) != pl.col("child_id")), c.name, "EW-R14"))
    if table.name == "contacts":
        late = (pl.col("follows__known") > pl.col("known_at")) | (pl.col("follows") == pl.col("record_id"))
        checks += [Check(late, "follows", "EW-R15"), Check(_in_circle(frame), "follows", "EW-R15")]
    if table.name == "sharing":
        checks.append(Check(pl.col("shared_at") < pl.col("record_id__known"), "shared_at", "EW-R09"))
    return frame, checks


def _in_circle(contacts: pl.DataFrame) -> pl.Expr:
    """Find records that follow one another in a circle: peel off all that lead out of it; the rest turns round."""
    pairs = contacts.filter(pl.col("follows").is_not_null()).select("record_id", "follows")
    while not pairs.is_empty():
        inner = pairs.filter(pl.col("follows").is_in(pairs["record_id"].implode()))
        if inner.height == pairs.height:
            break
        pairs = inner
    return pl.col("record_id").is_in(pairs["record_id"].to_list())


def without_internals(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Only the contract's columns, in its order, with the row number."""
    return frame.select(ROW, *(c.name for c in table.columns))


def rules_by_row(found: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One line a row: its first finding, and the further ones as ``rule column`` text."""
    lines = pl.concat([pl.DataFrame(schema=FINDINGS_SCHEMA), *found])
    said = pl.format("{} {}", "rule", "column")
    return lines.group_by(ROW, maintain_order=True).agg(
        pl.col("column").first(),
        pl.col("rule").first(),
        said.unique(maintain_order=True).slice(1).str.join("; ").alias("also"),
    )
