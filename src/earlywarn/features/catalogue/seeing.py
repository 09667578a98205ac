"""Seeing the child: when the child was last seen, and what became of visits and appointments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Coverage, Feature, Sentence
from earlywarn.records.codes import MISSED as MISSED_CODES

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

_told = pl.col("child_seen").is_not_null()
_BORN = ~pl.col("unborn")
_missed = pl.col("attendance").is_in(MISSED_CODES)
_in_person = pl.col("mode").is_null() | (pl.col("mode") == "in_person")
_took_place = pl.col("attendance").is_null() | (pl.col("attendance") == "attended")

DAYS_SINCE_SEEN = Feature(
    name="days_since_seen",
    over="records",
    where=_told,
    value=pl.when(pl.col("child_seen").any())
    .then(pl.col("days_ago").filter("child_seen").min())
    .otherwise(pl.col("days_ago").max()),
    window=None,
    empty=None,
    needs=("contacts.child_seen",),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="The records say that the child was seen within the last day.",
        one="For 1 day no record says that the child was seen.",
        many="For {span} no record says that the child was seen.",
        missing="When the child was last seen: the records do not say.",
    ),
    source="Working Together (2023): see, speak to and listen to the child",
    definition="Days since child_seen was last true; if never, since the first record that says anything of it; null "
    "if none does, or the child is unborn.",
    arises=_BORN,
)

UNSEEN_SHARE = Feature(
    name="unseen_share_90d",
    over="records",
    where=_told & _in_person & _took_place,
    value=pl.when(pl.len() >= 2).then((~pl.col("child_seen")).mean()),
    window=90,
    empty=None,
    needs=("contacts.child_seen",),
    unit="share of records",
    direction=1,
    sentence=Sentence(
        none="All {of} records of the last 90 days that say so say that the child was seen.",
        one="1 of {of} records of the last 90 days says that the child was not seen.",
        many="{part} of {of} records of the last 90 days say that the child was not seen.",
        missing="Whether the child was seen at recent contacts: the records do not say.",
    ),
    source="Standard visit fields (seen, seen alone); reviews found visits counted at which the child was not seen",
    of=pl.len(),
    part=~pl.col("child_seen"),
    arises=_BORN,
    definition="Of the records within 90 days, in person or with no mode, attended or with no attendance, that say "
    "whether the child was seen: the share that say not; null under two, or where the child is unborn.",
)

MISSED = Feature(
    name="missed_365d",
    over="records",
    where=_missed,
    value=pl.struct("agency", "days_ago").n_unique(),
    window=365,
    empty=0,
    needs=("contacts.attendance",),
    unit="agency-days",
    direction=0,
    sentence=Sentence(
        none="No missed visit or appointment is recorded in the last year.",
        one="1 visit or appointment in the last year did not take place: not brought, or no access.",
        many="{n} visits or appointments in the last year did not take place: not brought, or no access.",
        missing="Whether visits and appointments took place: the records do not say.",
    ),
    source="Was Not Brought practice guidance: a child does not fail to attend, a child is not brought",
    definition="Agency-days within 365 days with attendance was_not_brought or no_access.",
)

MISSED_SHARE = Feature(
    name="missed_share_365d",
    over="records",
    where=_missed | (pl.col("attendance") == "attended"),
    value=pl.when(pl.len() >= 3).then(_missed.mean()),
    window=365,
    empty=None,
    needs=("contacts.attendance",),
    unit="share of records",
    direction=1,
    sentence=Sentence(
        none="All {of} visits and appointments of the last year that say so took place.",
        one="1 of {of} visits and appointments of the last year did not take place: not brought, or no access.",
        many="{part} of {of} visits and appointments of the last year did not take place: not brought, or no access.",
        missing="What share of visits and appointments took place: there are too few that say so.",
    ),
    source="Children on the protection register miss outpatient appointments more often: adjusted odds 2.7 "
    "(cohort study, PMC5565855)",
    of=pl.len(),
    part=_missed,
    definition="Missed records among missed and attended ones within 365 days; null under three.",
)

CORE = (DAYS_SINCE_SEEN, UNSEEN_SHARE, MISSED, MISSED_SHARE)


def features(settings: Settings) -> tuple[Feature, ...]:
    """Build the features of this family beyond the core."""
    return (
        _planned_unseen(settings),
        UNSEEN_RUN,
        _seen_alone(settings),
        _visit_overdue(settings),
        CANCELLED_BY_CARER,
        NO_ACCESS_RUN,
        _out_of_sight(settings),
    )


def _planned_unseen(settings: Settings) -> Feature:
    days = settings.unseen_days
    planned = pl.col("planned") & _in_person & _took_place & _BORN
    return Feature(
        name="planned_unseen_share",
        over="records",
        where=planned & _told,
        value=pl.when(pl.len() >= 2).then((~pl.col("child_seen")).mean()),
        window=days,
        empty=None,
        needs=("contacts.child_seen", "contacts.planned"),
        unit="share of records",
        direction=1,
        sentence=Sentence(
            none=f"At all {{of}} planned contacts in person of the last {days} days the records say that the child was "
            "seen.",
            one=f"Of 1 of {{of}} planned contacts in person of the last {days} days the records say that the child "
            "was not seen.",
            many=f"Of {{part}} of {{of}} planned contacts in person of the last {days} days the records say that the "
            "child was not seen.",
            missing="Whether the child was seen at planned contacts: the records do not say.",
        ),
        source="Data to Insight, Standard Safeguarding Dataset (2026): seen and seen alone are fields of every visit",
        of=pl.len(),
        part=~pl.col("child_seen"),
        arises=_BORN,
        coverage=Coverage(planned, pl.col("child_seen").is_not_null(), settings.least_told),
        definition=f"Of the planned records within {days} days, in person or with no mode, attended or with no "
        "attendance, that say whether the child was seen: the share that say not; null under two, where less than "
        f"{settings.least_told:g} of such records say, or where the child is unborn.",
    )


_last_seen = pl.col("days_ago").filter("child_seen").min()
_unseen_since = ~pl.col("child_seen") & ((pl.col("days_ago") < _last_seen) | ~pl.col("child_seen").any())

UNSEEN_RUN = Feature(
    name="unseen_run",
    over="records",
    where=_told & _in_person & _took_place,
    value=pl.col("days_ago").filter(_unseen_since).n_unique(),
    window=None,
    empty=None,
    needs=("contacts.child_seen",),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="At the last contact in person of which the records say it, the child was seen.",
        one="On 1 day since the records last say that the child was seen, they say of a contact in person that the "
        "child was not.",
        many="On {n} days since the records last say that the child was seen, they say of contacts in person that the "
        "child was not.",
        missing="Whether the child was seen at contacts in person: the records do not say.",
    ),
    source="Blackburn with Darwen child protection procedures: a visit without seeing the child does not count as one",
    sets=_unseen_since,
    arises=_BORN,
    definition="Days with a record in person, or with no mode, attended or with no attendance, that says the child was "
    "not seen, later than the last day with one that says the child was; null if none says, or the child is unborn.",
)


def _seen_alone(settings: Settings) -> Feature:
    months = settings.alone_from_months
    alone, days_ago = pl.col("seen_alone"), pl.col("days_ago")
    last = days_ago.filter(alone).min()
    old_enough = (pl.col("age_months") >= months).fill_null(value=False)
    return Feature(
        name="days_since_seen_alone",
        over="seen_alone",
        where=old_enough,
        value=pl.when(alone.any()).then(last).otherwise(pl.coalesce(pl.col("case_days_ago").first(), days_ago.max())),
        window=None,
        empty=None,
        needs=("contacts.seen_alone",),
        unit="days",
        direction=1,
        sentence=Sentence(
            none="The records say that the child was seen alone within the last day.",
            one="For 1 day no record says that the child was seen alone.",
            many="For {span} no record says that the child was seen alone.",
            missing="When the child was last seen alone: the records do not say.",
        ),
        source="Camden, Visits and engagement with families: children are to be seen alone where that is right",
        arises=old_enough,
        carried_by=("record_id", "since_id"),
        definition=f"For children of {months} months or more: days since seen_alone was last true; if never, since the "
        "earliest case open on the day started; if none is open, since the first record that says anything of it; null "
        "if none does.",
    )


def _visit_overdue(settings: Settings) -> Feature:
    standard, nation = settings.visit_standard_working_days, settings.nation
    passed = pl.col(f"working_days_{nation.lower()}")
    return Feature(
        name="visit_overdue_days",
        over="plan_visits",
        where=None,
        value=(passed.min() - standard).clip(0),
        window=None,
        empty=None,
        needs=("contacts.child_seen", "episodes"),
        unit="working days",
        direction=1,
        sentence=Sentence(
            none=f"Visits under the protection plan are within the standard of {standard} working days.",
            one=f"A visit under the protection plan is 1 working day past the standard of {standard}. This describes "
            "the service, not the family.",
            many=f"A visit under the protection plan is {{n}} working days past the standard of {standard}. This "
            "describes the service, not the family.",
            missing="Whether visits under a protection plan are in time: the records do not say.",
        ),
        source="Camden, Visits and engagement with families: every 10 working days under a plan. Wirral, and Blackburn "
        "with Darwen: 15",
        about=SERVICES,
        arises=pl.col("plan_days_ago").is_not_null(),
        carried_by=("record_id", "plan_record_id"),
        definition="While a protection plan is open: working days since the latest visit held by social care that "
        "took place and at which the child was seen, or since the plan started if that is later, less "
        f"{standard}, not below 0; bank holidays of {nation}.",
    )


CANCELLED_BY_CARER = Feature(
    name="cancelled_by_carer_365d",
    over="records",
    where=pl.col("attendance") == "cancelled_by_carer",
    value=pl.struct("agency", "days_ago").n_unique(),
    window=365,
    empty=0,
    needs=("contacts.attendance",),
    unit="agency-days",
    direction=0,
    sentence=Sentence(
        none="No visit or appointment is recorded as cancelled by the carer in the last year.",
        one="1 visit or appointment in the last year is recorded as cancelled by the carer.",
        many="{n} visits or appointments in the last year are recorded as cancelled by the carer.",
        missing="Whether visits and appointments were cancelled by the carer: the records do not say.",
    ),
    source="Sussex child protection procedures, Children not brought to appointments: cancelled and booked again",
    definition="Agency-days within 365 days with attendance cancelled_by_carer.",
)

_attended = pl.col("attendance") == "attended"
_since_attended = (pl.col("days_ago") < pl.col("days_ago").filter(_attended).min()) | ~_attended.any()
_no_access = pl.col("attendance").is_in(("no_access", "cancelled_by_carer"))
_in_run = _no_access & _since_attended & (pl.col("days_ago") <= 365)

NO_ACCESS_RUN = Feature(
    name="no_access_run",
    over="records",
    where=pl.col("planned") & pl.col("attendance").is_not_null(),
    value=_in_run.sum(),
    window=None,
    empty=None,
    needs=("contacts.attendance", "contacts.planned"),
    unit="records",
    direction=1,
    sentence=Sentence(
        none="No planned contact is recorded as without access, or cancelled by the carer, since the last that took "
        "place.",
        one="1 planned contact is recorded as without access, or cancelled by the carer, since the last that took "
        "place.",
        many="{n} planned contacts are recorded as without access, or cancelled by the carer, since the last that took "
        "place.",
        missing="Whether planned contacts took place: the records do not say.",
    ),
    source="Sussex child protection procedures, Children not brought to appointments: one look across all agencies",
    sets=_in_run,
    definition="Planned records within 365 days with attendance no_access or cancelled_by_carer, later than the last "
    "day with a planned record attended; null if no planned record says.",
)


def _out_of_sight(settings: Settings) -> Feature:
    concern, young = settings.out_of_sight_days_concern, settings.out_of_sight_days_young
    months = settings.young_below_months
    limit = pl.when(pl.col("unresolved_strands") > 0).then(concern).when(pl.col("age_months") < months).then(young)
    seen, days_ago = pl.col("child_seen") & _in_person & _took_place, pl.col("days_ago")
    last = days_ago.filter(seen).min()
    since = pl.when(seen.any()).then(last).otherwise(days_ago.max())
    where_so = f"{concern} days where a concern stands, or {young} days where the child is young"
    unseen = f"For more than {where_so}, no record says that the child was seen in person."
    return Feature(
        name="out_of_sight",
        over="records",
        where=_told & limit.is_not_null(),
        value=since > limit.first(),
        window=None,
        empty=None,
        needs=("contacts.child_seen",),
        unit="yes or no",
        direction=1,
        sentence=Sentence(
            none=f"The records say that the child was seen in person within {where_so}.",
            one=unseen,
            many=unseen,
            missing="Whether the child is in sight: the records do not say.",
        ),
        source="Child Safeguarding Practice Review Panel, Elective home education (2024): children whom few see",
        arises=_BORN & limit.is_not_null(),
        definition="1 if the child was last seen in person, at a contact that took place, or, if never, first said to "
        f"be seen or not, more than {concern} days ago where a concern is unresolved, or {young} days ago for a child "
        f"under {months} months; else 0; null where neither is so, if no record says, or the child is unborn.",
    )
