"""Which appointments were kept, where and when; and cases stepped down while a concern stood.

- ``appointments``: for children with a review or conference held by social care within a year, one row a record of
  that year that says whether it took place: ``agency``, ``attended``; ``agency_told`` and ``agency_attended``, how many
  of its agency say so, and took place; ``before_review``, whether it came in the 14 days up to one; ``review_ids``.
- ``standing_concerns``: one row a step down and a strand, raised in the 90 days up to it, that could be closed and was
  not by the end of that day: ``ending_id``, ``record_ids`` of the strand.

Column of the child: ``recurs_less``, whether fewer concerns came back within 180 days than in the 185 days before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.timescales import HELD_BY_LEAD, past_records
from earlywarn.records.codes import MISSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame, Frames

YEAR, HALF_YEAR = 365, 180
_THIS_YEAR = pl.col("days_ago") <= YEAR
BEFORE_REVIEW_DAYS = 14
RAISED_BEFORE_DAYS = 90


def _appointments(frames: Frames) -> pl.DataFrame:
    """Keep the children who had a review first: of the others nothing is asked."""
    reviews = past_records(frames, pl.col("kind").is_in(("review", "conference")) & HELD_BY_LEAD).filter(_THIS_YEAR)
    reviews = reviews.select("row", review_days_ago="days_ago", review_id="record_id")
    told = past_records(frames, pl.col("attendance").is_in(("attended", *MISSED)), "agency", "attendance")
    kept = told.filter(_THIS_YEAR).join(reviews, on="row", how="semi")
    ahead = (pl.col("days_ago") - pl.col("review_days_ago")).is_between(0, BEFORE_REVIEW_DAYS)
    near = kept.join(reviews, on="row").filter(ahead).group_by("row", "record").agg(review_ids="review_id")
    attended = pl.col("attendance") == "attended"
    return kept.join(near, on=["row", "record"], how="left").with_columns(
        attended=attended,
        before_review=pl.col("review_ids").is_not_null(),
        agency_told=pl.len().over("row", "agency"),
        agency_attended=attended.sum().over("row", "agency"),
    )


def _standing_concerns(frames: Frames) -> pl.DataFrame:
    carried = ("record_ids",) if frames.asks("record_ids") else ()
    strands = frames["strands"].filter("closable").select("row", "raised_days_ago", "concluded_days_ago", *carried)
    raised_before = (pl.col("raised_days_ago") - pl.col("days_ago")).is_between(0, RAISED_BEFORE_DAYS - 1)
    stood = pl.col("concluded_days_ago").is_null() | (pl.col("concluded_days_ago") < pl.col("days_ago"))
    return frames["step_downs"].join(strands, on="row").filter(raised_before & stood)


def _recurs_less(frames: Frames) -> pl.Series:
    begun = pl.col("raised_days_ago")
    again = frames["strands"].filter(pl.col("again") & (begun <= YEAR))
    less = (begun <= HALF_YEAR).sum() < (begun > HALF_YEAR).sum()
    return frames.spread(again.group_by("row").agg(less=less), "less", otherwise=False)


FRAMES: Mapping[str, BuildFrame] = {
    "appointments": _appointments,
    "standing_concerns": _standing_concerns,
}
CHILD: Mapping[str, BuildColumn] = {"recurs_less": _recurs_less}
