"""Cells of text as days, moments, codes and numbers, by what the mapping declares; nothing is guessed."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.records.checks import FINDINGS_SCHEMA, Check
from earlywarn.records.converting import parsed_timestamp
from earlywarn.records.mapping.layout import Codes, Column, Layout, Table, plain
from earlywarn.records.mapping.marks import N, written
from earlywarn.records.schema import DEFAULT_ZONE
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable

YES_NO = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
RULE_OF = {"day": "EW-R02", "moment": "EW-R02", "yes_no": "EW-R03", "integer": "EW-R04", "number": "EW-R04"}
ISO_LENGTH = {"iso %Y-%m-%d": 10, "iso %Y-%m-%dT%H:%M:%S": 19, "iso %Y-%m-%d %H:%M:%S": 19}
ISO = (*ISO_LENGTH, "iso")
NO_DAY = ("1900-01-01", "1899-12-30", "1899-12-31", "2099-12-31", "9999-12-31", "0001-01-01")
"""Days that case systems write where none is known; a mapping's ``no_day`` adds to them."""


def typed(frame: pl.DataFrame, table: Table, layout: Layout) -> tuple[pl.DataFrame, list[Check], list[str]]:
    """Type every declared column; what could not be typed is a check, what was put right is a note."""
    checks: list[Check] = []
    notes: list[str] = []
    for name, column in table.columns.items():
        cells = (
            frame[name] if name in frame.columns else pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        )
        cleaned, trimmed = _clean(cells, column, layout)
        frame = frame.with_columns(cleaned.alias(name), cleaned.alias(written(name)))
        frame, found, said = _type_one(frame, name, column, layout)
        if trimmed and column.holds == "id":
            said = [f"blanks around {count_of(trimmed, 'cell')} of {name} were taken off", *said]
        checks += found
        notes += [f"{table.name}: {s}" for s in said]
    return frame, checks, notes


def _clean(cells: pl.Series, column: Column, layout: Layout) -> tuple[pl.Series, int]:
    """Take blanks around cells off, and make texts that mean nothing missing; a clean column is not copied."""
    stripped = cells.str.strip_chars()
    trimmed = int((cells != stripped).sum())
    kept = stripped if trimmed else cells
    nothing = {plain(m) for m in (*layout.source.missing, *column.missing)} | {""}
    blank = kept.str.to_lowercase().is_in(sorted(nothing)).fill_null(value=False)
    return (kept.set(blank, None) if blank.any() else kept), trimmed


def _type_one(
    frame: pl.DataFrame, name: str, column: Column, layout: Layout
) -> tuple[pl.DataFrame, list[Check], list[str]]:
    if column.holds in layout.codes:
        return _decoded(frame, name, column, layout.codes[column.holds])
    if column.holds in {"id", "text"}:
        return frame, [], []
    if column.holds in {"day", "moment"}:
        return _days(frame, name, column, layout)
    value = _value(column, pl.col(written(name))).alias(name)
    check = Check(pl.col(written(name)).is_not_null() & pl.col(name).is_null(), name, RULE_OF[column.holds])
    return frame.with_columns(value), [check], []


def _value(column: Column, cell: pl.Expr) -> pl.Expr:
    match column.holds:
        case "yes_no":
            return cell.str.to_lowercase().replace_strict(YES_NO, default=None, return_dtype=pl.Boolean)
        case "integer":
            return pl.when(cell.str.contains(r"^-?\d{1,18}$")).then(cell.cast(pl.Int64, strict=False))
        case _:
            return pl.when(cell.str.contains(r"^-?\d+(\.\d+)?$")).then(cell.cast(pl.Float64, strict=False))


def _days(
    frame: pl.DataFrame, name: str, column: Column, layout: Layout
) -> tuple[pl.DataFrame, list[Check], list[str]]:
    """Read days and moments; a day that stands for none makes the cell missing, and a time on a day is noted."""
    text = frame[written(name)]
    moment = _moments(text, column.dates or layout.source.dates)
    no_day = [date.fromisoformat(d) for d in (*NO_DAY, *layout.source.no_day)]
    nothing = moment.dt.date().is_in(no_day).fill_null(value=False)
    sound = (moment.dt.year().is_between(1900, 2200) & ~nothing).fill_null(value=False)
    kept = moment.to_frame("m").select(pl.when(sound).then("m")).to_series()
    left = text.to_frame("t").select(pl.when(~nothing).then("t")).to_series()
    timed = int((kept.dt.time() != time()).sum()) if column.holds == "day" else 0
    said = [f"{name}: of {count_of(timed, 'cell')} with a time of day only the day is carried"] if timed else []
    typed = (kept.dt.date() if column.holds == "day" else kept).alias(name)
    check = Check(pl.col(written(name)).is_not_null() & pl.col(name).is_null(), name, RULE_OF[column.holds])
    return frame.with_columns(typed, left.alias(written(name))), [check], said


def _moments(text: pl.Series, formats: Iterable[str]) -> pl.Series:
    """Read each cell by the first of the declared formats that reads it whole; ``iso`` stands for every ISO form.

    A format is tried on what those before it have left: nearly always the first leaves nothing.
    """
    read = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
    for form in (f for given in formats for f in (ISO if given == "iso" else (given,))):
        todo = (read.is_null() & text.is_not_null()).arg_true()
        if not len(todo):
            break
        cell = pl.col("t")
        got = text.gather(todo).to_frame("t").select(_by_format(cell, form)).to_series()
        read = got if len(todo) == len(text) else read.scatter(todo, got)
    return read


