"""What features ask of records, in tokens and in words: what they declare, count over, and compare besides.

What can be carried is said in *tokens*, the same for a format and for records: ``contacts.child_seen`` (a column that
somebody fills), ``contacts.kind=referral`` (a value that occurs), ``facts:action_due`` (a fact of that key),
``concerns`` (a table with rows that are counted), and each of them ``@social_care``, held by that organisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.features.carried import may_be_blank
from earlywarn.records.codes import AGENCIES, CONTACT_KINDS, FACTS, LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.feature import Feature

YES, PARTLY, BESIDE, NO, MAPPED = "yes", "in part", "beside others", "no", "as mapped"


@dataclass(frozen=True)
class Need:
    """One thing a feature asks of records.

    Parameters
    ----------
    any_of : tuple of str
        Tokens of which one is enough.
    lacking : str
        What to say where there is none.
    otherwise : str
        The answer without it: ``no``, ``in part`` (it is told, and says less), or ``beside others`` (one agency's
        records are not enough by their nature).

    """

    any_of: tuple[str, ...]
    lacking: str
    otherwise: str = NO


def _kinds(*kinds: str, by: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Tokens of records of these kinds, held by anyone, or by some organisations."""
    return tuple(f"contacts.kind={kind}{f'@{holder}' if holder else ''}" for kind in kinds for holder in by or ("",))


_LEAD = (LEAD_AGENCY,)
_SCHOOLS = tuple(code for code in ORGANISATIONS if AGENCIES[code].sector == "education")
_HEALTH = tuple(code for code in ORGANISATIONS if AGENCIES[code].sector == "health")

DEALT_WITH = Need(_kinds(*CONTACT_KINDS), "no record is of dealing with the family")
COUNTED = Need(("concerns",), "no record carries a concern that is counted")
PEOPLE = Need(("people",), "no record names the people in a child's life")
HOUSEHOLDS = Need(("households",), "no record says in which household a child lives")
SHARING = Need(("sharing",), "no record tells of an agency that was told")
EPISODES = Need(("episodes",), "no record carries an episode")
ENDED = Need(("episodes.ended_by",), "no record says that an episode ended")
SEVERAL = Need(("several holders",), "it compares what several agencies hold", BESIDE)
BESIDE_LEAD = Need((f"contacts@{LEAD_AGENCY}",), "there are no records of social care to compare with", BESIDE)
GRADED = Need(("concerns.severity",), "no concern is graded")
ALLOCATED = Need(_kinds("involvement_start", by=_LEAD), "social care's records do not say who was allocated")
DONE = Need(("facts:action_done",), "no record says that an action was done, so each counts as not done", PARTLY)
WENT_MISSING = Need(_kinds("missing"), "no record is of a child who was missing")
INJURIES = Need(("concerns", "facts:injury_site"), "no record carries a concern or says where an injury was")
HEALTH = Need(
    tuple(f"contacts@{holder}" for holder in _HEALTH),
    "no health service's own records: only what others wrote of them is counted",
    PARTLY,
)

DECLARED: Mapping[str, Need] = {
    "contacts": Need(("contacts",), "there are no records"),
    "concerns": COUNTED,
    "people": PEOPLE,
    "households": HOUSEHOLDS,
    "sharing": SHARING,
    "episodes": EPISODES,
    "contacts.worker_id": Need(("contacts.worker_id",), "no record names a worker"),
    "contacts.child_seen": Need(("contacts.child_seen",), "no record says whether the child was seen"),
    "contacts.seen_alone": Need(("contacts.seen_alone",), "no record says whether the child was seen alone"),
    "contacts.planned": Need(("contacts.planned",), "no record says whether it was planned"),
    "contacts.attendance": Need(("contacts.attendance",), "no record says whether a visit or appointment took place"),
    "contacts.outcome": Need(("contacts.outcome",), "no record says what came of it"),
    "contacts.follows": Need(("contacts.follows",), "no record says which older one it concludes"),
    "contacts.org_id": Need(("contacts.org_id",), "no record says which school, hospital or team it is of"),
    "contacts.occurred_at": Need(("contacts.occurred_at",), "no record says when it happened"),
    "contacts.recorded_at": Need(("contacts.recorded_at",), "no record says when it was written"),
    "concerns.closing": Need(("concerns.closing",), "no source can record that a concern was concluded"),
    f"contacts@{LEAD_AGENCY}": BESIDE_LEAD,
    "concerns|facts:injury_site": INJURIES,
    "facts:injury_explained": Need(("facts:injury_explained",), "no record says whether an injury was explained"),
    "facts:attendee": Need(("facts:attendee",), "no record says who took part in a discussion"),
    "facts:action_due": Need(("facts:action_due",), "no record says when an agreed action was due"),
    "facts:authority": Need(("facts:authority",), "no record says which authority it is of"),
    "facts:acknowledged_by": Need(("facts:acknowledged_by",), "no record says which agencies acknowledged a plan"),
    "facts:attendance_code": Need(("facts:attendance_code",), "no record carries a school's register"),
}
"""Words for what features declare in `Feature.needs`; for anything else they are made from the schema."""

