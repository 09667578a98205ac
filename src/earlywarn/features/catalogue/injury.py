"""Injury: whether it fits the child's age, comes again, was brought late, is explained alike."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from earlywarn.features.feature import Feature, Sentence

if TYPE_CHECKING:
    from earlywarn.features.settings import Settings

YEAR = 365
TOLD = ("concerns|facts:injury_site",)
"""Injuries are told of in concerns, or in facts of where on the body they were."""


def features(settings: Settings) -> tuple[Feature, ...]:
    """Build the features of this family."""
    return _not_mobile(settings), _repeated(settings), _late(settings), _explained_otherwise(settings)


def _not_mobile(settings: Settings) -> Feature:
    below = settings.not_mobile_below_days
    age = pl.col("born_days_ago") - pl.col("days_ago")
    young = f"under {below} days of age, or recorded as not yet moving about"
    counts = pl.col("not_mobile") | (age < below).fill_null(value=False)
    return Feature(
        name="injury_not_mobile_365d",
        over="injuries",
        where=counts | age.is_null(),  # of a child whose age is not known, any injury may be one
        value=pl.when(counts.any()).then(pl.col("days_ago").filter(counts).n_unique()),
        window=YEAR,
        empty=0,
        needs=TOLD,
        unit="days",
        direction=1,
        sentence=Sentence(
            none="No injury before the child could move about is recorded in the last year.",
            one=f"On 1 day in the last year an injury is recorded of a child {young}.",
            many=f"On {{n}} days in the last year an injury is recorded of a child {young}.",
            missing="Whether an injury came before the child could move about: the records do not say.",
        ),
        source="Barnsley Safeguarding Children Partnership, Bruising or injury to a child who is not independently "
        "mobile; NICE guideline CG89 (2009)",
        sets=counts,
        definition=f"Days within {YEAR} days with a record of an injury on which the child was less than {below} days "
        "old, or that carries the concern injury_not_mobile; null where the day of birth is not known, and there are "
        "such records and none carries that concern.",
    )


def _repeated(settings: Settings) -> Feature:
    within, apart = settings.injury_within_days, settings.injury_apart_days
    days_ago, sites = pl.col("days_ago"), pl.col("sites").explode()
    twice = (days_ago.max() - days_ago.min() >= apart) & ((sites.n_unique() >= 2) | (pl.col("agency").n_unique() >= 2))
    return Feature(
        name="repeat_injury_180d",
        over="injuries",
        where=None,
        value=pl.when(twice).then(pl.struct("days_ago", "unexplained").implode()),
        window=within,
        empty=0,
        needs=TOLD,
        unit="occasions, one not explained twice",
        direction=1,
        sentence=Sentence(
            none=f"No second injury, elsewhere or told by another agency, is recorded in the last {within} days.",
            one=f"1 injury is recorded in the last {within} days.",
            many=f"Injuries are recorded again in the last {within} days: {{n}} occasions, counting twice one whose "
            "explanation does not fit.",
            missing="Whether there were injuries: the records do not say.",
        ),
        source="Tees Safeguarding Children Partnerships, Bruising and injuries in non-mobile infants: small injuries "
        "may come before a grave one",
        finish=partial(_occasions, apart=apart),
        sets=twice,
        definition=f"Records of injuries within {within} days; an occasion begins at least {apart} days after the "
        "first day of the one before. If there are two occasions and two sites or agencies: the sum over occasions of "
        "1, or 2 if a record says that the explanation does not fit; else 0.",
    )


def _occasions(injuries: pl.Series, apart: int) -> pl.Series:
    """Count the occasions of each list of injuries, one not explained twice; no list is 0."""
    flat = pl.DataFrame({"child": np.arange(len(injuries)), "injury": injuries}).explode("injury").unnest("injury")
    flat = flat.drop_nulls("days_ago").sort("child", "days_ago", descending=[False, True])
    children = flat["child"].to_numpy()
    begins = _begins(children, flat["days_ago"].to_numpy(), apart)
    points = flat.with_columns(occasion=np.cumsum(begins)).group_by("child", "occasion").agg(
        points=1 + pl.col("unexplained").any().cast(pl.Int64)
    )  # fmt: skip
    found = np.bincount(points["child"].to_numpy(), points["points"].to_numpy(), len(injuries))
    return pl.Series(found, dtype=pl.Float64)


def _begins(children: np.ndarray, days_ago: np.ndarray, apart: int) -> np.ndarray:
    """Mark the first row of each occasion, for all children at once: an occasion more in each round."""
    place = children * (1 << 20) - days_ago
    end = np.searchsorted(children, children, "right")
    begins = np.zeros(len(place), bool)
    at = np.searchsorted(children, np.unique(children))
    while len(at):
        begins[at] = True
        then = np.searchsorted(place, place[at] + apart)
        at = then[then < end[at]]
    return begins


def _late(settings: Settings) -> Feature:
    hours = settings.late_presentation_hours
    return Feature(
        name="late_presentation_365d",
        over="injury_times",
        where=pl.col("hours") > hours,
        value=pl.col("days_ago").n_unique(),
        window=YEAR,
        empty=0,
        needs=("facts:injured_at",),
        unit="days",
        direction=1,
        sentence=Sentence(
            none=f"No injury of the last year is recorded as brought more than {hours} hours after it happened.",
            one=f"On 1 day in the last year an injury was brought more than {hours} hours after it is said to have "
            "happened.",
            many=f"On {{n}} days in the last year an injury was brought more than {hours} hours after it is said to "
            "have happened.",
            missing="Whether injuries were brought in time: the records do not say when they happened.",
        ),
        source="NICE guideline CG89 (2009), When to suspect child maltreatment; the number of hours is a choice",
        definition=f"Days within {YEAR} days with a record more than {hours} hours after the time at which it says the "
        "injury happened; where it names a day alone, after the end of that day.",
    )


def _explained_otherwise(settings: Settings) -> Feature:
    gap = settings.same_injury_days
    in_conflict, first = _conflicts(gap)
    return Feature(
        name="explanation_conflict",
        over="injury_sites",
        where=None,
        value=(in_conflict & first).sum(),
        window=YEAR,
        empty=0,
        needs=("facts:injury_explained",),
        unit="injuries",
        direction=0,
        sentence=Sentence(
            none="Agencies do not differ on whether the explanation of an injury of the last year fits.",
            one="Of 1 injury of the last year one record says that the explanation fits, and another that it does not.",
            many="Of {n} injuries of the last year some records say that the explanation fits, and others that it does "
            "not.",
            missing="Whether explanations of injuries fit: the records do not say.",
        ),
        source="Haringey, serious case reviews (published 2010): explanations of injuries taken as given",
        sets=in_conflict,
        definition=f"Injuries within {YEAR} days of which records of at least two agencies say whether the explanation "
        "fits, one that it does and one that it does not. Records of one site, each at most "
        f"{gap} days after the one before, are of one injury.",
    )


def _conflicts(gap: int) -> tuple[pl.Expr, pl.Expr]:
    """Say of each row, in order of site and day, whether its injury is explained differently, and whether it is first.

    An injury is a run of rows: what comes up in it is what a running total gains from its first row to its last.
    """
    site, days_ago, agency = pl.col("site"), pl.col("days_ago"), pl.col("agency")
    follows = (site == site.shift(1)) & (days_ago.shift(1) - days_ago <= gap)
    first = ~follows.fill_null(value=False)
    last = first.shift(-1, fill_value=True)
    other_agency = ~first & (agency != agency.shift(1))
    comes_up = [_gains(told.cast(pl.Int64), first, last) for told in (pl.col("fits"), pl.col("fits_not"), other_agency)]
    return pl.all_horizontal(comes_up), first


def _gains(told: pl.Expr, first: pl.Expr, last: pl.Expr) -> pl.Expr:
    total = told.cum_sum()
    before = pl.when(first).then(total - told).forward_fill()
    return pl.when(last).then(total).backward_fill() > before
