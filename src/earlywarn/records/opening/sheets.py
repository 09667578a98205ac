"""Tables as files hold them: CSV, TSV, XLSX and Parquet as frames of text, nothing believed yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.opening.archives import not_a_workbook
from earlywarn.records.opening.asides import Source, no_records, take_out
from earlywarn.records.opening.delimited import read_delimited
from earlywarn.records.opening.headers import column_labels, find_header, header
from earlywarn.records.opening.lines import line_of
from earlywarn.records.opening.mended import is_quarantine, mended
from earlywarn.records.opening.parquet import as_text, read_parquet, refuse_nested
from earlywarn.records.opening.workbooks import Grid, read_grids
from earlywarn.records.tables import no_quarantine
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""What stands between the cells of a text file, by its suffix."""

OTHER_WORKBOOKS = {
    ".xls": "an old Excel workbook (.xls)",
    ".xlsm": "a workbook with macros (.xlsm)",
    ".xlsb": "a binary workbook (.xlsb)",
    ".ods": "an OpenDocument file (.ods)",
}


@dataclass(frozen=True)
class Sheet:
    """One table as it was found.

    Parameters
    ----------
    file : str
        Name of the file, without its folder.
    name : str
        The worksheet, the kind of repeated element, or the file's name without its suffix.
    frame : polars.DataFrame
        Every cell as text; blank is missing. ``_row`` (`earlywarn.records.checks.ROW`) numbers the rows as an editor
        shows them: the header of a text file is row 1.
    aside : polars.DataFrame
        Rows that could not be split into cells, or are no records, in `QUARANTINE_SCHEMA`.
    notes : tuple of str
        What was put right in reading it (a byte-order mark, blanks around a header), without a value.
    delivery : str
        Which of several deliveries it belongs to: files of one folder and one label are one delivery.
    lines : polars.DataFrame, optional
        Where rows and lines part ways, in `earlywarn.records.opening.lines.LINES_SCHEMA`; None where it has no lines.

    """

    file: str
    name: str
    frame: pl.DataFrame
    aside: pl.DataFrame = field(default_factory=no_quarantine)
    notes: tuple[str, ...] = ()
    delivery: str = ""
    lines: pl.DataFrame | None = None

    def line_of(self, rows: pl.Series) -> pl.Series:
        """Return the line of the file each row begins on, as text; blank where it has no lines."""
        return line_of(rows, self.lines)


def read_sheets(path: Path, *, expected: Collection[Collection[str]] = ()) -> list[Sheet]:
    """Read one file as tables of text.

    Parameters
    ----------
    path : Path
        A .csv, .tsv or .txt file (also packed with gzip), an .xlsx workbook, or a Parquet file. A file that
        `earlywarn.records.writing.write_quarantine` wrote is read as the rows it holds, mended.
    expected : collection of collections of str
        Sets of column names, one a table, by which the header of a worksheet is found below its titles.

    Returns
    -------
    list of Sheet
        One for a text file or a Parquet file, one for each worksheet that holds anything.

    Raises
    ------
    SourceError
        The file cannot be read as a whole: EW-F01 to EW-F07, EW-F10 to EW-F15, EW-F19 to EW-F21.

    """
    suffix = next((s for s in reversed(path.suffixes) if s.lower() != ".gz"), "").lower()
    if suffix in DELIMITED:
        made = [_from_text(path, DELIMITED[suffix], {name for names in expected for name in names})]
    elif suffix == ".xlsx":
        made = [_from_grid(path.name, grid, expected) for grid in read_grids(path)]
    elif suffix == ".parquet":
        made = [_from_parquet(path)]
    else:
        raise _unknown(path, suffix)
    return [sheet for found in made for sheet in _as_first_sent(found)]


def looks_excel_damaged(column: pl.Series) -> pl.Series:
    """Tell which ids a spreadsheet program has changed: shortened to a power of ten, or taken for a date.

    Examples
    --------
    >>> looks_excel_damaged(pl.Series(["1.23457E+11", "02-Jan", "2024-01-02", "00123", "1E5"])).to_list()
    [True, True, True, False, False]

    """
    months = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    power, day = r"^-?\d([.,]\d+)?E\+\d{2,}$", r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$"
    return column.str.contains(rf"(?i){power}|^\d{{1,2}}-({months})(-\d{{2,4}})?$|^({months})-\d{{2}}$|{day}")


