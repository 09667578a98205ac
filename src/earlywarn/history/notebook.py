"""A small table for a notebook's cell: everything escaped, nothing cut."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def html_table(frame: pl.DataFrame) -> str:
    """Lay a frame out for a notebook: text to the left, numbers to the right, everything escaped, null left blank.

    Examples
    --------
    >>> import polars as pl
    >>> html_table(pl.DataFrame({"n": [1]}))
    "<table><tr><th style='text-align:right'>n</th></tr><tr><td style='text-align:right'>1</td></tr></table>"

    """
    sides = {n: "right" if d.is_numeric() else "left" for n, d in frame.schema.items()}
    head = "".join(f"<th style='text-align:{side}'>{escape(n)}</th>" for n, side in sides.items())
    rows = "".join(f"<tr>{''.join(map(_cell, sides.values(), row))}</tr>" for row in frame.iter_rows())
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(side: str, value: object) -> str:
    return f"<td style='text-align:{side}'>{escape('' if value is None else str(value))}</td>"
