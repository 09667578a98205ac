"""The accepted elements of a census as rows of the contract's tables.

Nothing is known before the day on which the census says it became known; what carries no such day is known from the
extract alone, and stands in a conclusion of its own at that moment.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time
from hashlib import sha256
from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import LEAD_AGENCY
from earlywarn.records.schema import TABLES
from earlywarn.records.sources._cin_layout import CODES, KEY_DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from earlywarn.records.sources._cin_elements import Census, Element

_FILLED = ("contacts", "concerns", "episodes", "facts", "children", "identifiers", "attributes")
_SCHEMES = {"LAchildID": "la_child_id", "UPN": "upn", "FormerUPN": "former_upn"}
_ATTRIBUTES = {"GenderCurrent": "sex", "Sex": "sex", "Ethnicity": "ethnicity", "Disability": "disability"}
_LIFE = {"birth_on": "PersonBirthDate", "expected_birth_on": "ExpectedPersonBirthDate", "death_on": "PersonDeathDate"}


def tables(census: Census) -> Mapping[str, pl.DataFrame]:
    """Every table a census fills, in the schema's columns and dtypes, from its accepted elements."""
    rows = _Rows(census)
    accepted = [element for element in census.elements if element.accepted]
    for element in accepted:
        if element.kind in _READ:
            _READ[element.kind](rows, element)
    _children(rows, accepted)
    _conferences(rows, accepted)
    return {name: _frame(name, rows.of[name]) for name in _FILLED}


def _frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = TABLES[name].schema
    columns = {column: [row.get(column) for row in rows] for column in schema}
    return pl.DataFrame(columns, schema=schema)


def _id(*parts: object) -> str:
    return "cin-" + sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:16]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


class _Rows:
    """Rows by table, and how a record, a concern, a fact and an episode are written."""

    def __init__(self, census: Census) -> None:
        self.file = census.file
        self.extract_at = census.header.extract_at
        self.of: dict[str, list[dict[str, object]]] = {name: [] for name in _FILLED}

    def record(self, element: Element, role: str, kind: str, on: date, **given: object) -> str:
        """Write a record known on a day of which the element tells."""
        row = {"occurred_at": _midnight(on), "occurred_precision": "day", "recorded_basis": "unknown"}
        return self._contact(element, role, kind, _midnight(on), row | given)

    def at_extract(self, element: Element, role: str, follows: str, **given: object) -> str:
        """Write a conclusion that is known from the extract alone."""
        row = {"occurred_precision": "unknown", "recorded_basis": "extract", "follows": follows}
        return self._contact(element, role, "conclusion", self.extract_at, row | given)

    def _contact(self, element: Element, role: str, kind: str, known: datetime, row: dict[str, object]) -> str:
        ordinal = row.pop("ordinal", element.ordinal)
        key_day = element.values.get(KEY_DAY.get(element.kind, ""), "")
        record_id = _id(element.child_id, role, row.pop("key_day", key_day), known.isoformat(), ordinal or "")
        written = {
            "record_id": record_id,
            "child_id": element.child_id,
            "agency": LEAD_AGENCY,
            "held_by": LEAD_AGENCY,
            "kind": kind,
            "about": "child",
            "recorded_at": known,
            "known_at": known,
            "source": self.file,
            "source_row": f"line {element.line}",
        }
        self.of["contacts"].append(written | row)
        return record_id

    def concerns(self, element: Element, record_id: str, scheme: str, code: str, categories: Iterable[str]) -> None:
        """Write a concern for each category; the census has no field in which one is concluded."""
        self.of["concerns"] += [
            {
                "concern_id": _id(record_id, scheme, code, category),
                "child_id": element.child_id,
                "record_id": record_id,
                "category": category,
                "code": f"{scheme}:{code}",
                "closing": "not_recordable",
            }
            for category in categories
        ]

    def fact(self, record_id: str, key: str, value: object) -> None:
        """Write one further detail of a record; nothing where there is none."""
        if value is not None:
            self.of["facts"].append({"record_id": record_id, "key": key, "value": str(value)})

    def episode(
        self, element: Element, kind: str, started: tuple[str, date], ended: tuple[str, date] | None, **given: object
    ) -> None:
        """Write an episode with the records that carry its start and its end."""
        ended_by, end_on = ended or (None, None)
        row = {
            "episode_id": _id(element.child_id, "episode", element.kind, started[1], element.ordinal or ""),
            "child_id": element.child_id,
            "kind": kind,
            "started_by": started[0],
            "start_on": started[1],
            "ended_by": ended_by,
            "end_on": end_on,
        }
        self.of["episodes"].append(row | given)


def _key_day(element: Element) -> date:
    day = element.day(KEY_DAY[element.kind])
    if day is None:
        raise AssertionError(f"an accepted {element.kind} without its day")
    return day


def _details(rows: _Rows, element: Element) -> None:
    referred = _key_day(element)
    agency = CODES["referral_source"][element.text("ReferralSource") or ""][0]
    received = {"occurred_at": None, "occurred_precision": "unknown", "recorded_basis": "received_date"}
    referral = rows.record(element, "referral", "referral", referred, agency=agency, **received)
    refused = element.values.get("ReferralNFA") is True
    outcome = "no_further_action" if refused else None
    learned = rows.at_extract(element, "referral_at_extract", referral, outcome=outcome)
    need = element.text("PrimaryNeedCode")
    if need:
        rows.concerns(element, learned, "cin_need", need, CODES["need"][need])
    ended = _closure(rows, element, referral)
    if not refused:
        # That the referral was accepted is known from the extract alone.
        rows.episode(element, "child_in_need", (learned, referred), ended)


