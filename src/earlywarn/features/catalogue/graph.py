"""Graph: how the agencies in contact are tied by telling one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.catalogue.sharing import so_many_of
from earlywarn.features.feature import SERVICES, Feature, Sentence
from earlywarn.history.viewers import POOLED

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365

_LAMING = "Laming (2003): known to many agencies, and none held the picture"
_PANEL = "Child Safeguarding Practice Review Panel (2022): each professional held one piece"
_TIED = "tied where one told the other of a record of the child within 365 days (shared, in full or in summary)"

_alone = pl.col("ties") == 0
_several = pl.len() >= 2

GROUPS = Feature(
    name="agency_groups_365d",
    over="agency_ties",
    where=None,
    value=pl.col("part").n_unique(),
    window=YEAR,
    empty=0,
    needs=("sharing",),
    unit="groups of agencies",
    direction=0,
    sentence=Sentence(
        none="No agency's records show a contact with the family in the last year.",
        one="The agencies in contact in the last year form 1 group, joined by what they told one another.",
        many="The agencies in contact in the last year form {n} groups between which nothing is recorded as told.",
        missing="Whether the agencies in contact told one another: no act of telling is recorded for any child.",
    ),
    source=_LAMING,
    about=SERVICES,
    carried_by=("record_ids", "told_ids"),
    definition=f"Connected parts of the agencies with a contact within 365 days, {_TIED}.",
)

APART = Feature(
    name="agencies_apart_365d",
    over="agency_ties",
    where=None,
    value=pl.when(_several).then(_alone.sum()).otherwise(0),
    window=YEAR,
    empty=0,
    needs=("sharing",),
    unit="agencies",
    direction=0,
    sentence=Sentence(
        none="Each agency in contact in the last year told another, or was told by one, or was the only one.",
        one="1 agency in contact in the last year is not recorded as telling the others, nor as told by them.",
        many="{n} agencies in contact in the last year are not recorded as telling the others, nor as told by them.",
        missing="How many of the agencies in contact stood apart: no act of telling is recorded for any child.",
    ),
    source=_PANEL,
    about=SERVICES,
    carried_by=("record_ids",),
    sets=_alone & _several,
    definition=f"Agencies with a contact within 365 days that are tied to none of the others, {_TIED}; 0 under two.",
)

TOLD_PAIRS = Feature(
    name="told_pairs_share_365d",
    over="agency_ties",
    where=None,
    value=pl.when(_several).then(pl.col("ties").sum() / (pl.len() * (pl.len() - 1))),
    window=YEAR,
    empty=None,
    needs=("sharing",),
    unit="share of pairs of agencies",
    direction=-1,
    sentence=so_many_of(
        "Pairs of agencies in contact in the last year in which one is recorded as telling the other",
        missing="What share of the agencies in contact told one another: fewer than two were in contact, or no act of "
        "telling is recorded for any child.",
    ),
    source=_PANEL,
    of=pl.len() * (pl.len() - 1) / 2,
    about=SERVICES,
    carried_by=("record_ids", "told_ids"),
    part=~_alone,
    definition=f"Of all pairs of agencies with a contact within 365 days, the share that are {_TIED}; null under two "
    "agencies.",
)

LEAD_TOLD = Feature(
    name="lead_told_share_365d",
    over="others_days",
    where=None,
    value=pl.col("lead_knows").mean(),
    window=YEAR,
    empty=None,
    needs=("contacts@social_care",),
    unit="share of contacts",
    direction=-1,
    sentence=so_many_of(
        "Contacts of other agencies in the last year that are in the social care records we were given",
        missing="How much of what other agencies saw reached social care: the records do not say.",
    ),
    source=_LAMING,
    of=pl.len(),
    about=SERVICES,
    carried_by=("record_ids",),
    part=pl.col("lead_knows"),
    definition="Of the contacts within 365 days of agencies other than social care, each agency once a day, the share "
    "of which social care knows a record before the day; null where there is none, and for viewers other than "
    f"{POOLED}.",
)


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features of this family: none of them is set."""
    del settings
    return (GROUPS, APART, TOLD_PAIRS, LEAD_TOLD)
