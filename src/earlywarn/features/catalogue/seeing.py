"""Seeing the child: when the child was last seen, and what became of visits and appointments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import Feature, Sentence
from earlywarn.records.codes import MISSED as MISSED_CODES

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

_told = pl.col("child_seen").is_not_null() & ~pl.col("unborn")
_BORN = ~pl.col("unborn")
_missed = pl.col("attendance").is_in(MISSED_CODES)

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
    where=_told
    & (pl.col("mode").is_null() | (pl.col("mode") == "in_person"))
    & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended")),
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
    """The features of this family beyond the core."""
    del settings
    return ()
