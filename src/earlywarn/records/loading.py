"""Loading tables without believing them: files are found, split into cells, and held to the contract's columns.

Text stays text, and a row that does not split into the header's cells is set aside, never padded or shifted. What the
rows say is asked one room further, in `earlywarn.records.reading`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError, nearest
from earlywarn.records.checks import ROW
from earlywarn.records.rules import RULES
from earlywarn.records.schema import AUDIT_TABLES, TABLES, Table
from earlywarn.records.tables import QUARANTINE_SCHEMA, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Loaded:
    """One table as it was found: nothing believed yet. ``ragged`` rows could not even be split into cells."""

    file: str
    frame: pl.DataFrame
    ragged: pl.DataFrame


def load_folder(folder: Path) -> dict[str, Loaded]:
    """Find the tables of a records folder and read them, audit tables left out."""
    if not _is_folder(folder):
        raise SourceError(
            f'"{folder}" is not a folder.',
            expected="a records folder with contacts.parquet or contacts.csv",
            fix="check the path",
        )
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        _refuse_unknown_table(path.stem, f'"{path}"')
        if path.stem in found:
            raise SourceError(
                f'"{folder}" holds the table "{path.stem}" twice, as CSV and as Parquet.',
                expected="each table once",
                fix="move one of the two away",
            )
        found[path.stem] = path
    if not found:
        raise SourceError(
            f'"{folder}" holds no table.',
            expected="contacts.parquet or contacts.csv",
            fix="read an agency's own format with `earlywarn read`, or make a cohort with `earlywarn synth`",
        )
    return {name: _load_table(TABLES[name], path) for name, path in found.items() if name not in AUDIT_TABLES}


def load_frames(frames: Mapping[str, pd.DataFrame | pl.DataFrame]) -> dict[str, Loaded]:
    """Take tables held in memory as if they had been read."""
    for name in frames:
        _refuse_unknown_table(name, f'The table "{name}"')
    whole = {name: _as_polars(frame, f'The table "{name}"') for name, frame in frames.items()}
    for name, frame in whole.items():
        _check_columns(TABLES[name], frame, f'The table "{name}"')
    return {name: Loaded(name, _numbered(frame, first=1), no_quarantine()) for name, frame in whole.items()}


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name the system does not allow
        return False


def _refuse_unknown_table(name: str, where: str) -> None:
    if name not in TABLES:
        raise SourceError(
            f"{where} is no table of the contract.",
            expected="one of " + ", ".join(TABLES),
            fix=nearest(name, TABLES) or "rename it, or move it out of the records folder",
        )


def _load_table(table: Table, path: Path) -> Loaded:
    if path.suffix.lower() == ".csv" and path.is_file():
        return _read_csv(table, path)
    return _read_parquet(table, path)


def _read_parquet(table: Table, path: Path) -> Loaded:
    try:
        parts = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        frame = _joined([_read_part(table, path, part) for part in parts])
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise SourceError(
            f'"{path}" cannot be read as Parquet.',
            expected="a whole Parquet file, or a directory of Parquet files that agree in columns and types",
            fix="export it again; a renamed text file is not Parquet",
        ) from None
    _check_columns(table, frame, f'"{path}"')
    return Loaded(path.name, _numbered(frame, first=1), no_quarantine())


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put parts under one another. They must have the same columns; one without a value in a part has no type there."""
    if len({frozenset(part.columns) for part in parts}) != 1:
        raise ValueError
    typed = [part.select(n for n, d in part.schema.items() if d != pl.Null()) for part in parts]
    return pl.concat(typed, how="diagonal")


def _read_part(table: Table, path: Path, part: Path) -> pl.DataFrame:
    """Read one part; a column that the parts are laid out by (``agency=police/``) is read from the folder's name."""
    frame = pl.read_parquet(part, hive_partitioning=False)
    said = dict(folder.split("=", 1) for folder in part.relative_to(path).parts[:-1] if "=" in folder)
    lacking = {n: v for n, v in said.items() if n in table.schema and n not in frame.columns}
    return frame.with_columns(pl.lit(value, pl.String).alias(name) for name, value in lacking.items())


def _read_csv(table: Table, path: Path) -> Loaded:
    """All cells as text; rows that do not split into the header's cells are set aside, never padded or shifted."""
    import pyarrow as pa  # noqa: PLC0415 (CSV alone needs it)
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    names, has_rows = _header(path)
    _check_columns(table, pl.DataFrame(schema=dict.fromkeys(names, pl.String())), f'"{path}"')
    if not has_rows:
        return Loaded(path.name, _numbered(_no_text(names), first=2), no_quarantine())
    _refuse_open_quote(path)
    ragged: list[tuple[int, str]] = []

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    try:
        arrow = arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, OSError):
        raise _unreadable(path) from None
    frame = pl.DataFrame(pl.from_arrow(arrow)) if arrow.num_rows else _no_text(names)
    aside = [number for number, _ in ragged]
    rows = pl.Series(ROW, range(2, frame.height + len(aside) + 2), dtype=pl.UInt32)
    numbered = frame.with_columns(rows.filter(~rows.is_in(aside)))
    return Loaded(path.name, _without_blank_end(numbered), _ragged(path, ragged))


