"""One adapter a file: each reads one format users hold and returns an `Extract` in the contract's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import ArgumentError, SourceError
from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import Account, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


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

    """

    frames: Mapping[str, pl.DataFrame]
    account: tuple[Account, ...]
    quarantine: pl.DataFrame = field(default_factory=no_quarantine)
    notes: tuple[str, ...] = ()


def extract(path: Path, source_format: str) -> Extract:
    """Read one file in one of the formats users hold, and check what comes of it against the contract.

    Raises
    ------
    ArgumentError
        A format that is not known.
    SourceError
        A file that is not there, or not of that format.

    """
    reader = _reader(source_format)
    if not path.is_file():
        raise SourceError(f'"{path}" is no file.', expected="one file in the format given", fix="check the path")
    found = reader(path)
    checked = records_from_frames({n: f for n, f in found.frames.items() if n in RECORD_TABLES})
    kept = {**found.frames, **{n: f for n, f in checked.frames.items() if n in found.frames}}
    refused_here = tuple(a for a in checked.account if a.quarantined)
    return Extract(
        kept, (*found.account, *refused_here), pl.concat([found.quarantine, checked.quarantine]), found.notes
    )


def _reader(source_format: str) -> Callable[[Path], Extract]:
    if source_format == "cin":
        from earlywarn.records.sources.cin import read  # noqa: PLC0415 (each adapter loads what it needs)

        return read
    raise ArgumentError(
        f'"{source_format}" is no format.', expected='"cin", the children-in-need census XML', fix="use --format cin"
    )
