"""Tables as files hold them: CSV, TSV, XLSX and Parquet as frames of text, nothing believed yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from earlywarn.records.tables import no_quarantine

if TYPE_CHECKING:
    import polars as pl


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
        Rows that could not be split into cells, in `QUARANTINE_SCHEMA`.
    notes : tuple of str
        What was put right in reading it (a byte-order mark, blanks around a header), without a value.
    delivery : str
        Which of several deliveries it belongs to: files of one folder and one label are one delivery.

    """

    file: str
    name: str
    frame: pl.DataFrame
    aside: pl.DataFrame = field(default_factory=no_quarantine)
    notes: tuple[str, ...] = ()
    delivery: str = ""
