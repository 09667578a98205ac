"""Who told whom, how fast, and how many hands (C1-C11)."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

from earlywarn.records import codes
from tests.catalogue_reference.terms import (
    LEAD,
    ORGANISATIONS,
    POOLED,
    Row,
    Value,
    Whole,
    cases,
    contacts,
    days,
    enough_told,
    in_days,
    lead_held,
    open_at,
    parties,
    quantile,
    told_in_full,
    took_place,
)

if TYPE_CHECKING:
    import datetime as dt


def acts_within(child: Whole, window: int) -> list[Row]:
    """Acts within the window that told something in full or in summary."""
    return [act for act in child.acts if told_in_full(act) and child.within(window, act["shared_at"].date())]


def pair_coverage_365d(child: Whole) -> Value:
    """Of pairs of organisations that raise or hold a concern within 365 days, the share where one told the other."""
    carriers = {row["now"] for row in child.concern_rows() if child.within(365, row["day"])}
    organisations = {
        party
        for record in child.records
        if record["record_id"] in carriers
        for party in parties(record)
        if party in ORGANISATIONS
    }
    if child.viewer != POOLED or len(organisations) < 2:
        return None
    told = {frozenset((teller, act["to_agency"])) for act in acts_within(child, 365) for teller in act["tellers"]}
    pairs = list(itertools.combinations(sorted(organisations), 2))
    return sum(frozenset(pair) in told for pair in pairs) / len(pairs)


def lead_knew(child: Whole, row: Row) -> dt.datetime | None:
    """When the lead first knew a concern, by its own record or the one that stands for it now."""
    times = [child.lead_times[each] for each in (row["record_id"], row["now"]) if each in child.lead_times]
    return min(times, default=None)


def unshared(child: Whole, window: int) -> list[Row]:
    """Concerns known for seven days that the lead did not know within seven, and that nobody kept back on purpose."""
    withheld = {act["now"] for act in child.acts if act["decision"] == "withheld" and act["to_agency"] == LEAD}
    found = []
    for row in child.concern_rows():
        known_at = child.known_at[row["record_id"]]
        knew = lead_knew(child, row)
        if (
            child.within(window, row["day"])
            and child.midnight() - known_at >= days(7)
            and row["now"] not in withheld
            and (knew is None or knew - known_at > days(7))
        ):
            found.append(row)
    return found


def unshared_concerns_365d(child: Whole) -> Value:
    """Categories and days of such concerns within 365 days."""
    if child.viewer != POOLED:
        return None
    return len({(row["category"], row["day"]) for row in unshared(child, 365)})


def unshared_oldest_days(child: Whole) -> Value:
    """Days since the oldest such concern within 730 days that the lead does not know yet."""
    still = [row["day"] for row in unshared(child, 730) if lead_knew(child, row) is None]
    return child.ago(min(still)) if child.viewer == POOLED and still else None


def sharing_lags(child: Whole) -> list[float]:
    """Days from a record being known to its being told, of acts within 365 days."""
    return [in_days(act["shared_at"] - child.known_at[act["record_id"]]) for act in acts_within(child, 365)]


def sharing_lag_median_days(child: Whole) -> Value:
    """Median days to telling; null under three."""
    lags = sharing_lags(child)
    return statistics.median(lags) if len(lags) >= 3 else None


def sharing_lag_p90_days(child: Whole) -> Value:
    """Days within which nine in ten were told; null under three."""
    lags = sharing_lags(child)
    return quantile(lags, 0.9) if len(lags) >= 3 else None


def recording_lags(child: Whole) -> list[float] | None:
    """Days from happening to being written, within 365 days; None where too few tell it."""
    happened = [record for record in child.recent(365) if record["occurred_at"] is not None]
    if not enough_told(happened, lambda record: record["recorded_at"] is not None):
        return None
    told = [record for record in happened if record["recorded_at"] is not None]
    return [in_days(r["recorded_at"] - r["occurred_at"]) for r in told if r["recorded_at"] >= r["occurred_at"]]


def recording_lag_median_days(child: Whole) -> Value:
    """Median days to writing; null under three."""
    lags = recording_lags(child)
    return statistics.median(lags) if lags is not None and len(lags) >= 3 else None


def recording_lag_p90_days(child: Whole) -> Value:
    """Days within which nine in ten were written; null under three."""
    lags = recording_lags(child)
    return quantile(lags, 0.9) if lags is not None and len(lags) >= 3 else None


def of_workers(child: Whole, kind: str) -> list[Row]:
    """Records of that kind held by the lead that name a worker."""
    return [r for r in child.records if r["kind"] == kind and lead_held(r) and r["worker_id"] is not None]


def unallocated_share(child: Whole) -> Value:
    """Share of the days of an open case, at most 365, on which no worker was allocated."""
    starts = of_workers(child, "involvement_start")
    open_cases = [case["start_on"] for case in cases(child) if open_at(case, child.as_of)]
    if not starts or not open_cases:
        return None
    allocated = set()
    for start in starts:
        ends = [
            end["day"]
            for end in of_workers(child, "involvement_end")
            if end["worker_id"] == start["worker_id"] and end["day"] >= start["day"]
        ]
        until = min(ends, default=child.as_of)
        allocated |= {start["day"] + days(number) for number in range((until - start["day"]).days)}
    length = min(365, child.ago(min(open_cases)))
    period = [child.as_of - days(number) for number in range(1, length + 1)]
    return sum(day not in allocated for day in period) / length


def agency_turnover_90d(child: Whole) -> Value:
    """Share of the agencies of the last 180 days that were in contact in only one half of them."""
    now = {agency for agency, _ in contacts(child, 90)}
    before = {agency for agency, day in contacts(child, 180) if not child.within(90, day)}
    if not now or not before:
        return None
    return 1 - len(now & before) / len(now | before)


def handover_gap_days(child: Whole) -> Value:
    """Longest time from a worker's end, where another began, to the child being seen by another worker."""
    gaps = []
    for end in of_workers(child, "involvement_end"):
        worker, day = end["worker_id"], end["day"]
        others = [s for s in of_workers(child, "involvement_start") if s["worker_id"] != worker]
        if not child.within(365, day) or not any(start["day"] >= day - days(28) for start in others):
            continue
        seen = [
            record["day"]
            for record in child.records
            if lead_held(record)
            and record["child_seen"] is True
            and took_place(record)
            and record["worker_id"] not in (None, worker)
            and record["day"] >= day
        ]
        gaps.append((min(seen, default=child.as_of) - day).days)
    return max(gaps, default=None)


