"""What went well (P1-P4)."""

from __future__ import annotations

from tests.catalogue_reference.terms import (
    LEAD,
    MISSED,
    Value,
    Whole,
    cannot_close,
    contacts,
    lead_held,
    strands,
    was_there,
)


def same_worker_seen(child: Whole) -> Value:
    """1 where one worker has stayed for 180 days and the child was seen at every visit told in them."""
    of_workers = [r for r in child.records if lead_held(r) and r["worker_id"] is not None]
    starts = [record for record in of_workers if record["kind"] == "involvement_start"]
    visits = [r for r in child.recent(180) if lead_held(r) and was_there(r) and r["child_seen"] is not None]
    if not starts or len(visits) < 2:
        return None
    latest = max(start["day"] for start in starts)
    workers = {start["worker_id"] for start in starts if start["day"] == latest}
    ended = {r["worker_id"] for r in of_workers if r["kind"] == "involvement_end" and r["day"] >= latest}
    stayed = len(workers) == 1 and child.ago(latest) >= 180 and not workers & ended
    return 1 if stayed and all(record["child_seen"] is True for record in visits) else 0


def concluded_and_quiet(child: Whole) -> Value:
    """Strands closed at least 180 days ago, with none of that category after them."""
    if cannot_close(child):
        return None
    found = 0
    for strand in strands(child):
        closed_on = strand.closed_on(child.as_of)
        later = [s for s in strands(child) if s.category == strand.category and s.raised() > strand.last()]
        found += closed_on is not None and child.ago(closed_on) >= 180 and not later
    return found


def attendance_recovered(child: Whole) -> Value:
    """1 where at least two were missed before, and of at least two told within 90 days none; 0 where some were."""
    before = [r for r in child.recent(365) if r["attendance"] in MISSED and not child.within(90, r["day"])]
    told = [r["attendance"] for r in child.recent(90) if r["attendance"] in (*MISSED, "attended")]
    if len(before) < 2 or len(told) < 2:
        return None
    return 0 if any(attendance in MISSED for attendance in told) else 1


def plan_acknowledged_share(child: Whole) -> Value:
    """Share of the agencies in contact within 90 days that acknowledged the latest plan, review or conference."""
    kinds = ("plan_start", "review", "conference")
    meetings = [record for record in child.records if record["kind"] in kinds and lead_held(record)]
    others = {agency for agency, _ in contacts(child, 90)} - {LEAD}
    if not meetings or not others:
        return None
    latest = [record for record in meetings if record["day"] == max(each["day"] for each in meetings)]
    carriers = [carrier for record in latest for carrier in (record, *child.concluding(record))]
    acknowledged = {value for carrier in carriers for value in child.values(carrier, "acknowledged_by")}
    return len(others & acknowledged) / len(others)


FEATURES = {
    feature.__name__: feature
    for feature in (same_worker_seen, concluded_and_quiet, attendance_recovered, plan_acknowledged_share)
}

NEEDS = {
    "same_worker_seen": (("contacts.worker_id",), ("contacts.child_seen",)),
    "concluded_and_quiet": (("concerns.closing",),),
    "attendance_recovered": (("contacts.attendance",),),
    "plan_acknowledged_share": (("facts:acknowledged_by",),),
}
