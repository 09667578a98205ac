"""From sheets to the tables a mapping names: which sheet is which table, which header which column, which delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.errors import SourceError, nearest
from earlywarn.records.checks import ROW
from earlywarn.records.mapping.layout import Layout, Table, plain
from earlywarn.records.mapping.marks import SHEET, N
from earlywarn.records.opening.sheets import looks_excel_damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from earlywarn.records.opening.sheets import Sheet

_PART = re.compile(r"[\W_]*(part)?[\W_]*\d{0,3}[\W_]*", re.IGNORECASE)
"""What is left of a file's name where it only numbers the parts of one table."""


@dataclass(frozen=True)
class Gathered:
    """The rows of one table from all sheets that hold it, as text, under the mapping's own column names."""

    table: Table
    frame: pl.DataFrame


@dataclass
class Found:
    """All tables, the sheets they came from, and what a person should know of it.

    By sheet: ``deliveries``, the tables as ``named``, and the user's own ``heads`` by the mapping's column names.
    """

    sheets: list[Sheet] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    tables: dict[str, Gathered] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)

    def numbers_of(self, table: str) -> list[int]:
        """Numbers of the sheets that hold a table."""
        return [number for number, name in enumerate(self.named) if name == table]


def gather(sheets: Sequence[Sheet], layout: Layout) -> Found:
    """Sort sheets into tables.

    Raises
    ------
    SourceError
        No sheet is a table of the mapping (EW-F21), or one lacks a column that must be there (EW-F08).

    """
    found = Found()
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in layout.tables}
    for sheet in sorted(sheets, key=lambda s: (s.delivery, s.file, s.name)):
        named = _table_of(sheet, layout)
        if named is None:
            found.notes.append(_not_read(sheet, layout))
            continue
        table, label = named
        found.sheets.append(sheet)
        found.named.append(table.name)
        found.deliveries.append(f"{sheet.delivery}|{label}")
        parts[table.name].append(_columns(sheet, table, len(found.sheets) - 1, found))
    if not found.sheets:
        raise _nothing(sheets, layout)
    for name, frames in parts.items():
        if frames:
            whole = pl.concat(frames, how="diagonal").with_row_index(N)
            found.tables[name] = Gathered(layout.tables[name], whole)
    if absent := [n for n in layout.tables if n not in found.tables and layout.tables[n].columns]:
        found.notes.append("not given: " + ", ".join(absent))
    return found


def _table_of(sheet: Sheet, layout: Layout) -> tuple[Table, str] | None:
    """Return the table a sheet is, and what else its name says: by the name that fits best, else by its columns."""
    named = [
        (len(label), table.name, label)
        for table in layout.tables.values()
        for pattern in (*table.files, table.name)  # mended rows come back under the table's own name
        if (label := _label(pattern, sheet.name)) is not None
    ]
    if named:
        _, name, label = min(named)
        return layout.tables[name], "" if _PART.fullmatch(label) else label
    heads = {plain(c) for c in sheet.frame.columns}
    fitting = [t for t in layout.tables.values() if t.columns and heads >= {plain(c) for c in t.columns}]
    return (max(fitting, key=lambda t: len(t.columns)), "") if len(fitting) == 1 else None


def _not_read(sheet: Sheet, layout: Layout) -> str:
    known = any(_label(pattern, sheet.name) is not None for pattern in layout.source.not_carried)
    return f"{place_of(sheet)} " + ("is not carried" if known else "is of no table of this format and was not read")


def _label(pattern: str, name: str) -> str | None:
    """Return what the stars of a pattern stood for; None where the name is another."""
    match = re.fullmatch("(.*?)".join(re.escape(part) for part in plain(pattern).split("*")), plain(name))
    return "".join(match.groups()) if match else None


