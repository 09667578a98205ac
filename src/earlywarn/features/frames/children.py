"""Columns of the child: what is so of a child on the day, to the viewer, whatever is counted.

- ``viewer``: who looks. ``age_months`` (null where not known), ``unborn``, ``born_days_ago`` (days since birth).
- ``first_days_ago``: days since the first record of the child in the view; ``holders``: how many organisations hold the
  child's records; ``lead_begins_days_ago``: how far back anyone knew records of social care to go, of any child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from earlywarn.features.frames.building import BuildColumn, Frames


def _viewer(frames: Frames) -> pl.Series:
    return frames.look.spine["viewer"]


def _born(name: str) -> BuildColumn:
    return lambda frames: frames.look.children[name]


def _first_days_ago(frames: Frames) -> pl.Series:
    return frames.spread(frames.past.group_by("row").agg(first=pl.col("days_ago").max()), "first")


def _holders(frames: Frames) -> pl.Series:
    bits = frames.look.index.held_by.gather(frames.past["record"])
    holders = frames.past.select("row", bits.alias("bits")).group_by("row").agg(pl.col("bits").bitwise_or())
    return frames.spread(holders.with_columns(pl.col("bits").bitwise_count_ones()), "bits", 0)


def _lead_begins(frames: Frames) -> pl.Series:
    return frames.look.spine["as_of"].replace_strict(
        dict(frames.everyone.lead_begins), default=None, return_dtype=pl.Int32
    )


CHILD: Mapping[str, BuildColumn] = {
    "viewer": _viewer,
    "age_months": _born("age_months"),
    "unborn": _born("unborn"),
    "born_days_ago": _born("born_days_ago"),
    "first_days_ago": _first_days_ago,
    "holders": _holders,
    "lead_begins_days_ago": _lead_begins,
}
