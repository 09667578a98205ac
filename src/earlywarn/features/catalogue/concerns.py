"""The life of a concern: raised, concluded or not, raised again. Context is shown and never counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.catalogue.answers import (
    NO_ACTION_RUN,
    OVERDUE_ACTIONS,
    OVERDUE_SHARE,
    OVERDUE_WORST,
    family_voice_closed,
)
from earlywarn.features.feature import SERVICES, Feature, Sentence

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

CAN_CLOSE = ("concerns.closing",)
"""Some source must be able to record a conclusion, or "not concluded" would say nothing."""

CARRIED = ("record_ids",)

# A child with strands none of which can be closed cannot be told apart from one whose concerns are all dealt with.
NONE_UNRESOLVED = pl.when(pl.col("unresolved_strands").is_not_null()).then(0)
_ARISES = (pl.col("unresolved_strands") > 0).fill_null(value=True)

UNRESOLVED = Feature(
    name="unresolved_concerns",
    over="strands",
    where=pl.col("unresolved"),
    value=pl.len(),
    window=None,
    empty=NONE_UNRESOLVED,
    needs=CAN_CLOSE,
    unit="concerns",
    direction=1,
    sentence=Sentence(
        none="Every concern in the records has a recorded conclusion, or none was raised.",
        one="1 concern has no recorded conclusion. It may have been dealt with and not written down.",
        many="{n} concerns have no recorded conclusion. They may have been dealt with and not written down.",
        missing="Whether concerns were followed to a conclusion: the records cannot say.",
    ),
    source="Analyses of serious case reviews (2011-14, 2014-17): cases closed while concerns stood",
    carried_by=CARRIED,
    definition="Strands of concern that could be closed and are not; null if there are strands and none can be closed.",
)

UNRESOLVED_OLDEST = Feature(
    name="unresolved_oldest_days",
    over="strands",
    where=pl.col("unresolved"),
    value=pl.col("raised_days_ago").max(),
    window=None,
    empty=None,
    needs=CAN_CLOSE,
    unit="days",
    direction=1,
    sentence=Sentence(
        none="The oldest concern without a recorded conclusion was raised today.",
        one="The oldest concern without a recorded conclusion was raised 1 day ago.",
        many="The oldest concern without a recorded conclusion was raised {span} ago.",
        missing="How long a concern has gone without a conclusion: the records show none that has.",
    ),
    source="NSPCC learning from case reviews: drift and delay",
    arises=_ARISES,
    carried_by=CARRIED,
    sets=pl.col("raised_days_ago") == pl.col("raised_days_ago").max(),
    definition="Days since the oldest unresolved strand of concern was raised; null if none is unresolved.",
)

UNRESOLVED_SEVERITY = Feature(
    name="unresolved_severity",
    over="strands",
    where=pl.col("unresolved"),
    value=pl.when(pl.col("severity").is_not_null().any()).then(pl.col("severity").cast(pl.Int64).sum()),
    window=None,
    empty=NONE_UNRESOLVED,
    needs=CAN_CLOSE,
    unit="sum of severities, each 0 to 3",
    direction=1,
    sentence=Sentence(
        none="The concerns without a recorded conclusion carry no severity, or there are none.",
        one="The sources grade the concerns without a recorded conclusion 1 in all, each from 0 to 3.",
        many="The sources grade the concerns without a recorded conclusion {n} in all, each from 0 to 3.",
        missing="How grave the concerns without a conclusion are: the sources do not grade them.",
    ),
    source="Analysis of serious case reviews (2014-17): neglect accumulates",
    carried_by=CARRIED,
    definition="Sum of the recorded severities of unresolved strands; 0 if none is unresolved; null if that cannot be "
    "told or none has a severity.",
)

RECURRENCE = Feature(
    name="concern_recurrence",
    over="strands",
    where=pl.col("again") | pl.col("next_raised_days_ago").is_not_null(),
    value=pl.col("again").sum(),
    window=None,
    empty=0,
    needs=("concerns",),
    unit="concerns",
    direction=1,
    sentence=Sentence(
        none="No concern was raised again after a pause.",
        one="1 concern was raised again after a pause of more than 28 days.",
        many="Concerns were raised again after a pause of more than 28 days {n} times.",
        missing="Whether a concern was raised again: the records do not say.",
    ),
    source="Brandon and others (2008): the past set aside, each referral begun afresh",
    carried_by=CARRIED,
    definition="Strands of concern less distinct categories.",
)

CONCLUDED = Feature(
    name="concluded_365d",
    over="strands",
    where=pl.col("closed") & (pl.col("concluded_days_ago") <= 365),
    value=pl.len(),
    window=None,
    empty=0,
    needs=CAN_CLOSE,
    unit="concerns",
    direction=-1,
    sentence=Sentence(
        none="No concern was followed to a recorded conclusion in the last year.",
        one="1 concern was followed to a recorded conclusion in the last year.",
        many="{n} concerns were followed to a recorded conclusion in the last year.",
        missing="Whether concerns were followed to a conclusion: the records cannot say.",
    ),
    source="Munro (2011): show what was done, not only what was not",
    carried_by=("record_ids", "closing_ids"),
    definition="Closed strands of concern whose latest closing is within 365 days.",
)

CORE = (UNRESOLVED, UNRESOLVED_OLDEST, UNRESOLVED_SEVERITY, RECURRENCE, CONCLUDED)

DRIFT = "NSPCC, learning from case reviews: drift and delay"
AGAIN = "Brandon and others (2008): the past set aside, each referral begun afresh"

BOTH_STRANDS = ("record_ids", "closing_ids", "next_ids")
_if_told = pl.col("unresolved_strands").first().is_not_null()


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family beyond the core."""
    return (
        SEVERITY_DAYS,
        _past_standard(settings),
        CLOSED_CASE_UNCONCLUDED,
        _reraised(settings),
        _reraised_share(settings),
        _independent_convergence(settings),
        OVERDUE_ACTIONS,
        OVERDUE_SHARE,
        OVERDUE_WORST,
        family_voice_closed(settings),
        NO_ACTION_RUN,
    )