def _unreadable(path: Path) -> SourceError:
    return SourceError(
        f'"{path}" cannot be read as CSV.',
        expected="UTF-8 text, commas between cells, one header row",
        fix="save it again as CSV UTF-8; a Windows code page is not guessed",
    )


def _no_text(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))


def _without_blank_end(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out empty lines at the end of a file: they hold no cell, and many programs write one."""
    filled = frame.select(pl.any_horizontal(pl.exclude(ROW) != "")).to_series().arg_true()
    return frame.head(int(filled[-1]) + 1 if len(filled) else 0)


def _refuse_open_quote(path: Path) -> None:
    """Refuse a file in which a quote is never closed: it would swallow every row after it."""
    with path.open("rb") as handle:
        quotes = sum(block.count(b'"') for block in iter(lambda: handle.read(1 << 20), b""))
    if quotes % 2:
        raise SourceError(
            f'"{path}" opens a quote that is never closed.',
            expected='every " that opens a cell to be closed, and every " within one to be written twice',
            fix="find the row with the odd number of quotes, or export the file again",
        )


def _header(path: Path) -> tuple[list[str], bool]:
    """Return the column names, and whether anything follows them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            lines = csv.reader(handle)
            names, has_rows = next(lines, []), next(lines, None) is not None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise SourceError(
            f'"{path}" has no readable header.', expected="UTF-8 text", fix="save it again as CSV UTF-8"
        ) from None
    if not names:
        raise SourceError(
            f'"{path}" is empty.', expected="a header row with the table's columns", fix="export it again"
        )
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise SourceError(
            f'"{path}" has a column twice: {", ".join(twice)}.',
            expected="each column once",
            fix="remove one of the two",
        )
    return names, has_rows


def _ragged(path: Path, rows: list[tuple[int, str]]) -> pl.DataFrame:
    rule = RULES["EW-R16"]
    lines = [
        {
            "file": path.name,
            "table": path.stem,
            "row": str(number),
            "column": "",
            "rule": "EW-R16",
            "problem": rule.problem,
            "fix": rule.fix,
            "also": "",
            "content": text,
        }
        for number, text in rows
    ]
    return pl.DataFrame(lines, schema=QUARANTINE_SCHEMA)


def _numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    return frame.with_columns(pl.Series(ROW, range(first, first + frame.height), dtype=pl.UInt32))


def _as_polars(frame: pd.DataFrame | pl.DataFrame, where: str) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    import pyarrow as pa  # noqa: PLC0415 (pandas frames alone need it)

    try:
        return pl.from_pandas(frame)
    except (TypeError, ValueError, pa.ArrowException):
        raise SourceError(
            f"{where} has a column of mixed types, or a column twice.",
            expected="one type a column, each column once; ids as text",
            fix='turn the column into text with .astype("string")',
        ) from None


def _check_columns(table: Table, frame: pl.DataFrame, where: str) -> None:
    names = frame.columns
    for name in names:
        if name not in table.schema:
            raise SourceError(
                f'{where} has a column "{name}" that the table "{table.name}" does not know.',
                expected="only " + ", ".join(table.schema),
                fix=nearest(name, table.schema) or "remove it, or map it to a column of the contract",
            )
    missing = [c.name for c in table.columns if not c.nullable and c.name not in names]
    if missing:
        raise SourceError(
            f"{where} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            expected="every column that may not be empty: "
            + ", ".join(c.name for c in table.columns if not c.nullable),
            fix=" ".join(filter(None, (nearest(m, [n for n in names if n not in table.schema]) for m in missing)))
            or "add it",
        )
    for name in names:
        _check_type(table, name, frame.schema[name], where)


def _check_type(table: Table, name: str, dtype: pl.DataType, where: str) -> None:
    wanted = table[name].type
    allowed = {
        "text": dtype.is_(pl.String()) or isinstance(dtype, pl.Categorical | pl.Enum),
        "timestamp": dtype.is_temporal() and not isinstance(dtype, pl.Time | pl.Duration),
        "day": dtype.is_temporal() and not isinstance(dtype, pl.Time | pl.Duration),
        "bool": dtype.is_(pl.Boolean()),
        "integer": dtype.is_numeric(),
        "number": dtype.is_numeric(),
    }[wanted]
    if not (allowed or dtype.is_(pl.String()) or dtype.is_(pl.Null())):
        raise SourceError(
            f'{where}, column "{name}", holds {dtype}.',
            expected=f"{wanted}; ids are text from end to end, or leading zeros are lost",
            fix="write the column as text, or with the schema's type",
        )
