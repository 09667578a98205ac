"""Seeing the child (A1-A7)."""

from __future__ import annotations

from tests.catalogue_reference.terms import (
    Value,
    Whole,
    cases,
    enough_told,
    lead_held,
    open_at,
    took_place,
    unresolved,
    was_there,
    working_days,
)


def planned_unseen_share(child: Whole) -> Value:
    """Share of planned meetings in person within 90 days on which the child was not seen."""
    planned = [record for record in child.recent(90) if record["planned"] is True and was_there(record)]
    told = [record for record in planned if record["child_seen"] is not None]
    if child.unborn or len(told) < 2 or not enough_told(planned, lambda record: record["child_seen"] is not None):
        return None
    return sum(record["child_seen"] is False for record in told) / len(told)


def unseen_run(child: Whole) -> Value:
    """Days on which the child was not seen since the last on which it was."""
    told = [record for record in child.records if was_there(record) and record["child_seen"] is not None]
    if child.unborn or not told:
        return None
    seen = [record["day"] for record in told if record["child_seen"] is True]
    unseen = {record["day"] for record in told if record["child_seen"] is False}
    return len([day for day in unseen if not seen or day > max(seen)])


def days_since_seen_alone(child: Whole) -> Value:
    """Days since a child of four or more was seen alone; if never, since its case, or the telling of it, began."""
    told = [record for record in child.records if record["seen_alone"] is not None]
    if child.age_months is None or child.age_months < 48 or not told:
        return None
    alone = [record["day"] for record in told if record["seen_alone"] is True]
    starts = [case["start_on"] for case in cases(child) if open_at(case, child.as_of)]
    if alone:
        return child.ago(max(alone))
    return child.ago(min(starts or [record["day"] for record in told]))


def visit_overdue_days(child: Whole) -> Value:
    """Working days by which a visit with the child seen is past the standard of ten, on a protection plan."""
    plans = [e for e in child.episodes if e["kind"] == "protection_plan" and open_at(e, child.as_of)]
    if not plans:
        return None
    start = max(plan["start_on"] for plan in plans)
    visits = [
        record["day"]
        for record in child.records
        if lead_held(record)
        and record["kind"] == "visit"
        and record["child_seen"] is True
        and took_place(record)
        and record["day"] >= start
    ]
    return max(0, working_days(max([start, *visits]), child.as_of) - 10)


def cancelled_by_carer_365d(child: Whole) -> Value:
    """Agencies and days, each once, with something cancelled by the carer."""
    cancelled = [record for record in child.recent(365) if record["attendance"] == "cancelled_by_carer"]
    return len({(record["agency"], record["day"]) for record in cancelled})


def no_access_run(child: Whole) -> Value:
    """Planned records of no access, or cancelled by the carer, since the last planned one attended."""
    told = [record for record in child.records if record["planned"] is True and record["attendance"] is not None]
    if not told:
        return None
    attended = [record["day"] for record in told if record["attendance"] == "attended"]
    return sum(
        record["attendance"] in ("no_access", "cancelled_by_carer")
        and child.within(365, record["day"])
        and (not attended or record["day"] > max(attended))
        for record in told
    )


def out_of_sight(child: Whole) -> Value:
    """1 where the child was not seen for longer than the limit that its concerns or age set."""
    if unresolved(child):
        limit = 60
    elif child.age_months is not None and child.age_months < 60:
        limit = 90
    else:
        return None
    told = [record for record in child.records if record["child_seen"] is not None]
    if child.unborn or not told:
        return None
    seen = [record["day"] for record in told if record["child_seen"] is True and was_there(record)]
    since = max(seen) if seen else min(record["day"] for record in told)
    return 1 if child.ago(since) > limit else 0


FEATURES = {
    feature.__name__: feature
    for feature in (
        planned_unseen_share,
        unseen_run,
        days_since_seen_alone,
        visit_overdue_days,
        cancelled_by_carer_365d,
        no_access_run,
        out_of_sight,
    )
}

SEEN = ("contacts.child_seen",)
NEEDS = {
    "planned_unseen_share": (SEEN, ("contacts.planned",)),
    "unseen_run": (SEEN,),
    "days_since_seen_alone": (("contacts.seen_alone",),),
    "visit_overdue_days": (SEEN, ("episodes",)),
    "cancelled_by_carer_365d": (("contacts.attendance",),),
    "no_access_run": (("contacts.attendance",), ("contacts.planned",)),
    "out_of_sight": (SEEN,),
}
