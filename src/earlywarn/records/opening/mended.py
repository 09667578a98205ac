"""Rows that were refused, mended by a person in the quarantine's own file, and given back to be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from earlywarn.files import FORMULA_STARTS
from earlywarn.records.checks import ROW
from earlywarn.records.opening.asides import Source, Unsplit, unsplit
from earlywarn.records.tables import QUARANTINE_SCHEMA
from earlywarn.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ABOUT = [name for name in QUARANTINE_SCHEMA if name != "content"]
_CELL = "row__"
_WHOLE = f"{_CELL}text"


class Mended(NamedTuple):
    """The mended rows of one table, under the columns they had at first."""

    table: str
    frame: pl.DataFrame
    aside: pl.DataFrame
    note: str


def is_quarantine(names: Sequence[str]) -> bool:
    """Whether columns are those of a quarantine file: what was wrong, then the row."""
    return any(name.startswith(_CELL) for name in names) and {*_ABOUT} - {"line"} <= {*names}


def mended(file: str, frame: pl.DataFrame, lines: pl.DataFrame | None) -> Iterator[Mended]:
    """Take the rows of a quarantine file apart by table.

    The apostrophe that kept a cell from being run as a formula is taken off again. A row that was kept as one text,
    since it did not split into cells, is set aside again: it can only be mended where it came from.
    """
    text = pl.col(pl.String).str.replace("^'" + FORMULA_STARTS.removeprefix("^"), "${1}")
    for table, rows in frame.with_columns(text).group_by("table", maintain_order=True):
        name = str(table[0] or "")
        whole = _one_text(rows)
        kept = rows.join(whole, on=ROW, how="anti", maintain_order="left")
        cells = kept.select(ROW, pl.col("^row__.*$").name.map(lambda n: n.removeprefix(_CELL)))
        filled = [n for n in cells.columns if n == ROW or cells[n].null_count() < cells.height]
        aside = unsplit([Unsplit(row, 0, text) for row, text in whole.iter_rows()], ",", Source(file, name, lines))
        files = ", ".join(sorted(set(kept["file"].drop_nulls())))
        yield Mended(name, cells.select(filled), aside, f"{count_of(kept.height, 'mended row')} of {files}")


def _one_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Find rows that did not split into cells, with their number: all they have is their text."""
    if _WHOLE not in rows.columns:
        return pl.DataFrame(schema={ROW: pl.UInt32(), _WHOLE: pl.String()})
    others = [pl.col(n).is_null() for n in rows.columns if n.startswith(_CELL) and n != _WHOLE]
    alone = pl.all_horizontal(others) if others else pl.lit(value=True)
    unsplit_before = pl.col("rule").is_in(["EW-R16", "EW-R23", "EW-R25"]) & pl.col(_WHOLE).is_not_null()
    return rows.filter(alone & unsplit_before).select(ROW, _WHOLE)
