"""What the parts of a workbook tell that its reader does not: error cells, hidden rows, and how far cells are spread.

Each part is unpacked once as a stream, to the size its directory promised and no further, and never kept.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

from earlywarn.records.opening.archives import not_a_workbook, too_large_workbook
from earlywarn.records.opening.files import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_CELLS = 50_000_000
"""Rows times columns. A reader lays a sheet out whole: one cell far away would fill the memory with blanks."""

_AT = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_ERROR = re.compile(rb"""<(?:\w+:)?c(\s[^>]*\bt\s*=\s*["']e["'][^>]*)>(.*?)</(?:\w+:)?c>""", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]{1,32})<")
_HIDDEN = re.compile(rb"""<(?:\w+:)?(?:row|col)\s[^>]*\bhidden\s*=\s*["'](?:1|true)["']""")
_OVERLAP = 1 << 16


@dataclass
class Seen:
    """What one worksheet's own text tells. ``errors`` is by row and column, both counted from 1."""

    hidden: bool = False
    filtered: bool = False
    columns: set[bytes] = field(default_factory=set)
    last_row: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)

    def take(self, text: bytes) -> None:
        """Look through a piece of the worksheet; pieces may overlap. A plain search goes before a dearer one."""
        self.hidden = self.hidden or (b"hidden" in text and _HIDDEN.search(text) is not None)
        self.filtered = self.filtered or b"autoFilter" in text
        found = _AT.findall(text)
        self.columns |= {column for column, _ in found}
        self.last_row = max(self.last_row, *(int(row) for row in {row for _, row in found}), 0)
        for attributes, inner in _ERROR.findall(text) if b'"e"' in text or b"'e'" in text else ():
            at, value = _AT.search(attributes), _VALUE.search(inner)
            if at and value:
                self.errors[int(at[2]), _number(at[1])] = value[1].decode("utf-8", "replace")

    @property
    def cells(self) -> int:
        """How many cells the sheet spans, blank ones too."""
        return self.last_row * max((_number(column) for column in self.columns), default=0)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def look_through(path: Path) -> dict[str, Seen]:
    """Look through every worksheet of a workbook, by its name.

    Raises
    ------
    SourceError
        EW-F19: a part larger than it says, or cells spread too far; EW-F20: a broken workbook.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            places, parts = _places(archive), {name.lower(): name for name in archive.namelist()}
            found = {name: parts[place.lower()] for name, place in places.items() if place.lower() in parts}
            seen = {name: _seen(archive, part) for name, part in found.items()}
            for part in set(parts.values()).difference(found.values()):
                for _ in _blocks(archive, part):  # to its end, where its size and its checksum are held against it
                    pass
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, etree.XMLSyntaxError):
        raise not_a_workbook(path, "a workbook that is broken, or larger than it says") from None
    for sheet in seen.values():
        if sheet.cells > MAX_CELLS:
            raise too_large_workbook(path, "has a worksheet whose cells are spread too far apart")
    return seen


def _seen(archive: zipfile.ZipFile, place: str) -> Seen:
    seen, before = Seen(), b""
    for block in _blocks(archive, place):
        text = before + block
        seen.take(text)
        before = text[-_OVERLAP:]
    return seen


def _blocks(archive: zipfile.ZipFile, place: str) -> Iterator[bytes]:
    with archive.open(place) as part:
        while block := part.read(BLOCK):
            yield block


def _places(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return where each worksheet lies in the archive."""
    relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
    targets = {str(r.get("Id")): str(r.get("Target")) for r in relations}
    book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
    sheets = (node for node in book.iter() if etree.QName(node).localname == "sheet")
    ids = {str(node.get("name")): _relation(node) for node in sheets}
    return {name: posixpath.normpath(posixpath.join("/xl", targets[at])).lstrip("/") for name, at in ids.items()}


def _relation(node: etree._Element) -> str:
    return next((str(value) for key, value in node.attrib.items() if str(key).endswith("}id")), "")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
