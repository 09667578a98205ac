"""Pathway: referred, closed, referred again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Feature, Sentence
from earlywarn.records.codes import ENDED_WITHOUT_ACTION

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365

_days_ago = pl.col("days_ago")
_in_year = _days_ago <= YEAR
_followed = _in_year & (pl.col("previous_days_ago") - _days_ago <= YEAR)
_came_before = (pl.col("next_days_ago") <= YEAR) & (_days_ago - pl.col("next_days_ago") <= YEAR)
_latest = _days_ago.min()
_seen_far_enough = pl.col("lead_begins_days_ago").first() - _latest >= YEAR

REREFERRAL = Feature(
    name="rereferral_12m",
    over="referral_days",
    where=_followed | _came_before,  # the two referrals, and no others
    value=pl.when(_seen_far_enough).then(1),
    window=None,
    empty=pl.when((_latest <= YEAR) & _seen_far_enough).then(0),
    needs=(),
    unit="1 if referred again within 12 months",
    direction=1,
    sentence=Sentence(
        none="The latest referral did not follow another within 12 months.",
        one="A referral of the last year followed an earlier one within 12 months.",
        many="A referral of the last year followed an earlier one within 12 months.",
        missing="Whether the latest referral followed another within 12 months: the records of social care do not go "
        "back far enough to say.",
    ),
    source="Department for Education: re-referral within 12 months, 22.6 % of referrals in 2025",
    arises=_in_year.any(),
    carried_by=("record_ids",),
    definition="1 if a referral day within 365 days follows the previous one by 1 to 365 days, else 0; null if none, "
    "or if the records of social care known to anyone begin less than 365 days before the latest one.",
)

CLOSED_NO_ACTION = Feature(
    name="closed_no_action_365d",
    over="records",
    where=pl.col("outcome").is_in(ENDED_WITHOUT_ACTION),
    value=_days_ago.n_unique(),
    window=YEAR,
    empty=0,
    needs=(),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="Nothing in the last year is recorded as ended with no further action or advice.",
        one="On 1 day in the last year something ended with no further action or advice.",
        many="On {n} days in the last year something ended with no further action or advice.",
        missing="What came of contacts: the records do not say.",
    ),
    source="Child Safeguarding Practice Review Panel (2023): one incident judged at a time, the history unread",
    definition="Days within 365 days with a record whose outcome is no_further_action or advice.",
)

CORE = (REREFERRAL, CLOSED_NO_ACTION)


AGAIN = "Brandon and others (2008): the past set aside, each referral begun afresh"
PLANS_AGAIN = "Department for Education, characteristics of children in need (2025): second or later plans are counted"
STEP_DOWN_DAYS = 1826
TWO_YEARS = 731


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family beyond the core."""
    return (
        _start_again(settings),
        REPEAT_PLANS,
        _repeat_plan(settings),
        _assessments(settings),
        _conferences(settings),
        _closed_on_non_engagement(settings),
    )


def _start_again(settings: Settings) -> Feature:
    within = settings.start_again_days
    return Feature(
        name="start_again",
        over="raised_after_step_down",
        where=pl.col("after_days") <= within,
        value=_days_ago.n_unique(),
        window=STEP_DOWN_DAYS,
        empty=0,
        needs=("episodes", "concerns"),
        unit="times",
        direction=1,
        sentence=Sentence(
            none=f"No concern was raised within {within} days of a step down or closing in the last five years.",
            one=f"Once in the last five years a concern was raised within {within} days of a step down or closing.",
            many=f"{{n}} times in the last five years a concern was raised within {within} days of a step down or "
            "closing.",
            missing="Whether concerns followed a step down or closing: the records do not say.",
        ),
        source=AGAIN,
        about=SERVICES,
        carried_by=("ending_id", "record_id"),
        definition=f"Days within {STEP_DOWN_DAYS} days on which an episode ended and none of a higher kind ran on the "
        f"day after, and 1 to {within} days after which a concern was raised.",
    )


REPEAT_PLANS = Feature(
    name="repeat_plans",
    over="spells",
    where=(pl.col("kind") == "protection_plan") & (pl.col("start_days_ago") >= 1),
    value=pl.len() - 1,
    window=None,
    empty=0,
    needs=("episodes",),
    unit="plans",
    direction=1,
    sentence=Sentence(
        none="The records show no second child protection plan.",
        one="The records show 1 child protection plan after the first.",
        many="The records show {n} child protection plans after the first.",
        missing="Whether there was a child protection plan before: the records do not say.",
    ),
    source=PLANS_AGAIN,
    definition="Child protection plans started before the day, less one, and not below 0.",
)


