"""The Department for Education's children's social care API: one JSON object a child, as an authority submits it.

What the format carries: referrals, assessments with their factors, plans, enquiries, placements, workers, adoption and
contact with care leavers, each with days but none with a moment of writing. A submission replaces the one before; what
it marks with ``purge`` is taken back on its day.

When each fact became known is said record by record in ``dfe_api.toml``. Here the object is only flattened: one sheet
a kind of element, one row an element, with the ids of the child and the episode it is in. What is marked with
``purge``, and all that is in it, stands in sheets of its own (``assessments_purged``), by its ids.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earlywarn.errors import SourceError
from earlywarn.records.checks import ROW
from earlywarn.records.mapping.declared import shipped
from earlywarn.records.sources._flat import MisbuiltError, cell, items, set_aside, sheet, within, written
from earlywarn.records.sources._json import Aside, Element, Elements, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from earlywarn.records.opening.sheets import Sheet

CHILD, EPISODE = "la_child_id", "social_care_episode_id"

PURGED = "_purged"
"""Ends the name of the sheet with what is taken back."""

LISTS: Mapping[str, str] = {
    "care_worker_details": "workers",
    "child_and_family_assessments": "assessments",
    "child_in_need_plans": "need_plans",
    "section_47_assessments": "enquiries",
    "child_protection_plans": "protection_plans",
    "child_looked_after_placements": "placements",
}
"""Lists within an episode, and the sheets their elements go to."""

SINGLE: Mapping[str, str] = {"adoption": "adoptions", "care_leavers": "care_leavers"}
"""Objects of which an episode has one at most."""

_OF_A_CHILD = {"la_child_id", "mis_child_id", "child_details", "social_care_episodes"}
_TRUE, _FALSE = {"true", "1", "y", "yes"}, {"false", "0", "n", "no"}


@dataclass
class _File:
    """What is met in one file."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    aside: dict[str, list[Aside]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    details_purged: int = 0

    def number(self, name: str) -> int:
        """Return the number of the next element of a kind, purged or not."""
        kind = name.removesuffix(PURGED)
        of_kind = [*(len(self.rows.get(n, ())) for n in (kind, kind + PURGED)), len(self.aside.get(kind, ()))]
        return sum(of_kind) + 1


def sheets(path: Path) -> list[Sheet]:
    """Flatten one file: a list of children, one child, one child a line, or a submission that wraps either.

    Parameters
    ----------
    path : Path
        JSON or NDJSON.

    Returns
    -------
    list of Sheet
        One a kind of element, and ``children`` in any case. A child's row is its number in the list, or its line;
        the row of what is within a child is its number among all of its kind in the file.

    Raises
    ------
    SourceError
        No sound JSON (EW-F16), or another document (EW-F21).

    """
    whole = read(path)
    notes = list(whole.notes)
    found = _File(aside={"children": list(whole.aside)} if whole.aside else {})
    for element in _children(path, whole, notes):
        _child(found, element)
    notes += _notes(found)
    names = dict.fromkeys(["children", *sorted(found.rows), *sorted(found.aside)])
    return [_sheet(path.name, name, found, whole, notes if name == "children" else []) for name in names]


def _sheet(file: str, name: str, found: _File, whole: Elements, notes: list[str]) -> Sheet:
    rows = found.rows.get(name, [])
    declared = shipped("dfe_api").tables[name].columns
    columns = dict.fromkeys([*declared, *(column for row in rows for column in row if column != ROW)])
    lines = whole.row_lines if name == "children" else None
    aside = set_aside(file, name, found.aside.get(name, ()), lines=lines is not None)
    return sheet(file, name, list(columns), rows, aside=aside, notes=tuple(notes), lines=lines)


def _children(path: Path, whole: Elements, notes: list[str]) -> list[Element]:
    if whole.lines is not None:
        elements = list(whole.lines)
    else:
        document = whole.document
        if isinstance(document, dict) and (wrapped := _wrapped(document)) is not None:
            if "la_code" in document:
                notes.append("la_code is not carried: give the authority with --authority")
            document = wrapped
        listed = document if isinstance(document, list) else [document]
        elements = [Element(number, value) for number, value in enumerate(listed, 1)]
    if elements and not any(isinstance(e.value, dict) and _OF_A_CHILD & e.value.keys() for e in elements):
        raise _other_document(path)
    return elements


def _wrapped(document: dict[str, Any]) -> Any:
    """Return the children of a submission, whose key is written with a capital or without."""
    return next((value for key, value in document.items() if key.lower() == "children"), None)


