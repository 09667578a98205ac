"""The life of a concern: raised, concluded or not, raised again. Context is shown and never counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import Feature, Sentence

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


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family beyond the core."""
    del settings
    return ()
