"""Loading tables without believing them: files are found, split into cells, and held to the contract's columns.

Text stays text, and a row that does not split into the header's cells is set aside, never padded or shifted. What the
rows say is asked one room further, in `earlywarn.records.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError, nearest
from earlywarn.records.checks import ROW
from earlywarn.records.conflicts import CONFLICTS_FILE
from earlywarn.records.opening.delimited import read_delimited
from earlywarn.records.opening.lines import line_of
from earlywarn.records.opening.parquet import join_parts, read_parquet
from earlywarn.records.schema import AUDIT_TABLES, TABLES, Table
from earlywarn.records.tables import no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

SUFFIXES = (".parquet", ".csv", ".csv.gz")


@dataclass(frozen=True)
class Loaded:
    """One table as it was found: nothing believed yet.

    ``ragged`` rows could not be split into cells, or are no records. ``notes`` say what was put right in reading.
    ``lines`` tell where rows and lines of the file part ways; None where it has no lines.
    """

    file: str
    frame: pl.DataFrame
    ragged: pl.DataFrame
    notes: tuple[str, ...] = ()
    lines: pl.DataFrame | None = None

    def line_of(self, rows: pl.Series) -> pl.Series:
        """Return the line of the file each row begins on, as text; blank where it has no lines."""
        return line_of(rows, self.lines)


def load_folder(folder: Path) -> dict[str, Loaded]:
    """Find the tables of a records folder and read them, audit tables left out."""
    found = find_tables(folder)
    return {name: _load_table(TABLES[name], path) for name, path in found.items() if name not in AUDIT_TABLES}


def find_tables(folder: Path) -> dict[str, Path]:
    """Find the tables of a records folder.

    Raises
    ------
    SourceError
        No folder, no table in it, one that the contract does not know, or one twice.

    """
    if not _is_folder(folder):
        raise SourceError(
            f'"{folder}" is not a folder.',
            expected="a records folder with contacts.parquet or contacts.csv",
            fix="check the path",
            rule="EW-F01",
        )
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.name.lower().endswith(SUFFIXES) and p.name != CONFLICTS_FILE):
        name = _table_name(path)
        _refuse_unknown_table(name, f'"{path}"')
        if name in found:
            raise SourceError(
                f'"{folder}" holds the table "{name}" twice, as {found[name].name} and as {path.name}.',
                expected="each table once",
                fix="move one of the two away",
                rule="EW-F22",
            )
        found[name] = path
    if not found:
        raise SourceError(
            f'"{folder}" holds no table.',
            expected="contacts.parquet or contacts.csv",
            fix="read an agency's own format with `earlywarn read`, or make a cohort with `earlywarn synth`",
            rule="EW-F25",
        )
    return found


def load_frames(frames: Mapping[str, pd.DataFrame | pl.DataFrame]) -> dict[str, Loaded]:
    """Take tables held in memory as if they had been read."""
    for name in frames:
        _refuse_unknown_table(name, f'The table "{name}"')
    whole = {name: _as_polars(frame, f'The table "{name}"') for name, frame in frames.items()}
    for name, frame in whole.items():
        _check_frame(TABLES[name], frame, f'The table "{name}"')
    return {name: Loaded(name, _numbered(frame), no_quarantine()) for name, frame in whole.items()}


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name the system does not allow
        return False


def _table_name(path: Path) -> str:
    return path.name[: -len(next(s for s in SUFFIXES if path.name.lower().endswith(s)))]


def _refuse_unknown_table(name: str, where: str) -> None:
    if name not in TABLES:
        raise SourceError(
            f"{where} is no table of the contract.",
            expected="one of " + ", ".join(TABLES),
            fix=nearest(name, TABLES) or "rename it, or move it out of the records folder",
            rule="EW-F09",
        )


def _load_table(table: Table, path: Path) -> Loaded:
    return _load_parquet(table, path) if path.suffix.lower() == ".parquet" else _load_csv(table, path)


def _load_parquet(table: Table, path: Path) -> Loaded:
    parts = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not parts:
        raise SourceError(
            f'"{path}" cannot be read as Parquet: the folder holds no part.',
            expected="a Parquet file, or a folder of Parquet files that agree in columns and types",
            fix="export it again",
            rule="EW-F13",
        )
    read = {part.relative_to(path.parent).as_posix(): _read_part(table, path, part) for part in parts}
    frame = join_parts(read, str(path))
    _check_frame(table, frame, f'"{path}"')
    return Loaded(path.name, _numbered(frame), no_quarantine())


def _read_part(table: Table, path: Path, part: Path) -> pl.DataFrame:
    """Read one part; a column that the parts are laid out by (``agency=police/``) is read from the folder's name."""
    frame = read_parquet(part)
    said = dict(folder.split("=", 1) for folder in part.relative_to(path).parts[:-1] if "=" in folder)
    lacking = {n: v for n, v in said.items() if n in table.schema and n not in frame.columns}
    return frame.with_columns(pl.lit(value, pl.String).alias(name) for name, value in lacking.items())


def _load_csv(table: Table, path: Path) -> Loaded:
    where = f'"{path}"'
    split = read_delimited(
        path, table.name, known=table.schema, judge=lambda names: _check_columns(table, names, where)
    )
    return Loaded(path.name, split.frame, split.aside, split.notes, split.lines)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows that stand in no text with their numbers, from 1."""
    return frame.with_columns(pl.int_range(1, frame.height + 1, dtype=pl.UInt32, eager=True).alias(ROW))


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
            rule="EW-F15",
        ) from None


def _check_frame(table: Table, frame: pl.DataFrame, where: str) -> None:
    _check_columns(table, frame.columns, where)
    _check_types(table, frame.schema, where)


def _check_columns(table: Table, names: Sequence[str], where: str) -> None:
    _refuse_no_header(table, names, where)
    for name in names:
        if name not in table.schema:
            raise SourceError(
                f'{where} has a column "{name}" that the table "{table.name}" does not know.',
                expected="only " + ", ".join(table.schema),
                fix=nearest(name, table.schema) or "remove it, or map it to a column of the contract",
                rule="EW-F09",
            )
    required = [c.name for c in table.columns if not c.nullable]
    missing = [name for name in required if name not in names]
    if missing:
        raise SourceError(
            f"{where} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            expected=f"every column that may not be empty: {', '.join(required)}",
            fix="add it",
            rule="EW-F08",
        )


def _refuse_no_header(table: Table, names: Sequence[str], where: str) -> None:
    """Refuse a table of which no column is known, without quoting one: its first row may be a record."""
    if not any(name in table.schema or nearest(name, table.schema) for name in names):
        raise SourceError(
            f'{where} has no column that the table "{table.name}" knows.',
            expected="a header row with " + ", ".join(table.schema),
            fix="put the header back; or read an agency's own format with `earlywarn read`",
            rule="EW-F08",
        )


def _check_types(table: Table, schema: pl.Schema, where: str) -> None:
    for name, dtype in schema.items():
        if name in table.schema:
            _check_type(table, name, dtype, where)


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
            rule="EW-F15",
        )
