"""Writing a records folder, and the quarantine beside it, so that reading it again gives the same tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError
from earlywarn.files import FORMULA_STARTS, keep_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMS = ("parquet", "csv")

_TIME = "%Y-%m-%dT%H:%M:%S%.f"


def write_tables(frames: Mapping[str, pl.DataFrame], folder: Path, *, form: str = "parquet") -> None:
    """Write every table that holds rows; ``contacts`` always, even empty.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Tables of the contract by name, in the schema's dtypes.
    folder : Path
        Made if it is not there.
    form : {"parquet", "csv"}
        CSV is UTF-8 with ISO days, ``T`` between day and time, fractions of a second only where there are any,
        ``true`` and ``false``, and plain decimal numbers. `read_records` gives back the same tables from either.

    Raises
    ------
    ArgumentError
        Another form.

    Notes
    -----
    Text is written as it stands: a records folder is data, so a cell that begins with ``=`` is not marked for a
    spreadsheet, as it is in the quarantine. Blank text means missing in the contract, so the empty text and the
    missing one are read back alike, as missing. CSV cannot carry the character NUL: such a row is refused when read.

    """
    if form not in FORMS:
        raise ArgumentError(f'"{form}" is no form of a table.', expected=" or ".join(FORMS), fix="use one of the two")
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        if name != "contacts" and frame.is_empty():
            continue
        path = folder / f"{name}.{form}"
        if form == "csv":
            frame.write_csv(path, datetime_format=_TIME, float_scientific=False, line_terminator="\n")
        else:
            frame.write_parquet(path)


def write_quarantine(quarantine: pl.DataFrame, folder: Path) -> list[Path]:
    """Write refused rows, one file a source, readable by their owner alone.

    The first columns say file, row, column, rule, problem, fix and further rules; the rest is the row as it stood.
    A cell that a spreadsheet could run as a formula has an apostrophe put before it.
    """
    if quarantine.is_empty():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, ((file, table), rows) in enumerate(quarantine.group_by("file", "table", maintain_order=True), start=1):
        path = folder / _file_name(str(file), str(table), number)
        if path.exists():  # two sources whose plain names are the same
            path = path.with_name(f"{number}.{path.name}")
        path.touch()
        keep_private(path)
        path.write_text(_as_csv(rows), encoding="utf-8-sig", newline="")
        written.append(path)
    return written


def _file_name(file: str, table: str, number: int) -> str:
    """Name after the source where that is a plain file name, else after its place in the account."""
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in file)[:80].lstrip(".")
    stem = plain.removesuffix(".csv").removesuffix(".parquet").removesuffix(".xml") or f"source_{number}"
    return f"{stem}.csv" if stem == table else f"{stem}.{table}.csv"


def _as_csv(rows: pl.DataFrame) -> str:
    """Rows with their content spread over columns of its own; content that is no table stays in one."""
    contents = [_spread(text) for text in rows["content"]]
    names = list(dict.fromkeys(name for content in contents for name in content))
    spread = pl.DataFrame([{n: c.get(n) for n in names} for c in contents], schema=dict.fromkeys(names, pl.String()))
    whole = pl.concat([rows.drop("content"), spread.rename({n: f"row__{n}" for n in names})], how="horizontal")
    return whole.with_columns(pl.col(pl.String).str.replace(FORMULA_STARTS, "'${1}")).write_csv()


def _spread(text: str) -> dict[str, str | None]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # a refused text may be anything: ten thousand brackets too
        return {"text": text}
    if not isinstance(content, dict):
        return {"text": text}
    return {k: v if v is None or isinstance(v, str) else json.dumps(v) for k, v in content.items()}