def _child(found: _File, element: Element) -> None:
    """Lay out one child and all within it; a child that is not built as the format says is set aside whole."""
    child = element.value
    try:
        own, gone = cell(child, CHILD), _is_purged(child)
        details = within(child, "child_details") or {}
        health = within(child, "health_and_wellbeing")
        questionnaires = items(health, "sdq_assessments")
        episodes = items(child, "social_care_episodes")
        row = _plain(found, child, {"child_details", "health_and_wellbeing", "social_care_episodes"})
        hidden = _is_purged(details)
        row |= {} if hidden else _plain(found, details, {"disabilities"}, joined="disabilities")
        health_gone = gone or _is_purged(health)
    except MisbuiltError as fault:
        found.aside.setdefault("children", []).append(Aside(element.row, fault.field, "EW-R32", written(child)))
        return
    found.details_purged += hidden and not gone
    _put(found, "children", {CHILD: own} if gone else row | {CHILD: own}, gone=gone, number=element.row)
    if health is not None:
        _put(found, "health", {CHILD: own}, gone=health_gone)
    for value in questionnaires:
        _element(found, "sdq", value, {CHILD: own}, gone=health_gone)
    for value in episodes:
        _episode(found, value, own, gone=gone)


def _episode(found: _File, episode: Any, child: str | None, *, gone: bool) -> None:
    try:
        own = cell(episode, EPISODE)
        gone = gone or _is_purged(episode)
        lists = {sheet_name: items(episode, name) for name, sheet_name in LISTS.items()}
        single = {sheet_name: within(episode, name) for name, sheet_name in SINGLE.items()}
    except MisbuiltError as fault:
        _set_aside(found, "episodes", fault, episode)
        return
    ids = {CHILD: child, EPISODE: own}
    _element(found, "episodes", episode, ids, gone=gone, skip={*LISTS, *SINGLE})
    for name, values in lists.items():
        for value in values:
            _element(found, name, value, ids, gone=gone)
    for name, value in single.items():
        if value is not None:
            _element(found, name, value, ids, gone=gone)


def _element(
    found: _File,
    name: str,
    value: Any,
    ids: dict[str, str | None],
    *,
    gone: bool,
    skip: set[str] | frozenset[str] = frozenset(),
) -> None:
    try:
        row = _plain(found, value, {*skip, "factors"}, listed="factors") | ids
        gone = gone or _is_purged(value)
    except MisbuiltError as fault:
        _set_aside(found, name, fault, value)
        return
    _put(found, name, row, gone=gone)


def _put(found: _File, name: str, row: dict[str, Any], *, gone: bool, number: int = 0) -> None:
    number = number or found.number(name)
    if gone:
        name += PURGED
        row = {column: row.get(column) for column in shipped("dfe_api").tables[name].columns}
    found.rows.setdefault(name, []).append(row | {ROW: number})


def _set_aside(found: _File, name: str, fault: MisbuiltError, value: Any) -> None:
    found.aside.setdefault(name, []).append(Aside(found.number(name), fault.field, "EW-R32", written(value)))


def _plain(found: _File, value: Any, skip: set[str], *, joined: str = "", listed: str = "") -> dict[str, str | None]:
    """Plain fields of an object as cells. Another object or list within it is of no kind we know, and counted."""
    if not isinstance(value, dict):
        raise MisbuiltError("")
    row: dict[str, str | None] = {}
    for name, held in value.items():
        if name in skip or name == "purge":
            continue
        if isinstance(held, dict | list):
            found.unread[name] += len(held) if isinstance(held, list) else 1
            continue
        row[name] = cell(held)
    if joined and (parts := [cell(part) for part in items(value, joined)]):
        row[joined] = "; ".join(filter(None, parts)) or None
    if listed and (codes := [cell(part) for part in items(value, listed)]):
        row[listed] = written(codes)
    return row


def _is_purged(value: Any) -> bool:
    said = (cell(value, "purge") or "false").lower() if value is not None else "false"
    if said not in _TRUE | _FALSE:
        raise MisbuiltError("purge")
    return said in _TRUE


def _notes(found: _File) -> list[str]:
    unread = ", ".join(f"{name} ({count} met)" for name, count in sorted(found.unread.items()) if count)
    notes = [f"not carried: {unread}"] if unread else []
    if found.details_purged:
        notes.append(f"child_details marked with purge: left out ({found.details_purged} children)")
    return notes


def _other_document(path: Path) -> SourceError:
    return SourceError(
        f'"{path.name}" holds no children as the social care API has them.',
        expected="objects with la_child_id and social_care_episodes: a list of them, one, or one a line (.ndjson)",
        fix="check --format",
        rule="EW-F21",
    )