def partial_strategy_365d(child: Whole) -> Value:
    """Strategy discussions within 365 days without social care, police or health among those who attended."""
    discussions = [record for record in child.recent(365) if record["kind"] == "strategy_discussion"]
    sectors = {
        record["record_id"]: {
            codes.AGENCIES[value].sector for value in child.values(record, "attendee") if value in codes.AGENCIES
        }
        for record in discussions
    }
    if not enough_told(discussions, lambda record: bool(sectors[record["record_id"]])):
        return None
    return sum(bool(found) and not found >= {"social_care", "police", "health"} for found in sectors.values())


FEATURES = {
    feature.__name__: feature
    for feature in (
        pair_coverage_365d,
        unshared_concerns_365d,
        unshared_oldest_days,
        sharing_lag_median_days,
        sharing_lag_p90_days,
        recording_lag_median_days,
        recording_lag_p90_days,
        unallocated_share,
        agency_turnover_90d,
        handover_gap_days,
        partial_strategy_365d,
    )
}

TIMES = (("contacts.recorded_at",), ("contacts.occurred_at",))
NEEDS = {
    "pair_coverage_365d": (("concerns",), ("sharing",)),
    "unshared_concerns_365d": (("concerns",), ("contacts@social_care",)),
    "unshared_oldest_days": (("concerns",), ("contacts@social_care",)),
    "sharing_lag_median_days": (("sharing",),),
    "sharing_lag_p90_days": (("sharing",),),
    "recording_lag_median_days": TIMES,
    "recording_lag_p90_days": TIMES,
    "unallocated_share": (("contacts.worker_id",),),
    "handover_gap_days": (("contacts.worker_id",), ("contacts.child_seen",)),
    "partial_strategy_365d": (("facts:attendee",),),
}
