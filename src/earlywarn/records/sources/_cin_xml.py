"""The XML of a children-in-need census, read without trusting it.

No entity is ever declared or resolved, no XInclude is processed, nothing but the file itself is opened, and the
parser's own bounds stand (256 levels, 10 million characters in one text).
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from xml.parsers import expat

from lxml import etree

from earlywarn.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CENSUS = "the XML of a children-in-need census: Message with Header and Children"
_EXPORT = "export the census again, and give that file"
_BEYOND = ("ERR_RESOURCE_LIMIT", "ERR_NAME_TOO_LONG")
_BLANKS = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"
"""Bytes of a file that says nothing: white space, in whatever width, and the marks that name an encoding."""


def read_root(path: Path, file: str) -> etree._Element:
    """Root of a census file.

    Raises
    ------
    SourceError
        No such file (EW-F01), nothing in it (EW-F02), broken XML (EW-F17), XML beyond all bounds (EW-F10), a document
        type (EW-F18), or another document than a census (EW-F21).

    """
    with _opened(path, file) as handle:
        _refuse_empty(handle, file)
        _refuse_doctype(handle, file)
        handle.seek(0)
        root = _parsed(handle, file)
    _refuse_other_documents(root, file)
    return root


def _parsed(handle: BinaryIO, file: str) -> etree._Element:
    parser = _parser()
    try:
        tree = etree.parse(handle, parser)
    except (etree.XMLSyntaxError, OSError):  # lxml calls bytes that are not of the encoding an OSError
        raise _broken(parser, file) from None
    if tree.docinfo.internalDTD is not None:
        raise _doctype_found(file, 1)
    return tree.getroot()


def _broken(parser: etree.XMLParser, file: str) -> SourceError:
    """Tell the line alone: the parser's own words may quote the file."""
    line = max((entry.line for entry in parser.error_log), default=1)
    if any(entry.type_name in _BEYOND for entry in parser.error_log):
        found, rule = "an element, a text or the depth of the XML is beyond all bounds", "EW-F10"
    else:
        found, rule = "broken XML", "EW-F17"
    return SourceError(f"{file}, line {line}: {found}.", expected=_CENSUS, fix=_EXPORT, rule=rule)


def _opened(path: Path, file: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError:
        raise SourceError(
            f"{file}: the file cannot be opened.",
            expected=_CENSUS,
            fix="check the path and your right to read it",
            rule="EW-F01",
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


def _refuse_empty(handle: BinaryIO, file: str) -> None:
    if not any(block.strip(_BLANKS) for block in iter(lambda: handle.read(1 << 20), b"")):
        raise SourceError(f"{file}: the file is empty.", expected=_CENSUS, fix=_EXPORT, rule="EW-F02")
    handle.seek(0)


class _RootReached(Exception):  # noqa: N818 (not an error: the prolog has been read)
    pass


def _refuse_doctype(handle: BinaryIO, file: str) -> None:
    """Read no further than the root's start tag, so that no entity is declared, let alone expanded.

    Whatever else is wrong is left to the parser proper.
    """
    scanner = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _doctype_found(file, scanner.CurrentLineNumber)

    def stop(*_: object) -> None:
        raise _RootReached

    scanner.StartDoctypeDeclHandler = refuse
    scanner.StartElementHandler = stop
    try:
        scanner.ParseFile(handle)
    except (_RootReached, expat.ExpatError, LookupError, ValueError):
        return


def _doctype_found(file: str, line: int) -> SourceError:
    return SourceError(
        f"{file}, line {line}: the file declares a document type (DTD).",
        expected="a census without DOCTYPE; entities are never resolved",
        fix="remove the DOCTYPE at the source: a census needs none",
        rule="EW-F18",
    )


def _refuse_other_documents(root: etree._Element, file: str) -> None:
    collection = said_in_header(root, "Collection")
    wrong = {
        "the root element is not Message": name_of(root) != "Message",
        "the header names another collection than CIN": bool(collection) and collection != {"CIN"},
        "there is no Children element": not any(name_of(item) == "Children" for item in root.iter()),
    }
    for problem, is_so in wrong.items():
        if is_so:
            raise SourceError(
                f"{file}, line {root.sourceline}: {problem}.", expected=_CENSUS, fix=_EXPORT, rule="EW-F21"
            )


def said_in_header(root: etree._Element, name: str) -> set[str]:
    """Every text that the header, or one of several, gives for a name."""
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


def name_of(item: etree._Element) -> str:
    """Name without its namespace; nothing for what is no element."""
    return etree.QName(item).localname if isinstance(item.tag, str) else ""
