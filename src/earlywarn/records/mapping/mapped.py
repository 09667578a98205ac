"""A mapping carried out: sheets in, the contract's tables out, with an account of every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.checks import ROW, rules_by_row
from earlywarn.records.mapping.assemble import Parts, assemble
from earlywarn.records.mapping.blame import blame
from earlywarn.records.mapping.deliveries import ExtractDates, extract_days
from earlywarn.records.mapping.gather import Found, gather, is_a_part, place_of
from earlywarn.records.mapping.marks import COPY_OF, SHEET, N
from earlywarn.records.mapping.rows import Rows, judge, type_all
from earlywarn.records.reading import records_from_frames
from earlywarn.records.rules import wording
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.tables import QUARANTINE_SCHEMA, Account, no_quarantine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from earlywarn.records.mapping.layout import Layout
    from earlywarn.records.opening.sheets import Sheet
    from earlywarn.records.tables import Records


@dataclass(frozen=True)
class Mapped:
    """What a mapping made of the sheets of one source.

    ``frames`` are the contract's tables; ``births`` says who gives which day of birth for a child, and where;
    ``identities`` holds names, and is empty unless it was asked for.
    """

    frames: Mapping[str, pl.DataFrame]
    account: tuple[Account, ...]
    quarantine: pl.DataFrame
    notes: tuple[str, ...]
    births: pl.DataFrame = field(default_factory=pl.DataFrame)
    identities: pl.DataFrame = field(default_factory=pl.DataFrame)


def map_sheets(
    sheets: Sequence[Sheet],
    layout: Layout,
    *,
    dates: ExtractDates | None = None,
    authority: str = "",
    for_linkage: bool = False,
) -> Mapped:
    """Turn sheets into records.

    Parameters
    ----------
    sheets : sequence of Sheet
        Every table of the source, as found; of several deliveries at once.
    layout : Layout
        The mapping.
    dates : ExtractDates, optional
        When the extracts were made. Without it the newest date in each is taken, and a note says so.
    authority : str
        The authority's three digits. Child ids then begin with it, as in the census, where they are its own.
    for_linkage : bool
        Keep names and addresses apart, for linking alone.

    Raises
    ------
    SourceError
        No sheet is of this format, a column is missing, or nothing tells the day of the extract.

    """
    found = gather(sheets, layout)
    frames, checks, said = type_all(found, layout)
    moments, given, assumed = extract_days(found, frames, layout, dates or ExtractDates())
    prefix = authority if authority and layout.source.children == "la_child_id" else layout.source.name
    blamed: dict[str, pl.DataFrame] = {}
    while True:
        judged, referred = judge(found, frames, checks, layout, (moments, given), prefix, blamed)
        parts = assemble(judged, layout, [s.file for s in found.sheets], _places(found), for_linkage=for_linkage)
        checked = records_from_frames({n: f for n, f in parts.frames.items() if n in RECORD_TABLES})
        more = parts.blamed or blame(checked.quarantine, parts.ids, layout)
        if not more:
            break
        blamed = {n: pl.concat([f[n] for f in (blamed, more) if n in f]) for n in {**blamed, **more}}
    leaves_out = [layout.source.leaves_out] if layout.source.leaves_out else []
    from_sheets = [f"{place_of(s)}: {note}" for s in found.sheets for note in s.notes]
    notes = [*leaves_out, *assumed, *found.notes, *from_sheets, *said, *referred, *parts.notes]
    return _mapped(parts, checked, found, judged, notes)


def _mapped(parts: Parts, checked: Records, found: Found, judged: Mapping[str, Rows], notes: list[str]) -> Mapped:
    whole = [entry for rows in judged.values() for entry in _account(rows, found)]
    filled = {entry.source for entry in whole if entry.read}
    account = tuple(e for e in whole if e.read or e.source not in filled) + tuple(
        a for a in checked.account if a.quarantined
    )
    aside = [s.aside for s in found.sheets if not s.aside.is_empty()]
    refused = [_quarantined(rows, found) for rows in judged.values()]
    quarantine = pl.concat(
        [no_quarantine(), *(a.select(QUARANTINE_SCHEMA.names()) for a in aside), *refused, checked.quarantine]
    )
    frames = {**parts.frames, **{n: f for n, f in checked.frames.items() if n in parts.frames}}
    return Mapped(frames, account, quarantine, tuple(dict.fromkeys(notes)), parts.births, parts.identities)


def _places(found: Found) -> list[str]:
    """Say for each sheet what goes before a row's number in ``source_row``: the worksheet, where there are several."""
    return [f"{sheet.name}, " if is_a_part(sheet) else "" for sheet in found.sheets]


def _account(rows: Rows, found: Found) -> list[Account]:
    refused = rows.findings["_row"].unique()
    marked = rows.frame.select(
        SHEET,
        refused=pl.col(N).is_in(refused.implode()),
        copied=(pl.col(COPY_OF) != pl.col(N)).fill_null(value=False),
    )
    counts = marked.group_by(SHEET).agg(read=pl.len(), refused=pl.col("refused").sum(), copied=pl.col("copied").sum())
    by_sheet = {sheet: (read, bad, copied) for sheet, read, bad, copied in counts.iter_rows()}
    entries = []
    for number, sheet in enumerate(found.sheets):
        if number not in found.numbers_of(rows.table.name):
            continue
        read, bad, copied = by_sheet.get(number, (0, 0, 0))
        aside = sheet.aside.height
        entries.append(Account(sheet.file, rows.table.name, read + aside, read - bad - copied, bad + aside, copied))
    return entries


def _quarantined(rows: Rows, found: Found) -> pl.DataFrame:
    """Refused rows as they stood, under the user's own headers, without what is left behind at the door."""
    if rows.findings.is_empty():
        return no_quarantine()
    whole = found.tables[rows.table.name].frame.rename({ROW: "_number"})
    lines = rules_by_row([rows.findings]).join(whole, left_on=ROW, right_on=N, how="left", maintain_order="left")
    by_sheet = lines.sort(SHEET, "_number").partition_by(SHEET, as_dict=True, maintain_order=True)
    return pl.concat([_of_sheet(part, rows, found, int(str(key[0]))) for key, part in by_sheet.items()])


def _of_sheet(lines: pl.DataFrame, rows: Rows, found: Found, sheet: int) -> pl.DataFrame:
    heads = found.heads[sheet]
    said = {
        "file": pl.lit(found.sheets[sheet].file),
        "table": pl.lit(rows.table.name),
        "row": pl.col("_number").cast(pl.String),
        "line": pl.lit(found.sheets[sheet].line_of(lines["_number"])),
        "column": pl.col("column").replace(heads),
        **wording(),
        "content": pl.struct(pl.col(name).alias(head) for name, head in heads.items()).struct.json_encode(),
    }
    return lines.select(said[c].alias(c) if c in said else pl.col(c) for c in QUARANTINE_SCHEMA.names())
