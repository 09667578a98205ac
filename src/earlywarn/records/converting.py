"""Typing a table: text becomes times, days, numbers, true and false, by one strict way of writing each.

A cell is typed, is missing, or is neither; what is neither is asked about by the checks that `convert` returns. Nothing
is guessed and nothing repaired. Most cells of a large table are written in the usual way, so that way is tried on the
whole column and the other ways only on what is left.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW, Check
from earlywarn.records.schema import DEFAULT_ZONE, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

_ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"
_ISO_USUAL = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:[0-5]\d$"
_ISO_NAIVE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,6})?)?$"
_ISO_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
_CALENDAR = {
    "day": (dt.date.min, dt.date.max),
    "timestamp": (dt.datetime.min, dt.datetime.max),  # noqa: DTZ901 (local time has no zone)
}
_UNTYPED = {"timestamp": "EW-R02", "day": "EW-R02", "bool": "EW-R03", "integer": "EW-R04", "number": "EW-R04"}


def convert(table: Table, frame: pl.DataFrame, zone: str = DEFAULT_ZONE) -> tuple[pl.DataFrame, list[Check]]:
    """Type every column of the table; the checks say where a cell could not be typed.

    Parameters
    ----------
    table : Table
        What the columns are to hold.
    frame : polars.DataFrame
        Some of those columns, as text or typed, and the row numbers. Blank text is missing; an absent column is
        missing throughout.
    zone : str
        The zone of local times. A time with an offset is converted to it; one without is kept as written, even in the
        hour that a spring night leaves out or an autumn night has twice.

    """
    present = [c for c in table.columns if c.name in frame.columns]
    cleaned = _without_blanks(frame, [c.name for c in present])
    typed = (
        cleaned.lazy().with_columns(_typed(c, cleaned.schema[c.name], zone).alias(c.name) for c in present).collect()
    )
    typed, checks = _second_try(typed, cleaned, [c for c in present if c.type != "text"], zone)
    absent = [pl.lit(None, c.dtype).alias(c.name) for c in table.columns if c.name not in frame.columns]
    return typed.with_columns(absent).select(ROW, *table.schema), checks


def _without_blanks(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Blank text is missing; a column without any is left as it is, since a copy costs memory."""
    texts = [n for n in names if frame.schema[n] == pl.String()]
    blank = frame.select((pl.col(n) == "").any() for n in texts)
    return frame.with_columns(pl.when(pl.col(n) != "").then(pl.col(n)) for n in texts if blank[n].item())


def _second_try(
    typed: pl.DataFrame, cleaned: pl.DataFrame, columns: Sequence[Column], zone: str
) -> tuple[pl.DataFrame, list[Check]]:
    """Read cells that are not written in the usual way; what is then neither typed nor missing breaks a rule."""
    checks = []
    for column in columns:
        as_read = cleaned[column.name]
        if typed[column.name].null_count() > as_read.null_count() and as_read.dtype == pl.String():
            typed = _typed_otherwise(typed, as_read, column, zone)
        if typed[column.name].null_count() > as_read.null_count():
            bad = as_read.is_not_null() & typed[column.name].is_null()
            checks.append(Check(pl.lit(bad), column.name, _UNTYPED[column.type]))
    return typed, checks


def _typed_otherwise(typed: pl.DataFrame, as_read: pl.Series, column: Column, zone: str) -> pl.DataFrame:
    value = pl.col(column.name)
    left = pl.when(value.is_null()).then(pl.lit(as_read))
    return typed.with_columns(pl.coalesce(value, _in_range(column, _parsed(column, left, zone))).alias(column.name))


def _in_range(column: Column, cell: pl.Expr) -> pl.Expr:
    """Leave untyped the years that calendars do not have, and numbers that are none."""
    if column.type in _CALENDAR:
        return pl.when(cell.is_between(*_CALENDAR[column.type])).then(cell)
    return pl.when(cell.is_finite()).then(cell) if column.type == "number" else cell


def _typed(column: Column, dtype: pl.DataType, zone: str) -> pl.Expr:
    cell = pl.col(column.name)
    if dtype == pl.String():
        return _in_range(column, _usual(column, cell, zone))
    if isinstance(dtype, pl.Datetime):
        cell = cell.dt.convert_time_zone(zone).dt.replace_time_zone(None) if dtype.time_zone else cell
        if column.type == "day":
            return _in_range(column, pl.when(cell.dt.time() == pl.time(0)).then(cell.dt.date()))
    if column.type == "integer" and dtype.is_float():
        cell = pl.when(cell == cell.round()).then(cell)
    return _in_range(column, cell if dtype == column.dtype else cell.cast(column.dtype, strict=False))


def _usual(column: Column, cell: pl.Expr, zone: str) -> pl.Expr:
    """Type what is written as this library writes it: the quick way for the many."""
    match column.type:
        case "timestamp":
            found = pl.when(cell.str.contains(_ISO_USUAL)).then(cell)
            return found.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False)
        case "bool":
            return pl.when(cell == "true").then(True).when(cell == "false").then(False)
        case _:
            return _parsed(column, cell, zone)


def _parsed(column: Column, cell: pl.Expr, zone: str) -> pl.Expr:
    match column.type:
        case "timestamp":
            return parsed_timestamp(cell, zone)
        case "day":
            return pl.when(cell.str.contains(_ISO_DAY)).then(cell).str.to_date("%Y-%m-%d", strict=False)
        case "bool":
            return cell.str.to_lowercase().replace_strict({"true": True, "false": False}, default=None)
        case "integer":
            return pl.when(cell.str.contains(r"^-?\d{1,18}$")).then(cell).cast(pl.Int64, strict=False)
        case "number":
            return pl.when(cell.str.contains(r"^-?\d+(\.\d+)?$")).then(cell).cast(pl.Float64, strict=False)
        case _:
            return cell


def parsed_timestamp(cell: pl.Expr, zone: str) -> pl.Expr:
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
    day = pl.when(cell.str.contains(_ISO_DAY)).then(cell).str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    return pl.coalesce(day, *local, *moved)
