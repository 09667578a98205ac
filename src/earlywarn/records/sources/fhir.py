"""FHIR R4: bundles, single resources and bulk exports of patients, encounters, conditions, observations and flags.

What the format carries: what health services saw and wrote, often with the moment it was written (``recordedDate``,
``issued``, ``Appointment.created``, ``Provenance.recorded``, else ``meta.lastUpdated``), and, through the national
flag, that a child protection plan or looked-after status exists.

When each fact became known is said record by record in ``fhir.toml``. Here a document is only flattened: one sheet a
type of resource, one row a resource. References become ids; times stay as written but for parts of a year, which
begin on their first day and say so. A resource that was entered in error, or is to be deleted, stands in a sheet of
its own, by its id. Types that are not read are counted in the notes.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.sources._fhir_parts import tokens
from earlywarn.records.sources._fhir_rows import READERS, Met
from earlywarn.records.sources._flat import MisbuiltError, cell, set_aside, sheet, within, written
from earlywarn.records.sources._json import Aside, Element, Elements, read

if TYPE_CHECKING:
    from pathlib import Path

    from earlywarn.records.opening.sheets import Sheet

ENTRIES = "entries"
"""Name of the sheet that holds what could not be made a row of any type."""

TAKEN_BACK = "_withdrawn"
"""Ends the name of the sheet with the ids of resources that were entered in error, or are to be deleted."""

_TYPE = re.compile(r"[A-Z][A-Za-z]{2,39}")
_NAMED = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{2,39})/([^/?#]+)")


_Entry = tuple[Element, str | None, Any]
"""Where a resource stands, its full URL, and what should be the resource."""


@dataclass
class _File:
    """What is met in one file."""

    met: Met = field(default_factory=Met)
    unread: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)
    deletions: int = 0


def sheets(path: Path) -> list[Sheet]:
    """Flatten one file: a bundle, one resource, or one resource a line.

    Parameters
    ----------
    path : Path
        JSON or NDJSON, as servers and bulk exports write it.

    Returns
    -------
    list of Sheet
        One a type of resource that is read (``Patient``, ``Encounter``, ...), one a type with resources taken back
        (``Encounter_withdrawn``), and ``entries``, which holds the notes and what could not be made a row. A row's
        number is that of the bundle's entry, or of the line.

    Raises
    ------
    SourceError
        No sound JSON (EW-F16), or another document than FHIR (EW-F21).

    """
    whole = read(path)
    found = _File(aside=list(whole.aside))
    kept = [(e, r, found.met.references.learn(url, r)) for e, url, r in _resources(path, whole, found)]
    for element, resource, own in kept:
        _take(found, element, resource, own)
    made = [
        sheet(path.name, name, _columns(name), rows, lines=whole.row_lines) for name, rows in sorted(found.rows.items())
    ]
    aside = set_aside(path.name, ENTRIES, found.aside, lines=whole.lines is not None)
    return [*made, sheet(path.name, ENTRIES, ["type"], [], aside=aside, notes=_notes(whole, found))]


def _resources(path: Path, whole: Elements, found: _File) -> list[tuple[Element, str | None, dict[str, Any]]]:
    """Every resource with its full URL, in the order of the file."""
    if whole.lines is not None:
        entries: list[_Entry] = [(line, None, line.value) for line in whole.lines]
        if not any(isinstance(value, dict) and "resourceType" in value for _, _, value in entries):
            raise _other_document(path)
    elif not isinstance(whole.document, dict) or "resourceType" not in whole.document:
        raise _other_document(path)
    elif whole.document["resourceType"] == "Bundle":
        entries = _entries(path, whole.document)
    else:
        entries = [(Element(1, whole.document), None, whole.document)]
    return [(e, url, resource) for e, url, resource in entries if _is_resource(e, resource, found)]


def _entries(path: Path, bundle: dict[str, Any]) -> list[_Entry]:
    if str(bundle.get("type", "")).endswith("-response"):
        raise _other_document(path)
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise _other_document(path)
    elements = [Element(number, value) for number, value in enumerate(listed, 1)]
    plain = [e.value if isinstance(e.value, dict) else {} for e in elements]
    urls = [url if isinstance(url := p.get("fullUrl"), str) else None for p in plain]
    return [(e, url, p.get("resource")) for e, url, p in zip(elements, urls, plain, strict=True)]


def _is_resource(element: Element, resource: Any, found: _File) -> bool:
    """Whether there is a resource of a named type. What asks for a deletion takes back; anything else is set aside."""
    if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
        return True
    if resource is None and _deletes(element, found):
        return False
    column = "resourceType" if isinstance(resource, dict) else "resource"
    found.aside.append(Aside(element.row, column, "EW-R01", written(element.value)))
    return False


def _deletes(element: Element, found: _File) -> bool:
    try:
        asked = cell(element.value, "request", "method"), cell(element.value, "request", "url")
    except MisbuiltError:
        return False
    named = _NAMED.fullmatch(asked[1] or "")
    if asked[0] != "DELETE" or named is None:
        return False
    kind, own = named.groups()
    if kind in READERS and kind != "Patient":
        found.rows.setdefault(f"{kind}{TAKEN_BACK}", []).append({"id": own, "updated": None, ROW: element.row})
    else:
        found.deletions += 1
    return True


def _take(found: _File, element: Element, resource: dict[str, Any], own: str | None) -> None:
    kind = resource["resourceType"]
    if kind not in READERS:
        found.unread[kind if _TYPE.fullmatch(kind) else "a type without a proper name"] += 1
        return
    try:
        row = READERS[kind](resource, found.met) | {"id": own}
        void = _is_void(resource)
    except MisbuiltError as fault:
        found.aside.append(Aside(element.row, fault.field, "EW-R32", written(resource)))
        return
    if void:
        kind, row = f"{kind}{TAKEN_BACK}", {"id": own, "updated": row["updated"]}
    found.rows.setdefault(kind, []).append(row | {ROW: element.row})


def _is_void(resource: dict[str, Any]) -> bool:
    codes = [code for _, code in tokens(within(resource, "verificationStatus"))]
    return cell(resource, "status") == "entered-in-error" or "entered-in-error" in codes


def _columns(name: str) -> list[str]:
    """Columns of a sheet, whatever its resources leave out: those an empty resource fills."""
    if name.endswith(TAKEN_BACK):
        return ["id", "updated"]
    return ["id", *READERS[name]({"resourceType": name}, Met())]


def _notes(whole: Elements, found: _File) -> tuple[str, ...]:
    notes = [*whole.notes]
    if found.unread:
        notes.append("not carried: " + ", ".join(f"{kind} ({n} met)" for kind, n in sorted(found.unread.items())))
    notes += found.met.times.notes()
    if found.deletions:
        notes.append(f"entries that ask for a deletion are not carried ({found.deletions} met)")
    if strangers := _about_others(found):
        notes.append(f"{strangers} resources are about patients that this file does not hold; their ids are kept")
    if found.met.linked:
        notes.append(f"links from one patient to another are not carried ({found.met.linked} met)")
    return tuple(notes)


def _about_others(found: _File) -> int:
    """Count the resources about patients that are not in a file which holds patients."""
    held = {row["id"] for row in found.rows.get("Patient", ())}
    about = [row["patient"] for rows in found.rows.values() for row in rows if row.get("patient")]
    return sum(patient not in held for patient in about) if held else 0


def _other_document(path: Path) -> SourceError:
    return SourceError(
        f'"{path.name}" is no FHIR document that holds resources.',
        expected="a Bundle with entries, one resource, or one resource a line (.ndjson)",
        fix="check --format; FHIR says of everything what it is in resourceType",
        rule="EW-F21",
    )
