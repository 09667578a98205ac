"""Which physical line a row begins on: a cell may hold line breaks, so the two part ways.

A row is numbered as a person counts records; a line is what an editor jumps to. Rows that begin on the line of their
own number need nothing written down, so only the places where the two drift apart are kept.
"""

from __future__ import annotations

import polars as pl

from earlywarn.records.checks import ROW

LINES_SCHEMA = pl.Schema({ROW: pl.UInt32(), "ahead": pl.UInt32()})
"""From this row on, the line is so many ahead of the row."""

SAME_LINES = pl.DataFrame(schema=LINES_SCHEMA)
"""Every row begins on the line of its own number."""


def breaks_before(breaks: pl.DataFrame) -> pl.DataFrame:
    """Sum up line breaks within rows (columns ``_row`` and ``breaks``) to where the rows after them begin."""
    spread = breaks.filter(pl.col("breaks") > 0).sort(ROW)
    return spread.select(pl.col(ROW) + 1, pl.col("breaks").cum_sum().alias("ahead")).cast(
        {ROW: pl.UInt32(), "ahead": pl.UInt32()}
    )


def line_of(rows: pl.Series, lines: pl.DataFrame | None) -> pl.Series:
    """Return the line each row begins on, as text; blank where the format has no lines.

    Examples
    --------
    >>> lines = pl.DataFrame({ROW: [4], "ahead": [2]}, schema=LINES_SCHEMA)
    >>> line_of(pl.Series([2, 4, 9]), lines).to_list()
    ['2', '6', '11']
    >>> line_of(pl.Series([2, 4, 9]), None).to_list()
    ['', '', '']

    """
    if lines is None:
        return pl.Series("line", [""] * len(rows), dtype=pl.String)
    asked = pl.DataFrame({ROW: rows.cast(pl.UInt32)}).with_row_index("_place").sort(ROW)
    found = asked.join_asof(lines.sort(ROW), on=ROW, strategy="backward").sort("_place")
    return found.select(line=(pl.col(ROW) + pl.col("ahead").fill_null(0)).cast(pl.String)).to_series()
