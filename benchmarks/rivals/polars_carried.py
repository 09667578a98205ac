"""Of the features in Polars by hand: what records carry, and what a reference to a corrected record means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.records.codes import LEAD_AGENCY, ORGANISATIONS

if TYPE_CHECKING:
    import datetime as dt

AGO = pl.col("ago")
"""Whole days before the as-of day."""

NOTHING = ""
"""What a reference means to a record that was taken back: no record is called so."""


# --- what a reference to a record means --------------------------------------------------------------------------


def stands_for(fixes: pl.DataFrame) -> pl.DataFrame:
    """Each record that was corrected, and what stands for it now: of several corrections the one known last."""
    last = fixes.sort("known_at", "record_id").unique("follows", keep="last")
    taken_back = pl.col("kind") == "withdrawal"
    steps = last.select(old="follows", now=pl.when(taken_back).then(pl.lit(NOTHING)).otherwise("record_id"))
    now = steps
    while now["now"].is_in(steps["old"].implode()).any():
        further = now.join(steps, left_on="now", right_on="old", how="left")
        now = further.select("old", now=pl.coalesce("now_right", "now"))
    return now


def _resolved(rows: pl.DataFrame, by: str, now: pl.DataFrame) -> pl.DataFrame:
    """Put what stands for a record now in the place of it."""
    return (
        rows.join(now, left_on=by, right_on="old", how="left")
        .with_columns(pl.coalesce("now", by).alias(by))
        .drop("now")
    )


def spells(episodes: pl.DataFrame, visible: pl.DataFrame, now: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Days before the as-of day on which statutory episodes began and ended; an end only if its record is visible."""
    rows = _resolved(_resolved(episodes, "started_by", now), "ended_by", now)
    ids = visible["record_id"]
    named = ids.filter(ids.is_in(pl.concat([rows["started_by"], rows["ended_by"]]).implode())).implode()
    before = [(pl.lit(day) - pl.col(c)).dt.total_days().cast(pl.Int32) for c in ("start_on", "end_on")]
    begun = rows.filter(pl.col("started_by").is_in(named))
    return begun.select("child", start=before[0], end=pl.when(pl.col("ended_by").is_in(named)).then(before[1]))


# --- concerns ----------------------------------------------------------------------------------------------------


def concern_rows(concerns: pl.DataFrame, visible: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Each concern raised before the day with its strand, ``raised_by`` being the record that carries it now."""
    rows = concerns.with_columns(raised_by="record_id")
    rows = _resolved(_resolved(rows, "raised_by", now), "closed_by", now)
    carrier = visible.select("record_id", "ago", "agency", "held_by")
    carried = rows.join(carrier, left_on="raised_by", right_on="record_id").filter(AGO >= 1)
    closings = visible.select("record_id", closing_ago="ago").filter(
        (pl.col("closing_ago") >= 1) & pl.col("record_id").is_in(carried["closed_by"].implode())
    )
    ordered = carried.join(closings, left_on="closed_by", right_on="record_id", how="left").sort(
        "child", "category", "ago", descending=[False, False, True]
    )
    same = [pl.col(c) == pl.col(c).shift(1) for c in ("child", "category")]
    follows = same[0] & same[1] & (AGO.shift(1) - AGO <= 28)
    return ordered.with_columns(strand=(~follows.fill_null(value=False)).cum_sum())


def concerns(rows: pl.DataFrame, known: pl.DataFrame, shared: pl.DataFrame) -> pl.LazyFrame:
    """First to one row a strand, then to one a child."""
    strands = (
        rows.lazy()
        .group_by("strand")
        .agg(
            pl.col("child", "category").first(),
            raised=AGO.max(),
            last=AGO.min(),
            severity=pl.col("severity").max(),
            closable=(pl.col("closing") == "recorded").any(),
            concluded=pl.col("closing_ago").min(),
        )
        .filter(pl.col("last") <= 730)
    )
    closed = (pl.col("concluded") <= pl.col("last")).fill_null(value=False)
    is_open = pl.col("closable") & ~closed
    counts = strands.group_by("child").agg(
        strands=pl.len(),
        any_closable=pl.col("closable").any(),
        unresolved=is_open.sum(),
        unresolved_oldest_days=pl.col("raised").filter(is_open).max(),
        unresolved_severity=pl.when(pl.col("severity").filter(is_open).count() > 0).then(
            pl.col("severity").filter(is_open).sum()
        ),
        concern_recurrence=pl.len() - pl.col("category").n_unique(),
        concluded_365d=(closed & (pl.col("concluded") <= 365)).sum(),
    )
    knowing = _knowing(rows.lazy(), known.lazy(), shared.lazy())
    most = knowing.join(strands.select("strand", "child"), on="strand").group_by("child", "agency").len()
    return counts.join(most.group_by("child").agg(most_known=pl.col("len").max()), on="child", how="left")


def _knowing(rows: pl.LazyFrame, known: pl.LazyFrame, shared: pl.LazyFrame) -> pl.LazyFrame:
    """Organisations that know any row of a strand: they raised, hold or were told of its record, then or corrected."""
    corrected = rows.filter(pl.col("record_id") != pl.col("raised_by")).select("strand", "record_id")
    before = corrected.join(known.select("record_id", "agency", "held_by"), on="record_id")
    either = pl.concat([rows.select("strand", record_id="raised_by"), corrected])
    told = either.join(shared.select("record_id", "to_agency"), on="record_id")
    whole = [frame.select("strand", agency=party) for frame in (rows, before) for party in ("agency", "held_by")]
    knowing = pl.concat([*whole, told.select("strand", agency="to_agency")]).unique()
    return knowing.filter(pl.col("agency").is_in(ORGANISATIONS))


# --- people ------------------------------------------------------------------------------------------------------


def people(
    people: pl.DataFrame,
    known: pl.DataFrame,
    visible: pl.DataFrame,
    fixes: pl.DataFrame,
    shared: pl.DataFrame,
    now: pl.DataFrame,
    day: dt.date,
) -> pl.LazyFrame:
    """Adults still there, by the newest record of each in a role, whom no record in the view of social care names."""
    ended = (pl.col("valid_to") < day).fill_null(value=False)
    adults = _resolved(people.filter("adult"), "record_id", now).with_columns(ended=ended)
    there = (
        adults.lazy()
        .join(visible.lazy().select("record_id", "time"), on="record_id")
        .sort("time", "record_id", ~pl.col("ended"))
        .unique(["child", "person_id", "role"], keep="last")
        .filter(~pl.col("ended"))
    )
    of_lead = _of_lead(people, known, fixes, shared)
    strange = there.join(of_lead, on=["child", "person_id"], how="anti").unique(["child", "person_id"])
    count = strange.group_by("child").agg(unknown_adults=pl.len())
    asked = of_lead.select("child").unique()
    return asked.join(count, on="child", how="left").with_columns(pl.col("unknown_adults").fill_null(0))


def _of_lead(people: pl.DataFrame, known: pl.DataFrame, fixes: pl.DataFrame, shared: pl.DataFrame) -> pl.LazyFrame:
    """People named in the view of social care, which knows what it raised, holds or was told, and its corrections."""
    own = known.filter((pl.col("agency") == LEAD_AGENCY) | (pl.col("held_by") == LEAD_AGENCY)).select("record_id")
    told = shared.filter(pl.col("to_agency") == LEAD_AGENCY).select("record_id")
    knows = pl.concat([own, told])
    rows = _resolved(people, "record_id", stands_for(fixes.join(knows, on="record_id", how="semi")))
    return rows.lazy().join(knows.lazy(), on="record_id", how="semi").select("child", "person_id").unique()
