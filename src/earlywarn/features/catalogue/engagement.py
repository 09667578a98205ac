"""Engagement: patterns to discuss, never a judgement of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Feature, Sentence

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings


def features(settings: Settings) -> tuple[Feature, ...]:
    """Build the features of this family."""
    return _selective(settings), OPTIMISM_GAP


def _selective(settings: Settings) -> Feature:
    least, spread, better = settings.engagement_least, settings.engagement_spread, settings.engagement_before_review
    enough = pl.col("agency_told") >= least
    shares = (pl.col("agency_attended") / pl.col("agency_told")).filter(enough)
    before, rest = (pl.col("attended").filter(rows) for rows in (pl.col("before_review"), ~pl.col("before_review")))
    told = (pl.col("agency").filter(enough).n_unique() >= 2) & (before.len() >= least) & (rest.len() >= least)
    differs = (shares.max() - shares.min() >= spread) & (before.mean() - rest.mean() >= better)
    return Feature(
        name="selective_engagement",
        over="appointments",
        where=None,
        value=pl.when(told).then(differs & ~pl.col("recurs_less").first()),
        window=None,
        empty=None,
        needs=("contacts.attendance",),
        unit="yes or no",
        direction=0,
        sentence=Sentence(
            none="Attendance by agency and before reviews shows no pattern to discuss.",
            one="Attendance differs by agency and was better before reviews, while concerns came back: a pattern to "
            "discuss.",
            many="Attendance differs by agency and was better before reviews, while concerns came back: a pattern to "
            "discuss.",
            missing="Whether attendance differs by agency and before reviews: there are too few records to say.",
        ),
        source="NSPCC learning from case reviews; Devon one-minute guide 16: some services kept up with, others not",
        carried_by=("record_id", "review_ids"),
        definition="Of attended and missed records within 365 days: 1 if the shares attended of agencies with at least "
        f"{least} differ by {spread:g} or more, the share in the 14 days up to a review or conference is {better:g} or "
        "more above the rest, and no fewer concerns came back within 180 days than in the 185 days before; else 0; "
        f"null under two such agencies, or under {least} records in the 14 days or the rest.",
    )


OPTIMISM_GAP = Feature(
    name="optimism_gap",
    over="standing_concerns",
    where=None,
    value=pl.col("days_ago").n_unique(),
    window=365,
    empty=0,
    needs=("episodes", "concerns.closing"),
    unit="days",
    direction=1,
    sentence=Sentence(
        none="No plan or support was stepped down in the last year soon after a concern that had no conclusion.",
        one="Once in the last year a plan or support was stepped down within 90 days of a concern that had no recorded "
        "conclusion.",
        many="{n} times in the last year a plan or support was stepped down within 90 days of a concern that had no "
        "recorded conclusion.",
        missing="Whether concerns stood when plans were stepped down: the records cannot say.",
    ),
    source="NSPCC learning from case reviews: hopes held higher than the records bear out",
    about=SERVICES,
    carried_by=("ending_id", "record_ids"),
    definition="Days within 365 days on which an episode ended and none of a higher kind ran on, with a strand of "
    "concern raised in the 90 days up to it that could be closed and was not by that day.",
)