_graded = pl.col("severity").cast(pl.Int64) * pl.col("raised_days_ago")

SEVERITY_DAYS = Feature(
    name="unresolved_severity_days",
    over="strands",
    where=pl.col("unresolved"),
    value=pl.when(_graded.is_not_null().any()).then(_graded.sum()),
    window=None,
    empty=NONE_UNRESOLVED,
    needs=CAN_CLOSE,
    unit="severity times days",
    direction=1,
    sentence=Sentence(
        none="The concerns without a recorded conclusion carry no severity, or there are none.",
        one="Concerns without a recorded conclusion, weighed by how grave they are (0 to 3) and how many days old, "
        "come to 1.",
        many="Concerns without a recorded conclusion, weighed by how grave they are (0 to 3) and how many days old, "
        "come to {n}: one of severity 2 that is 100 days old weighs 200.",
        missing="How grave the concerns without a conclusion are, and for how long: the sources do not grade them.",
    ),
    source=DRIFT,
    carried_by=CARRIED,
    definition="Sum over unresolved strands with a severity of severity times days since they were raised; 0 if "
    "none is unresolved; null if that cannot be told or none has a severity.",
)


def _past_standard(settings: Settings) -> Feature:
    limit = settings.conclude_within_days
    return Feature(
        name="unresolved_past_standard",
        over="strands",
        where=pl.col("unresolved") & (pl.col("raised_days_ago") > limit),
        value=pl.len(),
        window=None,
        empty=NONE_UNRESOLVED,
        needs=CAN_CLOSE,
        unit="concerns",
        direction=1,
        sentence=Sentence(
            none=f"No concern has gone more than {limit} days without a recorded conclusion.",
            one=f"1 concern has gone more than {limit} days without a recorded conclusion.",
            many=f"{{n}} concerns have gone more than {limit} days without a recorded conclusion.",
            missing=f"Whether concerns were followed to a conclusion within {limit} days: the records cannot say.",
        ),
        source=DRIFT,
        carried_by=CARRIED,
        definition=f"Unresolved strands of concern raised more than {limit} days ago; null if there are strands and "
        "none can be closed.",
    )


