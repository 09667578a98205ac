"""Which elements of a census are accepted, which refused and why, and which are copies of another."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING

from earlywarn.records.checks import FIRST_DAY, LAST_DAY, UNCLEAN
from earlywarn.records.mapping.cells import NO_DAY
from earlywarn.records.sources._cin_elements import Census, Element, Finding
from earlywarn.records.sources._cin_layout import CODES, FIELDS, KEY_DAY, ORDER, Field
from earlywarn.records.sources._cin_xml import read_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

_UNCLEAN = re.compile(UNCLEAN)
_YES_NO = {"1": True, "true": True, "0": False, "false": False}
_BIRTH_AND_DEATH = ("PersonBirthDate", "ExpectedPersonBirthDate", "PersonDeathDate")


def judge(census: Census) -> None:
    """Mark every element as accepted, refused (with its findings) or collapsed; give each its child's id.

    From the outside inwards: what nests in a refused element is refused with it, what nests in a copy is a copy.
    """
    for element in census.elements:
        _read_fields(element, census)
    for element in reversed(census.elements):  # what nests in an element comes after it
        element.own, element.content = _digested(element)
    spread(census)
    _settle(census, "Child", _children_that_disagree)
    _settle(census, "CINdetails", _referrals_on_one_day)
    for kind in dict.fromkeys([*FIELDS, *(element.kind for element in census.elements)]):
        if kind not in ("Child", "CINdetails"):
            _settle(census, kind, lambda _: [])


def _read_fields(element: Element, census: Census) -> None:
    for name, field in FIELDS.get(element.kind, {}).items():
        _read_field(element, name, field, census)
    for one, other in ORDER.get(element.kind, ()):
        first, last = element.day(one), element.day(other)
        if first and last and last < first:
            element.findings.append(Finding("EW-R18", other))
    if element.kind == "Child":
        own, lea = element.text("LAchildID") or "", census.header.lea
        element.child_id = f"{lea}-{own}" if lea else own
    elif element.parent is None:
        element.findings.append(Finding("EW-R01", "LAchildID"))
    else:
        element.child_id = element.parent.child_id


def _read_field(element: Element, name: str, field: Field, census: Census) -> None:
    given = dict.fromkeys(element.fields.get(name, ()))
    texts = [text for text in given if not _says_nothing(field, text)]
    if len(texts) < len(given):
        census.no_days.setdefault(name, []).append(element.line)
    readings = [_reading(field, text, census.header.last_day) for text in texts]
    broken = [rule for _, rule in readings if rule]
    if field.required and not texts:
        broken.append("EW-R01")
    if len(texts) > 1 and not field.repeats:
        broken.append("EW-R16")
    element.findings += [Finding(rule, name) for rule in dict.fromkeys(broken)]
    if readings:
        values = tuple(value for value, _ in readings)
        element.values[name] = values if field.repeats else values[0]


def _says_nothing(field: Field, text: str) -> bool:
    """Find days that systems write where none is known, and estimates that no table could hold."""
    if field.holds != "day":
        return False
    day = read_day(text.strip())
    return text.strip() in NO_DAY or bool(field.estimate and day and _out_of_bounds(day))


def _out_of_bounds(day: date) -> bool:
    return not FIRST_DAY <= day <= LAST_DAY


def _reading(field: Field, text: str, last_day: date) -> tuple[object, str]:
    """Value, and the rule it breaks, if any."""
    match field.holds:
        case "text":
            return text.strip(), ""
        case "day":
            return _day(text, None if field.ahead else last_day)
        case "yes_no":
            value = _YES_NO.get(text.strip().lower())
            return value, "EW-R03" if value is None else ""
        case "integer":
            plain = text.strip()
            return plain, "" if re.fullmatch(r"[0-9]{1,9}", plain) else "EW-R04"
        case "id":
            return text, "EW-R07" if _UNCLEAN.search(text) else ""
        case codes:
            return text, _code_rule(text, codes)


def _day(text: str, last_day: date | None) -> tuple[object, str]:
    day = read_day(text.strip())  # XML Schema allows blanks around a date
    if day is None:
        return None, "EW-R02"
    if last_day and day > last_day:
        return day, "EW-R17"
    return day, "EW-R18" if _out_of_bounds(day) else ""


def _code_rule(text: str, codes: str) -> str:
    if _UNCLEAN.search(text):
        return "EW-R07"
    return "" if text in CODES[codes] else "EW-R05"


def _digested(element: Element) -> tuple[str, str]:
    """Return what it says itself, as it was understood, and what it says, as written, with all that nests in it."""
    written = sorted((name, sorted(texts)) for name, texts in element.fields.items())
    whole = [element.kind, written, sorted(inner.content for inner in element.nested)]
    return _hashed([element.kind, sorted(_understood(element))]), _hashed(whole)


def _understood(element: Element) -> Iterator[tuple[str, list[str]]]:
    """Fields by what they mean, so that ``1`` and ``true`` are the same; fields that are not carried as written."""
    for name, texts in element.fields.items():
        value = element.values.get(name)
        if value is not None:
            yield name, sorted(map(str, value)) if isinstance(value, tuple) else [str(value)]
        elif name not in FIELDS.get(element.kind, {}):
            yield name, sorted(texts)


def _hashed(said: object) -> str:
    return sha256(json.dumps(said).encode()).hexdigest()


def spread(census: Census) -> None:
    """Refuse what nests in a refused element, and collapse what nests in a copy."""
    for element in census.elements:
        outer = element.parent
        if outer is None:
            continue
        element.collapsed |= outer.collapsed
        belongs = Finding("EW-R19", outer.kind)
        if outer.findings and belongs not in element.findings:
            element.findings.insert(0, belongs)


def _settle(census: Census, kind: str, conflicts: Callable[[list[Element]], Iterable[Element]]) -> None:
    """Collapse the copies among a child's elements of one kind, then refuse those that contradict each other."""
    by_child: dict[str, list[Element]] = defaultdict(list)
    for element in census.elements:
        if element.kind == kind and element.accepted:
            by_child[element.child_id].append(element)
    for elements in by_child.values():
        kept = _without_copies(elements)
        for element in list(conflicts(kept)):
            element.findings.append(Finding("EW-R12", "LAchildID" if kind == "Child" else KEY_DAY[kind]))
    spread(census)


def _without_copies(elements: list[Element]) -> list[Element]:
    """Keep one of each; of copies in several referrals that of the first, so that the order of the file is nothing."""
    kept: dict[str, Element] = {}
    for element in sorted(elements, key=_place_in_history):
        element.collapsed = element.content in kept
        kept.setdefault(element.content, element)
    return list(kept.values())


def _place_in_history(element: Element) -> tuple[str, str]:
    outer = element.parent
    if outer is None:
        return "", ""
    return str(outer.values.get(KEY_DAY.get(outer.kind, ""), "")), outer.content


def _children_that_disagree(elements: list[Element]) -> list[Element]:
    """One child sent in parts is taken, unless the parts differ on when it was born or died."""
    for name in _BIRTH_AND_DEATH:
        if len({day for element in elements if (day := element.day(name))}) > 1:
            return elements
    return []


def _referrals_on_one_day(elements: list[Element]) -> list[Element]:
    by_day: dict[object, list[Element]] = defaultdict(list)
    for element in elements:
        by_day[element.values["CINreferralDate"]].append(element)
    return [element for same_day in by_day.values() if len(same_day) > 1 for element in same_day]
