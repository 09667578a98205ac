"""Parquet without believing it: whole files, plain columns, and parts of one table that agree with one another."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records.opening.files import first_bytes, unchanged
from earlywarn.records.opening.headers import MAX_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from polars._typing import PolarsDataType

_MAGIC = b"PAR1"


def read_parquet(path: Path) -> pl.DataFrame:
    """Read one Parquet file.

    Raises
    ------
    SourceError
        EW-F13: empty, cut off, or no Parquet at all; EW-F15: a column that holds objects of another program; EW-F10,
        EW-F12.

    """
    with unchanged(path):
        _refuse_no_parquet(path)
        try:
            _refuse_extensions(path)
            frame = pl.read_parquet(path, hive_partitioning=False)
        except (pl.exceptions.PolarsError, OSError, ValueError):
            raise _no_parquet(path, "cannot be read as Parquet") from None
    if frame.width > MAX_COLUMNS:
        raise SourceError(
            f'"{path}" has {frame.width:,} columns.',
            expected=f"at most {MAX_COLUMNS:,}",
            fix="export the columns that are needed",
            rule="EW-F10",
        )
    return frame


def _refuse_no_parquet(path: Path) -> None:
    start = first_bytes(path, len(_MAGIC))
    if not start:
        raise _no_parquet(path, "cannot be read as Parquet: it is empty")
    if start != _MAGIC:
        raise _no_parquet(path, "cannot be read as Parquet: it is another kind of file under that name")


def _no_parquet(path: Path, what: str) -> SourceError:
    return SourceError(
        f'"{path}" {what}.',
        expected="a whole Parquet file",
        fix="export it again; a renamed text file is not Parquet",
        rule="EW-F13",
    )


def _refuse_extensions(path: Path) -> None:
    """Refuse columns whose cells another program has packed: unpacking them can run what they hold."""
    said = pl.read_parquet_metadata(path).get("ARROW:schema", "")
    if b"ARROW:extension:name" in base64.b64decode(said):
        raise SourceError(
            f'"{path}" has a column of an extension type.',
            expected="columns of text, numbers, days, times, or true and false",
            fix="write such columns as text",
            rule="EW-F15",
        )


def refuse_nested(schema: Mapping[str, PolarsDataType], where: str) -> None:
    """Refuse columns that hold more than one value in a cell, or bytes.

    Raises
    ------
    SourceError
        EW-F15.

    """
    for name, dtype in schema.items():
        if dtype.is_nested() or dtype in {pl.Binary(), pl.Object()}:
            raise SourceError(
                f'{where}, column "{name}", holds {dtype}.',
                expected="one value a cell",
                fix="spread it over rows or columns, or write it as text",
                rule="EW-F15",
            )


def join_parts(parts: Mapping[str, pl.DataFrame], whole: str) -> pl.DataFrame:
    """Put parts of one table under one another. A column without any value in a part has no type there.

    Raises
    ------
    SourceError
        EW-F14: two parts differ in columns or types; names both, and the columns.

    """
    (first, model), *others = parts.items()
    types = {column: (dtype, first) for column, dtype in model.schema.items()}
    for name, part in others:
        apart = _apart(types, part.schema, name)
        if apart:
            raise SourceError(
                f'Parts of "{whole}" differ: {"; ".join(apart)}.',
                expected="parts that agree in columns and types",
                fix="export all parts with one program and one version of it",
                rule="EW-F14",
            )
        typed = {column: (dtype, name) for column, dtype in part.schema.items() if dtype != pl.Null()}
        types |= {column: said for column, said in typed.items() if types[column][0] == pl.Null()}
    return pl.concat(part.select(pl.col(c).cast(dtype) for c, (dtype, _) in types.items()) for part in parts.values())


def _apart(
    types: Mapping[str, tuple[PolarsDataType, str]], schema: Mapping[str, PolarsDataType], name: str
) -> list[str]:
    """Say in which columns a part differs from those before it."""
    before = next(iter(types.values()), (None, "the first"))[1]
    lacking = [f'"{before}" has the column "{column}", "{name}" does not' for column in types if column not in schema]
    more = [f'"{name}" has the column "{column}", "{before}" does not' for column in schema if column not in types]
    other = [
        f'the column "{column}" is {types[column][0]} in "{types[column][1]}" and {dtype} in "{name}"'
        for column, dtype in schema.items()
        if column in types and pl.Null() not in (dtype, types[column][0]) and dtype != types[column][0]
    ]
    return [*lacking, *more, *other]


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Write every column as text: days as ISO, midnights as their day, whole fractions as whole numbers.

    Examples
    --------
    >>> as_text(pl.DataFrame({"n": [1.0, 2.5], "yes": [True, None]})).rows()
    [('1', 'true'), ('2.5', None)]

    """
    return frame.select(_text(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items())


def _text(cell: pl.Expr, dtype: PolarsDataType) -> pl.Expr:
    if dtype.is_float():
        whole = pl.when((cell == cell.round()) & (cell.abs() < 1e15)).then(cell).cast(pl.Int64, strict=False)
        finite = pl.when(cell.is_nan().not_()).then(cell).cast(pl.String)
        return pl.coalesce(whole.cast(pl.String), finite.str.replace(r"e\+?(\d)", "E+${1}"))
    if isinstance(dtype, pl.Datetime):
        pattern = "%Y-%m-%d %H:%M:%S%.6f%:z" if dtype.time_zone else "%Y-%m-%d %H:%M:%S%.6f"
        written = cell.dt.to_string(pattern).str.replace(r"\.000000", "")
        return written if dtype.time_zone else written.str.replace(" 00:00:00$", "")
    return cell.cast(pl.String)
