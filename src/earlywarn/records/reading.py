"""Reading a records folder strictly: a row is accepted, collapsed into its equal, or kept in quarantine with a reason.

`earlywarn.records.loading` finds the tables and reads them without believing anything; `check` asks every rule of
`earlywarn.records.checks` and accounts for every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records import checks
from earlywarn.records.checks import ROW
from earlywarn.records.loading import Loaded, load_folder, load_frames
from earlywarn.records.rules import RULES
from earlywarn.records.schema import CONTACTS, RECORD_TABLES, Table
from earlywarn.records.tables import Account, Records, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def read_records(folder: str | Path) -> Records:
    r"""Read a records folder.

    Parameters
    ----------
    folder : str or Path
        Holds ``<table>.parquet`` (a file or a partitioned directory) or ``<table>.csv`` for the tables of
        `earlywarn.records.schema`. Only ``contacts`` is required. ``outcomes`` and ``attributes`` may lie there and
        are not read.

    Returns
    -------
    Records
        Accepted rows; refused ones in ``.quarantine``; ``.account`` says what became of every row.

    Raises
    ------
    SourceError
        No such folder, no ``contacts``, a table or column the contract does not know, a file that cannot be read, or
        a column of another type.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "contacts.csv").write_text(
    ...     "record_id,child_id,agency,held_by,kind,about,occurred_precision,recorded_basis,known_at,source,"
    ...     "source_row\n"
    ...     "r1,c1,police,police,incident,child,unknown,source,2026-03-01T14:30:00,police feed,1\n"
    ... )
    >>> print(read_records(folder))
    Records of 1 child, held by 1 agency
      contacts             1  one dated thing an agency did, saw or learned
      known between 2026-03-01 and 2026-03-01

    """
    return check(load_folder(Path(folder)))


def records_from_frames(frames: Mapping[str, pd.DataFrame | pl.DataFrame]) -> Records:
    """Check tables held in memory; see `Records.from_frames`."""
    return check(load_frames(frames))


def check(loaded: Mapping[str, Loaded]) -> Records:
    """Ask every rule of every table, contacts first, since every other row is known through one of them."""
    if "contacts" not in loaded:
        raise SourceError(
            'The table "contacts" is missing.',
            expected="contacts.parquet or contacts.csv: every other table is known through its rows",
            fix="add it, or read the agency's own format with `earlywarn read`",
        )
    contacts, account, quarantine = _checked_contacts(loaded["contacts"])
    frames, accounts, refused = {"contacts": contacts}, [account], [quarantine]
    for name in (n for n in RECORD_TABLES if n != "contacts" and n in loaded):
        frames[name], account, quarantine = _checked(RECORD_TABLES[name], loaded[name], contacts)
        accounts.append(account)
        refused.append(quarantine)
    return Records(frames, tuple(accounts), pl.concat(refused))


def _row_by_row(table: Table, loaded: Loaded) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Type the table and ask what each row must keep on its own."""
    frame = loaded.frame.with_columns(
        pl.col(n).cast(pl.String) for n, d in loaded.frame.schema.items() if isinstance(d, pl.Categorical | pl.Enum)
    )
    typed, untyped = checks.convert(table, frame)
    asked = [
        *untyped,
        *checks.column_checks(table),
        *checks.ROW_CHECKS.get(table.name, ()),
        *checks.near_misses(table, typed),
    ]
    found = checks.findings(typed, asked)
    kept = checks.without_internals(typed, table)
    return kept.filter(~pl.col(ROW).is_in(found[ROW].implode())), found


def _collapsed(table: Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """Collapse equal rows; refuse all rows that share a key and still differ."""
    unique = frame.unique(subset=list(table.schema), keep="first", maintain_order=True)
    conflicts = checks.findings(unique, checks.conflict_checks(table))
    kept = unique.filter(~pl.col(ROW).is_in(conflicts[ROW].implode()))
    return kept, frame.height - unique.height, conflicts


def _checked_contacts(loaded: Loaded) -> tuple[pl.DataFrame, Account, pl.DataFrame]:
    frame, found = _row_by_row(CONTACTS, loaded)
    frame, collapsed, conflicts = _collapsed(CONTACTS, frame)
    broken = [found, conflicts]
    while True:  # a refused record may leave another that follows it without its anchor
        joined, asked = checks.reference_checks(CONTACTS, frame, frame)
        more = checks.findings(joined, asked)
        if more.is_empty():
            break
        broken.append(more)
        frame = frame.filter(~pl.col(ROW).is_in(more[ROW].implode()))
    return _accounted(CONTACTS, loaded, frame, collapsed, broken)


def _checked(table: Table, loaded: Loaded, contacts: pl.DataFrame) -> tuple[pl.DataFrame, Account, pl.DataFrame]:
    frame, found = _row_by_row(table, loaded)
    frame, collapsed, conflicts = _collapsed(table, frame)
    joined, asked = checks.reference_checks(table, frame, contacts)
    orphans = checks.findings(joined, asked)
    frame = frame.filter(~pl.col(ROW).is_in(orphans[ROW].implode()))
    return _accounted(table, loaded, frame, collapsed, [found, conflicts, orphans])


def _accounted(
    table: Table, loaded: Loaded, accepted: pl.DataFrame, collapsed: int, broken: list[pl.DataFrame]
) -> tuple[pl.DataFrame, Account, pl.DataFrame]:
    refused = pl.concat([loaded.ragged, _quarantined(table, loaded, checks.rules_by_row(broken))])
    account = Account(
        source=loaded.file,
        table=table.name,
        read=loaded.frame.height + loaded.ragged.height,
        accepted=accepted.height,
        quarantined=refused.height,
        collapsed=collapsed,
    )
    return accepted.drop(ROW), account, refused


def _quarantined(table: Table, loaded: Loaded, broken: pl.DataFrame) -> pl.DataFrame:
    """Refused rows as they stood, each with what was wrong and how to mend it."""
    if broken.is_empty():
        return no_quarantine()
    cells = [n for n in loaded.frame.columns if n != ROW]
    whole = broken.join(loaded.frame, on=ROW, how="left", maintain_order="left")
    return whole.select(
        file=pl.lit(loaded.file),
        table=pl.lit(table.name),
        row=pl.col(ROW).cast(pl.String),
        column="column",
        rule="rule",
        problem=pl.col("rule").replace_strict({k: r.problem for k, r in RULES.items()}),
        fix=pl.col("rule").replace_strict({k: r.fix for k, r in RULES.items()}),
        also="also",
        content=pl.struct(pl.col(c).cast(pl.String) for c in cells).struct.json_encode(),
    ).sort(pl.col("row").cast(pl.UInt32))
