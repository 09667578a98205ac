"""Household: who is in the child's life, and who knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import Feature, Sentence
from earlywarn.history.viewers import POOLED

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

UNKNOWN_ADULTS = Feature(
    name="unknown_adults",
    over="people",
    where=(pl.col("viewer") == POOLED)
    & pl.col("lead_knows_any")
    & pl.col("adult")
    & ~pl.col("ended")
    & ~pl.col("known_to_lead"),
    value=pl.col("person_id").n_unique(),
    window=None,
    empty=pl.when((pl.col("viewer") == POOLED) & pl.col("lead_knows_any")).then(0),
    needs=("people",),
    unit="adults",
    direction=1,
    sentence=Sentence(
        none="No adult appears in other agencies' records and not in the social care records we were given.",
        one="1 adult appears in other agencies' records and not in the social care records we were given.",
        many="{n} adults appear in other agencies' records and not in the social care records we were given.",
        missing="Whether other agencies know adults whom social care does not: the records do not say.",
    ),
    source="Haringey, second serious case review (2010): an adult named on one record, asked about by nobody",
    definition="People with an adult role, not ended before the day, known to the view but not to social care; null if "
    "social care knows no person of this child, and for viewers other than pooled.",
)

CORE = (UNKNOWN_ADULTS,)


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family beyond the core."""
    del settings
    return ()
