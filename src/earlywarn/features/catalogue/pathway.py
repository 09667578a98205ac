"""Pathway: referred, closed, referred again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import Feature, Sentence
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
    definition="1 if a referral day within 365 days follows the previous one by 1 to 365 days, else 0; null if none, or "
    "if the records of social care known to anyone begin less than 365 days before the latest one.",
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


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family beyond the core."""
    del settings
    return ()
