"""Tempo: how often organisations dealt with the family. Shown, and free of direction: being looked at is no risk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.features.feature import Coverage, Feature, Sentence
from earlywarn.records.codes import AGENCIES, ORGANISATIONS

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
    """Build the features of this family beyond the core."""
    return _tempo(settings), UNSCHEDULED, _unscheduled_sites(settings), _burst(settings)


def _tempo(settings: Settings) -> Feature:
    recent, before, prior = settings.tempo_recent_days, settings.tempo_before_days, settings.tempo_prior
    exposure = pl.col("first_days_ago").clip(upper_bound=recent + before) - recent
    enough = exposure >= settings.tempo_least_days
    is_recent = pl.col("days_ago") <= recent
    own = (~is_recent).sum() * recent / exposure.first()
    return Feature(
        name="contact_tempo_ratio",
        over="agency_days",
        where=~pl.col("mandated") & enough,
        value=pl.struct(seen=is_recent.sum(), expected=own),
        window=recent + before,
        empty=pl.when(enough).then(1),
        needs=(),
        unit="times the child's own rate",
        direction=0,
        sentence=Sentence(
            none=f"There was no contact in the last {recent} days apart from what a plan asks for.",
            one=f"Contacts in the last {recent} days, apart from what a plan asks for, came as often as before.",
            many=f"Contacts in the last {recent} days, apart from what a plan asks for, came {{n}} times as often as "
            "before, by this child's own rate.",
            missing="Whether contacts came more often than before: the records do not go back far enough to say.",
        ),
        source="Haringey, second serious case review (2010): some 60 contacts in 8 months, as newspapers reported it",
        finish=partial(_shrunk, prior=prior),
        carried_by=("record_ids",),
        definition=f"Contacts of the last {recent} days, each agency once a day, against the child's own rate in the "
        f"{before} days before: the mean of a Gamma distribution of shape {prior:g} + contacts and rate {prior:g} + "
        "contacts expected. Left out are agency-days on which every record is planned, held by social care and of a "
        f"day when a case was running; null under {settings.tempo_least_days} days of records before that.",
    )


def _shrunk(counts: pl.Series, prior: float) -> pl.Series:
    """Take the mean of what a child's rate may be, as a multiple of its own rate before."""
    from scipy.stats import gamma  # noqa: PLC0415 (slow to import, and few ask)

    seen, expected = (counts.struct.field(name).to_numpy() for name in ("seen", "expected"))
    return pl.Series(np.asarray(gamma(prior + seen, scale=1 / (prior + expected)).mean(), float))


_NUMBERS = {code: number for number, code in enumerate(ORGANISATIONS)}
_HEALTH = [_NUMBERS[code] for code, agency in AGENCIES.items() if agency.sector == "health"]
_WALK_IN = [_NUMBERS[code] for code in ("emergency", "urgent_care", "ambulance")]

_unscheduled = (pl.col("agency_number").is_in(_WALK_IN) & pl.col("planned").fill_null(value=False).not_()) | (
    pl.col("agency_number").is_in(_HEALTH) & (pl.col("planned") == False)  # noqa: E712 (null is not false)
)

UNSCHEDULED = Feature(
    name="unscheduled_health_90d",
    over="contacts",
    where=_unscheduled,
    value=pl.struct("agency_number", "days_ago").n_unique(),
    window=90,
    empty=0,
    needs=("contacts",),
    unit="agency-days",
    direction=1,
    sentence=Sentence(
        none="No unscheduled contact with a health service is recorded in the last 90 days.",
        one="1 unscheduled contact with a health service is recorded in the last 90 days.",
        many="{n} unscheduled contacts with health services are recorded in the last 90 days.",
        missing="Whether there were unscheduled contacts with health services: the records do not say.",
    ),
    source="NHS Child Protection Information Sharing: the last 25 unscheduled visits are shown to the next clinician",
    definition="Contacts within 90 days, each agency once a day, with an emergency department, urgent care or the "
    "ambulance service unless planned, or with another health service where the record says that it was not planned.",
)


def _unscheduled_sites(settings: Settings) -> Feature:
    told = pl.col("org_id").is_not_null()
    return Feature(
        name="unscheduled_health_sites_90d",
        over="contacts",
        where=_unscheduled & told,
        value=pl.col("org_id").n_unique(),
        window=90,
        empty=0,
        needs=("contacts.org_id",),
        unit="sites",
        direction=1,
        sentence=Sentence(
            none="No unscheduled contact with a health service names a site in the last 90 days.",
            one="Unscheduled contacts with health services in the last 90 days were at 1 site.",
            many="Unscheduled contacts with health services in the last 90 days were at {n} different sites.",
            missing="At how many sites unscheduled contacts with health services were: the records do not say.",
        ),
        source=UNSCHEDULED.source,
        coverage=Coverage(_unscheduled, told, settings.least_told),
        definition="Distinct org_id of the records of unscheduled_health_90d; null where less than "
        f"{settings.least_told:g} of them say it.",
    )


def _burst(settings: Settings) -> Feature:
    within, burst, least = settings.burst_within_days, settings.burst_days, settings.burst_least_contacts
    close = (
        f"Of the contacts of the last {within} days some came close together, within {burst} days: {{n}} on a scale "
        "where 1 means that chance brings so many 1 time in 10, and 2 that it does so 1 time in 100."
    )
    return Feature(
        name="contact_burst",
        over="agency_days",
        where=None,
        value=pl.col("days_ago").sort(),
        window=within,
        empty=None,
        needs=(),
        unit="-log10 of a chance",
        direction=0,
        sentence=Sentence(
            none=f"Contacts of the last {within} days came no closer together than by chance.",
            one=close,
            many=close,
            missing="Whether contacts came close together: there are too few to say.",
        ),
        source="Wallenstein and Neff (1987), An approximation for the distribution of the scan statistic",
        finish=partial(_unlikely, burst=burst, share=min(1.0, burst / within), least=least),
        carried_by=("record_ids",),
        definition=f"Contacts within {within} days, each agency once a day: -log10 of the chance of as many within any "
        f"{burst} days, had they come at any time (scan statistic); 0 where the chance is 1; null under {least}.",
    )


def _unlikely(days: pl.Series, burst: int, share: float, least: int) -> pl.Series:
    """Return -log10 of the chance of the closest days of each list, which is in order."""
    from scipy.stats import binom  # noqa: PLC0415 (slow to import, and few ask)

    number = days.list.len().to_numpy().astype(np.int64)
    most = _most_together(days, number, burst)
    below = (most / share - number - 1) * binom.pmf(most, number, share)
    chance = np.clip(below + 2 * binom.sf(most - 1, number, share), 1e-300, 1)
    return pl.Series(np.abs(np.log10(chance))).set(pl.Series(number < least), None)


def _most_together(days: pl.Series, number: np.ndarray, burst: int) -> np.ndarray:
    """Count the most days of each list within so many: one search in all lists laid end to end."""
    if not len(days):
        return number
    apart = 1 << 20  # lists lie farther apart than any days
    place = np.repeat(np.arange(len(number)), number) * apart + days.explode().to_numpy()
    together = np.searchsorted(place, place + burst) - np.arange(len(place))
    return np.maximum.reduceat(together, np.cumsum(number) - number)
