"""The sound elements of a census as records, and what hangs on them.

Nothing is known before the day on which the census says it became known; what carries no such day is known from the
extract alone, and stands in a conclusion of its own at that moment. Which is which, ``cin.toml`` says.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from earlywarn.records.checks import ROW
from earlywarn.records.sources._cin_layout import CODES
from earlywarn.records.sources._cin_records import Records, Written, about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from earlywarn.records.sources._cin_elements import Census, Element

_SCHEMES = {"LAchildID": "la_child_id", "UPN": "upn", "FormerUPN": "former_upn"}
_ATTRIBUTES = {"GenderCurrent": "sex", "Sex": "sex", "Ethnicity": "ethnicity", "Disability": "disability"}
LIFE = {"birth_on": "PersonBirthDate", "expected_birth_on": "ExpectedPersonBirthDate", "death_on": "PersonDeathDate"}


def tell(census: Census) -> Records:
    """Write every record of one file; what an older file said in the same words is not said again."""
    rows = Records(census)
    sound = [element for element in census.elements if element.accepted]
    for element in sound:
        if element.kind in _READ and not element.again:
            _READ[element.kind](rows, element)
    _children(rows, sound)
    _conferences(rows, sound)
    return rows


def _key_day(element: Element) -> date:
    day = element.key_day
    if day is None:
        raise AssertionError(f"an accepted {element.kind} without its day")
    return day


def _details(rows: Records, element: Element) -> None:
    agency = CODES["referral_source"][element.text("ReferralSource") or ""][0]
    referral = rows.record(element, "referral", agency=agency)
    refused = element.values.get("ReferralNFA") is True
    outcome = "no_further_action" if refused else None
    learned = rows.record(element, "referral_at_extract", follows=referral, outcome=outcome)
    need = element.text("PrimaryNeedCode")
    if need:
        rows.concerns(learned, "cin_need", need, CODES["need"][need])
    ended = _closure(rows, element, referral)
    if not refused:
        # That the referral was accepted is known from the extract alone.
        rows.episode(element, "child_in_need", learned, _key_day(element), ended)


def _closure(rows: Records, element: Element, referral: Written) -> Written | None:
    if element.day("CINclosureDate") is None:
        return None
    closure = rows.record(element, "closure", follows=referral, outcome="closed")
    reason = element.text("ReasonForClosure")
    if reason:
        rows.fact(closure, "closure_reason", CODES["closure"][reason][0])
    return closure


def _assessment(rows: Records, element: Element) -> None:
    started = rows.record(element, "assessment")
    rows.fact(started, "internal_review", element.day("AssessmentInternalReviewDate"))
    factors = element.texts("AssessmentFactors")
    if element.day("AssessmentAuthorisationDate"):
        learned = rows.record(element, "assessment_authorised", follows=started)
    elif factors:
        learned = rows.record(element, "assessment_at_extract", follows=started)
    for code in factors:
        rows.concerns(learned, "cin_factor", code, CODES["factor"][code])


def _need_plan(rows: Records, element: Element) -> None:
    started = rows.record(element, "need_plan_start")
    ended = _plan_end(rows, element, "need_plan_end", "CINPlanEndDate")
    rows.episode(element, "child_in_need", started, _key_day(element), ended)


def _plan_end(rows: Records, element: Element, role: str, field: str) -> Written | None:
    """End of a plan. It does not follow the start: a record that follows another and is no conclusion corrects it."""
    return rows.record(element, role) if element.day(field) else None


def _protection_plan(rows: Records, element: Element) -> None:
    started = rows.record(element, "protection_plan_start")
    rows.fact(started, "previous_plans", element.text("NumberOfPreviousCPP"))
    first = element.text("InitialCategoryOfAbuse")
    categories = CODES["abuse"][first] if first else ()
    if first:
        rows.concerns(started, "cin_category", first, categories)
    _latest_category(rows, element, started, categories)
    ended = _plan_end(rows, element, "protection_plan_end", "CPPendDate")
    category = next(iter(categories), None)
    rows.episode(element, "protection_plan", started, _key_day(element), ended, category=category)


def _latest_category(rows: Records, element: Element, started: Written, before: tuple[str, ...]) -> None:
    """Overwritten in place at the source, and so known from the extract alone."""
    latest = element.text("LatestCategoryOfAbuse")
    if not latest:
        return
    learned = rows.record(element, "protection_plan_at_extract", follows=started)
    categories = CODES["abuse"][latest]
    for category in categories:
        rows.fact(learned, "latest_category", category)
    rows.concerns(learned, "cin_category", latest, [c for c in categories if c not in before])


def _review(rows: Records, element: Element) -> None:
    rows.record(element, "review")


def _enquiry(rows: Records, element: Element) -> None:
    started = rows.record(element, "enquiry")
    rows.fact(started, "conference_due", element.day("InitialCPCtarget"))
    if element.values.get("ICPCnotRequired") is True:
        learned = rows.record(element, "enquiry_at_extract", follows=started)
        rows.fact(learned, "conference_not_required", value=True)


_STEPS = {
    "pre_proceedings_start": "PPStartDate",
    "letter_before_proceedings": "LBPSentDate",
    "pre_proceedings_meeting": "InitialPPMeetingDate",
    "pre_proceedings_decision": "StepDecisionDate",
    "court_application": "CourtAppDate",
    "proceedings_letter": "LetterInitCPDate",
}


def _pre_proceedings(rows: Records, element: Element) -> None:
    """Each dated step is a record of its own; what has no day concludes the first step, or else the referral."""
    steps = {role: rows.record(element, role) for role, field in _STEPS.items() if element.day(field)}
    for role, step in steps.items():
        rows.fact(step, "pre_proceedings", role)
    outcome = element.text("PPOutcome")
    decision = steps.get("pre_proceedings_decision")
    if decision:
        rows.fact(decision, "pre_proceedings_outcome", outcome)
    undated = {
        "family_meeting_offered": element.values.get("FGDMMeetingOffer"),
        "family_meeting_held": element.values.get("FGDMMeetingFac"),
        "pre_proceedings_outcome": None if decision else outcome,
    }
    anchor = steps.get("pre_proceedings_start") or _referral_around(element)
    if anchor and any(value is not None for value in undated.values()):
        learned = rows.record(element, "pre_proceedings_at_extract", follows=anchor)
        for key, value in undated.items():
            rows.fact(learned, key, value)


def _referral_around(element: Element) -> str | None:
    outer = element.parent
    return about(outer, "referral") if outer is not None and outer.kind == "CINdetails" else None


_READ: Mapping[str, Callable[[Records, Element], None]] = {
    "CINdetails": _details,
    "Assessments": _assessment,
    "CINPlanDates": _need_plan,
    "Section47": _enquiry,
    "ChildProtectionPlans": _protection_plan,
    "Reviews": _review,
    "PreProceedingsandFGDM": _pre_proceedings,
}


def _conferences(rows: Records, sound: Iterable[Element]) -> None:
    """One conference a day within a referral: the census gives its date on the referral, the enquiry, or both."""
    held: dict[tuple[str, date], dict[Element, Element]] = defaultdict(dict)
    for element in sound:
        day = element.day("DateOfInitialCPC")
        if day:
            within = element.parent if element.kind == "Section47" and element.parent else element
            held[element.child_id, day].setdefault(within, element)
    for (_, day), by_referral in held.items():
        in_order = sorted(by_referral.items(), key=lambda pair: (pair[0].key, pair[0].content))
        for ordinal, (_, element) in enumerate(in_order):
            rows.record(element, "conference", of=about(element, "conference", str(day), ordinal))


def _children(rows: Records, sound: Iterable[Element]) -> None:
    """Days of life, identifiers and attributes, as each element gives them."""
    for element in sound:
        if element.kind != "Child":
            continue
        child: dict[str, object] = {"child_id": element.child_id}
        life = {column: element.day(field) for column, field in LIFE.items()}
        rows.rows["births"].append(child | life | {ROW: element.line})
        ids = {scheme: element.text(field) for field, scheme in _SCHEMES.items()}
        rows.rows["identifiers"] += [child | {"scheme": s, "value": v} for s, v in ids.items() if v]
        said = [(name, value) for field, name in _ATTRIBUTES.items() for value in _values(element, field)]
        rows.rows["attributes"] += [child | {"attribute": a, "value": v} for a, v in said if v]


def _values(element: Element, field: str) -> Iterable[str | None]:
    return element.texts(field) or (element.text(field),)
