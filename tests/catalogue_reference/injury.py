"""Injuries (G1-G4)."""

from __future__ import annotations

import itertools

from tests.catalogue_reference.terms import Row, Value, Whole, as_time, days, site, yes_or_no

INJURIES = ("injury_unexplained", "injury_not_mobile")


def has_concern(child: Whole, record: Row, *categories: str) -> bool:
    """Whether the record carries a concern of one of those categories."""
    return any(row["category"] in categories for row in child.carried_by(record))


def injury_records(child: Whole, window: int) -> list[Row]:
    """Records within the window with the site of an injury, or a concern about one."""
    return [r for r in child.recent(window) if child.values(r, "injury_site") or has_concern(child, r, *INJURIES)]


def unexplained(child: Whole, record: Row) -> bool:
    """Whether it says that the explanation does not fit."""
    said = [yes_or_no(value) for value in child.values(record, "injury_explained")]
    return False in said or has_concern(child, record, "injury_unexplained")


def injury_not_mobile_365d(child: Whole) -> Value:
    """Days within 365 of injuries before the child was 183 days old, or said to be before it could move about."""
    injuries = injury_records(child, 365)
    said = [record for record in injuries if has_concern(child, record, "injury_not_mobile")]
    born = child.birth_on
    if born is None or born >= child.as_of:  # a birth that lies ahead has not happened
        return None if injuries and not said else len({record["day"] for record in said})
    young = [record for record in injuries if record["day"] - born < days(183)]
    return len({record["day"] for record in (*said, *young)})


def repeat_injury_180d(child: Whole) -> Value:
    """Occasions of injury within 180 days, two points for one not explained; 0 unless they are two and differ."""
    occasions: list[list[Row]] = []
    injuries = sorted(injury_records(child, 180), key=lambda record: record["day"])
    for record in injuries:
        if not occasions or record["day"] - occasions[-1][0]["day"] >= days(7):
            occasions.append([])
        occasions[-1].append(record)
    sites = {site(value) for record in injuries for value in child.values(record, "injury_site")}
    agencies = {record["agency"] for record in injuries}
    if len(occasions) < 2 or (len(sites) < 2 and len(agencies) < 2):
        return 0
    return sum(2 if any(unexplained(child, record) for record in each) else 1 for each in occasions)


def late_presentation_365d(child: Whole) -> Value:
    """Days within 365 of records more than 24 hours after the injury they tell of."""
    late = set()
    for record in child.recent(365):
        time = record["occurred_at"] or record["known_at"]
        injured = [as_time(value) for value in child.values(record, "injured_at")]
        if any(when is not None and time - when > days(1) for when in injured):
            late.add(record["day"])
    return len(late)


def conflicting(child: Whole, injury: list[Row]) -> bool:
    """Whether two agencies say of one injury that its explanation fits, and that it does not."""
    said = {yes_or_no(value) for record in injury for value in child.values(record, "injury_explained")}
    return said >= {True, False} and len({record["agency"] for record in injury}) >= 2


def explanation_conflict(child: Whole) -> Value:
    """Injuries within 365 days that agencies explain differently."""
    told = [
        record
        for record in child.recent(365)
        if {yes_or_no(value) for value in child.values(record, "injury_explained")} & {True, False}
    ]
    number = 0
    for place in {site(value) for record in told for value in child.values(record, "injury_site")}:
        there = [record for record in told if place in map(site, child.values(record, "injury_site"))]
        there.sort(key=lambda record: record["day"])
        injuries = [there[:1]]
        for before, record in itertools.pairwise(there):
            if record["day"] - before["day"] > days(14):
                injuries.append([])
            injuries[-1].append(record)
        number += sum(conflicting(child, injury) for injury in injuries)
    return number


FEATURES = {
    feature.__name__: feature
    for feature in (injury_not_mobile_365d, repeat_injury_180d, late_presentation_365d, explanation_conflict)
}

INJURED = ("concerns", "facts:injury_site")
NEEDS = {
    "injury_not_mobile_365d": (INJURED,),
    "repeat_injury_180d": (INJURED,),
    "late_presentation_365d": (("facts:injured_at",),),
    "explanation_conflict": (("facts:injury_explained",),),
}
