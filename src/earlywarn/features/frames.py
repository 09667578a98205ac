"""The frames features count over, built once from what was knowable.

Every frame has ``row``, ``viewer`` and ``days_ago`` (whole days before the as-of day, at least 1: what has not
happened yet is never counted).

- ``records``: every record in the view, with the columns of ``contacts``; ``unborn``; ``referral_day`` (a referral to
  social care while no case was open), ``previous_referral_days_ago``, ``next_referral_days_ago``;
  ``lead_begins_days_ago`` (how far back anyone knew records of social care to go).
- ``contacts``: the records in which an organisation dealt with the family; counted once an agency and day.
- ``contact_days``: one row a day with contacts: ``agencies`` (one bit an organisation), ``record_ids`` (its carriers).
- ``concerns``: rows of concerns that are counted, with their strand: ``strand`` (a number), ``head`` (its first row),
  ``raised_days_ago``, ``severity`` (the strand's highest), ``closable``, ``closed``, ``unresolved``,
  ``concluded_days_ago``, ``recurs`` (the category has more than one strand), ``strand_known_to``; and of the child:
  ``any_closable``, ``holders`` (how many organisations hold the child's records).
- ``people``: with ``adult``, ``ended``, ``known_to_lead``, ``lead_knows_any``.
- ``sharing``, ``episodes``: as in the view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.history.strands import STRAND_GAP_DAYS
from earlywarn.history.viewers import POOLED
from earlywarn.records.codes import (
    ABOUT_THE_FAMILY,
    ADULT_ROLES,
    CONTACT_KINDS,
    COUNTED_CONCERNS,
    LEAD_AGENCY,
    ORGANISATIONS,
    STATUTORY_EPISODES,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from earlywarn.history.lookback import Lookback

TELLING_DAYS = 7
"""A telling is no contact of the agency told of, if that agency holds one of its own in this many days up to it."""

STRAND_DAYS = 730
"""A strand counts while its last row is within this many days."""

_PAST = pl.col("days_ago") >= 1


NEEDED = frozenset(
    {"row", "viewer", "days_ago", "time", "record_id", "kind", "about", "agency", "held_by", "attendance", "outcome"}
)
"""Columns of records that the frames themselves, and the rooms above, look at."""


def build_frames(look: Lookback, columns: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
    """Build the frames features count over.

    Parameters
    ----------
    look : Lookback
        What was knowable.
    columns : collection of str, optional
        The columns of records that are asked for; all by default. Fewer take less memory.

    """
    records = _records(look, columns)
    contacts = _contacts(records)
    return {
        "records": records,
        "contacts": contacts,
        "contact_days": _contact_days(contacts),
        "concerns": _concerns(look, records),
        "people": _people(look),
        "sharing": look.sharing.drop("days_ago").rename({"shared_days_ago": "days_ago"}).filter(_PAST).collect(),
        "episodes": look.episodes.filter(_PAST).collect(),
    }


def _records(look: Lookback, columns: Collection[str] | None) -> pl.DataFrame:
    there = look.records.collect_schema().names()
    asked = there if columns is None else [c for c in there if c in NEEDED or c in columns]
    past = look.records.filter(_PAST).select(asked).collect()
    past = past.with_columns(look.children["unborn"].gather(past["row"]))
    referrals = past.filter((pl.col("kind") == "referral") & (pl.col("held_by") == LEAD_AGENCY))
    days = _referral_days(referrals.select("row", "days_ago").unique(), look.episodes.collect())
    is_referral = (pl.col("kind") == "referral") & (pl.col("held_by") == LEAD_AGENCY)
    return (
        past.join(days, on=["row", "days_ago"], how="left")
        .join(_lead_begins(look, past), on="row", how="left")
        .with_columns(
            referral_day=is_referral & pl.col("referral_day").fill_null(value=False),
            previous_referral_days_ago=pl.when(is_referral).then("previous_referral_days_ago"),
            next_referral_days_ago=pl.when(is_referral).then("next_referral_days_ago"),
        )
    )


def _referral_days(days: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """Keep days of referral on which no case was open: none that started before the day and had not ended by it."""
    cases = episodes.filter(pl.col("kind").is_in(STATUTORY_EPISODES)).select("row", "start_days_ago", "end_days_ago")
    started_before = pl.col("start_days_ago") > pl.col("days_ago")
    not_ended = pl.col("end_days_ago").is_null() | (pl.col("end_days_ago") < pl.col("days_ago"))
    while_open = days.join(cases, on="row").filter(started_before & not_ended)
    fresh = days.join(while_open, on=["row", "days_ago"], how="anti").sort("row", "days_ago", descending=[False, True])
    return fresh.with_columns(
        referral_day=pl.lit(value=True),
        previous_referral_days_ago=pl.col("days_ago").shift(1).over("row"),
        next_referral_days_ago=pl.col("days_ago").shift(-1).over("row"),
    )


def _lead_begins(look: Lookback, past: pl.DataFrame) -> pl.DataFrame:
    """For each row, how far back the records of social care known to anyone went, for any child."""
    pooled = past.filter((pl.col("viewer") == POOLED) & (pl.col("held_by") == LEAD_AGENCY))
    begins = (
        pooled.join(look.spine.select("row", "as_of"), on="row")
        .group_by("as_of")
        .agg(lead_begins_days_ago=pl.col("days_ago").max())
    )
    return look.spine.select("row", "as_of").join(begins, on="as_of").drop("as_of")


def _contacts(records: pl.DataFrame) -> pl.DataFrame:
    dealt_with = records.filter(
        pl.col("agency").is_in(ORGANISATIONS)
        & pl.col("about").is_in(ABOUT_THE_FAMILY)
        & pl.col("kind").is_in(CONTACT_KINDS)
        & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
    )
    own = dealt_with.filter(pl.col("agency") == pl.col("held_by"))
    told = dealt_with.filter(pl.col("agency") != pl.col("held_by"))
    own_days = own.select("row", "agency", own_days_ago="days_ago").unique()
    earlier_by = pl.col("own_days_ago") - pl.col("days_ago")
    already = told.join(own_days, on=["row", "agency"]).filter(earlier_by.is_between(0, TELLING_DAYS))
    return pl.concat([own, told.join(already, on=["row", "record_id"], how="anti")])


def _contact_days(contacts: pl.DataFrame) -> pl.DataFrame:
    bits = {code: 1 << i for i, code in enumerate(ORGANISATIONS)}
    bit = pl.col("agency").replace_strict(bits, return_dtype=pl.Int64)
    return contacts.group_by("row", "viewer", "days_ago").agg(
        agencies=bit.unique().sum(), record_ids=pl.col("record_id").unique()
    )


def _concerns(look: Lookback, records: pl.DataFrame) -> pl.DataFrame:
    counted = look.concerns.filter(_PAST & pl.col("category").is_in(COUNTED_CONCERNS)).collect()
    ordered = counted.sort("row", "category", "days_ago", "concern_id", descending=[False, False, True, False])
    gap = pl.col("days_ago").shift(1) - pl.col("days_ago")
    same = (pl.col("row") == pl.col("row").shift(1)) & (pl.col("category") == pl.col("category").shift(1))
    begins = ~(same & (gap <= STRAND_GAP_DAYS)).fill_null(value=False)
    stranded = ordered.with_columns(strand=begins.cum_sum()).rename({"severity": "severity_here"})
    holders = records.group_by("row").agg(holders=pl.col("held_by").n_unique())
    return (
        stranded.join(_strands(stranded), on="strand")
        .with_columns(
            head=pl.col("strand").is_first_distinct(),
            unresolved=pl.col("closable") & ~pl.col("closed"),
            recurs=pl.col("strand").n_unique().over("row", "category") > 1,
            any_closable=pl.col("closable").any().over("row"),
        )
        .join(holders, on="row", how="left")
    )


def _strands(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a strand that still counts. A closing counts on or after the strand's last day, if it has happened."""
    last = pl.col("days_ago").min()
    closing = pl.col("closing_days_ago").filter(
        (pl.col("closing_days_ago") >= 1) & (pl.col("closing_days_ago") <= last)
    )
    return (
        rows.group_by("strand")
        .agg(
            raised_days_ago=pl.col("days_ago").max(),
            last_days_ago=last,
            severity=pl.col("severity_here").max(),
            closable=(pl.col("closing") == "recorded").any(),
            concluded_days_ago=closing.min(),
            strand_known_to=pl.col("known_to").bitwise_or(),
        )
        .with_columns(closed=pl.col("concluded_days_ago").is_not_null())
        .filter(pl.col("last_days_ago") <= STRAND_DAYS)
        .drop("last_days_ago")
    )


def _people(look: Lookback) -> pl.DataFrame:
    """Mark who the lead agency's own records know."""
    seats = look.spine.select("row", "child_id", "as_of", "viewer")
    lead = seats.filter(pl.col("viewer") == LEAD_AGENCY).select("child_id", "as_of", lead_row="row")
    lead_of = seats.join(lead, on=["child_id", "as_of"]).select("row", "lead_row")
    people = look.people.collect()
    named = people.select(pl.col("row").alias("lead_row"), "person_id", known_to_lead=pl.lit(value=True)).unique()
    any_named = named.select("lead_row", lead_knows_any=pl.lit(value=True)).unique()
    return (
        people.join(lead_of, on="row")
        .join(named, on=["lead_row", "person_id"], how="left")
        .join(any_named, on="lead_row", how="left")
        .with_columns(
            pl.col("known_to_lead", "lead_knows_any").fill_null(value=False),
            adult=pl.col("role").is_in(ADULT_ROLES),
            # an end is learned later, from another record: the newest one about a person in a role decides
            ended=pl.col("ended")
            .sort_by("time", "record_id", ~pl.col("ended"))
            .last()
            .over("row", "person_id", "role"),
        )
        .drop("lead_row")
    )
