"""Tempo: how often organisations dealt with the family. Shown, and free of direction: being looked at is no risk."""

from __future__ import annotations

import polars as pl

from earlywarn.features.feature import Feature, Sentence

AGENCY_DAYS = pl.struct("agency", "days_ago").n_unique()
"""A contact counts once an agency and day."""

PLANNED = pl.col("planned").fill_null(value=False)


def _contacts(window: int) -> Feature:
    said = f"in the last {window} days"
    return Feature(
        name=f"contacts_{window}d",
        over="contacts",
        where=None,
        value=AGENCY_DAYS,
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
    )


UNPLANNED = Feature(
    name="unplanned_contacts_90d",
    over="contacts",
    where=~PLANNED,
    value=AGENCY_DAYS,
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
)

TEMPO = (*map(_contacts, (30, 90, 365)), UNPLANNED)
