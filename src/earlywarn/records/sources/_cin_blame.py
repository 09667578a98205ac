"""What the contract refuses, the element it came from is refused for: whole, with its line and what nests in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.records.reading import records_from_frames
from earlywarn.records.schema import RECORD_TABLES
from earlywarn.records.sources._cin_elements import Finding
from earlywarn.records.sources._cin_layout import CLOCKS
from earlywarn.records.sources._cin_rows import spread
from earlywarn.records.sources._cin_tables import LIFE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from earlywarn.records.sources._cin_elements import Census, Element
    from earlywarn.records.sources._cin_records import Records
    from earlywarn.records.sources.merging import Merged

_RESTING = "EW-R13"
"""It names a row that was refused: refused with that row, and not for a fault of its own."""


def blame(merged: Merged, told: Sequence[Records]) -> bool:
    """Refuse the elements whose children or records the contract refuses; say whether there were any."""
    held = {name: frame for name, frame in merged.frames.items() if name in RECORD_TABLES}
    refused = records_from_frames(held).quarantine
    faults = {
        name: [(int(row) - 1, rule, column) for row, rule, column in lines if rule != _RESTING]
        for name in ("children", "contacts")
        for lines in [refused.filter(table=name).select("row", "rule", "column").iter_rows()]
    }
    found = list(_children(merged, told, faults["children"])) or list(_records(merged, told, faults["contacts"]))
    for element, finding in found:
        if finding not in element.findings:
            element.findings.append(finding)
    for rows in told:
        spread(rows.census)
    return bool(found)


def _children(
    merged: Merged, told: Sequence[Records], faults: list[tuple[int, str, str]]
) -> Iterator[tuple[Element, Finding]]:
    for row, rule, column in faults:
        child = merged.frames["children"].row(row, named=True)
        field = LIFE.get(column, "LAchildID")
        for census in (rows.census for rows in told):
            for element in _elements_of(census, child["child_id"]):
                if column not in LIFE or element.day(field) == child[column]:
                    yield element, Finding(rule, field)


def _elements_of(census: Census, child_id: str) -> Iterator[Element]:
    return (e for e in census.elements if e.kind == "Child" and e.accepted and e.child_id == child_id)


def _records(
    merged: Merged, told: Sequence[Records], faults: list[tuple[int, str, str]]
) -> Iterator[tuple[Element, Finding]]:
    for row, rule, column in faults:
        _, sheet, number = merged.carriers.row(row)
        element, role = told[sheet].origins[number]
        clock = CLOCKS[role]
        yield element, Finding(rule, clock.happened or ("" if clock.at_extract else clock.known) or column)
