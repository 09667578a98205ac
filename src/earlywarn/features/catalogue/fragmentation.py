"""Fragmentation: in how many hands the picture lies. These describe services, never the family or a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Feature, Sentence
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365

AGENCIES = Feature(
    name="agencies_365d",
    over="agency_days",
    where=None,
    value=pl.col("agency").n_unique(),
    window=YEAR,
    empty=0,
    needs=(),
    unit="agencies",
    direction=0,
    sentence=Sentence(
        none="No agency's records show a contact with the family in the last year.",
        one="1 agency had contact with the family in the last year.",
        many="{n} agencies had contact with the family in the last year.",
        missing="How many agencies were in contact: the records do not say.",
    ),
    source="Laming (2003): known to many agencies, and none held the picture",
    about=SERVICES,
    carried_by=("record_ids",),
    definition="Distinct agencies among the contacts within 365 days.",
)

AGENCY_CHURN = Feature(
    name="agency_churn_365d",
    over="contact_days",
    where=None,
    value=pl.when(pl.len() >= 2).then(pl.col("apart").sum() / (pl.len() - 1)),
    window=YEAR,
    empty=None,
    needs=(),
    unit="share of steps",
    direction=0,
    sentence=Sentence(
        none="From one contact to the next in the last year, the same agency was always there.",
        one="Once in the last year ({part} of {of}), the next contact was with other agencies altogether.",
        many="{part} of {of} times in the last year, the next contact was with other agencies altogether.",
        missing="Whether the same agencies kept contact: there are too few contacts in the records to say.",
    ),
    source="Laming (2003); national reviews since: each contact began again with someone new",
    of=pl.len() - 1,
    about=SERVICES,
    carried_by=("record_ids",),
    part=pl.col("apart") | pl.col("apart").shift(1).over("row"),  # a step is two days: its records are both days'
    definition="Over consecutive contact days within 365 days, the share of steps whose two days have no agency in "
    "common; null under two days.",
)

_recent = pl.col("days_ago") <= YEAR

WORKER_CHURN = Feature(
    name="worker_churn_365d",
    over="records",
    where=(pl.col("kind") == "involvement_start")
    & (pl.col("held_by") == LEAD_AGENCY)
    & pl.col("worker_id").is_not_null(),
    value=pl.col("worker_id").filter(_recent).n_unique() - (~(~_recent).any()).cast(pl.Int32),
    window=None,
    empty=None,
    needs=("contacts.worker_id",),
    unit="changes of worker",
    direction=1,
    sentence=Sentence(
        none="The allocated worker did not change in the last year.",
        one="The allocated worker changed once in the last year. This describes the service, not the family.",
        many="The allocated worker changed {n} times in the last year. This describes the service, not the family.",
        missing="Whether the allocated worker changed: the records do not say.",
    ),
    source="Children's Commissioner, Stability Index: about one child in care in four had several changes in a year",
    about=SERVICES,
    definition="Distinct workers in involvement_start records held by social care within 365 days, less one if there "
    "is none before; null if the view has none at all.",
)

_known_by = [(pl.col("known_to") & (1 << i)) != 0 for i in range(len(ORGANISATIONS))]
_most_known = pl.max_horizontal(known.sum() for known in _known_by)

LARGEST_SINGLE_VIEW = Feature(
    name="largest_single_view",
    over="strands",
    where=pl.col("viewer") == POOLED,
    value=pl.when((pl.len() >= 2) & (pl.col("holders").first() > 1)).then(_most_known / pl.len()),
    window=None,
    empty=None,
    needs=("concerns",),
    unit="share of concerns",
    direction=-1,
    sentence=Sentence(
        none="No single agency's records show any of the {of} concerns.",
        one="No single agency's records show more than 1 of the {of} concerns.",
        many="The agency that knows most knows {part} of the {of} concerns.",
        missing="How much of the picture any one agency holds: there are too few concerns, or one agency's records "
        "alone, to say.",
    ),
    source="Child Safeguarding Practice Review Panel (2022): each professional held one piece",
    of=pl.len(),
    about=SERVICES,
    carried_by=("record_ids",),
    definition="The largest share of the strands of concern that any one organisation knows a row of; null under two "
    "strands, where one organisation holds all the child's records, and for viewers other than pooled.",
)

CORE = (AGENCIES, AGENCY_CHURN, WORKER_CHURN, LARGEST_SINGLE_VIEW)


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family beyond the core."""
    del settings
    return ()
