"""Engagement that differs, and steps down while a concern stands (I1, I2)."""

from __future__ import annotations

from tests.catalogue_reference.pathway import step_downs
from tests.catalogue_reference.terms import (
    MISSED,
    Row,
    Strand,
    Value,
    Whole,
    days,
    lead_held,
    strands,
    was_open,
)


def share_attended(records: list[Row]) -> float | None:
    """Share attended of at least three records; None under three."""
    if len(records) < 3:
        return None
    return sum(record["attendance"] == "attended" for record in records) / len(records)


def recurrences(child: Whole) -> list[Strand]:
    """Strands that are not the first of their category."""
    found, categories = [], set()
    for strand in sorted(strands(child), key=Strand.raised):
        if strand.category in categories:
            found.append(strand)
        categories.add(strand.category)
    return found


def selective_engagement(child: Whole) -> Value:
    """1 where attendance differs by agency, is better before reviews, and concerns come back no less than before."""
    told = [record for record in child.recent(365) if record["attendance"] in ("attended", *MISSED)]
    by_agency = [[r for r in told if r["agency"] == agency] for agency in {record["agency"] for record in told}]
    shares = [share for share in map(share_attended, by_agency) if share is not None]
    reviews = [r["day"] for r in child.recent(365) if r["kind"] in ("review", "conference") and lead_held(r)]
    before_review = [r for r in told if any(days(0) <= day - r["day"] <= days(14) for day in reviews)]
    rest = [record for record in told if record not in before_review]
    before, otherwise = share_attended(before_review), share_attended(rest)
    if len(shares) < 2 or before is None or otherwise is None:
        return None
    now = sum(child.within(180, strand.raised()) for strand in recurrences(child))
    earlier = sum(child.within(365, strand.raised()) for strand in recurrences(child)) - now
    spread = max(shares) - min(shares) >= 0.4
    return 1 if spread and before - otherwise >= 0.3 and now >= earlier else 0


def optimism_gap(child: Whole) -> Value:
    """Step-down days within 365 days with a strand, raised in the 90 days up to it, that was open on that day."""
    return sum(
        any(down - days(89) <= s.raised() <= down and was_open(s, down, child.as_of) for s in strands(child))
        for down in step_downs(child)
        if child.within(365, down)
    )


FEATURES = {feature.__name__: feature for feature in (selective_engagement, optimism_gap)}

NEEDS = {
    "selective_engagement": (("contacts.attendance",),),
    "optimism_gap": (("episodes",), ("concerns.closing",)),
}
