"""England's children-in-need census, as the XML that every authority files each year.

The census carries dates and no recording times. Each fact is held to be known on the day the census gives for it, and
what carries no day of its own (the outcome of a referral, the primary need, the latest category of a plan) only when
the extract was made. Which date that is for which record, and which fields are read, is data: ``cin.toml``.

A file holds only the cases that were open in its year, so files of several years are read together (`read_all`): what
a later file tells again is nothing new, and what it tells otherwise is a correction, known from that file's extract.

**Mending what was refused.** A refused element lies in quarantine as JSON, with its line, and what nests in it is
refused with it. It is mended in the system that wrote the XML, or in the XML at that line, and the file is read again:
a single element cannot be put back from the quarantine's CSV, since what it nests in is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.rules import RULES
from earlywarn.records.sources import Extract
from earlywarn.records.sources._cin_blame import blame
from earlywarn.records.sources._cin_elements import Census, Element, parse
from earlywarn.records.sources._cin_layout import CLOCKS, FIELDS, NOT_CARRIED
from earlywarn.records.sources._cin_rows import judge
from earlywarn.records.sources._cin_tables import tell
from earlywarn.records.sources._cin_versions import number
from earlywarn.records.sources.merging import Merged, merge
from earlywarn.records.tables import QUARANTINE_SCHEMA, Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def read(path: Path) -> Extract:
    """Read one census file; see `read_all`."""
    return read_all([path])


def read_all(paths: Sequence[Path], authority: str = "") -> Extract:
    """Read census files together: several years, several authorities, in any order.

    Parameters
    ----------
    paths : sequence of Path
        The XML files. Schemas of all years are read (``GenderCurrent`` or ``Sex``, pre-proceedings from 2026), with
        or without namespaces. Files of equal content are read once.
    authority : str
        The authority's three digits, for files whose header has none.

    Returns
    -------
    Extract
        The tables, an account by file and kind of element, the refused elements, notes, and who gives which day of
        birth. Besides the tables of `Records` it holds ``attributes``, which are for audit alone. An element that an
        older file holds in the same words counts as collapsed.

    Raises
    ------
    SourceError
        No such file, an empty one, broken XML, a document type (DTD), another document than a census, or no date of
        the extract.

    """
    censuses, notes = _parsed(paths, authority)
    for census in censuses:
        judge(census)
    merged = _merged(censuses)
    refused = [_quarantined(census.file, e) for census in censuses for e in census.elements if e.refused]
    return Extract(
        merged.frames,
        tuple(entry for census in censuses for entry in _account(census)),
        pl.DataFrame(refused, schema=QUARANTINE_SCHEMA, orient="row"),
        (*_all_notes(censuses), *merged.notes, *notes),
        merged.births,
    )


def clocks() -> list[tuple[str, str, str, str, str, str]]:
    """Return for each record of the census: its elements, name and kind, what it is known from, the basis, and why."""
    return [
        (
            f"cin: {', '.join(clock.of)}",
            role,
            clock.kind,
            "the extract's own day" if clock.at_extract else clock.known,
            clock.basis,
            clock.because,
        )
        for role, clock in CLOCKS.items()
    ]


def _parsed(paths: Sequence[Path], authority: str) -> tuple[list[Census], list[str]]:
    """Parse every file, oldest extract first, so that the order in which they are given is nothing."""
    names = _names(paths)
    found: dict[str, tuple[Census, str]] = {}
    notes = []
    for path, name in sorted(names.items(), key=lambda pair: (pair[1], pair[0].as_posix())):
        census = parse(path, name, authority)
        with path.open("rb") as handle:
            content = hashlib.file_digest(handle, "sha256").hexdigest()
        if content in found:
            notes.append(f"{name} has the same content as {found[content][0].file} and was read once")
        else:
            found[content] = (census, content)
    oldest_first = sorted(found.values(), key=lambda pair: (pair[0].header.extract_at, pair[0].file, pair[1]))
    return [census for census, _ in oldest_first], notes


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name each file, with its folder where two have the same name."""
    once = list(dict.fromkeys(paths))
    same = Counter(path.name for path in once)
    return {path: path.name if same[path.name] == 1 else f"{path.parent.name}/{path.name}" for path in once}


def _merged(censuses: Sequence[Census]) -> Merged:
    while True:
        number(censuses)
        told = [tell(census) for census in censuses]
        merged = merge([rows.told() for rows in told], "cin")
        if not blame(merged, told):
            return merged


def _account(census: Census) -> Iterator[Account]:
    for kind in dict.fromkeys([*FIELDS, *(element.kind for element in census.elements)]):
        elements = [e for e in census.elements if e.kind == kind]
        refused = sum(e.refused for e in elements)
        copies = sum(e.collapsed or (e.accepted and e.again) for e in elements)
        yield Account(census.file, kind, len(elements), len(elements) - refused - copies, refused, copies)


def _quarantined(file: str, element: Element) -> tuple[str, ...]:
    first, *further = element.findings
    rule = RULES[first.rule]
    also = "; ".join(f"{finding.rule} {finding.column}" for finding in further)
    content = element.fields | ({"#text": element.stray} if element.stray else {})
    written = json.dumps(content, ensure_ascii=False)
    where = (file, element.kind, element.place, str(element.line), first.column)
    return *where, first.rule, rule.problem, rule.fix, also, written


def _all_notes(censuses: Sequence[Census]) -> Iterator[str]:
    """Say the notes of every file, with its name where there are several."""
    for census in censuses:
        for note in _notes(census):
            yield note if len(censuses) == 1 else f"{census.file}: {note}"
    nameless = sum(not census.header.lea for census in censuses)
    if nameless and len(censuses) > 1:
        yield f"files without LEA are taken for one authority's ({nameless} files)"
    yield "the census holds only cases open in its year: what was closed before is not in it"


def _notes(census: Census) -> Iterator[str]:
    """Say what a person should know, without a value from the file."""
    yield from census.header.notes
    for name, lines in sorted(census.no_days.items()):
        met = f"{len(lines)} met, the first in line {lines[0]}"
        yield f"{name} with a day that stands for none is read as blank ({met})"
    for name, count in sorted(census.not_carried.items()):
        yield f"{name} is not carried ({count} met)"
    for kind in sorted({e.kind for e in census.elements if e.kind not in FIELDS and e.kind.startswith(NOT_CARRIED)}):
        yield f"{kind} is counted, and not carried"
    if census.stray:
        yield f"text between elements is ignored ({census.stray} met)"
    if census.attributes:
        yield f"XML attributes are not carried ({census.attributes} met)"
    details = [e for e in census.elements if e.kind == "CINdetails" and e.accepted]
    if unsaid := sum("ReferralNFA" not in e.values for e in details):
        yield f"ReferralNFA is blank and read as no ({unsaid} CINdetails)"
    if unused := sum("ReasonForClosure" in e.values and "CINclosureDate" not in e.values for e in details):
        yield f"ReasonForClosure without CINclosureDate is not carried ({unused} CINdetails)"
