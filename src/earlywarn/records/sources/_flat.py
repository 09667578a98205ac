"""JSON laid out as tables: what an element holds as cells of text, elements as sheets, and what is no row set aside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from earlywarn.records.checks import ROW
from earlywarn.records.opening.sheets import Sheet
from earlywarn.records.rules import RULES
from earlywarn.records.sources._json import beyond
from earlywarn.records.tables import QUARANTINE_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from earlywarn.records.sources._json import Aside

CELL_BYTES = 1 << 20
"""What a cell may hold: more is no code, no day and no name."""


class MisbuiltError(ValueError):
    """A field that holds an object, a list or a plain value where the format has another."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


def sheet(file: str, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], **more: Any) -> Sheet:
    """Make a sheet of flattened elements; each row carries its number under `ROW`.

    Raises
    ------
    SourceError
        A cell beyond all bounds (EW-F10).

    """
    listed = list(rows)
    data: dict[str, Any] = {column: [row.get(column) for row in listed] for column in columns}
    frame = pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String()))
    numbers = pl.Series(ROW, [row[ROW] for row in listed], dtype=pl.UInt32)
    _refuse_long_cells(file, name, frame, numbers)
    return Sheet(file, name, frame.with_columns(numbers), **more)


def set_aside(file: str, table: str, elements: Iterable[Aside], *, lines: bool) -> pl.DataFrame:
    """Quarantine of elements that could not be made a row; ``lines`` where an element's number is that of its line."""
    rows = [
        {
            "file": file,
            "table": table,
            "row": str(e.row),
            "line": str(e.row) if lines else "",
            "column": e.column,
            "rule": e.rule,
            "problem": RULES[e.rule].problem,
            "fix": RULES[e.rule].fix,
            "also": "",
            "content": e.content,
        }
        for e in elements
    ]
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA)


def within(value: Any, *fields: str) -> Any:
    """Follow fields into objects within objects; None where one is not there.

    Raises
    ------
    MisbuiltError
        Something other than an object on the way.

    """
    for field in fields:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise MisbuiltError(field)
        value = value.get(field)
    return value


def cell(value: Any, *fields: str) -> str | None:
    """Text of a plain value within objects: numbers as written, true and false in words; blank is missing.

    Raises
    ------
    MisbuiltError
        An object or a list where a plain value belongs.

    """
    found = within(value, *fields)
    if isinstance(found, bool):
        return "true" if found else "false"
    if found is not None and not isinstance(found, str):
        raise MisbuiltError(fields[-1] if fields else "")
    return found or None


def items(value: Any, *fields: str) -> list[Any]:
    """Return a list within objects; nothing where it is not there.

    Raises
    ------
    MisbuiltError
        Anything but a list.

    """
    found = within(value, *fields)
    if found is None:
        return []
    if not isinstance(found, list):
        raise MisbuiltError(fields[-1] if fields else "")
    return found


def written(value: Any) -> str:
    """Return an element as JSON text, for the quarantine."""
    return json.dumps(value, ensure_ascii=False)


def _refuse_long_cells(file: str, name: str, frame: pl.DataFrame, numbers: pl.Series) -> None:
    for column in frame.columns:
        long = frame[column].str.len_bytes().fill_null(0) > CELL_BYTES
        if long.any():
            at = numbers.filter(long)[0]
            raise beyond(f'"{file}", {name} {at}, holds more than a cell can in "{column}"', "at most a megabyte")