def _columns(sheet: Sheet, table: Table, number: int, found: Found) -> pl.DataFrame:
    """Rename headers to the mapping's names; leave behind what is ignored; note what is unknown."""
    heads: dict[str, str] = {}
    for head in sheet.frame.columns:
        heads.setdefault(plain(head), head)
    taken = {name: _header(name, table, heads) for name in table.columns}
    lacking = [n for n, head in taken.items() if head is None and _must_be_there(n, table)]
    if lacking and sheet.frame.height:
        raise _lacks(sheet, table, lacking, list(heads.values()))
    for name in (n for n, head in taken.items() if head is not None and table.columns[n].holds == "id"):
        _refuse_damaged_ids(sheet, taken[name] or name)
    used = {head for head in taken.values() if head is not None}
    rest = [h for h in sheet.frame.columns if h not in used and h != ROW]
    left = [h for h in rest if any(fnmatchcase(plain(h), plain(pattern)) for pattern in table.ignored)]
    unknown = [h for h in rest if h not in left]
    if left:
        found.notes.append(f"{place_of(sheet)}: left behind on purpose: {', '.join(left)}")
    if unknown:
        found.notes.append(f"{place_of(sheet)}: columns this format does not know, not carried: {', '.join(unknown)}")
    found.heads.append({name: head for name, head in taken.items() if head is not None} | {f"+{h}": h for h in unknown})
    return sheet.frame.select(
        pl.col(ROW).cast(pl.UInt32),
        pl.lit(number, pl.UInt32).alias(SHEET),
        *(pl.col(head).alias(name) for name, head in taken.items() if head is not None),
        *(pl.col(head).alias(f"+{head}") for head in unknown),
    )


def _refuse_damaged_ids(sheet: Sheet, head: str) -> None:
    """Refuse a table whose ids a spreadsheet program has changed: they name nobody any more."""
    damaged = sheet.frame.filter(looks_excel_damaged(sheet.frame[head]))[ROW]
    if len(damaged):
        raise SourceError(
            f'{place_of(sheet)}, column "{head}", row {damaged[0]}: a spreadsheet program has changed these ids.',
            expected="ids as the agency gave them; none shortened to a power of ten, none taken for a date",
            fix="export again without opening the file in a spreadsheet, or with this column set to text",
            rule="EW-F26",
        )


def _header(name: str, table: Table, heads: dict[str, str]) -> str | None:
    spellings = (name, *table.columns[name].also)
    return next((heads[plain(s)] for s in spellings if plain(s) in heads), None)


def _must_be_there(name: str, table: Table) -> bool:
    return table.columns[name].required or name == table.child or name in table.key


def place_of(sheet: Sheet) -> str:
    """Name a sheet as a person would: the file, and the worksheet where it is another name."""
    return f"{sheet.file}, {sheet.name}" if is_a_part(sheet) else sheet.file


def is_a_part(sheet: Sheet) -> bool:
    """Say whether it is one of several in its file: a worksheet, a kind of element."""
    return PurePosixPath(sheet.file).name.split(".")[0] != sheet.name.split(".")[0]


def _lacks(sheet: Sheet, table: Table, lacking: list[str], heads: list[str]) -> SourceError:
    def near() -> Iterator[str]:
        yield from filter(None, (nearest(plain(n), [plain(h) for h in heads]) for n in lacking))

    return SourceError(
        f"{place_of(sheet)} lacks the column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}.",
        expected=f"the columns of {table.name}: {', '.join(table.columns)}",
        fix=" ".join(dict.fromkeys(near()))
        or "export it again with these columns, or map your own names with also = [...]",
        rule="EW-F08",
    )


def _nothing(sheets: Sequence[Sheet], layout: Layout) -> SourceError:
    names = ", ".join(place_of(s) for s in sheets[:5]) or "nothing"
    wanted = ", ".join(pattern for t in layout.tables.values() for pattern in t.files)
    return SourceError(
        f"No table of the format {layout.source.name} was found in {names}.",
        expected=f"files or worksheets named {wanted}",
        fix="check --format, or rename the files",
        rule="EW-F21",
    )