def _by_format(cell: pl.Expr, form: str) -> pl.Expr:
    if form in ISO_LENGTH:  # the usual ISO forms, quickly; any other is left to the strict reader of the contract
        fits = cell.str.len_bytes() == ISO_LENGTH[form]
        return pl.when(fits).then(cell.str.to_datetime(form.removeprefix("iso "), time_unit="us", strict=False))
    if form == "iso":
        return parsed_timestamp(cell, DEFAULT_ZONE)
    if "%z" in form:
        aware = cell.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
        return aware.dt.convert_time_zone(DEFAULT_ZONE).dt.replace_time_zone(None)
    if "%H" in form or "%I" in form:
        return cell.str.to_datetime(form, time_unit="us", strict=False)
    return cell.str.to_date(form, strict=False).cast(pl.Datetime("us"))


def _decoded(
    frame: pl.DataFrame, name: str, column: Column, codes: Codes
) -> tuple[pl.DataFrame, list[Check], list[str]]:
    """Turn a cell into the list of what its codes mean, in the order in which the code list names them.

    Cells repeat, so each different one is looked up once.
    """
    cells = frame[name].drop_nulls().unique()
    read = {cell: _meanings(cell, column, codes) for cell in cells}
    broken = [cell for cell, means in read.items() if means is None]
    unknown = [cell for cell, means in read.items() if means is not None and _UNKNOWN in means]
    lookup = pl.DataFrame(
        {
            "cell": list(read),
            "means": [[m for m in means or () if m != _UNKNOWN] or None for means in read.values()],
        },
        schema={"cell": pl.String, "means": pl.List(pl.String)},
    )
    frame = (
        frame.join(lookup, left_on=name, right_on="cell", how="left", maintain_order="left")
        .drop(name)
        .rename({"means": name})
    )
    bad = frame[written(name)].is_in(broken).sum() if broken else 0
    notes = [f"{name}: {bad} cells hold broken JSON; their rows are kept without it"] if bad else []
    return frame, [Check(pl.col(written(name)).is_in(unknown), name, "EW-R05")] if unknown else [], notes


_UNKNOWN = "\x00"


def codes_in(cell: str, column: Column) -> list[str] | None:
    """Codes as written in one cell; None where it should hold JSON and holds none.

    Examples
    --------
    >>> codes_in('{"NFA_FLAG": "Y", "OTHER_FLAG": ""}', Column("outcome", json="flags"))
    ['NFA_FLAG']
    >>> codes_in("1A; 2B", Column("factor", split=";"))
    ['1A', '2B']

    """
    if not column.json:
        return [part.strip() for part in cell.split(column.split) if part.strip()] if column.split else [cell]
    try:
        content = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return _from_json(content, column)


def _from_json(content: Any, column: Column) -> list[str] | None:
    if isinstance(content, dict):
        return [str(key) for key, value in content.items() if _is_set(value, column)]
    if isinstance(content, list) and column.json == "codes":
        listed = [item if isinstance(item, str | int) else _code_of(item) for item in content]
        return [str(item) for item in listed if item not in (None, "")]
    return None


def _is_set(value: Any, column: Column) -> bool:
    if column.json == "flags":
        return YES_NO.get(plain(str(value)), False)
    return value is not None and plain(str(value)) not in {"", "n", "no", "false", "0"}


def _code_of(item: Any) -> str | None:
    """Return the code of an object in a list of codes: the first value it holds."""
    values = [v for v in item.values() if isinstance(v, str)] if isinstance(item, dict) else []
    return values[0] if values else None


def meaning_of(code: str, codes: Codes) -> tuple[str, ...] | None:
    """Return what one code means; None where the list does not know it."""
    text = re.sub(codes.strip, "", code) if codes.strip else code
    picked = re.search(codes.pick, text) if codes.pick else None
    tries = [picked.group(1)] if picked and picked.group(1) else []
    return next((codes.means[plain(t)] for t in [*tries, text, code] if plain(t) in codes.means), None)


def pairs_in(cell: str, column: Column, codes: Codes) -> list[tuple[str, str]]:
    """Each code of a cell as written, with each thing it means."""
    said = [(re.sub(codes.strip, "", code) if codes.strip else code, code) for code in codes_in(cell, column) or ()]
    return [(stripped, m) for stripped, code in said for m in meaning_of(code, codes) or ()]


def _meanings(cell: str, column: Column, codes: Codes) -> list[str] | None:
    raw = codes_in(cell, column)
    if raw is None:
        return None
    found = [meaning_of(code, codes) for code in raw]
    if None in found:
        return [_UNKNOWN]
    order = list(dict.fromkeys(m for means in codes.means.values() for m in means))
    return sorted({m for means in found for m in means or ()}, key=order.index)


def findings(frame: pl.DataFrame, checks: Iterable[Check]) -> pl.DataFrame:
    """One line for each row and rule broken; rows by their number within the table."""
    parts = [
        frame.filter(c.bad.fill_null(value=False)).select(
            pl.col(N).alias("_row"), column=pl.lit(c.column), rule=pl.lit(c.rule)
        )
        for c in checks
    ]
    return pl.concat([pl.DataFrame(schema=FINDINGS_SCHEMA), *(p.cast(FINDINGS_SCHEMA) for p in parts)])
