"""Sharing: what one agency told another, what reached social care, and how soon. A part of fragmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.feature import SERVICES, Coverage, Feature, Sentence
from earlywarn.history.viewers import POOLED

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365

_PANEL = "Child Safeguarding Practice Review Panel (2021): barriers to sharing in almost half of the reviews of 2020"


def so_many_of(what: str, missing: str) -> Sentence:
    """Say a share as a list says it, which reads the same for one, for many and for none."""
    said = f"{what}: {{part}} of {{of}}."
    return Sentence(none=said, one=said, many=said, missing=missing)


PAIR_COVERAGE = Feature(
    name="pair_coverage_365d",
    over="concern_pairs",
    where=None,
    value=pl.col("told").mean(),
    window=YEAR,
    empty=None,
    needs=("concerns", "sharing"),
    unit="share of pairs of agencies",
    direction=-1,
    sentence=so_many_of(
        "Pairs of agencies with a concern in the last year in which one is recorded as telling the other",
        missing="Whether agencies with concerns told one another: fewer than two had any in the last year, or the "
        "records do not say.",
    ),
    source="Laming (2003): known to many agencies, and none held the picture",
    of=pl.len(),
    about=SERVICES,
    carried_by=("record_ids", "told_ids"),
    part=pl.col("told"),
    definition="Organisations that raise or hold a record with a concern within 365 days: of all pairs, the share in "
    "which one told the other of a record within 365 days (shared, in full or in summary); null under two, and for "
    "viewers other than pooled.",
)


def _beyond(days: int) -> pl.Expr:
    """Concerns known for so many days that did not reach social care within them, and are not kept back on purpose."""
    late = (pl.col("reached_after_days") > days).fill_null(value=True)
    return (pl.col("known_for_days") >= days) & late & ~pl.col("withheld")


def _beyond_in_words(days: int) -> str:
    return (
        f"known to anyone for at least {days} days, whose record, or what stands for it, social care did not know "
        f"within {days} days; those recorded as withheld from social care are left out"
    )


def _unshared(days: int) -> Feature:
    return Feature(
        name="unshared_concerns_365d",
        over="reaching",
        where=_beyond(days),
        value=pl.struct("category", "days_ago").n_unique(),
        window=YEAR,
        empty=pl.when(pl.col("viewer") == POOLED).then(0),
        needs=("concerns", "contacts@social_care"),
        unit="concerns",
        direction=1,
        sentence=Sentence(
            none=f"Every concern of the last year reached the social care records we were given within {days} days, "
            "is newer than that, or is recorded as withheld.",
            one=f"1 concern of the last year did not reach the social care records we were given within {days} days.",
            many=f"{{n}} concerns of the last year did not reach the social care records we were given within {days} "
            "days.",
            missing="Whether concerns reached social care: the records do not say.",
        ),
        source=_PANEL,
        about=SERVICES,
        definition=f"Distinct categories and days of concerns within 365 days, {_beyond_in_words(days)}; null for "
        "viewers other than pooled.",
    )


def _unshared_oldest(days: int) -> Feature:
    still = _beyond(days) & pl.col("reached_after_days").is_null()
    return Feature(
        name="unshared_oldest_days",
        over="reaching",
        where=still,
        value=pl.col("days_ago").max(),
        window=2 * YEAR,
        empty=None,
        needs=("concerns", "contacts@social_care"),
        unit="days",
        direction=1,
        sentence=Sentence(
            none="The oldest concern that is not in the social care records we were given is of today.",
            one="The oldest concern that is not in the social care records we were given is 1 day old.",
            many="The oldest concern that is not in the social care records we were given is {span} old.",
            missing="How old a concern is that social care's records do not hold: the records do not say.",
        ),
        source=_PANEL,
        about=SERVICES,
        arises=(still & (pl.col("days_ago") <= 2 * YEAR)).any(),
        sets=pl.col("days_ago") == pl.col("days_ago").max(),
        definition=f"Days since the oldest concern within 730 days, {_beyond_in_words(days)}, that social care does "
        "not know yet; null if there is none, and for viewers other than pooled.",
    )


_HALF, _NINE_IN_TEN = ("median", 0.5, "Half"), ("p90", 0.9, "Nine in ten")


def _sharing_lag(least: int, spread: tuple[str, float, str]) -> Feature:
    name, share, said = spread
    return Feature(
        name=f"sharing_lag_{name}_days",
        over="sharing",
        where=pl.col("tells"),
        value=pl.when(pl.len() >= least).then(pl.col("lag_days").quantile(share, "linear")),
        window=YEAR,
        empty=None,
        needs=("sharing",),
        unit="days",
        direction=0,
        sentence=Sentence(
            none=f"{said} of what agencies told one another in the last year was told the moment it was known.",
            one=f"{said} of what agencies told one another in the last year was told within 1 day of being known.",
            many=f"{said} of what agencies told one another in the last year was told within about {{span}} of being "
            "known.",
            missing="How soon agencies told one another: there are too few acts of telling in the records to say.",
        ),
        source=_PANEL,
        about=SERVICES,
        definition=f"Of acts of telling (shared, in full or in summary) within 365 days, the days from when the record "
        f"was known to when it was told: {share:.0%} quantile; null under {least}.",
    )


def _recording_lag(settings: Settings, spread: tuple[str, float, str]) -> Feature:
    name, share, said = spread
    return Feature(
        name=f"recording_lag_{name}_days",
        over="records",
        where=pl.col("recorded_after_days") >= 0,
        value=pl.when(pl.len() >= settings.least_lags).then(pl.col("recorded_after_days").quantile(share, "linear")),
        window=YEAR,
        empty=None,
        needs=("contacts.recorded_at", "contacts.occurred_at"),
        unit="days",
        direction=0,
        sentence=Sentence(
            none=f"{said} of the records of the last year were written at the moment they tell of.",
            one=f"{said} of the records of the last year were written within 1 day of what they tell of.",
            many=f"{said} of the records of the last year were written within about {{span}} of what they tell of.",
            missing="How soon records were written: too few of them say when.",
        ),
        source=_PANEL,
        about=SERVICES,
        coverage=Coverage(
            pl.col("occurred_at").is_not_null(), pl.col("recorded_at").is_not_null(), settings.least_told
        ),
        definition="Of records within 365 days that say when it happened and when it was written, not before: the days "
        f"between, {share:.0%} quantile; null under {settings.least_lags}, or where fewer than "
        f"{settings.least_told:.0%} of those that say when it happened say when it was written.",
    )


def features(settings: Settings) -> tuple[Feature, ...]:
    """Return the features that tell of sharing."""
    return (
        PAIR_COVERAGE,
        _unshared(settings.share_within_days),
        _unshared_oldest(settings.share_within_days),
        *(_sharing_lag(settings.least_lags, spread) for spread in (_HALF, _NINE_IN_TEN)),
        *(_recording_lag(settings, spread) for spread in (_HALF, _NINE_IN_TEN)),
    )
