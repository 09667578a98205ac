"""England's children-in-need census, as the XML that every authority files each year.

The census carries dates and no recording times. Each fact is held to be known on the day the census gives for it, and
what carries no day of its own (the outcome of a referral, the primary need, the latest category of a plan) only when
the extract was made. The mapping is in ``cin.toml``; a file holds only the cases that were open in its year.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.rules import RULES
from earlywarn.records.sources import Extract
from earlywarn.records.sources._cin_elements import Census, Element, parse
from earlywarn.records.sources._cin_layout import FIELDS, NOT_CARRIED
from earlywarn.records.sources._cin_rows import judge
from earlywarn.records.sources._cin_tables import tables
from earlywarn.records.tables import QUARANTINE_SCHEMA, Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read(path: Path) -> Extract:
    """Read one census file.

    Parameters
    ----------
    path : Path
        The XML file. Both schemas of sex (``GenderCurrent``, ``Sex``) are read, with or without namespaces.

    Returns
    -------
    Extract
        The tables, an account by kind of element, the refused elements, and notes. Besides the tables of `Records`
        it holds ``attributes``, which are for audit alone.

    Raises
    ------
    SourceError
        No such file, broken XML, a document type (DTD), another document than a census, or no date of the extract.

    """
    census = parse(path)
    judge(census)
    return Extract(tables(census), _account(census), _quarantine(census), tuple(_notes(census)))


def _account(census: Census) -> tuple[Account, ...]:
    kinds = dict.fromkeys([*FIELDS, *(element.kind for element in census.elements)])
    return tuple(_entry(census.file, kind, [e for e in census.elements if e.kind == kind]) for kind in kinds)


def _entry(file: str, kind: str, elements: list[Element]) -> Account:
    collapsed = sum(e.collapsed for e in elements)
    quarantined = sum(_refused(e) for e in elements)
    return Account(file, kind, len(elements), sum(e.accepted for e in elements), quarantined, collapsed)


def _refused(element: Element) -> bool:
    return bool(element.findings) and not element.collapsed


def _quarantine(census: Census) -> pl.DataFrame:
    lines = [_quarantined(census.file, element) for element in census.elements if _refused(element)]
    return pl.DataFrame(lines, schema=QUARANTINE_SCHEMA, orient="row")


def _quarantined(file: str, element: Element) -> tuple[str, ...]:
    first, *further = element.findings
    rule = RULES[first.rule]
    also = "; ".join(f"{finding.rule} {finding.column}" for finding in further)
    content = element.fields | ({"#text": element.stray} if element.stray else {})
    written = json.dumps(content, ensure_ascii=False)
    return file, element.kind, element.place, first.column, first.rule, rule.problem, rule.fix, also, written


def _notes(census: Census) -> Iterator[str]:
    """Say what a person should know, without a value from the file."""
    yield from census.header.notes
    for name, count in sorted(census.not_carried.items()):
        yield f"{name} is not carried ({count} met)"
    for kind in sorted({e.kind for e in census.elements if e.kind.startswith(NOT_CARRIED)}):
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
    yield "the census holds only cases open in its year: what was closed before is not in it"
