"""Excel workbooks as grids of text: what a cell shows by its type, never by how it is formatted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from earlywarn.records.opening.archives import not_a_workbook, refuse_unsafe_workbook
from earlywarn.records.opening.files import unchanged
from earlywarn.records.opening.worksheets import Seen, look_through
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from python_calamine import CalamineSheet, CalamineWorkbook

_EXACT = 1e15
"""A spreadsheet keeps 15 digits of a number; what is larger has lost some, and is written so that it shows."""


class Grid(NamedTuple):
    """One worksheet, from its first row and column on; a blank cell is None. ``merged`` rows hold merged cells."""

    name: str
    rows: list[list[str | None]]
    merged: frozenset[int]
    notes: tuple[str, ...]


def read_grids(path: Path) -> list[Grid]:
    """Read the worksheets of a workbook that hold anything.

    Raises
    ------
    SourceError
        EW-F12, EW-F19, EW-F20.

    """
    with unchanged(path):
        refuse_unsafe_workbook(path)
        seen = look_through(path)
        try:
            return list(_grids(path, seen))
        except BaseException as error:  # the reader's own panics are no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise not_a_workbook(path, "a workbook that is broken") from None


def _grids(path: Path, seen: dict[str, Seen]) -> Iterator[Grid]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 (workbooks alone need it)

    with path.open("rb") as handle:  # by path it would follow the suffix, which may be wrong
        book = CalamineWorkbook.from_filelike(handle)
        for about in book.sheets_metadata:
            if about.typ == SheetTypeEnum.WorkSheet:
                hidden = about.visible != SheetVisibleEnum.Visible
                grid = _grid(book, about.name, seen.get(about.name, Seen()), hidden=hidden)
                if any(any(row) for row in grid.rows):
                    yield grid


def _grid(book: CalamineWorkbook, name: str, seen: Seen, *, hidden: bool) -> Grid:
    sheet = book.get_sheet_by_name(name)
    rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for (row, column), error in seen.errors.items():  # the reader leaves these blank
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = error
    merged = frozenset(at for (first, _), (last, _) in _merged(sheet) for at in range(first, last + 1))
    return Grid(name, rows, merged, tuple(_notes(seen, hidden=hidden)))


def _merged(sheet: CalamineSheet) -> Sequence[tuple[tuple[int, int], tuple[int, int]]]:
    """Return merged ranges, where this version of the reader tells them."""
    return getattr(sheet, "merged_cell_ranges", None) or ()


def _notes(seen: Seen, *, hidden: bool) -> Iterator[str]:
    if hidden:
        yield "the worksheet is hidden; it was read like any other"
    if seen.hidden:
        yield "some of its rows or columns are hidden; they were read like any other"
    if seen.filtered:
        yield "a filter is set; what it hides was read like the rest"
    if seen.errors:
        yield f"{count_of(len(seen.errors), 'cell')} with an error such as #N/A; read as that text"


def _text(cell: object) -> str | None:
    """Write a cell as text.

    Examples
    --------
    >>> _text(9212044.0), _text(0.5), _text(True), _text(dt.datetime(2024, 5, 1)), _text(" ")
    ('9212044', '0.5', 'true', '2024-05-01', None)

    """
    match cell:
        case str():
            return cell if cell.strip() else None
        case bool():
            return "true" if cell else "false"
        case float() | int():
            return _number(float(cell))
        case dt.datetime():
            midnight = cell.time() == dt.time()
            return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
        case dt.timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case _:
            return str(cell)


def _number(cell: float) -> str:
    if abs(cell) >= _EXACT:
        return f"{cell:E}"
    return str(int(cell)) if cell.is_integer() else str(cell)