def _repeat_plan(settings: Settings) -> Feature:
    within = settings.repeat_plan_within_days
    return Feature(
        name="repeat_plan_24m",
        over="plans_again",
        where=pl.col("after_days") <= within,
        value=pl.lit(1).first(),
        window=TWO_YEARS,
        empty=0,
        needs=("episodes",),
        unit="1 if a plan followed another",
        direction=1,
        sentence=Sentence(
            none=f"No child protection plan of the last two years began within {within} days of the end of another.",
            one=f"A child protection plan of the last two years began within {within} days of the end of another.",
            many=f"A child protection plan of the last two years began within {within} days of the end of another.",
            missing="Whether a child protection plan followed another: the records do not say.",
        ),
        source=PLANS_AGAIN,
        carried_by=("record_id", "earlier_ids"),
        definition=f"1 if a child protection plan started within {TWO_YEARS} days, 0 to {within} days after the end "
        "of one that had started earlier; else 0.",
    )


def _assessments(settings: Settings) -> Feature:
    standard = settings.assessment_working_days
    took = pl.col(f"working_days_{settings.nation.lower()}")
    return Feature(
        name="assessments_over_standard_365d",
        over="assessments",
        where=took > standard,
        value=pl.len(),
        window=YEAR,
        empty=0,
        needs=("contacts.follows",),
        unit="assessments",
        direction=1,
        sentence=Sentence(
            none=f"No assessment of the last year took more than {standard} working days.",
            one=f"1 assessment of the last year took, or has taken so far, more than {standard} working days.",
            many=f"{{n}} assessments of the last year took, or have taken so far, more than {standard} working days.",
            missing="How long assessments took: the records do not say.",
        ),
        source="Department for Education, children in need census: an assessment within 45 working days",
        about=SERVICES,
        carried_by=("record_id", "concluded_by"),
        definition="Assessments of social care within 365 days for which the working days from their day to the day "
        f"their first conclusion was known, or to the as-of day, exceed {standard}. Bank holidays: {settings.nation}.",
    )


def _conferences(settings: Settings) -> Feature:
    standard = settings.conference_working_days
    took = pl.col(f"working_days_{settings.nation.lower()}")
    return Feature(
        name="conference_over_standard_365d",
        over="enquiries",
        where=(pl.col("met") | pl.col("awaited")) & (took > standard),
        value=pl.len(),
        window=YEAR,
        empty=0,
        needs=("contacts",),
        unit="enquiries",
        direction=1,
        sentence=Sentence(
            none=f"No conference of the last year was held, or is awaited, more than {standard} working days after "
            "its enquiry.",
            one=f"After 1 enquiry of the last year a conference came, or is awaited, later than {standard} working "
            "days.",
            many=f"After {{n}} enquiries of the last year a conference came, or is awaited, later than {standard} "
            "working days.",
            missing="How soon conferences followed enquiries: the records do not say.",
        ),
        source="Department for Education, children in need (2025): a conference within 15 working days of the enquiry",
        about=SERVICES,
        carried_by=("record_id", "conference_ids"),
        definition="Section 47 enquiries of social care within 365 days whose first conference, within a year, came "
        f"more than {standard} working days later; and those with the outcome conference and none yet, more than "
        f"{standard} working days ago. Bank holidays: {settings.nation}.",
    )


def _closed_on_non_engagement(settings: Settings) -> Feature:
    least, within = settings.missed_before_closing, settings.missed_before_closing_days
    near = (pl.col("missed_before_days") < within).fill_null(value=False)
    return Feature(
        name="closed_on_non_engagement",
        over="about_ends",
        where=pl.col("stood") | (near & (near.sum().over("row", "days_ago") >= least)),
        value=_days_ago.n_unique(),
        window=YEAR,
        empty=0,
        needs=("episodes",),
        unit="days",
        direction=1,
        sentence=Sentence(
            none="No case or early help of the last year was closed while a concern had no recorded conclusion, nor "
            f"just after {least} missed appointments.",
            one="Once in the last year a case or early help was closed while a concern had no recorded conclusion, or "
            f"within {within} days of {least} missed appointments. This describes the service, not the family.",
            many="{n} times in the last year a case or early help was closed while a concern had no recorded "
            f"conclusion, or within {within} days of {least} missed appointments. This describes the service, not the "
            "family.",
            missing="How cases stood when they were closed: the records do not say.",
        ),
        source="Analysis of serious case reviews (2011-14): cases closed too soon",
        about=SERVICES,
        carried_by=("ending_ids", "record_ids"),
        definition="Days within 365 days on which a case or early help ended and no case ran on the day after, and on "
        "which a strand of concern raised by then could be closed and was not, or in the "
        f"{within} days up to which at least {least} records say not brought or no access.",
    )
