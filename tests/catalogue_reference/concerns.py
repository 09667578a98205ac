"""Concerns: how long they stand, whether they come back, what was agreed and done (D1-D11)."""

from __future__ import annotations

import datetime as dt

from tests.catalogue_reference.terms import (
    ORGANISATIONS,
    Row,
    Strand,
    Value,
    Whole,
    as_day,
    cannot_close,
    cases,
    days,
    enough_told,
    open_at,
    strands,
    told_in_full,
    unresolved,
)

FAMILY_VOICES = ("family", "public", "child_self")
NO_ACTION = ("no_further_action", "advice")


def unresolved_severity_days(child: Whole) -> Value:
    """Sum over unresolved strands with a severity of severity times days since raised."""
    if cannot_close(child):
        return None
    found = unresolved(child)
    told = [(strand.severity(), child.ago(strand.raised())) for strand in found]
    known = [severity * age for severity, age in told if severity is not None]
    if not found:
        return 0
    return sum(known) if known else None


def unresolved_past_standard(child: Whole) -> Value:
    """Unresolved strands raised more than 90 days ago."""
    if cannot_close(child):
        return None
    return sum(child.ago(strand.raised()) > 90 for strand in unresolved(child))


def closed_case_unconcluded(child: Whole) -> Value:
    """Unresolved strands raised on or before the day the last case ended, where no case is open."""
    if cannot_close(child):
        return None
    ends = [case["end_on"] for case in cases(child) if case["end_on"] is not None and case["end_on"] < child.as_of]
    if not ends or any(open_at(case, child.as_of) for case in cases(child)):
        return 0
    return sum(strand.raised() <= max(ends) for strand in unresolved(child))


def came_back(child: Whole) -> list[Strand]:
    """Strands that begin 1 to 180 days after the strand before them, of the same category, was closed."""
    found = []
    last: dict[str, Strand] = {}
    for strand in sorted(strands(child), key=Strand.raised):
        before = last.get(strand.category)
        closed_on = None if before is None else before.closed_on(child.as_of)
        if closed_on is not None and days(1) <= strand.raised() - closed_on <= days(180):
            found.append(strand)
        last[strand.category] = strand
    return found


def reraised_after_conclusion(child: Whole) -> Value:
    """Strands raised again within 180 days of the conclusion of the one before."""
    return None if cannot_close(child) else len(came_back(child))


def reraised_share(child: Whole) -> Value:
    """Strands raised again, for each closed strand; null where none is closed."""
    closed = [strand for strand in strands(child) if strand.closed_on(child.as_of) is not None]
    return len(came_back(child)) / len(closed) if closed else None


def is_echo(child: Whole, row: Row, recent: list[Row]) -> bool:
    """Its agency had been told, before its record was known, of another organisation's recent concern."""
    agency = row["record"]["agency"]
    others = {
        other["now"]
        for other in recent
        if other["record"]["agency"] in ORGANISATIONS and other["record"]["agency"] != agency
    }
    return any(
        told_in_full(act)
        and act["to_agency"] == agency
        and act["shared_at"] < child.known_at[row["record_id"]]
        and act["now"] in others
        for act in child.acts
    )


def independent_convergence(child: Whole) -> Value:
    """Distinct categories within 60 days that at least two agencies raised, none told by another."""
    record = {each["record_id"]: each for each in child.records}
    recent = [{**row, "record": record[row["now"]]} for row in child.concern_rows() if child.within(60, row["day"])]
    by_organisations = [row for row in recent if row["record"]["agency"] in ORGANISATIONS]
    own = [row for row in by_organisations if not is_echo(child, row, recent)]
    agencies = {row["record"]["agency"] for row in own}
    return len({row["category"] for row in own}) if len(agencies) >= 2 else 0


def actions(child: Whole) -> list[tuple[dt.date, bool]]:
    """Due day of every action due within 730 days before as_of, and whether it was done."""
    found = []
    for record in child.records:
        due = sorted(day for day in map(as_day, child.values(record, "action_due")) if day is not None)
        carriers = [record, *child.concluding(record)]
        done = [as_day(value) for carrier in carriers for value in child.values(carrier, "action_done")]
        number = sum(day is not None and day < child.as_of for day in done)
        found += [(day, place < number) for place, day in enumerate(due)]
    return [(day, done) for day, done in found if child.within(730, day)]


def overdue(child: Whole) -> list[dt.date]:
    """Due days of the actions within 730 days that were not done."""
    return [day for day, done in actions(child) if not done]


def overdue_actions(child: Whole) -> Value:
    """Actions that were due and are not done."""
    return len(overdue(child))


def overdue_action_share(child: Whole) -> Value:
    """Share of the actions due that are not done; null where none was due."""
    due = actions(child)
    return len(overdue(child)) / len(due) if due else None


def overdue_action_worst_days(child: Whole) -> Value:
    """Days since the earliest action not done was due; null where there is none."""
    found = overdue(child)
    return child.ago(min(found)) if found else None


def family_voice_closed(child: Whole) -> Value:
    """Days on which family, public or the child spoke up, where nothing was done after any of them."""
    spoke = [r for r in child.recent(365) if r["kind"] in ("contact", "referral") and r["agency"] in FAMILY_VOICES]
    if not enough_told(spoke, lambda record: record["outcome"] is not None):
        return None
    told = [record for record in spoke if record["outcome"] is not None]
    number = len({record["day"] for record in told})
    return number if number >= 2 and all(record["outcome"] in NO_ACTION for record in told) else 0


def no_action_run_24m(child: Whole) -> Value:
    """Days of contacts and referrals without further action since the last assessment."""
    assessed = max((r["day"] for r in child.records if r["kind"] == "assessment"), default=dt.date.min)
    return len(
        {
            record["day"]
            for record in child.recent(730)
            if record["kind"] in ("contact", "referral") and record["outcome"] in NO_ACTION and record["day"] > assessed
        }
    )


FEATURES = {
    feature.__name__: feature
    for feature in (
        unresolved_severity_days,
        unresolved_past_standard,
        closed_case_unconcluded,
        reraised_after_conclusion,
        reraised_share,
        independent_convergence,
        overdue_actions,
        overdue_action_share,
        overdue_action_worst_days,
        family_voice_closed,
        no_action_run_24m,
    )
}

CLOSING = ("concerns.closing",)
DUE = ("facts:action_due",)
NEEDS = {
    "unresolved_severity_days": (CLOSING,),
    "unresolved_past_standard": (CLOSING,),
    "closed_case_unconcluded": (CLOSING, ("episodes",)),
    "reraised_after_conclusion": (CLOSING,),
    "reraised_share": (CLOSING,),
    "independent_convergence": (("concerns",),),
    "overdue_actions": (DUE,),
    "overdue_action_share": (DUE,),
    "overdue_action_worst_days": (DUE,),
    "family_voice_closed": (("contacts.outcome",),),
    "no_action_run_24m": (("contacts.outcome",),),
}
