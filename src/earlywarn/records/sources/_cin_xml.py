"""The XML of a children-in-need census, read without trusting it: its root, and what its header says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from xml.parsers import expat
from zoneinfo import ZoneInfo

from lxml import etree

from earlywarn.errors import SourceError
from earlywarn.records.schema import DEFAULT_ZONE

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_LEA = re.compile(r"[0-9]{3}")
_CENSUS = "the XML of a children-in-need census: Message with Header and Children"
_EXPORT = "export the census again, and give that file"


@dataclass(frozen=True)
class Header:
    """What the header says: the authority, and when the extract was made."""

    lea: str
    last_day: date
    extract_at: datetime
    notes: tuple[str, ...]


def read_root(path: Path) -> etree._Element:
    """Root of a census file.

    Raises
    ------
    SourceError
        No such file, broken XML, a document type, or another document than a census.

    """
    root = _parsed(path)
    _refuse_other_documents(root, path.name)
    return root


def _parsed(path: Path) -> etree._Element:
    with _opened(path) as file:
        _refuse_doctype(file, path.name)
        file.seek(0)
        parser = _parser()
        try:
            tree = etree.parse(file, parser)
        except (etree.XMLSyntaxError, OSError):  # lxml calls bytes that are not of the encoding an OSError
            # The parser's own words may quote the file: only the line is told.
            line = max((entry.line for entry in parser.error_log), default=1)
            raise SourceError(f"{path.name}, line {line}: broken XML.", expected=_CENSUS, fix=_EXPORT) from None
    if tree.docinfo.internalDTD is not None:
        raise _doctype_found(path.name, 1)
    return tree.getroot()


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError:
        raise SourceError(
            f"{path.name}: the file cannot be opened.", expected=_CENSUS, fix="check the path and your right to read it"
        ) from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


class _RootReached(Exception):  # noqa: N818 (not an error: the prolog has been read)
    pass


def _refuse_doctype(file: BinaryIO, name: str) -> None:
    """Read no further than the root's start tag, so that no entity is declared, let alone expanded.

    Whatever else is wrong is left to the parser proper.
    """
    scanner = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _doctype_found(name, scanner.CurrentLineNumber)

    def stop(*_: object) -> None:
        raise _RootReached

    scanner.StartDoctypeDeclHandler = refuse
    scanner.StartElementHandler = stop
    try:
        scanner.ParseFile(file)
    except (_RootReached, expat.ExpatError, LookupError, ValueError):
        return


def _doctype_found(file: str, line: int) -> SourceError:
    return SourceError(
        f"{file}, line {line}: the file declares a document type (DTD).",
        expected="a census without DOCTYPE; entities are never resolved",
        fix="remove the DOCTYPE at the source: a census needs none",
    )


def _refuse_other_documents(root: etree._Element, file: str) -> None:
    where = f"{file}, line {root.sourceline}"
    if name_of(root) != "Message":
        raise SourceError(f"{where}: the root element is not Message.", expected=_CENSUS, fix=_EXPORT)
    collection = _said(root, "Collection")
    if collection and collection != {"CIN"}:
        raise SourceError(f"{where}: the header names another collection than CIN.", expected=_CENSUS, fix=_EXPORT)
    if not any(name_of(item) == "Children" for item in root.iter()):
        raise SourceError(f"{where}: there is no Children element.", expected=_CENSUS, fix=_EXPORT)


def read_header(root: etree._Element, file: str) -> Header:
    """Return what the header says, with a note for each thing wrong.

    Raises
    ------
    SourceError
        Neither date is readable: then there is no day of the extract.

    """
    notes: list[str] = []
    lea, reference, made = (_one(root, name, notes) for name in ("LEA", "ReferenceDate", "DateTime"))
    if lea and not _LEA.fullmatch(lea):
        notes.append("header: LEA is not three digits and is not used")
        lea = ""
    if not lea:
        notes.append("header: without LEA, child ids do not say which authority they are of")
    day = read_day(reference)
    at = _read_time(made)
    notes += ["header: ReferenceDate is not an ISO date"] if reference and day is None else []
    notes += ["header: DateTime is not an ISO time"] if made and at is None else []
    moments = ([datetime.combine(day, time())] if day else []) + ([at] if at else [])
    if not moments:
        raise SourceError(
            f"{file}: the header has neither a readable ReferenceDate nor a readable DateTime.",
            expected="the day of the extract, without which no date can be judged",
            fix="fill in ReferenceDate (YYYY-MM-DD) in the header's CollectionDetails",
        )
    if day and at and at.date() < day:
        notes.append("header: DateTime is earlier than ReferenceDate")
    return Header(lea, day or max(moments).date(), max(moments), tuple(notes))


def _one(root: etree._Element, name: str, notes: list[str]) -> str:
    said = _said(root, name)
    if len(said) == 1:
        return said.pop()
    notes.append(f"header: {name} is given more than once, differently" if said else f"header: {name} is missing")
    return ""


def _said(root: etree._Element, name: str) -> set[str]:
    headers = [item for item in root if name_of(item) == "Header"]
    texts = [(item.text or "").strip() for header in headers for item in header.iter() if name_of(item) == name]
    return {text for text in texts if text}


def read_day(text: str) -> date | None:
    """Return the day an ISO text names, or None."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _read_time(text: str) -> datetime | None:
    """Local time: an offset is converted to it, a time without one is taken as it stands."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(ZoneInfo(DEFAULT_ZONE)).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


def name_of(item: etree._Element) -> str:
    """Name without its namespace; nothing for what is no element."""
    return etree.QName(item).localname if isinstance(item.tag, str) else ""
