"""Seeing the child: whether alone, and visits under a plan.

- ``seen_alone``: records that say whether the child was seen alone: ``seen_alone``; ``since_id``, the record that
  starts the earliest open case, where the child never was.
- ``plan_visits``: one row a visit by social care at which the child was seen since the latest open plan started, and
  one for the start itself: ``working_days_eng`` (and ``_wls, _sct, _nir``), working days since; ``record_id``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.timescales import HELD_BY_LEAD, past_records, working_days_since

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame, Frames

_VISITED = (
    (pl.col("kind") == "visit")
    & HELD_BY_LEAD
    & pl.col("child_seen")
    & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
)


def _seen_alone(frames: Frames) -> pl.DataFrame:
    told = past_records(frames, pl.col("seen_alone").is_not_null(), "seen_alone")
    ever = told.filter("seen_alone")["row"].unique()
    since = frames.of_child("case_record_id").gather(told["row"]).alias("since_id")
    return told.with_columns(pl.when(~pl.col("row").is_in(ever.implode())).then(since))


def _plan_visits(frames: Frames) -> pl.DataFrame:
    open_plans = pl.DataFrame([frames.look.spine["row"], *map(frames.of_child, ("plan_days_ago", "plan_record_id"))])
    starts = open_plans.drop_nulls("plan_days_ago").rename({"plan_days_ago": "days_ago", "plan_record_id": "record_id"})
    visits = past_records(frames, _VISITED).join(starts.select("row", start="days_ago"), on="row")
    since = visits.filter(pl.col("days_ago") <= pl.col("start")).select(starts.columns)
    return working_days_since(frames, pl.concat([starts, since]))


FRAMES: Mapping[str, BuildFrame] = {"seen_alone": _seen_alone, "plan_visits": _plan_visits}
CHILD: Mapping[str, BuildColumn] = {}
