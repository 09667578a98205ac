"""How services worked: who was allocated, how cases were handed over, who met to discuss.

- ``allocations``: one row an allocation of a worker by social care, oldest first: ``days_ago`` of its first day,
  ``until_days_ago`` (of the day it ended, 0 while it runs: that day and those after it are not allocated),
  ``beyond_days_ago`` (days up to this one are covered by no allocation before it), ``record_id``, ``ending_ids``.
- ``handovers``: one row an end of a worker's involvement, ``days_ago`` and ``record_id`` its own, and a start of
  another worker's: ``started_days_ago``; ``gap_days``, from the end to the first day on which another worker saw the
  child, or to the as-of day; ``seen_ids`` (records of that day), ``waiting_id`` (of the start, where no such day has
  come).
- ``strategy_discussions``: one row a strategy discussion: ``attended`` (it says who attended), ``all_three`` (social
  care, police and health did), ``record_id``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from earlywarn.features.frames.building import PAST, Frames
from earlywarn.features.frames.timescales import HELD_BY_LEAD, past_records
from earlywarn.records.codes import AGENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, BuildFrame

_SEEN = pl.col("child_seen") & (pl.col("attendance").is_null() | (pl.col("attendance") == "attended"))
_THREE = ("social_care", "police", "health")


def _involvement(frames: Frames, kind: str) -> pl.DataFrame:
    rows = past_records(frames, HELD_BY_LEAD & (pl.col("kind") == kind), "worker_id")
    return rows.drop("record").drop_nulls("worker_id")


def _allocations(frames: Frames) -> pl.DataFrame:
    """End each allocation by the first end of the same worker on its first day or after it."""
    starts = _involvement(frames, "involvement_start").with_row_index("start")
    ends = _involvement(frames, "involvement_end").rename({"days_ago": "until_days_ago", "record_id": "ending_id"})
    after = starts.join(ends, on=["row", "worker_id"]).filter(pl.col("until_days_ago") <= pl.col("days_ago"))
    first = pl.col("until_days_ago").max()
    ended = after.group_by("start").agg(
        pl.col("ending_id").filter(pl.col("until_days_ago") == first).alias("ending_ids"), until_days_ago=first
    )
    whole = starts.join(ended, on="start", how="left").drop("start").with_columns(pl.col("until_days_ago").fill_null(0))
    ordered = whole.sort("row", "days_ago", "record_id", descending=[False, True, False])
    covered_to = pl.col("until_days_ago").cum_min().shift(1).over("row")
    return ordered.with_columns(beyond_days_ago=pl.min_horizontal("days_ago", covered_to))


def _handovers(frames: Frames) -> pl.DataFrame:
    ends = _involvement(frames, "involvement_end").with_row_index("end")
    starts = _involvement(frames, "involvement_start").rename({"days_ago": "started_days_ago"})
    others = pl.col("worker_id") != pl.col("worker_id_other")
    pairs = ends.join(starts, on="row", suffix="_other").filter(others).drop("worker_id_other")
    seen = past_records(frames, HELD_BY_LEAD & _SEEN, "worker_id").rename({"days_ago": "seen_days_ago"})
    after = ends.join(seen, on="row", suffix="_other").filter(others & (pl.col("seen_days_ago") <= pl.col("days_ago")))
    first = pl.col("seen_days_ago").max()
    met = after.group_by("end").agg(
        pl.col("record_id_other").filter(pl.col("seen_days_ago") == first).alias("seen_ids"), seen_days_ago=first
    )
    return pairs.join(met, on="end", how="left", maintain_order="left").select(
        "row",
        "days_ago",
        "record_id",
        "started_days_ago",
        "seen_ids",
        gap_days=pl.col("days_ago") - pl.col("seen_days_ago").fill_null(0),
        waiting_id=pl.when(pl.col("seen_days_ago").is_null()).then("record_id_other"),
    )


def _strategy_discussions(frames: Frames) -> pl.DataFrame:
    """Look up the sectors of those who attended; what is no code of an agency says of nobody that they did."""
    discussions = past_records(frames, pl.col("kind") == "strategy_discussion")
    sectors = {code: agency.sector for code, agency in AGENCIES.items()}
    sector = pl.col("value").replace_strict(sectors, default=None, return_dtype=pl.String)
    facts = frames.look.facts.filter(PAST & (pl.col("key") == "attendee")).select("row", "record_id", sector=sector)
    said = facts.drop_nulls("sector").group_by("row", "record_id").agg(pl.col("sector").unique()).collect()
    whole = discussions.join(said, on=["row", "record_id"], how="left", maintain_order="left")
    there = [pl.col("sector").list.contains(each) for each in _THREE]
    return whole.select(
        "row",
        "days_ago",
        "record_id",
        attended=pl.col("sector").is_not_null(),
        all_three=pl.all_horizontal(there).fill_null(value=False),
    )


FRAMES: Mapping[str, BuildFrame] = {
    "allocations": _allocations,
    "handovers": _handovers,
    "strategy_discussions": _strategy_discussions,
}
CHILD: Mapping[str, BuildColumn] = {}