BY_FRAME: Mapping[str, tuple[Need, ...]] = {
    **dict.fromkeys(("contacts", "agency_days", "contact_days", "agency_ties"), (DEALT_WITH,)),
    "concerns": (COUNTED,),
    "people": (PEOPLE,),
    "sharing": (SHARING,),
    "episodes": (EPISODES,),
    "plan_visits": (Need(_kinds("visit", by=_LEAD), "social care's records tell of no visits"),),
    "strategy_discussions": (Need(_kinds("strategy_discussion"), "no record is of a strategy discussion"),),
    "assessments": (Need(_kinds("assessment", by=_LEAD), "social care's records tell of no assessments"),),
    "enquiries": (Need(_kinds("strategy_enquiry", by=_LEAD), "social care's records tell of no enquiries"),),
    "school_exits": (Need(_kinds("involvement_end", by=_SCHOOLS), "no school's records say when a child left"),),
    "schools": (Need(_kinds("involvement_start", by=_SCHOOLS), "no school's records say when a child joined"),),
    "register": (Need(("facts:sessions",), "no record says for how many sessions"),),
    "missing": (WENT_MISSING,),
    "standing_concerns": (ENDED,),
    "raised_after_step_down": (ENDED,),
    "about_ends": (ENDED,),
}
"""What a feature needs since it counts rows of that frame: without any, a zero would say nothing."""

_COMPARED = "it compares people in social care's records with those in others'"

BESIDES: Mapping[str, tuple[Need, ...]] = {
    "unplanned_contacts_90d": (
        Need(("contacts.planned",), "no record says whether it was planned, so each counts as unplanned", PARTLY),
    ),
    "unscheduled_health_90d": (HEALTH,),
    "unscheduled_health_sites_90d": (HEALTH,),
    "worker_churn_365d": (ALLOCATED,),
    "unallocated_share": (ALLOCATED, EPISODES),
    "handover_gap_days": (ALLOCATED, Need(_kinds("involvement_end", by=_LEAD), "no record says when a worker left")),
    "same_worker_seen": (ALLOCATED,),
    **dict.fromkeys(("largest_single_view", "unshared_concerns_365d", "unshared_oldest_days"), (SEVERAL,)),
    "lead_told_share_365d": (SEVERAL, DEALT_WITH),
    "unresolved_severity": (GRADED,),
    "unresolved_severity_days": (GRADED,),
    "closed_case_unconcluded": (ENDED,),
    "repeat_plan_24m": (ENDED,),
    "overdue_actions": (DONE,),
    "overdue_action_share": (DONE,),
    "overdue_action_worst_days": (DONE,),
    "rereferral_12m": (Need(_kinds("referral", by=_LEAD), "there are no referrals to social care"),),
    "closed_no_action_365d": (Need(("contacts.outcome",), "no record says what came of it"),),
    "closed_on_non_engagement": (
        Need(
            ("concerns.closing", "contacts.attendance"),
            "no record says that a concern was concluded, or that a visit did not take place",
        ),
    ),
    "conference_over_standard_365d": (
        Need(_kinds("conference", by=_LEAD), "social care's records tell of no conferences", PARTLY),
    ),
    "education_exit": (COUNTED,),
    "selective_engagement": (
        Need(_kinds("review", "conference", by=_LEAD), "social care's records tell of no reviews or conferences"),
    ),
    "plan_acknowledged_share": (
        Need(_kinds("plan_start", "review", "conference", by=_LEAD), "social care's records tell of no plans"),
    ),
    "return_interview_share_365d": (
        Need(
            (
                *("facts:return_interview_offered", "facts:return_interview_accepted"),
                *_kinds("return_interview"),
            ),
            "no record tells of return interviews",
        ),
    ),
    "unknown_adults": (
        Need((f"people@{LEAD_AGENCY}", "sharing"), _COMPARED, BESIDE),
        Need(("people@others",), _COMPARED, BESIDE),
        Need(
            (f"people@{LEAD_AGENCY}",),
            "social care's own records name nobody: others' are compared with what it was told",
            PARTLY,
        ),
    ),
}
"""What the definition of a feature asks for beyond what it declares and counts over."""


def declared(feature: Feature) -> tuple[Need, ...]:
    """Return what a feature declares: without it, it cannot be told of anyone."""
    return tuple(DECLARED.get(need) or _undeclared(need) for need in feature.needs)


def needs_of(feature: Feature) -> tuple[Need, ...]:
    """Everything a feature asks of records, the most telling first."""
    besides = (*BY_FRAME.get(feature.over, ()), *BESIDES.get(feature.name, ()))
    return tuple(dict.fromkeys([*declared(feature), *besides]))


def _undeclared(need: str) -> Need:
    """Return the need of a feature of one's own."""
    parts = [DECLARED.get(part) or _made(part) for part in need.split("|")]
    if len(parts) == 1:
        return parts[0]
    tokens = tuple(token for part in parts for token in part.any_of)
    return Need(tokens, ", and ".join(part.lacking for part in parts))


def _made(need: str) -> Need:
    """Put a need into words; a column that may not be blank is there wherever its table is."""
    if need.startswith("facts:"):
        return Need((need,), f"no record states {FACTS[need.partition(':')[2]]}")
    if need.startswith("contacts@"):
        return Need((need,), f"no records are held by {need.partition('@')[2].replace('_', ' ')}", BESIDE)
    table, _, column = need.partition(".")
    token = need if column in may_be_blank(table) else table
    return Need((token,), f"no record fills {need}" if column else f"no record carries {table}")
