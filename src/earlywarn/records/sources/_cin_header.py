"""What the header of a census says: the authority, and when the extract was made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from earlywarn.errors import SourceError
from earlywarn.records.schema import DEFAULT_ZONE
from earlywarn.records.sources._cin_xml import read_day, said_in_header

if TYPE_CHECKING:
    from lxml import etree

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_LEA = re.compile(r"[0-9]{3}")
_LAST_DAY_OF_THE_YEAR = (3, 31)


@dataclass(frozen=True)
class Header:
    """What the header says: the authority, and when the extract was made."""

    lea: str
    last_day: date
    extract_at: datetime
    notes: tuple[str, ...]


def read_header(root: etree._Element, file: str, authority: str = "") -> Header:
    """Return what the header says, with a note for each thing wrong.

    Raises
    ------
    SourceError
        Neither date is readable: then there is no day of the extract (EW-F23).

    """
    notes: list[str] = []
    lea, reference, made = (_one(root, name, notes) for name in ("LEA", "ReferenceDate", "DateTime"))
    day, at = read_day(reference), _read_time(made)
    moments = ([datetime.combine(day, time())] if day else []) + ([at] if at else [])
    if not moments:
        raise _no_date(file)
    notes += _on_dates(root, (reference, day), (made, at))
    return Header(_authority(lea, authority, notes), day or max(moments).date(), max(moments), tuple(notes))


def _authority(lea: str, given: str, notes: list[str]) -> str:
    if lea and not _LEA.fullmatch(lea):
        notes.append("header: LEA is not three digits and is not used")
        lea = ""
    if lea and given and lea != given:
        notes.append("header: LEA is another authority than the one given, and is used")
    if not lea and given:
        notes.append("header: the authority given is taken for LEA")
    if not (lea or given):
        notes.append("header: without LEA, child ids do not say which authority they are of")
    return lea or given


def _on_dates(root: etree._Element, reference: tuple[str, date | None], made: tuple[str, datetime | None]) -> list[str]:
    day, at = reference[1], made[1]
    said = said_in_header(root, "Year")
    wrong = {
        "ReferenceDate is not an ISO date": bool(reference[0]) and day is None,
        "DateTime is not an ISO time": bool(made[0]) and at is None,
        "DateTime is earlier than ReferenceDate": bool(day and at and at.date() < day),
        "ReferenceDate is not a 31 March": bool(day and (day.month, day.day) != _LAST_DAY_OF_THE_YEAR),
        "Year is not that of ReferenceDate": bool(day and said and said != {str(day.year)}),
    }
    return [f"header: {problem}" for problem, is_so in wrong.items() if is_so]


def _no_date(file: str) -> SourceError:
    return SourceError(
        f"{file}: the header has neither a readable ReferenceDate nor a readable DateTime.",
        expected="the day of the extract, without which no date can be judged",
        fix="fill in ReferenceDate (YYYY-MM-DD) in the header's CollectionDetails",
        rule="EW-F23",
    )


def _one(root: etree._Element, name: str, notes: list[str]) -> str:
    said = said_in_header(root, name)
    if len(said) == 1:
        return said.pop()
    notes.append(f"header: {name} is given more than once, differently" if said else f"header: {name} is missing")
    return ""


def _read_time(text: str) -> datetime | None:
    """Local time: an offset is converted to it, a time without one is taken as it stands."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(ZoneInfo(DEFAULT_ZONE)).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
