"""Household: who is in the child's life, and who knows of them."""

from __future__ import annotations

import polars as pl

from earlywarn.features.feature import Feature, Sentence
from earlywarn.history.knowledge import POOLED

_lead_knows_some = pl.col("lead_knows_any")

UNKNOWN_ADULTS = Feature(
    name="unknown_adults",
    over="people",
    where=(pl.col("viewer") == POOLED)
    & _lead_knows_some
    & pl.col("adult")
    & ~pl.col("ended")
    & ~pl.col("known_to_lead"),
    value=pl.col("person_id").n_unique(),
    window=None,
    empty=pl.when(((pl.col("viewer") == POOLED) & _lead_knows_some).any()).then(0),
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
)

HOUSEHOLD = (UNKNOWN_ADULTS,)
