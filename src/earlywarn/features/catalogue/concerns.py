"""The life of a concern: raised, concluded or not, raised again. Context is shown and never counted."""

from __future__ import annotations

import polars as pl

from earlywarn.features.feature import Feature, Sentence

CAN_CLOSE = ("concerns.closing",)
"""Some source must be able to record a conclusion, or "not concluded" would say nothing."""

_strands = pl.col("strand").n_unique()
_unresolved = pl.col("unresolved")
_oldest = pl.when(_unresolved).then(pl.col("raised_days_ago")).max().over("row")
_can_tell = pl.col("any_closable")
_severity = pl.col("severity").filter("head")

UNRESOLVED = Feature(
    name="unresolved_concerns",
    over="concerns",
    where=_unresolved | ~_can_tell,  # a child none of whose concerns can be closed is kept, to be told apart from 0
    value=pl.when(_can_tell.any()).then(_strands),
    window=None,
    empty=0,
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
)

UNRESOLVED_OLDEST = Feature(
    name="unresolved_oldest_days",
    over="concerns",
    where=_unresolved & (pl.col("raised_days_ago") == _oldest),
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
    arises=_unresolved.any() | ~_can_tell.any(),
)

UNRESOLVED_SEVERITY = Feature(
    name="unresolved_severity",
    over="concerns",
    where=_unresolved | ~_can_tell,
    value=pl.when(_can_tell.any() & _severity.is_not_null().any()).then(_severity.sum()),
    window=None,
    empty=0,
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
)

RECURRENCE = Feature(
    name="concern_recurrence",
    over="concerns",
    where=pl.col("recurs"),
    value=_strands - pl.col("category").n_unique(),
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
)

CONCLUDED = Feature(
    name="concluded_365d",
    over="concerns",
    where=pl.col("closed") & (pl.col("concluded_days_ago") <= 365),
    value=_strands,
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
    carried_by=("record_id", "closing_id"),
)

CONCERNS = (UNRESOLVED, UNRESOLVED_OLDEST, UNRESOLVED_SEVERITY, RECURRENCE, CONCLUDED)