CLOSED_CASE_UNCONCLUDED = Feature(
    name="closed_case_unconcluded",
    over="strands",
    where=pl.col("unresolved") & (pl.col("raised_days_ago") >= pl.col("last_case_ended_days_ago")),
    value=pl.len(),
    window=None,
    empty=NONE_UNRESOLVED,
    needs=(*CAN_CLOSE, "episodes"),
    unit="concerns",
    direction=1,
    sentence=Sentence(
        none="No concern raised before the last case was closed is without a recorded conclusion, or a case is open.",
        one="The last case was closed, and 1 concern raised by then has no recorded conclusion. It may have been dealt "
        "with and not written down.",
        many="The last case was closed, and {n} concerns raised by then have no recorded conclusion. They may have "
        "been dealt with and not written down.",
        missing="Whether concerns were concluded when the last case was closed: the records cannot say.",
    ),
    source="Analysis of serious case reviews (2011-14): cases closed too soon",
    about=SERVICES,
    carried_by=("record_ids", "last_case_ended_ids"),
    definition="Unresolved strands of concern raised on or before the latest day on which a case ended; 0 if none has "
    "ended, or one is open; null if there are strands and none can be closed.",
)


def _again(settings: Settings) -> pl.Expr:
    """Whether a closed strand was followed by one of its category soon after its closing."""
    after = pl.col("concluded_days_ago") - pl.col("next_raised_days_ago")
    return after.is_between(1, settings.reraised_within_days).fill_null(value=False)


def _reraised(settings: Settings) -> Feature:
    within = settings.reraised_within_days
    return Feature(
        name="reraised_after_conclusion",
        over="strands",
        where=pl.col("closed") & _again(settings),
        value=pl.when(_if_told).then(pl.len()),
        window=None,
        empty=NONE_UNRESOLVED,
        needs=CAN_CLOSE,
        unit="concerns",
        direction=1,
        sentence=Sentence(
            none=f"No concern was raised again within {within} days of its conclusion.",
            one=f"1 concern was raised again within {within} days of its conclusion.",
            many=f"{{n}} times a concern was raised again within {within} days of its conclusion.",
            missing="Whether concerns came back after their conclusion: the records cannot say.",
        ),
        source=AGAIN,
        carried_by=BOTH_STRANDS,
        definition=f"Strands of concern that begin 1 to {within} days after the closing of the strand of their "
        "category directly before them; null if there are strands and none can be closed.",
    )


def _reraised_share(settings: Settings) -> Feature:
    within, again = settings.reraised_within_days, _again(settings)
    return Feature(
        name="reraised_share",
        over="strands",
        where=pl.col("closed"),
        value=again.mean(),
        window=None,
        empty=None,
        needs=CAN_CLOSE,
        unit="share of concerns",
        direction=1,
        sentence=Sentence(
            none=f"Of {{of}} concluded concerns none was raised again within {within} days.",
            one=f"Of {{of}} concluded concerns 1 was raised again within {within} days.",
            many=f"Of {{of}} concluded concerns {{part}} were raised again within {within} days.",
            missing="How many concluded concerns came back: the records show none that was concluded.",
        ),
        source=AGAIN,
        of=pl.len(),
        part=again,
        arises=(pl.col("closed_strands") > 0) | pl.col("unresolved_strands").is_null(),
        carried_by=BOTH_STRANDS,
        definition=f"Of closed strands of concern, the share after which one of their category begins 1 to {within} "
        "days after the closing; null where none is closed.",
    )


def _independent_convergence(settings: Settings) -> Feature:
    within = settings.convergence_days
    echo = (pl.col("told_of_days_ago") <= within).fill_null(value=False)
    several = pl.col("agency").n_unique() >= 2
    return Feature(
        name="independent_convergence",
        over="raised_by_organisations",
        where=~echo,
        value=pl.when(several).then(pl.col("category").n_unique()).otherwise(0),
        window=within,
        empty=0,
        needs=("concerns",),
        unit="kinds of concern",
        direction=0,
        sentence=Sentence(
            none=f"In the last {within} days no two agencies raised concerns without one having been told by the "
            "other.",
            one=f"In the last {within} days at least 2 agencies raised 1 kind of concern, and no record says that one "
            "had been told by the other before.",
            many=f"In the last {within} days at least 2 agencies raised {{n}} kinds of concern, and no record says "
            "that one had been told by the other before.",
            missing="Whether several agencies raised concerns: the records do not say.",
        ),
        source="Child Safeguarding Practice Review Panel (2022): agencies' concerns were not put together",
        definition=f"Distinct categories of concern raised by organisations within {within} days, if by at least two; "
        "a row is left out if its agency had, before its own record was known, been told of a record with a concern "
        f"that another organisation raised within {within} days.",
    )
