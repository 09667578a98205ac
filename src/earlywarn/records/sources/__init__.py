"""One adapter a file: each reads one format users hold and returns an `Extract` in the contract's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from earlywarn.records.tables import Account, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


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
