"""One adapter a format: each reads what agencies hold and returns an `Extract` in the contract's tables.

Tables (CSV, TSV, XLSX, Parquet) and what can be laid out as tables (FHIR, the API's JSON) are read by a mapping; see
``docs/mappings.md``. The census XML is read by its own walk down the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.tables import Account, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from earlywarn.records.mapping.deliveries import ExtractDates


@dataclass(frozen=True)
class Extract:
    """What one source says, in the contract's tables, with an account of every row.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Tables by name, in the schema's columns and dtypes; may include the audit tables.
    account : tuple of Account
        One entry for each kind of repeated element (or sheet, or file) the source holds.
    quarantine : polars.DataFrame
        Refused rows, in `earlywarn.records.tables.QUARANTINE_SCHEMA`.
    notes : tuple of str
        What a person should know of this source: header problems, fields that are not carried.
    births : polars.DataFrame
        Who gives which day of birth for a child: ``child_id, birth_on, expected_birth_on, death_on, source,
        source_row``.
    identities : polars.DataFrame
        Names and addresses, for linking alone; empty unless asked for.

    """

    frames: Mapping[str, pl.DataFrame]
    account: tuple[Account, ...]
    quarantine: pl.DataFrame = field(default_factory=no_quarantine)
    notes: tuple[str, ...] = ()
    births: pl.DataFrame = field(default_factory=pl.DataFrame)
    identities: pl.DataFrame = field(default_factory=pl.DataFrame)


def extract(
    sources: Path | Sequence[Path],
    source_format: str,
    *,
    dates: ExtractDates | None = None,
    authority: str = "",
    mapping: Path | str | None = None,
    for_linkage: bool = False,
) -> Extract:
    """Read files in one of the formats users hold, and check what comes of them against the contract.

    Parameters
    ----------
    sources : Path or sequence of Path
        Files and folders; of a folder every file, whatever its depth. Their order does not matter.
    source_format : str
        One of `earlywarn.records.sources.formats.FORMATS`.
    dates : ExtractDates, optional
        When the extracts were made, where they do not say it themselves.
    authority : str
        The authority's three digits, before its own child ids.
    mapping : Path or str, optional
        A mapping of the user's own, or the name of one that ships; needed for the format ``table``.
    for_linkage : bool
        Keep names and addresses apart, for linking alone.

    Raises
    ------
    ArgumentError
        A format that is not known, or an option that does not fit it.
    SourceError
        A file that is not there, or not of that format.

    """
    from earlywarn.records.sources.formats import reader  # noqa: PLC0415 (each adapter loads what it needs)

    return reader(source_format, dates, authority, mapping, for_linkage=for_linkage)(sources)
