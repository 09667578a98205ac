"""Tempo: how often organisations dealt with the family. Shown, and free of direction: being looked at is no risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import Feature, Sentence

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings


def _contacts(window: int) -> Feature:
    said = f"in the last {window} days"
    return Feature(
        name=f"contacts_{window}d",
        over="agency_days",
        where=None,
        value=pl.len(),
        window=window,
        empty=0,
        needs=(),
        unit="agency-days",
        direction=0,
        sentence=Sentence(
            none=f"No agency's records show a contact with the family {said}.",
            one=f"1 contact with the family is recorded {said}.",
            many=f"{{n}} contacts with the family are recorded {said}, counting each agency once a day.",
            missing=f"How many contacts there were {said}: the records do not say.",
        ),
        source="Haringey, second serious case review (2010): many contacts in few months, none joined up",
        carried_by=("record_ids",),
        definition=f"Contacts within {window} days, each agency once a day.",
    )


UNPLANNED = Feature(
    name="unplanned_contacts_90d",
    over="agency_days",
    where=~pl.col("planned"),
    value=pl.len(),
    window=90,
    empty=0,
    needs=(),
    unit="agency-days",
    direction=1,
    sentence=Sentence(
        none="No unplanned contact is recorded in the last 90 days.",
        one="1 contact in the last 90 days is not recorded as planned.",
        many="{n} contacts in the last 90 days are not recorded as planned.",
        missing="Whether contacts were planned: the records do not say.",
    ),
    source="NHS Child Protection Information Sharing: unscheduled visits are shown to the next clinician",
    carried_by=("record_ids",),
    definition="Contacts within 90 days, each agency once a day, with a record that does not say it was planned.",
)

CORE = (*map(_contacts, (30, 90, 365)), UNPLANNED)


def features(settings: Settings) -> tuple[Feature, ...]:
    """The features of this family beyond the core."""
    del settings
    return ()
