"""The repeated elements of a census: one walk down its tree, nothing judged yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from earlywarn.records.sources._cin_header import Header, read_header
from earlywarn.records.sources._cin_layout import FIELDS, KEY_DAY, NOT_CARRIED
from earlywarn.records.sources._cin_xml import name_of, read_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lxml import etree


class Finding(NamedTuple):
    """A rule, and the field that breaks it."""

    rule: str
    column: str


@dataclass(slots=True, eq=False)
class Element:
    """One repeated element: its fields as written, what nests in it, and what became of it."""

    kind: str
    line: int
    place: str
    parent: Element | None
    fields: dict[str, list[str]] = field(default_factory=dict)
    nested: list[Element] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    collapsed: bool = False
    again: bool = False
    content: str = ""
    own: str = ""
    child_id: str = ""
    ordinal: int = 0

    @property
    def accepted(self) -> bool:
        """Neither refused nor the copy of another in its file; ``again`` where an older file said the same."""
        return not self.findings and not self.collapsed

    @property
    def refused(self) -> bool:
        """Refused, and not only the copy of one that is."""
        return bool(self.findings) and not self.collapsed

    @property
    def key_day(self) -> date | None:
        """The day that tells it from others of its kind: its own, else that of what it nests in."""
        own = self.day(KEY_DAY.get(self.kind, ""))
        return own or (self.parent.key_day if self.parent is not None else None)

    @property
    def key(self) -> str:
        """The same as text."""
        return str(self.key_day or "")

    def day(self, name: str) -> date | None:
        """Return the day a field holds, where it holds one."""
        value = self.values.get(name)
        return value if isinstance(value, date) else None

    def text(self, name: str) -> str | None:
        """Return the text a field holds, where it holds any."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts a repeated field holds, each once."""
        value = self.values.get(name)
        return value if isinstance(value, tuple) else ()


@dataclass
class Census:
    """One file: its header, its repeated elements in their order, and what was met that no table carries."""

    file: str
    header: Header
    elements: list[Element] = field(default_factory=list)
    not_carried: Counter[str] = field(default_factory=Counter)
    no_days: dict[str, list[int]] = field(default_factory=dict)
    stray: int = 0
    attributes: int = 0


def parse(path: Path, file: str, authority: str = "") -> Census:
    """Read a census file into its repeated elements.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        What it is called in messages and in the account.
    authority : str
        The authority's three digits, where the header has none.

    Raises
    ------
    SourceError
        No such file, broken XML, a document type, another document, or a header without any date.

    """
    root = read_root(path, file)
    census = Census(file, read_header(root, file, authority))
    _Walk(census).into(root, None)
    return census


class _Walk:
    """Down the tree once. What is neither a row nor a field is a wrapper, and what is in it belongs to the row."""

    def __init__(self, census: Census) -> None:
        self.census = census
        self.counted: Counter[tuple[Element | None, str]] = Counter()

    def into(self, node: etree._Element, row: Element | None) -> None:
        self._note_stray(node, row)
        for item in node:
            name = name_of(item)
            if not name or (name == "Header" and row is None):
                continue
            self.census.attributes += sum(not str(key).startswith("{") for key in item.attrib)
            if (kind := _kind(name, item, row)) is not None:
                self._take(kind, item, row)
            elif len(item):
                self.into(item, row)
            else:
                self._field(name, item.text or "", row)

    def _take(self, kind: str, item: etree._Element, row: Element | None) -> None:
        self.counted[row, kind] += 1
        outer = f"{row.place.partition(', ')[2]}, " if row else ""
        line: int = item.sourceline  # type: ignore[assignment]  # the stubs leave its type open
        element = Element(kind, line, f"line {line}, {outer}{kind} {self.counted[row, kind]}", row)
        self.census.elements.append(element)
        if row:
            row.nested.append(element)
        if kind == "Reviews":
            self._field("CPPreviewDate", item.text or "", element)
        self.into(item, element)

    def _field(self, name: str, text: str, row: Element | None) -> None:
        if not text.strip():
            return
        if row is not None:
            row.fields.setdefault(name, []).append(text)
        if row is None or name not in FIELDS.get(row.kind, {}):
            self.census.not_carried[name] += 1

    def _note_stray(self, node: etree._Element, row: Element | None) -> None:
        if row is not None and row.kind == "Reviews":
            return
        stray = list(_stray(node))
        self.census.stray += len(stray)
        if row is not None:
            row.stray += stray


def _kind(name: str, item: etree._Element, row: Element | None) -> str | None:
    if name == "CPPreviewDate":
        return "Reviews"
    if name in FIELDS and name != "Reviews":
        return name
    if name.startswith(NOT_CARRIED) and len(item) and (row is None or not row.kind.startswith(NOT_CARRIED)):
        return name
    return None


def _stray(node: etree._Element) -> Iterator[str]:
    """Text between elements, where none belongs."""
    texts = [node.text or "", *(item.tail or "" for item in node)]
    return (text.strip() for text in texts if text.strip())
