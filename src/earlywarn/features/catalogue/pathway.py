"""Pathway: referred, closed, referred again."""

from __future__ import annotations

import polars as pl

from earlywarn.features.feature import Feature, Sentence
from earlywarn.records.codes import ENDED_WITHOUT_ACTION

YEAR = 365

_days_ago = pl.col("days_ago")
_in_year = _days_ago <= YEAR
_followed_soon = _in_year & (pl.col("previous_referral_days_ago") - _days_ago <= YEAR)
_seen_far_enough = pl.col("lead_begins_days_ago").first() - _days_ago.min() >= YEAR

REREFERRAL = Feature(
    name="rereferral_12m",
    over="records",
    where=pl.col("referral_day"),
    value=pl.when(_in_year.any() & _seen_far_enough).then(_followed_soon.any().cast(pl.Int32)),
    window=2 * YEAR,  # a referral of this year and the one up to a year before it
    empty=None,
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
    arises=(pl.col("referral_day") & _in_year).any(),
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
)

PATHWAY = (REREFERRAL, CLOSED_NO_ACTION)