def _closure(rows: _Rows, element: Element, referral: str) -> tuple[str, date] | None:
    closed = element.day("CINclosureDate")
    if closed is None:
        return None
    said = {"recorded_basis": "received_date", "follows": referral, "outcome": "closed"}
    closure = rows.record(element, "closure", "conclusion", closed, **said)
    reason = element.text("ReasonForClosure")
    if reason:
        rows.fact(closure, "closure_reason", CODES["closure"][reason][0])
    return closure, closed


def _assessment(rows: _Rows, element: Element) -> None:
    started = rows.record(element, "assessment", "assessment", _key_day(element))
    rows.fact(started, "internal_review", element.day("AssessmentInternalReviewDate"))
    authorised = element.day("AssessmentAuthorisationDate")
    factors = element.texts("AssessmentFactors")
    if authorised:
        learned = rows.record(element, "assessment_authorised", "conclusion", authorised, follows=started)
    elif factors:
        learned = rows.at_extract(element, "assessment_at_extract", started)
    for code in factors:
        rows.concerns(element, learned, "cin_factor", code, CODES["factor"][code])


def _need_plan(rows: _Rows, element: Element) -> None:
    began = _key_day(element)
    started = rows.record(element, "need_plan_start", "plan_start", began)
    ended = _plan_end(rows, element, "need_plan_end", "CINPlanEndDate")
    rows.episode(element, "child_in_need", (started, began), ended)


def _plan_end(rows: _Rows, element: Element, role: str, field: str) -> tuple[str, date] | None:
    """End of a plan. It does not follow the start: a record that follows another and is no conclusion corrects it."""
    ended = element.day(field)
    return (rows.record(element, role, "plan_end", ended), ended) if ended else None


def _protection_plan(rows: _Rows, element: Element) -> None:
    began = _key_day(element)
    started = rows.record(element, "protection_plan_start", "plan_start", began)
    rows.fact(started, "previous_plans", element.text("NumberOfPreviousCPP"))
    first = element.text("InitialCategoryOfAbuse")
    categories = CODES["abuse"][first] if first else ()
    if first:
        rows.concerns(element, started, "cin_category", first, categories)
    _latest_category(rows, element, started, categories)
    ended = _plan_end(rows, element, "protection_plan_end", "CPPendDate")
    rows.episode(element, "protection_plan", (started, began), ended, category=next(iter(categories), None))


def _latest_category(rows: _Rows, element: Element, started: str, before: tuple[str, ...]) -> None:
    """Overwritten in place at the source, and so known from the extract alone."""
    latest = element.text("LatestCategoryOfAbuse")
    if not latest:
        return
    learned = rows.at_extract(element, "protection_plan_at_extract", started)
    categories = CODES["abuse"][latest]
    for category in categories:
        rows.fact(learned, "latest_category", category)
    rows.concerns(element, learned, "cin_category", latest, [c for c in categories if c not in before])


def _review(rows: _Rows, element: Element) -> None:
    rows.record(element, "review", "review", _key_day(element))


def _enquiry(rows: _Rows, element: Element) -> None:
    started = rows.record(element, "enquiry", "strategy_enquiry", _key_day(element))
    rows.fact(started, "conference_due", element.day("InitialCPCtarget"))
    if element.values.get("ICPCnotRequired") is True:
        rows.fact(rows.at_extract(element, "enquiry_at_extract", started), "conference_not_required", "true")


_READ: Mapping[str, Callable[[_Rows, Element], None]] = {
    "CINdetails": _details,
    "Assessments": _assessment,
    "CINPlanDates": _need_plan,
    "Section47": _enquiry,
    "ChildProtectionPlans": _protection_plan,
    "Reviews": _review,
}


def _conferences(rows: _Rows, accepted: Iterable[Element]) -> None:
    """One conference a day within a referral: the census gives its date on the referral, the enquiry, or both."""
    held: dict[tuple[str, date], dict[Element, Element]] = defaultdict(dict)
    for element in accepted:
        day = element.day("DateOfInitialCPC")
        if day:
            within = element.parent if element.kind == "Section47" and element.parent else element
            held[element.child_id, day].setdefault(within, element)
    for (_, day), by_referral in held.items():
        in_order = sorted(
            by_referral.items(), key=lambda pair: (str(pair[0].values.get("CINreferralDate")), pair[0].content)
        )
        for ordinal, (_, element) in enumerate(in_order):
            rows.record(element, "conference", "conference", day, key_day=day, ordinal=ordinal)


def _children(rows: _Rows, accepted: Iterable[Element]) -> None:
    """One row a child; where it was sent in parts, what any part says."""
    parts: dict[str, list[Element]] = defaultdict(list)
    for element in accepted:
        if element.kind == "Child":
            parts[element.child_id].append(element)
    for child_id, elements in parts.items():
        life: dict[str, object] = {
            column: next(filter(None, (e.day(f) for e in elements)), None) for column, f in _LIFE.items()
        }
        rows.of["children"].append({"child_id": child_id} | life)
        ids = _distinct((scheme, e.text(f)) for f, scheme in _SCHEMES.items() for e in elements)
        rows.of["identifiers"] += [{"child_id": child_id, "scheme": s, "value": v} for s, v in ids]
        said = _distinct((name, value) for f, name in _ATTRIBUTES.items() for e in elements for value in _values(e, f))
        rows.of["attributes"] += [{"child_id": child_id, "attribute": a, "value": v} for a, v in said]


def _values(element: Element, field: str) -> Iterable[str | None]:
    return element.texts(field) or (element.text(field),)


def _distinct(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((name, value) for name, value in pairs if value))
