"""The agencies in contact, and who of them told whom (K1-K4)."""

from __future__ import annotations

import itertools

from tests.catalogue_reference.fragmentation import acts_within
from tests.catalogue_reference.terms import LEAD, POOLED, Value, Whole, contact_records, contacts

Tie = frozenset[str]


def in_contact(child: Whole) -> set[str]:
    """Agencies in contact within 365 days."""
    return {agency for agency, _ in contacts(child, 365)}


def ties(child: Whole) -> set[Tie]:
    """Pairs of those agencies of which one told the other within 365 days."""
    found = {frozenset((teller, act["to_agency"])) for act in acts_within(child, 365) for teller in act["tellers"]}
    return {tie for tie in found if len(tie) == 2 and tie <= in_contact(child)}


def agency_groups_365d(child: Whole) -> Value:
    """Groups into which the agencies fall."""
    groups = [{agency} for agency in in_contact(child)]
    for tie in ties(child):
        joined = [group for group in groups if group & tie]
        groups = [group for group in groups if not group & tie] + [set().union(*joined)]
    return len(groups)


def agencies_apart_365d(child: Whole) -> Value:
    """Agencies without a tie; 0 under two."""
    agencies = in_contact(child)
    tied = set().union(*ties(child))
    return len(agencies - tied) if len(agencies) >= 2 else 0


def told_pairs_share_365d(child: Whole) -> Value:
    """Share of the pairs that are tied; null under two agencies."""
    pairs = list(itertools.combinations(in_contact(child), 2))
    return len(ties(child)) / len(pairs) if pairs else None


def lead_told_share_365d(child: Whole) -> Value:
    """Share of the contacts of others, agency and day, of which the lead knows a record."""
    others = {(agency, day) for agency, day in contacts(child, 365) if agency != LEAD}
    if child.viewer != POOLED or not others:
        return None
    known = {
        (record["agency"], record["day"])
        for record in contact_records(child)
        if record["record_id"] in child.known_to[LEAD]
    }
    return len(others & known) / len(others)


FEATURES = {
    feature.__name__: feature
    for feature in (agency_groups_365d, agencies_apart_365d, told_pairs_share_365d, lead_told_share_365d)
}

NEEDS = {
    "agency_groups_365d": (("sharing",),),
    "agencies_apart_365d": (("sharing",),),
    "told_pairs_share_365d": (("sharing",),),
    "lead_told_share_365d": (("contacts@social_care",),),
}
