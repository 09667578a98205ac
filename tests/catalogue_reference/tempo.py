"""Tempo: more than usual, unscheduled, close together (B1-B4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.catalogue_reference.terms import (
    HEALTH,
    Row,
    Value,
    Whole,
    cases,
    contact_records,
    contacts,
    days,
    enough_told,
    lead_held,
)

if TYPE_CHECKING:
    import datetime as dt

UNSCHEDULED = ("emergency", "urgent_care", "ambulance")


def case_running(child: Whole, day: dt.date) -> bool:
    """A case started on or before that day, and not ended before it."""
    return any(c["start_on"] <= day and (c["end_on"] is None or c["end_on"] >= day) for c in cases(child))


def mandated(child: Whole, record: Row) -> bool:
    """A planned contact held by the lead while a case was running."""
    return record["planned"] is True and lead_held(record) and case_running(child, record["day"])


def contact_tempo_ratio(child: Whole) -> Value:
    """Contacts that are not mandated, within 60 days, to the child's own rate in the year before."""
    exposure = min(425, max((child.ago(record["day"]) for record in child.records), default=0)) - 60
    if exposure < 90:
        return None
    found = {(r["agency"], r["day"]) for r in contact_records(child) if not mandated(child, r)}
    recent = sum(child.within(60, day) for _, day in found)
    before = sum(child.within(425, day) for _, day in found) - recent
    expected = before * 60 / exposure
    return (2.0 + recent) / (2.0 + expected)


def unscheduled(child: Whole) -> list[Row]:
    """Contact records within 90 days with a health service that was not arranged beforehand."""
    return [
        record
        for record in contact_records(child)
        if child.within(90, record["day"])
        and (
            (record["agency"] in UNSCHEDULED and record["planned"] is not True)
            or (record["agency"] in HEALTH and record["planned"] is False)
        )
    ]


def unscheduled_health_90d(child: Whole) -> Value:
    """Agencies and days, each once, of such contacts."""
    return len({(record["agency"], record["day"]) for record in unscheduled(child)})


def unscheduled_health_sites_90d(child: Whole) -> Value:
    """Distinct sites of such contacts."""
    found = unscheduled(child)
    if not enough_told(found, lambda record: record["org_id"] is not None):
        return None
    return len({record["org_id"] for record in found if record["org_id"] is not None})


def chance_of_exactly(number: int, of: int, share: float) -> float:
    """Chance of so many of so many, each with that share."""
    return math.comb(of, number) * share**number * (1 - share) ** (of - number)


def contact_burst(child: Whole) -> Value:
    """How unlikely the closest contacts of 180 days are, had they come at any time (Wallenstein and Neff, 1987)."""
    found = [day for _, day in contacts(child, 180)]
    total, width = len(found), 14 / 180
    if total < 3:
        return None
    most = max(sum(first <= day < first + days(14) for day in found) for first in found)
    at_least = math.fsum(chance_of_exactly(number, total, width) for number in range(most, total + 1))
    chance = (most / width - total - 1) * chance_of_exactly(most, total, width) + 2 * at_least
    return 0 if chance >= 1 else -math.log10(max(chance, 1e-300))


FEATURES = {
    feature.__name__: feature
    for feature in (contact_tempo_ratio, unscheduled_health_90d, unscheduled_health_sites_90d, contact_burst)
}

NEEDS = {
    "unscheduled_health_90d": (("contacts",),),
    "unscheduled_health_sites_90d": (("contacts.org_id",),),
}
