"""Reading a records folder strictly: a row is accepted, collapsed into its equal, or kept in quarantine with a reason.

`earlywarn.records.loading` finds the tables and reads them without believing anything; `check` asks every rule of
`earlywarn.records.checks` and accounts for every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from earlywarn.errors import SourceError
from earlywarn.records import checks
from earlywarn.records.checks import ROW
from earlywarn.records.circles import follow_findings, link_findings
from earlywarn.records.converting import convert
from earlywarn.records.loading import Loaded, load_folder, load_frames
from earlywarn.records.rules import wording
from earlywarn.records.schema import CHILDREN, CONTACTS, RECORD_TABLES, Table
from earlywarn.records.tables import Account, Records, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


def read_records(
    folder: str | Path,
    *,
    source_format: str = "",
    extract_date: str | Sequence[str] = (),
    authority: str = "",
    mapping: str | Path | None = None,
) -> Records:
    r"""Read a records folder, or an agency's own format.

    Parameters
    ----------
    folder : str or Path
        Holds ``<table>.parquet`` (a file or a partitioned directory) or ``<table>.csv`` for the tables of
        `earlywarn.records.schema`. Only ``contacts`` is required. ``outcomes`` and ``attributes`` may lie there and
        are not read. With ``source_format``, a file or folder in that format.
    source_format : str, optional
        As ``earlywarn read --format``: ``ssd``, ``annex_a``, ``ssda903``, ``school_census``, ``cin``, ``fhir``,
        ``dfe_api``, ``table``.
    extract_date : str or sequence of str, optional
        When the extract was made, as ISO text, or ``PART=day`` for each of several deliveries.
    authority : str, optional
        The authority's three digits, before its own child ids.
    mapping : str or Path, optional
        A mapping of your own, or the name of one that ships; needed for ``table``.

    Returns
    -------
    Records
        Accepted rows; refused ones in ``.quarantine``; ``.account`` says what became of every row.

    Raises
    ------
    SourceError
        No such folder, no ``contacts``, a table or column the contract does not know, a file that cannot be read, or
        a column of another type.
    ArgumentError
        A format, a date or a mapping that is not known.

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
    if not source_format:
        return check(load_folder(Path(folder)))
    from earlywarn.records.mapping.deliveries import ExtractDates  # noqa: PLC0415 (adapters build on this module)
    from earlywarn.records.sources import extract  # noqa: PLC0415

    dates = ExtractDates.parse([extract_date] if isinstance(extract_date, str) else extract_date)
    found = extract(Path(folder), source_format, dates=dates, authority=authority, mapping=mapping)
    return Records({n: f for n, f in found.frames.items() if n in RECORD_TABLES}, found.account, found.quarantine)


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
    children = _checked(CHILDREN, loaded["children"]) if "children" in loaded else None
    done = {"contacts": _checked_contacts(loaded["contacts"], children[0] if children else CHILDREN.empty())}
    done |= {"children": children} if children else {}
    for name in (n for n in RECORD_TABLES if n not in done and n in loaded):
        done[name] = _checked(RECORD_TABLES[name], loaded[name], done["contacts"][0])
    whole = [done[name] for name in RECORD_TABLES if name in done]
    frames = {name: done[name][0] for name in RECORD_TABLES if name in done}
    return Records(frames, tuple(account for _, account, _ in whole), pl.concat(refused for _, _, refused in whole))


Checked: TypeAlias = tuple[pl.DataFrame, Account, pl.DataFrame]


def _checked_contacts(loaded: Loaded, children: pl.DataFrame) -> Checked:
    typed, asked = _typed(CONTACTS, loaded)
    typed, of_births = checks.with_births(typed, children)
    found = checks.findings(typed, [*asked, *of_births])
    frame, collapsed, conflicts = _collapsed(CONTACTS, _without(typed.select(ROW, *CONTACTS.schema), found))
    astray = follow_findings(frame)
    return _accounted(CONTACTS, loaded, _without(frame, astray), collapsed, [found, conflicts, astray])


def _checked(table: Table, loaded: Loaded, contacts: pl.DataFrame | None = None) -> Checked:
    typed, asked = _typed(table, loaded)
    found = checks.findings(typed, asked)
    frame, collapsed, conflicts = _collapsed(table, _without(typed, found))
    joined, of_others = checks.reference_checks(table, frame, CONTACTS.empty() if contacts is None else contacts)
    orphans = checks.findings(joined, of_others)
    frame, broken = _without(frame, orphans), [found, conflicts, orphans]
    if table.name == "links":
        broken.append(link_findings(frame))
        frame = _without(frame, broken[-1])
    return _accounted(table, loaded, frame, collapsed, broken)


def _typed(table: Table, loaded: Loaded) -> tuple[pl.DataFrame, list[checks.Check]]:
    """Type the table; the checks are what each row must keep on its own."""
    frame = loaded.frame.with_columns(
        pl.col(n).cast(pl.String) for n, d in loaded.frame.schema.items() if isinstance(d, pl.Categorical | pl.Enum)
    )
    typed, untyped = convert(table, frame)
    own = checks.ROW_CHECKS.get(table.name, ())
    return typed, [*untyped, *checks.column_checks(table, untyped), *own, *checks.near_misses(table, typed)]


def _without(frame: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return frame if found.is_empty() else frame.filter(~pl.col(ROW).is_in(found[ROW].implode()))


def _collapsed(table: Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """Collapse equal rows; refuse all rows that share a key and still differ."""
    alike = checks.alike(table, frame)
    unique = alike.unique(subset=list(table.schema), keep="first", maintain_order=True)
    conflicts = checks.findings(unique, checks.conflict_checks(table))
    repeats = alike.filter(~pl.col(ROW).is_in(unique[ROW].implode()))
    return _without(_without(frame, repeats), conflicts), repeats.height, conflicts


def _accounted(
    table: Table, loaded: Loaded, accepted: pl.DataFrame, collapsed: int, broken: list[pl.DataFrame]
) -> Checked:
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
    broken = broken.sort(ROW)
    refused = loaded.frame.filter(pl.col(ROW).is_in(broken[ROW].implode()))
    refused = refused if refused[ROW].is_sorted() else refused.sort(ROW)
    return broken.select(
        file=pl.lit(loaded.file),
        table=pl.lit(table.name),
        row=pl.col(ROW).cast(pl.String),
        line=loaded.line_of(broken[ROW]),
        column="column",
        rule="rule",
        **wording(),
        also="also",
        content=_as_json(refused.drop(ROW)),
    )


def _as_json(rows: pl.DataFrame) -> pl.Series:
    """Each row as one JSON object, some rows at a time: a file may be refused whole, and should not take the memory."""
    cells = pl.struct(pl.all().cast(pl.String)).struct.json_encode()
    return pl.concat([part.select(cells).to_series() for part in rows.iter_slices(50_000)])
