"""Delimited text as a table of text: every row of the file is in the frame or set aside, none padded, none shifted."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.opening.asides import Source, Unsplit, no_records, take_out, unsplit, unsplit_rule
from earlywarn.records.opening.blocks import BlockReader, text_blocks
from earlywarn.records.opening.files import BLOCK, refuse_no_text, unchanged
from earlywarn.records.opening.headers import Header, column_labels, header
from earlywarn.records.opening.lines import SAME_LINES, breaks_before
from earlywarn.records.opening.surveying import MAX_CELL, Survey, lines_of, not_utf8, open_quote, survey, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    import pyarrow as pa

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_BREAK = r"\r\n|\r|\n"


@dataclass(frozen=True)
class Split:
    """A text file split into cells, all of them text; a blank cell is empty text.

    ``names`` are the columns as the header has them, some perhaps blank; ``aside`` holds the rows that are no records
    or do not split, ``lines`` where rows begin, ``notes`` what was put right in reading.
    """

    names: list[str]
    frame: pl.DataFrame
    aside: pl.DataFrame
    lines: pl.DataFrame
    notes: tuple[str, ...]


class _Head(NamedTuple):
    """The header as it stands in the file, and as its columns are used."""

    text: bytes
    cells: list[str]
    header: Header

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


def read_delimited(
    path: Path,
    table: str,
    *,
    delimiter: str = ",",
    known: Collection[str] = (),
    judge: Callable[[list[str]], None] = lambda _: None,
) -> Split:
    """Read a text file of rows and cells.

    Parameters
    ----------
    path : Path
        The file; gzip and UTF-16 with a byte-order mark are read too.
    table : str
        What the rows are called in quarantine.
    delimiter : str
        What stands between cells. Another one is refused, not guessed.
    known : collection of str
        Column names that a message may quote.
    judge : callable
        Is given the column names before any row is read, and may raise.

    Raises
    ------
    SourceError
        EW-F01 to EW-F07, EW-F10 to EW-F12, EW-F21, and what ``judge`` raises.

    """
    with unchanged(path):
        refuse_no_text(path)
        found = survey(path)
        if found.quotes % 2:
            raise _open_quote(path, delimiter)
        head = _head(path, delimiter, known)
        judge(head.header.names)
        frame, odd = _rows(path, found, head, delimiter)
        if found.lines != head.lines + frame.height + len(odd):
            _refuse_swallowed_rows(path, delimiter)
    _refuse_all_odd(path, frame, odd, len(head.cells), delimiter)
    lines = _drift(found, head, frame, odd)
    source = Source(path.name, table, lines)
    kept, aside = take_out(frame, no_records(frame, head.cells, marked=found.marked), source)
    kept = _without_blank_end(kept, after=max((row.row for row in odd), default=0))
    notes = (*_notes(found), *head.header.notes, *(() if frame.height or odd else ("the file holds a header alone",)))
    return Split(head.header.names, kept, pl.concat([aside, unsplit(odd, delimiter, source)]), lines, notes)


def _notes(found: Survey) -> Iterator[str]:
    if found.encoding != "utf-8":
        yield f"read as {found.encoding.upper()}, as its byte-order mark says"
    elif found.bom:
        yield "a byte-order mark before the first column name was left out"
    if found.kinds_of_end > 1:
        yield "its lines end in different ways; each was taken as an end"


# --- the header --------------------------------------------------------------------------------------------------


def _head(path: Path, delimiter: str, known: Collection[str]) -> _Head:
    lines, text = lines_of(path), b""
    for line in lines:
        text += line
        if text.count(b'"') % 2 == 0 or len(text) > BLOCK:
            break
    if b"\0" in text:
        raise not_utf8(path, 1, text.index(b"\0"))
    _refuse_other_delimiter(path, text, next(lines, b""), delimiter)
    cells = _cells(path, text, delimiter)
    if not any(cell.strip() for cell in cells):
        raise SourceError(
            f'"{path}" has no column name in its first line.',
            expected="a header row with the table's columns, in the first line",
            fix="take away what stands above the header",
            rule="EW-F08",
        )
    return _Head(text, cells, header(cells, f'"{path}"', known))


def _cells(path: Path, text: bytes, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text.decode()], delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise not_utf8(path, 1, error.start) from None
    except csv.Error:
        raise too_large(f'"{path}"', "has a header that cannot be meant") from None


def _refuse_other_delimiter(path: Path, text: bytes, second: bytes, delimiter: str) -> None:
    """Refuse a header that is one cell here and several by another delimiter, if the row below agrees."""
    if len(_cells(path, text, delimiter)) > 1:
        return
    for other in (d for d in DELIMITERS if d != delimiter):
        wide = len(_cells(path, text, other))
        if wide > 1 and (not second.strip() or second.count(other.encode()) >= wide - 1):
            raise SourceError(
                f'"{path}" has {DELIMITERS[other]} between its cells.',
                expected=DELIMITERS[delimiter],
                fix=f"save it with {DELIMITERS[delimiter]}"
                + {"\t": ", or give it the suffix .tsv", ",": ", or give it the suffix .csv"}.get(other, ""),
                rule="EW-F06",
            )


# --- the rows ----------------------------------------------------------------------------------------------------


def _rows(path: Path, found: Survey, head: _Head, delimiter: str) -> tuple[pl.DataFrame, list[Unsplit]]:
    """Split all rows; those with more or fewer cells than the header come apart."""
    labels = column_labels(head.header.names)
    blank = pl.DataFrame(schema={ROW: pl.UInt32(), **dict.fromkeys(labels, pl.String())})
    if found.lines <= head.lines:
        return blank, []
    odd: list[Unsplit] = []
    parts, first = [blank], 2
    for batch in _batches(path, found, head, delimiter, odd):
        rows = _row_numbers(first, batch.num_rows, odd)
        first = int(rows[-1]) + 1 if len(rows) else first
        cells = pl.DataFrame(pl.from_arrow(batch))
        parts.append(cells.rename(dict(zip(cells.columns, labels, strict=True))).insert_column(0, rows))
    return pl.concat(parts, rechunk=False), odd


def _row_numbers(first: int, count: int, odd: list[Unsplit]) -> pl.Series:
    """Return the numbers of one batch's rows, going round those of rows that did not split."""
    taken = [row.row for row in odd if row.row >= first]
    rows = pl.int_range(first, first + count + len(taken), dtype=pl.UInt32, eager=True).alias(ROW)
    return rows.filter(~rows.is_in(taken)).head(count) if taken else rows


