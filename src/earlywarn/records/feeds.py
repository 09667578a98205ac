"""The feeds of a records folder: where each begins and ends, how late it is, and when it was loaded all at once.

A *feed* is one source, as ``contacts.source`` names it; where there are more of those than a page can hold, it is one
holder. Records are compared with one another and never with a day from outside: that is the business of `history`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import AGENCIES, LEAD_AGENCY, label

if TYPE_CHECKING:
    from earlywarn.records.tables import Records

FEED = "feed"

MOST_FEEDS = 14
"""Sources that a page has room for, side by side."""

USUAL_SHARE = 0.95
"""The usual gap of a feed: of the gaps between one day with records and the next, this share is no longer."""

STOPPED_GAPS = 3
"""A feed has stopped where it is silent for more than this many of its usual gaps ..."""

STOPPED_DAYS = 28
"""... and for more than this many days, up to the newest record of the whole folder."""

FEWEST_DAYS = 5
"""A feed with fewer days of records has no usual gap."""

LOAD_RECORDS = 50
"""A load is a day on which a feed wrote at least this many records, and ..."""

LOAD_TIMES = 10
"""... this many times as many as on its median day, or half of all it holds; and ..."""

LOAD_DELAY = 30
"""... of which half tell of what happened at least this many days before."""

WORKED_OUT = ("extract", "later_event", "assumed_lag")
"""Bases of a time that nobody wrote down."""

YEAR = 365
"""Days that must be behind a referral before "no earlier one" says anything."""

_known_on = pl.col("known_at").dt.date()
_written_on = pl.coalesce("recorded_at", "known_at").dt.date()
_exact = pl.col("occurred_precision").is_in(["instant", "day"])
_late_by = (_known_on - pl.col("occurred_at").dt.date()).dt.total_days()
DELAY = pl.when(_exact & (_late_by >= 0)).then(_late_by)
"""Days from what happened to when it was known; none where the day is not told, or the thing was planned ahead."""


def feed_column(contacts: pl.DataFrame) -> str:
    """Return the column that tells the feeds apart: ``source``, or ``held_by`` where there are too many sources."""
    return "source" if contacts["source"].n_unique() <= MOST_FEEDS else "held_by"


def with_feed(records: Records) -> pl.DataFrame:
    """Return ``contacts`` with a column ``feed``: the source's name, or the holder's in plain words."""
    contacts = records.frames["contacts"]
    if feed_column(contacts) == "source":
        return contacts.with_columns(feed="source")
    labels = {code: label(code, AGENCIES) for code in contacts["held_by"].unique()}
    return contacts.with_columns(feed=pl.col("held_by").replace_strict(labels, return_dtype=pl.String))


def feeds(contacts: pl.DataFrame) -> pl.DataFrame:
    """One line a feed: how much it holds, from when to when, how late, and whether it stops before the others.

    Parameters
    ----------
    contacts : polars.DataFrame
        As `with_feed` returns it.

    Returns
    -------
    polars.DataFrame
        ``feed, records, children, first_day, last_day, delay_median, delay_p90, usual_gap, silent_days, stopped,
        referrals, referrals_first_year``; days throughout. Sorted by records, most first.

    """
    lines = contacts.group_by(FEED).agg(
        records=pl.len(),
        children=pl.col("child_id").n_unique(),
        first_day=_known_on.min(),
        last_day=_known_on.max(),
        delay_median=DELAY.quantile(0.5, "nearest"),
        delay_p90=DELAY.quantile(0.9, "nearest"),
    )
    silent = (pl.col("last_day").max() - pl.col("last_day")).dt.total_days()
    longest = pl.max_horizontal(pl.lit(STOPPED_DAYS), STOPPED_GAPS * pl.col("usual_gap"))
    return (
        lines.join(_usual_gaps(contacts), on=FEED, how="left")
        .with_columns(silent_days=silent)
        .with_columns(stopped=(pl.col("usual_gap").is_not_null() & (pl.col("silent_days") > longest)))
        .join(_first_referrals(contacts), on=FEED, how="left")
        .with_columns(pl.col("referrals", "referrals_first_year").fill_null(0))
        .sort(pl.col("records"), FEED, descending=[True, False])
    )


def _usual_gaps(contacts: pl.DataFrame) -> pl.DataFrame:
    days = contacts.select(FEED, day=_known_on).unique().sort(FEED, "day")
    gaps = days.group_by(FEED).agg(
        days=pl.len(), usual_gap=pl.col("day").diff().dt.total_days().quantile(USUAL_SHARE, "nearest")
    )
    return gaps.filter(pl.col("days") >= FEWEST_DAYS).select(FEED, pl.col("usual_gap").cast(pl.Int64))


def _first_referrals(contacts: pl.DataFrame) -> pl.DataFrame:
    """Count referrals to social care, and those so early in their feed that what came before is not in it."""
    begins = contacts.group_by(FEED).agg(begins=_known_on.min())
    referrals = contacts.filter((pl.col("kind") == "referral") & (pl.col("held_by") == LEAD_AGENCY)).join(
        begins, on=FEED
    )
    early = (_known_on - pl.col("begins")).dt.total_days() < YEAR
    return referrals.group_by(FEED).agg(referrals=pl.len(), referrals_first_year=early.sum())


def loads(contacts: pl.DataFrame) -> pl.DataFrame:
    """Find the days on which a feed wrote far more than it usually does, of things long past.

    Records whose day was not told but worked out (from the extract, a later event, an assumed delay) are left out: that
    they share a day is by that rule.

    Returns
    -------
    polars.DataFrame
        ``feed, day, records, usual, delay_median``, by feed and day; ``usual`` is the median day's records.

    """
    told = contacts.filter(~pl.col("recorded_basis").is_in(WORKED_OUT))
    days = told.select(FEED, DELAY.alias("delay"), day=_written_on)
    counts = days.group_by(FEED, "day").agg(records=pl.len())
    several = pl.len() > 1  # a feed with one day has no usual one
    usual = pl.when(several).then(pl.col("records").median())
    of_feed = counts.group_by(FEED).agg(usual=usual, all=pl.col("records").sum())
    much = (pl.col("records") >= LOAD_TIMES * pl.col("usual")) | (2 * pl.col("records") >= pl.col("all"))
    large = counts.filter(pl.col("records") >= LOAD_RECORDS).join(of_feed, on=FEED).filter(much)
    late = days.join(large, on=[FEED, "day"]).group_by(FEED, "day", "records", "usual")
    found = late.agg(delay_median=pl.col("delay").median(), told=pl.col("delay").count())
    backdated = (pl.col("delay_median") >= LOAD_DELAY) & (2 * pl.col("told") >= pl.col("records"))
    return found.filter(backdated).drop("told").sort(FEED, "day")
