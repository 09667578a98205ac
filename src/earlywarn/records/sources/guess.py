"""A first draft of a mapping from a user's own columns, for them to correct: it proposes, and says what it cannot know.

A column is judged by its name and by what its cells look like; the draft never quotes a cell, but for the codes of
columns that hold few different ones, since those are what a person must say the meaning of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.records.checks import ROW
from earlywarn.records.codes import AGENCIES, ATTENDANCE, CONCERNS, OUTCOMES
from earlywarn.records.mapping.cells import YES_NO
from earlywarn.records.mapping.layout import plain
from earlywarn.records.opening.sheets import read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from earlywarn.records.opening.sheets import Sheet

DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d-%b-%Y", "%d-%b-%y", "%Y-%b-%d", "%m/%d/%Y")
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%b-%d %H:%M:%S")
MANY = 40
"""More different texts than this, and a column holds no codes."""

_CHILD = r"(child|person|pupil|client|case|subject|nominal).*(id|ref|number|no)$|^(upn|chi|nhs.?(no|number)|cms id|id)$"
_NAME = r"name|surname|phone|email|e-mail|address|postcode|contact (details|number)|narrative|notes?$|free ?text"
_WROTE = "record|enter|creat|report|receiv|log|input"
_KEY = r"(id|ref|reference|no|number|urn)$"
_OF_DAYS = ("birth", "known", "closed", "occurred")
_OF_CODES = ("severity", "outcome", "attendance", "told", "concern", "worker")
_ROLES: Mapping[str, str] = {
    "known": rf"({_WROTE})[a-z]* (on|at|date|time)|(date|time) ({_WROTE})",
    "occurred": r"(incident|event|visit|contact|occur|start|offence|attend|appointment|referral)|^date$|date of",
    "birth": r"birth|^dob$|d\.o\.b",
    "severity": r"grade|severity|risk.?level|rag",
    "concern": r"concern|categor|type.?of.?(offence|incident|abuse)|offence|reason|need|factor",
    "outcome": r"outcome|result|disposal|action.?taken",
    "attendance": r"attend|dna|was not brought|wnb",
    "told": r"shared.?with|sent.?to|notified|referred.?to|told",
    "worker": r"(worker|officer|practitioner|professional|clinician|collar).*(id|ref|no|number|code)?$",
    "planned": r"planned|scheduled|unannounced",
    "seen_alone": r"alone",
    "seen": r"seen",
    "closed": r"(close|conclu|resolv|end)[a-z]*",
}


@dataclass(frozen=True)
class Proposal:
    """What one column is proposed to be: how it is read, and which part it plays, if any."""

    name: str
    holds: str
    role: str = ""
    dates: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    doubt: str = ""


def guess_mapping(path: Path, name: str = "") -> str:
    """Return the text of a mapping that a person must now correct.

    Parameters
    ----------
    path : Path
        One table: CSV, TSV, XLSX or Parquet.
    name : str
        What ids shall begin with; else the file's own name.

    Returns
    -------
    str
        TOML, with a comment wherever a choice was made that only a person can make.

    Raises
    ------
    SourceError
        The file cannot be read.

    """
    sheets = [sheet for sheet in read_sheets(path) if sheet.frame.height]
    own = _word(name or path.stem)
    tables = [_Draft(sheet, [propose(sheet.frame[c]) for c in sheet.frame.columns if c != ROW]) for sheet in sheets]
    lines = [*_head(own, path.name, tables), *(line for table in tables for line in table.lines())]
    codes = {p.holds: p.codes for table in tables for p in table.proposals if p.codes}
    return "\n".join([*lines, *(line for holds, spelled in codes.items() for line in _codes(holds, spelled))]) + "\n"


def propose(column: pl.Series) -> Proposal:
    """Propose what a column is, from its name and the look of its cells."""
    cells = column.drop_nulls()
    roles = _roles(column.name)
    if re.search(_NAME, plain(column.name)) and "birth" not in roles:
        return Proposal(column.name, "left behind")
    if re.search(_CHILD, plain(column.name).replace("_", " ")):
        return Proposal(column.name, "id", "child")
    fitting = _dates_of(cells)
    if fitting:
        return _dated(column.name, _first(roles, _OF_DAYS), fitting, cells)
    if len(cells) and set(cells.str.to_lowercase().unique()) <= set(YES_NO):
        return Proposal(column.name, "yes_no", _first(roles, ("planned", "seen_alone", "seen")))
    return _coded(column, cells, _first(roles, _OF_CODES))


def _roles(name: str) -> list[str]:
    words = plain(re.sub(r"[_\-]+", " ", name))
    return [role for role, pattern in _ROLES.items() if re.search(pattern, words)]


def _first(roles: Sequence[str], fitting: Sequence[str]) -> str:
    return next((role for role in fitting if role in roles), "")


def _dates_of(cells: pl.Series) -> tuple[str, ...]:
    """Ways of writing a date in which every cell can be read."""
    if not len(cells):
        return ()
    sample = cells.unique().head(10_000).str.strip_chars()
    return tuple(f for f in (*DATES, *TIMES) if _reads_all(sample, f))


def _reads_all(cells: pl.Series, form: str) -> bool:
    read = cells.str.to_datetime(form, strict=False) if "%H" in form else cells.str.to_date(form, strict=False)
    return not read.is_null().any() and bool(read.dt.year().is_between(1900, 2200).all())


def _dated(name: str, role: str, fitting: tuple[str, ...], cells: pl.Series) -> Proposal:
    day_first, month_first = "%d/%m/%Y" in fitting, "%m/%d/%Y" in fitting
    doubt = (
        "every day is 12 or less: day/month or month/day cannot be told from the cells"
        if day_first and month_first
        else ""
    )
    form = "%d/%m/%Y" if day_first else fitting[0]
    holds = "moment" if "%H" in form and not cells.str.contains(r" 00:00(:00)?$").all() else "day"
    return Proposal(name, holds, role, (form,), (), doubt)


def _coded(column: pl.Series, cells: pl.Series, role: str) -> Proposal:
    texts = sorted(cells.unique())
    few = 0 < len(texts) <= MANY and len(texts) < max(2, len(cells))
    if role == "severity" and all(re.fullmatch(r"[0-3]", text) for text in texts) and texts:
        return Proposal(column.name, "integer", role)
    if role in {"concern", "outcome", "attendance", "told"} and few:
        return Proposal(column.name, _word(column.name), role, (), tuple(texts))
    if role == "worker":
        return Proposal(column.name, "id", role)
    if re.search(_KEY, plain(column.name)) and len(texts) == len(column):
        return Proposal(column.name, "id", "key")
    return Proposal(column.name, "text")


@dataclass(frozen=True)
class _Draft:
    """One table of the draft."""

    sheet: Sheet
    proposals: Sequence[Proposal]

    def of(self, role: str) -> Proposal | None:
        return next((p for p in self.proposals if p.role == role), None)

    def lines(self) -> Iterable[str]:
        table = _word(self.sheet.name)
        child = self.of("child")
        yield f"\n[tables.{table}]"
        yield f"files = [{_quoted(self.sheet.name)}]"
        yield (
            f"child = {_quoted(child.name)}"
            if child
            else '# child = "…"   # no column looks like the child\'s id: name it'
        )
        if key := self.of("key"):
            yield f"key = [{_quoted(key.name)}]"
        left = [_quoted(p.name) for p in self.proposals if p.holds == "left behind"]
        if left:
            yield f"ignored = [{', '.join(left)}]   # names and free text stay behind"
        if birth := self.of("birth"):
            yield f"children = {{ birth_on = {_quoted('@' + birth.name)} }}"
        yield f"\n[tables.{table}.columns]"
        yield from (_column(p) for p in self.proposals if p.holds != "left behind")
        yield from self._record(table)
        yield from self._closing(table)

    def _record(self, table: str) -> Iterable[str]:
        occurred, known = self.of("occurred"), self.of("known")
        yield f"\n[[tables.{table}.records]]"
        yield 'as = "event"'
        yield 'kind = "contact"   # or incident, visit, encounter, referral … (earlywarn.records.codes.KINDS)'
        if occurred:
            yield f"occurred = {_quoted('@' + occurred.name)}"
        if known:
            yield f'known = {_quoted("@" + known.name)}\nbasis = "source"   # the source says when it was written'
        elif occurred:
            yield f"known = {_quoted('@' + occurred.name)}"
            yield 'basis = "unknown"   # no column says when it was written: assumed the same day'
        else:
            yield 'known = "extract"'
            yield 'basis = "extract"   # no date was found: known only from the extract'
        parts = {"outcome": "outcome", "attendance": "attendance", "seen": "child_seen", "seen_alone": "seen_alone"}
        parts |= {"planned": "planned", "worker": "worker_id"}
        yield from (f"{cell} = {_quoted('@' + p.name)}" for role, cell in parts.items() if (p := self.of(role)))
        if concern := self.of("concern"):
            grade = (
                f", severity = {_quoted('@' + s.name)}" if (s := self.of("severity")) and s.holds == "integer" else ""
            )
            closing = "recorded" if self.of("closed") else "not_recordable"
            yield f'concerns = [{{ category = {_quoted("@" + concern.name)}{grade}, closing = "{closing}" }}]'
        if (told := self.of("told")) and told.codes and known:
            to, at = _quoted("@" + told.name), _quoted("@" + known.name)
            yield f'sharing = [{{ to = {to}, at = {at}, extent = "full" }}]   # is that when they were told?'

    def _closing(self, table: str) -> Iterable[str]:
        closed = self.of("closed")
        if closed and closed.holds in {"day", "moment"}:
            yield f"\n[[tables.{table}.records]]   # the concern's conclusion, where this column is filled"
            yield f'as = "closed"\nkind = "conclusion"\nknown = {_quoted("@" + closed.name)}\nbasis = "source"'
            yield 'follows = "event"\ncloses = true\noutcome = "closed"'


def _head(own: str, file: str, tables: Sequence[_Draft]) -> Iterable[str]:
    forms = dict.fromkeys(f for table in tables for p in table.proposals for f in p.dates)
    yield f"# A first draft from {file}. Read it line by line: it was made from column names and the look of cells."
    yield "# The language is explained in docs/mappings.md. Lines with a comment need your answer."
    yield "\n[source]"
    yield f"name = {_quoted(own)}"
    yield 'children = "record_number"   # the numbering of its child ids: la_child_id, upn, nhs_number, record_number …'
    yield (
        'held_by = "police"   # whose records these are: '
        + ", ".join(c for c, a in AGENCIES.items() if a.organisation)[:80]
        + " …"
    )
    yield f"dates = [{', '.join(_quoted(f) for f in forms)}]"
    yield 'missing = ["NULL", "N/A", "Not recorded"]   # texts that mean nothing was written'


def _column(p: Proposal) -> str:
    required = ", required = true" if p.role in {"child", "key", "occurred"} else ""
    said = f"   # {p.doubt}" if p.doubt else ""
    return f'{_quoted(p.name)} = {{ holds = "{p.holds}"{required} }}{said}'


def _codes(holds: str, spelled: Sequence[str]) -> Iterable[str]:
    """Draft a list of codes: what each means, where the words are ours; else blank, for a person to say."""
    known = {**CONCERNS, **OUTCOMES, **ATTENDANCE, **AGENCIES}
    yield f'\n[codes.{holds}.means]   # say what each means here; "" means nothing was said'
    for text in spelled:
        same = plain(text).replace(" ", "_")
        yield f"{_quoted(text)} = {_quoted(same if same in known else '')}"


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "source"


def _quoted(text: str) -> str:
    """Return a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