def _batches(path: Path, found: Survey, head: _Head, delimiter: str, odd: list[Unsplit]) -> Iterator[pa.RecordBatch]:
    """Split the text below the header. Arrow's is the one reader that hands over the rows it cannot split."""
    import pyarrow as pa  # noqa: PLC0415 (delimited text alone needs it)
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        odd.append(Unsplit(row.number + 1, row.actual_columns, row.text))
        return "skip"

    names = [str(at) for at in range(len(head.cells))]
    text = BlockReader(text_blocks(path, marked=found.marked), skip=len(head.text))
    try:
        with arrow_csv.open_csv(
            io.BufferedReader(text, BLOCK),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=MAX_CELL),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
            ),
        ) as batches:
            yield from batches
    except pa.ArrowInvalid:
        raise _unreadable(path, delimiter) from None


def _unreadable(path: Path, delimiter: str) -> SourceError:
    """Say why rows could not be split: the one reason left is a row that does not fit into a block."""
    place = open_quote(path, delimiter)
    where = f'"{path}", row {place.row:,} (line {place.line:,}),' if place else f'"{path}"'
    return too_large(where, "has a cell that is larger than any extract has")


def _open_quote(path: Path, delimiter: str) -> SourceError:
    place = open_quote(path, delimiter)
    where = f'"{path}", row {place.row:,} (line {place.line:,}),' if place else f'"{path}"'
    return SourceError(
        f"{where} opens a quote that is never closed.",
        expected='every " that opens a cell to be closed, and every " within one to be written twice',
        fix="mend that row, or export the file again",
        rule="EW-F04",
    )


def _refuse_swallowed_rows(path: Path, delimiter: str) -> None:
    """Where cells span lines, look at each of them: a quote left open closes at the next one, rows below."""
    if open_quote(path, delimiter):
        raise _open_quote(path, delimiter)


def _refuse_all_odd(path: Path, frame: pl.DataFrame, odd: list[Unsplit], cells: int, delimiter: str) -> None:
    """Refuse a file whose rows are all alike and all unlike the header: its header is wrong, or its delimiter."""
    rows = [row for row in odd if unsplit_rule(row.text, delimiter) == "EW-R16"] if len(odd) > 1 else []
    if len(rows) > 1 and len({row.cells for row in rows}) == 1 and not _filled(frame).any():
        raise SourceError(
            f'"{path}" has {rows[0].cells} cells in every row, and {cells} in its header.',
            expected="as many cells in a row as the header names",
            fix="export it again: a comma at the end of each row, or a column without a name, is a common cause",
            rule="EW-F05",
        )


def _filled(frame: pl.DataFrame) -> pl.Series:
    """Whether a row holds any cell."""
    return frame.select(pl.any_horizontal(pl.exclude(ROW).fill_null("") != "").alias("filled")).to_series()


def _without_blank_end(frame: pl.DataFrame, after: int) -> pl.DataFrame:
    """Leave out empty lines at the end of a file: they hold no cell, and many programs write one."""
    height, step = frame.height, 64
    while height:
        end = frame.slice(max(0, height - step), min(step, height))
        kept = (_filled(end) | (end[ROW] < after)).arg_true()
        if len(kept):
            return frame.head(height - end.height + int(kept[-1]) + 1)
        height, step = height - end.height, step * 2
    return frame.head(0)


def _drift(found: Survey, head: _Head, frame: pl.DataFrame, odd: list[Unsplit]) -> pl.DataFrame:
    """Say where lines and rows part ways: after the header, a row, or a row set aside that holds line breaks."""
    if found.lines == 1 + frame.height + len(odd):
        return SAME_LINES
    breaks = pl.sum_horizontal(pl.exclude(ROW).str.count_matches(_BREAK))
    apart = [(1, _breaks(head.text)), *((row.row, _breaks(row.text.encode())) for row in odd)]
    within = frame.select(ROW, breaks=breaks).cast({"breaks": pl.UInt32()})
    return breaks_before(pl.concat([within, pl.DataFrame(apart, schema=within.schema, orient="row")]))


def _breaks(text: bytes) -> int:
    return len(text.splitlines()) - 1
