"""Rows that are no records, or cannot be split into cells: set aside whole, each with its rule, before anyone judges.

A header in the middle of a file, a totals line at its end, a row with bytes that are no text.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.records.checks import FINDINGS_SCHEMA, ROW
from earlywarn.records.opening.blocks import MARK
from earlywarn.records.opening.lines import line_of
from earlywarn.records.rules import wording
from earlywarn.records.tables import no_quarantine

if TYPE_CHECKING:
    from collections.abc import Sequence

TOTALS = r"(?i)^\W*((grand|overall|sub)[\s-]*)?(total|totals|sum|count|end of (the )?(report|file|extract|data))\b"
_NUMBERS = r"^[\s\d.,:%£$€()+-]*$"
_FEW = 3
"""A totals line has a word and one or two numbers."""


class Source(NamedTuple):
    """Where rows come from: the file, the table, and the lines its rows begin on (none where it has no lines)."""

    file: str
    table: str
    lines: pl.DataFrame | None


class Unsplit(NamedTuple):
    """A row that does not split into the header's cells."""

    row: int
    cells: int
    text: str


def no_records(frame: pl.DataFrame, header: Sequence[str], *, marked: bool) -> pl.DataFrame:
    """Find rows that are no records: row, column, rule; the first rule a row breaks, with its column."""
    names = [name for name in frame.columns if name != ROW]
    if frame.is_empty() or not names:
        return pl.DataFrame(schema=FINDINGS_SCHEMA)
    found = [*(_bad_bytes(frame, names) if marked else ()), _header_again(frame, names, header), _totals(frame, names)]
    first: pl.DataFrame = pl.concat(found).unique(ROW, keep="first", maintain_order=True)
    return first.sort(ROW)


def _bad_bytes(frame: pl.DataFrame, names: list[str]) -> list[pl.DataFrame]:
    return [
        frame.filter(pl.col(name).str.contains(MARK, literal=True)).select(
            ROW, column=pl.lit(name), rule=pl.lit("EW-R23")
        )
        for name in names
    ]


def _header_again(frame: pl.DataFrame, names: list[str], header: Sequence[str]) -> pl.DataFrame:
    first = frame.filter(pl.col(names[0]).str.strip_chars() == header[0].strip())  # cheap, and nearly always nothing
    cells = (pl.col(name).fill_null("").str.strip_chars() for name in names)
    again = pl.all_horizontal(cell == wanted.strip() for cell, wanted in zip(cells, header, strict=True))
    return first.filter(again).select(ROW, column=pl.lit(""), rule=pl.lit("EW-R24"))


def _totals(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Find rows that hold a word for a sum, and beside it numbers alone."""
    filled = pl.sum_horizontal((pl.col(name) != "").fill_null(value=False) for name in names)
    few = frame.with_columns(_filled=filled).filter(pl.col("_filled").is_between(1, _FEW))
    first = pl.coalesce(pl.when(pl.col(name) != "").then(pl.col(name)) for name in names)
    worded = few.filter(first.str.contains(TOTALS))
    numbers = pl.sum_horizontal(
        ((pl.col(name) != "") & pl.col(name).str.contains(_NUMBERS)).fill_null(value=False) for name in names
    )
    return worded.filter(numbers == pl.col("_filled") - 1).select(ROW, column=pl.lit(""), rule=pl.lit("EW-R25"))


def take_out(frame: pl.DataFrame, found: pl.DataFrame, source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part a frame into the rows that stay and the quarantine of those found."""
    if found.is_empty():
        return frame, no_quarantine()
    names = [name for name in frame.columns if name != ROW]
    bad = found.join(frame, on=ROW, how="left", maintain_order="left")
    shown = bad.with_columns(pl.col(names).str.replace_all(MARK, "\\x", literal=True))
    whole = shown.select(ROW, "column", "rule", content=pl.struct(names).struct.json_encode())
    return frame.filter(~pl.col(ROW).is_in(found[ROW].implode())), as_quarantine(whole, source)


def unsplit(rows: Sequence[Unsplit], delimiter: str, source: Source) -> pl.DataFrame:
    """Put rows that do not split into quarantine, as the text they are."""
    lines = [(row.row, "", unsplit_rule(row.text, delimiter), row.text.replace(MARK, "\\x")) for row in rows]
    schema = {**FINDINGS_SCHEMA, "content": pl.String()}
    return as_quarantine(pl.DataFrame(lines, schema=schema, orient="row"), source)


def unsplit_rule(text: str, delimiter: str) -> str:
    """Say why a row does not split: bad bytes, a totals line, or a row with more or fewer cells."""
    if MARK in text:
        return "EW-R23"
    try:
        filled = [cell for cell in next(csv.reader([text], delimiter=delimiter), []) if cell.strip()]
    except csv.Error:
        return "EW-R16"
    few = 0 < len(filled) <= _FEW and re.match(TOTALS, filled[0])
    return "EW-R25" if few and all(re.match(_NUMBERS, cell) for cell in filled[1:]) else "EW-R16"


def as_quarantine(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Complete refused rows (row, column, rule, content) to lines of the quarantine, in the order of the file."""
    if rows.is_empty():
        return no_quarantine()
    ordered = rows.sort(ROW)
    return ordered.select(
        file=pl.lit(source.file),
        table=pl.lit(source.table),
        row=pl.col(ROW).cast(pl.String),
        line=line_of(ordered[ROW], source.lines),
        column="column",
        rule="rule",
        **wording(),
        also=pl.lit(""),
        content="content",
    )