def _unknown(path: Path, suffix: str) -> SourceError:
    if suffix in OTHER_WORKBOOKS:
        return not_a_workbook(path, OTHER_WORKBOOKS[suffix])
    return SourceError(
        f'"{path}" has no suffix that is read.',
        expected=", ".join([*DELIMITED, ".xlsx", ".parquet"]),
        fix="give it the suffix of what it is, or save it as CSV UTF-8",
        rule="EW-F21",
    )


def _stem(path: Path) -> str:
    name = path.name[: -len(".gz")] if path.suffix.lower() == ".gz" else path.name
    return name.rpartition(".")[0]


def _from_text(path: Path, delimiter: str, known: Collection[str]) -> Sheet:
    split = read_delimited(path, _stem(path), delimiter=delimiter, known=known)
    frame, left_out = _without_blanks(split.frame)
    frame = _named(frame, split.names, [name for name in frame.columns if name != ROW])
    return Sheet(path.name, _stem(path), frame, split.aside, (*split.notes, *left_out), lines=split.lines)


def _from_parquet(path: Path) -> Sheet:
    found = read_parquet(path)
    refuse_nested(found.schema, f'"{path}"')
    head = header(found.columns, f'"{path}"')
    cells = as_text(found.rename(dict(zip(found.columns, column_labels(head.names), strict=True))))
    frame, left_out = _without_blanks(cells.with_row_index(ROW, offset=1))
    return Sheet(path.name, _stem(path), frame, notes=(*head.notes, *left_out))


def _from_grid(file: str, grid: Grid, expected: Collection[Collection[str]]) -> Sheet:
    """Turn a grid into a table: its header is found, what stands above it is left out."""
    where = f'"{file}", worksheet "{grid.name}"'
    top = find_header(grid.rows, expected) or 0
    known = {name for names in expected for name in names}
    head = header([cell or "" for cell in grid.rows[top]], where, known)
    labels = column_labels(head.names)
    cells = grid.rows[top + 1 :]
    columns = {label: [row[at] for row in cells] for at, label in enumerate(labels)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(labels, pl.String())).with_row_index(ROW, offset=top + 2)
    found = no_records(frame.fill_null(""), [cell or "" for cell in grid.rows[top]], marked=False)
    frame, aside = take_out(frame, found, Source(file, grid.name, None))
    frame, left_out = _without_blanks(frame)
    titles = sum(any(row) for row in grid.rows[:top])
    above = [f"{count_of(titles, 'row')} above the header left out"] if titles else []
    notes = [*grid.notes, *above, *_merged(grid, top), *head.notes, *left_out]
    return Sheet(file, grid.name, _named(frame, head.names, labels), aside, tuple(notes))


def _merged(grid: Grid, top: int) -> Iterator[str]:
    if any(at <= top for at in grid.merged):
        yield "cells of or above its header are merged: there may be two header rows, and one was read"
    if any(at > top for at in grid.merged):
        yield "some of its cells are merged; only the first of them holds the value, the others are blank"


def _named(frame: pl.DataFrame, names: list[str], labels: list[str]) -> pl.DataFrame:
    """Leave out columns that have neither a name nor a cell."""
    unnamed = [label for name, label in zip(names, labels, strict=True) if not name]
    return frame.drop(label for label in unnamed if frame[label].null_count() == frame.height)


def _without_blanks(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Turn blank cells into missing ones, and leave out rows without any cell."""
    texts = pl.exclude(ROW)
    frame = frame.with_columns(pl.when(texts.str.strip_chars() != "").then(texts))
    filled = frame.select(pl.any_horizontal(texts.is_not_null()).alias("filled")).to_series()
    blank = frame.height - int(filled.sum())
    return (frame.filter(filled), [f"{count_of(blank, 'blank row')} left out"]) if blank else (frame, [])


def _as_first_sent(sheet: Sheet) -> Iterator[Sheet]:
    """Turn a quarantine file that came back into the tables its rows are of."""
    if sheet.frame.is_empty() or not is_quarantine(sheet.frame.columns):
        yield sheet
        return
    aside = sheet.aside
    for table in mended(sheet.file, sheet.frame, sheet.lines):
        found = replace(sheet, name=table.table, frame=table.frame, aside=pl.concat([aside, table.aside]))
        yield replace(found, notes=(*sheet.notes, table.note))
        aside = no_quarantine()
