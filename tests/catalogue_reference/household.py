"""The household: carers, other children, adults (F1-F3)."""

from __future__ import annotations

from earlywarn.records import codes
from tests.catalogue_reference.terms import Row, Value, Whole, cannot_close, contact_records, unresolved

CARERS = ("mother", "father", "parent", "step_parent", "partner", "carer")
MEETINGS = ("visit", "assessment", "encounter", "appointment", "return_interview")


def carers(child: Whole) -> set[str]:
    """Persons whose newest row in a carer's role has not ended."""

    def still(row: Row) -> bool:
        return row["valid_to"] is None or row["valid_to"] >= child.as_of

    newest = {}
    for row in sorted(child.people, key=lambda row: (row["time"], row["now"], still(row))):
        newest[row["person_id"], row["role"]] = row
    return {person for (person, role), row in newest.items() if role in CARERS and still(row)}


def carer_never_engaged(child: Whole) -> Value:
    """Carers of a child under one year whom no record of a meeting names."""
    found = carers(child)
    if child.unborn or child.age_months is None or child.age_months >= 12 or not found:
        return None
    meetings = {record["record_id"] for record in contact_records(child) if record["kind"] in MEETINGS}
    met = {row["person_id"] for row in child.people if row["now"] in meetings}
    return len(found - met)


def living_together(child: Whole) -> list[Row]:
    """Rows of households of every child, begun and not ended, that may be shown."""
    return [
        row
        for row in child.everyone.households
        if (row["valid_from"] is None or row["valid_from"] < child.as_of)
        and (row["valid_to"] is None or row["valid_to"] >= child.as_of)
        and row["record"]["handling"] != "shielded"
    ]


def has_history(child: Whole, other: str) -> bool:
    """Whether another child had an enquiry, a plan or care within 1826 days."""
    enquiries = [r["day"] for r in child.everyone.records if r["child_id"] == other and r["kind"] == "strategy_enquiry"]
    starts = [
        episode["start_on"]
        for episode in child.everyone.episodes
        if episode["child_id"] == other and episode["kind"] in ("protection_plan", "looked_after")
    ]
    return any(child.within(1826, day) for day in (*enquiries, *starts))


def linked_child_history(child: Whole) -> Value:
    """Other children of the household with such a history."""
    rows = living_together(child)
    own = {row["household_id"] for row in rows if row["child_id"] == child.child_id}
    if not own:
        return None
    others = {row["child_id"] for row in rows if row["household_id"] in own} - {child.child_id}
    return sum(has_history(child, other) for other in others)


def adult_factors(child: Whole) -> Value:
    """Distinct categories about adults among the unresolved strands."""
    if cannot_close(child):
        return None
    return len({s.category for s in unresolved(child) if codes.concern_class(s.category) == "parental"})


FEATURES = {feature.__name__: feature for feature in (carer_never_engaged, linked_child_history, adult_factors)}

NEEDS = {
    "carer_never_engaged": (("people",),),
    "linked_child_history": (("households",),),
    "adult_factors": (("concerns.closing",),),
}
